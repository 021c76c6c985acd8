//! The file's part about alerts: what they are about, where they go, and when
//! nobody hears of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::classify::Layer;
use crate::priority::Priority;
use crate::span::Span;

/// One service of the catalogue.
#[derive(Debug, Clone, Deserialize)]
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
    /// Its ECS service.
    #[serde(default)]
    pub ecs: Option<EcsSource>,
    /// Its RDS instance.
    #[serde(default)]
    pub rds: Option<RdsSource>,
}

/// An ECS service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EcsSource {
    /// Name of the cluster.
    pub cluster: String,
    /// Name of the service.
    pub service: String,
}

/// An RDS instance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RdsSource {
    /// The instance's identifier.
    pub db_instance: String,
}

/// One classification rule.
#[derive(Debug, Clone, Deserialize)]
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
    /// More labels; `priority` is not among them.
    pub labels: BTreeMap<String, String>,
}

/// A node of the routing tree.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RouteSource {
    /// All must match. The root has none.
    pub matchers: Vec<String>,
    /// Who is told; inherited.
    pub receiver: Option<String>,
    /// Labels that make a group; inherited. `...` is all labels.
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
    /// The children, tried in order.
    pub routes: Vec<RouteSource>,
}

/// An inhibition rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InhibitSource {
    /// For people: shown in *because*.
    #[serde(default)]
    pub name: Option<String>,
    /// The cause.
    pub source_matchers: Vec<String>,
    /// The symptom that is held back while a cause is firing.
    pub target_matchers: Vec<String>,
    /// Labels that must be equal on both; missing on both counts as equal.
    #[serde(default)]
    pub equal: Vec<String>,
}

/// Planned work: alerts are recorded, people are not told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSource {
    /// For people: shown in *because*.
    pub name: String,
    /// Which alerts. All must match.
    pub matchers: Vec<String>,
    /// From when, with a zone: `2026-03-29T01:00:00Z`.
    #[serde(deserialize_with = "super::time::moment")]
    pub starts_at: Timestamp,
    /// Until when, exclusive, with a zone.
    #[serde(deserialize_with = "super::time::moment")]
    pub ends_at: Timestamp,
}

/// How long to wait before believing a recovery.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoiseSource {
    /// How long all must be well before an incident is resolved; 1m unless said
    /// otherwise.
    pub resolve_wait: Option<Span>,
    /// How long after that an alert of its group reopens it, instead of opening another; 5m
    /// unless said otherwise.
    pub linger: Option<Span>,
}
