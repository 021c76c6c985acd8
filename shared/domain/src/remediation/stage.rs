//! How far has a remediation come, and how did it end?

use crate::text::instant;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::guard::Refusal;

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

impl Stage {
    /// How far it has come, in a sentence without its full stop.
    pub fn sentence(&self) -> String {
        match self {
            Stage::Proposed => "about to be checked".to_owned(),
            Stage::Asked { expires_at, plan } => {
                format!("waits for approval until {}: {}", instant(*expires_at), plan.sentence())
            }
            Stage::Approved { by, .. } => format!("approved by {by}"),
            Stage::Acting { plan, .. } => format!("under way: {}", plan.sentence()),
            Stage::Verifying { plan, deadline } => {
                format!("done, must have helped by {}: {}", instant(*deadline), plan.sentence())
            }
            Stage::Holding { plan, recovered: true } => format!("helped, to be put back: {}", plan.sentence()),
            Stage::Holding { plan, recovered: false } => format!("did not help, to be put back: {}", plan.sentence()),
            Stage::Reverting { plan, .. } => format!("being put back: {}", plan.sentence()),
            Stage::Over { outcome, .. } => outcome.sentence(),
        }
    }
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
