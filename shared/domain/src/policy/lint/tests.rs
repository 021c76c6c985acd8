//! Each warning: the change that brings it about, and a near one that does not.

use serde_json::{Value, json};

use super::*;
use crate::policy::tests::put;

const NOW: &str = "2026-03-02T00:00:00Z";

/// A policy that warns of nothing.
fn quiet() -> Value {
    json!({
        "services": [
            {"name": "api", "team": "web"}, {"name": "shop", "team": "web"}, {"name": "database", "team": "data"}],
        "classify": [
            {"name": "hot", "matchers": ["alertname=hot"], "set": {"priority": "P1"}},
            {"name": "cold", "matchers": ["alertname=cold"], "set": {"priority": "P3"}}],
        "route": {"receiver": "everyone", "group_by": ["alertname", "service"], "routes": [
            {"matchers": ["team=web"], "receiver": "web", "routes": [{"matchers": ["priority=P1"], "group_wait": "0s"}]},
            {"matchers": ["team=data"]}]},
        "receivers": [
            {"name": "everyone", "escalation_policy": "climb"},
            {"name": "web", "escalation_policy": "climb", "slack_configs": [{"secret": "s"}]}],
        "users": [{"id": "aiko", "contact_methods": [
            {"class": "page", "topic": "aiko"}, {"class": "email", "topic": "mail-aiko"}]}],
        "schedules": [{"name": "rota", "time_zone": "Asia/Tokyo", "schedule_layers": [
            {"name": "all", "start": "2026-01-05T10:00:00", "rotation": "weekly", "users": ["aiko"]}]}],
        "escalation_policies": [{"name": "climb", "escalation_rules": [
            {"escalation_delay_in_minutes": 10, "targets": [{"type": "schedule", "id": "rota"}]}]}],
    })
}

fn warnings(content: &Value) -> Vec<Warning> {
    let now = NOW.parse().unwrap();
    Policy::check_with_warnings(content, now).unwrap_or_else(|problems| panic!("{problems}")).1
}

/// Changes some things, and expects these warnings: `id path`, and a part of what
/// each says.
fn check(changes: &[(&str, Value)], wanted: &[(&str, &str)]) {
    let mut content = quiet();
    for (path, value) in changes {
        put(&mut content, path, Some(value.clone()));
    }
    let warnings = warnings(&content);
    let got: Vec<String> = warnings.iter().map(|warning| format!("{} {}", warning.id, warning.path)).collect();
    assert_eq!(got, wanted.iter().map(|(what, _)| *what).collect::<Vec<_>>(), "{changes:?}: {warnings:#?}");
    for (warning, (_, part)) in warnings.iter().zip(wanted) {
        assert!(warning.message.contains(part), "{warning}");
        assert!(KINDS.iter().any(|kind| kind.id == warning.id), "{warning}");
    }
}

#[test]
fn a_policy_that_is_as_it_should_be_warns_of_nothing() {
    check(&[], &[]);
}

#[test]
fn kinds_are_in_the_order_of_their_names() {
    assert!(KINDS.windows(2).all(|pair| pair[0].id < pair[1].id));
    assert!(KINDS.iter().all(|kind| kind.id.len() + kind.meaning.len() < 76));
}

#[test]
fn a_route_that_nothing_can_fulfil_is_told_once() {
    let never = |matchers: &[&str], above: &str| {
        let changes = [("route.routes[0].routes[0].matchers", json!(matchers)), ("route.routes[0].matchers", json!([above]))];
        check(&changes, &[("route-never-matches route.routes[0].routes[0]", "no alert fulfils all of")]);
    };
    never(&["team=data"], "team=web");
    never(&["team!=web"], "team=web");
    never(&["team=~\"a|b\""], "team=web");
    never(&["team=~\"w.b\"", "team=\"\""], "team=~\"w.+\"");
    never(&["team=\"\""], "team=~\"w.b\"");
    never(&["team!~\"w.b\""], "team=~\"w.b\"");
    never(&["priority=P5"], "team=web");
    never(&["priority=~\"P1|P2\"", "priority!~\"P[12]\""], "team=web");
    for may_match in [json!(["team=~\"w.*\""]), json!(["x!=y", "x!=z"]), json!(["x=~\"a.*\"", "x=~\".*b\""])] {
        check(&[("route.routes[0].routes[0].matchers", may_match)], &[]);
    }
    let below = json!({"matchers": ["a=b", "a=c"], "routes": [{"matchers": ["a=b"]}, {"matchers": ["a=d"]}]});
    check(&[("route.routes[1]", below)], &[("route-never-matches route.routes[1]", "a=\"b\", a=\"c\"")]);
}

#[test]
fn a_route_whose_alerts_another_takes_is_told() {
    let shadow = "route-shadowed route.routes[1]";
    check(&[("route.routes[1].matchers", json!(["team=web", "x=y"]))], &[(shadow, "`route.routes[0]` above it")]);
    check(&[("route.routes[0].matchers", json!(["team=~\"web|data\""]))], &[(shadow, "has no `continue`")]);
    check(&[("route.routes[0].matchers", json!(["team=~\"web|data\""])), ("route.routes[0].continue", json!(true))], &[]);
    check(&[("route.routes[1].matchers", json!(["team=~\"web|data\""]))], &[]);
    check(&[("route.routes[0].matchers", json!([]))], &[(shadow, "")]);
    // Every priority there is.
    check(&[("route.routes[0].matchers", json!(["priority=~\"P[1-4]\""]))], &[(shadow, "")]);
    check(&[("route.routes[0].matchers", json!(["priority=~\"P[1-3]\""]))], &[]);
}

#[test]
fn a_rule_that_can_set_nothing_is_told() {
    let shadow = "rule-shadowed classify[1]";
    check(&[("classify[1].matchers", json!(["alertname=hot", "x=y"]))], &[(shadow, "`hot` above has set all")]);
    check(&[("classify[0].matchers", json!([]))], &[(shadow, "")]);
    check(&[("classify[0].matchers", json!([])), ("classify[1].set.team", json!("web"))], &[]);
    check(&[("classify[0].matchers", json!([])), ("classify[0].set", json!({"team": "web"}))], &[]);
    let three = |between: Value| {
        json!([
            {"name": "a", "matchers": ["service=api"], "set": {"priority": "P1"}},
            {"name": "b", "matchers": ["x=y"], "set": between},
            {"name": "c", "matchers": ["service=api"], "set": {"priority": "P2"}}])
    };
    check(&[("classify", three(json!({"team": "web"})))], &[("rule-shadowed classify[2]", "`a` above")]);
    // What the second rule calls `api`, the first one did not see as such.
    check(&[("classify", three(json!({"service": "api"})))], &[]);
}

#[test]
fn what_nothing_names_is_told() {
    let spare = json!({"name": "spare", "sns_configs": [{"topic": "t", "class": "page"}]});
    let mut content = quiet();
    content["receivers"].as_array_mut().unwrap().push(spare);
    let schedule = content["schedules"][0].clone();
    content["schedules"].as_array_mut().unwrap().push(schedule);
    content["schedules"][1]["name"] = json!("second");
    let climb = content["escalation_policies"][0].clone();
    content["escalation_policies"].as_array_mut().unwrap().push(climb);
    content["escalation_policies"][1]["name"] = json!("other");
    content["mute_time_intervals"] = json!([{"name": "night", "time_intervals": []}]);
    let ids: Vec<String> = warnings(&content).iter().map(|warning| format!("{} {}", warning.id, warning.path)).collect();
    assert_eq!(
        ids,
        [
            "interval-empty mute_time_intervals[0]",
            "receiver-unused receivers[2].name",
            "escalation-policy-unused escalation_policies[1].name",
            "schedule-unused schedules[1].name",
            "interval-unused mute_time_intervals[0].name",
        ]
    );
    let targets = json!([{"type": "schedule", "id": "second"}, {"type": "receiver", "id": "spare"}]);
    content["escalation_policies"][1]["escalation_rules"][0]["targets"] = targets;
    content["receivers"][0]["escalation_policy"] = json!("other");
    content["priorities"] = json!({"P4": {"mute_time_intervals": ["night"]}});
    let ids = |content: &Value| warnings(content).iter().map(|warning| warning.id).collect::<Vec<_>>();
    assert_eq!(ids(&content), ["interval-empty"]);
    content["priorities"] = json!({});
    assert_eq!(ids(&content), ["interval-empty", "interval-unused"]);
    let remediation = json!({"name": "more", "matchers": ["service=api"], "action": "ecs-scale-out", "blackout": ["night"]});
    content["remediations"] = json!([remediation]);
    assert_eq!(ids(&content), ["interval-empty"]);
}

#[test]
fn a_p1_that_wakes_nobody_is_told_once_for_each_receiver() {
    let both = [("p1-only-chat route", "`everyone`"), ("p1-only-chat route.routes[0].routes[0]", "`web`")];
    check(&[("priorities", json!({"P1": {"channels": ["email", "chat"]}}))], &both);
    check(&[("priorities", json!({"P1": {"escalate": false}}))], &both);
    check(&[("users[0].contact_methods[0].class", json!("chat"))], &both);
    check(&[("receivers[1]", json!({"name": "web", "pagerduty_configs": [{"secret": "s"}]}))], &[]);
    check(&[("receivers[1]", json!({"name": "web", "slack_configs": [{"secret": "s"}]}))], &both[1..]);
    // No P1 comes to it.
    let changes = [
        ("receivers[1]", json!({"name": "web", "slack_configs": [{"secret": "s"}]})),
        ("route.routes[0].routes[0].receiver", json!("everyone")),
    ];
    check(&changes, &[]);
}

#[test]
fn an_hour_without_anybody_on_call_is_told_with_the_local_time() {
    let layer = |start: &str| json!({"name": "all", "start": start, "rotation": "daily", "users": ["aiko"]});
    check(
        &[("schedules[0].schedule_layers[0]", layer("2026-03-05T09:00:00"))],
        &[("nobody-on-call schedules[0]", "from 2026-03-02 09:00 to 2026-03-05 09:00 (Asia/Tokyo), and for 72 h of")],
    );
    check(
        &[("schedules[0].schedule_layers[0]", layer("2026-03-02T09:07:30"))],
        &[("nobody-on-call schedules[0]", "from 2026-03-02 09:00 to 2026-03-02 09:07 (Asia/Tokyo), and for 1 h of")],
    );
    check(&[("schedules[0].schedule_layers[0]", layer("2026-03-02T09:00:00"))], &[]);
    let stand_in = json!([{"user": "aiko", "start": "2026-03-02T00:00:00Z", "end": "2026-03-04T23:00:00Z"}]);
    let changes = [("schedules[0].schedule_layers[0]", layer("2026-03-05T09:00:00")), ("schedules[0].overrides", stand_in)];
    check(&changes, &[("nobody-on-call schedules[0]", "from 2026-03-05 08:00 to 2026-03-05 09:00 (Asia/Tokyo), and for 1 h of")]);
    check(
        &[("schedules[0].schedule_layers", json!([]))],
        &[
            ("p1-only-chat route", ""),
            ("p1-only-chat route.routes[0].routes[0]", ""),
            ("nobody-on-call schedules[0]", "for 2160 h of"),
        ],
    );
}

#[test]
fn a_call_after_the_time_for_an_answer_is_told() {
    check(
        &[("route.group_wait", json!("6m"))],
        &[("page-after-acknowledge-within route", "6 min after a P1 opens here (6 min of group_wait)")],
    );
    check(&[("route.group_wait", json!("5m"))], &[]);
    check(
        &[("route.group_wait", json!("6m")), ("time_scale", json!(60))],
        &[("page-after-acknowledge-within route", "6 min after a P1 opens here (6 min of group_wait)")],
    );
    check(
        &[("noise", json!({"self_recovery": {"P2": "20m"}}))],
        &[
            ("page-after-acknowledge-within route", "20 min of self_recovery"),
            ("page-after-acknowledge-within route.routes[0]", "a P2 opens"),
        ],
    );
    let mend = |mode: &str, matcher: &str| json!([{"name": "mend", "matchers": [matcher], "action": "ecs-scale-out", "mode": mode, "hold": "30m"}]);
    check(
        &[("remediations", mend("act", "team=web"))],
        &[("page-after-acknowledge-within route.routes[0]", "30 min of a remediation's hold")],
    );
    check(&[("remediations", mend("ask", "team=web"))], &[]);
    check(&[("remediations", mend("act", "priority=P1"))], &[]);
    check(&[("remediations", mend("act", "team=web")), ("priorities", json!({"P2": {"wait_for_remediation": false}}))], &[]);
    let rules = json!([
        {"escalation_delay_in_minutes": 10, "targets": [{"type": "receiver", "id": "everyone"}]},
        {"escalation_delay_in_minutes": 10, "targets": [{"type": "schedule", "id": "rota"}]}]);
    let mut changes = vec![("escalation_policies[0].escalation_rules", rules)];
    check(&changes, &[]);
    changes.push(("escalation_policies[0].skip_empty", json!(false)));
    check(
        &changes,
        &[
            ("page-after-acknowledge-within route", "10 min of rules that reach nobody"),
            ("page-after-acknowledge-within route.routes[0].routes[0]", "(0 s of group_wait and 10 min of"),
        ],
    );
}

#[test]
fn a_mute_that_could_keep_a_p1_from_people_is_told() {
    let night = ("time_intervals", json!([{"name": "night", "time_intervals": [{"weekdays": ["sunday"]}]}]));
    let mute = json!(["night"]);
    let told = |changes: &[(&str, Value)], at: Option<&str>| {
        let mut content = quiet();
        for (path, value) in changes.iter().chain([&night]) {
            put(&mut content, path, Some(value.clone()));
        }
        let found = warnings(&content);
        let found: Vec<&str> = found.iter().filter(|w| w.id == "mute-hides-p1").map(|w| w.path.as_str()).collect();
        assert_eq!(found, at.into_iter().collect::<Vec<_>>(), "{changes:?}");
    };
    told(&[("priorities", json!({"P1": {"mute_time_intervals": ["night"]}}))], Some("priorities.P1"));
    told(&[("priorities", json!({"P2": {"mute_time_intervals": ["night"]}}))], None);
    // A route below takes every P1.
    told(&[("route.routes[0].mute_time_intervals", mute.clone())], None);
    told(&[("route.routes[1].active_time_intervals", mute.clone())], Some("route.routes[1]"));
    let changes =
        [("route.routes[1].mute_time_intervals", mute), ("route.routes[1].matchers", json!(["priority!=P1", "team=data"]))];
    told(&changes, None);
}

#[test]
fn an_incident_that_mixes_teams_is_told() {
    let id = "group-merges-services route";
    check(&[("route.routes", json!([])), ("receivers", json!([quiet()["receivers"][0]]))], &[]);
    let alone = |group_by: Value, wanted: &[(&str, &str)]| {
        let changes =
            [("route.routes", json!([])), ("receivers", json!([quiet()["receivers"][0]])), ("route.group_by", group_by)];
        check(&changes, wanted);
    };
    alone(json!(["alertname"]), &[(id, "teams `data`, `web` can become one incident, since `group_by` lacks")]);
    alone(json!([]), &[(id, "`api`, `database`, `shop` become one incident")]);
    alone(json!(["team"]), &[]);
    alone(json!(["..."]), &[]);
    // Each team has a route, and no service of the catalogue ends at the root.
    check(&[("route.group_by", json!(["alertname"]))], &[]);
    check(
        &[("route.group_by", json!([]))],
        &[
            ("group-merges-services route.routes[0]", "`api`, `shop` become one incident"),
            ("group-merges-services route.routes[0].routes[0]", ""),
        ],
    );
}

#[test]
fn planned_work_that_does_not_end_is_told() {
    let window =
        |ends: &str| json!([{"name": "move", "matchers": ["a=b"], "starts_at": "2026-03-01T00:00:00Z", "ends_at": ends}]);
    let told = [("window-without-end maintenance_windows[0]", "`move` goes on for more than 90 days")];
    check(&[("maintenance_windows", window("2026-05-30T00:00:01Z"))], &told);
    check(&[("maintenance_windows", window("2026-05-30T00:00:00Z"))], &[]);
    let past =
        json!([{"name": "m", "matchers": ["a=b"], "starts_at": "2025-01-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}]);
    check(&[("maintenance_windows", past)], &[]);
}

#[test]
fn planned_work_that_recurs_without_a_pause_is_told() {
    let id = "window-without-end maintenance_windows[0]";
    let work = |parts: Value, bounds: Value, wanted: &[(&str, &str)]| {
        let mut window = json!({"name": "move", "matchers": ["a=b"], "time_intervals": ["then"]});
        window.as_object_mut().unwrap().extend(bounds.as_object().unwrap().clone());
        let then = json!([{"name": "then", "time_intervals": parts}]);
        check(&[("time_intervals", then), ("maintenance_windows", json!([window]))], wanted);
    };
    let whole_day = json!({"start_time": "00:00", "end_time": "24:00"});
    let (morning, rest) =
        (json!({"start_time": "00:00", "end_time": "12:00"}), json!({"start_time": "12:00", "end_time": "24:00"}));
    let ends = |at: &str| json!({"ends_at": at});
    work(json!([{"times": [whole_day]}]), json!({}), &[(id, "`move` goes on without an end")]);
    work(json!([{"times": [morning]}, {"times": [rest]}]), json!({}), &[(id, "without an end")]);
    work(json!([{"times": [whole_day]}]), ends("2027-01-01T00:00:00Z"), &[(id, "for more than 90 days")]);
    work(json!([{"times": [whole_day]}]), ends("2026-04-01T00:00:00Z"), &[]);
    work(json!([{"times": [morning]}]), json!({}), &[]);
    work(json!([{"weekdays": ["monday:saturday"]}]), json!({}), &[]);
}

#[test]
fn a_time_interval_that_never_holds_is_told() {
    let mute = json!({"P4": {"mute_time_intervals": ["then"]}});
    let then = |part: Value, wanted: &[(&str, &str)]| {
        let intervals = json!([{"name": "then", "time_intervals": [part]}]);
        check(&[("time_intervals", intervals), ("priorities", mute.clone())], wanted);
    };
    let never = [("interval-empty time_intervals[0]", "`then` does not hold in the next ten years")];
    then(json!({"years": ["2020:2025"]}), &never);
    then(json!({"years": ["2037"]}), &never);
    then(json!({"days_of_month": ["30"], "months": ["february"]}), &never);
    then(json!({"years": ["2020:2026"]}), &[]);
    then(json!({"years": ["2035"]}), &[]);
    // The next one is in 2028.
    then(json!({"days_of_month": ["29"], "months": ["february"]}), &[]);
}

#[test]
fn what_is_known_and_allowed_is_not_told_and_an_allowance_of_nothing_is() {
    let chat = ("priorities", json!({"P1": {"channels": ["chat"]}}));
    let allow = |allowances: Value, wanted: &[(&str, &str)]| check(&[chat.clone(), ("allow_warnings", allowances)], wanted);
    let (root, web) = (("p1-only-chat route", ""), ("p1-only-chat route.routes[0].routes[0]", ""));
    allow(json!([{"warning": "p1-only-chat", "because": "a test system"}]), &[]);
    allow(json!([{"warning": "p1-only-chat", "at": "route", "because": "a test system"}]), &[]);
    allow(json!([{"warning": "p1-only-chat", "at": "route.routes[0]", "because": "nobody works there"}]), &[root]);
    let unused = ("allowance-unused allow_warnings[0]", "there is no `p1-only-chat` at `rou` to allow");
    allow(json!([{"warning": "p1-only-chat", "at": "rou", "because": "x"}]), &[root, web, unused]);
    let unused = ("allowance-unused allow_warnings[0]", "there is no `mute-hides-p1` to allow");
    allow(json!([{"warning": "mute-hides-p1", "because": "x"}]), &[root, web, unused]);
    // Known only with a history.
    check(&[("allow_warnings", json!([{"warning": "too-many-pages", "because": "x"}]))], &[]);
}

#[test]
fn an_allowance_of_no_warning_that_there_is_or_without_a_reason_is_a_mistake() {
    let mut content = quiet();
    content["allow_warnings"] = json!([{"warning": "p1-only-chatt", "because": " "}]);
    let problems = Policy::check(&content).unwrap_err().to_string();
    assert_eq!(
        problems,
        "allow_warnings[0].warning: there is no warning `p1-only-chatt`; did you mean `p1-only-chat`?\n\
         allow_warnings[0].because: say why it is right as it is"
    );
    assert!(Policy::load(&content).is_ok(), "what was in force stays in force");
}

#[test]
fn pages_are_too_many_only_above_the_number() {
    assert_eq!(too_many_pages("aiko", 10.0, 10), None);
    let warning = too_many_pages("aiko", 10.5, 10).unwrap();
    assert!(warning.to_string().starts_with("warning[too-many-pages]: with the alarms of this history aiko would be woken 10.5"));
    let allow = AllowSource { warning: "too-many-pages".into(), at: None, because: "x".into() };
    assert_eq!(allowed(&[allow], vec![warning]), []);
}
