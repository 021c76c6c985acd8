//! Who works on a target, and how much has been done lately?

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::action::Plan;
use super::target::Target;
use crate::id::IncidentId;
use crate::span::Span;

/// Who works on a target, and how it went before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The target.
    pub target: Target,
    /// The change that stands or is about to be made, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Before this, no other action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_until: Option<Timestamp>,
    /// Who acted last; their own next step need not wait for the pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Holder>,
    /// Failures in a row.
    #[serde(default)]
    pub n_failures: u32,
}

/// A change to a target, and for whom it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// For whom, the one who makes it first; never empty.
    pub by: Vec<Holder>,
    /// Since when.
    pub since: Timestamp,
    /// The change.
    pub plan: Plan,
    /// How far it is.
    pub phase: Phase,
}

/// How far a change to a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It may be about to be made.
    Begun,
    /// It was made and stands.
    Stands,
    /// It may be about to be put back.
    Reverting,
}

/// One remediation of one incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// For which incident.
    pub incident: IncidentId,
    /// By which remediation.
    pub remediation: String,
}

impl Lease {
    /// The lease of a target on which nobody has worked.
    pub fn free(target: Target) -> Lease {
        Lease { target, held: None, cooldown_until: None, last: None, n_failures: 0 }
    }

    /// Whether `holder` is the only one for whom the change stands.
    pub fn is_held_by_alone(&self, holder: &Holder) -> bool {
        self.held.as_ref().is_some_and(|held| held.by == [holder.clone()])
    }

    /// Others for whom the change stands.
    pub fn others<'l>(&'l self, holder: &'l Holder) -> impl Iterator<Item = &'l Holder> {
        self.held.iter().flat_map(|held| held.by.iter()).filter(move |other| *other != holder)
    }

    /// The same without `holder`; free when it was the last.
    pub fn without(&self, holder: &Holder) -> Lease {
        let mut next = self.clone();
        if let Some(held) = &mut next.held {
            held.by.retain(|other| other != holder);
            if held.by.is_empty() {
                next.held = None;
            }
        }
        next
    }

    /// The same with `holder`, who takes part in the change that stands.
    pub fn shared_with(&self, holder: &Holder) -> Lease {
        let mut next = self.clone();
        if let Some(held) = &mut next.held
            && !held.by.contains(holder)
        {
            held.by.push(holder.clone());
        }
        next
    }

    /// The same with its change in another phase.
    pub fn in_phase(&self, phase: Phase) -> Lease {
        let mut next = self.clone();
        if let Some(held) = &mut next.held {
            held.phase = phase;
        }
        next
    }
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
