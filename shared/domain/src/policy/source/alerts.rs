//! The file's part about alerts: what they are about, where they go, and when
//! nobody hears of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::classify::Layer;
use crate::priority::Priority;
use crate::span::Span;

/// One service of the catalogue.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServiceSource {
    /// Its name; the value of the `service` label.
    pub name: String,
    /// The team that owns it; the value of the `team` label.
    #[serde(default)]
    pub team: Option<String>,
    /// How much depends on it, 0 to 255: 1 is the most.
    #[serde(default)]
    pub tier: Option<u8>,
    /// For instance `production`.
    #[serde(default)]
    pub environment: Option<String>,
    /// Names of services that it cannot do without.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Where to read what to do.
    #[serde(default)]
    pub runbook: Option<String>,
    /// Where to look.
    #[serde(default)]
    pub dashboard: Option<String>,
    /// Name of the CloudWatch log group that it writes.
    #[serde(default)]
    pub log_group: Option<String>,
    /// Its ECS service.
    #[serde(default)]
    pub ecs: Option<EcsSource>,
    /// Its RDS instance.
    #[serde(default)]
    pub rds: Option<RdsSource>,
    /// Its Lambda function.
    #[serde(default)]
    pub lambda: Option<LambdaSource>,
    /// Its dead-letter queue.
    #[serde(default)]
    pub sqs: Option<SqsSource>,
}

/// An ECS service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EcsSource {
    /// Name of the cluster.
    pub cluster: String,
    /// Name of the service.
    pub service: String,
}

/// An RDS instance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RdsSource {
    /// The instance's identifier.
    pub db_instance: String,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LambdaSource {
    /// Its name.
    pub function: String,
}

/// A dead-letter queue of SQS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SqsSource {
    /// Its name: that of the queue in which messages wait that could not be processed.
    pub queue: String,
}

/// One classification rule.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClassifySource {
    /// For people: shown in *because*.
    pub name: String,
    /// All must match. None: always.
    #[serde(default)]
    pub matchers: Vec<String>,
    /// What the rule sets, unless a rule before it has.
    pub set: SetSource,
}

/// What a classification rule sets.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SetSource {
    /// The priority.
    pub priority: Option<Priority>,
    /// The team.
    pub team: Option<String>,
    /// The service.
    pub service: Option<String>,
    /// The layer.
    pub layer: Option<Layer>,
    /// Where to read what to do.
    pub runbook: Option<String>,
    /// The remediation that is called for, besides those whose matchers match.
    pub remediation: Option<String>,
    /// More labels; `priority` is not among them.
    #[serde(deserialize_with = "super::labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, super::labels::Text>"))]
    pub labels: BTreeMap<String, String>,
}

/// A node of the routing tree.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RouteSource {
    /// All must match. The root has none.
    pub matchers: Vec<String>,
    /// Alertmanager's older form: labels with the values that they must have.
    #[serde(rename = "match", deserialize_with = "super::labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, super::labels::Text>"))]
    pub equals: BTreeMap<String, String>,
    /// Alertmanager's older form: labels with what their values must match.
    #[serde(deserialize_with = "super::labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, super::labels::Text>"))]
    pub match_re: BTreeMap<String, String>,
    /// Who is told; inherited.
    pub receiver: Option<String>,
    /// Labels that make a group; inherited, also when the list is empty. `...` is
    /// all labels.
    pub group_by: Option<Vec<String>>,
    /// How long the first notification of a group waits for more; inherited. At the
    /// root 30s, as in Alertmanager.
    pub group_wait: Option<Span>,
    /// How long a notification of new members waits after the last one; inherited,
    /// not 0. At the root 5m.
    pub group_interval: Option<Span>,
    /// After how long an unanswered notification is sent again; inherited, not 0.
    /// At the root 4h.
    pub repeat_interval: Option<Span>,
    /// Whether the next sibling is tried as well.
    #[serde(rename = "continue")]
    pub proceed: bool,
    /// Time intervals in which this route's receiver is told nothing; not inherited.
    pub mute_time_intervals: Vec<String>,
    /// Time intervals outside of which this route's receiver is told nothing; not
    /// inherited.
    pub active_time_intervals: Vec<String>,
    /// What becomes of what was muted; not inherited. `defer` unless said otherwise.
    pub when_muted: WhenMuted,
    /// The children, tried in order.
    pub routes: Vec<RouteSource>,
}

/// What becomes of what was muted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WhenMuted {
    /// It is told when the mute ends, if it still holds.
    #[default]
    Defer,
    /// It is never told, only recorded.
    Drop,
}

/// An inhibition rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct InhibitSource {
    /// For people: shown in *because*.
    pub name: Option<String>,
    /// The cause.
    pub source_matchers: Vec<String>,
    /// Alertmanager's older form of the cause: labels with their values.
    #[serde(deserialize_with = "super::labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, super::labels::Text>"))]
    pub source_match: BTreeMap<String, String>,
    /// Alertmanager's older form of the cause: labels with expressions.
    #[serde(deserialize_with = "super::labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, super::labels::Text>"))]
    pub source_match_re: BTreeMap<String, String>,
    /// The symptom that is held back while a cause is firing.
    pub target_matchers: Vec<String>,
    /// Alertmanager's older form of the symptom: labels with their values.
    #[serde(deserialize_with = "super::labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, super::labels::Text>"))]
    pub target_match: BTreeMap<String, String>,
    /// Alertmanager's older form of the symptom: labels with expressions.
    #[serde(deserialize_with = "super::labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, super::labels::Text>"))]
    pub target_match_re: BTreeMap<String, String>,
    /// Labels that must be equal on both; missing on both counts as equal.
    pub equal: Vec<String>,
}

/// What the catalogue's `depends_on` means for alerts.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DependenciesSource {
    /// Whether what is less urgent than P1 is held back while a service that it
    /// depends on has an open P1.
    pub hold_symptoms: bool,
    /// Whether an alert that got its priority from its severity is one step more
    /// urgent if a service of a more important tier depends on its service.
    pub raise_causes: bool,
}

impl Default for DependenciesSource {
    fn default() -> DependenciesSource {
        DependenciesSource { hold_symptoms: true, raise_causes: true }
    }
}

/// Planned work: alerts are recorded, people are not told. Either once, from
/// `starts_at` to `ends_at`, or whenever one of `time_intervals` holds.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WindowSource {
    /// For people: shown in *because*.
    pub name: String,
    /// Which alerts. All must match.
    pub matchers: Vec<String>,
    /// From when, with a zone: `2026-03-29T01:00:00Z`.
    #[serde(default, deserialize_with = "super::time::some_moment")]
    pub starts_at: Option<Timestamp>,
    /// Until when, exclusive, with a zone.
    #[serde(default, deserialize_with = "super::time::some_moment")]
    pub ends_at: Option<Timestamp>,
    /// Names of the time intervals in which it recurs; between `starts_at` and
    /// `ends_at`, where they are given as well.
    #[serde(default)]
    pub time_intervals: Vec<String>,
    /// Whether remediation may act meanwhile; `refuse` unless said otherwise.
    #[serde(default)]
    pub remediation: WindowRemediation,
}

/// Whether remediation may act while work is going on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WindowRemediation {
    /// It may not.
    #[default]
    Refuse,
    /// It may.
    Allow,
}

/// What keeps noise from people.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct NoiseSource {
    /// How long all must be well before an incident is resolved; 1m unless said
    /// otherwise.
    pub resolve_wait: Option<Span>,
    /// How long after that an alert of its group reopens it, instead of opening another; 5m
    /// unless said otherwise.
    pub linger: Option<Span>,
    /// How long the first notification waits for the alert to recover by itself, for
    /// each priority; not at all unless said otherwise.
    pub self_recovery: BTreeMap<Priority, Span>,
    /// When an alert counts as flapping; never, unless this is given.
    pub flapping: Option<FlappingSource>,
    /// When many incidents are told of as one; never, unless this is given.
    pub storm: Option<StormSource>,
}

/// When an alert counts as flapping.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FlappingSource {
    /// How many changes between OK and ALARM, 3 to 20.
    pub transitions: u32,
    /// Within which time, for instance `1h`.
    pub within: Span,
    /// How long it must then have been quiet before its incident ends.
    pub quiet: Span,
}

/// When many incidents are told of as one.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StormSource {
    /// How many incidents, 3 to 1,000.
    pub incidents: u32,
    /// Opened within which time, for instance `5m`.
    pub within: Span,
    /// Labels whose values they share, for instance `[team]`; none: all incidents.
    #[serde(default)]
    pub by: Vec<String>,
}
