//! SQS's message-move tasks: from a dead-letter queue to another, at most so many a
//! second. Who moves the messages is not said here.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{Answer, Call};

/// Most messages a second that may be asked for.
const RATE_MAX: u32 = 500;
/// Most tasks that are listed.
const LISTED_MAX: u32 = 10;

/// How far a move has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It goes on.
    Running,
    /// Nothing is left.
    Completed,
    /// It ended early, for this reason.
    Failed(String),
}

/// A move of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// ARN of the queue they are taken from.
    pub source: String,
    /// ARN of the queue they are put into, if it was said; else each goes where it
    /// came from.
    pub destination: Option<String>,
    /// Most messages a second; none for all at once.
    pub per_second: Option<u32>,
    /// How many there were to move.
    pub n_messages: usize,
    /// How many were moved.
    pub n_moved: usize,
    /// When it was started.
    pub started_at: Timestamp,
    /// How far it has come.
    pub progress: Progress,
}

/// The name of a queue that is given by its address or ARN.
pub fn queue_name(queue: &str) -> &str {
    queue.rsplit(['/', ':']).next().unwrap_or_default()
}

/// The answer when a queue is not there that the parameter of this name has.
pub fn not_found(parameter: &str) -> Answer {
    let message = format!("The resource that you specified for the {parameter} parameter doesn't exist.");
    Answer::error(400, "ResourceNotFoundException", &message)
}

/// The answer when a queue takes no other's undeliverable messages.
pub fn no_dead_letters() -> Answer {
    Answer::error(400, "InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
}

/// The answer to whoever has started the `n`th move, from 0.
pub fn started(n: usize) -> Answer {
    Answer::json(&json!({"TaskHandle": handle(n)}))
}

fn handle(n: usize) -> String {
    format!("task-{}", n + 1)
}

/// The move that `StartMessageMoveTask` asks for, of a queue that has so many messages.
///
/// # Errors
/// The answer that refuses it: another one goes on, or the rate is out of range.
pub fn begin(moves: &[Move], now: Timestamp, n_messages: usize, call: &Call) -> Result<Move, Answer> {
    let source = call.text("SourceArn").to_owned();
    if moves.iter().any(|task| task.source == source && task.progress == Progress::Running) {
        let message = "There is already a task running. Only one active task is allowed for a source queue arn at a given time.";
        return Err(Answer::error(400, "UnsupportedOperation", message));
    }
    let per_second = call.number("MaxNumberOfMessagesPerSecond");
    if per_second.is_some_and(|rate| !(1..=RATE_MAX).contains(&rate)) {
        let message = "MaxNumberOfMessagesPerSecond must be between 1 and 500.";
        return Err(Answer::error(400, "InvalidParameterValue", message));
    }
    let destination = call.input["DestinationArn"].as_str().map(str::to_owned);
    Ok(Move { source, destination, per_second, n_messages, n_moved: 0, started_at: now, progress: Progress::Running })
}

/// Answers `ListMessageMoveTasks` of a queue that is there: the newest first.
pub fn list(moves: &[Move], call: &Call) -> Answer {
    let n = usize::try_from(call.number("MaxResults").unwrap_or(1).clamp(1, LISTED_MAX)).unwrap_or(1);
    let of_source = moves.iter().enumerate().rev().filter(|(_, task)| task.source == call.text("SourceArn"));
    let results: Vec<Value> = of_source.take(n).map(|(n, task)| described(n, task)).collect();
    Answer::json(&json!({"Results": results}))
}

fn described(n: usize, task: &Move) -> Value {
    let mut described = json!({
        "SourceArn": task.source,
        "ApproximateNumberOfMessagesMoved": task.n_moved,
        "ApproximateNumberOfMessagesToMove": task.n_messages,
        "StartedTimestamp": task.started_at.as_millisecond(),
    });
    if let Some(destination) = &task.destination {
        described["DestinationArn"] = json!(destination);
    }
    if let Some(rate) = task.per_second {
        described["MaxNumberOfMessagesPerSecond"] = json!(rate);
    }
    match &task.progress {
        Progress::Running => {
            described["Status"] = json!("RUNNING");
            described["TaskHandle"] = json!(handle(n));
        }
        Progress::Completed => described["Status"] = json!("COMPLETED"),
        Progress::Failed(reason) => {
            described["Status"] = json!("FAILED");
            described["FailureReason"] = json!(reason);
        }
    }
    described
}
