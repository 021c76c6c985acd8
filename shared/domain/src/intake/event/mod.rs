//! Events of other AWS services: what they mean as alerts.
//!
//! Each says which thing it is about, so that a later event of the same thing
//! clears it where the service sends one. What is neither good nor bad news is
//! read as missing data: recorded, without raising or clearing anything.

mod account;
mod ecs;
mod own;
mod rds;

use jiff::Timestamp;
use serde_json::Value;

use super::{Context, EXCERPT_MAX, cloudwatch, either, field, first_text, moment, text_of};
use crate::alert::{Alert, AlertState, Fingerprint, Source};
use crate::labels::Labels;
use crate::text::{NAME_MAX, TEXT_MAX, clean};
use crate::{heartbeat, watchdog};

pub(super) use account::budget;

/// Reads an EventBridge event.
pub(super) fn event(event: &Value, context: &Context) -> Result<Alert, String> {
    let kind = text_of(event, "detail-type");
    let reading = match (text_of(event, "source"), kind) {
        // Whoever sends it: a bus of one's own passes it on under another name.
        (_, "CloudWatch Alarm State Change" | "CloudWatch Alarm Contributor State Change") => {
            return cloudwatch::event(event, context);
        }
        (_, "CloudWatch Alarm Configuration Change") => configuration_change(event),
        ("aws.ecs", "ECS Service Action" | "ECS Deployment State Change") => ecs::service(event),
        ("aws.rds", _) => rds::notice(event),
        ("aws.health", _) => account::health(event),
        ("aws.guardduty", "GuardDuty Finding") => account::guardduty(event),
        ("aws.backup", _) => account::backup(event, kind),
        (heartbeat::event::SOURCE, heartbeat::event::DETAIL_TYPE) => own::heartbeat(event),
        (watchdog::SOURCE, watchdog::DETAIL_TYPE) => own::watchdog(event),
        ("aws.ce", _) => account::cost_anomaly(event),
        _ => other(event, kind),
    };
    Ok(reading.alert(event, context))
}

/// What an event means.
struct Reading<'v> {
    name: String,
    /// Tells the thing that it is about from others.
    thing: &'v str,
    state: AlertState,
    summary: String,
    reason: String,
    labels: Vec<(&'static str, String)>,
    account: &'v str,
    region: &'v str,
    at: Option<Timestamp>,
}

impl<'v> Reading<'v> {
    fn new(event: &'v Value, name: impl Into<String>, thing: &'v str, state: AlertState) -> Reading<'v> {
        Reading {
            name: name.into(),
            thing,
            state,
            summary: String::new(),
            reason: String::new(),
            labels: Vec::new(),
            account: text_of(event, "account"),
            region: text_of(event, "region"),
            at: None,
        }
    }

    fn saying(mut self, summary: &str, reason: &str) -> Reading<'v> {
        self.summary = clean(summary, TEXT_MAX);
        self.reason = clean(reason, TEXT_MAX);
        self
    }

    fn label(mut self, name: &'static str, value: &str) -> Reading<'v> {
        self.labels.push((name, value.to_owned()));
        self
    }

    /// A better moment than the event's own, if it can be read.
    fn at(mut self, moment: &Value) -> Reading<'v> {
        self.at = self.at.or_else(|| moment::read(moment));
        self
    }

    fn alert(self, event: &Value, context: &Context) -> Alert {
        let source = text_of(event, "source");
        let mut labels = Labels::new();
        for (name, value) in &self.labels {
            labels.set(name, value);
        }
        labels.set("source", Source::Event.label());
        labels.set("event_source", source);
        labels.set("event_type", text_of(event, "detail-type"));
        labels.set("alertname", &self.name);
        labels.set("account", self.account);
        labels.set("region", self.region);
        labels.set("resource", resource(event));
        let identity = format!("{source}|{}|{}|{}|{}", self.name, self.account, self.region, self.thing);
        Alert {
            fingerprint: Fingerprint::of(&identity),
            source: Source::Event,
            name: clean(&self.name, NAME_MAX),
            arn: None,
            labels,
            summary: self.summary,
            reason: self.reason,
            state: self.state,
            claimed_at: self.at.or_else(|| moment::read(field(event, "time"))).unwrap_or(context.sent_at),
            muted_by: None,
            headline: None,
        }
    }
}

/// An event that nothing here knows: news for a person.
fn other<'v>(event: &'v Value, kind: &str) -> Reading<'v> {
    let thing = either(resource(event), text_of(event, "id"));
    let detail = clean(&field(event, "detail").to_string(), EXCERPT_MAX);
    Reading::new(event, name_of(kind), thing, AlertState::Alarm).saying(kind, &detail)
}

/// Somebody created, changed or deleted an alarm.
fn configuration_change(event: &Value) -> Reading<'_> {
    let detail = field(event, "detail");
    let (name, operation) = (text_of(detail, "alarmName"), text_of(detail, "operation"));
    Reading::new(event, "cloudwatch-alarm-configuration-change", resource(event), AlertState::InsufficientData)
        .saying(&format!("The configuration of alarm {name}: {operation}"), "")
        .label("event_name", operation)
}

/// A kind of event, `Copy Job State Change`, as the name of an alert,
/// `copy-job-state-change`.
fn name_of(kind: &str) -> String {
    let name: String = kind.chars().map(|ch| if ch.is_alphanumeric() { ch.to_ascii_lowercase() } else { '-' }).collect();
    if name.is_empty() { "event".to_owned() } else { name }
}

/// The first of the event's resources; empty if it names none.
fn resource(event: &Value) -> &str {
    field(event, "resources").get(0).and_then(Value::as_str).unwrap_or_default()
}
