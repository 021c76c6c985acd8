//! Several ticks of the remediator, and an operator at the kill switch, at the same
//! moment: what is done to a target is done once, and not after it was stopped.
//!
//! A tick is held up after each of its calls in turn, while another runs to its end.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use crate::play::{Play, event};
use crate::stage::{TOPICS, minutes, only_incident, orders, stop};
use domain::id::IncidentId;
use domain::remediation::{Remedy, Stage};
use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::events::alarm;
use testkit::world::{Instance, Scalable, Service};

/// More calls than a tick makes.
const CALLS_MAX: usize = 60;

fn policy() -> Value {
    let mut policy = orders();
    let of = |alarms: &str| json!([format!("alertname=~\"{alarms}\"")]);
    policy["remediations"] = json!([
        {"name": "scale", "matchers": of("cpu|memory"), "action": "ecs-scale-out", "mode": "act", "revert": {"hold_down": "2m"}},
        {"name": "replace", "matchers": of("stuck"), "action": "ecs-new-deployment", "mode": "act", "approval": "none"},
        {"name": "reset", "matchers": of("db"), "action": "rds-connection-reset", "mode": "act", "approval": "none"},
    ]);
    policy
}

/// A region in which these alarms have just gone off.
async fn alarmed(alarms: &[&str]) -> Play {
    let mut play = Play::new(policy(), TOPICS).await;
    let tags: std::collections::BTreeMap<String, String> = [("watchkeeper".to_owned(), "managed".to_owned())].into();
    let scalable = Some(Scalable::new(2, 10));
    play.world.add_service("main/api", Service { desired: 4, scalable, tags: tags.clone(), ..Service::default() });
    play.world.add_instance("db", Instance { tags, ..Instance::default() });
    change(&mut play, alarms, "ALARM").await;
    play
}

async fn change(play: &mut Play, alarms: &[&str], state: &str) {
    let dimensions = [("ClusterName", "main"), ("ServiceName", "api"), ("DBInstanceIdentifier", "db")];
    for name in alarms {
        let event = alarm(name, state, play.now, &dimensions, ("AWS/ECS", "CPUUtilization"));
        play.deliver(&event).await;
    }
}

/// All is well after two minutes; what follows is waited for.
async fn recovered(play: &mut Play, alarms: &[&str]) {
    minutes(play, 2).await;
    change(play, alarms, "OK").await;
    minutes(play, 30).await;
}

/// A tick of the `n`th execution, as if its clock were later by some milliseconds.
fn tick(play: &Play, n: usize, later: i64) -> impl Future<Output = ()> + use<> {
    let input: Value = serde_json::from_str(&play.world.executions()[n].input).unwrap();
    let seq = input["seq"].as_i64().unwrap() + later;
    let payload = json!({"incident_id": input["incident_id"], "seq": seq}).to_string();
    let (remediator, event) = (Arc::clone(&play.remediator), event(&payload, play.now, &format!("tick-{n}-{later}")));
    async move {
        Box::pin(remediator.handle(event)).await.unwrap();
    }
}

/// Runs `held_up` until its call number `n` is answered, then `meanwhile` to its end,
/// and then the rest; whether it came so far.
async fn while_held_up(play: &Play, n: usize, held_up: impl Future<Output = ()>, meanwhile: impl Future<Output = ()>) -> bool {
    let n_before = play.world.calls().len();
    let mut held_up = pin!(held_up);
    let is_over = poll_fn(|context| {
        if play.world.calls().len() - n_before > n {
            return Poll::Ready(false);
        }
        held_up.as_mut().poll(context).map(|()| true)
    });
    if is_over.await {
        return false;
    }
    meanwhile.await;
    held_up.await;
    true
}

async fn remedies(play: &Play, id: &IncidentId) -> Vec<Remedy> {
    let rows = play.store().incident(id).await.unwrap().unwrap();
    rows.remedies.into_iter().map(|stored| stored.value).collect()
}

fn minimums(play: &Play) -> Vec<u32> {
    play.world.minimums().into_iter().map(|(_, min)| min).collect()
}

async fn assert_over(play: &Play) {
    for id in play.incident_ids() {
        for remedy in remedies(play, &id).await {
            assert!(matches!(remedy.stage, Stage::Over { .. }) && remedy.wake_at.is_none(), "{remedy:#?}");
        }
    }
}

#[tokio::test]
async fn two_incidents_that_are_mended_at_once_raise_a_target_once() {
    let alarms = ["cpu", "memory"];
    let mut play = alarmed(&alarms).await;
    join_all([tick(&play, 0, 0), tick(&play, 1, 0)]).await;
    recovered(&mut play, &alarms).await;
    assert_eq!(minimums(&play), [6, 2]);
    assert_over(&play).await;
}

#[tokio::test]
async fn two_incidents_raise_a_target_once_wherever_the_first_is_held_up() {
    let alarms = ["cpu", "memory"];
    for n in 0..CALLS_MAX {
        let mut play = alarmed(&alarms).await;
        let is_held_up = while_held_up(&play, n, tick(&play, 0, 0), tick(&play, 1, 0)).await;
        recovered(&mut play, &alarms).await;
        assert_eq!(minimums(&play), [6, 2], "after call {n}");
        assert_over(&play).await;
        if !is_held_up {
            println!("two incidents: held up after each of {n} calls");
            assert!(n >= 10);
            return;
        }
    }
    panic!("a tick makes too many calls");
}

/// A tick of an incident's execution is held up, while one of another runs that is
/// `later` by so many milliseconds, or of the same.
#[expect(clippy::print_stdout, reason = "how much was tried is for whoever runs the test to see")]
async fn two_executions(name: &str, later: i64, is_right: impl Fn(&Play) -> bool) {
    for n in 0..CALLS_MAX {
        let mut play = alarmed(&[name]).await;
        let is_held_up = while_held_up(&play, n, tick(&play, 0, 0), tick(&play, 0, later)).await;
        recovered(&mut play, &[name]).await;
        assert!(is_right(&play), "{name}: after call {n}");
        assert_over(&play).await;
        if !is_held_up {
            println!("two executions of {name}: held up after each of {n} calls");
            assert!(n >= 10);
            return;
        }
    }
    panic!("a tick makes too many calls");
}

#[tokio::test]
async fn two_executions_of_one_incident_raise_a_target_once() {
    two_executions("cpu", 1, |play| minimums(play) == [6, 2]).await;
}

#[tokio::test]
async fn two_ticks_of_one_execution_come_to_one_raise() {
    // The second takes the first for one that is over, and may set what is set already.
    let is_one_raise = |play: &Play| {
        let mut minimums = minimums(play);
        minimums.dedup();
        minimums == [6, 2]
    };
    two_executions("cpu", 0, is_one_raise).await;
    two_executions("stuck", 0, |play| play.world.service_updates().len() == 1).await;
    two_executions("db", 0, |play| play.world.instance("db").restarts.len() <= 1).await;
}

#[tokio::test]
async fn two_executions_of_one_incident_deploy_once() {
    two_executions("stuck", 1, |play| play.world.service_updates().len() == 1).await;
}

#[tokio::test]
async fn two_executions_of_one_incident_restart_a_database_at_most_once() {
    two_executions("db", 1, |play| play.world.instance("db").restarts.len() <= 1).await;
}

/// How an operator's stop and the first tick go together: the tick is held up after
/// call `n`, and the operator stores the stop.
#[tokio::test]
async fn nothing_is_begun_after_the_stop_was_stored() {
    let (mut n_stopped, mut n_finished) = (0, 0);
    for n in 0..CALLS_MAX {
        let mut play = alarmed(&["cpu"]).await;
        let id = only_incident(&play);
        let mut was_begun = false;
        let operator = async {
            was_begun = remedies(&play, &id).await[0].path.iter().any(|passed| passed.stage == "acting");
            stop(&play, "ann").await;
        };
        let is_held_up = while_held_up(&play, n, tick(&play, 0, 0), operator).await;
        if !is_held_up {
            println!("the kill switch: held up after each of {n} calls; {n_stopped} stopped, {n_finished} finished");
            assert!(n_stopped >= 5 && n_finished >= 5);
            return;
        }
        recovered(&mut play, &["cpu"]).await;
        // Begun before the stop: finished and put back. Not begun: never.
        let wanted: &[u32] = if was_begun { &[6, 2] } else { &[] };
        assert_eq!(minimums(&play), wanted, "after call {n}");
        let remedy = remedies(&play, &id).await.remove(0);
        assert_eq!(remedy.path.iter().any(|passed| passed.stage == "acting"), was_begun, "after call {n}: {remedy:#?}");
        assert_eq!(remedy.stage.sentence().contains("stopped by ann"), !was_begun, "after call {n}: {remedy:#?}");
        assert_over(&play).await;
        if was_begun { n_finished += 1 } else { n_stopped += 1 }
    }
    panic!("a tick makes too many calls");
}
