//! Does a P1 wake somebody, at any hour?

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Warning;
use super::reach::Tree;
use crate::policy::source::PolicySource;
use crate::policy::{Channel, Class, EscalationRule, Policy, TargetKind, TargetSource};
use crate::priority::Priority;
use crate::span::Span;

/// How far ahead hours without anybody on call are looked for.
const LOOK_AHEAD: Span = Span::days(90);

pub(super) fn lint(source: &PolicySource, policy: &Policy, tree: &Tree<'_>, now: Timestamp, warnings: &mut Vec<Warning>) {
    only_chat(policy, tree, warnings);
    muted(policy, tree, warnings);
    nobody(source, policy, now, warnings);
}

/// Told once for each receiver, at the first route from which a P1 comes to it.
fn only_chat(policy: &Policy, tree: &Tree<'_>, warnings: &mut Vec<Warning>) {
    let mut told = BTreeSet::new();
    for node in &tree.nodes {
        let name = node.route.settings.receiver.as_str();
        if !told.contains(name) && node.may_end_of(Priority::P1) && !wakes(policy, name) {
            told.insert(name);
            warnings.push(Warning::new(
                "p1-only-chat",
                &node.path,
                format!(
                    "a P1 may end here, and neither receiver `{name}` nor anybody whom it escalates to has a channel of the \
                     class `page` that P1 uses: it wakes nobody; give it one, or an `escalation_policy` that reaches somebody"
                ),
            ));
        }
    }
}

/// Whether a P1 for this receiver wakes somebody, now or after some rules.
fn wakes(policy: &Policy, receiver: &str) -> bool {
    let rules = policy.rules(Priority::P1);
    let Some(receiver) = policy.receivers.get(receiver).filter(|_| rules.channels.contains(&Class::Page)) else { return false };
    let climb =
        receiver.escalation_policy.as_ref().filter(|_| rules.escalate).and_then(|name| policy.escalation_policies.get(name));
    has(&receiver.channels, &[Class::Page])
        || climb.is_some_and(|climb| climb.rules.iter().any(|rule| reaches(policy, rule, &[Class::Page])))
}

fn has(channels: &[Channel], classes: &[Class]) -> bool {
    channels.iter().any(|channel| classes.contains(&channel.class))
}

/// Whether a rule can reach anybody by one of these ways.
pub(super) fn reaches(policy: &Policy, rule: &EscalationRule, classes: &[Class]) -> bool {
    rule.targets.iter().any(|target| target_reached(policy, target, classes))
}

fn target_reached(policy: &Policy, target: &TargetSource, classes: &[Class]) -> bool {
    let person = |id: &String| policy.users.get(id).is_some_and(|user| has(&user.channels, classes));
    match target.kind {
        TargetKind::User => person(&target.id),
        TargetKind::Receiver => policy.receivers.get(&target.id).is_some_and(|receiver| has(&receiver.channels, classes)),
        TargetKind::Schedule => policy.schedules.get(&target.id).is_some_and(|schedule| {
            schedule.layers.iter().flat_map(|layer| &layer.users).any(person)
                || schedule.overrides.iter().any(|exception| person(&exception.user))
        }),
    }
}

fn muted(policy: &Policy, tree: &Tree<'_>, warnings: &mut Vec<Warning>) {
    const WHY: &str = "what matters most would wait unheard; mute less urgent priorities only";
    if !policy.rules(Priority::P1).muting.is_empty() {
        let message = format!("P1 has times at which nobody is told of it: {WHY}");
        warnings.push(Warning::new("mute-hides-p1", "priorities.P1", message));
    }
    for node in tree.nodes.iter().filter(|node| !node.route.settings.muting.is_empty() && node.may_end_of(Priority::P1)) {
        let message = format!(
            "a P1 may end at this route, which has times at which nobody is told: {WHY}, or take P1 by a route of its own above it"
        );
        warnings.push(Warning::new("mute-hides-p1", &node.path, message));
    }
}

fn nobody(source: &PolicySource, policy: &Policy, now: Timestamp, warnings: &mut Vec<Warning>) {
    let rules = policy.escalation_policies.values().flat_map(|climb| &climb.rules);
    let used: BTreeSet<&str> = rules
        .flat_map(|rule| &rule.targets)
        .filter(|target| target.kind == TargetKind::Schedule)
        .map(|target| target.id.as_str())
        .collect();
    for (n, name) in source.schedules.iter().map(|schedule| schedule.name.as_str()).enumerate() {
        let Some(schedule) = policy.schedules.get(name).filter(|_| used.contains(name)) else { continue };
        let gaps = schedule.gaps(now, LOOK_AHEAD.after(now));
        let Some((from, until)) = gaps.first().copied() else { continue };
        let all = gaps.iter().map(|(from, until)| Span::between(*from, *until).as_millis()).sum();
        let local = |at: Timestamp| at.to_zoned(schedule.time_zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        let zone = &source.schedules[n].time_zone;
        warnings.push(Warning::new(
            "nobody-on-call",
            format!("schedules[{n}]"),
            format!(
                "nobody is on call in `{name}` from {} to {} ({zone}), and for {} h of the next 90 days in all: whoever comes \
                 next in the escalation policy is called instead, or only the failsafe; add a layer or an override",
                local(from),
                local(until),
                Span::millis(all).as_seconds().div_ceil(3_600),
            ),
        ));
    }
}
