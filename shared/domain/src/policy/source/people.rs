//! The file's part about people: who is told, by which way, and after whom.

use serde::{Deserialize, Serialize};

use super::WhenMuted;
use crate::span::Span;

/// By which way a message goes; a priority chooses among these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Time intervals outside of which nobody is told of this priority.
    pub active_time_intervals: Vec<String>,
    /// Time intervals in which nobody is told of this priority.
    pub mute_time_intervals: Vec<String>,
    /// What becomes of what was muted; `defer` unless said otherwise.
    pub when_muted: WhenMuted,
}

/// Who is told.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// Who is woken after whom.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// After how long an incident that nobody has resolved ends by itself; never,
    /// unless this is given.
    #[serde(default)]
    pub auto_resolve_timeout: Option<Span>,
    /// Whether a rule that reaches nobody is passed at once; `true` unless said
    /// otherwise. With `false` its delay is waited for. The failsafe hears either way.
    #[serde(default)]
    pub skip_empty: Option<bool>,
    /// What happens when nobody has answered; `restart` unless said otherwise.
    #[serde(default)]
    pub on_exhausted: OnExhausted,
}

/// What happens when an escalation policy is exhausted. The failsafe hears of it
/// in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OnExhausted {
    /// It begins again after the route's `repeat_interval`.
    #[default]
    Restart,
    /// It climbs no more; reminders go on.
    Stop,
}

/// One rung.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EscalationRuleSource {
    /// How long to wait for an answer before the next rule, in minutes: 1 to 10,080,
    /// a week.
    pub escalation_delay_in_minutes: u64,
    /// Who is told.
    pub targets: Vec<TargetSource>,
    /// Time intervals outside of which this rule is passed over.
    #[serde(default)]
    pub active_time_intervals: Vec<String>,
    /// Time intervals in which this rule is passed over.
    #[serde(default)]
    pub mute_time_intervals: Vec<String>,
}

/// Whom a rule tells.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// Whoever is on call.
    Schedule,
    /// A person.
    User,
    /// A receiver's channels: the whole team, for instance.
    Receiver,
}
