//! Any number of deliveries and ticks at the same moment come to what one after
//! the other would.

mod mending;

use std::sync::Arc;

use crate::play::{Play, event};
use domain::span::Span;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::stage::{acknowledge, change, fires, incident, messages, minutes, only_incident, record, stage};

/// Hands all payloads to the classifier at the same moment; what fails comes in
/// again, as Lambda would have it.
async fn at_once(play: &Play, payloads: Vec<String>) {
    let mut left: Vec<(usize, String)> = payloads.into_iter().enumerate().collect();
    for round in 0..3 {
        let runs = left.iter().map(|(n, payload)| {
            let classifier = Arc::clone(&play.classifier);
            async move { classifier.handle(event(payload, play.now, &format!("r{round}-{n}"))).await.is_ok() }
        });
        let outcomes = join_all(runs).await;
        left = left.into_iter().zip(outcomes).filter(|(_, is_taken)| !is_taken).map(|(run, _)| run).collect();
    }
    assert!(left.is_empty(), "{} events were given up", left.len());
}

#[tokio::test]
async fn one_event_delivered_many_times_at_once_is_one_incident() {
    let mut play = stage().await;
    let payload = change("cpu", "ALARM", play.now);
    at_once(&play, vec![payload; 10]).await;
    minutes(&mut play, 2).await;
    only_incident(&play);
    assert_eq!(messages(&play), [("ann".to_owned(), 1), ("team".to_owned(), 1)].into());
    let record = record(&play, "cpu").await.unwrap();
    assert_eq!(record.history.transitions().len(), 1);
}

#[tokio::test]
async fn changes_of_one_alarm_that_come_at_once_are_all_in_its_history() {
    let play = stage().await;
    let at = |n: u64| Span::seconds(n).after(play.now);
    let wanted: Vec<Timestamp> = (0..8).map(at).collect();
    // The newest first, so that none of them is in its place by chance.
    let payloads = (0..8).rev().map(|n| change("cpu", if n % 2 == 0 { "ALARM" } else { "OK" }, at(n))).collect();
    at_once(&play, payloads).await;
    let history = record(&play, "cpu").await.unwrap().history;
    let got: Vec<Timestamp> = history.transitions().iter().map(|transition| transition.state_at).collect();
    assert_eq!(got, wanted);
    assert!(!history.is_firing());
}

#[tokio::test]
async fn ticks_of_one_clock_at_the_same_moment_page_once() {
    let mut play = stage().await;
    fires(&mut play, "cpu").await;
    let input: Value = serde_json::from_str(&play.world.executions()[0].input).unwrap();
    let payload = json!({"incident_id": input["incident_id"], "seq": input["seq"]}).to_string();
    let ticks = (0..6).map(|n| {
        let (escalation, payload) = (Arc::clone(&play.escalation), payload.clone());
        let event = event(&payload, play.now, &format!("tick-{n}"));
        async move { escalation.handle(event).await }
    });
    let outcomes = join_all(ticks).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    minutes(&mut play, 2).await;
    assert_eq!(messages(&play), [("ann".to_owned(), 1), ("team".to_owned(), 1)].into());
}

#[tokio::test]
async fn an_answer_between_ticks_is_not_overwritten() {
    let mut play = stage().await;
    fires(&mut play, "cpu").await;
    minutes(&mut play, 1).await;
    let id = only_incident(&play);
    let seq = incident(&play, &id).await.clock.seq;
    let payload = json!({"incident_id": id, "seq": seq}).to_string();
    let escalation = Arc::clone(&play.escalation);
    let now = play.now;
    let ticks = join_all((0..4).map(|n| escalation.handle(event(&payload, now, &format!("tick-{n}")))));
    let (outcomes, ()) = tokio::join!(ticks, acknowledge(&mut play, &id, "ann"));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(incident(&play, &id).await.status_word(), "acknowledged");
    minutes(&mut play, 30).await;
    assert_eq!(messages(&play).get("bob"), None);
}
