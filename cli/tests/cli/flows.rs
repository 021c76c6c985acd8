//! See how synthetic flows fare: what the table knows of them.

use aws::store::{Expect, Row, Write};
use domain::probe::flow::AlertRule;
use domain::probe::watch::{FlowState, RegionState};
use domain::probe::{FlowReport, Phases, StepReport, Verdict};
use domain::span::Span;
use jiff::Timestamp;
use runtime::now;
use serde_json::{Value, json};
use std::time::Duration;

use crate::desk::{Desk, assert_fits, on_one_line};

/// What somebody may have put into an answer.
const HOSTILE: &str = "gone\u{1b}[2J\u{202e}";

/// A file of two flows, one of them in two Regions.
fn probes() -> Value {
    json!({
        "defaults": {"alert": {"failures": 2, "of": 3, "recover": 2}},
        "flows": [
            {"id": "create-order", "service": "api", "regions": {"run": ["eu-west-1", "us-east-1"], "quorum": 1}, "steps": [
                {"post": "https://api.example.com/token"},
                {"post": "https://api.example.com/orders", "expect": ["status == 201"]},
            ]},
            {"id": "home", "steps": [{"get": "https://www.example.com/", "expect": ["status == 200"]}]},
        ],
    })
}

fn report(region: &str, at: Timestamp, verdict: Verdict, duration_ms: f64) -> FlowReport {
    let is_down = verdict == Verdict::Down;
    let step = StepReport {
        step: 2,
        name: "POST https://api.example.com/orders".to_owned(),
        kind: "http".to_owned(),
        ok: !is_down,
        slow: false,
        status: Some(if is_down { 503 } else { 201 }),
        phases_ms: Phases { ttfb: Some(Duration::from_millis(90)), total: Some(Duration::from_millis(100)), ..Phases::default() },
        captures: Vec::new(),
        because: if is_down { vec!["status == 201: it was 503".to_owned()] } else { Vec::new() },
        evidence: is_down.then(|| format!("the database is {HOSTILE}")),
    };
    FlowReport {
        flow: "create-order".to_owned(),
        run: format!("{region}-{at}"),
        region: Some(region.to_owned()),
        at,
        verdict,
        failed_step: is_down.then_some(2),
        because: step.because.clone(),
        duration_ms,
        steps: vec![step],
        cleanup: Vec::new(),
    }
}

/// A desk with the file in force. In Ireland the flow was up four times and is down since
/// two runs; of the other Region nothing was heard.
async fn desk() -> Desk {
    let desk = Desk::new().await;
    let mut writes = Vec::new();
    let stored = desk.store().control().await.expect("it can be read").expect("a policy is in force");
    let mut control = stored.value.clone();
    let content = probes();
    let version = domain::probe::Probes::check(&content).expect("it is right").version;
    control.probes = Some(domain::control::PolicyInForce { version: version.clone(), ..in_force(&control) });
    writes.push(Write::over(Row::Control(Box::new(control)), Some(&stored)));
    writes.push(Write::Put(Row::Probes(version, content), Expect::Absent));
    let rule = AlertRule { failures: 2, of: 3, recover: 2 };
    let mut ireland = RegionState::default();
    for (minutes, verdict, ms) in [
        (6, Verdict::Up, 100.0),
        (5, Verdict::Up, 120.0),
        (4, Verdict::Degraded, 800.0),
        (3, Verdict::Up, 110.0),
        (2, Verdict::Down, 90.0),
        (1, Verdict::Down, 95.0),
    ] {
        ireland.heard(&rule, &report("eu-west-1", Span::minutes(minutes).before(now()), verdict, ms));
    }
    let state = FlowState {
        is_down: true,
        since: ireland.down_since(),
        down: vec!["eu-west-1".to_owned()],
        silent: vec!["us-east-1".to_owned()],
        failing: ireland.last_bad().map(|run| domain::probe::watch::Failing { region: "eu-west-1".to_owned(), run: run.clone() }),
    };
    let row = Row::FlowRegion("create-order".to_owned(), "eu-west-1".to_owned(), Box::new(ireland));
    writes.push(Write::Put(row, Expect::Absent));
    writes.push(Write::Put(Row::Flow("create-order".to_owned(), Box::new(state)), Expect::Absent));
    desk.store().commit(writes).await.expect("it can be written");
    desk
}

fn in_force(control: &domain::control::Control) -> domain::control::PolicyInForce {
    control.policy.clone().expect("a policy is in force")
}

#[tokio::test]
async fn flows_are_listed_with_their_regions() {
    let desk = desk().await;
    let said = desk.run(&["probes", "list"]).await.ok();
    assert_fits(&said);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "create-order down for 2 min, in 1 of 2 Regions, service api");
    assert_eq!(lines[1], "  eu-west-1       down      1 min ago         p50 100.0 ms  p95 800.0 ms");
    assert_eq!(lines[2], "  us-east-1       no run was heard");
    assert_eq!(lines[3..], ["home not run", "  eu-west-1       no run was heard"]);
    let answer = desk.run_json(&["probes", "list"]).await.json();
    let order = &answer["flows"][0];
    assert_eq!((&order["is_down"], &order["regions"][0]["p95_ms"]), (&json!(true), &json!(800.0)));
    assert_eq!((&order["regions"][1]["is_silent"], &order["regions"][1]["last"]), (&json!(true), &Value::Null));
    assert_eq!((&answer["flows"][1]["is_down"], &answer["flows"][1]["since"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn what_fails_is_shown_with_its_evidence() {
    let desk = desk().await;
    let said = desk.run(&["probes", "show", "create-order"]).await.ok();
    assert_fits(&said);
    for wanted in [
        "create-order down for 2 min",
        " UTC",
        "What fails in eu-west-1, ",
        "  2  POST https://api.example.com/orders",
        "503  100.0 ms",
        "     ttfb      90.0 ms  █",
        "     status == 201: it was 503",
        "     | the database is gone\u{fffd}[2J\u{fffd}",
    ] {
        assert!(said.contains(wanted), "{wanted}:\n{said}");
    }
    let quiet = desk.run(&["probes", "show", "home"]).await.ok();
    assert!(quiet.contains("No run of it was ever down."), "{quiet}");
    let answer = desk.run_json(&["probes", "show", "create-order"]).await.json();
    assert_eq!(answer["last_bad"]["run"]["because"], json!(["status == 201: it was 503"]));
}

#[tokio::test]
async fn runs_are_told_one_by_one_with_how_long_they_took() {
    let desk = desk().await;
    let said = desk.run(&["probes", "history", "create-order"]).await.ok();
    assert_fits(&said);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "create-order in eu-west-1  ▂▂█▂▂▂");
    assert!(lines[1].ends_with(" UTC  down        95.0 ms  at step 2"), "{}", lines[1]);
    assert!(lines[4].ends_with(" UTC  degraded   800.0 ms"), "{}", lines[4]);
    assert_eq!(lines[7..], ["", "create-order in us-east-1: no run was heard"]);
    let answer = desk.run_json(&["probes", "history", "create-order", "--in", "eu-west-1"]).await.json();
    assert_eq!(answer["regions"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["regions"][0]["runs"].as_array().map(Vec::len), Some(6));
    let refused = desk.run(&["probes", "history", "create-order", "--in", "eu-west-2"]).await.error(1);
    assert!(on_one_line(&refused).contains("did you mean `eu-west-1`?"), "{refused}");
}

#[tokio::test]
async fn a_flow_that_there_is_not_is_told_with_what_there_is() {
    let desk = desk().await;
    for command in ["show", "history"] {
        let refused = desk.run_json(&["probes", command, "creat-order"]).await.json_error(1);
        assert_eq!(refused, "there is no flow `creat-order`; did you mean `create-order`?");
    }
    let without = Desk::new().await;
    let refused = without.run(&["probes", "list"]).await.error(1);
    assert!(on_one_line(&refused).contains("no probes file is installed; run `terraform apply`"), "{refused}");
}
