//! What is found out about an alert, one row for each.

use serde_json::{Value, json};

use super::{Classification, classify};
use crate::alert::{Alert, AlertState, Fingerprint, Source};
use crate::labels::Labels;
use crate::policy::Policy;

fn policy(parts: Value) -> Policy {
    let mut content = json!({"route": {"receiver": "team"}, "receivers": [{"name": "team"}]});
    let Value::Object(parts) = parts else { panic!("not an object: {parts}") };
    content.as_object_mut().unwrap().extend(parts);
    Policy::check(&content).unwrap_or_else(|problems| panic!("{problems}"))
}

fn classified(policy: &Policy, labels: &[(&str, &str)]) -> Classification {
    let labels: Labels = labels.iter().copied().collect();
    let alert = Alert {
        fingerprint: Fingerprint::of("x"),
        source: Source::Cloudwatch,
        name: labels.get("alertname").to_owned(),
        arn: None,
        labels,
        summary: String::new(),
        reason: String::new(),
        state: AlertState::Alarm,
        claimed_at: "2026-06-01T00:00:00Z".parse().unwrap(),
        muted_by: None,
        headline: None,
    };
    classify(policy, &alert)
}

/// Rows: an alert's labels, and what is found out, as far as it was not known.
fn check(policy: &Policy, rows: &[(&[(&str, &str)], &str)]) {
    for (labels, wanted) in rows {
        let found = classified(policy, labels);
        let mut shown = vec![found.priority.to_string()];
        for name in ["service", "team", "environment", "tier", "layer", "kind"] {
            if let Some(value) = found.labels.find(name) {
                shown.push(format!("{name}={value}"));
            }
        }
        shown.extend(found.runbook.map(|runbook| format!("runbook={runbook}")));
        assert_eq!(shown.join(" "), *wanted, "{labels:?}");
        assert_eq!(found.labels.get("priority"), found.priority.to_string(), "the label says the same");
    }
}

#[test]
fn a_rule_sets_only_what_no_rule_above_it_has_set() {
    let policy = policy(json!({"classify": [
        {"name": "database", "matchers": ["alertname=~\"db-.*\""], "set": {"priority": "P1", "service": "database"}},
        {"name": "slow", "matchers": ["alertname=~\".*-slow\""],
            "set": {"priority": "P3", "team": "speed", "labels": {"kind": "latency"}}},
        {"name": "latency", "matchers": ["kind=latency"], "set": {"layer": "application", "runbook": "slow.html"}},
        {"name": "security", "matchers": ["alertname=leak"], "set": {"layer": "security", "labels": {"team": "guard"}}},
        {"name": "all", "set": {"team": "everyone", "runbook": "all.html"}},
    ]}));
    check(
        &policy,
        &[
            (&[("alertname", "db-slow")], "P1 service=database team=speed layer=application kind=latency runbook=slow.html"),
            (&[("alertname", "db-full")], "P1 service=database team=everyone runbook=all.html"),
            (&[("alertname", "api-slow")], "P3 team=speed layer=application kind=latency runbook=slow.html"),
            (&[("alertname", "leak")], "P2 team=guard layer=security runbook=all.html"),
            (&[("alertname", "other")], "P2 team=everyone runbook=all.html"),
            // What the alert says of itself gives way to the rules.
            (&[("alertname", "db-full"), ("service", "mine")], "P1 service=database team=everyone runbook=all.html"),
        ],
    );
    let found = classified(&policy, &[("alertname", "db-slow")]);
    assert_eq!(
        found.because,
        [
            "rule `database` sets P1, service database",
            "rule `slow` sets team speed, kind latency",
            "rule `latency` sets layer application"
        ]
    );
}

#[test]
fn what_nobody_has_a_rule_for_is_a_p2_and_says_so() {
    let found = classified(&policy(json!({})), &[("alertname", "never seen")]);
    assert_eq!(found.priority.to_string(), "P2");
    assert_eq!(found.because, ["no rule sets a priority, so it is P2"]);
    assert!(found.remediations.is_empty());
}

#[test]
fn an_alert_belongs_to_the_service_that_a_label_a_tag_or_a_dimension_names() {
    let policy = policy(json!({"services": [
        {"name": "api", "team": "web", "tier": 1, "environment": "production", "runbook": "api.html",
            "ecs": {"cluster": "main", "service": "api-v2"}},
        {"name": "database", "team": "data", "rds": {"db_instance": "db-1"}},
        {"name": "images", "lambda": {"function": "resize"}},
        {"name": "orders", "sqs": {"queue": "orders-dlq"}},
        {"name": "nothing yet", "ecs": {"cluster": "", "service": ""}, "rds": {"db_instance": ""},
            "lambda": {"function": ""}, "sqs": {"queue": ""}},
    ]}));
    let api = "P2 service=api team=web environment=production tier=1 runbook=api.html";
    let database = "P2 service=database team=data";
    check(
        &policy,
        &[
            (&[("ClusterName", "main"), ("ServiceName", "api-v2")], api),
            (&[("ClusterName", "other"), ("ServiceName", "api-v2")], "P2"),
            (&[("ServiceName", "api-v2")], "P2"),
            (&[("DBInstanceIdentifier", "db-1")], database),
            (&[("DBInstanceIdentifier", "db-2")], "P2"),
            (&[("FunctionName", "resize")], "P2 service=images"),
            (&[("FunctionName", "other")], "P2"),
            (&[("QueueName", "orders-dlq")], "P2 service=orders"),
            (&[("QueueName", "orders")], "P2"),
            (&[("alertname", "without any resource")], "P2"),
            (&[("tag_service", "api")], api),
            (&[("tag_Service", "api")], api),
            (&[("tag_SERVICE", "database"), ("ClusterName", "main"), ("ServiceName", "api-v2")], database),
            (&[("service", "api"), ("tag_service", "database")], api),
            (&[("service", "unknown")], "P2 service=unknown"),
            (&[("tag_team", "night"), ("DBInstanceIdentifier", "db-1")], "P2 service=database team=night"),
            (&[("team", "day"), ("tag_team", "night")], "P2 team=day"),
        ],
    );
    let found = classified(&policy, &[("DBInstanceIdentifier", "db-1")]);
    assert_eq!(found.because[0], "its dimensions name a resource of service database");
    let found = classified(&policy, &[("tag_Service", "api"), ("tag_team", "night")]);
    assert_eq!(found.because[..2], ["the alarm's tag says service api", "the alarm's tag says team night"]);
}

#[test]
fn a_severity_counts_when_neither_rule_nor_tag_gives_a_priority() {
    let policy = policy(json!({
        "severities": {"page": "P1", "warning": "P3"},
        "classify": [{"name": "known", "matchers": ["alertname=known"], "set": {"priority": "P4"}}],
    }));
    check(
        &policy,
        &[
            (&[("severity", "critical")], "P1"),
            (&[("severity", "page")], "P1"),
            (&[("severity", "warning")], "P3"),
            (&[("severity", "info")], "P4"),
            (&[("severity", "no such")], "P2"),
            (&[("severity", "critical"), ("tag_priority", "p3")], "P3"),
            (&[("severity", "critical"), ("tag_Priority", "soon")], "P1"),
            (&[("severity", "critical"), ("tag_priority", "P1"), ("alertname", "known")], "P4"),
        ],
    );
    for (labels, because) in [
        ([("severity", "page")], "severity page means P1"),
        ([("tag_priority", "p3")], "the alarm's tag says P3"),
        ([("alertname", "known")], "rule `known` sets P4"),
    ] {
        assert_eq!(classified(&policy, &labels).because, [because]);
    }
}

#[test]
fn the_remediations_called_for_are_those_whose_matchers_see_the_result() {
    let policy = policy(json!({
        "classify": [{"name": "hot", "matchers": ["alertname=hot"], "set": {"priority": "P1", "service": "api"}}],
        "remediations": [
            {"name": "second", "matchers": ["service=api"], "action": "ecs-scale-out"},
            {"name": "never", "matchers": ["service=database"], "action": "rds-connection-reset"},
            {"name": "first", "matchers": ["priority=P1"], "action": "ecs-scale-out"},
        ],
    }));
    assert_eq!(classified(&policy, &[("alertname", "hot")]).remediations, ["second", "first"]);
}

#[test]
fn what_a_more_important_service_depends_on_is_one_step_more_urgent_than_its_severity() {
    let services = json!([
        {"name": "shop", "tier": 1, "depends_on": ["api"]},
        {"name": "api", "tier": 2, "depends_on": ["database"]},
        {"name": "database", "tier": 3},
        {"name": "batch", "tier": 3},
        {"name": "cache"},
    ]);
    let rules = json!([{"name": "known", "matchers": ["alertname=known"], "set": {"priority": "P3"}}]);
    let raising = policy(json!({"services": services, "classify": rules}));
    check(
        &raising,
        &[
            (&[("service", "database"), ("severity", "warning")], "P1 service=database tier=3"),
            (&[("service", "api"), ("severity", "warning")], "P1 service=api tier=2"),
            // Nothing depends on it, or nothing is known of its tier.
            (&[("service", "batch"), ("severity", "warning")], "P2 service=batch tier=3"),
            (&[("service", "cache"), ("severity", "warning")], "P2 service=cache"),
            (&[("service", "shop"), ("severity", "warning")], "P2 service=shop tier=1"),
            // What is for the record stays there, and what somebody said stays so.
            (&[("service", "database"), ("severity", "info")], "P4 service=database tier=3"),
            (&[("service", "database"), ("severity", "warning"), ("alertname", "known")], "P3 service=database tier=3"),
            (&[("service", "database"), ("severity", "warning"), ("tag_priority", "P2")], "P2 service=database tier=3"),
            (&[("service", "database")], "P2 service=database tier=3"),
        ],
    );
    let because = classified(&raising, &[("service", "database"), ("severity", "warning")]).because;
    assert_eq!(because, ["severity warning means P2", "raised to P1: shop of tier 1 depends on database of tier 3"]);
    let level = policy(json!({"services": services, "dependencies": {"raise_causes": false}}));
    check(&level, &[(&[("service", "database"), ("severity", "warning")], "P2 service=database tier=3")]);
}

#[test]
fn an_alert_may_say_its_own_priority() {
    check(
        &policy(json!({})),
        &[
            (&[("priority", "P1"), ("severity", "warning")], "P1"),
            (&[("priority", "p3")], "P3"),
            (&[("priority", "urgent"), ("severity", "info")], "P4"),
        ],
    );
}

#[test]
fn a_rule_may_call_for_a_remediation() {
    let mend = json!([
        {"name": "restart", "action": "rds-connection-reset"},
        {"name": "scale", "matchers": ["alertname=hot"], "action": "ecs-scale-out"},
    ]);
    let rules = json!([{"name": "full", "matchers": ["alertname=full"], "set": {"remediation": "restart"}}]);
    let policy = policy(json!({"remediations": mend, "classify": rules}));
    for (name, wanted) in [("full", "restart"), ("hot", "scale"), ("else", "")] {
        let found = classified(&policy, &[("alertname", name)]);
        assert_eq!(found.remediations.join(" "), wanted, "{name}");
    }
    assert_eq!(classified(&policy, &[("alertname", "full")]).because[0], "rule `full` sets remediation restart");
}
