//! What may keep people from hearing of it, and does it at that moment?

use jiff::Timestamp;
use serde::Serialize;

use super::Mismatch;
use crate::inhibit;
use crate::labels::Labels;
use crate::mute::Muting;
use crate::policy::{Policy, WhenMuted};
use crate::rehearsal::Heard;

/// An alert's part in the inhibition rules, by their names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inhibition {
    /// In these it is held back while a cause is firing.
    pub symptom_in: Vec<String>,
    /// In these it holds back others.
    pub cause_in: Vec<String>,
}

impl Inhibition {
    pub(super) fn of(policy: &Policy, labels: &Labels) -> Inhibition {
        let names = |parts: Vec<inhibit::Part>| parts.into_iter().map(|part| part.rule).collect();
        Inhibition {
            symptom_in: names(inhibit::as_target(&policy.inhibit_rules, labels)),
            cause_in: names(inhibit::as_source(&policy.inhibit_rules, labels)),
        }
    }
}

/// Time intervals that may mute it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MutingSeen {
    /// Where it is said: of a route or of a priority.
    pub of: String,
    /// Told only in these; none: always.
    pub active: Vec<IntervalSeen>,
    /// Not told in these.
    pub mute: Vec<IntervalSeen>,
    /// Why it is muted at that moment; none if it is not.
    pub because: Option<String>,
    /// Until when, as far as one can see ahead.
    pub until: Option<Timestamp>,
    /// What becomes of what is muted.
    pub when_muted: WhenMuted,
}

/// A time interval at a moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntervalSeen {
    /// Its name.
    pub name: String,
    /// Whether the moment lies in it.
    pub contains: bool,
}

impl MutingSeen {
    pub(super) fn of(policy: &Policy, of: String, muting: &Muting, at: Timestamp) -> Option<MutingSeen> {
        if muting.is_empty() {
            return None;
        }
        let intervals = &policy.time_intervals;
        let seen = |names: &[String]| -> Vec<IntervalSeen> {
            let contains = |name: &String| intervals.get(name).is_some_and(|interval| interval.contains(at));
            names.iter().map(|name| IntervalSeen { name: name.clone(), contains: contains(name) }).collect()
        };
        let muted = muting.muted(intervals, at);
        Some(MutingSeen {
            of,
            active: seen(&muting.active),
            mute: seen(&muting.mute),
            until: muted.as_ref().and_then(|muted| muted.until),
            because: muted.map(|muted| muted.because),
            when_muted: muting.when_muted,
        })
    }
}

/// What mutes the routes that an alert ends at, and its priority.
pub(super) fn mutings(policy: &Policy, heard: &Heard, at: Timestamp) -> Vec<MutingSeen> {
    let labels = &heard.classification.labels;
    let routes = policy.route.matches(labels);
    let of_routes = routes.iter().filter_map(|route| {
        MutingSeen::of(policy, format!("route {} to {}", route.path, route.settings.receiver), &route.settings.muting, at)
    });
    let priority = heard.classification.priority;
    let of_priority = MutingSeen::of(policy, format!("priority {priority}"), &policy.rules(priority).muting, at);
    of_routes.chain(of_priority).collect()
}

/// A window of planned work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WindowSeen {
    /// Its name.
    pub name: String,
    /// The first condition that the alert does not fulfil; none if the window is
    /// about it.
    pub failed: Option<Mismatch>,
    /// Whether work is going on at that moment.
    pub holds: bool,
    /// Until when, as far as one can see ahead.
    pub until: Option<Timestamp>,
}

pub(super) fn windows(policy: &Policy, labels: &Labels, at: Timestamp) -> Vec<WindowSeen> {
    policy
        .maintenance_windows
        .iter()
        .map(|window| {
            let holds = window.holds(&policy.time_intervals, at);
            WindowSeen {
                name: window.name.clone(),
                failed: Mismatch::first(&window.matchers, labels),
                holds: holds.is_some(),
                until: holds.flatten(),
            }
        })
        .collect()
}
