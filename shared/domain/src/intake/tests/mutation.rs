//! Events as nobody would send them: JSON at random, and samples with parts
//! replaced or missing.

use proptest::prelude::*;
use serde_json::Value;

use super::samples;

/// Any JSON, with names that mean something to the reader more often than not.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(WORDS).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(KEYS), inner.clone()), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
            inner.prop_map(|value| Value::from(value.to_string())),
        ]
    })
}

const WORDS: &[&str] = &[
    "",
    "ALARM",
    "OK",
    "firing",
    "aws:sqs",
    "Notification",
    "aws.rds",
    "aws.health",
    "aws.backup",
    "aws.guardduty",
    "GuardDuty Finding",
    "CloudWatch Alarm State Change",
    "Backup Job State Change",
    "AWS Budget Notification",
    "arn:aws:cloudwatch:eu-west-1:1:alarm:a",
    "2026-11-21T02:05:54.321+0000",
    "\u{202e}\u{1b}[31m\n",
];

const KEYS: &[&str] = &[
    "Records",
    "Sns",
    "Message",
    "Type",
    "Subject",
    "TopicArn",
    "Timestamp",
    "body",
    "messageId",
    "eventSource",
    "requestPayload",
    "alerts",
    "labels",
    "annotations",
    "status",
    "startsAt",
    "endsAt",
    "alertname",
    "detail-type",
    "source",
    "account",
    "region",
    "time",
    "resources",
    "detail",
    "alarmName",
    "state",
    "value",
    "timestamp",
    "configuration",
    "metrics",
    "metricStat",
    "metric",
    "dimensions",
    "expression",
    "alarmContributor",
    "id",
    "attributes",
    "alarmTags",
    "muteDetail",
    "mutedByArn",
    "muteWindowEnd",
    "alarmData",
    "alarmArn",
    "AlarmName",
    "AlarmArn",
    "NewStateValue",
    "StateChangeTime",
    "Trigger",
    "Dimensions",
    "name",
    "Value",
    "severity",
    "EventCategories",
    "eventDescription",
    "impact",
    "rootCauses",
    "totalImpact",
];

/// The paths of all parts of a value, texts that are JSON themselves included.
pub(super) fn paths(value: &Value, at: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
    out.push(at.clone());
    let children: Vec<(String, Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(n, value)| (n.to_string(), value.clone())).collect(),
        Value::String(text) => nested(text).map(|value| (String::new(), value)).into_iter().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    };
    for (key, child) in children {
        at.push(key);
        paths(&child, at, out);
        at.pop();
    }
}

fn nested(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(Value::is_object)
}

/// Puts `new` at a path, or takes away what is there.
pub(super) fn mutate(value: &mut Value, path: &[String], new: Option<&Value>) {
    let Some((key, rest)) = path.split_first() else {
        *value = new.cloned().unwrap_or(Value::Null);
        return;
    };
    match value {
        Value::Object(map) if rest.is_empty() && new.is_none() => drop(map.remove(key)),
        Value::Object(map) => {
            if let Some(child) = map.get_mut(key) {
                mutate(child, rest, new);
            }
        }
        Value::Array(list) => {
            if let Some(child) = key.parse().ok().and_then(|n: usize| list.get_mut(n)) {
                mutate(child, rest, new);
            }
        }
        Value::String(text) => {
            if let Some(mut inner) = nested(text) {
                mutate(&mut inner, rest, new);
                *text = inner.to_string();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The samples that are JSON and not huge.
pub(super) fn mutable_samples() -> Vec<Value> {
    samples().iter().filter(|(_, raw)| raw.len() < 20_000).filter_map(|(_, raw)| serde_json::from_slice(raw).ok()).collect()
}
