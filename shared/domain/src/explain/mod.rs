//! What would happen to this alert, and why? The whole decision, to be read.
//!
//! Nothing is decided here: what the other modules decide is told with everything
//! that they looked at on the way, also what did not come true.

mod duty;
mod forecast;
mod holds;
mod routes;

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::alert::{Alert, AlertState, Transition};
use crate::classify::{RuleSeen, rules_seen};
use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::policy::Policy;
use crate::priority::Priority;
use crate::rehearsal::Heard;

pub use self::duty::{Duty, Rung, Target, on_duty};
pub use self::forecast::{Forecast, LATEST, Message, Step, forecast};
pub use self::holds::{Inhibition, IntervalSeen, MutingSeen, WindowSeen};
pub use self::routes::{Group, RouteSeen};

/// The whole decision about one alert.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The moment that it is explained for.
    pub at: Timestamp,
    /// What came in.
    pub alert: AlertSeen,
    /// What it is about.
    pub classification: ClassificationSeen,
    /// The routing tree, as far as it was looked at.
    pub route: RouteSeen,
    /// What it is grouped with, and who is told.
    pub group: Group,
    /// Which part it has in the inhibition rules.
    pub inhibition: Inhibition,
    /// What may mute it, and whether it does at that moment.
    pub mutings: Vec<MutingSeen>,
    /// The windows of planned work.
    pub maintenance_windows: Vec<WindowSeen>,
    /// Who is woken after whom; none, if nobody is.
    pub duty: Option<Duty>,
    /// What is sent if nobody answers and nothing recovers.
    pub forecast: Forecast,
}

/// An alert as it came in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlertSeen {
    /// Its name.
    pub name: String,
    /// What it is about, in the words of who made it.
    pub summary: String,
    /// Why its state changed.
    pub reason: String,
    /// Its state.
    pub state: AlertState,
    /// Since when, as far as it is believed.
    pub state_at: Timestamp,
    /// Its labels, before anything was found out about it.
    pub labels: Labels,
}

/// What was found out about an alert, and how.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassificationSeen {
    /// The rules in order.
    pub rules: Vec<RuleSeen>,
    /// What else said something: tags, the catalogue, severities, the default.
    pub findings: Vec<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// Whose it is.
    pub team: Option<String>,
    /// What it is about.
    pub service: Option<String>,
    /// At which level of the system something is wrong.
    pub layer: Option<String>,
    /// Where to read what to do.
    pub runbook: Option<String>,
    /// What is called for to mend it.
    pub remediations: Vec<String>,
    /// All labels in the end.
    pub labels: Labels,
}

/// The first condition that was not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// The condition.
    pub matcher: String,
    /// The label that it looks at.
    pub label: String,
    /// The label's value; empty if there is no such label.
    pub value: String,
}

impl Mismatch {
    /// The first of `matchers` that `labels` do not fulfil.
    pub fn first(matchers: &[Matcher], labels: &Labels) -> Option<Mismatch> {
        let matcher = matchers.iter().find(|matcher| !matcher.matches(labels))?;
        Some(Mismatch {
            matcher: matcher.to_string(),
            label: matcher.name().to_owned(),
            value: labels.get(matcher.name()).to_owned(),
        })
    }

    /// The same in words.
    pub fn sentence(&self) -> String {
        let Mismatch { matcher, label, value } = self;
        if value.is_empty() {
            format!("{matcher} fails: there is no {label}")
        } else {
            format!("{matcher} fails: {label} is {value:?}")
        }
    }
}

/// Explains what happens to `alert` if it comes in at `at`.
pub fn explain(policy: &Arc<Policy>, alert: &Alert, at: Timestamp) -> Explanation {
    let (heard, forecast) = forecast(policy, alert, at);
    let Heard { classification, routed, .. } = &heard;
    let labels = &classification.labels;
    Explanation {
        at,
        alert: AlertSeen {
            name: alert.name.clone(),
            summary: alert.summary.clone(),
            reason: alert.reason.clone(),
            state: alert.state,
            state_at: Transition::of(alert, at).state_at,
            labels: alert.labels.clone(),
        },
        classification: classified(policy, alert, &heard),
        route: routes::seen(&policy.route, labels),
        group: Group::of(routed),
        inhibition: Inhibition::of(policy, labels),
        mutings: holds::mutings(policy, &heard, at),
        maintenance_windows: holds::windows(policy, labels, at),
        duty: Duty::of(policy, &heard, at),
        forecast,
    }
}

fn classified(policy: &Policy, alert: &Alert, heard: &Heard) -> ClassificationSeen {
    let classification = &heard.classification;
    let (rules, of_rules) = rules_seen(policy, alert);
    let label = |name| classification.labels.find(name).map(str::to_owned);
    ClassificationSeen {
        rules,
        findings: classification.because.iter().filter(|because| !of_rules.contains(because)).cloned().collect(),
        priority: classification.priority,
        team: label("team"),
        service: label("service"),
        layer: label("layer"),
        runbook: classification.runbook.clone(),
        remediations: classification.remediations.clone(),
        labels: classification.labels.clone(),
    }
}

#[cfg(test)]
mod tests;
