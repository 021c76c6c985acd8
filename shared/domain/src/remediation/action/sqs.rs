//! A dead-letter queue of SQS, as its actions look at it.

use jiff::Timestamp;

use super::Tags;
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::Target;
use crate::span::Span;

/// The kind of target.
const KIND: &str = "SQS queue";

/// Longest name of a queue, in characters.
const NAME_MAX: usize = 80;

/// How the name of a FIFO queue ends, and no other's.
const FIFO: &str = ".fifo";

/// Most messages a second that SQS moves.
pub(super) const PER_SECOND_MAX: u32 = 500;

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqsFacts {
    /// Its ARN.
    pub arn: String,
    /// About how many messages wait in it.
    pub waiting: u64,
    /// Names of the queues whose undeliverable messages it takes.
    pub sources: Vec<String>,
    /// The newest moves of its messages, as far as SQS remembers them.
    pub moves: Vec<Move>,
    /// Its tags.
    pub tags: Tags,
}

/// A move of messages out of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// When it was started.
    pub started_at: Timestamp,
    /// How far it has come.
    pub progress: MoveProgress,
    /// About how many messages it has moved.
    pub moved: u64,
    /// How many there were to move, once that is known.
    pub to_move: Option<u64>,
    /// Most messages a second, if that was said.
    pub per_second: Option<u32>,
}

/// How far a move of messages has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveProgress {
    /// It goes on, or is about to end.
    Running,
    /// Nothing is left.
    Completed,
    /// Somebody has ended it.
    Cancelled,
    /// It has failed: why.
    Failed(String),
}

impl Move {
    /// When it ended at the earliest. SQS says only when it began; so many messages
    /// take at least so long.
    pub fn ended_after(&self) -> Timestamp {
        let rate = u64::from(self.per_second.unwrap_or(PER_SECOND_MAX).max(1));
        Span::millis(self.moved.saturating_mul(1_000) / rate).after(self.started_at)
    }
}

impl SqsFacts {
    /// The newest move that was started at or after a moment.
    pub fn newest_move(&self, since: Timestamp) -> Option<&Move> {
        self.moves.iter().filter(|it| it.started_at >= since).max_by_key(|it| it.started_at)
    }
}

/// Whether a queue of this name keeps the order of messages.
pub(super) fn is_fifo(name: &str) -> bool {
    name.strip_suffix(FIFO).is_some()
}

/// The queue that an alert's dimensions name.
pub(super) fn of_labels(labels: &Labels) -> Option<Target> {
    let is_in_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_name = |name: &&str| name.len() <= NAME_MAX && name.strip_suffix(FIFO).unwrap_or(name).chars().all(is_in_name);
    labels.find("QueueName").filter(is_name).map(|name| Target::new(KIND, name))
}

/// The dead-letter queue that the catalogue has.
pub(super) fn of_service(service: &Service) -> Option<Target> {
    service.sqs.as_ref().map(|sqs| Target::new(KIND, &sqs.queue))
}
