//! Whatever comes in is kept: it becomes an incident, or the delivery fails so
//! that it comes again; and either says why.

use testkit::events::alarm;

use crate::play::Play;
use domain::incident::Incident;
use domain::priority::Priority;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::stage::{TOPICS, change, fires, incident, messages, minutes, only_incident, orders, record, recovers};

/// Nothing says how urgent anything is.
async fn stage() -> Play {
    let mut orders = orders();
    orders["classify"] = json!([]);
    Play::new(orders, TOPICS).await
}

/// Delivers one event that becomes one incident of which the team is told.
async fn becomes_incident(payload: &str) -> Incident {
    let mut play = stage().await;
    let shown: String = payload.chars().take(200).collect();
    play.deliver(payload).await;
    minutes(&mut play, 1).await;
    assert!(play.undelivered.is_empty(), "{shown}");
    let incident = incident(&play, &only_incident(&play)).await;
    assert_eq!(incident.priority, Priority::P2, "{shown}");
    assert_eq!(messages(&play).get("team"), Some(&1), "{shown}");
    for published in play.world.published() {
        let subject = &published.subject;
        let is_plain = subject.len() <= 100 && subject.chars().all(|ch| ch.is_ascii() && !ch.is_ascii_control());
        assert!(is_plain && !subject.is_empty(), "{shown}: {subject:?}");
    }
    incident
}

/// An SNS delivery with this message.
fn notification(message: &str) -> String {
    json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Type": "Notification", "Message": message}}]}).to_string()
}

/// A batch from a queue.
fn batch(bodies: &[(&str, &str)]) -> String {
    let records: Vec<Value> =
        bodies.iter().map(|(id, body)| json!({"eventSource": "aws:sqs", "messageId": id, "body": body})).collect();
    json!({ "Records": records }).to_string()
}

#[tokio::test]
async fn what_cannot_be_read_becomes_an_unclassified_p2_that_says_why() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let nested = (0..8).fold("{}".to_owned(), |inside, _| json!({"Type": "Notification", "Message": inside}).to_string());
    let long = notification(&"not an alarm ".repeat(20_000));
    let cases = [
        ("{}".to_owned(), "none of the shapes"),
        ("null".to_owned(), "none of the shapes"),
        ("[]".to_owned(), "none of the shapes"),
        ("7".to_owned(), "none of the shapes"),
        (r#""text""#.to_owned(), "none of the shapes"),
        (r#"{"Records": []}"#.to_owned(), "no records"),
        (r#"{"Records": [{}]}"#.to_owned(), "neither of SNS nor of SQS"),
        (r#"{"watchkeeper": 7}"#.to_owned(), "none of the shapes"),
        (r#"{"detail-type": "CloudWatch Alarm State Change"}"#.to_owned(), "no name"),
        (r#"{"AlarmName": "cpu", "NewStateValue": "SOSO"}"#.to_owned(), "not a state of an alarm"),
        (r#"{"AlarmName": "\ud800", "NewStateValue": "ALARM"}"#.to_owned(), "not JSON"),
        (r#"{"AlarmName": "\u0000\u001b\u202e", "NewStateValue": "ALARM"}"#.to_owned(), "no name"),
        (notification(r#"{"AlarmName": "\udfff", "NewStateValue": "ALARM"}"#), "not JSON"),
        (notification("hello, operator"), "not JSON"),
        (notification("\u{feff}{\"AlarmName\": 1"), "not JSON"),
        (notification(""), "not JSON"),
        (long, "not JSON"),
        (notification(&deep), "not JSON"),
        (deep, "not JSON"),
        (nested, "nested too deep"),
        (batch(&[("m1", "%%%")]), "not JSON"),
    ];
    for (payload, why) in cases {
        let incident = becomes_incident(&payload).await;
        assert_eq!(incident.title, "unclassified-event", "{payload:.200}");
        assert!(incident.summary.contains(why), "{payload:.200}: {}", incident.summary);
    }
}

#[tokio::test]
async fn hostile_alarms_are_alarms_all_the_same() {
    let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    let long = "x".repeat(100_000);
    for name in [
        "<script>alert(1)</script>",
        "\"; DROP TABLE incidents; --",
        "two\r\nlines: \u{1b}[31mred",
        "\u{202e}gnp.exe",
        "監視アラーム 🔥",
        "#pk#GROUP#../..",
        "{{.Name}} ${jndi:ldap://x} %s%n",
        long.as_str(),
    ] {
        let payload = alarm(name, "ALARM", now, &[("<b>", name), ("alertname", "another")], (name, name));
        let incident = becomes_incident(&payload).await;
        assert_ne!(incident.title, "unclassified-event", "{name:.60}");
        assert!(!incident.title.chars().any(char::is_control), "{:?}", incident.title);
        assert!(incident.title.chars().count() <= 255, "{:?}", incident.title);
    }
}

#[tokio::test]
async fn a_quarter_of_a_megabyte_is_taken() {
    let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    let mut event: Value = serde_json::from_str(&change("big", "ALARM", now)).unwrap();
    let dimensions: Value = (0..1_300).map(|n| (format!("dimension-{n:04}"), json!("v".repeat(170)))).collect();
    event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["dimensions"] = dimensions;
    event["detail"]["configuration"]["description"] = json!("d".repeat(20_000));
    let payload = event.to_string();
    assert!(payload.len() > 250_000, "{}", payload.len());
    assert_eq!(becomes_incident(&payload).await.title, "big");
}

#[tokio::test]
async fn an_account_that_nobody_knows_is_no_reason_to_drop_an_alarm() {
    let payload = change("cpu", "ALARM", "2026-06-01T00:00:00Z".parse().unwrap()).replace("111122223333", "999988887777");
    let incident = becomes_incident(&payload).await;
    assert_eq!((incident.title.as_str(), incident.labels.get("account")), ("cpu", "999988887777"));
}

#[tokio::test]
async fn a_date_far_away_neither_stops_an_alarm_nor_its_recovery() {
    for date in ["9999-12-30T00:00:00Z", "9999-12-31T23:59:59Z", "99999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "soon"] {
        let mut play = stage().await;
        let mut event: Value = serde_json::from_str(&change("cpu", "ALARM", play.now)).unwrap();
        event["detail"]["state"]["timestamp"] = json!(date);
        event["time"] = json!(date);
        let payload = event.to_string();
        play.deliver(&payload).await;
        minutes(&mut play, 1).await;
        play.deliver(&payload).await;
        minutes(&mut play, 1).await;
        only_incident(&play);
        recovers(&mut play, "cpu").await;
        minutes(&mut play, 10).await;
        let incident = incident(&play, &only_incident(&play)).await;
        assert!(!incident.is_open(), "{date}: {:?}", incident.status);
        // One word of the beginning and one of the end.
        assert_eq!(messages(&play).get("team"), Some(&2), "{date}");
    }
}

#[tokio::test]
async fn one_bad_record_of_several_takes_none_of_the_others_with_it() {
    let mut play = stage().await;
    let records: Vec<Value> = ["first", "", "third"]
        .iter()
        .map(|name| match *name {
            "" => json!({"Sns": {"Message": "\u{0}"}}),
            name => json!({"Sns": {"Message": change(name, "ALARM", play.now)}}),
        })
        .collect();
    play.deliver(&json!({"Records": records}).to_string()).await;
    minutes(&mut play, 1).await;
    let store = play.store();
    let mut titles = Vec::new();
    for id in play.incident_ids() {
        titles.push(store.incident(&id).await.unwrap().unwrap().incident.value.title);
    }
    titles.sort();
    assert_eq!(titles, ["first", "third", "unclassified-event"]);
}

#[tokio::test]
async fn a_notification_of_which_one_part_cannot_be_stored_comes_again_as_a_whole() {
    let mut play = stage().await;
    fires(&mut play, "warm-up").await;
    let records: Vec<Value> =
        ["first", "second", "third"].iter().map(|name| json!({"Sns": {"Message": change(name, "ALARM", play.now)}})).collect();
    let payload = json!({ "Records": records }).to_string();
    play.world.refuse(Some("alarm:second"));
    let failure = play.classify(&payload).await.unwrap_err();
    assert!(failure.message.contains("dynamodb:"), "{failure}");
    assert!(record(&play, "first").await.is_some() && record(&play, "second").await.is_none());
    play.world.refuse(None);
    play.classify(&payload).await.unwrap();
    minutes(&mut play, 1).await;
    assert_eq!(play.incident_ids().len(), 4);
    assert_eq!(messages(&play).get("team"), Some(&4));
}

#[tokio::test]
async fn a_batch_names_exactly_the_messages_that_failed() {
    let mut play = stage().await;
    fires(&mut play, "warm-up").await;
    let names = ["first", "second", "third"];
    let bodies: Vec<String> = names.iter().map(|name| change(name, "ALARM", play.now)).collect();
    let messages_: Vec<(&str, &str)> = vec![("m1", &bodies[0]), ("m2", &bodies[1]), ("m3", &bodies[2]), ("m4", "%%%")];
    let payload = batch(&messages_);
    let failed =
        |ids: &[&str]| json!({"batchItemFailures": ids.iter().map(|id| json!({"itemIdentifier": id})).collect::<Vec<_>>()});
    play.world.refuse(Some("RequestItems"));
    assert_eq!(play.classify(&payload).await.unwrap(), failed(&["m1", "m2", "m3", "m4"]));
    play.world.refuse(Some("alarm:second"));
    assert_eq!(play.classify(&payload).await.unwrap(), failed(&["m2"]));
    play.world.refuse(None);
    assert_eq!(play.classify(&batch(&messages_[1..2])).await.unwrap(), failed(&[]));
    minutes(&mut play, 1).await;
    assert_eq!(play.incident_ids().len(), 5);
}
