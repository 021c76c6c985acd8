//! Does every classification rule set something?

use std::collections::BTreeSet;

use super::Warning;
use super::reach::all_follow;
use crate::classify::ClassifyRule;
use crate::matcher::Matcher;
use crate::policy::Policy;

/// How many rules above another are compared with it.
const NEAREST: usize = 100;
/// Labels that a rule sets under keys of their own.
const LABELS: [&str; 3] = ["team", "service", "layer"];

pub(super) fn lint(policy: &Policy, warnings: &mut Vec<Warning>) {
    for (n, rule) in policy.classify.iter().enumerate() {
        let mut left = keys(rule);
        let mut takers = Vec::new();
        for (m, earlier) in policy.classify[..n].iter().enumerate().skip(n.saturating_sub(NEAREST)) {
            let taken = keys(earlier);
            // Rules between the two may have changed the labels that the first one saw.
            let between = &policy.classify[m + 1..n];
            if !left.is_disjoint(&taken) && is_always_with(earlier, rule) && !is_changed(earlier, between) {
                left.retain(|key| !taken.contains(key));
                takers.push(format!("`{}`", earlier.name));
            }
        }
        if left.is_empty() && !takers.is_empty() {
            warnings.push(Warning::new(
                "rule-shadowed",
                format!("classify[{n}]"),
                format!(
                    "whatever it matches, {} above has set all that it sets, so it has no effect; put it above, \
                     for special rules stand above general ones, or take it out",
                    takers.join(" and ")
                ),
            ));
        }
    }
}

/// Whether `earlier` matches whenever `rule` does.
fn is_always_with(earlier: &ClassifyRule, rule: &ClassifyRule) -> bool {
    let known: Vec<&Matcher> = rule.matchers.iter().filter(|matcher| matcher.name() != "priority").collect();
    // While rules are read, no alert has the priority that it will have.
    let is_of_priority = |matcher: &Matcher| matcher.name() == "priority";
    !earlier.matchers.iter().any(is_of_priority) && all_follow(&earlier.matchers, &known)
}

/// Whether a rule in `between` may set a label that `rule` looks at.
fn is_changed(rule: &ClassifyRule, between: &[ClassifyRule]) -> bool {
    let set: BTreeSet<String> = between.iter().flat_map(keys).collect();
    rule.matchers.iter().any(|matcher| set.contains(matcher.name()))
}

/// What a rule sets: labels by their names, the rest by names that no label has.
fn keys(rule: &ClassifyRule) -> BTreeSet<String> {
    let set = &rule.set;
    let labels = [set.team.is_some(), set.service.is_some(), set.layer.is_some()];
    let others = [
        ("(priority)", set.priority.is_some()),
        ("(runbook)", set.runbook.is_some()),
        ("(remediation)", set.remediation.is_some()),
    ];
    let fixed = LABELS.into_iter().zip(labels).chain(others).filter(|(_, is_set)| *is_set).map(|(key, _)| key.to_owned());
    fixed.chain(set.labels.keys().cloned()).collect()
}
