//! The file's part about people: who is told, by which way, and after whom.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::span::Span;

/// By which way a message goes; a priority chooses among these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Wakes somebody: a call, an SMS, a pager.
    Page,
    /// E-mail.
    Email,
    /// A chat room.
    Chat,
    /// A ticket system.
    Ticket,
}

/// What a priority means.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrioritySource {
    /// Which ways are used.
    pub channels: Option<Vec<Class>>,
    /// Whether it climbs the escalation policy.
    pub escalate: Option<bool>,
    /// Within which time somebody should have answered.
    pub acknowledge_within: Option<Span>,
    /// Within which time the work should be under way.
    pub respond_within: Option<Span>,
    /// Whether people wait until mending has been tried.
    pub wait_for_remediation: Option<bool>,
}

/// Who is told.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiverSource {
    /// Its name.
    pub name: String,
    /// Who is woken after whom.
    pub escalation_policy: Option<String>,
    /// SNS topics: e-mail, SMS, whatever subscribes.
    pub sns_configs: Vec<SnsSource>,
    /// Slack channels.
    pub slack_configs: Vec<HttpSource>,
    /// PagerDuty services (Events API v2).
    pub pagerduty_configs: Vec<HttpSource>,
    /// Signed webhooks.
    pub webhook_configs: Vec<HttpSource>,
}

/// A topic that messages go to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnsSource {
    /// The topic's name, as in the deployment.
    pub topic: String,
    /// By which way its subscribers hear; e-mail unless said otherwise.
    #[serde(default)]
    pub class: Option<Class>,
    /// Whether the end is told, too.
    #[serde(default)]
    pub send_resolved: Option<bool>,
}

/// An HTTP channel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSource {
    /// Name of the secret that holds the address and the credentials.
    pub secret: String,
    /// By which way its readers hear.
    #[serde(default)]
    pub class: Option<Class>,
    /// Whether the end is told, too.
    #[serde(default)]
    pub send_resolved: Option<bool>,
    /// The topic that is told when this channel is down. The failsafe, if none.
    #[serde(default)]
    pub fallback_topic: Option<String>,
}

/// A person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserSource {
    /// A short name without personal data, shown as the one who acknowledged: letters,
    /// digits, `-` and `_`, at most 40.
    pub id: String,
    /// How to reach them.
    #[serde(default)]
    pub contact_methods: Vec<ContactSource>,
}

/// One way to reach a person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactSource {
    /// What kind of way it is.
    pub class: Class,
    /// An SNS topic that the person subscribes to.
    #[serde(default)]
    pub topic: Option<String>,
    /// A secret with a Slack address.
    #[serde(default)]
    pub slack_secret: Option<String>,
    /// A secret with a PagerDuty routing key.
    #[serde(default)]
    pub pagerduty_secret: Option<String>,
}

/// A schedule of on-call duty.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSource {
    /// Its name.
    pub name: String,
    /// The zone in which hand-offs keep their hour, for instance `Asia/Tokyo`.
    pub time_zone: String,
    /// The layers; a later one takes precedence.
    pub schedule_layers: Vec<LayerSource>,
    /// Exceptions; a later one takes precedence.
    #[serde(default)]
    pub overrides: Vec<OverrideSource>,
}

/// One layer of a schedule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerSource {
    /// Its name.
    pub name: String,
    /// When the first turn begins, in local time: `2026-01-05T10:00:00`.
    #[serde(deserialize_with = "super::time::local_time")]
    pub start: DateTime,
    /// How long a turn is.
    pub rotation: RotationSource,
    /// Whose turn it is, in order.
    pub users: Vec<String>,
}

/// How long a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RotationSource {
    /// Seven days.
    Weekly,
    /// One day.
    Daily,
    /// This many hours by the wall clock, at least 1.
    Hours(u32),
}

/// Somebody stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverrideSource {
    /// Who.
    pub user: String,
    /// From when, with a zone.
    #[serde(deserialize_with = "super::time::moment")]
    pub start: Timestamp,
    /// Until when, exclusive, with a zone.
    #[serde(deserialize_with = "super::time::moment")]
    pub end: Timestamp,
}

/// Who is woken after whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationSource {
    /// Its name.
    pub name: String,
    /// The rules, climbed in order.
    pub escalation_rules: Vec<EscalationRuleSource>,
    /// How often the climb starts again after the last rule; 0 for once only.
    #[serde(default)]
    pub num_loops: u32,
    /// After how long an acknowledged incident that is still firing climbs again.
    #[serde(default)]
    pub acknowledgement_timeout: Option<Span>,
}

/// One rung.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationRuleSource {
    /// How long to wait for an answer before the next rule, in minutes: 1 to 10,080,
    /// a week.
    pub escalation_delay_in_minutes: u64,
    /// Who is told.
    pub targets: Vec<TargetSource>,
}

/// Whom a rule tells.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSource {
    /// What `id` names.
    #[serde(rename = "type")]
    pub kind: TargetKind,
    /// The name.
    pub id: String,
}

/// What a target names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// Whoever is on call.
    Schedule,
    /// A person.
    User,
}
