//! What holds back what, and what does not.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::law::law;
use crate::policy::Policy;

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

/// A policy with these services, and what of it holds back an alert while another
/// fires: `api/P2` is a P2 of the service api.
fn held_by_dependency(services: &Value, more: &Value, rows: &[(&str, &str, &[&str])]) {
    let mut content = json!({"route": {"receiver": "all"}, "receivers": [{"name": "all"}], "services": services});
    content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let policy = Policy::check(&content).unwrap_or_else(|problems| panic!("{problems}"));
    let labels = |alert: &str| -> Labels {
        let (service, priority) = alert.split_once('/').unwrap();
        [("service", service), ("priority", priority)].into_iter().collect()
    };
    for (fires, symptom, rules) in rows {
        let wanted: Vec<String> =
            rules.iter().map(|rule| format!("inhibited by rule `{rule}`: its cause is {}", labels(fires))).collect();
        assert_eq!(inhibited(&policy.inhibit_rules, &labels(symptom), &[labels(fires)]), wanted, "{fires} and {symptom}");
    }
}

#[test]
fn what_depends_on_a_service_with_a_p1_is_held_back_if_it_is_less_urgent() {
    let services = json!([
        {"name": "web", "depends_on": ["api"]}, {"name": "api", "depends_on": ["database"]},
        {"name": "database", "depends_on": ["disk.1"]}, {"name": "disk.1"}, {"name": "mail"}]);
    held_by_dependency(
        &services,
        &json!({}),
        &[
            ("database/P1", "api/P2", &["what depends on database"]),
            ("database/P1", "web/P4", &["what depends on database"]),
            ("api/P1", "web/P2", &["web depends on api"]),
            ("disk.1/P1", "web/P3", &["what depends on disk.1"]),
            ("disk-1/P1", "web/P3", &[]),
            ("database/P1", "api/P1", &[]),
            ("database/P2", "api/P3", &[]),
            ("database/P1", "mail/P2", &[]),
            ("database/P1", "database/P2", &[]),
            ("api/P1", "database/P2", &[]),
        ],
    );
    let off = json!({"dependencies": {"hold_symptoms": false}});
    held_by_dependency(&services, &off, &[("database/P1", "api/P2", &[])]);
}

#[test]
fn older_matchers_hold_back_like_the_newer_ones() {
    let rule = json!({"inhibit_rules": [{"name": "old",
        "source_match": {"priority": "P1"}, "source_match_re": {"service": "d.*"},
        "target_match": {"service": "api"}, "target_match_re": {"priority": "P[23]"}}]});
    held_by_dependency(
        &json!([]),
        &rule,
        &[
            ("db/P1", "api/P2", &["old"]),
            ("db/P2", "api/P2", &[]),
            ("web/P1", "api/P2", &[]),
            ("db/P1", "web/P2", &[]),
            ("db/P1", "api/P4", &[]),
        ],
    );
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
    fn whoever_knows_all_alerts_and_whoever_looks_under_keys_agree(
        source in "[ab](=|!=)[12]", target in "[ab](=|!=)[12]", equal in proptest::bool::ANY,
        symptom in any_pairs(), firing in proptest::collection::vec(any_pairs(), 0..4),
    ) {
        let rules = [rule(&source, &target, if equal { &["c"] } else { &[] })];
        let symptom: Labels = symptom.into_iter().collect();
        let firing: Vec<Labels> = firing.into_iter().map(|pairs| pairs.into_iter().collect()).collect();
        let incidents = ["000-000-001", "000-000-002", "000-000-003"];
        let noted: Vec<Causes> = firing
            .iter()
            .zip(incidents)
            .flat_map(|(labels, incident)| as_source(&rules, labels).into_iter().map(move |part| (part, incident)))
            .map(|(part, incident)| Causes { key: part.key, incidents: [(incident.parse().unwrap(), !part.both_sides)].into() })
            .collect();
        let by_key = as_target(&rules, &symptom).iter().any(|part| cause(part, &noted).is_some());
        prop_assert_eq!(!inhibited(&rules, &symptom, &firing).is_empty(), by_key);
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
