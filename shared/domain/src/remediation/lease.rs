//! Who works on a target, and how much has been done lately?

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::target::Target;
use crate::id::IncidentId;
use crate::span::Span;

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
