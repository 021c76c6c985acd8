//! Every kind of mistake is told with its place, its reason and what was probably
//! meant.

pub(crate) mod mistakes;
mod routing;

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Outline, Policy, Problems, SIZE_MAX, version_of};
use crate::priority::Priority;
use crate::span::Span;

/// A policy with something of everything.
fn good() -> Value {
    json!({
        "services": [{"name": "api", "depends_on": ["database"]}, {"name": "database"}],
        "severities": {"critical": "P1"},
        "classify": [{"name": "hot", "matchers": ["alertname=hot"], "set": {"priority": "P1", "layer": "application"}}],
        "route": {"receiver": "everyone", "group_by": ["alertname"], "routes": [
            {"matchers": ["team=api"], "receiver": "api-team", "group_wait": "10s"}]},
        "inhibit_rules": [{"source_matchers": ["a=b"], "target_matchers": ["c=d"]}],
        "maintenance_windows": [{"name": "move", "matchers": ["a=b"],
            "starts_at": "2026-12-05T20:00:00Z", "ends_at": "2026-12-05T23:00:00Z"}],
        "noise": {"resolve_wait": "1m"},
        "priorities": {"P1": {"channels": ["page"], "escalate": true}},
        "receivers": [
            {"name": "everyone", "escalation_policy": "climb", "sns_configs": [{"topic": "ops"}]},
            {"name": "api-team", "slack_configs": [{"secret": "slack", "fallback_topic": "ops"}]}],
        "users": [{"id": "aiko", "contact_methods": [{"class": "page", "topic": "aiko"}]}, {"id": "ben"}],
        "schedules": [{"name": "primary", "time_zone": "Asia/Tokyo",
            "schedule_layers": [{"name": "rota", "start": "2026-01-05T10:00:00", "rotation": "weekly", "users": ["aiko", "ben"]}],
            "overrides": [{"user": "ben", "start": "2026-02-01T00:00:00Z", "end": "2026-02-02T00:00:00Z"}]}],
        "escalation_policies": [{"name": "climb", "escalation_rules": [
            {"escalation_delay_in_minutes": 30, "targets": [{"type": "schedule", "id": "primary"}, {"type": "user", "id": "ben"}]}]}],
        "remediations": [{"name": "mend", "matchers": ["a=b"], "action": "ecs-scale-out", "mode": "act",
            "parameters": {"add_percent": 50}, "limits": {"per_hour": 4}}],
    })
}

/// Puts `value` at a path such as `receivers[0].name`, or takes away what is
/// there.
pub(crate) fn put(content: &mut Value, path: &str, value: Option<Value>) {
    let steps: Vec<String> = path.replace('[', ".[").split('.').map(str::to_owned).collect();
    let (last, above) = steps.split_last().unwrap();
    let holder = above.iter().fold(content, |at, step| match step.strip_prefix('[') {
        Some(n) => &mut at[n.trim_end_matches(']').parse::<usize>().unwrap()],
        None => &mut at[step.as_str()],
    });
    match (holder, value) {
        (Value::Object(map), Some(value)) => drop(map.insert(last.clone(), value)),
        (Value::Object(map), None) => drop(map.remove(last)),
        (Value::Array(items), Some(value)) => items[last[1..last.len() - 1].parse::<usize>().unwrap()] = value,
        (holder, value) => panic!("{path}: cannot put {value:?} into {holder}"),
    }
}

/// `content` as a person would write it.
pub(crate) fn yaml(content: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match content {
        Value::Object(map) => {
            for (n, (key, value)) in map.iter().enumerate() {
                if n > 0 || !out.ends_with("- ") {
                    out.push_str(&pad);
                }
                out.push_str(key);
                out.push(':');
                nested(value, indent, out);
            }
        }
        Value::Array(list) => {
            for value in list {
                out.push_str(&pad);
                out.push_str("- ");
                match value {
                    Value::Object(map) if !map.is_empty() => yaml(value, indent + 2, out),
                    other => writeln!(out, "{other}").unwrap(),
                }
            }
        }
        scalar => writeln!(out, "{pad}{scalar}").unwrap(),
    }
}

fn nested(value: &Value, indent: usize, out: &mut String) {
    let is_block = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if is_block {
        out.push('\n');
        yaml(value, indent + 2, out);
    } else {
        writeln!(out, " {value}").unwrap();
    }
}

fn refused(content: &Value) -> Problems {
    Policy::check(content).expect_err("it should be refused")
}

#[test]
fn the_good_policy_is_good_and_loads_as_it_was_checked() {
    let content = good();
    let policy = Policy::check(&content).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(policy.version, Policy::load(&content).unwrap().version);
    assert_eq!(policy.version, version_of(&content));
    assert_eq!(policy.version.len(), 32);
    let mut changed = content;
    put(&mut changed, "noise.resolve_wait", Some(json!("2m")));
    assert_ne!(policy.version, version_of(&changed));
}

#[test]
fn what_the_policy_does_not_say_has_a_default() {
    let policy = Policy::check(&json!({"route": {"receiver": "all"}, "receivers": [{"name": "all"}]})).unwrap();
    assert_eq!((policy.noise.resolve_wait, policy.noise.linger), (Span::minutes(1), Span::minutes(5)));
    let rules = |priority| {
        let rules = policy.rules(priority);
        (rules.channels.len(), rules.escalate, rules.acknowledge_within, rules.respond_within, rules.wait_for_remediation)
    };
    assert_eq!(rules(Priority::P1), (3, true, Some(Span::minutes(5)), Some(Span::minutes(30)), false));
    assert_eq!(rules(Priority::P2), (2, true, Some(Span::minutes(15)), Some(Span::hours(4)), true));
    assert_eq!(rules(Priority::P3), (2, false, None, Some(Span::hours(24)), true));
    assert_eq!(rules(Priority::P4), (1, false, None, None, true));
    assert_eq!(policy.severities["critical"], Priority::P1);
}

#[test]
fn a_drill_shortens_waiting_times_but_not_the_age_of_events() {
    let mut content = good();
    put(&mut content, "time_scale", Some(json!(60)));
    let policy = Policy::check(&content).unwrap();
    assert_eq!(policy.noise.resolve_wait, Span::seconds(1));
    assert_eq!(policy.escalation_policies["climb"].rules[0].delay, Span::seconds(30));
    assert_eq!(policy.rules(Priority::P1).acknowledge_within, Some(Span::seconds(5)));
    let mend = policy.remediation("mend").unwrap();
    assert_eq!((mend.hold, mend.limits.cooldown), (Span::seconds(5), Span::seconds(30)));
    assert_eq!(mend.max_event_age, Span::minutes(15));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mut content = good();
    for (path, value) in [("route.receiver", "evryone"), ("users[1].id", "b n"), ("schedules[0].time_zone", "Mars")] {
        put(&mut content, path, Some(json!(value)));
    }
    let problems = refused(&content);
    let paths: Vec<&str> = problems.0.iter().map(|problem| problem.path.as_str()).collect();
    for path in ["route.receiver", "users[1].id", "schedules[0].time_zone", "schedules[0].schedule_layers[0].users[1]"] {
        assert!(paths.contains(&path), "{path} is not among {paths:?}");
    }
}

#[test]
fn a_policy_that_is_too_large_to_store_is_refused() {
    let mut content = good();
    put(&mut content, "services[0].runbook", Some(json!("x".repeat(SIZE_MAX))));
    assert!(refused(&content).to_string().contains("at most 380000 can be stored"));
}

#[test]
fn what_was_in_force_before_an_update_still_loads() {
    for (path, value) in [
        ("classify[0].matchers", json!(["a=~\"x)|(y\""])),
        ("classify[0].set.labels", json!({"priority": "P1"})),
        ("services[1].depends_on", json!(["api"])),
        ("route.continue", json!(true)),
        ("route.group_by", json!(["...", "team"])),
        ("inhibit_rules[0]", json!({})),
    ] {
        let mut content = good();
        put(&mut content, path, Some(value));
        assert_eq!(refused(&content).0.len(), 1, "{path}");
        assert!(Policy::load(&content).is_ok(), "{path}");
    }
}

#[test]
fn a_policy_whose_tests_cannot_be_run_is_refused_and_stays_in_force_if_it_was() {
    let mut content = good();
    let test = json!({"name": "t", "at": "2026-06-01T00:00:00Z", "steps": [{"alarm": {"alertname": "hot"}}],
        "expect": [{"after": "0s", "kind": "opned"}]});
    put(&mut content, "tests", Some(json!([test])));
    let said = refused(&content).to_string();
    assert!(said.starts_with("tests[0].expect[0].kind: ") && said.contains("did you mean `opened`?"), "{said}");
    assert!(Policy::load(&content).is_ok());
}
