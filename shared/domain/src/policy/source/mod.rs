//! What does a policy file look like? The types that it is read into.
//!
//! Names and meanings are Alertmanager's for routing and PagerDuty's for
//! escalation; what is ours stands under keys that they do not have. Unknown
//! keys are errors: a misspelt key is a standing order that nobody carries out.

mod alerts;
mod calendar;
mod cases;
pub(crate) mod labels;
mod people;
mod remediation;
mod schedules;
#[cfg(feature = "schema")]
mod schema;
mod time;
mod watchdog;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::priority::Priority;

pub use self::alerts::*;
pub use self::calendar::*;
pub use self::cases::*;
pub use self::people::*;
pub use self::remediation::*;
pub use self::schedules::*;
#[cfg(feature = "schema")]
pub use self::schema::schema;
#[cfg(feature = "schema")]
pub(crate) use self::schema::schema_of;
pub use self::watchdog::WatchdogSource;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicySource {
    /// Divides every waiting time: for drills and demonstrations. 1 to 10,000.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub time_scale: Option<u32>,
    /// What Terraform knows of the deployment; not written by hand.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(skip))]
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
    /// What the catalogue's `depends_on` means for alerts.
    #[serde(default)]
    pub dependencies: DependenciesSource,
    /// Named times.
    #[serde(default)]
    pub time_intervals: Vec<TimeIntervalSource>,
    /// Alertmanager's older name for `time_intervals`; both may be there.
    #[serde(default)]
    pub mute_time_intervals: Vec<TimeIntervalSource>,
    /// Named days on which people do not work.
    #[serde(default)]
    pub holidays: Vec<HolidaySource>,
    /// Planned work.
    #[serde(default)]
    pub maintenance_windows: Vec<WindowSource>,
    /// What keeps noise from people.
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
    /// The always-firing watchdog: an alert that goes through everything, to a checker
    /// outside that notices its absence.
    #[serde(default)]
    pub watchdog: Option<WatchdogSource>,
    /// Warnings of the check that are known and accepted.
    #[serde(default)]
    pub allow_warnings: Vec<AllowSource>,
    /// What the policy is meant to do.
    #[serde(default)]
    pub tests: Vec<TestSource>,
}

/// What Terraform adds: where things are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Name of the secret with the key that signs links and the addresses of
    /// heartbeats.
    pub link_key: String,
    /// Whether the Slack app hands clicks on buttons to the console.
    pub slack_interactivity: bool,
}

impl Deployment {
    /// Whether an alarm of this name with these actions is one of ours to hear.
    pub fn watches(&self, name: &str, actions: &[String]) -> bool {
        let calls_us = actions.iter().any(|action| *action == self.ingest_topic || *action == self.classifier_arn);
        let by_rule = self.takes_all_alarms && !self.excluded_prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
        calls_us || by_rule
    }
}
