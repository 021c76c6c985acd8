//! What was left undone is taken up within minutes: clocks that died, and events
//! that could not be processed.

use std::sync::Arc;

use crate::play::{CutAt, Function, Play};
use domain::timeline::EntryKind;
use serde_json::{Value, json};
use testkit::world::Moment;

use crate::stage::{TOPICS, change, fires, incident, messages, minutes, only_incident, orders, stage, timeline};

const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/111122223333/watchkeeper-dead-letters";

/// What the record says of the clock.
async fn clock_lines(play: &Play) -> Vec<String> {
    let entries = timeline(play, &only_incident(play)).await;
    let lines = entries.iter().filter(|entry| entry.kind == EntryKind::Clock);
    lines.map(|entry| format!("{}: {}", entry.text, entry.because.join("; "))).collect()
}

#[tokio::test]
async fn a_clock_that_died_is_started_again_when_it_is_two_minutes_late_and_the_record_says_so() {
    let mut play = stage().await;
    play.sweep_every_minute();
    fires(&mut play, "cpu").await;
    minutes(&mut play, 1).await;
    play.end_clocks();
    // It was due five minutes after the opening.
    minutes(&mut play, 5).await;
    assert_eq!((play.world.executions().len(), clock_lines(&play).await.len()), (1, 0));
    minutes(&mut play, 2).await;
    assert_eq!(play.world.executions().len(), 2);
    let lines = clock_lines(&play).await;
    assert!(
        lines.len() == 1 && lines[0].starts_with("the clock is started again: it was due at 2026-06-01 00:05:00 UTC"),
        "{lines:?}"
    );
    // And the climb goes on as if nothing had happened.
    minutes(&mut play, 4).await;
    assert_eq!(messages(&play), [("ann".to_owned(), 1), ("bob".to_owned(), 1), ("team".to_owned(), 1)].into());
}

#[tokio::test]
async fn a_clock_that_could_never_be_started_is_started_by_the_sweeper() {
    let mut play = stage().await;
    play.sweep_every_minute();
    play.world.refuse(Some("stateMachineArn"));
    fires(&mut play, "cpu").await;
    minutes(&mut play, 5).await;
    assert_eq!((play.undelivered.len(), play.world.executions().len()), (1, 0));
    play.world.refuse(None);
    minutes(&mut play, 10).await;
    assert_eq!(messages(&play).get("ann"), Some(&1));
    let lines = clock_lines(&play).await;
    assert!(lines.iter().any(|line| line.contains("it should have started at 2026-06-01 00:00:00 UTC")), "{lines:?}");
}

#[tokio::test]
async fn a_clock_that_runs_is_left_alone() {
    let mut play = stage().await;
    play.sweep_every_minute();
    fires(&mut play, "cpu").await;
    minutes(&mut play, 180).await;
    assert_eq!(play.world.executions().len(), 1);
    assert_eq!(clock_lines(&play).await, [""; 0]);
}

#[tokio::test]
async fn a_clock_that_keeps_dying_is_started_ever_more_seldom_but_never_given_up() {
    let mut play = stage().await;
    play.sweep_every_minute();
    fires(&mut play, "cpu").await;
    // No tick gets anywhere, so every execution ends after its tries.
    play.world.refuse(Some("incident-members"));
    minutes(&mut play, 240).await;
    let n_starts = play.world.executions().len();
    assert!((8..=14).contains(&n_starts), "{n_starts} starts in four hours");
    assert_eq!(messages(&play), [].into());
    play.world.refuse(None);
    minutes(&mut play, 40).await;
    assert_eq!(messages(&play).get("ann"), Some(&1));
}

#[tokio::test]
async fn a_sweeper_cut_off_anywhere_leaves_it_to_the_next_run() {
    let story = async |cuts: Vec<CutAt>| {
        let mut play = stage().await;
        play.cuts = cuts;
        play.sweep_every_minute();
        fires(&mut play, "cpu").await;
        minutes(&mut play, 1).await;
        play.end_clocks();
        minutes(&mut play, 30).await;
        play
    };
    let undisturbed = story(Vec::new()).await;
    let sweeps = undisturbed.runs.iter().enumerate().filter(|(_, run)| run.function == Function::Sweeper);
    let (run, n_calls) = sweeps.map(|(n, run)| (n, run.calls.len())).max_by_key(|(_, n_calls)| *n_calls).unwrap();
    for call in 0..n_calls {
        for moment in [Moment::Before, Moment::After] {
            let play = story(vec![CutAt { run, call, moment }]).await;
            let at = format!("run {run} cut at call {call} of {n_calls}, {moment:?}");
            assert_eq!(messages(&play), messages(&undisturbed), "{at}");
            assert!(incident(&play, &only_incident(&play)).await.is_open(), "{at}");
        }
    }
}

/// A play with a queue for what could not be processed.
async fn with_queue() -> Play {
    let mut orders = orders();
    orders["deployment"] = json!({"classifier": "classifier", "dead_letter_queue": QUEUE});
    let mut play = Play::new(orders, TOPICS).await;
    play.deploy_classifier("classifier");
    // Every five minutes the alarms are compared with CloudWatch as well.
    minutes(&mut play, 1).await;
    play
}

fn letter_ids(play: &Play) -> Vec<String> {
    play.world.letters().into_iter().map(|letter| letter.id).collect()
}

fn redriven(answer: &Value) -> u64 {
    answer["redriven"].as_u64().unwrap()
}

#[tokio::test]
async fn events_that_could_not_be_processed_are_brought_in_again() {
    let mut play = with_queue().await;
    let event = change("plain", "ALARM", play.now);
    let notification = json!({"Type": "Notification", "Message": change("by-topic", "ALARM", play.now)}).to_string();
    let on_failure: Value = serde_json::from_str(&change("on-failure", "ALARM", play.now)).unwrap();
    let on_failure = json!({"version": "1.0", "requestContext": {}, "requestPayload": on_failure}).to_string();
    for (id, body) in [("m1", event.as_str()), ("m2", &notification), ("m3", &on_failure), ("m4", "\u{1}%%%")] {
        play.world.add_letter(id, body);
    }
    assert_eq!(redriven(&play.sweep().await.unwrap()), 4);
    assert_eq!(letter_ids(&play), [""; 0]);
    minutes(&mut play, 1).await;
    let mut titles = Vec::new();
    for id in play.incident_ids() {
        titles.push(incident(&play, &id).await.title);
    }
    titles.sort();
    assert_eq!(titles, ["by-topic", "on-failure", "plain", "unclassified-event"]);
    assert_eq!(messages(&play).get("ann"), Some(&4));
}

#[tokio::test]
async fn a_long_queue_is_emptied_in_one_run() {
    let mut play = with_queue().await;
    for n in 0..25 {
        play.world.add_letter(&format!("m{n}"), &change(&format!("alarm-{n}"), "ALARM", play.now));
    }
    assert_eq!(redriven(&play.sweep().await.unwrap()), 25);
    assert_eq!(letter_ids(&play), [""; 0]);
    assert_eq!(play.incident_ids().len(), 25);
}

#[tokio::test]
async fn only_what_was_taken_leaves_the_queue() {
    let mut play = with_queue().await;
    for (id, name) in [("m1", "first"), ("m2", "second"), ("m3", "third")] {
        play.world.add_letter(id, &change(name, "ALARM", play.now));
    }
    play.world.refuse(Some(crate::stage::fingerprint("second").as_str()));
    assert_eq!(redriven(&play.sweep().await.unwrap()), 2);
    assert_eq!(letter_ids(&play), ["m2"]);
    play.world.refuse(None);
    minutes(&mut play, 1).await;
    assert_eq!(redriven(&play.sweep().await.unwrap()), 1);
    assert_eq!(letter_ids(&play), [""; 0]);
    assert_eq!(play.incident_ids().len(), 3);
}

#[tokio::test]
async fn nothing_leaves_the_queue_while_the_classifier_fails() {
    let mut play = with_queue().await;
    play.world.add_letter("m1", &change("cpu", "ALARM", play.now));
    play.world.add_function("classifier", Arc::new(|_| Box::pin(async { Err(("Runtime.ExitError".to_owned(), String::new())) })));
    assert_eq!(redriven(&play.sweep().await.unwrap()), 0);
    assert_eq!(letter_ids(&play), ["m1"]);
    play.deploy_classifier("classifier");
    minutes(&mut play, 1).await;
    assert_eq!(redriven(&play.sweep().await.unwrap()), 1);
    only_incident(&play);
}

#[tokio::test]
async fn an_event_that_was_taken_but_not_deleted_is_a_repetition() {
    let mut play = with_queue().await;
    play.world.add_letter("m1", &change("cpu", "ALARM", play.now));
    play.world.refuse(Some("ReceiptHandle"));
    let failure = play.sweep().await.unwrap_err();
    assert!(failure.message.contains("sqs:DeleteMessage"), "{failure}");
    play.world.refuse(None);
    minutes(&mut play, 1).await;
    assert_eq!(redriven(&play.sweep().await.unwrap()), 1);
    minutes(&mut play, 1).await;
    only_incident(&play);
    assert_eq!(messages(&play).get("ann"), Some(&1));
}

#[tokio::test]
async fn a_part_that_cannot_be_done_keeps_no_other_part_from_being_done() {
    let mut play = with_queue().await;
    fires(&mut play, "cpu").await;
    minutes(&mut play, 1).await;
    play.end_clocks();
    minutes(&mut play, 8).await;
    play.world.refuse(Some("QueueUrl"));
    let failure = play.sweep().await.unwrap_err();
    assert!(failure.message.contains("sqs:ReceiveMessage"), "{failure}");
    assert_eq!(clock_lines(&play).await.len(), 1);
}
