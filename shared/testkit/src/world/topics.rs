//! SNS: what reached a topic.

use serde_json::Value;

use super::{State, World};
use crate::wire::{Answer, Call};

/// A message that reached a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The topic's ARN.
    pub topic: String,
    /// Its subject.
    pub subject: String,
    /// Its text, as mail subscribers get it.
    pub text: String,
}

impl World {
    /// Everything that was published so far.
    pub fn published(&self) -> Vec<Published> {
        self.state().published.clone()
    }
}

pub(super) fn publish(state: &mut State, call: &Call) -> Answer {
    let texts: Value = serde_json::from_str(call.text("Message")).unwrap_or(Value::Null);
    let text = texts.get("default").and_then(Value::as_str).unwrap_or_default().to_owned();
    state.published.push(Published { topic: call.text("TopicArn").to_owned(), subject: call.text("Subject").to_owned(), text });
    Answer::xml(&format!("<MessageId>{}</MessageId>", state.published.len()))
}
