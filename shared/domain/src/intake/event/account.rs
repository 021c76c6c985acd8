//! What do the services that watch over an account say: Health, GuardDuty,
//! Backup, Cost Anomaly Detection, Budgets?

use serde_json::Value;

use super::{Context, EXCERPT_MAX, Reading, either, field, first_text, name_of, resource, text_of};
use crate::alert::{Alert, AlertState, Fingerprint, Source};
use crate::labels::Labels;
use crate::text::{TEXT_MAX, clean};

/// Reads an event of AWS Health. It is sent to the region concerned and to a
/// backup region, so what counts is the region that it is about.
pub(super) fn health(event: &Value) -> Reading<'_> {
    let detail = field(event, "detail");
    let code = text_of(detail, "eventTypeCode");
    let state = match text_of(detail, "statusCode") {
        "open" => AlertState::Alarm,
        "closed" => AlertState::Ok,
        _ => AlertState::InsufficientData,
    };
    let began = match state {
        AlertState::Ok => "endTime",
        AlertState::Alarm | AlertState::InsufficientData => "startTime",
    };
    let thing = either(text_of(detail, "eventArn"), resource(event));
    let description = field(detail, "eventDescription").get(0).unwrap_or(&Value::Null);
    let reading = Reading::new(event, "aws-health", thing, state)
        .saying(&format!("AWS Health: {code}"), text_of(description, "latestDescription"))
        .label("aws_service", text_of(detail, "service"))
        .label("event_name", code)
        .label("category", text_of(detail, "eventTypeCategory"))
        .at(field(detail, began))
        .at(field(detail, "lastUpdatedTime"));
    let account = either(text_of(detail, "affectedAccount"), reading.account);
    let region = either(text_of(detail, "eventRegion"), reading.region);
    Reading { account, region, ..reading }
}

/// Reads a finding of GuardDuty. Its severity is a number from 1 to 10: 7 and more
/// is high or critical, 4 and more medium.
pub(super) fn guardduty(event: &Value) -> Reading<'_> {
    let detail = field(event, "detail");
    let reading = Reading::new(event, "guardduty-finding", text_of(detail, "id"), AlertState::Alarm)
        .saying(text_of(detail, "title"), text_of(detail, "description"))
        .label("layer", "security")
        .label("event_name", text_of(detail, "type"));
    let Some(severity) = field(detail, "severity").as_f64() else { return reading };
    let word = if severity >= 7.0 {
        "critical"
    } else if severity >= 4.0 {
        "warning"
    } else {
        "info"
    };
    reading.label("severity", word).label("severity_score", &severity.to_string())
}

/// Reads an event of AWS Backup. Jobs end well or badly; all else is for the record.
pub(super) fn backup<'v>(event: &'v Value, kind: &str) -> Reading<'v> {
    let detail = field(event, "detail");
    let word = first_text(detail, &["state", "status"]);
    let subject = kind.strip_suffix(" State Change").unwrap_or(kind);
    let state = match (subject.ends_with(" Job"), word) {
        (true, "COMPLETED") => AlertState::Ok,
        (true, "FAILED" | "ABORTED" | "EXPIRED" | "PARTIAL") => AlertState::Alarm,
        _ => AlertState::InsufficientData,
    };
    let job_id = first_text(detail, &["backupJobId", "copyJobId", "restoreJobId"]);
    let thing = either(text_of(detail, "resourceArn"), either(job_id, resource(event)));
    Reading::new(event, name_of(subject), thing, state)
        .saying(&format!("{subject} of {thing}: {word}"), text_of(detail, "statusMessage"))
        .label("vault", text_of(detail, "backupVaultName"))
        .label("resource_type", text_of(detail, "resourceType"))
}

/// Reads an event of Cost Anomaly Detection.
pub(super) fn cost_anomaly(event: &Value) -> Reading<'_> {
    let detail = field(event, "detail");
    let cause = field(detail, "rootCauses").get(0).unwrap_or(&Value::Null);
    let service = either(text_of(cause, "service"), text_of(detail, "dimensionValue"));
    let above = match field(detail, "impact").get("totalImpact").and_then(Value::as_f64) {
        Some(dollars) => format!("Costs are {dollars:.2} dollars above what was expected"),
        None => "Costs are above what was expected".to_owned(),
    };
    let usage = format!("root cause: {service}, {}, {}", text_of(cause, "usageType"), text_of(cause, "region"));
    Reading::new(event, "cost-anomaly", text_of(detail, "anomalyId"), AlertState::Alarm)
        .saying(&above, &usage)
        .label("aws_service", service)
        .label("monitor", text_of(detail, "monitorName"))
        .label("link", text_of(detail, "anomalyDetailsLink"))
}

/// Reads a notification of AWS Budgets: plain text with the particulars on lines
/// of their own.
pub(in crate::intake) fn budget(text: &str, context: &Context) -> Option<Alert> {
    if !text.starts_with("AWS Budget Notification") && !context.subject.starts_with("AWS Budgets:") {
        return None;
    }
    let line = |start: &str| text.lines().find_map(|line| line.trim().strip_prefix(start)).unwrap_or_default().trim();
    let (account, name) = (line("AWS Account"), line("Budget Name:"));
    let particulars: Vec<&str> = text.lines().map(str::trim).filter(|line| is_particular(line)).collect();
    let reason = if particulars.is_empty() { clean(text, EXCERPT_MAX) } else { particulars.join("; ") };
    let mut labels = Labels::new();
    labels.set("source", Source::Event.label());
    labels.set("event_source", "aws.budgets");
    labels.set("alertname", "aws-budget");
    labels.set("account", account);
    labels.set("budget", name);
    Some(Alert {
        fingerprint: Fingerprint::of(&format!("aws.budgets|{account}|{name}")),
        source: Source::Event,
        name: "aws-budget".to_owned(),
        arn: None,
        labels,
        summary: clean(either(&context.subject, &format!("AWS Budgets: {name}")), TEXT_MAX),
        reason: clean(&reason, TEXT_MAX),
        state: AlertState::Alarm,
        claimed_at: context.sent_at,
        muted_by: None,
        headline: None,
    })
}

/// Whether a line of a budget's notification says how much of what.
fn is_particular(line: &str) -> bool {
    ["Budgeted Amount:", "Alert Type:", "Alert Threshold:", "ACTUAL Amount:", "FORECASTED Amount:"]
        .iter()
        .any(|start| line.starts_with(start))
}
