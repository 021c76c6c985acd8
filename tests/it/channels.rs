//! People outside AWS are told, over real HTTP: what each channel gets, when it
//! is tried again, and who is told when one is down.

use std::time::Duration;

use crate::play::{CutAt, Function, Play};
use aws::store::{Row, Write};
use channels::{Client, Timing};
use domain::control::{Silence, SilenceKind};
use domain::notice::Delivery;
use domain::span::Span;
use serde_json::{Value, json};
use testkit::world::Moment;

use crate::servers::{Act, Nowhere, Server};
use crate::stage::{acknowledge, fires, messages, minutes, only_incident, recovers, timeline};

const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";
const POSTED: Act = Act::Say(200, r#"{"ok": true, "ts": "1795226700.000001"}"#);
const ENQUEUED: Act = Act::Say(202, r#"{"status": "success", "message": "Event processed"}"#);
const TAKEN: Act = Act::Say(204, "");
/// The topic that is told when a channel is down.
const TOPICS: &[&str] = &["spare"];

/// Short times, so that nothing here waits: a second of `Retry-After` is ten
/// milliseconds.
fn timing() -> Timing {
    Timing {
        connect: Duration::from_secs(2),
        attempt: Duration::from_millis(1_500),
        attempt_min: Duration::from_millis(20),
        backoff_base: Duration::from_millis(2),
        backoff_max: Duration::from_millis(10),
        n_attempts_max: 3,
        retry_after_second: Duration::from_millis(10),
    }
}

fn orders(priority: &str) -> Value {
    json!({
        "classify": [{"name": "all", "set": {"priority": priority}}],
        "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "5m", "repeat_interval": "30m"},
        "receivers": [{
            "name": "team",
            "slack_configs": [{"secret": "slack", "fallback_topic": "spare"}],
            "pagerduty_configs": [{"secret": "pagerduty", "fallback_topic": "spare"}],
            "webhook_configs": [{"secret": "webhook", "class": "page", "fallback_topic": "spare"}],
        }],
    })
}

/// The play with its servers.
struct Outside {
    play: Play,
    slack: Server,
    pagerduty: Server,
    webhook: Server,
}

async fn outside(priority: &str) -> Outside {
    let play = Play::with_channels(orders(priority), TOPICS, Client::with_timing(timing())).await;
    let (slack, pagerduty, webhook) = (Server::open(POSTED).await, Server::open(ENQUEUED).await, Server::open(TAKEN).await);
    let secrets = [
        ("slack", json!({"bot_token": "xoxb-SECRET", "channel": "C0123", "api_url": slack.url("/api")})),
        ("pagerduty", json!({"routing_key": ROUTING_KEY, "api_url": pagerduty.url("")})),
        ("webhook", json!({"url": webhook.url("/hook"), "signing_key": "0123456789abcdef0123456789abcdef"})),
    ];
    for (name, secret) in secrets {
        play.world.add_secret(name, &secret.to_string());
    }
    Outside { play, slack, pagerduty, webhook }
}

impl Outside {
    fn n_secrets_read(&self) -> usize {
        self.play.world.calls().iter().filter(|call| call.service == "secretsmanager").count()
    }

    /// How many requests Slack, PagerDuty and the webhook got.
    fn n_seen(&self) -> [usize; 3] {
        [&self.slack, &self.pagerduty, &self.webhook].map(|server| server.seen().len())
    }

    /// Whether every message was taken by some channel.
    async fn all_are_sent(&self) -> bool {
        let rows = self.play.store().incident(&only_incident(&self.play)).await.unwrap().unwrap();
        rows.notices.iter().all(|notice| matches!(notice.value.delivery, Delivery::Sent { .. }))
    }
}

#[tokio::test]
async fn an_incident_is_one_alert_in_pagerduty_from_its_beginning_to_its_end() {
    let mut o = outside("P1").await;
    fires(&mut o.play, "cpu").await;
    minutes(&mut o.play, 1).await;
    let id = only_incident(&o.play);
    acknowledge(&mut o.play, &id, "ann").await;
    minutes(&mut o.play, 1).await;
    recovers(&mut o.play, "cpu").await;
    minutes(&mut o.play, 10).await;
    assert_eq!(o.pagerduty.texts("event_action"), ["trigger", "acknowledge", "resolve"]);
    assert_eq!(o.pagerduty.texts("dedup_key"), [id.as_str(); 3]);
    assert_eq!(o.pagerduty.texts("routing_key"), [ROUTING_KEY; 3]);
    assert_eq!(o.pagerduty.seen()[0].body["payload"]["severity"], "critical");
}

#[tokio::test]
async fn an_incident_is_one_thread_in_slack() {
    let mut o = outside("P1").await;
    fires(&mut o.play, "cpu").await;
    minutes(&mut o.play, 1).await;
    recovers(&mut o.play, "cpu").await;
    minutes(&mut o.play, 10).await;
    assert_eq!(o.slack.texts("thread_ts"), ["", "1795226700.000001"]);
    assert_eq!(o.slack.texts("channel"), ["C0123"; 2]);
    assert!(o.slack.seen().iter().all(|seen| seen.headers["authorization"] == "Bearer xoxb-SECRET"));
}

#[tokio::test]
async fn everyone_who_was_told_is_told_of_the_end_silenced_or_not() {
    let mut o = outside("P1").await;
    fires(&mut o.play, "cpu").await;
    minutes(&mut o.play, 1).await;
    assert_eq!(o.n_seen(), [1, 1, 1]);
    silence(&o.play).await;
    recovers(&mut o.play, "cpu").await;
    minutes(&mut o.play, 10).await;
    assert_eq!(o.webhook.texts("kind"), ["opened", "resolved"]);
    assert_eq!(o.n_seen(), [2, 2, 2]);
    fires(&mut o.play, "memory").await;
    minutes(&mut o.play, 10).await;
    assert_eq!(o.n_seen(), [2, 2, 2], "the silence does not hold");
}

async fn silence(play: &Play) {
    let store = play.store();
    let stored = store.control().await.unwrap().unwrap();
    let mut control = stored.value.clone();
    let silence = Silence {
        kind: SilenceKind::Silence,
        matchers: vec!["alertname=~\".+\"".to_owned()],
        starts_at: play.now,
        ends_at: Span::hours(2).after(play.now),
        by: "ann".to_owned(),
        why: "known".to_owned(),
    };
    control.silences.insert("s1".to_owned(), silence);
    store.commit(vec![Write::over(Row::Control(Box::new(control)), Some(&stored))]).await.unwrap();
}

#[tokio::test]
async fn what_passes_is_tried_again_in_the_same_tick() {
    for act in [Act::Busy(429, "3"), Act::Say(500, "oops"), Act::Busy(503, "1"), Act::Hang, Act::Reset] {
        let mut o = outside("P1").await;
        for server in [&o.slack, &o.pagerduty, &o.webhook] {
            server.expect(&[act]);
        }
        fires(&mut o.play, "cpu").await;
        o.play.wait(Span::seconds(5)).await;
        assert_eq!(o.n_seen(), [2, 2, 2], "{act:?}");
        assert!(o.all_are_sent().await, "{act:?}");
        assert_eq!(messages(&o.play), [].into(), "{act:?}");
        if let Act::Busy(429, _) = act {
            let pauses = [&o.slack, &o.pagerduty, &o.webhook].map(|server| server.pauses()[0]);
            assert!(pauses.iter().all(|pause| *pause >= Duration::from_millis(30)), "{pauses:?}");
        }
        let keys = o.webhook.seen().iter().map(|seen| seen.headers["idempotency-key"].clone()).collect::<Vec<_>>();
        assert_eq!(keys[0], keys[1], "{act:?}");
    }
}

#[tokio::test]
async fn a_channel_that_asks_for_an_hour_has_its_fallback_told_and_hears_of_the_end_later() {
    let mut o = outside("P1").await;
    let mut orders = orders("P1");
    orders["noise"] = json!({"linger": "2h"});
    o.play.install(orders, TOPICS).await;
    fires(&mut o.play, "cpu").await;
    minutes(&mut o.play, 1).await;
    o.pagerduty.expect(&[Act::Busy(429, "3600")]);
    recovers(&mut o.play, "cpu").await;
    minutes(&mut o.play, 50).await;
    // What closes an alert must get there, not to the fallback.
    assert_eq!(o.pagerduty.texts("event_action"), ["trigger", "resolve"]);
    assert_eq!(messages(&o.play), [].into());
    minutes(&mut o.play, 20).await;
    assert_eq!(o.pagerduty.texts("event_action"), ["trigger", "resolve", "resolve"]);
    assert!(o.all_are_sent().await);
    o.pagerduty.expect(&[Act::Busy(429, "3600")]);
    fires(&mut o.play, "memory").await;
    minutes(&mut o.play, 1).await;
    assert_eq!(o.n_seen(), [3, 4, 3]);
    assert_eq!(messages(&o.play), [("spare".to_owned(), 1)].into());
}

#[tokio::test]
async fn the_clock_sleeps_while_a_message_waits() {
    let mut o = outside("P1").await;
    fires(&mut o.play, "cpu").await;
    minutes(&mut o.play, 1).await;
    o.pagerduty.expect(&[Act::Busy(429, "3600")]);
    recovers(&mut o.play, "cpu").await;
    minutes(&mut o.play, 90).await;
    assert!(o.all_are_sent().await);
    let n_ticks = o.play.runs.iter().filter(|run| run.function == Function::Escalation).count();
    assert!(n_ticks < 20, "{n_ticks} ticks");
}

#[tokio::test]
async fn the_fallback_stands_in_for_a_channel_that_is_down_for_good() {
    let mut o = outside("P1").await;
    let nowhere = Nowhere::new();
    let secret = json!({"routing_key": ROUTING_KEY, "api_url": nowhere.url()});
    o.play.world.add_secret("pagerduty", &secret.to_string());
    fires(&mut o.play, "cpu").await;
    minutes(&mut o.play, 1).await;
    assert_eq!(o.n_seen(), [1, 0, 1], "the others are told as usual");
    let told = o.play.world.published();
    assert!(told.len() == 1 && told[0].text.contains("pagerduty pagerduty is down"), "{told:?}");
    recovers(&mut o.play, "cpu").await;
    minutes(&mut o.play, 10).await;
    // It is closed where it was told of.
    assert_eq!(messages(&o.play), [("spare".to_owned(), 2)].into());
    assert!(o.all_are_sent().await);
    let lines = timeline(&o.play, &only_incident(&o.play)).await;
    assert!(lines.iter().any(|line| line.text.contains("by way of topic spare")), "{lines:#?}");
}

#[tokio::test]
async fn an_unsure_attempt_is_repeated_as_often_as_a_repetition_does_no_harm() {
    let mut o = outside("P1").await;
    for server in [&o.slack, &o.pagerduty, &o.webhook] {
        server.expect(&[Act::Reset, Act::Reset]);
    }
    fires(&mut o.play, "cpu").await;
    o.play.wait(Span::seconds(5)).await;
    // Slack shows everything that it gets: once more is all.
    assert_eq!(o.n_seen(), [2, 3, 3]);
    assert_eq!(messages(&o.play), [("spare".to_owned(), 1)].into());
}

#[tokio::test]
async fn credentials_are_read_once_and_only_when_they_are_needed() {
    let mut o = outside("P3").await;
    assert_eq!(o.n_secrets_read(), 0);
    fires(&mut o.play, "cpu").await;
    minutes(&mut o.play, 1).await;
    // The key of links and Slack's token: a P3 wakes nobody.
    assert_eq!((o.n_seen(), o.n_secrets_read()), ([1, 0, 0], 2));
    for name in ["memory", "disk"] {
        fires(&mut o.play, name).await;
    }
    minutes(&mut o.play, 1).await;
    assert_eq!((o.n_seen(), o.n_secrets_read()), ([3, 0, 0], 2));
    o.play.install(orders("P1"), TOPICS).await;
    fires(&mut o.play, "network").await;
    minutes(&mut o.play, 1).await;
    assert_eq!((o.n_seen(), o.n_secrets_read()), ([4, 1, 1], 4));
}

#[tokio::test]
async fn a_secret_that_was_replaced_is_read_anew_once_the_old_one_is_refused() {
    let mut o = outside("P1").await;
    o.play.world.add_secret("pagerduty", &json!({"routing_key": "old", "api_url": o.pagerduty.url("")}).to_string());
    o.pagerduty.expect(&[Act::Say(400, r#"{"status": "invalid event", "message": "no such key"}"#)]);
    fires(&mut o.play, "cpu").await;
    minutes(&mut o.play, 1).await;
    assert_eq!(messages(&o.play), [("spare".to_owned(), 1)].into());
    o.play.world.add_secret("pagerduty", &json!({"routing_key": ROUTING_KEY, "api_url": o.pagerduty.url("")}).to_string());
    fires(&mut o.play, "memory").await;
    minutes(&mut o.play, 1).await;
    assert_eq!(o.pagerduty.texts("routing_key"), ["old", ROUTING_KEY]);
    assert_eq!(o.n_secrets_read(), 5);
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_no_reason_for_silence() {
    let mut o = outside("P1").await;
    o.play.world.add_secret("pagerduty", "not JSON");
    fires(&mut o.play, "cpu").await;
    minutes(&mut o.play, 1).await;
    assert_eq!(o.n_seen(), [1, 0, 1]);
    let told = o.play.world.published();
    assert!(told.len() == 1 && told[0].text.contains("secret pagerduty"), "{told:?}");
    assert!(!told[0].text.contains("not JSON"), "{told:?}");
}

#[tokio::test]
async fn a_tick_that_is_cut_off_sends_the_same_again_under_the_same_key() {
    let mut undisturbed = outside("P1").await;
    fires(&mut undisturbed.play, "cpu").await;
    minutes(&mut undisturbed.play, 2).await;
    let run = undisturbed.play.runs.iter().position(|run| run.function == Function::Escalation).unwrap();
    for call in 0..undisturbed.play.runs[run].calls.len() {
        for moment in [Moment::Before, Moment::After] {
            let mut o = outside("P1").await;
            o.play.cuts = vec![CutAt { run, call, moment }];
            fires(&mut o.play, "cpu").await;
            minutes(&mut o.play, 2).await;
            let at = format!("cut at call {call}, {moment:?}");
            assert!(o.all_are_sent().await, "{at}");
            assert!(o.n_seen().iter().all(|n| (1..=2).contains(n)), "{at}: {:?}", o.n_seen());
            let keys: std::collections::BTreeSet<_> = o.webhook.texts("notice").into_iter().collect();
            assert_eq!(keys.len(), 1, "{at}: {keys:?}");
            assert!(o.pagerduty.texts("dedup_key").iter().all(|key| key == only_incident(&o.play).as_str()), "{at}");
        }
    }
}
