//! What came in? Any envelope that can carry an alarm becomes [`Alert`]s.
//!
//! Three envelopes carry a CloudWatch alarm: an EventBridge event, an SNS
//! notification, and the alarm's own call of a function. Prometheus's Alertmanager
//! comes through SNS. Any of these may be wrapped once more: in a batch from a
//! queue, in an SNS envelope inside one, or in the envelope in which Lambda hands
//! on what could not be delivered.
//!
//! What cannot be read becomes an alert, too: unclassified, with a digest of what
//! came in and the reason. Nothing is dropped here.

mod cloudwatch;
mod event;
pub(crate) mod moment;
mod prometheus;

use jiff::Timestamp;
use serde_json::Value;

use crate::alert::{Alert, AlertState, Fingerprint, Source, digest};
use crate::labels::Labels;
use crate::text::{NAME_MAX, TEXT_MAX, clean};

pub use cloudwatch::fingerprint as alarm_fingerprint;

/// How deep envelopes may be nested.
const DEPTH_MAX: usize = 5;
/// Most alerts taken from one message. What is left out is counted in one more.
const ALERTS_MAX: usize = 2_000;
/// Most characters shown of something that could not be read.
const EXCERPT_MAX: usize = 600;
/// Most bytes of all labels of one alert together. A row of the table holds
/// 400 kB, and an alert's row holds its labels twice.
const LABELS_BYTES_MAX: usize = 32 * 1024;

/// One message of a delivery with the alerts in it, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The queue's name for the message, to report a partial failure; empty where
    /// there is none.
    pub id: String,
    /// The alerts.
    pub alerts: Vec<Alert>,
}

impl Item {
    fn new(id: &str, mut alerts: Vec<Alert>) -> Item {
        for alert in &mut alerts {
            fit(&mut alert.labels);
        }
        Item { id: id.to_owned(), alerts }
    }
}

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Whether it is a batch from a queue, whose failures are reported singly.
    pub is_queue_batch: bool,
    /// Its messages, at least one.
    pub items: Vec<Item>,
}

/// Reads a delivery, whatever it is.
pub fn read(raw: &[u8], now: Timestamp) -> Delivery {
    let context = Context { sent_at: now, region: String::new(), subject: String::new() };
    let alerts = match serde_json::from_slice::<Value>(raw) {
        Ok(value) => match queue_records(&value) {
            Some(records) => {
                let items = records.iter().map(|record| queue_item(record, &context)).collect();
                return Delivery { is_queue_batch: true, items };
            }
            None => read_value(&value, &context, 0),
        },
        Err(error) => vec![unclassified(raw, &format!("it is not JSON: {error}"), &context)],
    };
    Delivery { is_queue_batch: false, items: vec![Item::new("", alerts)] }
}

/// What the envelopes around a message say about it.
#[derive(Debug, Clone)]
struct Context {
    /// When the message was sent: stands in where the message itself does not
    /// say when its news is from. Unlike our own clock it is the same at every
    /// delivery, so a repetition is known as one.
    sent_at: Timestamp,
    /// Region of the topic or queue that it came through. An alarm notifies
    /// topics of its own region only.
    region: String,
    /// The subject.
    subject: String,
}

impl Context {
    fn of_notification(&self, notification: &Value) -> Context {
        let region = text_of(notification, "TopicArn").split(':').nth(3).unwrap_or_default();
        Context {
            sent_at: moment::read(field(notification, "Timestamp")).unwrap_or(self.sent_at),
            region: clean(either(region, &self.region), NAME_MAX),
            subject: clean(text_of(notification, "Subject"), NAME_MAX),
        }
    }

    fn of_queue_record(&self, record: &Value) -> Context {
        let sent = text_of(field(record, "attributes"), "SentTimestamp").parse();
        let sent_at = sent.ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
        Context {
            sent_at: sent_at.unwrap_or(self.sent_at),
            region: clean(text_of(record, "awsRegion"), NAME_MAX),
            subject: String::new(),
        }
    }
}

/// The records of a batch from a queue, if it is one.
fn queue_records(value: &Value) -> Option<&[Value]> {
    let records = value.get("Records")?.as_array()?;
    let is_queue_batch = !records.is_empty() && records.iter().all(|record| text_of(record, "eventSource") == "aws:sqs");
    is_queue_batch.then_some(records)
}

fn queue_item(record: &Value, context: &Context) -> Item {
    let alerts = read_message(field(record, "body"), record, &context.of_queue_record(record), 1);
    Item::new(text_of(record, "messageId"), alerts)
}

/// Reads what an envelope carries. `envelope` is kept if there is nothing in it.
fn read_message(message: &Value, envelope: &Value, context: &Context, depth: usize) -> Vec<Alert> {
    match message {
        Value::String(text) => read_text(text, context, depth),
        Value::Object(_) => read_value(message, context, depth),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            vec![unclassified(envelope.to_string().as_bytes(), "its envelope has no message in it", context)]
        }
    }
}

fn read_text(text: &str, context: &Context, depth: usize) -> Vec<Alert> {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_object() => read_value(&value, context, depth),
        Ok(_) => vec![unclassified(text.as_bytes(), "it is JSON, but not an object", context)],
        Err(error) => vec![
            event::budget(text, context)
                .unwrap_or_else(|| unclassified(text.as_bytes(), &format!("it is not JSON: {error}"), context)),
        ],
    }
}

fn read_value(value: &Value, context: &Context, depth: usize) -> Vec<Alert> {
    let unreadable = |why: &str| {
        let sent_at = moment::read(field(value, "time")).unwrap_or(context.sent_at);
        vec![unclassified(value.to_string().as_bytes(), why, &Context { sent_at, ..context.clone() })]
    };
    if depth > DEPTH_MAX {
        return unreadable("its envelopes are nested too deep");
    }
    if let Some(records) = value.get("Records").and_then(Value::as_array) {
        if records.is_empty() {
            return unreadable("it has no records");
        }
        return bounded(records, context, |record| read_record(record, context, depth));
    }
    if let Some(payload) = value.get("requestPayload") {
        return read_message(payload, value, context, depth + 1);
    }
    if text_of(value, "Type") == "Notification" {
        return read_message(field(value, "Message"), value, &context.of_notification(value), depth + 1);
    }
    if let Some(alerts) = value.get("alerts").and_then(Value::as_array) {
        if alerts.is_empty() {
            return unreadable("it has no alerts");
        }
        return bounded(alerts, context, |alert| vec![prometheus::alert(alert, value, context)]);
    }
    let alert = if value.get("alarmData").is_some() {
        cloudwatch::direct(value, context)
    } else if value.get("AlarmName").is_some() || value.get("NewStateValue").is_some() {
        cloudwatch::notification(value, context)
    } else if value.get("detail-type").is_some() {
        event::event(value, context)
    } else {
        Err("it has none of the shapes that are known".to_owned())
    };
    alert.map_or_else(|why| unreadable(&why), |alert| vec![alert])
}

fn read_record(record: &Value, context: &Context, depth: usize) -> Vec<Alert> {
    if let Some(notification) = record.get("Sns") {
        return read_message(field(notification, "Message"), record, &context.of_notification(notification), depth + 1);
    }
    if let Some(body) = record.get("body") {
        return read_message(body, record, &context.of_queue_record(record), depth + 1);
    }
    vec![unclassified(record.to_string().as_bytes(), "the record is neither of SNS nor of SQS", context)]
}

/// Reads the parts of a message. Of very many, the last ones become one alert
/// together.
fn bounded(parts: &[Value], context: &Context, read: impl FnMut(&Value) -> Vec<Alert>) -> Vec<Alert> {
    let (taken, left_out) = parts.split_at(parts.len().min(ALERTS_MAX));
    let mut alerts: Vec<Alert> = taken.iter().flat_map(read).collect();
    if !left_out.is_empty() {
        let rest = Value::from(left_out).to_string();
        let why = format!("{} parts of one message are beyond the {ALERTS_MAX} that are read", left_out.len());
        alerts.push(unclassified(rest.as_bytes(), &why, context));
    }
    alerts
}

/// An alert for what cannot be read.
fn unclassified(raw: &[u8], why: &str, context: &Context) -> Alert {
    let fingerprint = digest(raw);
    let mut labels = Labels::new();
    labels.set("source", Source::Unclassified.label());
    labels.set("alertname", "unclassified-event");
    labels.set("digest", &fingerprint);
    labels.set("subject", &context.subject);
    let excerpt = String::from_utf8_lossy(&raw[..raw.len().min(2 * TEXT_MAX)]);
    Alert {
        fingerprint: Fingerprint::of(&format!("unclassified {fingerprint}")),
        source: Source::Unclassified,
        name: "unclassified-event".to_owned(),
        arn: None,
        labels,
        summary: format!("An event of {} bytes could not be read: {}", raw.len(), clean(why, 200)),
        reason: clean(&excerpt, EXCERPT_MAX),
        state: AlertState::Alarm,
        claimed_at: context.sent_at,
        muted_by: None,
        headline: None,
    }
}

/// Leaves out the longest labels until all of them together fit.
fn fit(labels: &mut Labels) {
    let mut by_size: Vec<(usize, &String, &String)> =
        labels.iter().map(|(name, value)| (name.len() + value.len(), name, value)).collect();
    by_size.sort();
    let mut n_bytes = 0;
    let n_kept = by_size
        .iter()
        .take_while(|(size, ..)| {
            n_bytes += size;
            n_bytes <= LABELS_BYTES_MAX
        })
        .count();
    if n_kept < by_size.len() {
        *labels = by_size[..n_kept].iter().map(|(_, name, value)| (name, value)).collect();
    }
}

/// The text under `key`; empty if there is none.
fn text_of<'v>(value: &'v Value, key: &str) -> &'v str {
    field(value, key).as_str().unwrap_or_default()
}

/// The text under the first of `keys` that has one; empty if none does.
fn first_text<'v>(value: &'v Value, keys: &[&str]) -> &'v str {
    keys.iter().map(|key| text_of(value, key)).find(|text| !text.is_empty()).unwrap_or_default()
}

/// The first text, unless it is empty; then the second.
fn either<'v>(first: &'v str, second: &'v str) -> &'v str {
    if first.is_empty() { second } else { first }
}

/// The value under `key`; null if there is none.
fn field<'v>(value: &'v Value, key: &str) -> &'v Value {
    value.get(key).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests;
