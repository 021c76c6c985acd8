//! Which job has not said that it lives? Dead man's switches.
//!
//! A job pings when it starts, when it has succeeded and when it has failed. What was
//! *heard* of it is kept ([`Heard`]); when it should be heard of next says its schedule
//! ([`Heartbeat::due_after`]); [`check()`] lays one beside the other, and [`settle`] says
//! when people must know, or know that it is over.
//!
//! A heartbeat is *late* when nothing was heard of the job until its grace had passed:
//! neither a start nor an end. It has *failed* when the last of its runs that ended did.
//! It *overruns* when it has started and not ended within `at_most`. Of several the one
//! that began last is told. All of them end with a success, and with nothing else.
//!
//! | Question | Module |
//! |---|---|
//! | What does the file say? | [`source`] |
//! | When does an expression call for a run? | [`cron`] |
//! | What was heard of a job? | [`heard`] |
//! | How does it fare? | [`mod@check`] |
//! | What do people have to know of it? | [`change`] |
//! | How is the classifier told? | [`event`] |

pub mod change;
pub mod check;
pub mod cron;
pub mod event;
pub mod heard;
pub mod source;

pub use self::change::{Change, State, Watched, settle};
pub use self::check::{Kind, Verdict, check};
pub use self::cron::{Cron, CronError};
pub use self::heard::{Heard, LOG_MAX, Outcome, Ping};
pub use self::source::{HeartbeatSource, compile, load};

use jiff::Timestamp;

use crate::priority::Priority;
use crate::span::Span;

/// How long before its time a job may be heard of, and it still counts as this run: the
/// clocks of two machines are never quite the same. With runs that follow one another
/// quickly, a tenth of the time between them.
const EARLY: Span = Span::minutes(1);

/// A dead man's switch.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    /// Its name.
    pub id: String,
    /// The service of the catalogue that it is about.
    pub service: Option<String>,
    /// How urgent it is; by the rules of the policy if not given.
    pub priority: Option<Priority>,
    /// When the job should run.
    pub schedule: Schedule,
    /// How long after that it may be before anybody hears of it.
    pub grace: Span,
    /// The longest time between a start and its end.
    pub at_most: Option<Span>,
}

/// When a job should run.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// At the times of a cron expression.
    Cron(Box<Cron>),
    /// That long after it was last heard of.
    Every(Span),
}

impl std::fmt::Display for Schedule {
    /// Writes `30 2 * * * Europe/Berlin` or `every 1h`. Two schedules that read the same
    /// are the same.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Schedule::Cron(cron) => cron.fmt(f),
            Schedule::Every(span) => write!(f, "every {span}"),
        }
    }
}

impl Heartbeat {
    /// When it should be heard of next, having been heard of at `heard`. None where its
    /// expression names no moment any more.
    pub fn due_after(&self, heard: Timestamp) -> Option<Timestamp> {
        match &self.schedule {
            Schedule::Every(span) => Some(span.after(heard)),
            Schedule::Cron(cron) => {
                let due = cron.next(heard)?;
                let Some(then) = cron.next(due) else { return Some(due) };
                let early = EARLY.min(Span::millis(Span::between(due, then).as_millis() / 10));
                Some(if Span::between(heard, due) <= early { then } else { due })
            }
        }
    }

    /// When it should be heard of first, being watched since `since`: after one whole
    /// period. The address that the job is to call is known only once it is watched, so
    /// a run that is about to begin may still come without it.
    pub fn due_first(&self, since: Timestamp) -> Option<Timestamp> {
        match &self.schedule {
            Schedule::Every(span) => Some(span.after(since)),
            Schedule::Cron(cron) => cron.next(cron.next(since)?),
        }
    }
}

#[cfg(test)]
mod tests;
