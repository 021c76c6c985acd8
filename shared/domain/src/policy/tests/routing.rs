//! What of a routing tree, an inhibition rule or a dependency is refused.

use serde_json::json;

use super::mistakes::check;
use super::{good, put, refused};

#[test]
fn a_root_that_would_not_take_everything_is_refused() {
    check(&[
        ("route.match", json!({"team": "api"}), "route.match: the root route matches everything; put `match` on its routes"),
        (
            "route.match_re",
            json!({"team": "api"}),
            "route.match_re: the root route matches everything; put `match_re` on its routes",
        ),
        ("route.matchers", json!(["team=api"]), "route.matchers: the root route matches everything; put matchers on its routes"),
        (
            "route.continue",
            json!(true),
            "route.continue: the root route has no sibling to go on to; put `continue` on its routes",
        ),
    ]);
    for key in ["mute_time_intervals", "active_time_intervals"] {
        let mut content = good();
        put(&mut content, "time_intervals", Some(json!([{"name": "night", "time_intervals": []}])));
        put(&mut content, &format!("route.{key}"), Some(json!(["night"])));
        let wanted =
            format!("route.{key}: the root route takes what no other takes, at all times; put time intervals on its routes");
        assert!(refused(&content).to_string().contains(&wanted), "{}", refused(&content));
    }
}

#[test]
fn labels_that_cannot_make_a_group_are_refused() {
    check(&[
        (
            "route.group_by",
            json!(["...", "team"]),
            "route.group_by[1]: `...` is every label, `team` among them; write one or the other",
        ),
        ("route.group_by", json!(["team", "team"]), "route.group_by[1]: `team` stands above already"),
        (
            "route.routes[0].group_by",
            json!(["team name"]),
            "route.routes[0].group_by[0]: `team name` is not a label name; write for instance alertname or service",
        ),
    ]);
}

#[test]
fn older_matchers_are_checked_like_the_newer_ones() {
    let bad =
        |place: &str| format!("{place}.match_re.team: `(` is not a regular expression: found open group without closing ')'");
    check(&[
        ("route.routes[0].match_re", json!({"team": "("}), &bad("route.routes[0]")),
        (
            "route.routes[0].match",
            json!({"1a": "b"}),
            "route.routes[0].match.1a: `1a` is not a label name; names have letters, digits, `_`, `:`, `.` and `-`, \
             and start with a letter or `_`",
        ),
        (
            "inhibit_rules[0].target_match_re",
            json!({"team": r"\<api"}),
            r"inhibit_rules[0].target_match_re.team: Alertmanager reads `\<api` otherwise: `\<` and `\>` are plain characters there; write them without the backslash",
        ),
    ]);
}

#[test]
fn inhibition_that_cannot_hold_anything_back_is_refused() {
    check(&[
        (
            "inhibit_rules[0]",
            json!({"equal": ["service"]}),
            "inhibit_rules[0]: without matchers every alert is both cause and symptom, and such a one holds nothing back; \
             write which alerts hold back which",
        ),
        (
            "inhibit_rules[0].equal",
            json!(["service", "a b"]),
            "inhibit_rules[0].equal[1]: `a b` is not a label name; write for instance service or region",
        ),
        (
            "services[1].depends_on",
            json!(["api"]),
            "services[0].depends_on[0]: api depends on database depends on api; \
             what fails first must stand somewhere, so take one of them out",
        ),
        (
            "services[1].depends_on",
            json!(["database"]),
            "services[1].depends_on[0]: database depends on database; \
             what fails first must stand somewhere, so take one of them out",
        ),
    ]);
}
