//! Is everything that has a name named somewhere?

use std::collections::BTreeSet;

use super::Warning;
use crate::policy::TargetKind;
use crate::policy::source::{EscalationRuleSource, PolicySource, RouteSource};

pub(super) fn lint(source: &PolicySource, warnings: &mut Vec<Warning>) {
    let mut used = Used::default();
    used.read(source);
    for (n, receiver) in source.receivers.iter().enumerate() {
        if !used.receivers.contains(receiver.name.as_str()) {
            let name = &receiver.name;
            let message = format!("nothing goes to `{name}`; name it in a route or an escalation rule, or take it out");
            warnings.push(Warning::new("receiver-unused", format!("receivers[{n}].name"), message));
        }
    }
    for (n, policy) in source.escalation_policies.iter().enumerate() {
        if !source.receivers.iter().any(|receiver| receiver.escalation_policy.as_ref() == Some(&policy.name)) {
            let message =
                format!("nothing climbs `{}`; name it as a receiver's `escalation_policy`, or take it out", policy.name);
            warnings.push(Warning::new("escalation-policy-unused", format!("escalation_policies[{n}].name"), message));
        }
    }
    for (n, schedule) in source.schedules.iter().enumerate() {
        if !used.schedules.contains(schedule.name.as_str()) {
            let name = &schedule.name;
            let message = format!("nobody is called by `{name}`; name it in an escalation rule, or take it out");
            warnings.push(Warning::new("schedule-unused", format!("schedules[{n}].name"), message));
        }
    }
    for (key, intervals) in [("time_intervals", &source.time_intervals), ("mute_time_intervals", &source.mute_time_intervals)] {
        for (n, interval) in intervals.iter().enumerate() {
            if !used.intervals.contains(interval.name.as_str()) {
                let message = format!(
                    "nothing is muted, active or left alone in `{}`; name it where it is meant, or take it out",
                    interval.name
                );
                warnings.push(Warning::new("interval-unused", format!("{key}[{n}].name"), message));
            }
        }
    }
}

/// The names that something refers to.
#[derive(Default)]
struct Used<'s> {
    receivers: BTreeSet<&'s str>,
    schedules: BTreeSet<&'s str>,
    intervals: BTreeSet<&'s str>,
}

impl<'s> Used<'s> {
    fn read(&mut self, source: &'s PolicySource) {
        self.route(&source.route);
        for rule in source.escalation_policies.iter().flat_map(|policy| &policy.escalation_rules) {
            self.rule(rule);
        }
        for priority in source.priorities.values() {
            self.times(&priority.active_time_intervals);
            self.times(&priority.mute_time_intervals);
        }
        for window in &source.maintenance_windows {
            self.times(&window.time_intervals);
        }
        for remediation in &source.remediations {
            self.times(&remediation.blackout);
        }
    }

    fn times(&mut self, names: &'s [String]) {
        self.intervals.extend(names.iter().map(String::as_str));
    }

    fn route(&mut self, route: &'s RouteSource) {
        self.receivers.extend(route.receiver.as_deref());
        self.times(&route.active_time_intervals);
        self.times(&route.mute_time_intervals);
        // The tree was compiled, so it is not too deep for this.
        for below in &route.routes {
            self.route(below);
        }
    }

    fn rule(&mut self, rule: &'s EscalationRuleSource) {
        self.times(&rule.active_time_intervals);
        self.times(&rule.mute_time_intervals);
        for target in &rule.targets {
            match target.kind {
                TargetKind::Schedule => drop(self.schedules.insert(&target.id)),
                TargetKind::Receiver => drop(self.receivers.insert(&target.id)),
                TargetKind::User => {}
            }
        }
    }
}
