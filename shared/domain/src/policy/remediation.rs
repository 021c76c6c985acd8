//! What may be mended without people, and within which limits?

use super::source::Mode;
use crate::matcher::Matcher;
use crate::span::Span;

/// A remediation, ready to use.
#[derive(Debug, Clone)]
pub struct Remediation {
    /// Its name.
    pub name: String,
    /// Which alerts call for it.
    pub matchers: Vec<Matcher>,
    /// What is done.
    pub action: Action,
    /// How far it may go.
    pub mode: Mode,
    /// Whether a person must approve.
    pub needs_approval: bool,
    /// How long an unanswered request for approval stands.
    pub approval_expires: Span,
    /// How long the first notification waits for it.
    pub hold: Span,
    /// Within which time it must have helped.
    pub verify_within: Span,
    /// How long all must be well before what was changed is put back.
    pub revert_after_ok: Span,
    /// Alerts older than this are not acted on. Never shortened by a drill: it
    /// is about the world outside.
    pub max_event_age: Span,
    /// What bounds it.
    pub limits: Limits,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Raises the minimum capacity of an ECS service's scalable target to
    /// `percent` of what runs.
    EcsScaleOut {
        /// 150 is half as much again.
        percent: u32,
    },
    /// Ends all connections of an RDS instance by restarting it.
    RdsConnectionReset {
        /// Fail over to the standby, if there is one: quicker.
        force_failover: bool,
    },
}

impl Action {
    /// Whether it interrupts what works. Such actions need approval unless the
    /// policy says otherwise.
    pub const fn is_disruptive(self) -> bool {
        match self {
            Action::EcsScaleOut { .. } => false,
            Action::RdsConnectionReset { .. } => true,
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
