//! A table of bad policies: what was changed, and what is said.

use serde_json::{Value, json};

use super::{Outline, Policy, Problems, good, put, refused, yaml};

/// Changes one thing of a policy, and expects these problems.
pub(super) fn check(rows: &[(&str, Value, &str)]) {
    check_all(&good(), refused, rows);
}

/// Changes one thing of what is good, and expects these problems: a path and a message on
/// each line. The place in the file must be that of the value that the path leads to, or
/// of the key that it ends with.
pub(crate) fn check_all(good: &Value, refused: impl Fn(&Value) -> Problems, rows: &[(&str, Value, &str)]) {
    for (path, value, wanted) in rows {
        let mut content = good.clone();
        put(&mut content, path, Some(value.clone()));
        let problems = refused(&content);
        assert_eq!(problems.to_string(), *wanted, "{path} = {value}");
        let mut file = String::new();
        yaml(&content, 0, &mut file);
        let outline = Outline::of(&file);
        let shown = problems.show("file.yaml", &file);
        for (problem, shown) in problems.0.iter().zip(shown.lines()) {
            let mark = problem.mark(&outline);
            assert_eq!(shown, format!("file.yaml:{}: {problem}", mark.place));
            let line = file.lines().nth(mark.place.line - 1).unwrap();
            let there: String = line.chars().skip(mark.place.column - 1).collect();
            assert!(there.starts_with(&mark.text), "{mark:?} does not stand in `{line}`");
            let key = problem.path.rsplit('.').next().unwrap();
            if !key.contains('[') && is_in_the_file(&content, &problem.path) {
                let is_at_key = mark.text == key;
                assert!(is_at_key != line.contains(&format!("{key}: {}", mark.text)), "{} is not at `{there}`", problem.path);
                assert!(!problem.is_of_key || is_at_key, "{} is at its value", problem.path);
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
        ("recievers", json!([]), "recievers: unknown key `recievers`; did you mean `receivers`?"),
        ("noise.lingre", json!("5m"), "noise.lingre: unknown key `lingre`; did you mean `linger`?"),
        (
            "users[0].contact_methods[0].class",
            json!("pager"),
            "users[0].contact_methods[0].class: `pager` is not one of page, email, chat, ticket; did you mean `page`?",
        ),
        ("classify[0].set.priority", json!("P5"), "classify[0].set.priority: `P5` is not one of P1, P2, P3, P4"),
        (
            "remediations[0].action",
            json!("reboot"),
            "remediations[0].action: `reboot` is not one of ecs-scale-out, ecs-new-deployment, ecs-rollback, \
             rds-connection-reset, lambda-concurrency, sqs-redrive, ssm-runbook",
        ),
        (
            "schedules[0].schedule_layers[0].rotation",
            json!("monthly"),
            "schedules[0].schedule_layers[0].rotation: `monthly` is not one of weekly, daily, hours, days, weeks",
        ),
        (
            "remediations[0].parameters.add_percents",
            json!(2),
            "remediations[0].parameters.add_percents: unknown key `add_percents`; did you mean `add_percent`?",
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
            "remediations[0].parameters.add_percent",
            json!(901),
            "remediations[0].parameters.add_percent: `901` is not from 1 to 900; 50 is half as much again",
        ),
        (
            "remediations[0].parameters.add_tasks",
            json!(2),
            "remediations[0].parameters.add_tasks: write `add_percent` or `add_tasks`, not both",
        ),
        (
            "remediations[0].parameters.max_tasks",
            json!("many"),
            "remediations[0].parameters.max_tasks: `many` stands here; write a whole number from 0 to 4294967295",
        ),
        (
            "remediations[0].revert",
            json!({"never": true, "hold_down": "5m"}),
            "remediations[0].revert.never: `never` puts nothing back, `hold_down` says when it is put back; take one of them out",
        ),
        (
            "remediations[0].blackout",
            json!(["nights"]),
            "remediations[0].blackout[0]: there is no time interval `nights`; there is no time interval at all",
        ),
        (
            "remediations[0].verify",
            json!({"that": []}),
            "remediations[0].verify.that: name `alarm-ok`, `in-place`, or both: what helped must be seen",
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
        ("route", json!("everyone"), "route: `everyone` stands here; write a mapping: `{name: value}`, or a line for each"),
        ("services", json!({"api": {}}), "services: a mapping stands here; write a list: `[a, b]`, or a line `- a` for each"),
        (
            "receivers[0].sns_configs",
            json!(["ops"]),
            "receivers[0].sns_configs[0]: `ops` stands here; write a mapping: `{name: value}`, or a line for each",
        ),
        ("priorities", json!({"P9": {}}), "priorities.P9: `P9` is not one of P1, P2, P3, P4"),
    ]);
    for (content, wanted) in [
        (json!(null), "the file is empty; a policy has at least `route` and `receivers`"),
        (json!(["route"]), "the file is not a mapping; a policy has at least `route` and `receivers`"),
        (json!({}), "`route` is missing\npolicy.yaml:1:1: `receivers` is missing"),
    ] {
        assert_eq!(refused(&content).show("policy.yaml", ""), format!("policy.yaml:1:1: {wanted}"));
    }
}

#[test]
fn mistakes_of_shape_are_all_told_at_once() {
    let mut content = good();
    for (path, value) in [
        ("zeit", json!(1)),
        ("route.reciever", json!("all")),
        ("route.group_wait", json!(30)),
        ("route.routes[0].routes", json!([{"continue": "yes"}, {"x": 1}])),
        ("receivers[1]", json!({"name": 5, "slack_configs": [{"secret": "s", "channel": "#ops"}], "email_configs": []})),
        ("priorities.P1.channels", json!(["page", "pager"])),
        ("users[1]", json!({"contact_methods": []})),
    ] {
        put(&mut content, path, Some(value));
    }
    let problems = refused(&content);
    let paths: Vec<&str> = problems.0.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "priorities.P1.channels[1]",
            "receivers[1].email_configs",
            "receivers[1].name",
            "receivers[1].slack_configs[0].channel",
            "route.group_wait",
            "route.reciever",
            "route.routes[0].routes[0].continue",
            "route.routes[0].routes[1].x",
            "users[1]",
            "zeit",
        ],
        "{problems}"
    );
}

#[test]
fn mistakes_without_end_are_told_up_to_a_number() {
    let mut content = good();
    put(&mut content, "users", Some(Value::Array(vec![json!({"name": "x"}); 10_000])));
    assert_eq!(refused(&content).0.len(), 100);
    let many: serde_json::Map<String, Value> = (0..1_000).map(|n| (format!("key_{n}"), json!(n))).collect();
    put(&mut content, "users", Some(json!([many])));
    assert_eq!(refused(&content).0.len(), 20);
}

#[test]
fn a_key_of_alertmanager_that_is_not_here_is_told_with_what_is() {
    check(&[
        (
            "global",
            json!({"smtp_smarthost": "mail:25"}),
            "global: unknown key `global`: there are no global settings: addresses and tokens stand in the secrets that \
             receivers name, and waiting times at `route` and `noise`; take it out",
        ),
        (
            "templates",
            json!(["*.tmpl"]),
            "templates: unknown key `templates`: messages are worded by Watchkeeper and have no templates; take it out",
        ),
        (
            "receivers[0].email_configs",
            json!([{"to": "a@example.com"}]),
            "receivers[0].email_configs: unknown key `email_configs`: mail goes by an SNS topic that people subscribe to; \
             write `sns_configs: [{topic: NAME}]`",
        ),
        (
            "receivers[1].slack_configs[0].channel",
            json!("#ops"),
            "receivers[1].slack_configs[0].channel: unknown key `channel`: the address and the channel stand in a secret; \
             write `secret: NAME`",
        ),
        (
            "receivers[0].pagerduty_configs",
            json!([{"secret": "s", "service_key": "k"}]),
            "receivers[0].pagerduty_configs[0].service_key: unknown key `service_key`: the integration key stands in a secret; \
             write `secret: NAME`",
        ),
    ]);
    // Only where Alertmanager has it.
    check(&[(
        "users[0].email_configs",
        json!([]),
        "users[0].email_configs: unknown key `email_configs`; there are id, contact_methods",
    )]);
}

#[test]
fn no_message_tells_of_keys_that_are_not_to_be_written() {
    let mut content = good();
    put(&mut content, "x", Some(json!(1)));
    let said = refused(&content).to_string();
    assert!(said.contains("inhibit_rules") && !said.contains("time_scale") && !said.contains("deployment"), "{said}");
}

#[test]
fn a_tree_that_is_too_deep_is_refused_and_not_overflowed() {
    let mut tree = json!({"matchers": ["a=b"]});
    // As deep as JSON is read at all: 128 levels, of which a route has two.
    for _ in 0..60 {
        tree = json!({"matchers": ["a=b"], "routes": [tree]});
    }
    let mut content = good();
    put(&mut content, "route.routes[0]", Some(tree));
    let said = refused(&content).to_string();
    assert!(said.ends_with(".routes: the tree is deeper than 56 routes"), "{said}");
    assert!(Policy::load(&content).is_err());
}

#[test]
fn a_key_that_is_not_known_is_told_once_whatever_it_holds() {
    for value in [json!({}), json!({"slack_api_url": "x", "smtp_from": "y"}), json!([]), json!(1)] {
        let mut content = good();
        put(&mut content, "global", Some(value.clone()));
        put(&mut content, "noise.lingre", Some(json!("5m")));
        let paths: Vec<String> = refused(&content).0.into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["global", "noise.lingre"], "{value}");
    }
}

#[test]
fn a_watchdog_fires_at_whole_minutes_to_somebody() {
    check(&[
        (
            "watchdog",
            json!({"secret": "watchkeeper/watchdog", "every": "90s"}),
            "watchdog.every: `1m30s` is not a number of whole minutes up to a day; write for instance 15m",
        ),
        (
            "watchdog",
            json!({"secret": "watchkeeper/watchdog", "every": "2d"}),
            "watchdog.every: `2d` is not a number of whole minutes up to a day; write for instance 15m",
        ),
        (
            "watchdog",
            json!({"secret": " "}),
            "watchdog.secret: name the secret that holds the checker's address, such as watchkeeper/watchdog",
        ),
    ]);
}
