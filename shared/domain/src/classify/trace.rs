//! Which rules were looked at, and what became of each?

use serde::Serialize;

use super::{ClassifyRule, Findings, Layer};
use crate::alert::Alert;
use crate::explain::Mismatch;
use crate::policy::Policy;

/// A classification rule that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleSeen {
    /// Its name.
    pub name: String,
    /// The first condition that was not fulfilled; none if the rule matched.
    pub failed: Option<Mismatch>,
    /// What it set.
    pub sets: Vec<String>,
    /// What it would set, but that a rule before it had set.
    pub leaves: Vec<String>,
}

/// The rules in order, and what they say in *because*. A rule sees what those
/// before it have set.
pub(crate) fn rules_seen(policy: &Policy, alert: &Alert) -> (Vec<RuleSeen>, Vec<String>) {
    let mut findings = Findings { labels: alert.labels.clone(), ..Findings::default() };
    let seen = |rule: &ClassifyRule| {
        let failed = Mismatch::first(&rule.matchers, &findings.labels);
        let (mut sets, mut leaves) = (Vec::new(), Vec::new());
        if failed.is_none() {
            let had_runbook = findings.runbook.is_some();
            sets = findings.apply(rule);
            if let Some(runbook) = &rule.set.runbook {
                if had_runbook { &mut leaves } else { &mut sets }.push(format!("runbook {runbook}"));
            }
            leaves.extend(wanted(rule).into_iter().filter(|set| !sets.contains(set)));
        }
        RuleSeen { name: rule.name.clone(), failed, sets, leaves }
    };
    let rules = policy.classify.iter().map(seen).collect();
    (rules, findings.because)
}

/// What a rule says, in the words in which it is told what it set.
fn wanted(rule: &ClassifyRule) -> Vec<String> {
    let set = &rule.set;
    let layer = set.layer.map(Layer::label);
    let fixed = [("team", set.team.as_deref()), ("service", set.service.as_deref()), ("layer", layer)];
    let fixed = fixed.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let free = set.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let labels = fixed.chain(free).map(|(name, value)| format!("{name} {value}"));
    let remediation = set.remediation.iter().map(|name| format!("remediation {name}"));
    set.priority.map(|priority| priority.to_string()).into_iter().chain(remediation).chain(labels).collect()
}
