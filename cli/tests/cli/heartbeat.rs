//! Users' jobs that are waited for.

use aws::store::{Expect, Row, Write};
use domain::control::PolicyInForce;
use domain::heartbeat::{Ping, State, load, settle};
use domain::link::LinkKey;
use domain::span::Span;
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::world::LINK_KEY;

use crate::desk::{Desk, assert_fits, keys, on_one_line, orders};

fn file() -> Value {
    json!({"heartbeats": [{"id": "hourly", "every": "1h"}, {"id": "backup", "every": "1d"}]})
}

/// A desk with two heartbeats in force, and what was heard of the first.
async fn desk(pings: &[(Span, Ping)]) -> Desk {
    let desk = Desk::bare().await;
    let mut orders = orders();
    orders["deployment"]["link_key"] = json!(LINK_KEY);
    desk.install(orders).await;
    let store = desk.store();
    let now: Timestamp = runtime::now();
    let mut control = store.control().await.unwrap().unwrap();
    control.value.probes = Some(PolicyInForce { version: "1".to_owned(), previous: None, installed_at: now });
    let heartbeats = load(&file()).unwrap();
    let installed = Span::hours(10).before(now);
    let mut state = settle(installed, Some(&heartbeats[0]), Some(&State::new("hourly"))).unwrap();
    for (ago, ping) in pings {
        state.heard = state.heard.clone().ping(ago.before(now), *ping, "disk full");
    }
    let writes = vec![
        Write::Put(Row::Control(Box::new(control.value)), Expect::Version(control.version)),
        Write::Put(Row::Probes("1".to_owned(), file()), Expect::Absent),
        Write::Put(Row::Heartbeat(Box::new(state)), Expect::Absent),
    ];
    store.commit(writes).await.unwrap();
    desk
}

#[tokio::test]
async fn heartbeats_are_listed_with_how_they_fare_and_what_is_wrong_comes_first() {
    let desk = desk(&[(Span::hours(2), Ping::Success), (Span::minutes(20), Ping::Failure(Some(3)))]).await;
    let listed = desk.run(&["heartbeat", "list"]).await.ok();
    assert_fits(&listed);
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[1].starts_with("failed ") && lines[1].ends_with("hourly (exit code 3)"), "{listed}");
    assert!(lines[2].starts_with("waiting ") && lines[2].ends_with("backup"), "{listed}");
    let for_programs = desk.run_json(&["heartbeat", "list"]).await.json();
    let first = &for_programs["heartbeats"][0];
    let wanted =
        ["due_at", "exit_code", "failed_at", "grace", "id", "log", "schedule", "service", "started_at", "state", "succeeded_at"];
    assert_eq!(keys(first), wanted);
    assert_eq!((&first["state"], &first["exit_code"], &first["log"]), (&json!("failed"), &json!(3), &json!("disk full")));
}

#[tokio::test]
async fn the_address_of_a_heartbeat_is_said_with_its_token() {
    let desk = desk(&[]).await;
    let token = LinkKey::new(b"0123456789abcdef0123456789abcdef").unwrap().heartbeat("backup");
    let address = format!("https://console.example/ping/backup/{token}");
    let said = desk.run(&["heartbeat", "url", "backup"]).await.ok();
    assert!(said.starts_with(&format!("{address}\n")) && said.contains("curl -fsS"), "{said}");
    assert_eq!(desk.run_json(&["heartbeat", "url", "backup"]).await.json(), json!({"id": "backup", "url": address}));
    let unknown = desk.run(&["heartbeat", "url", "backpu"]).await.error(1);
    assert!(on_one_line(&unknown).contains("did you mean `backup`?"), "{unknown}");
}

#[tokio::test]
async fn without_heartbeats_it_is_said_where_they_come_from() {
    let desk = Desk::new().await;
    let said = desk.run(&["heartbeat", "list"]).await.ok();
    assert!(said.starts_with("There are no heartbeats."), "{said}");
}
