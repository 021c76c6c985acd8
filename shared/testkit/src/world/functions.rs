//! Lambda, as far as one function invokes another, and the queue where
//! undeliverable events wait.

use std::pin::Pin;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::wire::{Answer, Call};
use super::{State, World};

/// What a function gives: its answer, or the type and the message of its error.
pub type Outcome = Result<Value, (String, String)>;

/// A function that others invoke: payload in, outcome out.
pub type Function = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// An invocation of one function by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The function's name.
    pub function: String,
    /// The payload.
    pub payload: String,
    /// Whether the caller waits for the answer.
    pub is_awaited: bool,
}

/// A message in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The queue's name for it.
    pub id: String,
    /// What it holds.
    pub body: String,
    /// Until when it is hidden from whoever asks.
    pub hidden_until: Timestamp,
}

/// Runs the function if the region has it and somebody waits; every invocation
/// is kept.
pub(super) async fn invoke(world: &World, call: &Call) -> Answer {
    let (name, payload) = (call.text("function").to_owned(), call.text("payload").to_owned());
    let is_awaited = call.text("kind") == "RequestResponse";
    let function = {
        let mut state = world.state();
        state.invocations.push(Invocation { function: name.clone(), payload: payload.clone(), is_awaited });
        state.functions.get(&name).cloned()
    };
    match function {
        _ if !is_awaited => Answer::accepted(),
        None => Answer::error(404, "ResourceNotFoundException", &format!("Function not found: {name}")),
        Some(function) => match function(payload).await {
            Ok(value) => Answer::json(&value),
            Err((error_type, message)) => Answer::failed(&error_type, &message),
        },
    }
}

/// Hands out up to ten messages and hides them for a while.
pub(super) fn receive(state: &mut State, call: &Call) -> Answer {
    let now = state.now.unwrap_or_default();
    let hidden = call.input["VisibilityTimeout"].as_i64().unwrap_or(30);
    let mut messages = Vec::new();
    for letter in state.letters.iter_mut().filter(|letter| letter.hidden_until <= now).take(10) {
        letter.hidden_until = now + SignedDuration::from_secs(hidden);
        messages.push(json!({"MessageId": letter.id, "ReceiptHandle": format!("receipt {}", letter.id), "Body": letter.body}));
    }
    Answer::json(&if messages.is_empty() { json!({}) } else { json!({"Messages": messages}) })
}

/// Deletes a message.
pub(super) fn delete(state: &mut State, call: &Call) -> Answer {
    let receipt = call.text("ReceiptHandle");
    state.letters.retain(|letter| format!("receipt {}", letter.id) != receipt);
    Answer::json(&json!({}))
}
