//! SQS's message-move tasks in this region: they move what is due on its clock.

use jiff::Timestamp;

use super::queues::{Letter, Queues};
use crate::services::moves::{self, Move, Progress, queue_name};
use crate::wire::{Answer, Call};

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
        if let Some(failure) = self.queues.get(queue_name(&task.source)).and_then(|queue| queue.move_failure.clone()) {
            task.progress = Progress::Failed(failure);
            return;
        }
        let destination = task.destination.as_deref().map(|arn| queue_name(arn).to_owned());
        let destination = destination.or_else(|| self.sources(queue_name(&task.source)).next().map(str::to_owned));
        let Some(destination) = destination.filter(|name| self.queues.contains_key(name)) else {
            task.progress = Progress::Failed("AWS.SimpleQueueService.NonExistentQueue".to_owned());
            return;
        };
        let elapsed = usize::try_from(now.duration_since(task.started_at).as_secs()).unwrap_or(0);
        let per_second = task.per_second.and_then(|rate| usize::try_from(rate).ok());
        let n_due = per_second.map_or(task.n_messages, |rate| (rate * elapsed).min(task.n_messages)) - task.n_moved;
        let from = self.queues.entry(queue_name(&task.source).to_owned()).or_default();
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
    let source = queue_name(call.text("SourceArn"));
    let Some(n_messages) = queues.queues.get(source).map(|queue| queue.letters.len()) else {
        return moves::not_found("SourceArn");
    };
    if call.input["DestinationArn"].as_str().is_some_and(|arn| !queues.queues.contains_key(queue_name(arn))) {
        return moves::not_found("DestinationArn");
    }
    if queues.sources(source).next().is_none() {
        return moves::no_dead_letters();
    }
    match moves::begin(&queues.moves, now, n_messages, call) {
        Err(refused) => refused,
        Ok(task) => {
            queues.moves.push(task);
            queues.go_on(now);
            moves::started(queues.moves.len() - 1)
        }
    }
}

pub(super) fn list(queues: &Queues, call: &Call) -> Answer {
    if queues.queues.contains_key(queue_name(call.text("SourceArn"))) {
        moves::list(&queues.moves, call)
    } else {
        moves::not_found("SourceArn")
    }
}
