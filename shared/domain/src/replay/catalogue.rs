//! What are the alarms about? A history names them, and nothing more: their labels
//! are in their definitions, as `aws cloudwatch describe-alarms` writes them.

use std::collections::BTreeMap;

use serde_json::{Deserializer, Value, json};

use super::history::AlarmHistory;
use crate::alert::{Alert, AlertState};
use crate::intake;
use crate::labels::Labels;

/// The definitions of alarms, by name.
#[derive(Debug, Clone, Default)]
pub struct Catalogue(BTreeMap<String, Value>);

impl Catalogue {
    /// Nothing is known.
    pub fn new() -> Catalogue {
        Catalogue::default()
    }

    /// Reads a file's text: pages of alarms, one after another.
    ///
    /// # Errors
    /// A sentence saying what the text is instead.
    pub fn read(text: &str) -> Result<Catalogue, String> {
        let mut catalogue = Catalogue::default();
        for page in Deserializer::from_str(text.trim_start_matches('\u{feff}')).into_iter::<Value>() {
            let page = page.map_err(|error| format!("it is not JSON: {error}"))?;
            let lists = [page.get("MetricAlarms"), page.get("CompositeAlarms")];
            if lists.iter().all(Option::is_none) {
                return Err("it has neither `MetricAlarms` nor `CompositeAlarms`: it is not what \
                            `aws cloudwatch describe-alarms` writes"
                    .to_owned());
            }
            for alarm in lists.into_iter().flatten().filter_map(Value::as_array).flatten() {
                catalogue.add(alarm.clone());
            }
        }
        Ok(catalogue)
    }

    /// Adds an alarm's definition, in the words of `describe-alarms`.
    pub fn add(&mut self, definition: Value) {
        if let Some(name) = definition.get("AlarmName").and_then(Value::as_str) {
            self.0.insert(name.to_owned(), definition);
        }
    }

    /// Adds all that another one knows.
    pub fn extend(&mut self, other: Catalogue) {
        self.0.extend(other.0);
    }

    /// Whether an alarm of this name is known.
    pub fn knows(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// How many alarms of a history are not known.
    pub fn n_unknown(&self, history: &AlarmHistory) -> usize {
        history.names.iter().filter(|name| !self.knows(name)).count()
    }

    /// The alert that an alarm of the history makes, with the labels that it has when
    /// it comes in as a notification.
    pub(super) fn alert(&self, history: &AlarmHistory, alarm: usize) -> Alert {
        let name = history.names.get(alarm).map_or("", String::as_str);
        let mut message = json!({"AlarmName": name, "NewStateValue": "OK", "StateChangeTime": 0});
        if history.are_composite.get(alarm).copied().unwrap_or_default() {
            message["AlarmRule"] = json!("");
        }
        if let Some(known) = self.0.get(name) {
            for key in ["AlarmArn", "AlarmDescription", "AlarmRule"] {
                if let Some(value) = known.get(key) {
                    message[key] = value.clone();
                }
            }
            let keys = ["Namespace", "MetricName", "Dimensions", "Metrics"];
            let parts = keys.iter().filter_map(|key| known.get(*key).map(|value| ((*key).to_owned(), value.clone())));
            message["Trigger"] = Value::Object(parts.collect());
        }
        let delivery = intake::read(message.to_string().as_bytes(), jiff::Timestamp::UNIX_EPOCH);
        let alert = delivery.items.into_iter().flat_map(|item| item.alerts).next();
        // Intake makes an alert of everything.
        alert.unwrap_or_else(|| {
            let labels: Labels = [("alertname", name)].into_iter().collect();
            Alert::of_labels(&labels, AlertState::Ok, jiff::Timestamp::UNIX_EPOCH)
        })
    }
}
