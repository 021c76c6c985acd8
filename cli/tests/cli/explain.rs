//! A decision about an alert, explained.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::desk::{Desk, assert_fits, folder, keys, on_one_line};

/// A policy in which something can be said under every head.
const POLICY: &str = include_str!("explain/policy.yaml");

/// A desk that AWS cannot be asked from: no explanation asks it.
async fn desk() -> Desk {
    let mut desk = Desk::bare().await;
    for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "WATCHKEEPER_TABLE"] {
        desk.set(name, None);
    }
    desk
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn file(name: &str, content: &str) -> String {
    let path = folder().join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

/// What is said of some labels, at a Monday's noon in Berlin.
async fn said(labels: &[&str], more: &[&str]) -> String {
    let policy = file("policy.yaml", POLICY);
    let words = [&["policy", "explain", &policy, "--at", "2026-06-01T12:00+02:00"], more, &["--labels"], labels].concat();
    desk().await.run(&words).await.ok()
}

#[track_caller]
fn check(said: &str, wanted: &str) {
    assert_fits(said);
    assert!(said == wanted, "it says:\n{said}\nand not:\n{wanted}");
}

#[tokio::test]
async fn an_alert_that_wakes_somebody_is_followed_from_its_labels_to_the_last_message() {
    let labels = ["alertname=db-connections", "site=north", "severity=warning"];
    check(&said(&labels, &[]).await, include_str!("explain/wakes.txt"));
}

#[tokio::test]
async fn an_alert_that_planned_work_holds_back_says_until_when() {
    check(&said(&["alertname=batch-late", "team=data"], &[]).await, include_str!("explain/held.txt"));
}

#[tokio::test]
async fn every_alert_of_an_event_is_explained() {
    let policy = root().join("infra/policy/policy.yaml").display().to_string();
    let event = json!({"alerts": [
        {"status": "firing", "labels": {"alertname": "one"}, "startsAt": "2026-06-01T10:00:00Z", "fingerprint": "1"},
        {"status": "resolved", "labels": {"alertname": "two"}, "startsAt": "2026-06-01T09:00:00Z", "endsAt": "2026-06-01T10:00:00Z", "fingerprint": "2"}]});
    let event = file("event.json", &event.to_string());
    let desk = desk().await;
    let words = ["policy", "explain", &policy, "--event", &event, "--at", "2026-06-01T10:00:01Z"];
    let said = desk.run(&words).await.ok();
    assert_fits(&said);
    for wanted in [
        "alert 1 of 2\nP2 high  one\nALARM since 2026-06-01 10:00:00 UTC, comes in 2026-06-01 10:00:01 UTC\n",
        "\n\nalert 2 of 2\nP2 high  two\nOK since ",
        "\n  nothing: it is OK, and no open incident has it\n",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let value = desk.run_json(&words).await.json();
    assert_eq!(keys(&value), ["alerts", "at", "version"]);
    let alerts = value["alerts"].as_array().unwrap();
    assert_eq!(
        keys(&alerts[0]),
        ["alert", "at", "classification", "duty", "forecast", "group", "inhibition", "maintenance_windows", "mutings", "route"]
    );
    assert_eq!((alerts.len(), &alerts[1]["forecast"]["does"]), (2, &json!("recovers")));
}

#[tokio::test]
async fn every_event_that_is_known_can_be_explained_in_80_columns() {
    let policy = root().join("infra/policy/policy.yaml").display().to_string();
    let desk = desk().await;
    let mut n_events = 0;
    for folder in std::fs::read_dir(root().join("events")).unwrap().map(|entry| entry.unwrap().path()) {
        for event in std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            let event = event.display().to_string();
            let said = desk.run(&["policy", "explain", &policy, "--event", &event]).await.ok();
            // The words of a text with an address in it are not broken: people copy it.
            said.lines().filter(|line| line.trim().contains(' ') && !line.contains("://")).for_each(assert_fits);
            assert!(said.contains("\nWhat happens if nobody answers and nothing recovers\n"), "{event}: {said}");
            n_events += 1;
        }
    }
    assert!(n_events > 100, "{n_events}");
}

#[tokio::test]
async fn times_are_those_of_whoever_looks() {
    let mut desk = desk().await;
    desk.set("TZ", Some("Asia/Tokyo"));
    let policy = file("policy.yaml", POLICY);
    let said = desk.run(&["policy", "explain", &policy, "--labels", "a=b", "--at", "2026-06-01T10:00Z"]).await.ok();
    assert!(said.contains("comes in 2026-06-01 19:00:00 JST"), "{said}");
    assert!(said.contains("  Monday 2026-06-01, times in JST\n  19:00:00 +0s "), "{said}");
}

#[tokio::test]
async fn there_is_colour_only_where_it_is_asked_for_and_nothing_of_others() {
    let labels = ["alertname=\u{1b}[31mred\u{202e}", "x=\u{7}"];
    let plain = said(&labels, &[]).await;
    let painted = said(&labels, &["--color=always"]).await;
    assert!(!plain.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{plain:?}");
    assert!(painted.contains("\u{1b}[1m") && !painted.contains(['\u{7}', '\u{202e}']), "{painted:?}");
    let now = desk().await.run(&["policy", "explain", &file("policy.yaml", POLICY), "--labels", "a=b"]).await.ok();
    assert!(now.contains("comes in 20"), "without --at it is now: {now}");
}

#[tokio::test]
async fn what_is_not_right_is_told_with_what_would_be() {
    let desk = desk().await;
    let policy = file("policy.yaml", POLICY);
    let missing = folder().join("event.json").display().to_string();
    let rows: [(&[&str], &str); 9] = [
        (&["--labels", "team:api"], "write team=api"),
        (&["--labels", "team"], "for instance team=api"),
        (&["--labels", "team=api", "team=web"], "the label `team` has two values, api and web"),
        (&["--labels"], "--labels <LABEL>"),
        (&["--event", &missing], "there is no file"),
        (&[], "<--event <FILE>|--labels <LABEL>...>"),
        (&["--event", &missing, "--labels", "a=b"], "cannot be used with"),
        (&["--labels", "a=b", "--at", "tomorrow"], "2026-12-05T20:00Z"),
        (&["--labels", "a=b", "--at", "9999-12-30T00:00Z"], "before 9999-01-01T00:00:00Z"),
    ];
    for (more, wanted) in rows {
        let words = [&["policy", "explain", &policy], more].concat();
        let text = desk.run(&words).await.error(2);
        assert!(on_one_line(&text).contains(wanted), "{more:?}: {text}");
        let text = desk.run_json(&words).await.json_error(2);
        assert!(text.contains(wanted), "{more:?}: {text}");
    }
    let broken = file("policy.yaml", "route: {reciever: all}\nreceivers: [{name: all}]\n");
    let text = desk.run(&["policy", "explain", &broken, "--labels", "a=b"]).await.error(1);
    assert!(on_one_line(&text).contains("did you mean `receiver`?"), "{text}");
}

#[tokio::test]
async fn the_data_say_the_same_as_the_text() {
    let policy = file("policy.yaml", POLICY);
    let words =
        ["policy", "explain", &policy, "--at", "2026-06-01T10:00Z", "--labels", "alertname=db-connections", "severity=warning"];
    let value = desk().await.run_json(&words).await.json();
    let alert: &Value = &value["alerts"][0];
    assert_eq!(alert["classification"]["rules"][0]["sets"], json!(["service db", "layer infrastructure"]));
    assert_eq!(alert["route"]["routes"][0]["failed"], json!({"matcher": "team=\"web\"", "label": "team", "value": "data"}));
    assert_eq!(alert["duty"]["rules"][0]["targets"][0]["user"], "bob");
    assert_eq!(alert["forecast"]["steps"][0]["is"], "noted");
}
