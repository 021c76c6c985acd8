//! CloudWatch's alarms: how they are, how they are defined, and what happened to them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{State, World};
use crate::wire::{Answer, Call, Paging};

/// History is kept so long.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How items of history are split over pages.
const ITEMS: Paging = Paging {
    size: "MaxRecords",
    token: "NextToken",
    usual: 100,
    max: 100,
    bad_size: "ValidationError",
    bad_token: "InvalidNextToken",
};
/// How alarms are split over pages.
const ALARMS: Paging = Paging { usual: 50, ..ITEMS };

/// A CloudWatch alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Since when.
    pub since: Timestamp,
    /// The ARNs that it tells.
    pub actions: Vec<String>,
}

impl World {
    /// Adds an alarm, or changes it; without one, it is deleted.
    pub fn set_alarm(&self, name: &str, alarm: Option<Alarm>) {
        let mut state = self.state();
        match alarm {
            Some(alarm) => state.alarms.insert(name.to_owned(), alarm),
            None => state.alarms.remove(name),
        };
    }

    /// Adds an alarm that only its definition is known of, in the words of
    /// `describe-alarms`; one with an `AlarmRule` is a composite.
    pub fn define_alarm(&self, definition: Value) {
        self.state().definitions.push(definition);
    }

    /// Notes in an alarm's history that it went to a state, and that it told somebody.
    pub fn add_history(&self, name: &str, alarm_type: &str, at: Timestamp, state: &str) {
        let item = |kind: &str, summary: String, data: &Value| {
            json!({
                "AlarmName": name,
                "AlarmType": alarm_type,
                "Timestamp": at.as_second(),
                "HistoryItemType": kind,
                "HistorySummary": summary,
                "HistoryData": data.to_string(),
            })
        };
        let data = json!({"version": "1.0", "newState": {"stateValue": state, "stateReason": "Threshold Crossed"}});
        let told = json!({"actionState": "Succeeded", "stateUpdateTimestamp": at.as_millisecond()});
        let items = [
            item("StateUpdate", format!("Alarm updated to {state}"), &data),
            item("Action", "Successfully executed action".to_owned(), &told),
        ];
        self.state().history.extend(items);
    }
}

/// The alarms of the names, the state and the types in the call.
pub(super) fn describe(state: &State, call: &Call) -> Answer {
    let alarms = state.alarms.iter().map(|(name, alarm)| {
        json!({
            "AlarmName": name,
            "AlarmArn": format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"),
            "AlarmActions": alarm.actions,
            "StateValue": alarm.state,
            "StateReason": "Threshold Crossed",
            "StateTransitionedTimestamp": alarm.since.as_second(),
            "Namespace": "AWS/ECS",
            "MetricName": "CPUUtilization",
            "Dimensions": [{"Name": "ServiceName", "Value": "api"}],
        })
    });
    let is_asked = |alarm: &Value| {
        let is_named = call.input["AlarmNames"].as_array().is_none_or(|names| names.contains(&alarm["AlarmName"]));
        is_named && is(call, "StateValue", alarm) && is_of_type(call, type_of(alarm))
    };
    let asked = alarms.chain(state.definitions.iter().cloned()).filter(is_asked).collect();
    ALARMS.page(call, asked, |alarms| {
        let (composite, metric): (Vec<Value>, Vec<Value>) =
            alarms.into_iter().partition(|alarm| type_of(alarm) == "CompositeAlarm");
        json!({"MetricAlarms": metric, "CompositeAlarms": composite})
    })
}

/// What happened in the time and of the kind in the call, as far as it is kept.
pub(super) fn describe_history(state: &State, call: &Call) -> Answer {
    let seconds = |name: &str| call.input[name].as_f64();
    let kept_from = state.now.map(|now| now - KEPT);
    let is_asked = |item: &&Value| {
        let at = item["Timestamp"].as_i64().and_then(|at| Timestamp::from_second(at).ok()).expect("a moment");
        let is_kept = kept_from.is_none_or(|from| at >= from);
        let is_in_time = item["Timestamp"].as_f64().is_some_and(|at| {
            seconds("StartDate").is_none_or(|from| at >= from) && seconds("EndDate").is_none_or(|until| at <= until)
        });
        let alarm_type = item["AlarmType"].as_str().unwrap_or_default();
        is_kept && is_in_time && is(call, "HistoryItemType", item) && is_of_type(call, alarm_type)
    };
    let mut asked: Vec<Value> = state.history.iter().filter(is_asked).cloned().collect();
    asked.sort_by_key(|item| item["Timestamp"].as_i64());
    if call.text("ScanBy") != "TimestampAscending" {
        asked.reverse();
    }
    ITEMS.page(call, asked, |items| json!({"AlarmHistoryItems": items}))
}

/// Whether the call asks for nothing else under this name.
fn is(call: &Call, name: &str, item: &Value) -> bool {
    call.input.get(name).is_none_or(|wanted| *wanted == item[name])
}

/// Whether the call asks for alarms of this type: for those of metrics, if it says
/// nothing.
fn is_of_type(call: &Call, alarm_type: &str) -> bool {
    match call.input["AlarmTypes"].as_array() {
        Some(types) => types.iter().any(|asked| asked == alarm_type),
        None => alarm_type == "MetricAlarm",
    }
}

fn type_of(alarm: &Value) -> &'static str {
    if alarm.get("AlarmRule").is_some() { "CompositeAlarm" } else { "MetricAlarm" }
}
