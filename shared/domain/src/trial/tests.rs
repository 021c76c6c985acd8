use std::fmt::Write as _;

use serde_json::{Value, json};

use super::*;

fn policy() -> Arc<Policy> {
    let content = json!({
        "classify": [
            {"name": "database", "matchers": ["service=\"database\""], "set": {"priority": "P1", "team": "data"}},
            {"name": "books", "matchers": ["service=\"api\""], "set": {"runbook": "https://wiki.example.com/api"}},
            {"name": "all", "set": {"priority": "P2"}},
        ],
        "route": {"receiver": "desk", "group_by": ["service"], "group_wait": "30s", "repeat_interval": "1d", "routes": [
            {"matchers": ["priority=\"P1\""], "receiver": "call", "group_wait": "0s"},
            {"matchers": ["service=\"batch\""]},
        ]},
        "inhibit_rules": [{"name": "its cause", "source_matchers": ["service=\"database\""], "target_matchers": ["service=\"api\""]}],
        "priorities": {"P2": {"channels": ["chat"], "escalate": false, "wait_for_remediation": false}},
        "receivers": [
            {"name": "desk", "sns_configs": [{"topic": "desk", "class": "chat"}]},
            {"name": "call", "escalation_policy": "climb"},
        ],
        "users": [{"id": "ann", "contact_methods": [{"class": "page", "topic": "ann"}, {"class": "email", "topic": "mail"}]}],
        "escalation_policies": [{"name": "climb", "escalation_rules": [
            {"escalation_delay_in_minutes": 30, "targets": [{"type": "user", "id": "ann"}]}]}],
    });
    Arc::new(Policy::check(&content).unwrap_or_else(|problems| panic!("{problems}")))
}

fn tests(content: &Value) -> Vec<TestSource> {
    read(&json!({"tests": content})).unwrap_or_else(|problems| panic!("{problems}"))
}

fn told(outcome: &Outcome) -> String {
    let mut out = String::new();
    for line in &outcome.lines {
        let _ = match line {
            Line::Both(seen) => writeln!(out, "  {} {} {}", seen.after, seen.kind, seen.to),
            Line::Unexpected(seen) => writeln!(out, "+ {} {} {}", seen.after, seen.kind, seen.to),
            Line::Missing(expected) => writeln!(
                out,
                "- {} {} {}",
                expected.after,
                expected.kind.as_deref().unwrap_or("?"),
                expected.to.as_deref().unwrap_or("?")
            ),
        };
    }
    out
}

/// Runs one test of these steps.
fn play(steps: &Value, expect: &Value, alerts: &Value) -> Outcome {
    let test = json!([{"name": "it", "at": "2026-06-01T00:00:00Z", "steps": steps, "expect": expect, "expect_alerts": alerts}]);
    let tests = tests(&test);
    let policy = policy();
    let problems = check(&policy, &tests);
    assert!(problems.is_empty(), "{problems:?}");
    run(&policy, &tests[0], &mut Coverage::of(&policy))
}

fn fires(service: &str) -> Value {
    json!({"alarm": {"alertname": "cpu", "service": service}})
}

#[test]
fn time_stands_still_after_the_last_step() {
    for (wait, wanted) in [("29s", ""), ("30s", "  30s opened desk\n")] {
        let outcome = play(&json!([fires("web"), {"wait": wait}]), &Value::Null, &json!([{"alertname": "cpu"}]));
        assert_eq!(told(&outcome), wanted, "{wait}");
        assert!(outcome.passed());
    }
}

#[test]
fn a_test_passes_if_all_that_was_sent_was_expected_and_the_other_way_round() {
    let steps = || json!([fires("database"), {"wait": "20m"}]);
    for (expect, wanted) in [
        (json!([{"after": "0", "to": "ann", "kind": "page"}]), "  0s page ann\n  0s page ann\n"),
        (json!([{"after": "0", "class": "page"}, {"after": "0", "class": "email"}]), "  0s page ann\n  0s page ann\n"),
        (json!([{"after": "0", "class": "email"}, {"after": "0", "to": "ann"}]), "  0s page ann\n  0s page ann\n"),
        (json!([{"after": "0", "to": "ann"}, {"after": "0", "to": "ann"}]), "  0s page ann\n  0s page ann\n"),
        (json!([{"after": "0", "class": "page"}]), "  0s page ann\n+ 0s page ann\n"),
        (json!([{"after": "0", "class": "chat"}]), "- 0s ? ?\n+ 0s page ann\n+ 0s page ann\n"),
        (json!([{"after": "0"}, {"after": "0"}, {"after": "0"}]), "- 0s ? ?\n  0s page ann\n  0s page ann\n"),
        (
            json!([{"after": "0", "because": "ann"}, {"after": "15m", "to": "desk", "kind": "reminder"}]),
            "  0s page ann\n  0s page ann\n- 15m reminder desk\n",
        ),
        (json!([]), "+ 0s page ann\n+ 0s page ann\n"),
        (json!([{"after": "0", "because": "the moon"}]), "- 0s ? ?\n+ 0s page ann\n+ 0s page ann\n"),
    ] {
        let outcome = play(&steps(), &expect, &json!([]));
        assert_eq!(told(&outcome), wanted, "{expect}");
        assert_eq!(outcome.passed(), !wanted.contains(['+', '-']), "{expect}");
    }
}

#[test]
fn what_an_alert_is_found_to_be_is_compared() {
    let steps = || json!([fires("database"), fires("api"), {"wait": "5m"}]);
    for (expected, wanted) in [
        (json!({"alertname": "cpu", "labels": {"service": "database"}, "priority": "P1"}), ""),
        (json!({"alertname": "cpu", "labels": {"service": "api"}, "suppressed": "rule `its cause`"}), ""),
        (
            json!({"alertname": "cpu", "labels": {"service": "api"}, "suppressed": "silence"}),
            "held back for another reason than `silence`",
        ),
        (json!({"alertname": "cpu", "labels": {"service": "api"}, "suppressed": ""}), "cpu is held back: inhibited"),
        (json!({"alertname": "cpu", "labels": {"service": "database"}, "suppressed": ""}), ""),
        (json!({"alertname": "cpu", "labels": {"service": "database"}, "suppressed": "x"}), "cpu is not held back; expected: x"),
        (json!({"alertname": "cpu", "labels": {"service": "api"}, "priority": "P1"}), "cpu is P2, not P1: rule `all` sets P2"),
        (json!({"alertname": "cpu", "labels": {"service": "web"}}), "no alert cpu with these labels came in"),
    ] {
        let outcome = play(&steps(), &Value::Null, &json!([expected]));
        let told = outcome.alerts.join("\n");
        assert!(if wanted.is_empty() { told.is_empty() } else { told.contains(wanted) }, "{expected}: {told}");
        assert_eq!(outcome.passed(), wanted.is_empty());
    }
}

#[test]
fn a_silence_and_an_ok_are_steps_as_well() {
    let silence = json!({"silence": {"matchers": ["service=\"web\""], "for": "10m"}});
    let outcome = play(
        &json!([silence, fires("web"), {"wait": "9m"}]),
        &json!([]),
        &json!([{"alertname": "cpu", "suppressed": "silence"}]),
    );
    assert!(outcome.passed(), "{outcome:?}");
    // An `ok` need not repeat what tells it from no other.
    let steps = json!([fires("web"), {"wait": "1m"}, {"ok": {"alertname": "cpu"}}, {"wait": "20m"}]);
    let outcome = play(&steps, &json!([{"after": "30s", "to": "desk"}, {"after": "2m30s", "kind": "resolved"}]), &json!([]));
    assert!(outcome.passed(), "{}", told(&outcome));
}

#[test]
fn what_no_test_tries_is_named() {
    let policy = policy();
    let mut coverage = Coverage::of(&policy);
    let mut never = |service: &str| {
        let test = tests(&json!([{"name": "it", "at": "2026-06-01T00:00:00Z", "steps": [fires(service)], "expect": []}]));
        run(&policy, &test[0], &mut coverage);
        coverage.never().map(|(what, name)| format!("{what} {name}")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(never("web"), r#"rule database, rule books, route {priority="P1"}, route {service="batch"}"#);
    assert_eq!(never("api"), r#"rule database, route {priority="P1"}, route {service="batch"}"#);
    assert_eq!(never("batch"), r#"rule database, route {priority="P1"}"#);
    assert_eq!(never("database"), "");
}

#[test]
fn a_test_that_cannot_hold_is_told_where_and_why() {
    let of = |steps: Value, expect: Value, alerts: Value| json!([{"name": "it", "at": "2026-06-01T00:00:00Z", "steps": steps, "expect": expect, "expect_alerts": alerts}]);
    let expect = |expected: Value| of(json!([fires("web"), {"wait": "5m"}]), json!([expected]), json!([]));
    for (content, wanted) in [
        (expect(json!({"after": "6m"})), "tests[0].expect[0].after: the test ends after 5m, so that nothing is sent after 6m"),
        (
            expect(json!({"after": "0", "kind": "opned"})),
            "tests[0].expect[0].kind: `opned` is not what a notification says: one of opened",
        ),
        (expect(json!({"after": "0", "to": "dsk"})), "there is no receiver and no person `dsk`; did you mean `desk`?"),
        (of(json!([]), Value::Null, json!([])), "tests[0]: it expects nothing"),
        (of(json!([{"alarm": {"service": "x"}}]), json!([]), json!([])), "tests[0].steps[0].alarm: an alert has a name"),
        (of(json!([{"ok": {"alertname": "cpu"}}]), json!([]), json!([])), "tests[0].steps[0].ok: no step before"),
        (
            of(json!([fires("a"), fires("b"), {"ok": {"alertname": "cpu"}}]), json!([]), json!([])),
            "tests[0].steps[2].ok: no step",
        ),
        (of(json!([{"acknowledge": " "}]), json!([]), json!([])), "tests[0].steps[0]: say who"),
        (
            of(json!([{"silence": {"matchers": ["a"], "for": "1h"}}]), json!([]), json!([])),
            "tests[0].steps[0].silence.matchers[0]: ",
        ),
        (of(json!([fires("web")]), json!([]), json!([{"alertname": "cpo"}])), "an alert `cpo`; did you mean `cpu`?"),
        (of(json!([{"wait": "10y"}]), json!([]), json!([])), "it waits for 3650d altogether; the most is 400d"),
    ] {
        let problems = check(&policy(), &tests(&content));
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].contains(wanted), "{content}: {told:?}");
    }
    let twice = json!([{"name": "it", "at": "2026-06-01T00:00:00Z", "steps": [], "expect": []}]);
    let twice = [tests(&twice), tests(&twice)].concat();
    assert_eq!(check(&policy(), &twice)[0].to_string(), "tests[1].name: there is a test `it` already");
    let told = read(&json!({"test": []})).unwrap_err().to_string();
    assert_eq!(told, "test: unknown field `test`: a file of tests has only `tests`; did you mean `tests`?");
}
