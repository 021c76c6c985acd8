//! A CloudWatch alarm, by each of its three envelopes.
//!
//! Metric, metric-math, anomaly-detection, composite and contributor alarms
//! share one shape with parts left out; nothing here relies on a part being
//! there but the alarm's name and its state.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Context, either, field, first_text, moment, text_of};
use crate::alert::{Alert, AlertState, Fingerprint, Mute, Source};
use crate::labels::Labels;
use crate::text::{NAME_MAX, TEXT_MAX, clean};

/// Longest note of what mutes an alarm, in characters.
const MUTED_BY_MAX: usize = 200;

/// The fingerprint of an alarm, or of one contributor to it: of one series of
/// those that a query finds. `contributor` is empty for the alarm itself.
pub fn fingerprint(arn: &str, contributor: &str) -> Fingerprint {
    Fingerprint::of(&format!("{arn}|{contributor}"))
}

/// Reads an EventBridge event: `CloudWatch Alarm State Change` or `CloudWatch
/// Alarm Contributor State Change`.
pub(super) fn event(event: &Value, context: &Context) -> Result<Alert, String> {
    let arn = field(event, "resources").get(0).and_then(Value::as_str).unwrap_or_default();
    let of = Identity::new(arn, text_of(event, "region"), text_of(event, "account"));
    change(field(event, "detail"), of, field(event, "time"), context).alert()
}

/// Reads the alarm's own call of a function.
pub(super) fn direct(event: &Value, context: &Context) -> Result<Alert, String> {
    let of = Identity::new(text_of(event, "alarmArn"), text_of(event, "region"), text_of(event, "accountId"));
    change(field(event, "alarmData"), of, field(event, "time"), context).alert()
}

/// The part that an event and a direct call have in common.
fn change<'v>(alarm: &'v Value, of: Identity<'v>, sent_at: &Value, context: &Context) -> Alarm<'v> {
    let state = field(alarm, "state");
    let configuration = field(alarm, "configuration");
    let contributor = field(alarm, "alarmContributor");
    Alarm {
        of: of.named(text_of(alarm, "alarmName")),
        contributor: text_of(contributor, "id"),
        attributes: field(contributor, "attributes"),
        tags: field(alarm, "alarmTags"),
        description: text_of(configuration, "description"),
        is_composite: configuration.get("alarmRule").is_some(),
        metrics: Metrics::of_queries(field(configuration, "metrics")),
        state: text_of(state, "value"),
        reason: text_of(state, "reason"),
        changed_at: field(state, "timestamp"),
        sent_at: moment::read(sent_at).unwrap_or(context.sent_at),
        muted_by: muted_by(field(alarm, "muteDetail"), state),
    }
}

/// Reads an SNS notification. Its `Region` is for people, so the region comes
/// from the alarm's ARN, else from the topic's. None is sent while the alarm's
/// actions are muted.
pub(super) fn notification(message: &Value, context: &Context) -> Result<Alert, String> {
    let region = either(&context.region, text_of(message, "Region"));
    let of = Identity::new(text_of(message, "AlarmArn"), region, text_of(message, "AWSAccountId"));
    let trigger = field(message, "Trigger");
    let mut metrics = Metrics::of_queries(field(trigger, "Metrics"));
    metrics.add(text_of(trigger, "Namespace"), text_of(trigger, "MetricName"), field(trigger, "Dimensions"));
    Alarm {
        of: of.named(text_of(message, "AlarmName")),
        contributor: text_of(message, "AlarmContributorId"),
        attributes: field(message, "AlarmContributorAttributes"),
        tags: field(message, "AlarmTags"),
        description: text_of(message, "AlarmDescription"),
        is_composite: message.get("AlarmRule").is_some(),
        metrics,
        state: text_of(message, "NewStateValue"),
        reason: text_of(message, "NewStateReason"),
        changed_at: field(message, "StateChangeTime"),
        sent_at: context.sent_at,
        muted_by: None,
    }
    .alert()
}

/// An alarm's parts, wherever its envelope keeps them.
struct Alarm<'v> {
    of: Identity<'v>,
    contributor: &'v str,
    attributes: &'v Value,
    tags: &'v Value,
    description: &'v str,
    is_composite: bool,
    metrics: Metrics,
    state: &'v str,
    reason: &'v str,
    changed_at: &'v Value,
    sent_at: Timestamp,
    muted_by: Option<Mute>,
}

impl Alarm<'_> {
    fn alert(self) -> Result<Alert, String> {
        let name = clean(self.of.name, NAME_MAX);
        if name.is_empty() {
            return Err("the alarm has no name".to_owned());
        }
        let state = state_of(self.state)?;
        let arn = self.of.arn();
        Ok(Alert {
            fingerprint: fingerprint(&arn, self.contributor),
            source: Source::Cloudwatch,
            labels: self.labels(&name),
            summary: clean(self.description, TEXT_MAX),
            reason: clean(self.reason, TEXT_MAX),
            state,
            claimed_at: moment::read(self.changed_at).unwrap_or(self.sent_at),
            muted_by: self.muted_by,
            headline: None,
            arn: Some(arn).filter(|arn| self.of.is_placed() && clean(arn, TEXT_MAX) == *arn),
            name,
        })
    }

    /// What stands first is not overwritten by what follows: no dimension can
    /// pass for the alarm's name, and no attribute for a tag.
    fn labels(&self, name: &str) -> Labels {
        let mut labels = Labels::new();
        labels.set("source", Source::Cloudwatch.label());
        labels.set("alertname", name);
        labels.set("account", self.of.account);
        labels.set("region", self.of.region);
        labels.set("alarm_type", if self.is_composite { "composite" } else { self.metrics.kind });
        labels.set("contributor", self.contributor);
        pairs(self.tags, |key, value| labels.set_default(&format!("tag_{key}"), value));
        pairs(self.attributes, |key, value| labels.set_default(key, value));
        for (key, value) in &self.metrics.agreed {
            if let Some(value) = value {
                labels.set_default(key, value);
            }
        }
        // What the prober counts by is what rules ask for.
        if labels.get("namespace") == crate::probe::tell::NAMESPACE {
            for (dimension, label) in crate::probe::tell::LABELS {
                let value = labels.get(dimension).to_owned();
                labels.set_default(label, &value);
            }
        }
        labels
    }
}

/// Which alarm it is: the same by every envelope, so that all of them give the
/// same fingerprint. Texts are as they came in: cleaned, two could become one.
struct Identity<'v> {
    given_arn: &'v str,
    region: &'v str,
    account: &'v str,
    name: &'v str,
}

impl<'v> Identity<'v> {
    /// What the ARN says, and where there is none what the envelope says.
    fn new(arn: &'v str, region: &'v str, account: &'v str) -> Identity<'v> {
        let parts: Vec<&str> = arn.splitn(7, ':').collect();
        match parts[..] {
            ["arn", _, "cloudwatch", region, account, "alarm", name] => Identity { given_arn: arn, region, account, name },
            _ => Identity { given_arn: "", region, account, name: "" },
        }
    }

    fn named(self, name: &'v str) -> Identity<'v> {
        Identity { name: either(name, self.name), ..self }
    }

    /// Whether the place is known, not only described to people. Else the ARN is
    /// good for a fingerprint, but not to look the alarm up.
    fn is_placed(&self) -> bool {
        let is_code = |ch: char| ch.is_ascii_lowercase() || ch.is_ascii_digit() || ch == '-';
        !self.region.is_empty() && self.region.chars().all(is_code) && !self.account.is_empty()
    }

    fn arn(&self) -> String {
        if !self.given_arn.is_empty() {
            return self.given_arn.to_owned();
        }
        let Identity { region, account, name, .. } = self;
        let partition = match region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}")
    }
}

/// What an alarm watches.
#[derive(Default)]
struct Metrics {
    /// Metric, metrics insights, metric math or anomaly; empty if it is not said.
    kind: &'static str,
    /// Namespace, metric and dimensions. Where an expression combines several
    /// metrics, one counts if all that have it agree.
    agreed: BTreeMap<String, Option<String>>,
}

impl Metrics {
    /// The metrics and expressions of an alarm's configuration.
    fn of_queries(queries: &Value) -> Metrics {
        let mut metrics = Metrics::default();
        let mut is_anomaly = false;
        for query in queries.as_array().into_iter().flatten() {
            let expression = first_text(query, &["expression", "Expression"]);
            is_anomaly |= expression.contains("ANOMALY_DETECTION_BAND");
            if expression.trim_start().starts_with("SELECT") {
                metrics.kind = "metrics-insights";
            } else if !expression.is_empty() {
                metrics.kind = "metric-math";
            }
            let stat = query.get("metricStat").or_else(|| query.get("MetricStat")).unwrap_or(&Value::Null);
            let metric = stat.get("metric").or_else(|| stat.get("Metric")).unwrap_or(&Value::Null);
            let dimensions = metric.get("dimensions").or_else(|| metric.get("Dimensions")).unwrap_or(&Value::Null);
            let name = first_text(metric, &["name", "MetricName"]);
            metrics.add(first_text(metric, &["namespace", "Namespace"]), name, dimensions);
        }
        if is_anomaly {
            metrics.kind = "anomaly";
        }
        metrics
    }

    fn add(&mut self, namespace: &str, metric: &str, dimensions: &Value) {
        if !metric.is_empty() && self.kind.is_empty() {
            self.kind = "metric";
        }
        self.agree("namespace", namespace);
        self.agree("metric_name", metric);
        pairs(dimensions, |name, value| self.agree(name, value));
    }

    fn agree(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let known = self.agreed.entry(name.to_owned()).or_insert_with(|| Some(value.to_owned()));
        if known.as_deref() != Some(value) {
            *known = None;
        }
    }
}

/// Names with texts: a map in events, and in notifications a list whose keys are
/// written in either case.
fn pairs(value: &Value, mut each: impl FnMut(&str, &str)) {
    for (name, value) in value.as_object().into_iter().flatten() {
        if let Some(value) = value.as_str().filter(|_| !name.is_empty()) {
            each(name, value);
        }
    }
    for pair in value.as_array().into_iter().flatten() {
        let name = first_text(pair, &["name", "Name", "key", "Key"]);
        if !name.is_empty() {
            each(name, first_text(pair, &["value", "Value"]));
        }
    }
}

/// An event is sent even when a mute rule or a suppressor keeps the alarm's own
/// actions from running.
fn muted_by(mute: &Value, state: &Value) -> Option<Mute> {
    if mute.as_object().is_some_and(|mute| !mute.is_empty()) {
        let rule = text_of(mute, "mutedByArn").rsplit(':').next().unwrap_or_default();
        return Some(Mute {
            by: clean(&format!("mute rule {rule}"), MUTED_BY_MAX),
            until: moment::read(field(mute, "muteWindowEnd")),
        });
    }
    let by = text_of(state, "actionsSuppressedBy");
    let why = first_text(state, &["actionsSuppressedReason", "actionsSuppressedBy"]);
    (!by.is_empty()).then(|| Mute { by: clean(why, MUTED_BY_MAX), until: None })
}

fn state_of(word: &str) -> Result<AlertState, String> {
    match word {
        "OK" => Ok(AlertState::Ok),
        "ALARM" => Ok(AlertState::Alarm),
        "INSUFFICIENT_DATA" => Ok(AlertState::InsufficientData),
        "" => Err("the alarm has no state".to_owned()),
        other => Err(format!("`{}` is not a state of an alarm", clean(other, 40))),
    }
}
