//! The file's part about what is mended without people.

use serde::{Deserialize, Serialize};

use crate::remediation::action::ActionKind;
use crate::span::Span;

/// What is mended without people.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RemediationSource {
    /// Its name.
    pub name: String,
    /// Which alerts call for it. All must match. None: only those for which a rule of
    /// `classify` sets it.
    #[serde(default)]
    pub matchers: Vec<String>,
    /// Where its target is named; `alarm-or-catalogue` unless said otherwise.
    #[serde(default)]
    pub target: TargetFrom,
    /// What is done.
    pub action: ActionKind,
    /// How, depending on the action.
    #[serde(default)]
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// How far it may go; `observe` unless said otherwise.
    #[serde(default)]
    pub mode: Mode,
    /// Whether a person must approve. Disruptive steps need it unless this says
    /// `none`.
    #[serde(default)]
    pub approval: Option<Approval>,
    /// How long an unanswered request for approval stands; 4h unless said otherwise.
    #[serde(default)]
    pub approval_expires: Option<Span>,
    /// How long the first notification waits for it; 5m unless said otherwise.
    #[serde(default)]
    pub hold: Option<Span>,
    /// What must be true after it, by when.
    #[serde(default)]
    pub verify: VerifySource,
    /// When what was changed is put back.
    #[serde(default)]
    pub revert: RevertSource,
    /// Names of time intervals in which nothing is done.
    #[serde(default)]
    pub blackout: Vec<String>,
    /// Alerts older than this are not acted on; 15m unless said otherwise.
    #[serde(default)]
    pub max_event_age: Option<Span>,
    /// What bounds it.
    #[serde(default)]
    pub limits: LimitsSource,
}

/// Where a remediation's target is named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TargetFrom {
    /// In the alarm's dimensions.
    Alarm,
    /// In the catalogue's entry of the alert's service.
    Catalogue,
    /// In the alarm's dimensions; where these name none, in the catalogue.
    #[default]
    AlarmOrCatalogue,
}

impl TargetFrom {
    /// As the policy says it.
    pub const fn word(self) -> &'static str {
        match self {
            TargetFrom::Alarm => "alarm",
            TargetFrom::Catalogue => "catalogue",
            TargetFrom::AlarmOrCatalogue => "alarm-or-catalogue",
        }
    }
}

/// How far a remediation may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Approval {
    /// Yes.
    Required,
    /// No.
    None,
}

/// What must be true after an action, by when.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct VerifySource {
    /// Within which time it must have helped; 10m unless said otherwise.
    pub within: Option<Span>,
    /// What must be true; all of it unless said otherwise.
    pub that: Option<Vec<Check>>,
}

/// What may be checked after an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// All alerts of the incident are OK.
    AlarmOk,
    /// The target is as it should be after the action.
    InPlace,
}

/// When what was changed is put back.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RevertSource {
    /// How long all must be well before it is put back; 10m unless said otherwise.
    pub hold_down: Option<Span>,
    /// `true`: it is not put back, and the incident says so.
    pub never: bool,
}

/// What bounds a remediation.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
