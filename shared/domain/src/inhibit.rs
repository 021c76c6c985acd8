//! What is a symptom of what? Alertmanager's inhibition.
//!
//! Whether a cause is firing must be known without reading all alerts. So an
//! incident whose alert can be a cause notes so under a key made of the rule and
//! the values of its `equal` labels; a possible symptom looks under the same key.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::alert::digest;
use crate::id::IncidentId;
use crate::labels::Labels;
use crate::matcher::{Matcher, all_match, show};
use crate::priority::Priority;

/// One rule.
#[derive(Debug, Clone)]
pub struct InhibitRule {
    /// For people.
    pub name: String,
    source: Vec<Matcher>,
    target: Vec<Matcher>,
    equal: Vec<String>,
    id: String,
}

/// Where causes of one rule with the same `equal` values are noted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceKey(String);

impl SourceKey {
    /// 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The open incidents with a firing cause, under one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Causes {
    /// The key.
    pub key: SourceKey,
    /// The incidents; true for one with a cause that is not a possible symptom
    /// of the same rule as well.
    pub incidents: BTreeMap<IncidentId, bool>,
}

/// An alert's part in a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The rule's name.
    pub rule: String,
    /// Where causes are noted.
    pub key: SourceKey,
    /// Whether the alert matches both sides of the rule.
    pub both_sides: bool,
}

impl InhibitRule {
    pub(crate) fn new(name: Option<String>, source: Vec<Matcher>, target: Vec<Matcher>, equal: Vec<String>) -> InhibitRule {
        let shown = format!("{} holds back {}", show(&source), show(&target));
        let id = digest(format!("{shown} equal {}", equal.join(",")).as_bytes());
        InhibitRule { name: name.unwrap_or(shown), source, target, equal, id }
    }

    /// While the service `on` has an open P1, the services `names`, which depend on
    /// it, are held back with what is less urgent.
    pub(crate) fn of_dependency(on: &str, names: &BTreeSet<String>) -> InhibitRule {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let name = match names.as_slice() {
            [name] => format!("{name} depends on {on}"),
            _ => format!("what depends on {on}"),
        };
        let p1 = Priority::P1.to_string();
        let source = vec![Matcher::one_of("service", false, &[on]), Matcher::one_of("priority", false, &[&p1])];
        let target = vec![Matcher::one_of("service", false, &names), Matcher::one_of("priority", true, &[&p1])];
        InhibitRule::new(Some(name), source, target, Vec::new())
    }

    fn key(&self, labels: &Labels) -> SourceKey {
        let mut text = self.id.clone();
        for name in &self.equal {
            text.push('\n');
            text.push_str(labels.get(name));
        }
        SourceKey(digest(text.as_bytes()))
    }

    fn part(&self, labels: &Labels) -> Part {
        Part {
            rule: self.name.clone(),
            key: self.key(labels),
            both_sides: all_match(&self.source, labels) && all_match(&self.target, labels),
        }
    }
}

/// The rules in which an alert with these labels is a possible cause.
pub fn as_source(rules: &[InhibitRule], labels: &Labels) -> Vec<Part> {
    rules.iter().filter(|rule| all_match(&rule.source, labels)).map(|rule| rule.part(labels)).collect()
}

/// The rules in which an alert with these labels is a possible symptom.
pub fn as_target(rules: &[InhibitRule], labels: &Labels) -> Vec<Part> {
    rules.iter().filter(|rule| all_match(&rule.target, labels)).map(|rule| rule.part(labels)).collect()
}

/// The cause, if any, that holds back the alert with this part: an alert that
/// matches both sides is held back only by one that does not.
pub fn cause<'c>(part: &Part, causes: &'c [Causes]) -> Option<&'c IncidentId> {
    causes
        .iter()
        .filter(|causes| causes.key == part.key)
        .flat_map(|causes| &causes.incidents)
        .find(|(_, one_sided)| **one_sided || !part.both_sides)
        .map(|(incident, _)| incident)
}

/// Why an alert with these labels is held back while alerts with the labels `firing`
/// are: a sentence for each rule that does so. For whoever knows of all alerts; who
/// does not, looks under keys.
pub fn inhibited(rules: &[InhibitRule], labels: &Labels, firing: &[Labels]) -> Vec<String> {
    let mut because = Vec::new();
    for rule in rules.iter().filter(|rule| all_match(&rule.target, labels)) {
        let is_cause_too = all_match(&rule.source, labels);
        let cause = firing.iter().find(|cause| {
            all_match(&rule.source, cause)
                && rule.equal.iter().all(|name| cause.get(name) == labels.get(name))
                && !(is_cause_too && all_match(&rule.target, cause))
        });
        if let Some(cause) = cause {
            because.push(format!("inhibited by rule `{}`: its cause is {cause}", rule.name));
        }
    }
    because
}

#[cfg(test)]
mod tests;
