//! Alarms in the two forms that the emulator does not send, as EventBridge brings
//! them and as an alarm itself calls a function: made of documented events, with
//! names and times of here.

use serde_json::{Value, json};

const BY_EVENTBRIDGE: &str = include_str!("../../../events/eventbridge/metric-alarm.json");
const DIRECT: &str = include_str!("../../../events/direct/metric-alarm.json");

/// An alarm that went into a state at a moment in milliseconds since 1970.
pub(super) fn alarm(name: &str, state: &str, at_ms: i64) -> String {
    alarm_in("us-east-1", name, state, at_ms)
}

/// The same, of a region.
pub(crate) fn alarm_in(region: &str, name: &str, state: &str, at_ms: i64) -> String {
    by_eventbridge(region, name, state, at_ms).to_string()
}

/// What an alarm watches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metric<'m> {
    /// The metric's namespace.
    pub(crate) namespace: &'m str,
    /// Its name.
    pub(crate) name: &'m str,
    /// Its dimensions: a value for each name.
    pub(crate) dimensions: &'m Value,
}

/// The same of an alarm that watches this metric.
pub(crate) fn alarm_about(region: &str, name: &str, state: &str, at_ms: i64, metric: &Metric<'_>) -> String {
    let mut event = by_eventbridge(region, name, state, at_ms);
    event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"] =
        json!({"namespace": metric.namespace, "name": metric.name, "dimensions": metric.dimensions});
    event.to_string()
}

fn by_eventbridge(region: &str, name: &str, state: &str, at_ms: i64) -> Value {
    let mut event: Value = serde_json::from_str(BY_EVENTBRIDGE).unwrap_or_default();
    let at = moment(at_ms);
    event["account"] = json!("000000000000");
    event["region"] = json!(region);
    event["time"] = json!(at);
    event["resources"] = json!([format!("arn:aws:cloudwatch:{region}:000000000000:alarm:{name}")]);
    describe(&mut event["detail"], name, state, &at);
    event
}

/// The same change of the same alarm as the alarm itself hands it to a function.
pub(super) fn direct(name: &str, state: &str, at_ms: i64) -> String {
    let mut event: Value = serde_json::from_str(DIRECT).unwrap_or_default();
    let at = moment(at_ms);
    event["accountId"] = json!("000000000000");
    event["region"] = json!("us-east-1");
    event["time"] = json!(at);
    event["alarmArn"] = json!(format!("arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}"));
    describe(&mut event["alarmData"], name, state, &at);
    event.to_string()
}

fn describe(alarm: &mut Value, name: &str, state: &str, at: &str) {
    alarm["alarmName"] = json!(name);
    alarm["state"]["value"] = json!(state);
    alarm["state"]["timestamp"] = json!(at);
    alarm["configuration"]["description"] = json!("");
    alarm["configuration"]["metrics"][0]["metricStat"]["metric"] = json!({"namespace": "Vitascope/Drill", "name": "Drill"});
}

fn moment(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map(|at| at.to_string()).unwrap_or_default()
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    crate::stack::now().as_millisecond()
}
