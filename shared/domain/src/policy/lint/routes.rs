//! Does every route get something, and does an incident hold what belongs together?

use std::collections::BTreeSet;

use super::Warning;
use super::reach::{Node, Tree, equal};
use crate::classify::Service;
use crate::matcher::Matcher;
use crate::policy::Policy;
use crate::route::GroupBy;

pub(super) fn lint(policy: &Policy, tree: &Tree<'_>, warnings: &mut Vec<Warning>) {
    let mut is_told: Vec<&str> = Vec::new();
    for node in &tree.nodes {
        // What is under a route that gets nothing gets nothing either: said once.
        if !is_told.iter().any(|above| node.path.starts_with(&format!("{above}."))) {
            let n_before = warnings.len();
            never_matches(node, warnings);
            if warnings.len() == n_before {
                shadowed(node, warnings);
            }
            if warnings.len() > n_before {
                is_told.push(&node.path);
                continue;
            }
            merges_services(policy, node, warnings);
        }
    }
}

fn never_matches(node: &Node<'_>, warnings: &mut Vec<Warning>) {
    if node.never() {
        let conditions: Vec<String> =
            node.conditions.iter().map(|matcher| matcher.to_string().chars().take(80).collect()).collect();
        warnings.push(Warning::new(
            "route-never-matches",
            &node.path,
            format!(
                "no alert fulfils all of {} on the way here, so the route gets nothing; correct the matchers or take it out",
                conditions.join(", ")
            ),
        ));
    }
}

fn shadowed(node: &Node<'_>, warnings: &mut Vec<Warning>) {
    if let Some(taker) = node.shadowed_by() {
        warnings.push(Warning::new(
            "route-shadowed",
            &node.path,
            format!(
                "`{taker}` above it matches all that this route does, and has no `continue`, so this route gets nothing; \
                 put it above, or write `continue: true` there"
            ),
        ));
    }
}

fn merges_services(policy: &Policy, node: &Node<'_>, warnings: &mut Vec<Warning>) {
    let names = match &node.route.settings.group_by {
        GroupBy::Labels(names) => names,
        GroupBy::All => return,
    };
    if names.iter().any(|name| name == "service") {
        return;
    }
    let here: Vec<&Service> = policy.services.values().filter(|service| node.may_end(&labels_of(service))).collect();
    let teams: BTreeSet<&str> = here.iter().filter_map(|service| service.team.as_deref()).collect();
    let all: Vec<&str> = here.iter().map(|service| service.name.as_str()).collect();
    let what = if names.is_empty() && all.len() > 1 {
        format!("alerts of {} become one incident, since `group_by` is empty", list(&all))
    } else if teams.len() > 1 && !names.iter().any(|name| name == "team") {
        let teams: Vec<&str> = teams.into_iter().collect();
        format!("alerts of the teams {} can become one incident, since `group_by` lacks `service`", list(&teams))
    } else {
        return;
    };
    warnings.push(Warning::new(
        "group-merges-services",
        &node.path,
        format!("{what}: whoever answers it answers for all of them; add `service` to `group_by`"),
    ));
}

/// What the catalogue says of a service's alerts.
fn labels_of(service: &Service) -> Vec<Matcher> {
    let tier = service.tier.map(|tier| tier.to_string());
    let known = [("service", Some(&service.name)), ("team", service.team.as_ref()), ("tier", tier.as_ref())];
    let environment = service.environment.as_ref();
    let known = known.into_iter().chain([("environment", environment)]);
    known.filter_map(|(name, value)| Some((name, value?))).flat_map(|(name, value)| equal(name, value)).collect()
}

/// Names in a sentence; of many, the first ones.
fn list(names: &[&str]) -> String {
    const MOST: usize = 4;
    let more = names.len().saturating_sub(MOST);
    let shown = names.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
