//! How do many flows run at once? Each from its own moment on, so many at a time, and none
//! beyond the deadline.

use std::time::Duration;

use domain::probe::Flow;
use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep_until};

use crate::{Done, Engine, Run};

/// A flow that is to be run with others.
#[derive(Debug)]
pub struct Start<'a> {
    /// The flow.
    pub flow: &'a Flow,
    /// Its run. When it begins is taken as when all of them begin.
    pub run: Run<'a>,
    /// How long after the others' beginning it begins.
    pub after: Duration,
}

/// Runs flows, at most `at_once` at a time. What came of them stands in their order.
pub(crate) async fn run_all(engine: &Engine, starts: Vec<Start<'_>>, at_once: usize) -> Vec<Done> {
    let begun = Instant::now();
    let mut in_turn: Vec<(usize, Start<'_>)> = starts.into_iter().enumerate().collect();
    // Whoever waits for its moment holds a place; nobody behind it has an earlier one.
    in_turn.sort_by_key(|(_, start)| start.after);
    let runs = in_turn.into_iter().map(|(at, start)| async move { (at, run_one(engine, start, begun).await) });
    let mut done: Vec<_> = stream::iter(runs).buffer_unordered(at_once.max(1)).collect().await;
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, done)| done).collect()
}

async fn run_one(engine: &Engine, start: Start<'_>, begun: Instant) -> Done {
    let Start { flow, mut run, after } = start;
    let moment = begun + after;
    if moment < run.deadline {
        sleep_until(moment).await;
    }
    let now = Instant::now();
    run.at = later(run.at, now - begun);
    if moment >= run.deadline || now >= run.deadline {
        return engine.not_begun(flow, &run, "not run: the time of all runs was over before its turn came");
    }
    Box::pin(engine.run(flow, &run)).await
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
