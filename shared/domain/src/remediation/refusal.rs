//! Why is something not done? One sentence for each guard that does not allow it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Target;
use crate::id::IncidentId;
use crate::text::instant;

/// Why a guard does not allow it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "is", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant's message says what its fields are")]
pub enum Refusal {
    #[error("the policy has no remediation of this name any more")]
    NotInPolicy,
    #[error("no policy was ever installed, so nobody has allowed anything")]
    NoControl,
    #[error("remediation is stopped by {by} since {}: {why}", instant(*at))]
    Stopped { by: String, at: Timestamp, why: String },
    #[error("the alert names nothing to act on, and its service's catalogue entry neither")]
    NoTarget,
    #[error("the event is {age} old, and at most {limit} is acted on")]
    TooOld { age: String, limit: String },
    #[error("the alert is suppressed: {because}")]
    Suppressed { because: String },
    #[error("nothing is done in time interval `{interval}`{until}")]
    Blackout { interval: String, until: String },
    #[error("{target} does not exist")]
    Missing { target: String },
    #[error("{target} lacks the tag {tag}={value}")]
    NotManaged { target: String, tag: String, value: String },
    #[error("incident {incident} is working on this target with {remediation} since {}", instant(*since))]
    Taken { incident: IncidentId, remediation: String, since: Timestamp },
    #[error("the target is left alone until {} after the last action", instant(*until))]
    CoolingDown { until: Timestamp },
    #[error("{n_failures} actions on this target failed in a row, and after {limit} no more is tried")]
    BreakerOpen { n_failures: u32, limit: u32 },
    #[error("{n_actions} actions began in the last hour, and at most {limit} may")]
    HourlyLimit { n_actions: usize, limit: u32 },
    #[error("it would touch {percent} % of the capacity, and at most {limit} % may be")]
    BlastRadius { percent: u32, limit: u32 },
    /// One of the action's own guards: its name, and what it says.
    #[error("{why}")]
    Unfit { guard: String, why: String },
}

impl Refusal {
    /// A refusal by one of an action's own guards.
    pub fn unfit(guard: &str, why: impl Into<String>) -> Refusal {
        Refusal::Unfit { guard: guard.to_owned(), why: why.into() }
    }

    /// A refusal because the target may not be looked at.
    pub fn hidden(target: &Target, why: &str) -> Refusal {
        Refusal::unfit("look", format!("{target} cannot be looked at: {why}"))
    }

    /// The guard's name, to count by.
    pub fn guard(&self) -> &str {
        match self {
            Refusal::NotInPolicy | Refusal::NoControl => "policy",
            Refusal::Stopped { .. } => "kill-switch",
            Refusal::NoTarget | Refusal::Missing { .. } => "target",
            Refusal::TooOld { .. } => "event-age",
            Refusal::Suppressed { .. } => "suppressed",
            Refusal::Blackout { .. } => "blackout",
            Refusal::NotManaged { .. } => "tag",
            Refusal::Taken { .. } => "lease",
            Refusal::CoolingDown { .. } => "cooldown",
            Refusal::BreakerOpen { .. } => "breaker",
            Refusal::HourlyLimit { .. } => "hourly-limit",
            Refusal::BlastRadius { .. } => "blast-radius",
            Refusal::Unfit { guard, .. } => guard,
        }
    }
}
