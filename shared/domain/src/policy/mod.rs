//! What are the standing orders? The policy, checked and ready to use.
//!
//! [`Policy::check`] reads a file's content with every check and all problems at
//! once: it is what `watchkeeper policy check` and the classifier's invocation
//! during `terraform apply` call. [`Policy::load`] reads what was checked before,
//! at the start of a function, and compiles no regular expression.

mod compile;
pub mod lint;
mod outline;
mod problem;
mod remediation;
pub mod source;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

pub(crate) use self::compile::{PROBLEMS_MAX, allowances, members, shape, shape_problem};
pub use self::lint::{Warning, lint};
pub use self::outline::{Mark, Outline};
pub(crate) use self::problem::did_you_mean;
pub use self::problem::{Place, Problem, Problems, unknown};
pub use self::remediation::{Limits, Remediation, Verify};
pub use self::source::{
    AllowSource, Class, Deployment, EcsSource, LambdaSource, Mode, OnExhausted, OverrideSource, PolicySource, RdsSource,
    SqsSource, TargetKind, TargetSource, WhenMuted,
};
use crate::alert::digest;
use crate::classify::{ClassifyRule, Service};
use crate::inhibit::InhibitRule;
use crate::interval::TimeInterval;
use crate::matcher::Matcher;
use crate::mute::Muting;
use crate::priority::Priority;
use crate::route::Route;
use crate::schedule::Schedule;
use crate::span::Span;
use crate::watchdog::Watchdog;

/// Largest policy that can be stored, in bytes of JSON: a table row holds
/// 400 KB.
pub const SIZE_MAX: usize = 380_000;

/// The standing orders. All names in it are known to exist.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Identifies this content: 32 hexadecimal digits.
    pub version: String,
    /// Divides every waiting time; 1 outside drills.
    pub time_scale: u32,
    /// Where things are.
    pub deployment: Deployment,
    /// The services by name.
    pub services: BTreeMap<String, Service>,
    /// For each service that others depend on, directly or through others, their names.
    pub dependants: BTreeMap<String, BTreeSet<String>>,
    /// Which priority a `severity` label means.
    pub severities: BTreeMap<String, Priority>,
    /// Classification rules in order.
    pub classify: Vec<ClassifyRule>,
    /// The root of the routing tree.
    pub route: Route,
    /// Inhibition rules, and those that the catalogue's dependencies make.
    pub inhibit_rules: Vec<InhibitRule>,
    /// Whether what others depend on is raised; see `dependencies` of the file.
    pub raise_causes: bool,
    /// Named times.
    pub time_intervals: BTreeMap<String, TimeInterval>,
    /// Planned work.
    pub maintenance_windows: Vec<Window>,
    /// What keeps noise from people.
    pub noise: Noise,
    /// What each priority means; all four are there.
    pub priorities: BTreeMap<Priority, PriorityRules>,
    /// Who is told, by name.
    pub receivers: BTreeMap<String, Receiver>,
    /// The people by id.
    pub users: BTreeMap<String, User>,
    /// On-call schedules by name.
    pub schedules: BTreeMap<String, Schedule>,
    /// Escalation policies by name.
    pub escalation_policies: BTreeMap<String, EscalationPolicy>,
    /// Remediations in order.
    pub remediations: Vec<Remediation>,
    /// The always-firing watchdog, if there is one.
    pub watchdog: Option<Watchdog>,
    /// Warnings of the check that are known and accepted.
    pub allow_warnings: Vec<AllowSource>,
}

/// Planned work.
#[derive(Debug, Clone)]
pub struct Window {
    /// For people.
    pub name: String,
    /// Which alerts.
    pub matchers: Vec<Matcher>,
    /// From when; always has been, if not given.
    pub starts_at: Option<Timestamp>,
    /// Until when, exclusive; for ever, if not given.
    pub ends_at: Option<Timestamp>,
    /// The time intervals in which it recurs; none: all the time between.
    pub time_intervals: Vec<String>,
    /// Whether remediation may act meanwhile.
    pub allows_remediation: bool,
}

impl Window {
    /// Until when work is going on at `now`, as far as one can see ahead; none if it
    /// is not.
    pub fn holds(&self, intervals: &BTreeMap<String, TimeInterval>, now: Timestamp) -> Option<Option<Timestamp>> {
        if self.starts_at.is_some_and(|starts| now < starts) || self.ends_at.is_some_and(|ends| ends <= now) {
            return None;
        }
        if self.time_intervals.is_empty() {
            return Some(self.ends_at);
        }
        // Work goes on when a mute in the same intervals would hold.
        let muting = Muting { mute: self.time_intervals.clone(), ..Muting::default() };
        let until = muting.muted(intervals, now)?.until;
        Some(match (until, self.ends_at) {
            (Some(until), Some(ends)) => Some(until.min(ends)),
            (until, ends) => until.or(ends),
        })
    }
}

/// What keeps noise from people.
#[derive(Debug, Clone)]
pub struct Noise {
    /// How long all must be well before an incident is resolved.
    pub resolve_wait: Span,
    /// How long after that the same alert reopens it.
    pub linger: Span,
    /// How long the first notification waits for a recovery.
    pub self_recovery: BTreeMap<Priority, Span>,
    /// When an alert counts as flapping.
    pub flapping: Option<Flapping>,
    /// When many incidents are told of as one.
    pub storm: Option<Storm>,
}

/// When an alert counts as flapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flapping {
    /// This many changes between OK and ALARM.
    pub transitions: u32,
    /// Within this time.
    pub within: Span,
    /// How long it must then have been quiet before its incident ends.
    pub quiet: Span,
}

/// When many incidents are told of as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storm {
    /// This many incidents.
    pub incidents: u32,
    /// Opened within this time.
    pub within: Span,
    /// Labels whose values they share.
    pub by: Vec<String>,
}

/// What a priority means.
#[derive(Debug, Clone)]
pub struct PriorityRules {
    /// Which ways are used.
    pub channels: Vec<Class>,
    /// Whether it climbs the escalation policy.
    pub escalate: bool,
    /// Within which time somebody should have answered.
    pub acknowledge_within: Option<Span>,
    /// Within which time the work should be under way.
    pub respond_within: Option<Span>,
    /// Whether people wait until mending has been tried.
    pub wait_for_remediation: bool,
    /// When people are told of it.
    pub muting: Muting,
}

/// Where a message goes, by the policy's own names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "kebab-case")]
pub enum Address {
    /// An SNS topic.
    Topic(String),
    /// A Slack channel; the name is its secret's.
    Slack(String),
    /// A PagerDuty service; the name is its secret's.
    Pagerduty(String),
    /// A signed webhook; the name is its secret's.
    Webhook(String),
    /// A checker outside, which waits for the watchdog's beats; the name is its
    /// secret's.
    Checker(String),
    /// The topic of last resort.
    Failsafe,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Topic(name) => write!(f, "topic {name}"),
            Address::Slack(name) => write!(f, "slack {name}"),
            Address::Pagerduty(name) => write!(f, "pagerduty {name}"),
            Address::Webhook(name) => write!(f, "webhook {name}"),
            Address::Checker(name) => write!(f, "checker {name}"),
            Address::Failsafe => f.write_str("the failsafe topic"),
        }
    }
}

/// One way to tell one receiver or person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// What kind of way it is.
    pub class: Class,
    /// Where the message goes.
    pub address: Address,
    /// Where it goes instead when the channel is down.
    pub fallback: Address,
    /// Whether the end is told, too.
    pub send_resolved: bool,
}

/// Who is told.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// Who is woken after whom.
    pub escalation_policy: Option<String>,
    /// Its own channels.
    pub channels: Vec<Channel>,
}

/// A person.
#[derive(Debug, Clone)]
pub struct User {
    /// A short name.
    pub id: String,
    /// How to reach them.
    pub channels: Vec<Channel>,
}

/// Who is woken after whom.
#[derive(Debug, Clone)]
pub struct EscalationPolicy {
    /// Its name.
    pub name: String,
    /// The rules, climbed in order; at least one.
    pub rules: Vec<EscalationRule>,
    /// How often the climb starts again after the last rule.
    pub num_loops: u32,
    /// After how long an acknowledged incident that is still firing climbs again.
    pub acknowledgement_timeout: Option<Span>,
    /// After how long an incident that nobody has resolved ends by itself.
    pub auto_resolve_timeout: Option<Span>,
    /// Whether a rule that reaches nobody is passed at once.
    pub skip_empty: bool,
    /// What happens when nobody has answered.
    pub on_exhausted: OnExhausted,
}

/// One rung.
#[derive(Debug, Clone)]
pub struct EscalationRule {
    /// How long to wait for an answer before the next rule.
    pub delay: Span,
    /// Who is told.
    pub targets: Vec<TargetSource>,
    /// When the rule holds; it is passed over otherwise.
    pub muting: Muting,
}

impl Policy {
    /// Reads a policy with every check.
    ///
    /// # Errors
    /// All [`Problems`] found, each with its place in the file.
    pub fn check(content: &Value) -> Result<Policy, Problems> {
        compile::compile(content, true).map(|(policy, _)| policy)
    }

    /// Reads a policy with every check, and says what is probably not what was meant,
    /// as of `now`.
    ///
    /// # Errors
    /// All [`Problems`] found, each with its place in the file.
    pub fn check_with_warnings(content: &Value, now: Timestamp) -> Result<(Policy, Vec<Warning>), Problems> {
        let (policy, source) = compile::compile(content, true)?;
        let warnings = lint(&source, &policy, now);
        Ok((policy, warnings))
    }

    /// Reads a policy that was checked before.
    ///
    /// # Errors
    /// The [`Problems`] that make it unusable.
    pub fn load(content: &Value) -> Result<Policy, Problems> {
        compile::compile(content, false).map(|(policy, _)| policy)
    }

    /// The rules of a priority.
    pub fn rules(&self, priority: Priority) -> &PriorityRules {
        // `compile` fills in all four.
        &self.priorities[&priority]
    }

    /// The remediation of this name.
    pub fn remediation(&self, name: &str) -> Option<&Remediation> {
        self.remediations.iter().find(|remediation| remediation.name == name)
    }
}

/// The version of a policy: a digest of its content with the keys in order.
pub fn version_of(content: &Value) -> String {
    // `serde_json` keeps objects in the order of their keys here, so equal
    // content has equal text.
    digest(content.to_string().as_bytes())
}

#[cfg(test)]
pub(crate) mod tests;
