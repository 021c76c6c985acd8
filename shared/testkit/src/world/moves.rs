//! SQS's message-move tasks: from a dead-letter queue to another, at most so many a
//! second.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::queues::{Letter, Queues, last, queue_arn};
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
    /// The queue they are taken from, by name.
    pub source: String,
    /// The queue they are put into, if it was said; else each goes where it came from.
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

impl Queues {
    /// Moves what is due by now.
    pub(super) fn go_on(&mut self, now: Timestamp) {
        let mut moves = std::mem::take(&mut self.moves);
        for task in moves.iter_mut().filter(|task| task.progress == Progress::Running) {
            self.drive(task, now);
        }
        self.moves = moves;
    }

    fn drive(&mut self, task: &mut Move, now: Timestamp) {
        if let Some(failure) = self.queues.get(&task.source).and_then(|queue| queue.move_failure.clone()) {
            task.progress = Progress::Failed(failure);
            return;
        }
        let destination = task.destination.clone().or_else(|| self.sources(&task.source).next().map(str::to_owned));
        let Some(destination) = destination.filter(|name| self.queues.contains_key(name)) else {
            task.progress = Progress::Failed("AWS.SimpleQueueService.NonExistentQueue".to_owned());
            return;
        };
        let elapsed = usize::try_from(now.duration_since(task.started_at).as_secs()).unwrap_or(0);
        let per_second = task.per_second.and_then(|rate| usize::try_from(rate).ok());
        let n_due = per_second.map_or(task.n_messages, |rate| (rate * elapsed).min(task.n_messages)) - task.n_moved;
        let from = self.queues.entry(task.source.clone()).or_default();
        let n_there = from.letters.len();
        let moved: Vec<Letter> = from.letters.drain(..n_due.min(n_there)).collect();
        task.n_moved += moved.len();
        if task.n_moved == task.n_messages || n_there < n_due {
            task.progress = Progress::Completed;
        }
        let moved = moved.into_iter().map(|letter| Letter { hidden_until: Timestamp::MIN, ..letter });
        self.queues.entry(destination).or_default().letters.extend(moved);
    }
}

pub(super) fn start(queues: &mut Queues, now: Timestamp, call: &Call) -> Answer {
    let refuse = |code: &str, message: &str| Answer::error(400, code, message);
    let source = last(call.text("SourceArn")).to_owned();
    let destination = call.input["DestinationArn"].as_str().map(|arn| last(arn).to_owned());
    let Some(queue) = queues.queues.get(&source) else {
        return refuse("ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist.");
    };
    let n_messages = queue.letters.len();
    if destination.as_ref().is_some_and(|name| !queues.queues.contains_key(name)) {
        return refuse(
            "ResourceNotFoundException",
            "The resource that you specified for the DestinationArn parameter doesn't exist.",
        );
    }
    if queues.sources(&source).next().is_none() {
        return refuse("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.");
    }
    if queues.moves.iter().any(|task| task.source == source && task.progress == Progress::Running) {
        return refuse(
            "UnsupportedOperation",
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        );
    }
    let per_second = call.number("MaxNumberOfMessagesPerSecond");
    if per_second.is_some_and(|rate| !(1..=RATE_MAX).contains(&rate)) {
        return refuse("InvalidParameterValue", "MaxNumberOfMessagesPerSecond must be between 1 and 500.");
    }
    let progress = Progress::Running;
    queues.moves.push(Move { source, destination, per_second, n_messages, n_moved: 0, started_at: now, progress });
    queues.go_on(now);
    Answer::json(&json!({"TaskHandle": handle(queues.moves.len() - 1)}))
}

fn handle(n: usize) -> String {
    format!("task-{}", n + 1)
}

pub(super) fn list(queues: &Queues, call: &Call) -> Answer {
    let source = last(call.text("SourceArn"));
    if !queues.queues.contains_key(source) {
        let message = "The resource that you specified for the SourceArn parameter doesn't exist.";
        return Answer::error(400, "ResourceNotFoundException", message);
    }
    let n = usize::try_from(call.number("MaxResults").unwrap_or(1).clamp(1, LISTED_MAX)).unwrap_or(1);
    let of_source = queues.moves.iter().enumerate().rev().filter(|(_, task)| task.source == source);
    let results: Vec<Value> = of_source.take(n).map(|(n, task)| described(n, task)).collect();
    Answer::json(&json!({"Results": results}))
}

fn described(n: usize, task: &Move) -> Value {
    let mut described = json!({
        "SourceArn": queue_arn(&task.source),
        "ApproximateNumberOfMessagesMoved": task.n_moved,
        "ApproximateNumberOfMessagesToMove": task.n_messages,
        "StartedTimestamp": task.started_at.as_millisecond(),
    });
    if let Some(destination) = &task.destination {
        described["DestinationArn"] = json!(queue_arn(destination));
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
