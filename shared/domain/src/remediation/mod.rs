//! May it be mended, has it helped, and has it been put back?
//!
//! A remediation passes through [`Stage`]s, each stored before the next thing is
//! done. [`step::step`] says what comes next; whoever calls it looks at the
//! target, stores and acts.

pub mod facts;
pub mod guard;
pub mod step;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::classify::{Classification, Service};
use crate::id::IncidentId;
use crate::policy::{Action, Mode, Policy};
use crate::span::Span;

pub use self::guard::Refusal;

/// One remediation of one incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// Its name in the policy.
    pub name: String,
    /// What it acts on; none if the alert names nothing that fits.
    pub target: Option<Target>,
    /// The alert that called for it.
    pub alert_name: String,
    /// When that alert's state began.
    pub alert_at: Timestamp,
    /// How far it has come.
    pub stage: Stage,
    /// The newest execution of the clock that has ticked for it.
    pub clock: i64,
    /// When it is due next; none when it is over.
    pub wake_at: Option<Timestamp>,
}

/// What a remediation acts on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Target {
    /// An ECS service.
    EcsService {
        /// Its cluster's name.
        cluster: String,
        /// Its name.
        service: String,
    },
    /// An RDS instance.
    DbInstance {
        /// Its identifier.
        instance: String,
    },
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::EcsService { cluster, service } => write!(f, "ECS service {cluster}/{service}"),
            Target::DbInstance { instance } => write!(f, "RDS instance {instance}"),
        }
    }
}

impl Target {
    /// The target of `action` for an alert: from its dimensions, else from the
    /// catalogue.
    pub fn of(action: Action, classification: &Classification, service: Option<&Service>) -> Option<Target> {
        let labels = &classification.labels;
        match action {
            Action::EcsScaleOut { .. } => match (labels.find("ClusterName"), labels.find("ServiceName")) {
                (Some(cluster), Some(service)) => {
                    Some(Target::EcsService { cluster: cluster.to_owned(), service: service.to_owned() })
                }
                _ => service?
                    .ecs
                    .as_ref()
                    .map(|ecs| Target::EcsService { cluster: ecs.cluster.clone(), service: ecs.service.clone() }),
            },
            Action::RdsConnectionReset { .. } => labels
                .find("DBInstanceIdentifier")
                .map(str::to_owned)
                .or_else(|| service?.rds.as_ref().map(|rds| rds.db_instance.clone()))
                .map(|instance| Target::DbInstance { instance }),
        }
    }
}

/// Exactly what will be done, decided once and then carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Plan {
    /// Raise the minimum capacity.
    RaiseMinimum {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        service: String,
        /// What the minimum was; it is put back to this.
        before: u32,
        /// What it becomes.
        after: u32,
        /// How many tasks were running.
        running: u32,
    },
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

impl Plan {
    /// What is done, as the end of a sentence: `raise …`.
    pub fn sentence(&self) -> String {
        match self {
            Plan::RaiseMinimum { cluster, service, before, after, running } => {
                format!("raise the minimum capacity of {cluster}/{service} from {before} to {after} ({running} running)")
            }
            Plan::Reboot { instance, force_failover: false } => format!("reboot {instance}"),
            Plan::Reboot { instance, force_failover: true } => format!("reboot {instance} by failing over to its standby"),
            Plan::Failover { instance, cluster } => format!("fail over cluster {cluster} of {instance}"),
        }
    }

    /// Whether it is put back once it is not needed any more.
    pub const fn is_put_back(&self) -> bool {
        match self {
            Plan::RaiseMinimum { .. } => true,
            Plan::Reboot { .. } | Plan::Failover { .. } => false,
        }
    }
}

/// How far a remediation has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Stage {
    /// The alert calls for it; no guard has been asked yet.
    Proposed,
    /// A person is asked.
    Asked {
        /// When the question runs out.
        expires_at: Timestamp,
        /// What would be done, as of when it was asked.
        plan: Plan,
    },
    /// A person agreed; the guards are asked again.
    Approved {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// The target is ours, and the action may have happened.
    Acting {
        /// What is done.
        plan: Plan,
        /// Since when the target is ours.
        claimed_at: Timestamp,
        /// How often it was tried, from 1.
        attempt: u32,
        /// Who approved, if anybody had to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// It is done; has it helped?
    Verifying {
        /// What was done.
        plan: Plan,
        /// Until when it must have helped.
        deadline: Timestamp,
    },
    /// What was changed stands until it is not needed any more.
    Holding {
        /// What was done.
        plan: Plan,
        /// Whether it helped.
        recovered: bool,
    },
    /// It is being put back, and may have been.
    Reverting {
        /// What was done.
        plan: Plan,
        /// Whether it helped.
        recovered: bool,
    },
    /// Nothing more will happen.
    Over {
        /// Since when.
        at: Timestamp,
        /// How it ended.
        outcome: Outcome,
    },
}

/// How a remediation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Outcome {
    /// It only says what it would have done.
    Observed {
        /// What.
        would: String,
    },
    /// A guard did not allow it.
    Refused {
        /// Which, and why.
        refusal: Refusal,
    },
    /// A person did not agree.
    Declined {
        /// Who.
        by: String,
    },
    /// Nobody answered the question.
    Expired,
    /// It was not needed any more.
    Withdrawn {
        /// Why.
        why: String,
    },
    /// It helped, and there is nothing to put back.
    Recovered {
        /// What was done.
        did: String,
    },
    /// What was changed has been put back.
    Reverted {
        /// What had been done.
        did: String,
        /// Whether it helped.
        recovered: bool,
    },
    /// What was changed has not been put back.
    Kept {
        /// What was done.
        did: String,
        /// Why it is not put back.
        why: String,
        /// Whether it helped.
        recovered: bool,
    },
    /// It did not help, and there is nothing to put back.
    NotRecovered {
        /// What was done.
        did: String,
    },
    /// It could not be done.
    Failed {
        /// Why.
        why: String,
    },
}

impl Stage {
    /// How far it has come, in a sentence without its full stop.
    pub fn sentence(&self) -> String {
        match self {
            Stage::Proposed => "about to be checked".to_owned(),
            Stage::Asked { expires_at, plan } => format!("waits for approval until {expires_at}: {}", plan.sentence()),
            Stage::Approved { by, .. } => format!("approved by {by}"),
            Stage::Acting { plan, .. } => format!("under way: {}", plan.sentence()),
            Stage::Verifying { plan, deadline } => format!("done, must have helped by {deadline}: {}", plan.sentence()),
            Stage::Holding { plan, recovered: true } => format!("helped, to be put back: {}", plan.sentence()),
            Stage::Holding { plan, recovered: false } => format!("did not help, to be put back: {}", plan.sentence()),
            Stage::Reverting { plan, .. } => format!("being put back: {}", plan.sentence()),
            Stage::Over { outcome, .. } => outcome.sentence(),
        }
    }
}

impl Outcome {
    /// How it ended, in a sentence without its full stop.
    pub fn sentence(&self) -> String {
        match self {
            Outcome::Observed { would } => format!("observed only; it would {would}"),
            Outcome::Refused { refusal } => format!("refused: {refusal}"),
            Outcome::Declined { by } => format!("declined by {by}"),
            Outcome::Expired => "nobody answered the request for approval".to_owned(),
            Outcome::Withdrawn { why } => format!("not needed any more: {why}"),
            Outcome::Recovered { did } => format!("helped: {did}"),
            Outcome::Reverted { did, recovered: true } => format!("helped and was put back: {did}"),
            Outcome::Reverted { did, recovered: false } => format!("did not help and was put back: {did}"),
            Outcome::Kept { did, why, .. } => format!("was not put back: {why} ({did})"),
            Outcome::NotRecovered { did } => format!("did not help: {did}"),
            Outcome::Failed { why } => format!("failed: {why}"),
        }
    }
}

impl Remedy {
    /// A remediation that an alert calls for.
    pub fn proposed(
        name: &str,
        target: Option<Target>,
        alert_name: &str,
        alert_at: Timestamp,
        clock: i64,
        now: Timestamp,
    ) -> Remedy {
        Remedy {
            name: name.to_owned(),
            target,
            alert_name: alert_name.to_owned(),
            alert_at,
            stage: Stage::Proposed,
            clock,
            wake_at: Some(now),
        }
    }

    /// Until when people wait for it; none if they do not.
    pub fn holds_until(&self, policy: &Policy, opened_at: Timestamp) -> Option<Timestamp> {
        let remediation = policy.remediation(&self.name)?;
        let acts_alone = remediation.mode == Mode::Act && !remediation.needs_approval;
        let is_under_way = match &self.stage {
            Stage::Proposed | Stage::Acting { .. } | Stage::Verifying { .. } => true,
            Stage::Asked { .. }
            | Stage::Approved { .. }
            | Stage::Holding { .. }
            | Stage::Reverting { .. }
            | Stage::Over { .. } => false,
        };
        (acts_alone && is_under_way && remediation.hold > Span::ZERO).then(|| remediation.hold.after(opened_at))
    }

    /// Whether something was or may have been changed that is not settled yet.
    pub fn has_changed_something(&self) -> bool {
        match &self.stage {
            Stage::Acting { .. } | Stage::Verifying { .. } | Stage::Holding { .. } | Stage::Reverting { .. } => true,
            Stage::Proposed | Stage::Asked { .. } | Stage::Approved { .. } | Stage::Over { .. } => false,
        }
    }

    /// What it did, if that helped.
    pub fn success(&self) -> Option<String> {
        match &self.stage {
            Stage::Holding { plan, recovered: true } | Stage::Reverting { plan, recovered: true } => Some(plan.sentence()),
            Stage::Over { outcome: Outcome::Recovered { did }, .. }
            | Stage::Over {
                outcome: Outcome::Reverted { did, recovered: true } | Outcome::Kept { did, recovered: true, .. },
                ..
            } => Some(did.clone()),
            Stage::Holding { recovered: false, .. }
            | Stage::Reverting { recovered: false, .. }
            | Stage::Proposed
            | Stage::Asked { .. }
            | Stage::Approved { .. }
            | Stage::Acting { .. }
            | Stage::Verifying { .. }
            | Stage::Over { .. } => None,
        }
    }

    /// Why it did not help, if it was tried and did not.
    pub fn failure(&self) -> Option<String> {
        match &self.stage {
            Stage::Holding { recovered: false, .. } | Stage::Reverting { recovered: false, .. } => {
                Some(format!("{} {}", self.name, self.stage.sentence()))
            }
            Stage::Over { outcome, .. } => match outcome {
                Outcome::Refused { .. }
                | Outcome::NotRecovered { .. }
                | Outcome::Failed { .. }
                | Outcome::Reverted { recovered: false, .. }
                | Outcome::Kept { recovered: false, .. } => Some(format!("{} {}", self.name, outcome.sentence())),
                Outcome::Observed { .. }
                | Outcome::Declined { .. }
                | Outcome::Expired
                | Outcome::Withdrawn { .. }
                | Outcome::Recovered { .. }
                | Outcome::Reverted { recovered: true, .. }
                | Outcome::Kept { recovered: true, .. } => None,
            },
            Stage::Holding { recovered: true, .. }
            | Stage::Reverting { recovered: true, .. }
            | Stage::Proposed
            | Stage::Asked { .. }
            | Stage::Approved { .. }
            | Stage::Acting { .. }
            | Stage::Verifying { .. } => None,
        }
    }
}

/// Who works on a target, and how it went before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The target.
    pub target: Target,
    /// Who has it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// Before this, no other action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_until: Option<Timestamp>,
    /// Failures in a row.
    #[serde(default)]
    pub n_failures: u32,
}

impl Lease {
    /// The lease of a target on which nobody has worked.
    pub fn free(target: Target) -> Lease {
        Lease { target, holder: None, cooldown_until: None, n_failures: 0 }
    }
}

/// Who has a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// For which incident.
    pub incident: IncidentId,
    /// By which remediation.
    pub remediation: String,
    /// Since when.
    pub since: Timestamp,
}

/// When actions began, over the whole account, for the hourly limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actions {
    /// The moments of the last hour, oldest first.
    pub began_at: Vec<Timestamp>,
}

impl Actions {
    /// How many began in the hour before `now`.
    pub fn in_last_hour(&self, now: Timestamp) -> usize {
        let from = Span::hours(1).before(now);
        self.began_at.iter().filter(|at| **at > from).count()
    }

    /// The same with one that begins now.
    pub fn with(&self, now: Timestamp) -> Actions {
        let from = Span::hours(1).before(now);
        let mut began_at: Vec<Timestamp> = self.began_at.iter().copied().filter(|at| *at > from).collect();
        began_at.push(now);
        Actions { began_at }
    }
}

#[cfg(test)]
mod tests;
