//! Step Functions: executions of the state machine, of which only starts are played.

use serde_json::json;

use super::{State, World};
use crate::wire::{Answer, Call};

/// An execution of the state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Its name.
    pub name: String,
    /// Its input.
    pub input: String,
    /// Whether it has ended.
    pub is_over: bool,
}

impl World {
    /// Every execution that was started so far.
    pub fn executions(&self) -> Vec<Execution> {
        self.state().executions.clone()
    }

    /// Notes that an execution has ended.
    pub fn end_execution(&self, name: &str) {
        for execution in &mut self.state().executions {
            if execution.name == name {
                execution.is_over = true;
            }
        }
    }
}

pub(super) fn start(state: &mut State, call: &Call) -> Answer {
    let (name, input) = (call.text("name").to_owned(), call.text("input").to_owned());
    let arn = format!("{}:{name}", call.text("stateMachineArn").replace("stateMachine", "execution"));
    match state.executions.iter().find(|execution| execution.name == name) {
        Some(known) if known.is_over || known.input != input => {
            return Answer::error(400, "ExecutionAlreadyExists", &format!("Execution Already Exists: '{arn}'"));
        }
        Some(_) => {}
        None => state.executions.push(Execution { name, input, is_over: false }),
    }
    Answer::json(&json!({"executionArn": arn, "startDate": 1_767_225_600}))
}
