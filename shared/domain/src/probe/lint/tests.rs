//! What is probably not meant is told, and what is allowed is not.

use serde_json::{Value, json};

use super::*;

fn told(content: &Value) -> Vec<String> {
    let (_, warnings) = Probes::check_with_warnings(content).unwrap_or_else(|problems| panic!("{problems}"));
    warnings.iter().map(|warning| format!("{} {}", warning.id, warning.path)).collect()
}

/// A file of which nothing is told, with its flow's steps and something else.
fn file(steps: Value, key: &str, value: Value) -> Value {
    let mut content = json!({"flows": [{"id": "f"}]});
    content["flows"][0]["steps"] = steps;
    content[key] = value;
    content
}

fn flow(key: &str, value: Value) -> Value {
    let mut content = json!({"flows": [{"id": "f", "steps": [{"get": "https://a.example/", "expect": ["status == 200"]}]}]});
    content["flows"][0][key] = value;
    content
}

fn step(step: Value) -> Value {
    let mut content = json!({"secrets": {"s": "secretsmanager:s"}, "flows": [{"id": "f", "steps": [null,
        {"get": "https://a.example/${secret.s}", "expect": ["status == 200"]}]}]});
    content["flows"][0]["steps"][0] = step;
    content
}

#[test]
fn what_is_probably_not_meant_is_told_at_its_place() {
    let none = json!([]);
    for (content, wanted) in [
        (flow("alert", json!({"failures": 2})), &[][..]),
        (flow("alert", json!({"failures": 1, "of": 1})), &["page-on-one-failure flows[0].alert"]),
        (
            file(json!([{"tls": "a.example"}]), "defaults", json!({"alert": {"failures": 1}})),
            &["page-on-one-failure defaults.alert"],
        ),
        (flow("regions", json!({"run": ["eu-west-1"], "quorum": 1})), &[]),
        (flow("regions", json!({"run": ["eu-west-1", "us-east-1"], "quorum": 1})), &["quorum-of-one flows[0].regions.quorum"]),
        (file(json!([{"get": "https://a.example/"}]), "control", none.clone()), &["expects-nothing flows[0].steps"]),
        (file(json!([{"tcp": "a.example:1", "send": "x"}]), "control", none.clone()), &["expects-nothing flows[0].steps"]),
        (file(json!([{"tcp": "a.example:1"}]), "control", none.clone()), &[]),
        (file(json!([{"tls": "a.example"}]), "control", none), &[]),
        (step(json!({"get": "https://a.example/", "verify_tls": false})), &["tls-not-verified flows[0].steps[0].verify_tls"]),
        (step(json!({"get": "http://a.example/${secret.s}"})), &["secret-in-clear flows[0].steps[0]"]),
        (step(json!({"websocket": "ws://a.example/", "send": "${secret.s}"})), &["secret-in-clear flows[0].steps[0]"]),
        (step(json!({"tcp": "a.example:1", "send": "${secret.s}"})), &["secret-in-clear flows[0].steps[0]"]),
        (step(json!({"get": "http://localhost:80/${secret.s}"})), &[]),
        (step(json!({"get": "http://a.example/"})), &[]),
        (
            step(json!({"get": "https://a.example/", "headers": {"authorization": "Bearer abc"}})),
            &["credential-in-file flows[0].steps[0].headers.authorization"],
        ),
        (step(json!({"get": "https://a.example/", "headers": {"authorization": "Bearer ${secret.s}"}})), &[]),
        (
            step(json!({"get": "https://a.example/", "capture": {"x": {"header": "X"}}})),
            &["capture-unused flows[0].steps[0].capture.x"],
        ),
        (file(json!([{"tls": "a.example"}]), "secrets", json!({"s": "secretsmanager:s"})), &["secret-unused secrets.s"]),
        (flow("allow_cidrs", json!(["10.0.0.0/8", "169.254.0.0/16"])), &["metadata-reachable flows[0].allow_cidrs[1]"]),
        (
            file(json!([{"tls": "a.example"}]), "defaults", json!({"allow_cidrs": ["169.254.169.254/32"]})),
            &["metadata-reachable defaults.allow_cidrs[0]"],
        ),
        (file(json!([{"tls": "a.example"}]), "budget_dollars_per_month", json!(0.5)), &["over-budget budget_dollars_per_month"]),
        (file(json!([{"tls": "a.example"}]), "budget_dollars_per_month", json!(20)), &[]),
    ] {
        assert_eq!(told(&content), wanted, "{content}");
    }
}

#[test]
fn a_captured_value_is_used_by_an_expectation_too_and_secret_in_clear_for_ever() {
    let content = json!({"flows": [{"id": "f", "steps": [
        {"get": "https://a.example/", "capture": {"x": {"header": "X", "secret": true}}},
        {"get": "http://a.example/", "expect": ["header y == \"${x}\""]}]}]});
    assert!(told(&content).is_empty(), "it is compared, and not sent: {:?}", told(&content));
    let content = json!({"flows": [{"id": "f", "steps": [
        {"get": "https://a.example/", "capture": {"x": {"header": "X", "secret": true}}, "expect": ["status == 200"]},
        {"get": "http://a.example/${x}"}]}]});
    assert_eq!(told(&content), ["secret-in-clear flows[0].steps[1]"]);
}

#[test]
fn what_is_allowed_is_not_told_and_an_allowance_of_nothing_is() {
    let allowing = |warning: &str, at: &str| {
        let mut content = flow("alert", json!({"failures": 1}));
        content["allow_warnings"] = json!([{"warning": warning, "at": at, "because": "it is a test"}]);
        told(&content)
    };
    assert!(allowing("page-on-one-failure", "flows[0]").is_empty());
    assert_eq!(
        allowing("page-on-one-failure", "flows[1]"),
        ["page-on-one-failure flows[0].alert", "allowance-unused allow_warnings[0]"]
    );
}

#[test]
fn kinds_are_in_the_order_of_their_names() {
    assert!(KINDS.windows(2).all(|pair| pair[0].id < pair[1].id));
    assert!(KINDS.iter().all(|kind| kind.id.len() + kind.meaning.len() < 76));
}
