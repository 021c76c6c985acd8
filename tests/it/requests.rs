//! An alarm costs few requests: counted, not estimated.

use std::sync::Arc;

use crate::play::{Play, event};
use futures_util::StreamExt as _;

use crate::stage::{TOPICS, calls, change, fires, messages, minutes, only_incident, orders_for_one_group, stage};

const NEW: [&str; 3] = ["dynamodb BatchGetItem", "dynamodb TransactWriteItems", "states StartExecution"];

/// What the classifier asks of AWS for one event.
async fn requests(play: &mut Play, payload: &str) -> Vec<String> {
    play.world.forget_calls();
    play.classify(payload).await.unwrap();
    calls(play)
}

#[tokio::test]
async fn a_new_alert_costs_three_requests_and_its_repetition_two() {
    let mut play = stage().await;
    fires(&mut play, "warm-up").await;
    let payload = change("cpu", "ALARM", play.now);
    assert_eq!(requests(&mut play, &payload).await, NEW);
    // Until the clock has ticked, a repetition makes sure that it was started.
    let again = ["dynamodb BatchGetItem", "states StartExecution"];
    assert_eq!(requests(&mut play, &payload).await, again);
    minutes(&mut play, 1).await;
    let again = ["dynamodb BatchGetItem", "dynamodb PutItem"];
    assert_eq!(requests(&mut play, &payload).await, again);
}

#[tokio::test]
async fn an_alert_that_joins_costs_two_requests_and_its_recovery_three() {
    let mut play = Play::new(orders_for_one_group(), TOPICS).await;
    fires(&mut play, "first").await;
    minutes(&mut play, 1).await;
    let payload = change("second", "ALARM", play.now);
    assert_eq!(requests(&mut play, &payload).await, ["dynamodb BatchGetItem", "dynamodb PutItem"]);
    let payload = change("second", "OK", play.now);
    let recovery = ["dynamodb BatchGetItem", "dynamodb PutItem", "states StartExecution"];
    assert_eq!(requests(&mut play, &payload).await, recovery);
}

#[tokio::test]
async fn a_cold_start_adds_the_two_reads_of_the_policy() {
    let mut play = stage().await;
    play.world.forget_calls();
    play.restart_classifier().await;
    assert_eq!(calls(&play), ["dynamodb GetItem", "dynamodb GetItem"]);
    let payload = change("cpu", "ALARM", play.now);
    assert_eq!(requests(&mut play, &payload).await, NEW);
}

#[tokio::test]
async fn a_burst_on_one_group_is_one_incident_at_about_one_write_an_alarm() {
    const N: usize = 300;
    let mut play = Play::new(orders_for_one_group(), TOPICS).await;
    let classifier = Arc::clone(&play.classifier);
    let now = play.now;
    play.world.forget_calls();
    let outcomes: Vec<_> = futures_util::stream::iter(0..N)
        .map(|n| {
            let classifier = Arc::clone(&classifier);
            let payload = change(&format!("alarm-{n:03}"), "ALARM", now);
            async move { classifier.handle(event(&payload, now, &format!("burst-{n}"))).await }
        })
        .buffer_unordered(16)
        .collect()
        .await;
    assert!(outcomes.iter().all(Result::is_ok), "an alarm of the burst was not taken");
    let n_writes: usize = play.world.calls().iter().map(|call| call.n_writes).sum();
    assert!(n_writes * 2 <= N * 3, "{n_writes} writes for {N} alarms");
    println!("{n_writes} writes and {} requests for {N} alarms", play.world.calls().len());
    minutes(&mut play, 2).await;
    let id = only_incident(&play);
    assert_eq!(play.store().members(&id).await.unwrap().len(), N);
    assert_eq!(messages(&play), [("ann".to_owned(), 1), ("team".to_owned(), 1)].into());
}
