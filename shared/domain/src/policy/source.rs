//! What does a policy file look like? The types that it is read into.
//!
//! Names and meanings are Alertmanager's for routing and PagerDuty's for
//! escalation; what is ours stands under keys that they do not have. Unknown
//! keys are errors: a misspelt key is a standing order that nobody carries out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::classify::Layer;
use crate::priority::Priority;
use crate::span::Span;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySource {
    /// Divides every waiting time: for drills and demonstrations. 1 to 10,000.
    #[serde(default)]
    pub time_scale: Option<u32>,
    /// What Terraform knows of the deployment; not written by hand.
    #[serde(default)]
    pub deployment: Deployment,
    /// The catalogue of services.
    #[serde(default)]
    pub services: Vec<ServiceSource>,
    /// Which priority a `severity` label means.
    #[serde(default)]
    pub severities: BTreeMap<String, Priority>,
    /// Ordered classification rules.
    #[serde(default)]
    pub classify: Vec<ClassifySource>,
    /// The routing tree.
    pub route: RouteSource,
    /// What is a symptom of what.
    #[serde(default)]
    pub inhibit_rules: Vec<InhibitSource>,
    /// Planned work.
    #[serde(default)]
    pub maintenance_windows: Vec<WindowSource>,
    /// How long to wait before believing a recovery.
    #[serde(default)]
    pub noise: NoiseSource,
    /// What each priority means; defaults are built in.
    #[serde(default)]
    pub priorities: BTreeMap<Priority, PrioritySource>,
    /// Who is told.
    pub receivers: Vec<ReceiverSource>,
    /// The people.
    #[serde(default)]
    pub users: Vec<UserSource>,
    /// Who is on call when.
    #[serde(default)]
    pub schedules: Vec<ScheduleSource>,
    /// Who is woken after whom.
    #[serde(default)]
    pub escalation_policies: Vec<EscalationSource>,
    /// What is mended without people.
    #[serde(default)]
    pub remediations: Vec<RemediationSource>,
}

/// What Terraform adds: where things are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deployment {
    /// SNS topics by the names that the policy uses, with their ARNs.
    pub topics: BTreeMap<String, String>,
    /// ARN of the topic of last resort.
    pub failsafe_topic: String,
    /// ARN of the incident clock's state machine.
    pub state_machine: String,
    /// Base URL of the console function, with its final slash.
    pub console_url: String,
    /// Name of the classifier function.
    pub classifier: String,
    /// URL of the queue where undeliverable events wait.
    pub dead_letter_queue: String,
    /// ARN of the topic that alarms are sent to.
    pub ingest_topic: String,
    /// ARN of the classifier function, which alarms may call directly.
    pub classifier_arn: String,
    /// Whether every alarm of the account comes in, by the EventBridge rule.
    pub takes_all_alarms: bool,
    /// Prefixes of names of alarms that the rule leaves out.
    pub excluded_prefixes: Vec<String>,
}

impl Deployment {
    /// Whether an alarm of this name with these actions is one of ours to hear.
    pub fn watches(&self, name: &str, actions: &[String]) -> bool {
        let calls_us = actions.iter().any(|action| *action == self.ingest_topic || *action == self.classifier_arn);
        let by_rule = self.takes_all_alarms && !self.excluded_prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
        calls_us || by_rule
    }
}

/// One service of the catalogue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSource {
    /// Its name; the value of the `service` label.
    pub name: String,
    /// The team that owns it; the value of the `team` label.
    #[serde(default)]
    pub team: Option<String>,
    /// How much depends on it: 1 is the most.
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
    /// More labels.
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
    /// How long the first notification of a group waits for more.
    pub group_wait: Option<Span>,
    /// How long a notification of new members waits after the last one.
    pub group_interval: Option<Span>,
    /// After how long an unanswered notification is sent again.
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
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
}

/// How long to wait before believing a recovery.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoiseSource {
    /// How long all must be well before an incident is resolved.
    pub resolve_wait: Option<Span>,
    /// How long after that the same alert reopens it, instead of opening another.
    pub linger: Option<Span>,
}

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
    /// A short name without personal data, shown as the one who acknowledged.
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
    /// This many hours.
    Hours(u32),
}

/// Somebody stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverrideSource {
    /// Who.
    pub user: String,
    /// From when, with a zone.
    pub start: Timestamp,
    /// Until when.
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
    /// How often the climb starts again after the last rule.
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
    /// How long to wait for an answer before the next rule, in minutes.
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

/// What is mended without people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemediationSource {
    /// Its name.
    pub name: String,
    /// Which alerts call for it. All must match.
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
    /// How long an unanswered request for approval stands.
    #[serde(default)]
    pub approval_expires: Option<Span>,
    /// How long the first notification waits for it.
    #[serde(default)]
    pub hold: Option<Span>,
    /// Within which time it must have helped.
    #[serde(default)]
    pub verify_within: Option<Span>,
    /// How long all must be well before what was changed is put back.
    #[serde(default)]
    pub revert_after_ok: Option<Span>,
    /// Alerts older than this are not acted on.
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
    /// Least time between two actions on one target.
    pub cooldown: Option<Span>,
    /// Most actions in an hour, over the whole account.
    pub per_hour: Option<u32>,
    /// Most of a service's capacity that may be added or interrupted, in percent.
    pub blast_radius_percent: Option<u32>,
    /// After how many failures in a row no more is tried.
    pub consecutive_failures: Option<u32>,
}
