//! Is somebody called in time?

use std::collections::BTreeSet;

use super::Warning;
use super::people::reaches;
use super::reach::{Node, Tree, equal};
use crate::policy::{EscalationPolicy, Mode, Policy};
use crate::priority::Priority;
use crate::span::Span;

/// Told once for each priority and receiver, at the first route where it is so.
pub(super) fn lint(policy: &Policy, tree: &Tree<'_>, warnings: &mut Vec<Warning>) {
    let mut told = BTreeSet::new();
    for node in &tree.nodes {
        for priority in Priority::ALL {
            let receiver = node.route.settings.receiver.as_str();
            if !told.contains(&(priority, receiver))
                && node.may_end_of(priority)
                && let Some(message) = too_late(policy, node, priority)
            {
                told.insert((priority, receiver));
                warnings.push(Warning::new("page-after-acknowledge-within", &node.path, message));
            }
        }
    }
}

fn too_late(policy: &Policy, node: &Node<'_>, priority: Priority) -> Option<String> {
    let rules = policy.rules(priority);
    let within = rules.acknowledge_within.filter(|_| rules.escalate)?;
    let climb = policy.receivers.get(&node.route.settings.receiver)?.escalation_policy.as_ref()?;
    let climb = policy.escalation_policies.get(climb)?;
    let rungs = until_somebody(policy, climb, priority)?;
    // The wait for a recovery runs from the first that is heard of the alert, the
    // others from the opening on: at the latest the longest one counts.
    let mut waits = vec![("group_wait", node.route.settings.group_wait)];
    waits.extend(policy.noise.self_recovery.get(&priority).map(|span| ("self_recovery", *span)));
    if rules.wait_for_remediation {
        waits.extend(hold(policy, node, priority).map(|span| ("a remediation's hold", span)));
    }
    let (what, longest) = waits.into_iter().max_by_key(|(_, span)| *span)?;
    let all = Span::millis(longest.as_millis() + rungs.as_millis());
    if all <= within {
        return None;
    }
    let scale = u64::from(policy.time_scale);
    let real = |span: Span| Span::millis(span.as_millis() * scale).spoken();
    let rungs = if rungs == Span::ZERO { String::new() } else { format!(" and {} of rules that reach nobody", real(rungs)) };
    Some(format!(
        "the first person is called {} after a {priority} opens here ({} of {what}{rungs}), but it should be answered within {}; \
         wait less, or make `priorities.{priority}.acknowledge_within` longer",
        real(all),
        real(longest),
        real(within),
    ))
}

/// How long it takes to come to the first rule that reaches somebody; none if none
/// does.
fn until_somebody(policy: &Policy, climb: &EscalationPolicy, priority: Priority) -> Option<Span> {
    let classes = &policy.rules(priority).channels;
    let first = climb.rules.iter().position(|rule| reaches(policy, rule, classes))?;
    // A rule that reaches nobody is passed at once, unless the policy says otherwise.
    let waited = if climb.skip_empty { &[] } else { &climb.rules[..first] };
    Some(Span::millis(waited.iter().map(|rule| rule.delay.as_millis()).sum()))
}

/// The longest that a remediation may hold the first notification back here.
fn hold(policy: &Policy, node: &Node<'_>, priority: Priority) -> Option<Span> {
    let of_priority = equal("priority", &priority.to_string());
    policy
        .remediations
        .iter()
        .filter(|remediation| remediation.mode == Mode::Act && !remediation.needs_approval(0))
        .filter(|remediation| {
            let conditions: Vec<_> = remediation.matchers.iter().chain(&of_priority).cloned().collect();
            node.may_end(&conditions)
        })
        .map(|remediation| remediation.hold)
        .max()
}
