//! Flows, from the file that says what they are to the incident that says which step
//! fails.

mod outside;

use std::time::Duration;

use domain::probe::{Verdict, timetable};
use jiff::Timestamp;
use serde_json::json;
use testkit::world::Moment;

use self::outside::{HOME, Outside, REGIONS, TOKEN};
use crate::play::event;
use crate::servers::Act;
use crate::stage::{calls, incident, messages, minutes};

const BAD: &str = "\
flows:
  - id: create-order
    every: 1m
    steps:
      - post: https://example.com/
        expect: [statsu == 201]
";

#[tokio::test]
async fn a_good_file_is_in_force_at_once_and_again_is_no_change() {
    let outside = Outside::bare().await;
    let answer = outside.install(&outside.file(), "").await.unwrap();
    assert_eq!(answer["changed"], true);
    assert_eq!(answer["dimensions"], json!({"create-order": {"Flow": "create-order", "Service": "api", "Priority": "P1"}}));
    let control = outside.play.store().control().await.unwrap().unwrap().value;
    assert_eq!(json!(control.probes.unwrap().version), answer["version"]);
    assert!(control.policy.is_some(), "the policy is still in force");
    let rows = outside.play.world.rows().await;
    assert_eq!(outside.install(&outside.file(), "").await.unwrap()["changed"], false);
    assert_eq!(outside.play.world.rows().await, rows);
}

#[tokio::test]
async fn a_bad_file_is_refused_with_file_line_and_reason_and_the_old_one_goes_on() {
    let mut outside = Outside::new().await;
    let rows = outside.play.world.rows().await;
    let bad = json!({"flows": [{"id": "create-order", "every": "1m", "steps": [
        {"post": "https://example.com/", "expect": ["statsu == 201"]}]}]});
    let failure = outside.install(&bad, BAD).await.unwrap_err();
    assert_eq!(failure.kind, "Watchkeeper.ProbesRefused");
    assert!(failure.message.contains("probes.yaml:6:"), "{}", failure.message);
    assert!(failure.message.contains("the probes file in force stays as it is"), "{}", failure.message);
    assert_eq!(outside.play.world.rows().await, rows, "the table was changed");
    assert_eq!(outside.minutes(1).await["runs"], 1);
}

#[tokio::test]
async fn a_file_is_installed_at_home_only() {
    let outside = Outside::new().await;
    let payload = json!({"watchkeeper": {"install_probes": {"file": "p", "source": "", "probes": {"flows": []}}}}).to_string();
    let elsewhere = &outside.probers[1].1;
    let failure = Box::pin(elsewhere.handle(event(&payload, outside.play.now, "install"))).await.unwrap_err();
    assert!(failure.message.contains("eu-west-1"), "{failure}");
}

#[tokio::test]
async fn without_a_file_there_is_nothing_to_run() {
    let mut outside = Outside::bare().await;
    assert_eq!(outside.minutes(1).await, json!({"runs": 0}));
}

#[tokio::test]
async fn a_flow_that_fails_in_two_regions_is_one_incident_that_names_the_step_and_is_over_when_it_recovers() {
    let mut outside = Outside::new().await;
    outside.minutes(2).await;
    assert!(!outside.state().await.is_down);
    // Two runs of five are no alert, and neither is one Region.
    outside.orders.always(Act::Say(502, "<h1>Bad gateway</h1>"));
    outside.minutes(2).await;
    assert!(!outside.state().await.is_down);
    assert_eq!(outside.minute(&["us-east-1"]).await["down"], 1);
    outside.orders.always(Act::Say(201, r#"{"id": "o-2"}"#));
    let answer = outside.round_in(HOME, Duration::from_secs(30)).await.unwrap();
    assert_eq!((&answer["flows_down"], outside.state().await.down), (&json!([]), vec!["us-east-1".to_owned()]));
    // It is seen in a second Region.
    outside.orders.always(Act::Say(502, "<h1>Bad gateway</h1>"));
    outside.minute(&["us-east-1", "ap-northeast-1"]).await;
    let answer = outside.round_in(HOME, Duration::from_secs(30)).await.unwrap();
    assert_eq!(answer["flows_down"], json!(["create-order"]));
    outside.play.restart_classifier().await;
    outside.play.world.forget_calls();
    let id = outside.deliver("ALARM").await;
    assert_eq!(calls(&outside.play), ["dynamodb BatchGetItem", "dynamodb TransactWriteItems", "states StartExecution"]);
    minutes(&mut outside.play, 1).await;
    let opened = incident(&outside.play, &id).await;
    let url = outside.orders.url("/orders");
    assert!(opened.title.starts_with(&format!("create-order fails at step 2 (POST {url}): ")), "{}", opened.title);
    assert!(opened.title.contains("502") && opened.title.contains("201"), "{}", opened.title);
    assert!(opened.title.contains(" — in ") && opened.title.contains("us-east-1"), "{}", opened.title);
    assert!(opened.reason.contains("Bad gateway"), "{}", opened.reason);
    assert!(opened.summary.contains("in all "), "{}", opened.summary);
    assert_eq!(opened.service(), Some("api"));
    assert_eq!(opened.labels.get("flow"), "create-order");
    let first = outside.play.world.published().remove(0).text;
    assert!(first.contains("step 2") && first.contains("502"), "{first}");
    assert_eq!(messages(&outside.play).get("ann"), Some(&1));

    outside.orders.always(Act::Say(201, r#"{"id": "o-2"}"#));
    outside.minutes(1).await;
    assert!(outside.state().await.is_down, "one good run is not enough");
    outside.minutes(1).await;
    assert!(!outside.state().await.is_down);
    assert_eq!(outside.deliver("OK").await, id);
    minutes(&mut outside.play, 10).await;
    let over = incident(&outside.play, &id).await;
    assert!(
        !matches!(over.status, domain::incident::Status::Triggered | domain::incident::Status::Acknowledged { .. }),
        "{over:?}"
    );
    for row in outside.play.world.rows().await {
        assert!(!row.contains(TOKEN) && !row.contains("pass-word-of-the-probe"), "a secret was stored: {row}");
    }
}

#[tokio::test]
async fn an_alarm_of_a_flow_that_is_well_says_that_the_prober_is_silent() {
    let mut outside = Outside::new().await;
    outside.minutes(2).await;
    minutes(&mut outside.play, 6).await;
    let id = outside.deliver("ALARM").await;
    assert_eq!(incident(&outside.play, &id).await.title, "create-order: the prober itself is silent");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_keeps_no_alarm_from_coming_in_and_is_written_anew() {
    let mut outside = Outside::new().await;
    outside.minutes(2).await;
    outside.play.world.overwrite("FLOW#create-order", "STATE", "{").await;
    outside.play.world.overwrite("FLOW#create-order", "REGION#us-east-1", "[]").await;
    let id = outside.deliver("ALARM").await;
    assert_eq!(incident(&outside.play, &id).await.labels.get("flow"), "create-order");
    outside.minutes(1).await;
    assert_eq!(outside.verdicts("us-east-1").await, [Verdict::Up]);
    assert!(!outside.state().await.is_down);
}

#[tokio::test]
async fn a_second_round_of_the_same_minute_changes_nothing_and_asks_nobody() {
    let mut outside = Outside::new().await;
    outside.minutes(3).await;
    let (rows, n_asked) = (outside.play.world.rows().await, outside.orders.seen().len());
    assert_eq!(n_asked, 9);
    let answer = outside.round_in(HOME, Duration::from_secs(30)).await.unwrap();
    assert_eq!(answer["runs"], 0);
    assert_eq!(outside.play.world.rows().await, rows);
    assert_eq!(outside.orders.seen().len(), n_asked);
}

#[tokio::test]
async fn two_rounds_of_the_same_minute_at_once_are_kept_as_one() {
    let mut outside = Outside::new().await;
    outside.minutes(1).await;
    minutes(&mut outside.play, 1).await;
    let long = Duration::from_secs(30);
    let (one, other) = tokio::join!(outside.round_in("us-east-1", long), outside.round_in("us-east-1", long));
    one.unwrap();
    other.unwrap();
    assert_eq!(outside.verdicts("us-east-1").await, [Verdict::Up, Verdict::Up]);
}

#[tokio::test]
async fn a_round_costs_few_requests() {
    let mut outside = Outside::new().await;
    outside.minutes(1).await;
    minutes(&mut outside.play, 1).await;
    outside.play.world.forget_calls();
    outside.round_in("us-east-1", Duration::from_secs(30)).await.unwrap();
    assert_eq!(calls(&outside.play), ["dynamodb GetItem", "dynamodb BatchGetItem", "dynamodb PutItem"]);
    outside.play.world.forget_calls();
    outside.round_in(HOME, Duration::from_secs(30)).await.unwrap();
    // All is as it was: nothing is written but the run.
    let home = ["dynamodb GetItem", "dynamodb BatchGetItem", "dynamodb PutItem", "dynamodb BatchGetItem"];
    assert_eq!(calls(&outside.play), home);
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_makes_a_flow_unknown_and_never_down() {
    let mut outside = Outside::bare().await;
    let file = outside.file();
    outside.install(&file, "").await.unwrap();
    for _ in 0..4 {
        assert_eq!(outside.minute(&REGIONS).await["unknown"], 1);
    }
    assert_eq!(outside.verdicts(HOME).await, [Verdict::Unknown; 4]);
    assert!(!outside.state().await.is_down);
    assert_eq!(outside.orders.seen().len(), 0);
    outside.play.world.add_secret("prod/probe", r#"{"password": "there"}"#);
    outside.minutes(1).await;
    assert_eq!(outside.verdicts(HOME).await.last(), Some(&Verdict::Up));
}

#[tokio::test]
async fn what_did_not_get_to_run_in_its_time_is_unknown_and_never_down() {
    let mut outside = Outside::new().await;
    outside.orders.always(Act::Hang);
    minutes(&mut outside.play, 1).await;
    let answer = outside.round_in(HOME, Duration::from_millis(8_300)).await.unwrap();
    assert_eq!((&answer["runs"], &answer["unknown"]), (&json!(1), &json!(1)));
    assert_eq!(outside.verdicts(HOME).await, [Verdict::Unknown]);
}

#[tokio::test]
async fn a_region_that_is_silent_is_said_and_makes_nothing_down() {
    let mut outside = Outside::new().await;
    outside.minutes(1).await;
    for _ in 0..5 {
        outside.minute(&[HOME, "us-east-1"]).await;
    }
    let state = outside.state().await;
    assert_eq!(state.silent, ["ap-northeast-1"]);
    assert!(!state.is_down);
    let answer = outside.minutes(1).await;
    assert_eq!(answer["silent"], json!([]), "it is heard again");
}

/// The flow fails for some minutes; one run of a prober is cut off at a call.
async fn story(cut: Option<(&str, usize, Moment)>) -> (Outside, usize) {
    let mut outside = Outside::new().await;
    outside.minutes(1).await;
    outside.orders.always(Act::Say(502, "no"));
    outside.minutes(2).await;
    // In this minute it becomes down: what is cut here is what matters.
    minutes(&mut outside.play, 1).await;
    let mut n_calls = 0;
    for region in REGIONS.into_iter().rev() {
        outside.play.world.forget_calls();
        if let Some((_, call, moment)) = cut.filter(|(cut, ..)| *cut == region) {
            outside.play.world.crash_at(call, moment);
        }
        let world = outside.play.world.clone();
        let result = world.invoke(outside.round_in(region, Duration::from_secs(30))).await;
        world.crash_never();
        assert_eq!(result.is_none(), cut.is_some_and(|(cut, ..)| cut == region), "{cut:?} {region}");
        n_calls = calls(&outside.play).len();
    }
    outside.minutes(1).await;
    (outside, n_calls)
}

#[tokio::test]
async fn a_round_that_is_cut_off_anywhere_leaves_what_the_next_one_mends() {
    let (undisturbed, n_calls) = story(None).await;
    let wanted = undisturbed.state().await;
    assert!(wanted.is_down && n_calls >= 5, "{wanted:?}, {n_calls} calls");
    for (region, n_calls) in [(HOME, n_calls), ("us-east-1", 3)] {
        for call in 0..n_calls {
            for moment in [Moment::Before, Moment::After] {
                let (outside, _) = story(Some((region, call, moment))).await;
                let got = outside.state().await;
                let at = format!("{region} {call} {moment:?}");
                assert_eq!((got.is_down, &got.down, &got.silent), (true, &wanted.down, &wanted.silent), "{at}");
                assert_eq!(got.failing.map(|failing| failing.run.failed_step), Some(Some(2)), "{at}");
                let n_runs = outside.verdicts(region).await.len();
                assert!((4..=5).contains(&n_runs), "{at}: {n_runs} runs");
            }
        }
    }
}

#[tokio::test]
async fn a_flow_of_another_interval_runs_when_it_is_due_and_in_its_regions() {
    let mut outside = Outside::new().await;
    let mut file = outside.file();
    file["flows"][0]["every"] = json!("5m");
    file["flows"][0]["regions"] = json!({"run": ["us-east-1"], "quorum": 1});
    outside.install(&file, "").await.unwrap();
    outside.minutes(10).await;
    assert_eq!(outside.verdicts("us-east-1").await.len(), 2);
    assert!(outside.verdicts(HOME).await.is_empty());
    let runs = outside.rows().await.regions["us-east-1"].value.clone();
    let at: Vec<Timestamp> = runs.runs().iter().map(|run| timetable::minute(run.at)).collect();
    assert_eq!(at[1].duration_since(at[0]).as_mins(), 5);
}
