//! Secrets Manager: texts by name.

use serde_json::json;

use super::{State, World};
use crate::wire::{Answer, Call};

impl World {
    /// Adds a secret.
    pub fn add_secret(&self, name: &str, text: &str) {
        self.state().secrets.insert(name.to_owned(), text.to_owned());
    }
}

pub(super) fn get(state: &State, call: &Call) -> Answer {
    match state.secrets.get(call.text("SecretId")) {
        Some(text) => Answer::json(&json!({"Name": call.text("SecretId"), "SecretString": text})),
        None => Answer::error(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
    }
}
