//! An end to the connections of an RDS instance, by a restart.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Attempt, Lacking, Planned, Recipe, Seen, Tags};
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::{Refusal, Target};

/// The kind of target.
const KIND: &str = "RDS instance";

/// An end to the connections of an RDS instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RdsConnectionReset {
    /// Fail over to the standby, where there is one: quicker than a restart.
    pub force_failover: bool,
}

/// An RDS instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbFacts {
    /// Its status, `available` when all is well.
    pub status: String,
    /// Whether it has a standby.
    pub is_multi_az: bool,
    /// Names of changes that a restart would apply.
    pub pending: Vec<String>,
    /// Its cluster and how many instances that has.
    pub cluster: Option<(String, usize)>,
    /// When it last said that it was restarted or had failed over.
    pub restarted_at: Option<Timestamp>,
    /// Its tags.
    pub tags: Tags,
}

/// An end to connections, decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum RdsConnectionResetPlan {
    /// Restart an instance.
    Reboot {
        /// Its identifier.
        instance: String,
        /// By failing over to the standby.
        force_failover: bool,
    },
    /// Fail over a cluster.
    Failover {
        /// The instance that the alarm is about.
        instance: String,
        /// Its cluster's identifier.
        cluster: String,
    },
}

impl Recipe for RdsConnectionReset {
    type Facts = DbFacts;
    type Plan = RdsConnectionResetPlan;

    fn is_disruptive(&self, _: usize) -> bool {
        true
    }

    fn target_of_labels(&self, labels: &Labels) -> Option<Target> {
        labels.find("DBInstanceIdentifier").map(|instance| Target::new(KIND, instance))
    }

    fn target_of_service(&self, service: &Service) -> Option<Target> {
        service.rds.as_ref().map(|rds| Target::new(KIND, &rds.db_instance))
    }

    fn tags(facts: &DbFacts) -> &Tags {
        &facts.tags
    }

    fn plan(&self, attempt: Attempt<'_>, facts: &DbFacts) -> Result<Planned<RdsConnectionResetPlan>, Refusal> {
        if facts.status != "available" {
            return Err(Refusal::unfit("available", format!("the instance is {}, not available", facts.status)));
        }
        if !facts.pending.is_empty() {
            let why = format!("a restart would also apply pending changes: {}", facts.pending.join(", "));
            return Err(Refusal::unfit("pending-changes", why));
        }
        let instance = attempt.target.name.clone();
        let (plan, touched_percent) = match &facts.cluster {
            Some((cluster, n_instances)) if *n_instances > 1 => (
                RdsConnectionResetPlan::Failover { instance, cluster: cluster.clone() },
                100 / u32::try_from(*n_instances).unwrap_or(u32::MAX),
            ),
            Some(_) | None => {
                let force_failover = self.force_failover && facts.is_multi_az;
                (RdsConnectionResetPlan::Reboot { instance, force_failover }, 100)
            }
        };
        Ok(Planned { plan, touched_percent, caveats: Vec::new() })
    }

    fn sentence(plan: &RdsConnectionResetPlan) -> String {
        match plan {
            RdsConnectionResetPlan::Reboot { instance, force_failover: false } => format!("reboot {instance}"),
            RdsConnectionResetPlan::Reboot { instance, force_failover: true } => {
                format!("reboot {instance} by failing over to its standby")
            }
            RdsConnectionResetPlan::Failover { instance, cluster } => format!("fail over cluster {cluster} of {instance}"),
        }
    }

    fn seen(_: &RdsConnectionResetPlan, facts: &DbFacts, since: Timestamp) -> Seen {
        if facts.status != "available" || facts.restarted_at.is_some_and(|at| at >= since) { Seen::Done } else { Seen::Unclear }
    }

    fn in_place(_: &RdsConnectionResetPlan, facts: &DbFacts) -> Result<(), Lacking> {
        if facts.status == "available" { Ok(()) } else { Err(Lacking::Yet(format!("the instance is {}", facts.status))) }
    }

    fn differences(_: &RdsConnectionResetPlan, facts: &DbFacts) -> Vec<String> {
        facts.restarted_at.iter().map(|at| format!("restarted at {}", crate::text::instant(*at))).collect()
    }
}
