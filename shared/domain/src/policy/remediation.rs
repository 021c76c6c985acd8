//! What may be mended without people, and within which limits?

use super::source::{Approval, Mode, TargetFrom};
use crate::classify::Service;
use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::remediation::{Action, Target};
use crate::span::Span;

/// A remediation, ready to use.
#[derive(Debug, Clone)]
pub struct Remediation {
    /// Its name.
    pub name: String,
    /// Which alerts call for it.
    pub matchers: Vec<Matcher>,
    /// Where its target is named.
    pub target_from: TargetFrom,
    /// What is done.
    pub action: Action,
    /// How far it may go.
    pub mode: Mode,
    /// Whether a person must approve; by the nature of each step, if not given.
    pub approval: Option<Approval>,
    /// How long an unanswered request for approval stands.
    pub approval_expires: Span,
    /// How long the first notification waits for it.
    pub hold: Span,
    /// What must be true after it, by when.
    pub verify: Verify,
    /// How long all must be well before what was changed is put back; never, if not
    /// given.
    pub hold_down: Option<Span>,
    /// In which time intervals nothing is done.
    pub blackout: Vec<String>,
    /// Alerts older than this are not acted on. Never shortened by a drill: it
    /// is about the world outside.
    pub max_event_age: Span,
    /// What bounds it.
    pub limits: Limits,
}

/// What must be true after an action, by when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verify {
    /// Within which time.
    pub within: Span,
    /// That all alerts of the incident are OK.
    pub alarm_ok: bool,
    /// That the target is as it should be after the action.
    pub in_place: bool,
}

impl Remediation {
    /// Whether a person must approve a step.
    pub fn needs_approval(&self, step: usize) -> bool {
        match self.approval {
            Some(Approval::Required) => true,
            Some(Approval::None) => false,
            None => self.mode == Mode::Ask || self.action.is_disruptive(step),
        }
    }

    /// What it acts on, for an alert with these labels and its service's entry in the
    /// catalogue.
    pub fn target(&self, labels: &Labels, service: Option<&Service>) -> Option<Target> {
        let of_service = || self.action.target_of_service(service?);
        match self.target_from {
            TargetFrom::Alarm => self.action.target_of_labels(labels),
            TargetFrom::Catalogue => of_service(),
            TargetFrom::AlarmOrCatalogue => self.action.target_of_labels(labels).or_else(of_service),
        }
    }
}

/// What bounds a remediation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Least time between two actions on one target.
    pub cooldown: Span,
    /// Most actions in an hour, over the whole account.
    pub per_hour: u32,
    /// Most of a service's capacity that may be added or interrupted, in percent.
    pub blast_radius_percent: u32,
    /// After how many failures in a row no more is tried.
    pub consecutive_failures: u32,
}
