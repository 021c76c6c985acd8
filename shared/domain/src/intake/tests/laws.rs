//! What holds for any event at all.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::mutation::{any_json, mutable_samples, mutate, paths};
use super::{alerts, cases, events, name_of, now, sample, samples};
use crate::alert::{Alert, Source};
use crate::intake::{ALERTS_MAX, read};
use crate::labels::LABELS_MAX;
use crate::law::law;
use crate::text::{NAME_MAX, TEXT_MAX, clean};

/// An alert is one part of one row of the table, which holds 400 kB.
const ALERT_BYTES_MAX: usize = 80_000;

/// The one alert of a sample.
fn alert(name: &str) -> Alert {
    let mut alerts = alerts(&sample(name));
    assert_eq!(alerts.len(), 1, "{name}");
    alerts.remove(0)
}

fn value(name: &str) -> Value {
    serde_json::from_slice(&sample(name)).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

#[test]
fn an_alarm_reads_the_same_by_every_envelope() {
    let mut n_compared = 0;
    for case in cases(&events().join("eventbridge")) {
        for envelope in ["sns", "direct"] {
            let name = name_of(&case);
            if events().join(envelope).join(&name).exists() {
                assert_eq!(alert(&format!("{envelope}/{name}")), alert(&format!("eventbridge/{name}")), "{envelope}/{name}");
                n_compared += 1;
            }
        }
    }
    assert!(n_compared >= 24, "only {n_compared} samples have a twin");
    assert_eq!(alert("sns/no-alarm-arn"), alert("sns/metric-alarm"));
    assert_eq!(alert("eventbridge/forwarded-by-own-bus"), alert("eventbridge/metric-alarm"));
}

#[test]
fn what_is_the_same_thing_has_the_same_fingerprint_and_nothing_else_has() {
    for (one, other, same) in [
        ("eventbridge/metric-alarm", "sns/ok-after-alarm", true),
        ("eventbridge/metric-alarm", "hostile/unknown-account", false),
        ("eventbridge/metric-alarm", "sns/emulator-metric-alarm", false),
        ("sns/emulator-metric-alarm", "sns/emulator-ok", true),
        ("eventbridge/contributor", "sns/contributor-ok", true),
        ("eventbridge/contributor", "eventbridge/contributors-parent", false),
        ("ecs/task-placement-failure", "ecs/steady-state", true),
        ("ecs/deployment-failed", "ecs/deployment-completed", true),
        ("ecs/deployment-failed", "ecs/steady-state", false),
        ("rds/failover-started", "rds/failover-completed", true),
        ("rds/low-storage", "rds/failover-completed", false),
        ("rds/failure", "rds/recovery-complete", true),
        ("health/issue-open", "health/issue-open-backup-region", true),
        ("health/issue-open", "health/issue-closed", true),
        ("health/issue-open", "health/account-notification", false),
        ("backup/job-failed", "backup/job-completed", true),
        ("backup/job-failed", "backup/copy-job-failed", false),
        ("cost/budget-actual", "cost/budget-forecasted", true),
        ("guardduty/high", "guardduty/medium", false),
    ] {
        assert_eq!(alert(one).fingerprint == alert(other).fingerprint, same, "{one} and {other}");
    }
}

#[test]
fn two_contributors_of_one_alarm_are_two_alerts() {
    let mut other = value("eventbridge/contributor");
    other["detail"]["alarmContributor"]["id"] = json!("another");
    assert_ne!(alerts(&bytes(&other))[0].fingerprint, alert("eventbridge/contributor").fingerprint);
}

#[test]
fn names_that_look_the_same_are_two_alarms_all_the_same() {
    let named = |name: &str| {
        let mut event = value("direct/metric-alarm");
        event["alarmArn"] = json!(null);
        event["alarmData"]["alarmName"] = json!(name);
        alerts(&bytes(&event)).remove(0)
    };
    let (plain, invisible) = (named("vitascope-api"), named("vitascope\u{200b}-api"));
    assert_eq!(plain.name, invisible.name);
    assert_ne!(plain.fingerprint, invisible.fingerprint);
    assert!(plain.arn.is_some());
    assert_eq!(invisible.arn, None, "an ARN that would not find the alarm is worse than none");
}

#[test]
fn the_topic_says_where_an_alarm_without_an_arn_lives() {
    for (topic, wanted) in [
        ("arn:aws:sns:eu-west-1:111122223333:t", Some("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:vitascope-api-high-cpu")),
        (
            "arn:aws-cn:sns:cn-north-1:111122223333:t",
            Some("arn:aws-cn:cloudwatch:cn-north-1:111122223333:alarm:vitascope-api-high-cpu"),
        ),
        (
            "arn:aws-us-gov:sns:us-gov-west-1:1:t",
            Some("arn:aws-us-gov:cloudwatch:us-gov-west-1:111122223333:alarm:vitascope-api-high-cpu"),
        ),
        ("", None),
    ] {
        let mut event = value("sns/no-alarm-arn");
        event["Records"][0]["Sns"]["TopicArn"] = json!(topic);
        assert_eq!(alerts(&bytes(&event))[0].arn.as_deref(), wanted, "{topic}");
    }
}

/// The envelopes in which a delivery may come once more.
fn wrapped(event: &Value) -> Vec<Value> {
    let text = event.to_string();
    let in_queue = |body: &str| json!({"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": body}]});
    let not_delivered = json!({"version": "1.0", "requestContext": {}, "requestPayload": event, "responsePayload": {}});
    let notification = json!({"Type": "Notification", "TopicArn": "", "Subject": null, "Message": text});
    let in_topic = |message: &str| json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message}}]});
    vec![
        in_queue(&text),
        in_queue(&notification.to_string()),
        in_queue(&not_delivered.to_string()),
        in_topic(&text),
        in_topic(&not_delivered.to_string()),
        not_delivered,
        notification,
    ]
}

#[test]
fn one_more_envelope_changes_nothing() {
    for (name, raw) in samples().iter().filter(|(name, _)| !name.contains("/hostile/") && !name.contains("/wrapped/")) {
        let event: Value = serde_json::from_slice(raw).unwrap();
        for envelope in wrapped(&event) {
            assert_eq!(alerts(&bytes(&envelope)), alerts(raw), "{name} in {:.200}", envelope.to_string());
        }
    }
}

#[test]
fn a_repetition_is_known_as_one_whenever_it_comes() {
    let later = now() + jiff::SignedDuration::from_hours(30);
    for (name, raw) in samples().iter().filter(|(name, _)| !name.contains("/hostile/")) {
        assert_eq!(read(raw, now()), read(raw, later), "{name}");
    }
}

#[test]
fn of_very_many_alerts_none_is_lost_unsaid() {
    let one = json!({"status": "firing", "labels": {"alertname": "a"}, "startsAt": "2026-11-21T02:00:00Z"});
    let all = alerts(&bytes(&json!({"alerts": vec![one; ALERTS_MAX + 7]})));
    assert_eq!(all.len(), ALERTS_MAX + 1);
    assert_eq!(all[ALERTS_MAX].source, Source::Unclassified);
    assert!(all[ALERTS_MAX].summary.contains(": 7 parts of one message"), "{}", all[ALERTS_MAX].summary);
}

#[test]
fn labels_that_would_not_fit_a_row_are_left_out_the_longest_first() {
    let mut event = value("eventbridge/metric-alarm");
    let dimensions = &mut event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["dimensions"];
    for n in 0..80 {
        dimensions[format!("filler-{n}")] = json!("x".repeat(1_000));
    }
    let labels = &alerts(&bytes(&event))[0].labels;
    assert_eq!(labels.get("ServiceName"), "vitascope-api");
    assert!(labels.find("filler-0").is_some() && labels.find("filler-79").is_none(), "{} labels", labels.len());
}

/// Fails unless `raw` is read as at least one alert whose texts are safe to store
/// and show.
fn check(raw: &[u8]) {
    let delivery = read(raw, now());
    assert!(!delivery.items.is_empty());
    for item in &delivery.items {
        assert!(!item.alerts.is_empty());
        for alert in &item.alerts {
            check_texts(alert);
            assert!(serde_json::to_vec(alert).unwrap().len() <= ALERT_BYTES_MAX);
        }
    }
}

fn check_texts(alert: &Alert) {
    let mut texts = vec![(&alert.name, NAME_MAX), (&alert.summary, TEXT_MAX), (&alert.reason, TEXT_MAX)];
    texts.extend(alert.arn.iter().chain(alert.muted_by.as_ref().map(|mute| &mute.by)).map(|text| (text, TEXT_MAX)));
    texts.extend(alert.labels.iter().flat_map(|(name, value)| [(name, NAME_MAX), (value, TEXT_MAX)]));
    for (text, max) in texts {
        assert_eq!(&clean(text, max), text, "not clean, or too long");
    }
    assert!(!alert.name.is_empty());
    assert_eq!(alert.labels.get("alertname"), alert.name);
    assert_eq!(alert.labels.get("source"), alert.source.label());
    assert!(alert.labels.len() <= LABELS_MAX);
}

#[test]
fn every_sample_is_sound_however_little_of_it_arrives() {
    for (_, raw) in samples() {
        check(&raw);
        for sixteenth in 0..16 {
            check(&raw[..raw.len() * sixteenth / 16]);
        }
    }
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn any_bytes_are_read_as_something(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
        check(&raw);
    }

    #[test]
    fn any_text_is_read_as_something_in_any_envelope(text in any::<String>()) {
        for envelope in wrapped(&Value::from(text)) {
            check(&bytes(&envelope));
        }
    }

    #[test]
    fn any_json_is_read_as_something(value in any_json()) {
        check(&bytes(&value));
    }

    #[test]
    fn a_sample_with_parts_replaced_or_missing_is_read_as_something(
        which in any::<Index>(),
        changes in proptest::collection::vec((any::<Index>(), proptest::option::of(any_json())), 1..6),
    ) {
        let mut samples = mutable_samples();
        let mut event = samples.swap_remove(which.index(samples.len()));
        for (place, new) in changes {
            let mut places = Vec::new();
            paths(&event, &mut Vec::new(), &mut places);
            mutate(&mut event, &places[place.index(places.len())], new.as_ref());
        }
        check(&bytes(&event));
    }

    #[test]
    fn a_sample_with_bytes_changed_is_read_as_something(
        which in any::<Index>(),
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..8),
    ) {
        let samples = samples();
        let mut raw = samples[which.index(samples.len())].1.clone();
        if !raw.is_empty() {
            for (place, byte) in changes {
                let n = place.index(raw.len());
                raw[n] = byte;
            }
        }
        check(&raw);
    }
}
