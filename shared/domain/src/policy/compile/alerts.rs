//! The part about alerts: what they are about, how urgent that is, and when nobody
//! hears of them.

use std::collections::BTreeMap;

use super::Reader;
use crate::classify::{ClassifyRule, Service};
use crate::mute::Muting;
use crate::policy::source::{Class, PrioritySource, WindowRemediation};
use crate::policy::{Flapping, Noise, PriorityRules, Storm, WhenMuted, Window};
use crate::priority::Priority;
use crate::span::Span;

impl Reader<'_> {
    pub(super) fn services(&mut self) -> BTreeMap<String, Service> {
        let names: Vec<String> = self.source.services.iter().map(|service| service.name.clone()).collect();
        let mut services = BTreeMap::new();
        for (n, service) in self.source.services.iter().enumerate() {
            for (m, on) in service.depends_on.iter().enumerate() {
                self.must_be_known("service", on, &names, &format!("services[{n}].depends_on[{m}]"));
            }
            services.insert(service.name.clone(), Service::of(service));
        }
        services
    }

    pub(super) fn classify(&mut self) -> Vec<ClassifyRule> {
        let source = self.source;
        let mut rules = Vec::new();
        for (n, rule) in source.classify.iter().enumerate() {
            let path = format!("classify[{n}]");
            if self.strict && rule.set.labels.contains_key("priority") {
                self.problem(format!("{path}.set.labels.priority"), "this would be overwritten; write `priority` under `set`");
            }
            if let Some(remediation) = &rule.set.remediation {
                let known: Vec<String> = source.remediations.iter().map(|remediation| remediation.name.clone()).collect();
                self.must_be_known("remediation", remediation, &known, &format!("{path}.set.remediation"));
            }
            rules.push(ClassifyRule {
                name: rule.name.clone(),
                matchers: self.matchers(&rule.matchers, &format!("{path}.matchers")),
                set: rule.set.clone(),
            });
        }
        rules
    }

    pub(super) fn windows(&mut self) -> Vec<Window> {
        let source = self.source;
        let mut windows = Vec::new();
        for (n, window) in source.maintenance_windows.iter().enumerate() {
            let path = format!("maintenance_windows[{n}]");
            match (window.starts_at, window.ends_at) {
                (Some(starts), Some(ends)) if ends <= starts => {
                    self.problem(format!("{path}.ends_at"), format!("the window ends at {ends}, before it starts"));
                }
                (None, _) | (_, None) if window.time_intervals.is_empty() => {
                    self.problem(&path, "a window needs `starts_at` and `ends_at`, or `time_intervals` in which it recurs");
                }
                (None | Some(_), None | Some(_)) => {}
            }
            let recurs = self.muting(&window.time_intervals, &[], WhenMuted::Defer, &path);
            if window.matchers.is_empty() {
                self.problem(format!("{path}.matchers"), "a window needs matchers; to cover everything, write alertname=~\".+\"");
            }
            windows.push(Window {
                name: window.name.clone(),
                matchers: self.matchers(&window.matchers, &format!("{path}.matchers")),
                starts_at: window.starts_at,
                ends_at: window.ends_at,
                time_intervals: recurs.active,
                allows_remediation: window.remediation == WindowRemediation::Allow,
            });
        }
        windows
    }

    pub(super) fn noise(&mut self) -> Noise {
        let source = &self.source.noise;
        if let Some(flapping) = &source.flapping {
            if !(3..=20).contains(&flapping.transitions) {
                self.problem("noise.flapping.transitions", "write 3 to 20 changes: that many are remembered of an alert");
            }
            if flapping.within == Span::ZERO {
                self.problem("noise.flapping.within", "0 is no time in which anything can change; write for instance 1h");
            }
        }
        if let Some(storm) = &source.storm {
            if !(3..=1_000).contains(&storm.incidents) {
                self.problem("noise.storm.incidents", "write 3 to 1000 incidents");
            }
            if storm.within == Span::ZERO {
                self.problem("noise.storm.within", "0 is no time in which anything can happen; write for instance 5m");
            }
        }
        let short = |span: Span| span.shortened(self.scale);
        Noise {
            resolve_wait: self.span(source.resolve_wait, Span::minutes(1)),
            linger: self.span(source.linger, Span::minutes(5)),
            self_recovery: source.self_recovery.iter().map(|(priority, span)| (*priority, short(*span))).collect(),
            flapping: source.flapping.as_ref().map(|flapping| Flapping {
                transitions: flapping.transitions,
                within: short(flapping.within),
                quiet: short(flapping.quiet),
            }),
            storm: source.storm.as_ref().map(|storm| Storm {
                incidents: storm.incidents,
                within: short(storm.within),
                by: storm.by.clone(),
            }),
        }
    }

    pub(super) fn priorities(&mut self) -> BTreeMap<Priority, PriorityRules> {
        let none = PrioritySource::default();
        let source = self.source;
        Priority::ALL
            .into_iter()
            .map(|priority| {
                let given = source.priorities.get(&priority).unwrap_or(&none);
                let default = defaults_of(priority);
                let muting = self.muting(
                    &given.active_time_intervals,
                    &given.mute_time_intervals,
                    given.when_muted,
                    &format!("priorities.{priority}"),
                );
                let rules = PriorityRules {
                    channels: given.channels.clone().unwrap_or(default.channels),
                    escalate: given.escalate.unwrap_or(default.escalate),
                    acknowledge_within: given
                        .acknowledge_within
                        .or(default.acknowledge_within)
                        .map(|span| span.shortened(self.scale)),
                    respond_within: given.respond_within.or(default.respond_within).map(|span| span.shortened(self.scale)),
                    wait_for_remediation: given.wait_for_remediation.unwrap_or(default.wait_for_remediation),
                    muting,
                };
                (priority, rules)
            })
            .collect()
    }
}

/// What the severities in common use mean where the policy does not say:
/// critical pages, a warning is handled by the team on duty, information waits.
pub(super) fn severities(given: &BTreeMap<String, Priority>) -> BTreeMap<String, Priority> {
    let mut severities: BTreeMap<String, Priority> =
        [("critical", Priority::P1), ("warning", Priority::P2), ("info", Priority::P4)]
            .map(|(name, p)| (name.to_owned(), p))
            .into();
    severities.extend(given.iter().map(|(name, priority)| (name.clone(), *priority)));
    severities
}

/// What a priority means where the policy does not say.
fn defaults_of(priority: Priority) -> PriorityRules {
    use Class::{Chat, Email, Page, Ticket};
    let rules = |channels: &[Class], escalate, acknowledge, respond, wait| PriorityRules {
        channels: channels.to_vec(),
        escalate,
        acknowledge_within: acknowledge,
        respond_within: respond,
        wait_for_remediation: wait,
        muting: Muting::default(),
    };
    match priority {
        Priority::P1 => rules(&[Page, Email, Chat], true, Some(Span::minutes(5)), Some(Span::minutes(30)), false),
        Priority::P2 => rules(&[Email, Chat], true, Some(Span::minutes(15)), Some(Span::hours(4)), true),
        Priority::P3 => rules(&[Email, Chat], false, None, Some(Span::hours(24)), true),
        Priority::P4 => rules(&[Ticket], false, None, None, true),
    }
}
