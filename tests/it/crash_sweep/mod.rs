//! Nothing is lost and nothing happens twice that matters: every run of the
//! classifier, the escalation and the remediator is ended just before and just
//! after each of its calls, and what comes out is compared with what comes out
//! undisturbed.

use std::collections::BTreeMap;

use crate::play::{CutAt, Function, Play};
use crate::stage::{TOPICS, orders};
use domain::incident::Status;
use domain::notice::Delivery;
use domain::span::Span;
use domain::timeline::EntryKind;
use serde_json::{Value, json};
use testkit::events::alarm;
use testkit::world::{Instance, Moment, Scalable, Service};

/// What a story comes to.
#[derive(Debug, PartialEq, Eq)]
struct Ending {
    incidents: Vec<String>,
    alerts: Vec<String>,
    remedies: Vec<String>,
    notices: BTreeMap<String, usize>,
    minimums: Vec<(String, u32)>,
    n_restarts: usize,
}

fn policy() -> Value {
    let mut policy = orders();
    policy["classify"] = json!([
        {"name": "database", "matchers": ["alertname=\"db\""], "set": {"priority": "P1", "service": "db"}},
        {"name": "api", "matchers": ["alertname=\"cpu\""], "set": {"priority": "P2", "service": "api"}},
    ]);
    policy["route"]["group_interval"] = json!("30m");
    policy["inhibit_rules"] = json!([{"source_matchers": ["priority=P1"], "target_matchers": ["alertname=\"symptom\""]}]);
    policy["remediations"] = json!([
        {"name": "scale", "matchers": ["alertname=\"cpu\""], "action": "ecs-scale-out", "mode": "act",
         "hold": "9m", "revert": {"hold_down": "2m"}, "verify": {"within": "20m"}},
        {"name": "reset", "matchers": ["alertname=\"db\""], "action": "rds-connection-reset", "mode": "act", "approval": "none",
         "verify": {"within": "20m"}},
    ]);
    policy
}

fn tags() -> BTreeMap<String, String> {
    [("watchkeeper".to_owned(), "managed".to_owned())].into()
}

async fn stage() -> Play {
    let play = Play::new(policy(), TOPICS).await;
    play.world.add_service(
        "main/api",
        Service { desired: 4, scalable: Some(Scalable::new(2, 10)), tags: tags(), ..Service::default() },
    );
    play.world.add_instance("db", Instance { is_multi_az: true, tags: tags(), ..Instance::default() });
    play
}

/// An ECS service under load: mended, recovered, put back, resolved.
async fn load(play: &mut Play) {
    load_for(play, Span::seconds(40)).await;
}

/// The same, so long that an alarm delivered again still comes before its end.
async fn long_load(play: &mut Play) {
    load_for(play, Span::minutes(4)).await;
}

async fn load_for(play: &mut Play, length: Span) {
    let dimensions = [("ClusterName", "main"), ("ServiceName", "api")];
    let fires = alarm("cpu", "ALARM", play.now, &dimensions, ("AWS/ECS", "CPUUtilization"));
    play.deliver(&fires).await;
    play.wait(length).await;
    let recovers = alarm("cpu", "OK", play.now, &dimensions, ("AWS/ECS", "CPUUtilization"));
    play.deliver(&recovers).await;
    play.wait(Span::minutes(30)).await;
}

/// A database that runs out of connections: paged, climbed, restarted, resolved.
async fn connections(play: &mut Play) {
    let dimensions = [("DBInstanceIdentifier", "db")];
    let fires = alarm("db", "ALARM", play.now, &dimensions, ("AWS/RDS", "DatabaseConnections"));
    play.deliver(&fires).await;
    play.wait(Span::minutes(11)).await;
    let recovers = alarm("db", "OK", play.now, &dimensions, ("AWS/RDS", "DatabaseConnections"));
    play.deliver(&recovers).await;
    play.wait(Span::minutes(30)).await;
}

async fn ending(play: &Play) -> Ending {
    let store = play.store();
    let (mut incidents, mut alerts, mut remedies, mut notices) = (Vec::new(), Vec::new(), Vec::new(), BTreeMap::new());
    for id in play.incident_ids() {
        let rows = store.incident(&id).await.unwrap().unwrap();
        let incident = &rows.incident.value;
        incidents.push(format!("{} {} {}", incident.title, incident.priority, matches!(incident.status, Status::Closed { .. })));
        assert!(store.pointer(&incident.group).await.unwrap().is_none(), "the group's pointer is left behind");
        remedies.extend(rows.remedies.iter().map(|remedy| format!("{}: {}", remedy.value.name, remedy.value.stage.sentence())));
        for member in store.members(&id).await.unwrap() {
            alerts.push(format!("{} firing {}", member.alert.name, member.is_firing()));
        }
        for notice in &rows.notices {
            let state = match &notice.value.delivery {
                Delivery::Sent { .. } => "sent",
                Delivery::Pending { .. } => "pending",
                Delivery::Failed { .. } => "failed",
                Delivery::Cancelled { .. } => "cancelled",
            };
            *notices.entry(format!("{} to {} {state}", notice.value.kind.word(), notice.value.to)).or_default() += 1;
        }
        let timeline = store.timeline(&id).await.unwrap();
        assert!(timeline.iter().any(|entry| entry.kind == EntryKind::Incident), "the record is empty");
    }
    Ending {
        incidents,
        alerts,
        remedies,
        notices,
        minimums: changes(play.world.minimums()),
        n_restarts: play.world.instance("db").restarts.len(),
    }
}

/// What was really changed: setting the same minimum again changes nothing.
fn changes(minimums: Vec<(String, u32)>) -> Vec<(String, u32)> {
    let mut changes: Vec<(String, u32)> = Vec::new();
    for (name, min) in minimums {
        if changes.last().is_none_or(|last| *last != (name.clone(), min)) {
            changes.push((name, min));
        }
    }
    changes
}

/// Messages by topic and subject, as subscribers got them.
fn messages(play: &Play) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for published in play.world.published() {
        // The incident's name differs with the moment of opening.
        let subject = published.subject.split(']').nth(1).unwrap_or_default().to_owned();
        let topic = published.topic.rsplit(':').next().unwrap_or_default();
        *counts.entry(format!("{topic}:{subject}")).or_default() += 1;
    }
    counts
}

/// Plays a story undisturbed, and then once for each way to cut a run of
/// `function` off.
async fn sweep(story: impl AsyncFn(&mut Play), function: Function, with_sweeper: bool) -> usize {
    let mut undisturbed = stage().await;
    story(&mut undisturbed).await;
    let wanted = ending(&undisturbed).await;
    let wanted_messages = messages(&undisturbed);
    assert!(wanted.incidents.iter().all(|incident| incident.ends_with("true")), "{wanted:#?}");
    let runs: Vec<(usize, usize)> = undisturbed
        .runs
        .iter()
        .enumerate()
        .filter(|(_, run)| run.function == function)
        .map(|(n, run)| (n, run.n_calls))
        .collect();
    let mut n_cuts = 0;
    for (run, n_calls) in runs {
        for call in 0..n_calls {
            for moment in [Moment::Before, Moment::After] {
                let cut = CutAt { run, call, moment };
                let mut play = stage().await;
                play.cuts = vec![cut];
                if with_sweeper {
                    play.sweep_every_minute();
                }
                story(&mut play).await;
                let at = format!("{function:?} {cut:?} {:?}", undisturbed.runs[run]);
                assert!(play.undelivered.is_empty(), "{at}: an event was lost");
                let got = ending(&play).await;
                assert_eq!(got, wanted, "{at}");
                let got_messages = messages(&play);
                for (message, n) in &wanted_messages {
                    let n_got = got_messages.get(message).copied().unwrap_or(0);
                    assert!((*n..=n + 1).contains(&n_got), "{at}: {message} came {n_got} times instead of {n}");
                }
                assert_eq!(got_messages.len(), wanted_messages.len(), "{at}: other messages came: {got_messages:#?}");
                n_cuts += 1;
            }
        }
    }
    n_cuts
}

#[tokio::test]
async fn a_classifier_cut_off_anywhere_under_load() {
    let n = sweep(long_load, Function::Classifier, false).await;
    assert!(n >= 12, "{n} cuts");
}

#[tokio::test]
async fn a_classifier_cut_off_anywhere_with_a_database() {
    let n = sweep(connections, Function::Classifier, false).await;
    assert!(n >= 12, "{n} cuts");
}

#[tokio::test]
async fn an_escalation_cut_off_anywhere_under_load() {
    let n = sweep(load, Function::Escalation, false).await;
    assert!(n >= 40, "{n} cuts");
}

#[tokio::test]
async fn an_escalation_cut_off_anywhere_with_a_database() {
    let n = sweep(connections, Function::Escalation, false).await;
    assert!(n >= 40, "{n} cuts");
}

#[tokio::test]
async fn a_remediator_cut_off_anywhere_under_load() {
    let n = sweep(load, Function::Remediator, false).await;
    assert!(n >= 40, "{n} cuts");
}

#[tokio::test]
async fn a_remediator_cut_off_anywhere_with_a_database() {
    let n = sweep(connections, Function::Remediator, false).await;
    assert!(n >= 40, "{n} cuts");
}
