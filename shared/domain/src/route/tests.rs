//! Where an alert goes, one row for each.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{GroupBy, Routed, Router, route, tree::DEPTH_MAX};
use crate::labels::Labels;
use crate::law::law;
use crate::mute::Muting;
use crate::policy::Policy;

/// A policy with this tree, and every receiver that is named in it.
fn policy(tree: &Value) -> Policy {
    fn names(tree: &Value, found: &mut Vec<String>) {
        found.extend(tree["receiver"].as_str().map(str::to_owned));
        for child in tree["routes"].as_array().into_iter().flatten() {
            names(child, found);
        }
    }
    let mut receivers = Vec::new();
    names(tree, &mut receivers);
    receivers.sort();
    receivers.dedup();
    let receivers: Vec<Value> = receivers.iter().map(|name| json!({"name": name})).collect();
    Policy::check(&json!({"route": tree, "receivers": receivers})).unwrap_or_else(|problems| panic!("{problems}"))
}

fn routed(policy: &Policy, labels: &[(&str, &str)]) -> Routed {
    route(&policy.route, &labels.iter().copied().collect())
}

/// Rows: an alert's labels; who is told, by what it is grouped, and the three
/// intervals.
fn check(tree: &Value, rows: &[(&[(&str, &str)], &str)]) {
    let policy = policy(tree);
    for (labels, wanted) in rows {
        let routed = routed(&policy, labels);
        let by = match &routed.settings.group_by {
            GroupBy::All => "...".to_owned(),
            GroupBy::Labels(names) => names.join("+"),
        };
        let settings = &routed.settings;
        let shown = format!(
            "{} by {by} {}/{}/{}",
            routed.receivers.join("+"),
            settings.group_wait,
            settings.group_interval,
            settings.repeat_interval
        );
        assert_eq!(shown, *wanted, "{labels:?}");
    }
}

#[test]
fn the_first_child_that_matches_takes_it_and_else_the_route_itself() {
    let tree = json!({"receiver": "root", "routes": [
        {"matchers": ["team=api"], "receiver": "api", "routes": [
            {"matchers": ["env=test"], "receiver": "api-test"},
            {"matchers": ["env=~\"test|stage\""], "receiver": "api-stage"}]},
        {"matchers": ["team=~\"api|web\"", "tier!=3"], "receiver": "web"},
    ]});
    check(
        &tree,
        &[
            (&[("team", "api")], "api by  30s/5m/4h"),
            (&[("team", "api"), ("env", "test")], "api-test by  30s/5m/4h"),
            (&[("team", "api"), ("env", "stage")], "api-stage by  30s/5m/4h"),
            (&[("team", "api"), ("env", "live")], "api by  30s/5m/4h"),
            (&[("team", "web")], "web by  30s/5m/4h"),
            (&[("team", "web"), ("tier", "3")], "root by  30s/5m/4h"),
            (&[], "root by  30s/5m/4h"),
        ],
    );
    assert_eq!(routed(&policy(&tree), &[("team", "web")]).because, r#"route {}/{team=~"api|web",tier!="3"} leads to web"#);
}

#[test]
fn continue_tells_the_next_sibling_too_and_the_last_one_owns_the_incident() {
    let tree = json!({"receiver": "root", "routes": [
        {"matchers": ["team=api"], "receiver": "log", "group_by": ["x"], "continue": true},
        {"matchers": ["env=test"], "receiver": "test", "continue": true},
        {"matchers": ["team=api"], "receiver": "api", "group_by": ["team"], "group_wait": "1m"},
        {"matchers": ["team=api"], "receiver": "never"},
    ]});
    check(
        &tree,
        &[
            (&[("team", "api")], "log+api by team 1m/5m/4h"),
            (&[("team", "api"), ("env", "test")], "log+test+api by team 1m/5m/4h"),
            (&[("env", "test")], "test by  30s/5m/4h"),
        ],
    );
}

#[test]
fn a_receiver_that_is_reached_twice_is_told_once() {
    let tree = json!({"receiver": "root", "routes": [
        {"matchers": ["a=1"], "receiver": "team", "continue": true},
        {"matchers": ["b=1"], "receiver": "team"},
    ]});
    check(&tree, &[(&[("a", "1"), ("b", "1")], "team by  30s/5m/4h")]);
}

#[test]
fn what_a_route_does_not_say_it_has_from_the_one_above() {
    let tree = json!({"receiver": "root", "group_by": ["alertname"], "group_wait": "10s", "repeat_interval": "1h", "routes": [
        {"matchers": ["a=1"], "group_interval": "1m", "routes": [
            {"matchers": ["b=1"], "receiver": "b", "group_by": [], "routes": [
                {"matchers": ["c=1"], "group_wait": "0s", "repeat_interval": "8h"}]}]},
        {"matchers": ["a=2"], "group_by": ["..."], "routes": [{"matchers": ["b=1"], "receiver": "b"}]},
    ]});
    check(
        &tree,
        &[
            (&[("a", "1")], "root by alertname 10s/1m/1h"),
            (&[("a", "1"), ("b", "1")], "b by alertname 10s/1m/1h"),
            (&[("a", "1"), ("b", "1"), ("c", "1")], "b by alertname 0s/1m/8h"),
            (&[("a", "2"), ("b", "1")], "b by ... 10s/5m/1h"),
        ],
    );
}

#[test]
fn a_drill_shortens_every_interval_once() {
    let tree = json!({"receiver": "root", "routes": [
        {"matchers": ["a=1"], "group_wait": "60s", "routes": [{"matchers": ["b=1"], "repeat_interval": "1h"}]}]});
    let policy = Policy::check(&json!({"time_scale": 60, "route": tree, "receivers": [{"name": "root"}]})).unwrap();
    let settings = routed(&policy, &[("a", "1"), ("b", "1")]).settings;
    assert_eq!(
        [settings.group_wait, settings.group_interval, settings.repeat_interval].map(|span| span.to_string()),
        ["1s", "5s", "1m"]
    );
}

#[test]
fn what_makes_a_group_is_the_route_and_its_labels() {
    let tree = |routes: Value| json!({"receiver": "root", "group_by": ["service"], "routes": routes});
    let api = json!({"matchers": ["team=api"]});
    let all = json!({"matchers": ["team=all"], "group_by": ["..."]});
    let one = policy(&tree(json!([api, all])));
    let group = |labels: &[(&str, &str)]| routed(&one, labels).group;
    let first = group(&[("team", "api"), ("service", "a")]);
    assert_eq!(first, group(&[("team", "api"), ("service", "a"), ("host", "1")]), "labels outside group_by do not matter");
    assert_ne!(first, group(&[("team", "api"), ("service", "b")]));
    assert_ne!(first, group(&[("team", "api")]), "a missing label is another group");
    assert_ne!(first, group(&[("service", "a")]), "another route is another group");
    assert_ne!(group(&[("team", "all"), ("host", "1")]), group(&[("team", "all"), ("host", "2")]), "... is every label");
    let other = policy(&tree(json!([all, {"matchers": ["team=new"]}, api])));
    assert_eq!(first, routed(&other, &[("team", "api"), ("service", "a")]).group, "routes that move do not split what is open");
    assert_eq!(routed(&one, &[("team", "api"), ("service", "a")]).group_labels.to_string(), r#"{service="a"}"#);
}

#[test]
fn older_matchers_stand_beside_the_newer_ones_and_mean_the_same() {
    let tree = json!({"receiver": "root", "routes": [
        {"match": {"team": "api", "env": ""}, "match_re": {"tier": "1|2"}, "matchers": ["zone!=b"], "receiver": "old"},
        {"match_re": {"host": "db-[0-9]+"}, "receiver": "hosts"},
    ]});
    check(
        &tree,
        &[
            (&[("team", "api"), ("tier", "2")], "old by  30s/5m/4h"),
            (&[("team", "api"), ("tier", "2"), ("zone", "b")], "root by  30s/5m/4h"),
            (&[("team", "api"), ("tier", "2"), ("env", "test")], "root by  30s/5m/4h"),
            (&[("team", "api")], "root by  30s/5m/4h"),
            (&[("host", "db-12")], "hosts by  30s/5m/4h"),
            (&[("host", "db-12x")], "root by  30s/5m/4h"),
        ],
    );
    let newer = json!({"receiver": "root", "routes": [
        {"matchers": ["zone!=b", "tier=~\"1|2\"", "env=\"\"", "team=api"], "receiver": "old"}]});
    let labels = [("team", "api"), ("tier", "2")];
    assert_eq!(routed(&policy(&tree), &labels).group, routed(&policy(&newer), &labels).group, "nor are open groups split");
}

#[test]
fn an_empty_group_by_is_inherited_and_a_list_replaces_all_labels() {
    let tree = json!({"receiver": "root", "group_by": ["..."], "routes": [
        {"matchers": ["a=1"], "group_by": []},
        {"matchers": ["a=2"], "group_by": ["x", "y"], "routes": [{"matchers": ["b=1"], "group_by": ["...", "..."]}]},
    ]});
    check(
        &tree,
        &[
            (&[], "root by ... 30s/5m/4h"),
            (&[("a", "1")], "root by ... 30s/5m/4h"),
            (&[("a", "2")], "root by x+y 30s/5m/4h"),
            (&[("a", "2"), ("b", "1")], "root by ... 30s/5m/4h"),
        ],
    );
}

#[test]
fn a_receiver_is_muted_only_if_every_route_to_it_is() {
    let tree = json!({"receiver": "root", "routes": [
        {"matchers": ["a=1"], "receiver": "x", "mute_time_intervals": ["night"], "continue": true, "routes": [
            {"matchers": ["deep=1"]}]},
        {"matchers": ["b=1"], "receiver": "x", "active_time_intervals": ["day"], "continue": true},
        {"matchers": ["c=1"], "receiver": "x", "continue": true},
        {"matchers": ["d=1"], "receiver": "y", "mute_time_intervals": ["night"]},
    ]});
    let interval =
        |name: &str| json!({"name": name, "time_intervals": [{"times": [{"start_time": "08:00", "end_time": "18:00"}]}]});
    let policy = Policy::check(&json!({"route": tree, "receivers": [{"name": "root"}, {"name": "x"}, {"name": "y"}],
        "time_intervals": [interval("night"), interval("day")]}))
    .unwrap_or_else(|problems| panic!("{problems}"));
    let rows: &[(&[(&str, &str)], &str)] = &[
        (&[], ""),
        (&[("a", "1")], "x: -night"),
        (&[("a", "1"), ("deep", "1")], ""),
        (&[("a", "1"), ("b", "1")], "x: -night +day"),
        (&[("a", "1"), ("b", "1"), ("c", "1")], ""),
        (&[("a", "1"), ("c", "1"), ("d", "1")], "y: -night"),
        (&[("b", "1"), ("d", "1")], "x: +day; y: -night"),
    ];
    for (labels, wanted) in rows {
        let of = |route: &Muting| -> Vec<String> {
            let mute = route.mute.iter().map(|name| format!("-{name}"));
            mute.chain(route.active.iter().map(|name| format!("+{name}"))).collect()
        };
        let muting = routed(&policy, labels).muting;
        let shown: Vec<String> = muting
            .iter()
            .map(|(name, routes)| format!("{name}: {}", routes.iter().flat_map(of).collect::<Vec<_>>().join(" ")))
            .collect();
        assert_eq!(shown.join("; "), *wanted, "{labels:?}");
    }
}

#[test]
fn a_route_knows_where_it_stands() {
    let tree = json!({"receiver": "root", "routes": [
        {"matchers": ["a=1"]},
        {"matchers": ["a=2"], "routes": [{"matchers": ["b=1"]}, {"matchers": ["b=2"]}]}]});
    let policy = policy(&tree);
    let place = |labels: &[(&str, &str)]| policy.route.matches(&labels.iter().copied().collect())[0].place.clone();
    assert_eq!(place(&[]), "route");
    assert_eq!(place(&[("a", "2")]), "route.routes[1]");
    assert_eq!(place(&[("a", "2"), ("b", "2")]), "route.routes[1].routes[1]");
}

#[test]
fn the_deepest_tree_can_be_read_back_as_it_is_installed() {
    let mut tree = json!({"matchers": ["a=b"], "receiver": "deep"});
    for _ in 1..DEPTH_MAX {
        tree = json!({"matchers": ["a=b"], "routes": [tree]});
    }
    let policy = policy(&json!({"receiver": "root", "routes": [tree]}));
    assert_eq!(routed(&policy, &[("a", "b")]).receivers, ["deep"]);
    let installed = json!({"watchkeeper": {"install_policy": {"policy": {"route": {"receiver": "root", "routes": [tree]}}}}});
    assert_eq!(serde_json::from_str::<Value>(&installed.to_string()).unwrap(), installed);
}

/// A tree with all kinds of matchers.
fn any_matchers() -> impl Strategy<Value = Value> {
    let matcher = ("[abc]", proptest::sample::select(vec!["=", "!=", "=~", "!~"]), "[123]|1\\|2|1\\.\\*|\\.\\+|\\[12\\]x?|");
    proptest::collection::vec(matcher, 0..3)
        .prop_map(|parts| parts.into_iter().map(|(name, operator, value)| json!(format!("{name}{operator}{value:?}"))).collect())
}

fn any_tree() -> impl Strategy<Value = Value> {
    let leaf = (any_matchers(), "[xyz]", any::<bool>()).prop_map(
        |(matchers, receiver, on)| json!({"matchers": matchers, "receiver": receiver, "continue": on, "group_by": ["a"]}),
    );
    let inner = leaf.prop_recursive(3, 12, 3, |below| {
        (any_matchers(), any::<bool>(), proptest::collection::vec(below, 0..3))
            .prop_map(|(matchers, on, routes)| json!({"matchers": matchers, "continue": on, "routes": routes}))
    });
    proptest::collection::vec(inner, 0..4).prop_map(|routes| json!({"receiver": "root", "routes": routes}))
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn every_alert_goes_somewhere_and_only_where_it_matches(
        tree in any_tree(),
        labels in proptest::collection::vec(("[abc]", "[123]"), 0..3),
    ) {
        let policy = policy(&tree);
        let labels: Labels = labels.into_iter().collect();
        let routed = route(&policy.route, &labels);
        prop_assert!(!routed.receivers.is_empty());
        prop_assert_eq!(&route(&policy.route, &labels), &routed, "asked again, the answer is the same");
        for found in policy.route.matches(&labels) {
            prop_assert!(crate::matcher::all_match(&found.matchers, &labels));
            prop_assert!(routed.receivers.contains(&found.settings.receiver));
        }
        prop_assert!(routed.receivers.contains(&routed.settings.receiver), "the owner is told");
    }

    #[test]
    fn the_flat_tree_answers_as_the_tree_does(
        tree in any_tree(),
        alerts in proptest::collection::vec(proptest::collection::vec(("[abc]", "[123]x?"), 0..4), 1..8),
    ) {
        let policy = policy(&tree);
        let router = Router::new(&policy.route);
        for alert in alerts {
            let labels: Labels = alert.into_iter().collect();
            let places = |found: Vec<&super::Route>| found.into_iter().map(|route| route.place.clone()).collect::<Vec<_>>();
            let flat = router.matches(|name| labels.find(name));
            prop_assert_eq!(places(flat), places(policy.route.matches(&labels)));
            prop_assert_eq!(router.route(&labels), route(&policy.route, &labels));
        }
    }
}
