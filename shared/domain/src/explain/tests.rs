//! What an explanation says of one policy after another.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Explanation, LATEST, RouteSeen, Step, Target, explain};
use crate::alert::{Alert, AlertState};
use crate::labels::Labels;
use crate::law::law;
use crate::policy::Policy;
use crate::script::policy;
use crate::span::Span;

fn start() -> Timestamp {
    "2026-06-01T10:00:00Z".parse().unwrap()
}

fn explained(policy: &Arc<Policy>, labels: &[(&str, &str)]) -> Explanation {
    let labels: Labels = labels.iter().copied().collect();
    explain(policy, &Alert::of_labels(&labels, AlertState::Alarm, start()), start())
}

fn of(change: impl FnOnce(&mut Value)) -> Arc<Policy> {
    Arc::new(policy(change))
}

#[test]
fn every_rule_is_told_with_what_it_set_left_or_failed_at() {
    let policy = of(|orders| {
        orders["services"] = json!([{"name": "api", "team": "web"}]);
        orders["severities"] = json!({"critical": "P1"});
        orders["remediations"] = json!([{"name": "mend", "action": "ecs-scale-out"}]);
        orders["classify"] = json!([
            {"name": "slow", "matchers": ["alertname=slow", "env=prod"], "set": {"priority": "P3", "service": "api"}},
            {"name": "api", "matchers": ["service=api"], "set": {
                "priority": "P1", "layer": "application", "runbook": "r1", "remediation": "mend"}},
            {"name": "again", "set": {"priority": "P4", "service": "db", "runbook": "r2", "remediation": "mend"}},
            {"name": "other", "matchers": ["alertname=fast"], "set": {"priority": "P2"}},
        ]);
    });
    let seen = explained(&policy, &[("alertname", "slow"), ("env", "prod")]).classification;
    let told: Vec<String> = seen
        .rules
        .iter()
        .map(|rule| match &rule.failed {
            Some(failed) => format!("{}: {}", rule.name, failed.sentence()),
            None => format!("{}: sets {}; leaves {}", rule.name, rule.sets.join(", "), rule.leaves.join(", ")),
        })
        .collect();
    assert_eq!(
        told,
        [
            "slow: sets P3, service api; leaves ",
            "api: sets remediation mend, layer application, runbook r1; leaves P1",
            "again: sets ; leaves runbook r2, P4, remediation mend, service db",
            r#"other: alertname="fast" fails: alertname is "slow""#,
        ]
    );
    assert_eq!((seen.team.as_deref(), seen.service.as_deref(), seen.findings.as_slice()), (Some("web"), Some("api"), &[][..]));
    let seen = explained(&policy, &[("alertname", "slow"), ("severity", "critical")]).classification;
    assert_eq!(
        seen.rules[0].failed.as_ref().unwrap().sentence(),
        r#"env="prod" fails: there is no env"#,
        "the first that fails is told"
    );
    assert_eq!(seen.findings, [] as [&str; 0], "a rule has set the priority");
    assert_eq!(seen.priority.to_string(), "P4");
}

#[test]
fn what_no_rule_says_is_told_with_where_it_comes_from() {
    let policy = of(|orders| {
        orders["severities"] = json!({"critical": "P1"});
        orders["services"] = json!([{"name": "api", "team": "web", "ecs": {"cluster": "main", "service": "web"}}]);
    });
    for (labels, wanted) in [
        (&[("severity", "critical")][..], &["severity critical means P1"][..]),
        (&[], &["no rule sets a priority, so it is P2"]),
        (
            &[("ServiceName", "web"), ("ClusterName", "main"), ("tag_Priority", "P3")],
            &["its dimensions name a resource of service api", "the alarm's tag says P3"],
        ),
    ] {
        assert_eq!(explained(&policy, labels).classification.findings, wanted, "{labels:?}");
    }
}

#[test]
fn what_could_hold_it_back_is_told_with_whether_it_does() {
    let policy = of(|orders| {
        orders["maintenance_windows"] = json!([
            {"name": "now", "matchers": ["group=g"], "starts_at": "2026-06-01T09:00:00Z", "ends_at": "2026-06-01T11:00:00Z"},
            {"name": "later", "matchers": ["group=g"], "starts_at": "2026-06-01T11:00:00Z", "ends_at": "2026-06-01T12:00:00Z"},
            {"name": "others", "matchers": ["group=h"], "starts_at": "2026-06-01T09:00:00Z", "ends_at": "2026-06-01T11:00:00Z"},
        ]);
        orders["inhibit_rules"] = json!([
            {"name": "one", "source_matchers": ["group=g"], "target_matchers": ["group=h"]},
            {"name": "two", "source_matchers": ["group=h"], "target_matchers": ["group=g"]},
        ]);
    });
    let seen = explained(&policy, &[("group", "g")]);
    assert_eq!((seen.inhibition.cause_in, seen.inhibition.symptom_in), (vec!["one".to_owned()], vec!["two".to_owned()]));
    let windows: Vec<(&str, bool, bool)> =
        seen.maintenance_windows.iter().map(|window| (window.name.as_str(), window.failed.is_none(), window.holds)).collect();
    assert_eq!(windows, [("now", true, true), ("later", true, false), ("others", false, true)]);
    assert_eq!(seen.maintenance_windows[0].until.unwrap().to_string(), "2026-06-01T11:00:00Z");
    let first_told = seen.forecast.into_messages().next().unwrap();
    assert_eq!(first_told.at.to_string(), "2026-06-01T12:00:00Z", "people are told when the last window ends");
}

#[test]
fn who_is_on_call_at_that_moment_is_told_of_every_rule() {
    let policy = of(|orders| {
        orders["schedules"].as_array_mut().unwrap().push(json!(
            {"name": "late", "time_zone": "UTC", "schedule_layers": [
                {"name": "l", "start": "2027-01-04T00:00:00", "rotation": "weekly", "users": ["bob"]}]}));
        let rules = orders["escalation_policies"][0]["escalation_rules"].as_array_mut().unwrap();
        rules[0]["targets"] = json!([{"type": "schedule", "id": "rota"}, {"type": "schedule", "id": "late"}]);
    });
    let duty = explained(&policy, &[]).duty.unwrap();
    assert_eq!((duty.escalation_policy.as_str(), duty.climbs, duty.rules.len()), ("climb", true, 2));
    let on_call: Vec<Option<&str>> = duty.rules[0]
        .targets
        .iter()
        .map(|target| match target {
            Target::Schedule { user, .. } => user.as_deref(),
            Target::User { .. } | Target::Receiver { .. } => panic!("{target:?}"),
        })
        .collect();
    assert_eq!(on_call, [Some("ann"), None]);
    assert_eq!(duty.rules[1].targets, [Target::User { name: "bob".to_owned() }]);
    assert!(!explained(&policy, &[("alertname", "minor")]).duty.unwrap().climbs, "a P3 wakes nobody");
}

#[test]
fn a_forecast_is_a_day_of_messages_each_with_all_its_addresses() {
    let policy = of(|orders| orders["priorities"] = json!({"P1": {"channels": ["page", "email", "chat"]}}));
    let seen = explained(&policy, &[("alertname", "critical")]).forecast;
    assert_eq!((seen.does, seen.until), ("opens", Span::hours(24).after(start())));
    assert!(matches!(&seen.steps[0], Step::Noted { text, .. } if text.starts_with("opened as P1")), "{:?}", seen.steps[0]);
    let messages: Vec<String> = seen
        .into_messages()
        .take(4)
        .map(|message| {
            let after = Span::between(start(), message.at);
            format!("+{after} {} {}: {}", message.kind, message.to, message.targets.join(", "))
        })
        .collect();
    assert_eq!(
        messages,
        [
            "+30s opened team: topic team",
            "+30s page ann: topic ann, topic ann-mail",
            "+30m30s page bob: topic bob, topic bob-mail",
            "+1h30s failsafe failsafe: the failsafe topic",
        ]
    );
}

#[test]
fn a_recovery_tells_nobody_and_says_so() {
    let alert = Alert::of_labels(&Labels::new(), AlertState::Ok, start());
    let seen = explain(&of(|_| {}), &alert, start()).forecast;
    assert_eq!((seen.steps, seen.because), (vec![], vec!["it is OK, and no open incident has it".to_owned()]));
}

#[test]
fn a_forecast_ends_whatever_the_policy_and_the_moment() {
    let every_second = of(|orders| orders["route"]["repeat_interval"] = json!("1s"));
    let n_messages = explained(&every_second, &[]).forecast.into_messages().count();
    assert!((1_000..3_000).contains(&n_messages), "{n_messages}");
    let drill = of(|orders| orders["time_scale"] = json!(60));
    assert_eq!(explained(&drill, &[]).forecast.until, Span::minutes(24).after(start()));
    for at in [LATEST, Timestamp::MAX, Timestamp::MIN] {
        explain(&drill, &Alert::of_labels(&Labels::new(), AlertState::Alarm, at), at);
    }
}

/// The receivers at which the alert ends, from top to bottom.
fn ends(seen: &RouteSeen, found: &mut Vec<String>) {
    if seen.ends_here {
        found.push(seen.receiver.clone());
    }
    for below in &seen.routes {
        ends(below, found);
    }
}

fn any_tree() -> impl Strategy<Value = Value> {
    let matcher = prop_oneof![Just("a=1"), Just("a!=1"), Just("b=~\"1|2\""), Just("c!~\"1.*\"")];
    let leaf = (matcher.clone(), "[xyz]", any::<bool>())
        .prop_map(|(matcher, receiver, on)| json!({"matchers": [matcher], "receiver": receiver, "continue": on}));
    let inner = leaf.prop_recursive(3, 12, 3, move |below| {
        (matcher.clone(), any::<bool>(), proptest::collection::vec(below, 0..3))
            .prop_map(|(matcher, on, routes)| json!({"matchers": [matcher], "continue": on, "routes": routes}))
    });
    proptest::collection::vec(inner, 0..4).prop_map(|routes| json!({"receiver": "team", "routes": routes}))
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn the_tree_is_walked_as_the_router_walks_it(
        tree in any_tree(),
        labels in proptest::collection::vec(("[abc]", "[123]"), 0..3),
    ) {
        let policy = of(|orders| {
            orders["route"] = tree;
            let receivers = orders["receivers"].as_array_mut().unwrap();
            receivers.extend(["x", "y", "z"].map(|name| json!({"name": name})));
        });
        let labels: Labels = labels.into_iter().collect();
        let mut found = Vec::new();
        ends(&super::routes::seen(&policy.route, &labels), &mut found);
        let wanted: Vec<String> =
            policy.route.matches(&labels).into_iter().map(|route| route.settings.receiver.clone()).collect();
        prop_assert_eq!(found, wanted);
    }
}
