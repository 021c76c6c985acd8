//! How does a job fare? What was heard of it beside what should have been.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Heard, Heartbeat};

/// What is wrong with a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Its last run that ended failed.
    Failed,
    /// A run takes too long.
    Overrunning,
    /// Nothing was heard of it in time.
    Late,
}

impl Kind {
    /// The kind in one word: `failed`, `overrunning`, `late`.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Failed => "failed",
            Kind::Overrunning => "overrunning",
            Kind::Late => "late",
        }
    }
}

/// How a job fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was never heard of since it is watched as it is now, and need not have been.
    Waiting {
        /// When it must have been heard of; never, if its expression names no moment.
        until: Option<Timestamp>,
    },
    /// A run is under way.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// Its last run succeeded, and the next is not overdue.
    Well {
        /// When the next is due.
        due: Option<Timestamp>,
    },
    /// Something is wrong.
    Wrong {
        /// What.
        kind: Kind,
        /// Since when.
        since: Timestamp,
        /// When the run was due that did not come, if that is what is wrong.
        due: Option<Timestamp>,
    },
}

impl Verdict {
    /// The verdict in one word.
    pub const fn word(&self) -> &'static str {
        match self {
            Verdict::Waiting { .. } => "waiting",
            Verdict::Running { .. } => "running",
            Verdict::Well { .. } => "well",
            Verdict::Wrong { kind, .. } => kind.word(),
        }
    }
}

/// Judges a job at `now`, which is watched since `watched_since` on the schedule that it
/// has now.
pub fn check(now: Timestamp, heartbeat: &Heartbeat, heard: &Heard, watched_since: Timestamp) -> Verdict {
    let due = due(heartbeat, heard, watched_since);
    let late = due.map(|due| (heartbeat.grace.after(due), Kind::Late, Some(due)));
    let overrunning =
        heard.running_since().zip(heartbeat.at_most).map(|(since, at_most)| (at_most.after(since), Kind::Overrunning, None));
    let failed = heard.failed().map(|failure| (failure.at, Kind::Failed, None));
    let wrong = [late, overrunning, failed].into_iter().flatten().filter(|(since, ..)| *since <= now);
    if let Some((since, kind, due)) = wrong.max_by_key(|(since, kind, _)| (*since, *kind)) {
        return Verdict::Wrong { kind, since, due };
    }
    match (heard.running_since(), heard.last_at()) {
        (Some(since), _) => Verdict::Running { since },
        (None, Some(last)) if last >= watched_since => Verdict::Well { due },
        (None, Some(_) | None) => Verdict::Waiting { until: due },
    }
}

/// When a job must be heard of next. What was heard before it was watched as it is now
/// says nothing of the schedule that it has now.
pub fn due(heartbeat: &Heartbeat, heard: &Heard, watched_since: Timestamp) -> Option<Timestamp> {
    match heard.last_at() {
        Some(last) if last >= watched_since => heartbeat.due_after(last),
        Some(_) | None => heartbeat.due_first(watched_since),
    }
}
