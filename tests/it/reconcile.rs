//! CloudWatch tells of a change once: what was lost on the way is found out by
//! asking.

use crate::play::Play;
use jiff::Timestamp;
use serde_json::json;
use testkit::world::Alarm;

use crate::stage::{TOPICS, change, fires, incident, messages, minutes, only_incident, orders, record, timeline};

const CLASSIFIER: &str = "arn:aws:lambda:eu-west-1:111122223333:function:classifier";
const INGEST: &str = "arn:aws:sns:eu-west-1:111122223333:watchkeeper-ingest";

/// A play whose alarms tell the ingest topic. It is at five minutes past the
/// hour: alarms are asked for their state every five minutes.
async fn stage() -> Play {
    let mut orders = orders();
    orders["deployment"] = json!({"classifier": "classifier", "classifier_arn": CLASSIFIER, "ingest_topic": INGEST});
    let mut play = Play::new(orders, TOPICS).await;
    minutes(&mut play, 5).await;
    play
}

fn set(play: &Play, name: &str, state: &str, since: Timestamp) {
    let alarm = Alarm { state: state.to_owned(), since, actions: vec![INGEST.to_owned()] };
    play.world.set_alarm(name, Some(alarm));
}

/// Runs the sweeper and hands on what it gives to the classifier; how many
/// states had been missed.
async fn sweep(play: &mut Play) -> u64 {
    let n_known = play.world.invocations().len();
    let answer = play.sweep().await.unwrap();
    for invocation in play.world.invocations().into_iter().skip(n_known) {
        assert!(!invocation.is_awaited && invocation.function == "classifier", "{invocation:?}");
        play.deliver(&invocation.payload).await;
    }
    answer["reconciled"].as_u64().unwrap()
}

#[tokio::test]
async fn an_alarm_of_which_nothing_was_heard_is_brought_in_once() {
    let mut play = stage().await;
    let now = play.now;
    set(&play, "cpu", "ALARM", now);
    assert_eq!(sweep(&mut play).await, 1);
    minutes(&mut play, 5).await;
    assert_eq!(incident(&play, &only_incident(&play)).await.title, "cpu");
    assert_eq!(messages(&play), [("ann".to_owned(), 1), ("team".to_owned(), 1)].into());
    assert_eq!(sweep(&mut play).await, 0);
}

#[tokio::test]
async fn an_incident_whose_alarm_is_ok_is_resolved() {
    let mut play = stage().await;
    fires(&mut play, "cpu").await;
    let now = play.now;
    set(&play, "cpu", "ALARM", now);
    assert_eq!(sweep(&mut play).await, 0);
    minutes(&mut play, 5).await;
    let now = play.now;
    set(&play, "cpu", "OK", now);
    assert_eq!(sweep(&mut play).await, 1);
    minutes(&mut play, 10).await;
    assert!(!incident(&play, &only_incident(&play)).await.is_open());
    assert_eq!(messages(&play), [("ann".to_owned(), 2), ("team".to_owned(), 2)].into());
}

#[tokio::test]
async fn an_incident_whose_alarm_was_deleted_is_resolved_and_the_alarm_says_why() {
    let mut play = stage().await;
    fires(&mut play, "cpu").await;
    minutes(&mut play, 5).await;
    play.world.set_alarm("cpu", None);
    assert_eq!(sweep(&mut play).await, 1);
    minutes(&mut play, 10).await;
    let id = only_incident(&play);
    assert!(!incident(&play, &id).await.is_open());
    assert_eq!(record(&play, "cpu").await.unwrap().alert.reason, "The alarm does not exist any more");
    assert!(timeline(&play, &id).await.iter().any(|line| line.text.starts_with("resolved after")));
}

#[tokio::test]
async fn an_alarm_that_does_not_concern_us_is_left_alone() {
    let mut play = stage().await;
    let since = play.now;
    play.world.set_alarm("theirs", Some(Alarm { state: "ALARM".to_owned(), since, actions: Vec::new() }));
    assert_eq!(sweep(&mut play).await, 0);
}

#[tokio::test]
async fn an_alarm_of_another_account_or_region_is_not_taken_for_a_deleted_one() {
    for (ours, theirs) in [("111122223333", "444455556666"), ("eu-west-1", "ap-northeast-1")] {
        let mut play = stage().await;
        let event = change("cpu", "ALARM", play.now).replace(ours, theirs);
        play.deliver(&event).await;
        minutes(&mut play, 5).await;
        assert_eq!(sweep(&mut play).await, 0, "{theirs}");
        assert!(incident(&play, &only_incident(&play)).await.is_open(), "{theirs}");
    }
}

#[tokio::test]
async fn a_state_older_than_the_one_on_record_is_no_news() {
    let mut play = stage().await;
    let before = play.now;
    minutes(&mut play, 5).await;
    fires(&mut play, "cpu").await;
    // The alarm went off a moment ago, and this answer is from before.
    set(&play, "cpu", "OK", before);
    assert_eq!(sweep(&mut play).await, 0);
}

#[tokio::test]
async fn alarms_are_asked_for_every_five_minutes() {
    let mut play = stage().await;
    play.sweep_every_minute();
    play.world.forget_calls();
    minutes(&mut play, 20).await;
    assert_eq!(play.world.calls().iter().filter(|call| call.service == "monitoring").count(), 4);
}
