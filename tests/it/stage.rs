//! What the plays have in common: standing orders, and shorthands for alarms and
//! for what came of them.

use std::collections::BTreeMap;

use testkit::events::alarm;

use crate::play::Play;
use aws::Aws;
use aws::store::{Expect, Row, Write};
use domain::alert::Fingerprint;
use domain::arrival::Start;
use domain::control::Stop;
use domain::id::IncidentId;
use domain::incident::{AlertRecord, Incident};
use domain::intake::alarm_fingerprint;
use domain::link::{Grant, LinkKey};
use domain::remediation::step;
use domain::span::Span;
use domain::timeline::Entry;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The topics that [`orders`] use.
pub(crate) const TOPICS: &[&str] = &["team", "ann", "bob"];

/// Everything is a P1 of one team; Ann is paged at once, Bob after ten minutes.
pub(crate) fn orders() -> Value {
    json!({
        "classify": [{"name": "all", "set": {"priority": "P1"}}],
        "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "5m"},
        "receivers": [{"name": "team", "escalation_policy": "climb", "sns_configs": [{"topic": "team", "class": "chat"}]}],
        "users": [
            {"id": "ann", "contact_methods": [{"class": "page", "topic": "ann"}]},
            {"id": "bob", "contact_methods": [{"class": "page", "topic": "bob"}]},
        ],
        "escalation_policies": [{"name": "climb", "escalation_rules": [
            {"escalation_delay_in_minutes": 10, "targets": [{"type": "user", "id": "ann"}]},
            {"escalation_delay_in_minutes": 60, "targets": [{"type": "user", "id": "bob"}]}]}],
    })
}

/// The same with one group for everything.
pub(crate) fn orders_for_one_group() -> Value {
    let mut orders = orders();
    orders["route"]["group_by"] = json!([]);
    orders
}

/// A play with [`orders`].
pub(crate) async fn stage() -> Play {
    Play::new(orders(), TOPICS).await
}

/// An event: the alarm `name` is in `state` since `at`.
pub(crate) fn change(name: &str, state: &str, at: Timestamp) -> String {
    alarm(name, state, at, &[], ("AWS/ECS", "CPUUtilization"))
}

/// The alarm goes off now.
pub(crate) async fn fires(play: &mut Play, name: &str) {
    let event = change(name, "ALARM", play.now);
    play.deliver(&event).await;
}

/// The alarm is OK from now on.
pub(crate) async fn recovers(play: &mut Play, name: &str) {
    let event = change(name, "OK", play.now);
    play.deliver(&event).await;
}

/// Somebody takes the incident, by the link in a message.
pub(crate) async fn acknowledge(play: &mut Play, id: &IncidentId, who: &str) {
    answer(play, id, &Grant::Show, "acknowledge", who).await;
}

/// Somebody approves a remediation, by its button on the page.
pub(crate) async fn approve(play: &mut Play, id: &IncidentId, name: &str, who: &str) {
    answer(play, id, &Grant::Approve(name.to_owned()), &format!("approve&remediation={name}"), who).await;
}

/// Somebody answers with a token that is good for `grant`.
async fn answer(play: &mut Play, id: &IncidentId, grant: &Grant, what: &str, who: &str) {
    let key = LinkKey::new(b"0123456789abcdef0123456789abcdef").unwrap();
    let token = key.sign(id, grant, who, Span::hours(1).after(play.now));
    let request = json!({
        "rawPath": format!("/i/{}", id.compact()),
        "requestContext": {"http": {"method": "POST"}},
        "body": format!("do={what}&k={token}"),
    });
    assert_eq!(play.ask_console(&request).await.unwrap()["statusCode"], 200);
}

/// Somebody approves a remediation in the table; no clock is woken.
pub(crate) async fn approve_behind(play: &Play, id: &IncidentId, name: &str, who: &str) {
    let store = play.store();
    let rows = store.incident(id).await.unwrap().unwrap();
    let remedy = rows.remedies.iter().find(|remedy| remedy.value.name == name).unwrap();
    let (approved, entries) = step::approve(play.now, id, &remedy.value, remedy.version, who).unwrap();
    let mut writes = vec![Write::Put(Row::Remedy(id.clone(), Box::new(approved)), Expect::Version(remedy.version))];
    writes.extend(entries.into_iter().map(|entry| Write::Put(Row::Entry(id.clone(), entry), Expect::Anything)));
    store.commit(writes).await.unwrap();
}

/// Somebody throws the kill switch.
pub(crate) async fn stop(play: &Play, who: &str) {
    let store = play.store();
    let mut control = store.control().await.unwrap().unwrap();
    control.value.kill.all = Some(Stop { by: who.to_owned(), at: play.now, why: "a drill".to_owned() });
    store.commit(vec![Write::Put(Row::Control(Box::new(control.value)), Expect::Version(control.version))]).await.unwrap();
}

/// Has the incident's clocks look at once.
pub(crate) async fn nudge(play: &mut Play, id: &IncidentId) {
    let start = Start::at(id, play.now, true);
    let aws = Aws::for_function(|name| play.world.variable(name));
    let machine = play.world.deployment(&[])["state_machine"].as_str().unwrap().to_owned();
    aws.start_clock(&machine, &start).await.unwrap();
    play.wait(Span::seconds(1)).await;
}

/// Lets minutes pass.
pub(crate) async fn minutes(play: &mut Play, n: u64) {
    play.wait(Span::minutes(n)).await;
}

/// The alarm's fingerprint.
pub(crate) fn fingerprint(name: &str) -> Fingerprint {
    alarm_fingerprint(&format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"), "")
}

/// What is on record of an alarm.
pub(crate) async fn record(play: &Play, name: &str) -> Option<AlertRecord> {
    play.store().alert(&fingerprint(name)).await.unwrap().map(|stored| stored.value)
}

/// The only incident that was ever opened.
pub(crate) fn only_incident(play: &Play) -> IncidentId {
    let ids = play.incident_ids();
    assert_eq!(ids.len(), 1, "{ids:?}");
    ids[0].clone()
}

/// An incident as it stands.
pub(crate) async fn incident(play: &Play, id: &IncidentId) -> Incident {
    play.store().incident(id).await.unwrap().expect("the incident is on record").incident.value
}

/// The lines of an incident's record.
pub(crate) async fn timeline(play: &Play, id: &IncidentId) -> Vec<Entry> {
    play.store().timeline(id).await.unwrap()
}

/// How many messages each topic got.
pub(crate) fn messages(play: &Play) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for published in play.world.published() {
        let topic = published.topic.rsplit(':').next().unwrap_or_default().to_owned();
        *counts.entry(topic).or_default() += 1;
    }
    counts
}

/// The calls since the last time that they were forgotten: `service operation`.
pub(crate) fn calls(play: &Play) -> Vec<String> {
    play.world.calls().iter().map(|call| format!("{} {}", call.service, call.operation)).collect()
}
