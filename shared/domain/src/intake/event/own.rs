//! What does Watchkeeper tell itself? Of users' jobs, and that it is awake.

use serde_json::Value;

use super::{Reading, either, field, text_of};
use crate::alert::AlertState;
use crate::watchdog::NAME;

/// Reads what the sweeper says of a heartbeat. Each is an alert of its own, by its name,
/// so that two jobs are two incidents.
pub(super) fn heartbeat(event: &Value) -> Reading<'_> {
    let detail = field(event, "detail");
    let state = field(detail, "state");
    let (id, is) = (text_of(detail, "heartbeat"), text_of(detail, "is"));
    let value = match text_of(state, "value") {
        "OK" => AlertState::Ok,
        "INSUFFICIENT_DATA" => AlertState::InsufficientData,
        // Whatever it says, it was sent because of something.
        _ => AlertState::Alarm,
    };
    let schedule = text_of(detail, "schedule");
    let runs = if schedule.is_empty() { String::new() } else { format!(" ({schedule})") };
    let verb = if is == "failed" { "has failed".to_owned() } else { format!("is {is}") };
    Reading::new(event, format!("heartbeat-{id}"), id, value)
        .saying(&format!("Job {id}{runs} {verb}"), text_of(state, "reason"))
        .label("heartbeat", id)
        .label("event_name", is)
        .label("service", text_of(detail, "service"))
        .label("priority", text_of(detail, "priority"))
        .at(field(state, "timestamp"))
}

/// Reads a beat of the watchdog. Each is an alert of its own.
pub(super) fn watchdog(event: &Value) -> Reading<'_> {
    let beat = either(text_of(event, "id"), text_of(event, "time"));
    Reading::new(event, NAME, beat, AlertState::Alarm).saying("Watchkeeper is awake", "It always fires: its absence is the news.")
}
