//! How a target is looked at, and how an act is carried out.

use aws::AwsError;
use aws::store::StoreError;
use domain::remediation::facts::{Facts, TargetFacts};
use domain::remediation::step::{Act, ActResult};
use domain::remediation::{Lease, Target};
use jiff::Timestamp;

use crate::{Look, Remediator};

impl Remediator {
    /// Looks at a target, and at who works on it. `since` is when an act on it
    /// began that may have left traces.
    pub(crate) async fn look(&self, target: Target, since: Option<Timestamp>) -> Result<Look, StoreError> {
        let (rows, seen) = tokio::join!(self.store.lease_and_actions(&target), self.target_facts(&target, since));
        let (lease, actions) = rows?;
        let facts = Facts {
            target: seen?,
            lease: lease.as_ref().map_or_else(|| Lease::free(target), |stored| stored.value.clone()),
            actions: actions.as_ref().map(|stored| stored.value.clone()).unwrap_or_default(),
        };
        Ok(Look { facts, lease, actions })
    }

    async fn target_facts(&self, target: &Target, since: Option<Timestamp>) -> Result<TargetFacts, AwsError> {
        Ok(match target {
            Target::EcsService { cluster, service } => {
                self.aws.ecs_service(cluster, service).await?.map_or(TargetFacts::Missing, TargetFacts::Ecs)
            }
            Target::DbInstance { instance } => {
                self.aws.db_instance(instance, since).await?.map_or(TargetFacts::Missing, TargetFacts::Db)
            }
        })
    }

    /// Carries out an act.
    pub(crate) async fn carry_out(&self, act: &Act) -> ActResult {
        let result = match act {
            Act::SetMinimum { cluster, service, min } => self.aws.set_minimum_capacity(cluster, service, *min).await,
            Act::Reboot { instance, force_failover } => self.aws.reboot_db_instance(instance, *force_failover).await,
            Act::Failover { cluster } => self.aws.failover_db_cluster(cluster).await,
        };
        match result {
            Ok(()) => ActResult::Done,
            Err(error) if error.may_pass() => ActResult::NotNow(error.to_string()),
            Err(error) => ActResult::Impossible(error.to_string()),
        }
    }
}
