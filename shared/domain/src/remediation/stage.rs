//! How far has a remediation come, and how did it end?

use crate::text::instant;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::action::Plan;
use super::refusal::Refusal;
use crate::id::IncidentId;

/// How far a remediation has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Stage {
    /// The alert calls for it; no guard has been asked yet.
    Proposed,
    /// It only says what it would do, and waits for what people do instead.
    Observing {
        /// What would be done.
        plan: Plan,
        /// Since when.
        at: Timestamp,
    },
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
        /// When the question, and with it this answer, runs out.
        expires_at: Timestamp,
        /// To what.
        plan: Plan,
    },
    /// The target is ours; nothing has been done yet.
    Claimed {
        /// What will be done.
        plan: Plan,
        /// Since when the target is ours.
        at: Timestamp,
        /// Who approved, if anybody had to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// The action may have happened.
    Acting {
        /// What is done.
        plan: Plan,
        /// Since when it may have happened.
        since: Timestamp,
        /// How often it was tried, from 1.
        attempt: u32,
        /// Who approved, if anybody had to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// The execution of the clock whose tick began it.
        #[serde(default)]
        clock: i64,
    },
    /// It is done; has it helped?
    Verifying {
        /// What was done.
        plan: Plan,
        /// When it was done, or at the earliest may have been.
        since: Timestamp,
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
        /// Since when it may have been put back.
        #[serde(default)]
        since: Timestamp,
        /// The execution of the clock whose tick began it.
        #[serde(default)]
        clock: i64,
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
    /// The stage as one word, as programs get it.
    pub const fn word(&self) -> &'static str {
        match self {
            Stage::Proposed => "proposed",
            Stage::Observing { .. } => "observing",
            Stage::Asked { .. } => "asked",
            Stage::Approved { .. } => "approved",
            Stage::Claimed { .. } => "claimed",
            Stage::Acting { .. } => "acting",
            Stage::Verifying { .. } => "verifying",
            Stage::Holding { recovered: true, .. } => "holding",
            Stage::Holding { recovered: false, .. } => "not-recovered",
            Stage::Reverting { .. } => "reverting",
            Stage::Over { outcome, .. } => outcome.word(),
        }
    }

    /// Whose answer brought it here, if anybody's did.
    pub fn by(&self) -> Option<&str> {
        match self {
            Stage::Approved { by, .. } | Stage::Over { outcome: Outcome::Declined { by }, .. } => Some(by),
            Stage::Claimed { by, .. } | Stage::Acting { by, .. } => by.as_deref(),
            Stage::Proposed
            | Stage::Observing { .. }
            | Stage::Asked { .. }
            | Stage::Verifying { .. }
            | Stage::Holding { .. }
            | Stage::Reverting { .. }
            | Stage::Over { .. } => None,
        }
    }

    /// How it ended, if it is over.
    pub const fn outcome(&self) -> Option<&Outcome> {
        if let Stage::Over { outcome, .. } = self { Some(outcome) } else { None }
    }

    /// Whether the kill switch still ends it. What may have been done is finished and
    /// put back.
    pub const fn can_be_stopped(&self) -> bool {
        match self {
            Stage::Proposed | Stage::Observing { .. } | Stage::Asked { .. } | Stage::Approved { .. } | Stage::Claimed { .. } => {
                true
            }
            Stage::Acting { .. }
            | Stage::Verifying { .. }
            | Stage::Holding { .. }
            | Stage::Reverting { .. }
            | Stage::Over { .. } => false,
        }
    }

    /// How far it has come, in a sentence without its full stop.
    pub fn sentence(&self) -> String {
        match self {
            Stage::Proposed => "about to be checked".to_owned(),
            Stage::Observing { plan, .. } => format!("observes only; it would {}", plan.sentence()),
            Stage::Asked { expires_at, plan } => {
                format!("waits for approval until {}: {}", instant(*expires_at), plan.sentence())
            }
            Stage::Approved { by, plan, .. } => format!("approved by {by}: {}", plan.sentence()),
            Stage::Claimed { plan, .. } => format!("about to begin: {}", plan.sentence()),
            Stage::Acting { plan, .. } => format!("under way: {}", plan.sentence()),
            Stage::Verifying { plan, deadline, .. } => {
                format!("done, must have helped by {}: {}", instant(*deadline), plan.sentence())
            }
            Stage::Holding { plan, recovered: true } => format!("helped, to be put back: {}", plan.sentence()),
            Stage::Holding { plan, recovered: false } => format!("did not help, to be put back: {}", plan.sentence()),
            Stage::Reverting { plan, .. } => format!("being put back: {}", plan.sentence()),
            Stage::Over { outcome, .. } => outcome.sentence(),
        }
    }
}

/// A stage that was come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// When.
    pub at: Timestamp,
    /// Which, as [`Stage::word`] says it.
    pub stage: String,
    /// Whose answer brought it there, if anybody's did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What people did, and what became of the target, after a remediation only said
/// what it would have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aftermath {
    /// When all was well again.
    pub calm_at: Timestamp,
    /// Whether the target shows that just this was done.
    pub is_same: bool,
    /// What is different at the target, a phrase each.
    pub changes: Vec<String>,
}

/// How a remediation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Outcome {
    /// It only said what it would have done.
    Observed {
        /// What.
        would: String,
        /// When it would have begun.
        at: Timestamp,
        /// What came of it without.
        then: Aftermath,
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
    /// Nobody answered the question in its time.
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
    /// What was changed stands for another incident, which puts it back.
    HandedOn {
        /// What was done.
        did: String,
        /// The other incident.
        to: IncidentId,
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
    /// The outcome as one word, as programs get it.
    pub const fn word(&self) -> &'static str {
        match self {
            Outcome::Observed { .. } => "observed",
            Outcome::Refused { .. } => "refused",
            Outcome::Declined { .. } => "declined",
            Outcome::Expired => "expired",
            Outcome::Withdrawn { .. } => "withdrawn",
            Outcome::Recovered { .. } => "recovered",
            Outcome::Reverted { .. } => "reverted",
            Outcome::HandedOn { .. } => "handed-on",
            Outcome::Kept { .. } => "kept",
            Outcome::NotRecovered { .. } => "not-recovered",
            Outcome::Failed { .. } => "failed",
        }
    }

    /// How it ended, in a sentence without its full stop.
    pub fn sentence(&self) -> String {
        match self {
            Outcome::Observed { would, then, .. } => {
                let then = match (then.is_same, then.changes.as_slice()) {
                    (true, _) => "somebody did just that".to_owned(),
                    (false, []) => "nothing was changed at the target".to_owned(),
                    (false, changes) => changes.join(", "),
                };
                format!("observed only; it would {would}; without it: {then}")
            }
            Outcome::Refused { refusal } => format!("refused: {refusal}"),
            Outcome::Declined { by } => format!("declined by {by}"),
            Outcome::Expired => "nobody answered the request for approval".to_owned(),
            Outcome::Withdrawn { why } => format!("not needed any more: {why}"),
            Outcome::Recovered { did } => format!("helped: {did}"),
            Outcome::Reverted { did, recovered: true } => format!("helped and was put back: {did}"),
            Outcome::Reverted { did, recovered: false } => format!("did not help and was put back: {did}"),
            Outcome::HandedOn { did, to, .. } => format!("stands for incident {to}, which puts it back: {did}"),
            Outcome::Kept { did, why, .. } => format!("was not put back: {why} ({did})"),
            Outcome::NotRecovered { did } => format!("did not help: {did}"),
            Outcome::Failed { why } => format!("failed: {why}"),
        }
    }
}
