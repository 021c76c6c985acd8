//! Alertmanager's webhook payload, version 4.
//!
//! Through SNS it is what the receiver's message template makes of it, so nothing
//! of the payload around the alerts is relied on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::{Context, either, field, first_text, moment, text_of, unclassified};
use crate::alert::{Alert, AlertState, Fingerprint, Source};
use crate::labels::Labels;
use crate::text::{NAME_MAX, TEXT_MAX, clean};

/// Reads one alert of a payload.
pub(super) fn alert(alert: &Value, payload: &Value, context: &Context) -> Alert {
    read(alert, payload, context).unwrap_or_else(|why| unclassified(alert.to_string().as_bytes(), &why, context))
}

fn read(alert: &Value, payload: &Value, context: &Context) -> Result<Alert, String> {
    let given: BTreeMap<&str, &str> = field(alert, "labels")
        .as_object()
        .ok_or("the alert has no labels")?
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect();
    let (state, began) = match text_of(alert, "status") {
        "firing" => (AlertState::Alarm, "startsAt"),
        "resolved" => (AlertState::Ok, "endsAt"),
        other => return Err(format!("`{}` is not a status of an alert", clean(other, 40))),
    };
    let annotations = field(alert, "annotations");
    let mut labels: Labels = given.iter().collect();
    let name = match labels.find("alertname") {
        Some(name) => clean(name, NAME_MAX),
        None => "prometheus-alert".to_owned(),
    };
    labels.set("alertname", &name);
    labels.set("source", Source::Prometheus.label());
    labels.set_default("runbook_url", text_of(annotations, "runbook_url"));
    let summary = either(text_of(annotations, "summary"), text_of(field(payload, "commonAnnotations"), "summary"));
    Ok(Alert {
        fingerprint: fingerprint(&given),
        source: Source::Prometheus,
        arn: None,
        labels,
        summary: clean(summary, TEXT_MAX),
        reason: clean(first_text(annotations, &["description", "message"]), TEXT_MAX),
        state,
        claimed_at: moment::read(field(alert, began)).unwrap_or(context.sent_at),
        muted_by: None,
        headline: None,
        name,
    })
}

/// All labels tell one alert from another, as for Prometheus itself. Lengths stand
/// in front, so that two different sets never read the same.
fn fingerprint(labels: &BTreeMap<&str, &str>) -> Fingerprint {
    let identity = labels.iter().fold("prometheus".to_owned(), |mut identity, (name, value)| {
        let _ = write!(identity, "|{}:{name}={}:{value}", name.len(), value.len());
        identity
    });
    Fingerprint::of(&identity)
}
