//! EventBridge: what was put on a bus.

use serde_json::{Value, json};

use super::{State, World};
use crate::wire::{Answer, Call};

/// Most events of a call.
const EVENTS_MAX: usize = 10;

/// An event that reached a bus.
#[derive(Debug, Clone, PartialEq)]
pub struct BusEvent {
    /// The bus, by name or ARN.
    pub bus: String,
    /// Who says it.
    pub source: String,
    /// Of what kind it is.
    pub detail_type: String,
    /// What it says.
    pub detail: Value,
    /// What it is about, by ARN.
    pub resources: Vec<String>,
}

impl World {
    /// Everything that was put on a bus so far.
    pub fn bus_events(&self) -> Vec<BusEvent> {
        self.state().bus_events.clone()
    }

    /// Has every event be answered with an error of its own, such as
    /// `ThrottlingException`, while the call succeeds; with none, no more.
    pub fn fail_events(&self, code: Option<&str>) {
        self.state().event_error = code.map(str::to_owned);
    }
}

pub(super) fn put(state: &mut State, call: &Call) -> Answer {
    let entries = call.input["Entries"].as_array().cloned().unwrap_or_default();
    if entries.is_empty() || entries.len() > EVENTS_MAX {
        return Answer::error(400, "ValidationException", "between 1 and 10 events can be put at a time");
    }
    let mut n_failed = 0;
    let answers: Vec<Value> = entries
        .iter()
        .map(|entry| match state.event_error.clone().map_or_else(|| read(entry), Err) {
            Ok(event) => {
                state.bus_events.push(event);
                json!({"EventId": format!("b0000000-0000-4000-8000-{:012}", state.bus_events.len())})
            }
            Err(code) => {
                n_failed += 1;
                json!({"ErrorCode": code, "ErrorMessage": "the event was not taken"})
            }
        })
        .collect();
    Answer::json(&json!({"FailedEntryCount": n_failed, "Entries": answers}))
}

/// An event as it is put, or the code of what is wrong with it.
fn read(entry: &Value) -> Result<BusEvent, String> {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let (source, detail_type) = (text("Source"), text("DetailType"));
    if source.is_empty() || detail_type.is_empty() || text("Detail").is_empty() {
        return Err("InvalidArgument".to_owned());
    }
    if source.starts_with("aws.") {
        return Err("NotAuthorizedForSourceException".to_owned());
    }
    let detail = serde_json::from_str(&text("Detail")).ok().filter(Value::is_object);
    let resources = entry["Resources"].as_array().into_iter().flatten().filter_map(|arn| arn.as_str().map(str::to_owned));
    Ok(BusEvent {
        bus: entry["EventBusName"].as_str().unwrap_or("default").to_owned(),
        source,
        detail_type,
        detail: detail.ok_or("MalformedDetail")?,
        resources: resources.collect(),
    })
}
