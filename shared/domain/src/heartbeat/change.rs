//! What do people have to know of a job? The row of a heartbeat, and how it changes.
//!
//! A change is stored before it is told, and marked as told afterwards; one that is
//! told twice is the same event, of the same moment, and so one alert.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Heard, Heartbeat, Kind, Verdict, check};
use crate::alert::AlertState;
use crate::span::Span;

/// All that is kept of a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Its name.
    pub id: String,
    /// What was heard of the job.
    #[serde(default)]
    pub heard: Heard,
    /// How it is watched; none if it is not, or not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched: Option<Watched>,
    /// When it was taken out of the file, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    /// What people were told last, or are to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
}

/// How a heartbeat is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Since when on this schedule.
    pub since: Timestamp,
    /// The schedule, as text.
    pub schedule: String,
}

/// A change that people have to know of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What is wrong; none when that is over.
    pub kind: Option<Kind>,
    /// When it began, always later than the change before: tells it from others.
    pub at: Timestamp,
    /// When the run was due that did not come, if that is what is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// What was heard of the job by then.
    pub heard: Heard,
    /// Whether the classifier has not been told of it yet, as far as is known.
    pub pending: bool,
}

impl Change {
    /// The state of the alert.
    pub const fn state(&self) -> AlertState {
        match self.kind {
            Some(_) => AlertState::Alarm,
            None => AlertState::Ok,
        }
    }
}

impl State {
    /// A heartbeat of which nothing is known.
    pub fn new(id: impl Into<String>) -> State {
        State { id: id.into(), heard: Heard::default(), watched: None, retired_at: None, change: None }
    }

    /// What is wrong, as people were told.
    pub fn raised(&self) -> Option<Kind> {
        self.change.as_ref().and_then(|change| change.kind)
    }

    /// Whether the classifier is to be told of something.
    pub fn is_pending(&self) -> bool {
        self.change.as_ref().is_some_and(|change| change.pending)
    }

    /// The same once the classifier was told of the change of `at`.
    pub fn told(mut self, at: Timestamp) -> State {
        if let Some(change) = self.change.as_mut().filter(|change| change.at == at) {
            change.pending = false;
        }
        self
    }

    /// How the job fares.
    pub fn check(&self, now: Timestamp, heartbeat: &Heartbeat) -> Verdict {
        // Watched from the next sweep on, if it is not yet.
        let since = self.watched.as_ref().filter(|watched| watched.schedule == heartbeat.schedule.to_string());
        check(now, heartbeat, &self.heard, since.map_or(now, |watched| watched.since))
    }
}

/// What a heartbeat's row must become: `heartbeat` as the file has it now, if it does,
/// and `state` as it is stored, if it is. None where nothing changes.
pub fn settle(now: Timestamp, heartbeat: Option<&Heartbeat>, state: Option<&State>) -> Option<State> {
    let Some(heartbeat) = heartbeat else { return retire(now, state?) };
    let mut next = state.cloned().unwrap_or_else(|| State::new(&heartbeat.id));
    next.retired_at = None;
    let schedule = heartbeat.schedule.to_string();
    if next.watched.as_ref().is_none_or(|watched| watched.schedule != schedule) {
        next.watched = Some(Watched { since: now, schedule });
    }
    let verdict = next.check(now, heartbeat);
    let raised = next.raised();
    match verdict {
        Verdict::Wrong { kind, since, due } if raised != Some(kind) => change(now, &mut next, Some(kind), since, due),
        Verdict::Well { .. } if raised.is_some() => {
            let since = next.heard.success.as_ref().map_or(now, |success| success.at);
            change(now, &mut next, None, since, None);
        }
        // Whatever was missed was so on another schedule.
        Verdict::Waiting { .. } if raised.is_some() => change(now, &mut next, None, now, None),
        // A run that has begun is not one that has succeeded.
        Verdict::Running { .. } | Verdict::Wrong { .. } | Verdict::Well { .. } | Verdict::Waiting { .. } => {}
    }
    (state != Some(&next)).then_some(next)
}

/// The file has it no more: nobody watches it, and what was wrong is over.
fn retire(now: Timestamp, state: &State) -> Option<State> {
    // One that was never watched is of somebody who tries out an address.
    state.watched.as_ref()?;
    let mut next = state.clone();
    next.watched = None;
    next.retired_at = Some(now);
    if next.raised().is_some() {
        change(now, &mut next, None, now, None);
    }
    Some(next)
}

/// Notes a change that began at `since`. Whoever is told sorts changes by their moments,
/// so that none may be as early as the one before, whatever the clocks said.
fn change(now: Timestamp, state: &mut State, kind: Option<Kind>, since: Timestamp, due: Option<Timestamp>) {
    let earliest = state.change.as_ref().map(|before| Span::millis(1).after(before.at));
    let at = Some(since.min(now)).max(earliest).unwrap_or(since);
    state.change = Some(Change { kind, at, due, heard: state.heard.clone(), pending: true });
}
