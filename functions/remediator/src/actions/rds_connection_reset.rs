//! An end to the connections of an RDS instance.

use aws::{Aws, AwsError};
use domain::remediation::Target;
use domain::remediation::action::{DbFacts, RdsConnectionReset, RdsConnectionResetPlan};

use super::{Hands, Sight};

impl Hands for RdsConnectionReset {
    async fn look(aws: &Aws, target: &Target, sight: Sight<'_, Self>) -> Result<Option<DbFacts>, AwsError> {
        let since = match sight {
            Sight::Before(..) => None,
            Sight::After(_, since, _) => Some(since),
        };
        aws.db_instance(&target.name, since).await
    }

    async fn act(aws: &Aws, _: &Target, plan: &RdsConnectionResetPlan, _: &str) -> Result<(), AwsError> {
        match plan {
            RdsConnectionResetPlan::Reboot { instance, force_failover } => {
                aws.reboot_db_instance(instance, *force_failover).await
            }
            RdsConnectionResetPlan::Failover { cluster, .. } => aws.failover_db_cluster(cluster).await,
        }
    }
}
