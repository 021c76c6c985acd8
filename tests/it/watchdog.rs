//! The watchdog, whose absence is noticed elsewhere.

use channels::Client;
use domain::span::Span;
use jiff::Timestamp;
use serde_json::json;

use crate::play::Play;
use crate::servers::{Act, Server};
use crate::stage::{TOPICS, incident, messages, minutes, only_incident, orders, timeline};

fn beat(now: Timestamp, n: u32) -> String {
    json!({
        "version": "0", "id": format!("beat-{n}"), "detail-type": "Watchdog", "source": "watchkeeper.watchdog",
        "account": "111122223333", "region": "eu-west-1", "time": now, "resources": [], "detail": {},
    })
    .to_string()
}

/// A play whose watchdog's beats go to a server on loopback; everything is silenced, and
/// three incidents are a storm.
async fn watched() -> (Play, Server) {
    let checker = Server::open(Act::Say(200, "OK")).await;
    let mut policy = orders();
    policy["watchdog"] = json!({"every": "15m", "secret": "checker"});
    policy["maintenance_windows"] = json!([
        {"name": "all", "matchers": ["alertname=~\".*\""], "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2040-01-01T00:00:00Z"}
    ]);
    policy["noise"] = json!({"storm": {"incidents": 3, "within": "1h", "by": []}});
    policy["inhibit_rules"] = json!([{"source_matchers": ["team!=\"x\""], "target_matchers": ["alertname!=\"x\""], "equal": []}]);
    let play = Play::with_channels(policy, TOPICS, Client::new()).await;
    play.world.add_secret("checker", &json!({"url": checker.url("/ping/3f1c")}).to_string());
    (play, checker)
}

#[tokio::test]
async fn every_beat_of_the_watchdog_goes_through_everything_to_the_checker_and_to_nobody_else() {
    let (mut play, checker) = watched().await;
    // Three at once, which is a storm, and then one by itself.
    for (beats, n_seen) in [(1..=3, 3), (4..=4, 4)] {
        for n in beats {
            let event = beat(play.now, n);
            play.deliver(&event).await;
            // Twice is once.
            play.deliver(&event).await;
        }
        minutes(&mut play, 15).await;
        assert_eq!(checker.seen().len(), n_seen);
    }
    let ids = play.incident_ids();
    assert_eq!(ids.len(), 4);
    for id in &ids {
        assert!(!incident(&play, id).await.is_open());
        assert!(timeline(&play, id).await.is_empty());
    }
    assert_eq!(messages(&play), [].into(), "nobody else is told");
    assert!(play.store().open_incidents().await.unwrap().is_empty());
    let rows = play.world.rows().await;
    let kept: Vec<&String> = rows.iter().filter(|row| row.contains("INC#") || row.contains("ALERT#")).collect();
    assert_eq!(kept.len(), 12, "an alert, an incident and a message for each: {kept:#?}");
    assert!(kept.iter().all(|row| row.contains("\"ttl\"")), "{kept:#?}");
    assert!(!rows.iter().any(|row| row.contains("CAUSE#")), "it holds back nothing");
}

#[tokio::test]
async fn where_any_part_is_broken_the_checker_hears_nothing() {
    for service in ["dynamodb", "states", "secretsmanager"] {
        let (mut play, checker) = watched().await;
        play.world.set_broken(service, true);
        let event = beat(play.now, 1);
        play.deliver(&event).await;
        minutes(&mut play, 15).await;
        assert_eq!(checker.seen().len(), 0, "{service}");
    }
}

#[tokio::test]
async fn a_beat_that_waited_is_not_passed_on_as_news() {
    let (mut play, checker) = watched().await;
    let event = beat(Span::minutes(6).before(play.now), 1);
    play.deliver(&event).await;
    minutes(&mut play, 15).await;
    assert_eq!((checker.seen().len(), play.incident_ids().len()), (0, 0));
}

#[tokio::test]
async fn a_checker_that_is_down_is_tried_for_a_while_and_nobody_is_woken() {
    let (mut play, checker) = watched().await;
    checker.expect(&[Act::Say(500, ""); 40]);
    let event = beat(play.now, 1);
    play.deliver(&event).await;
    minutes(&mut play, 30).await;
    assert!(!incident(&play, &only_incident(&play)).await.is_open());
    assert!(!checker.seen().is_empty());
    assert_eq!(messages(&play), [].into());
}
