//! A table of bad policies: what was changed, and what is said.

use serde_json::{Value, json};

use super::{Outline, Policy, good, put, refused, yaml};

/// Changes one thing, and expects these problems: a path and a message on each
/// line. The place in the file must be that of the key that the path ends with.
fn check(rows: &[(&str, Value, &str)]) {
    for (path, value, wanted) in rows {
        let mut content = good();
        put(&mut content, path, Some(value.clone()));
        let problems = refused(&content);
        assert_eq!(problems.to_string(), *wanted, "{path} = {value}");
        let mut file = String::new();
        yaml(&content, 0, &mut file);
        let outline = Outline::of(&file);
        let shown = problems.show("policy.yaml", &file);
        for (problem, shown) in problems.0.iter().zip(shown.lines()) {
            let place = problem.place(&outline);
            assert_eq!(shown, format!("policy.yaml:{}:{}: {problem}", place.line, place.column));
            let there: String = file.lines().nth(place.line - 1).unwrap().chars().skip(place.column - 1).collect();
            let key = problem.path.rsplit('.').next().unwrap();
            if !key.contains('[') && is_in_the_file(&content, &problem.path) {
                assert!(there.starts_with(&format!("{key}:")), "{} is not at `{there}`", problem.path);
            }
        }
    }
}

/// Whether the file has the key that is complained of: one that is missing is
/// told of at the place of what should hold it.
fn is_in_the_file(content: &Value, path: &str) -> bool {
    let pointer = path.replace('[', ".").replace(']', "").replace('.', "/");
    content.pointer(&format!("/{pointer}")).is_some()
}

#[test]
fn a_name_that_is_nowhere_is_told_with_the_nearest_one() {
    check(&[
        ("route.receiver", json!("evryone"), "route.receiver: there is no receiver `evryone`; did you mean `everyone`?"),
        (
            "route.routes[0].receiver",
            json!("nobody at all"),
            "route.routes[0].receiver: there is no receiver `nobody at all`; there are api-team, everyone",
        ),
        (
            "services[0].depends_on",
            json!(["databse"]),
            "services[0].depends_on[0]: there is no service `databse`; did you mean `database`?",
        ),
        (
            "receivers[0].escalation_policy",
            json!("climbs"),
            "receivers[0].escalation_policy: there is no escalation policy `climbs`; did you mean `climb`?",
        ),
        (
            "schedules[0].schedule_layers[0].users",
            json!(["aiko", "bem"]),
            "schedules[0].schedule_layers[0].users[1]: there is no user `bem`; did you mean `ben`?",
        ),
        (
            "schedules[0].overrides[0].user",
            json!("akio"),
            "schedules[0].overrides[0].user: there is no user `akio`; did you mean `aiko`?",
        ),
        (
            "escalation_policies[0].escalation_rules[0].targets[0].id",
            json!("secondary"),
            "escalation_policies[0].escalation_rules[0].targets[0].id: there is no schedule `secondary`; there is only `primary`",
        ),
        (
            "escalation_policies[0].escalation_rules[0].targets[1].id",
            json!("primary"),
            "escalation_policies[0].escalation_rules[0].targets[1].id: there is no user `primary`; there are aiko, ben",
        ),
        (
            "deployment",
            json!({"topics": {"ops": "arn", "aiko-page": "arn"}}),
            "users[0].contact_methods[0].topic: there is no topic `aiko`; there are aiko-page, ops",
        ),
    ]);
}

#[test]
fn a_key_or_word_that_is_unknown_is_told_with_the_nearest_one() {
    check(&[
        (
            "recievers",
            json!([]),
            "recievers: unknown field `recievers`, expected one of `time_scale`, `deployment`, `services`, `severities`, \
             `classify`, `route`, `inhibit_rules`, `maintenance_windows`, `noise`, `priorities`, `receivers`, `users`, \
             `schedules`, `escalation_policies`, `remediations`; did you mean `receivers`?",
        ),
        (
            "noise.lingre",
            json!("5m"),
            "noise.lingre: unknown field `lingre`, expected `resolve_wait` or `linger`; did you mean `linger`?",
        ),
        (
            "users[0].contact_methods[0].class",
            json!("pager"),
            "users[0].contact_methods[0].class: unknown variant `pager`, expected one of `page`, `email`, `chat`, `ticket`; \
             did you mean `page`?",
        ),
        (
            "classify[0].set.priority",
            json!("P5"),
            "classify[0].set.priority: unknown variant `P5`, expected one of `P1`, `P2`, `P3`, `P4`",
        ),
        (
            "remediations[0].action",
            json!("reboot"),
            "remediations[0].action: unknown variant `reboot`, expected `ecs-scale-out` or `rds-connection-reset`",
        ),
        (
            "schedules[0].schedule_layers[0].rotation",
            json!("monthly"),
            "schedules[0].schedule_layers[0].rotation: unknown variant `monthly`, expected one of `weekly`, `daily`, `hours`",
        ),
        (
            "remediations[0].parameters.facter",
            json!(2),
            "remediations[0].parameters.facter: this action has no parameter `facter`; it has factor",
        ),
    ]);
}

#[test]
fn a_value_that_cannot_be_is_told_with_one_that_can() {
    check(&[
        (
            "noise.resolve_wait",
            json!("1 minute"),
            "noise.resolve_wait: `1 minute` is not a length of time; write for instance 30s, 5m, 1h30m or 7d",
        ),
        (
            "route.group_wait",
            json!(30),
            "route.group_wait: `30` is not a length of time; write for instance 30s, 5m, 1h30m or 7d",
        ),
        ("time_scale", json!(0), "time_scale: 0 is not from 1 to 10000"),
        ("time_scale", json!(10_001), "time_scale: 10001 is not from 1 to 10000"),
        ("route.group_interval", json!("0s"), "route.group_interval: 0 would notify without pause; write at least 1s"),
        (
            "route.routes[0].repeat_interval",
            json!("0"),
            "route.routes[0].repeat_interval: 0 would repeat without pause; write at least 1m",
        ),
        (
            "schedules[0].time_zone",
            json!("Tokyo"),
            "schedules[0].time_zone: `Tokyo` is not a time zone; write for instance Europe/Berlin, Asia/Tokyo or UTC",
        ),
        (
            "schedules[0].schedule_layers[0].rotation",
            json!({"hours": 0}),
            "schedules[0].schedule_layers[0].rotation: a turn of 0 hours never ends; write 1 or more",
        ),
        (
            "schedules[0].overrides[0].end",
            json!("2026-01-01T00:00:00Z"),
            "schedules[0].overrides[0].end: the override ends at 2026-01-01T00:00:00Z, before it starts",
        ),
        (
            "maintenance_windows[0].starts_at",
            json!("2026-12-05 20:00"),
            "maintenance_windows[0].starts_at: `2026-12-05 20:00` is not a moment with its zone; \
             write for instance 2026-03-29T01:00:00Z",
        ),
        (
            "schedules[0].schedule_layers[0].start",
            json!("2026-01-05T10:00:00Z"),
            "schedules[0].schedule_layers[0].start: `2026-01-05T10:00:00Z` is not a local time; \
             write for instance 2026-01-05T10:00:00, without a zone",
        ),
        (
            "maintenance_windows[0].ends_at",
            json!("2026-12-05T20:00:00Z"),
            "maintenance_windows[0].ends_at: the window ends at 2026-12-05T20:00:00Z, before it starts",
        ),
        (
            "escalation_policies[0].escalation_rules[0].escalation_delay_in_minutes",
            json!(0),
            "escalation_policies[0].escalation_rules[0].escalation_delay_in_minutes: write 1 to 10080 minutes (a week)",
        ),
        (
            "escalation_policies[0].escalation_rules[0].escalation_delay_in_minutes",
            json!(10_081),
            "escalation_policies[0].escalation_rules[0].escalation_delay_in_minutes: write 1 to 10080 minutes (a week)",
        ),
        (
            "remediations[0].parameters.factor",
            json!(11),
            "remediations[0].parameters.factor: `11` is not a factor from 1.01 to 10; 1.5 is half as much again",
        ),
        (
            "remediations[0].limits.consecutive_failures",
            json!(0),
            "remediations[0].limits.consecutive_failures: 0 would never try anything; write 1 or more, or `mode: observe`",
        ),
    ]);
}

#[test]
fn a_matcher_that_is_wrong_is_shown() {
    check(&[
        (
            "route.routes[0].matchers",
            json!(["a=b", "team"]),
            "route.routes[0].matchers[1]: `team` is not a matcher; write for instance service=\"api\" or alertname=~\"api-.*\"",
        ),
        (
            "inhibit_rules[0].source_matchers",
            json!(["1a=b"]),
            "inhibit_rules[0].source_matchers[0]: `1a` is not a label name; names have letters, digits, `_`, `:`, `.` and `-`, \
             and start with a letter or `_`",
        ),
        (
            "inhibit_rules[0].target_matchers",
            json!(["a=\"b"]),
            "inhibit_rules[0].target_matchers[0]: the quotes of `a=\"b` do not match",
        ),
        (
            "classify[0].matchers",
            json!(["a=~\"(b\""]),
            "classify[0].matchers[0]: `(b` is not a regular expression: found open group without closing ')'",
        ),
        ("route.matchers", json!(["a=b"]), "route.matchers: the root route matches everything; put matchers on its routes"),
        (
            "maintenance_windows[0].matchers",
            json!([]),
            "maintenance_windows[0].matchers: a window needs matchers; to cover everything, write alertname=~\".+\"",
        ),
        (
            "remediations[0].matchers",
            json!([]),
            "remediations[0].matchers: a remediation needs matchers, so that it acts only where it was meant to",
        ),
    ]);
}

#[test]
fn a_name_that_is_empty_twice_there_or_not_plain_is_refused() {
    check(&[
        (
            "services[1].name",
            json!(""),
            "services[1].name: a name cannot be empty\nservices[0].depends_on[0]: there is no service `database`; there is only `api`",
        ),
        ("classify[0].name", json!(""), "classify[0].name: a name cannot be empty"),
        (
            "receivers[1].name",
            json!("everyone"),
            "receivers[1].name: there is another `everyone` above; names must differ\nroute.routes[0].receiver: there is no receiver `api-team`; there is only `everyone`",
        ),
    ]);
    for id in ["a b", "ann@example.com", "監", &"x".repeat(41)] {
        let mut content = good();
        put(&mut content, "users[1].id", Some(json!(id)));
        let said = refused(&content).to_string();
        assert!(said.contains("users[1].id: a user's id has letters, digits, `-` and `_`, at most 40 of them"), "{said}");
    }
}

#[test]
fn what_would_be_without_effect_or_contradicts_itself_is_refused() {
    check(&[
        (
            "classify[0].set.labels",
            json!({"priority": "P1"}),
            "classify[0].set.labels.priority: this would be overwritten; write `priority` under `set`",
        ),
        (
            "escalation_policies[0].escalation_rules",
            json!([]),
            "escalation_policies[0].escalation_rules: a policy needs at least one rule",
        ),
        (
            "escalation_policies[0].escalation_rules[0].targets",
            json!([]),
            "escalation_policies[0].escalation_rules[0].targets: a rule needs somebody to tell",
        ),
        (
            "schedules[0].schedule_layers[0].users",
            json!([]),
            "schedules[0].schedule_layers[0].users: a layer needs at least one user",
        ),
        (
            "users[0].contact_methods[0].slack_secret",
            json!("slack"),
            "users[0].contact_methods[0]: name exactly one of topic, slack_secret and pagerduty_secret",
        ),
        (
            "users[0].contact_methods",
            json!([{"class": "page"}]),
            "users[0].contact_methods[0]: name exactly one of topic, slack_secret and pagerduty_secret",
        ),
    ]);
    let mut content = good();
    put(&mut content, "remediations[0].mode", Some(json!("ask")));
    put(&mut content, "remediations[0].approval", Some(json!("none")));
    let wanted = "remediations[0].approval: `mode: ask` asks for approval, `approval: none` does without; \
                  use `mode: act` for the latter";
    assert_eq!(refused(&content).to_string(), wanted);
}

#[test]
fn what_is_missing_or_of_another_shape_is_told_in_words_of_the_file() {
    for (path, wanted) in [
        ("route", "`route` is missing"),
        ("receivers", "`receivers` is missing"),
        ("route.receiver", "route.receiver: the root route must name a receiver, so that no alert is without one"),
        ("users[0].id", "users[0]: `id` is missing"),
        ("users[0].contact_methods[0].class", "users[0].contact_methods[0]: `class` is missing"),
    ] {
        let mut content = good();
        put(&mut content, path, None);
        assert_eq!(refused(&content).to_string(), wanted, "without {path}");
    }
    check(&[
        ("route", json!("everyone"), "route: invalid type: string \"everyone\", expected a mapping"),
        ("services", json!({"api": {}}), "services: invalid type: map, expected a sequence"),
        (
            "receivers[0].sns_configs",
            json!(["ops"]),
            "receivers[0].sns_configs[0]: invalid type: string \"ops\", expected a mapping",
        ),
        ("priorities", json!({"P9": {}}), "priorities: unknown variant `P9`, expected one of `P1`, `P2`, `P3`, `P4`"),
    ]);
    for (content, wanted) in [
        (json!(null), "the file is empty; a policy has at least `route` and `receivers`"),
        (json!(["route"]), "the file is not a mapping; a policy has at least `route` and `receivers`"),
        (json!({}), "`route` is missing"),
    ] {
        assert_eq!(refused(&content).show("policy.yaml", ""), format!("policy.yaml:1:1: {wanted}"));
    }
}

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

#[test]
fn a_tree_that_is_too_deep_is_refused_and_not_overflowed() {
    let mut tree = json!({"matchers": ["a=b"]});
    for _ in 0..80 {
        tree = json!({"matchers": ["a=b"], "routes": [tree]});
    }
    let mut content = good();
    put(&mut content, "route.routes[0]", Some(tree));
    let said = refused(&content).to_string();
    assert!(said.ends_with(".routes: the tree is deeper than 56 routes"), "{said}");
    assert!(Policy::load(&content).is_err());
}
