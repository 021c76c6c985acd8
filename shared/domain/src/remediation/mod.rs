//! May it be mended, has it helped, and has it been put back?
//!
//! A remediation passes through [`Stage`]s, each stored before the next thing is
//! done:
//!
//! ```text
//! proposed -> observing -> observed
//!     |-----> asked -> approved | declined | expired
//!     '-----> claimed -> acting -> verifying -> recovered
//!                                     |-------> holding -> reverting -> reverted | kept
//!                                     '-------> the next step, or not recovered
//! ```
//!
//! [`step::step`] says what comes next; whoever calls it looks at the target, stores
//! and acts. What an [`action`] looks at and does is its own.

pub mod action;
pub mod event;
pub mod guard;
mod lease;
mod refusal;
pub mod report;
mod stage;
pub mod step;
mod target;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::digest;
use crate::id::IncidentId;
use crate::policy::{Mode, Policy};
use crate::span::Span;

pub use self::action::{Action, Plan, TargetFacts};
pub use self::event::Announcement;
pub use self::lease::{Actions, Held, Holder, Lease, Phase};
pub use self::refusal::Refusal;
pub use self::stage::{Aftermath, Outcome, Passed, Stage};
pub use self::target::Target;

/// Most stages of which it is kept when they were come to. A row has its bounds, and a
/// target that never stays the same may be considered anew without end.
pub const PATH_MAX: usize = 50;

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
    /// Since when it is proposed.
    pub proposed_at: Timestamp,
    /// Which of the action's steps it is at, from 0.
    #[serde(default)]
    pub step: usize,
    /// How far it has come.
    pub stage: Stage,
    /// By which stages, in order; the first [`PATH_MAX`] of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<Passed>,
    /// Changes of its stage that may not have been published yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<Announcement>,
    /// Whether the escalation may not have been told yet to look at what has changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nudge_due: bool,
    /// The newest execution of the clock that has ticked for it.
    pub clock: i64,
    /// When it is due next; none when it is over.
    pub wake_at: Option<Timestamp>,
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
            proposed_at: now,
            step: 0,
            stage: Stage::Proposed,
            path: Vec::new(),
            outbox: Vec::new(),
            nudge_due: false,
            clock,
            wake_at: Some(now),
        }
    }

    /// Comes to `stage`, and keeps what others are to hear of it. The change is named
    /// by the incident, the remediation and the version of the row that it follows.
    fn come_to(&mut self, stage: Stage, now: Timestamp, incident: &IncidentId, version: u64, because: &[String]) {
        let reference = format!("{incident}/{}/{version}", self.name);
        self.outbox.push(Announcement::new(reference, now, &stage, because));
        if self.path.len() < PATH_MAX {
            self.path.push(Passed { at: now, stage: stage.word().to_owned(), by: stage.by().map(str::to_owned) });
        }
        self.stage = stage;
    }

    /// Names what is done in the step it is at, once and for all: whatever is done
    /// again under the same name is the same thing.
    pub fn reference(&self, incident: &IncidentId) -> String {
        digest(format!("{incident}/{}/{}", self.name, self.step).as_bytes())
    }

    /// Until when people wait for it; none if they do not.
    pub fn holds_until(&self, policy: &Policy, opened_at: Timestamp) -> Option<Timestamp> {
        let remediation = policy.remediation(&self.name)?;
        let acts_alone = remediation.mode == Mode::Act && !remediation.needs_approval(self.step);
        let is_under_way = match &self.stage {
            Stage::Proposed | Stage::Claimed { .. } | Stage::Acting { .. } | Stage::Verifying { .. } => true,
            Stage::Observing { .. }
            | Stage::Asked { .. }
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
            Stage::Claimed { .. }
            | Stage::Acting { .. }
            | Stage::Verifying { .. }
            | Stage::Holding { .. }
            | Stage::Reverting { .. } => true,
            Stage::Proposed | Stage::Observing { .. } | Stage::Asked { .. } | Stage::Approved { .. } | Stage::Over { .. } => {
                false
            }
        }
    }

    /// What it did, if that helped.
    pub fn success(&self) -> Option<String> {
        match &self.stage {
            Stage::Holding { plan, recovered: true } | Stage::Reverting { plan, recovered: true, .. } => Some(plan.sentence()),
            Stage::Over { outcome, .. } => match outcome {
                Outcome::Recovered { did }
                | Outcome::Reverted { did, recovered: true }
                | Outcome::HandedOn { did, recovered: true, .. }
                | Outcome::Kept { did, recovered: true, .. } => Some(did.clone()),
                Outcome::Observed { .. }
                | Outcome::Refused { .. }
                | Outcome::Declined { .. }
                | Outcome::Expired
                | Outcome::Withdrawn { .. }
                | Outcome::Reverted { .. }
                | Outcome::HandedOn { .. }
                | Outcome::Kept { .. }
                | Outcome::NotRecovered { .. }
                | Outcome::Failed { .. } => None,
            },
            Stage::Holding { recovered: false, .. }
            | Stage::Reverting { recovered: false, .. }
            | Stage::Proposed
            | Stage::Observing { .. }
            | Stage::Asked { .. }
            | Stage::Approved { .. }
            | Stage::Claimed { .. }
            | Stage::Acting { .. }
            | Stage::Verifying { .. } => None,
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
                | Outcome::HandedOn { recovered: false, .. }
                | Outcome::Kept { recovered: false, .. } => Some(format!("{} {}", self.name, outcome.sentence())),
                Outcome::Observed { .. }
                | Outcome::Declined { .. }
                | Outcome::Expired
                | Outcome::Withdrawn { .. }
                | Outcome::Recovered { .. }
                | Outcome::Reverted { recovered: true, .. }
                | Outcome::HandedOn { recovered: true, .. }
                | Outcome::Kept { recovered: true, .. } => None,
            },
            Stage::Holding { recovered: true, .. }
            | Stage::Reverting { recovered: true, .. }
            | Stage::Proposed
            | Stage::Observing { .. }
            | Stage::Asked { .. }
            | Stage::Approved { .. }
            | Stage::Claimed { .. }
            | Stage::Acting { .. }
            | Stage::Verifying { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
