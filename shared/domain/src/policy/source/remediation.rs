//! The file's part about what is mended without people.

use serde::{Deserialize, Serialize};

use crate::span::Span;

/// What is mended without people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemediationSource {
    /// Its name.
    pub name: String,
    /// Which alerts call for it. All must match. None: only those for which a rule of
    /// `classify` sets it.
    #[serde(default)]
    pub matchers: Vec<String>,
    /// What is done.
    pub action: ActionKind,
    /// How, depending on the action.
    #[serde(default)]
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// How far it may go; `observe` unless said otherwise.
    #[serde(default)]
    pub mode: Mode,
    /// Whether a person must approve. Disruptive actions need it unless this
    /// says `none`.
    #[serde(default)]
    pub approval: Option<Approval>,
    /// How long an unanswered request for approval stands; 4h unless said otherwise.
    #[serde(default)]
    pub approval_expires: Option<Span>,
    /// How long the first notification waits for it; 5m unless said otherwise.
    #[serde(default)]
    pub hold: Option<Span>,
    /// Within which time it must have helped; 10m unless said otherwise.
    #[serde(default)]
    pub verify_within: Option<Span>,
    /// How long all must be well before what was changed is put back; 10m unless said
    /// otherwise.
    #[serde(default)]
    pub revert_after_ok: Option<Span>,
    /// Alerts older than this are not acted on; 15m unless said otherwise.
    #[serde(default)]
    pub max_event_age: Option<Span>,
    /// What bounds it.
    #[serde(default)]
    pub limits: LimitsSource,
}

/// What a remediation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionKind {
    /// Raises the minimum capacity of an ECS service's scalable target.
    EcsScaleOut,
    /// Ends all connections of an RDS instance by restarting it.
    RdsConnectionReset,
}

/// How far a remediation may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Says what it would do.
    #[default]
    Observe,
    /// Asks first.
    Ask,
    /// Does it.
    Act,
}

/// Whether a person must approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Approval {
    /// Yes.
    Required,
    /// No.
    None,
}

/// What bounds a remediation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSource {
    /// Least time between two actions on one target; 30m unless said otherwise.
    pub cooldown: Option<Span>,
    /// Most actions in an hour, over the whole account; 4 unless said otherwise.
    pub per_hour: Option<u32>,
    /// Most of a service's capacity that may be added or interrupted, in percent; 100
    /// unless said otherwise. More than 100 allows to more than double it.
    pub blast_radius_percent: Option<u32>,
    /// After how many failures in a row no more is tried; at least 1, and 3 unless
    /// said otherwise.
    pub consecutive_failures: Option<u32>,
}
