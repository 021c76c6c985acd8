//! Lambda: how one function invokes another, and how many of each run at a time.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{State, World, arn};
use crate::wire::{Answer, Call};

/// What must be left for functions that reserve nothing.
const UNRESERVED_MIN: u32 = 100;

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

/// A function, as its owner has set it up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// How many of it may run at a time, and are kept for it; none if it shares what
    /// nobody has reserved.
    pub reserved: Option<u32>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// How many executions a region runs at a time in all.
const LIMIT: u32 = 1_000;

/// The functions of a region.
#[derive(Default)]
pub(crate) struct Functions {
    pub(super) invoked: BTreeMap<String, Function>,
    pub(super) invocations: Vec<Invocation>,
    setups: BTreeMap<String, Setup>,
    /// Every reservation that was set or taken away, with the function.
    reservations: Vec<(String, Option<u32>)>,
}

impl Functions {
    /// How many may run at a time that nobody has reserved, leaving out `but`.
    fn unreserved(&self, but: &str) -> u32 {
        let others = self.setups.iter().filter(|(name, _)| *name != but);
        LIMIT.saturating_sub(others.filter_map(|(_, setup)| setup.reserved).sum())
    }
}

impl World {
    /// Adds a function that others invoke.
    pub fn add_function(&self, name: &str, function: Function) {
        self.state().functions.invoked.insert(name.to_owned(), function);
    }

    /// Every invocation of one function by another so far.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.state().functions.invocations.clone()
    }

    /// Adds a function that may be looked at and changed, or changes it.
    pub fn set_up_function(&self, name: &str, setup: Setup) {
        self.state().functions.setups.insert(name.to_owned(), setup);
    }

    /// A function as it is set up now.
    pub fn setup(&self, name: &str) -> Setup {
        self.state().functions.setups[name].clone()
    }

    /// Every reservation that was set so far, with the function; none where it was
    /// taken away.
    pub fn reservations(&self) -> Vec<(String, Option<u32>)> {
        self.state().functions.reservations.clone()
    }
}

/// Runs the function if the region has it and somebody waits; every invocation
/// is kept.
pub(super) async fn invoke(world: &World, call: &Call) -> Answer {
    let (name, payload) = (call.text("FunctionName").to_owned(), call.text("payload").to_owned());
    let is_awaited = call.text("kind") == "RequestResponse";
    let function = {
        let functions = &mut world.state().functions;
        functions.invocations.push(Invocation { function: name.clone(), payload: payload.clone(), is_awaited });
        functions.invoked.get(&name).cloned()
    };
    match function {
        _ if !is_awaited => Answer::accepted(),
        None => not_found(&name),
        Some(function) => match function(payload).await {
            Ok(value) => Answer::json(&value),
            Err((error_type, message)) => Answer::failed(&error_type, &message),
        },
    }
}

fn not_found(name: &str) -> Answer {
    Answer::error(404, "ResourceNotFoundException", &format!("Function not found: {name}"))
}

pub(super) fn get(state: &State, call: &Call) -> Answer {
    let name = call.text("FunctionName");
    let Some(setup) = state.functions.setups.get(name) else { return not_found(name) };
    let mut answer = json!({
        "Configuration": {
            "FunctionName": name,
            "FunctionArn": arn("lambda", &format!("function:{name}")),
            "State": "Active",
            "LastUpdateStatus": "Successful",
        },
        "Tags": setup.tags,
    });
    if let Some(reserved) = setup.reserved {
        answer["Concurrency"] = json!({"ReservedConcurrentExecutions": reserved});
    }
    Answer::json(&answer)
}

pub(super) fn account_settings(state: &State) -> Answer {
    let functions = &state.functions;
    Answer::json(&json!({
        "AccountLimit": {
            "ConcurrentExecutions": LIMIT,
            "UnreservedConcurrentExecutions": functions.unreserved(""),
        },
        "AccountUsage": {"FunctionCount": functions.setups.len()},
    }))
}

pub(super) fn put_concurrency(state: &mut State, call: &Call) -> Answer {
    let name = call.text("FunctionName");
    let functions = &mut state.functions;
    let Some(reserved) = call.number("ReservedConcurrentExecutions") else {
        return Answer::error(400, "InvalidParameterValueException", "ReservedConcurrentExecutions is missing");
    };
    let left = functions.unreserved(name).checked_sub(reserved);
    let Some(setup) = functions.setups.get_mut(name) else { return not_found(name) };
    if left.is_none_or(|left| left < UNRESERVED_MIN) {
        let message = format!(
            "Specified ReservedConcurrentExecutions for function decreases account's \
             UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_MIN}]."
        );
        return Answer::error(400, "InvalidParameterValueException", &message);
    }
    setup.reserved = Some(reserved);
    functions.reservations.push((name.to_owned(), Some(reserved)));
    Answer::json(&json!({"ReservedConcurrentExecutions": reserved}))
}

pub(super) fn delete_concurrency(state: &mut State, call: &Call) -> Answer {
    let name = call.text("FunctionName");
    let Some(setup) = state.functions.setups.get_mut(name) else { return not_found(name) };
    setup.reserved = None;
    state.functions.reservations.push((name.to_owned(), None));
    Answer::nothing()
}
