//! Alarms in the form in which EventBridge brings them, which the emulator does
//! not: made of a documented event, with names and times of here.

use serde_json::{Value, json};

const DOCUMENTED: &str = include_str!("../../../events/eventbridge/metric-alarm.json");

/// An alarm that went into a state at a moment in milliseconds since 1970.
pub(super) fn alarm(name: &str, state: &str, at_ms: i64) -> String {
    alarm_in("us-east-1", name, state, at_ms)
}

/// The same, of a region.
pub(crate) fn alarm_in(region: &str, name: &str, state: &str, at_ms: i64) -> String {
    let mut event: Value = serde_json::from_str(DOCUMENTED).unwrap_or_default();
    let at = jiff::Timestamp::from_millisecond(at_ms).map(|at| at.to_string()).unwrap_or_default();
    event["account"] = json!("000000000000");
    event["region"] = json!(region);
    event["time"] = json!(at);
    event["resources"] = json!([format!("arn:aws:cloudwatch:{region}:000000000000:alarm:{name}")]);
    let detail = &mut event["detail"];
    detail["alarmName"] = json!(name);
    detail["state"]["value"] = json!(state);
    detail["state"]["timestamp"] = json!(at);
    detail["configuration"]["description"] = json!("");
    detail["configuration"]["metrics"][0]["metricStat"]["metric"] = json!({"namespace": "Vitascope/Drill", "name": "Drill"});
    event.to_string()
}

/// Now, in milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the emulator's clock is this machine's")]
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
