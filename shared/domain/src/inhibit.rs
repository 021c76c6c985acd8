//! What is a symptom of what? Alertmanager's inhibition.
//!
//! Whether a cause is firing must be known without reading all alerts. So an
//! incident whose alert can be a cause notes so under a key made of the rule and
//! the values of its `equal` labels; a possible symptom looks under the same key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alert::digest;
use crate::id::IncidentId;
use crate::labels::Labels;
use crate::matcher::{Matcher, all_match, show};

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::law::law;

    fn rule(source: &str, target: &str, equal: &[&str]) -> InhibitRule {
        InhibitRule::new(
            None,
            Matcher::parse_list(source).unwrap(),
            Matcher::parse_list(target).unwrap(),
            equal.iter().map(|name| (*name).to_owned()).collect(),
        )
    }

    fn held(rule: &InhibitRule, source: &[(&str, &str)], target: &[(&str, &str)]) -> bool {
        let rules = std::slice::from_ref(rule);
        let incident: IncidentId = "000-000-001".parse().unwrap();
        let noted: Vec<Causes> = as_source(rules, &source.iter().copied().collect())
            .into_iter()
            .map(|part| Causes { key: part.key, incidents: [(incident.clone(), !part.both_sides)].into() })
            .collect();
        as_target(rules, &target.iter().copied().collect()).iter().any(|part| cause(part, &noted).is_some())
    }

    #[test]
    fn a_symptom_is_held_while_its_cause_fires() {
        let by_service = rule("priority=P1", "priority=~\"P2|P3\"", &["service"]);
        assert!(held(&by_service, &[("priority", "P1"), ("service", "db")], &[("priority", "P2"), ("service", "db")]));
        assert!(!held(&by_service, &[("priority", "P1"), ("service", "db")], &[("priority", "P2"), ("service", "api")]));
        assert!(!held(&by_service, &[("priority", "P2"), ("service", "db")], &[("priority", "P2"), ("service", "db")]));
        assert!(held(&by_service, &[("priority", "P1")], &[("priority", "P3")]), "missing on both sides is equal");
    }

    #[test]
    fn what_matches_both_sides_does_not_hold_itself() {
        let same = rule("team=db", "team=db", &[]);
        assert!(!held(&same, &[("team", "db")], &[("team", "db")]));
        let overlapping = rule("team=db", "severity=warning", &[]);
        assert!(held(&overlapping, &[("team", "db")], &[("team", "db"), ("severity", "warning")]));
        assert!(!held(&overlapping, &[("team", "db"), ("severity", "warning")], &[("team", "db"), ("severity", "warning")]));
        assert!(held(&overlapping, &[("team", "db"), ("severity", "warning")], &[("team", "web"), ("severity", "warning")]));
    }

    #[test]
    fn every_label_that_must_be_equal_is_compared() {
        let rule = rule("kind=cause", "kind=symptom", &["service", "region"]);
        for (cause, symptom, wanted) in [
            (&[("service", "a"), ("region", "x")][..], &[("service", "a"), ("region", "x")][..], true),
            (&[("service", "a"), ("region", "x")], &[("service", "a"), ("region", "y")], false),
            (&[("service", "a"), ("region", "x")], &[("service", "b"), ("region", "x")], false),
            (&[("service", "a")], &[("service", "a")], true),
            (&[("service", "a"), ("region", "x")], &[("service", "a")], false),
            (&[("service", "a")], &[("service", "a"), ("region", "x")], false),
            (&[("region", "a")], &[("service", "a")], false),
            (&[], &[], true),
        ] {
            let with = |kind, labels: &[(&'static str, &'static str)]| [labels, &[("kind", kind)]].concat();
            assert_eq!(held(&rule, &with("cause", cause), &with("symptom", symptom)), wanted, "{cause:?} and {symptom:?}");
        }
    }

    #[test]
    fn a_cause_of_one_rule_holds_nothing_back_under_another() {
        let one = rule("kind=cause", "kind=symptom", &[]);
        let other = rule("kind=cause", "kind=other", &[]);
        let labels: Labels = [("kind", "cause")].into_iter().collect();
        let parts = as_source(&[one.clone(), other.clone()], &labels);
        assert_eq!(parts.len(), 2);
        assert_ne!(parts[0].key, parts[1].key);
        assert_eq!(parts[0].rule, r#"{kind="cause"} holds back {kind="symptom"}"#, "a rule without a name shows itself");
        assert!(as_target(&[one, other], &labels).is_empty());
    }

    #[test]
    fn two_alerts_that_match_both_sides_do_not_silence_each_other() {
        let rule = rule("team=db", "team=db", &[]);
        assert!(!held(&rule, &[("team", "db"), ("host", "1")], &[("team", "db"), ("host", "2")]));
    }

    fn any_pairs() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
        proptest::collection::vec((proptest::sample::select(vec!["a", "b", "c"]), proptest::sample::select(vec!["1", "2"])), 0..4)
    }

    proptest! {
        #![proptest_config(law())]

        #[test]
        fn an_alert_never_inhibits_itself(
            source in "[ab](=|!=)[12]", target in "[ab](=|!=)[12]", equal in proptest::bool::ANY, labels in any_pairs(),
        ) {
            let rule = rule(&source, &target, if equal { &["c"] } else { &[] });
            prop_assert!(!held(&rule, &labels, &labels), "{source} holds back {target}: {labels:?}");
        }

        #[test]
        fn only_a_cause_holds_back_and_only_what_is_equal(cause in any_pairs(), symptom in any_pairs()) {
            let rule = rule("a=1", "b=1", &["c"]);
            if held(&rule, &cause, &symptom) {
                let (cause, symptom): (Labels, Labels) = (cause.into_iter().collect(), symptom.into_iter().collect());
                prop_assert_eq!((cause.get("a"), symptom.get("b")), ("1", "1"));
                prop_assert_eq!(cause.get("c"), symptom.get("c"));
            }
        }
    }
}
