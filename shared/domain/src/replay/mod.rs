//! What would this policy have done? The history of real alarms played through it.
//!
//! Nobody answers in a replay, unless it is assumed that somebody does, and nothing
//! is mended. It is played by the code that decides in earnest; what is counted is
//! what people would have been told.

mod catalogue;
mod compare;
mod history;
mod tally;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use self::catalogue::Catalogue;
pub use self::compare::{Differences, compare};
pub use self::history::{AlarmHistory, Change};
pub use self::tally::{Page, Tally, Who};
use crate::policy::Policy;
use crate::rehearsal::Rehearsal;
use crate::span::Span;

/// How long the replay goes on after the last change of state: what it starts is
/// told within this time, or has been told of before.
const TAIL: Span = Span::hours(1);
/// Who answers, where somebody does.
const SOMEBODY: &str = "somebody";

/// What is assumed of people, and how times are read.
#[derive(Debug, Clone)]
pub struct Assumed {
    /// After which time whoever is paged acknowledges all that is open; nobody
    /// does, unless this is given.
    pub acknowledge_after: Option<Span>,
    /// The zone of the hours that are counted.
    pub zone: TimeZone,
    /// Whether the nights of people are those of `zone`; otherwise they are those of
    /// the schedules that they are on.
    pub nights_in_zone: bool,
    /// Whether every single page is remembered, to be compared.
    pub keeps_pages: bool,
}

/// Plays a history through a policy. `progress` hears now and then how many changes
/// have been played.
pub fn play(
    policy: &Arc<Policy>,
    history: &AlarmHistory,
    catalogue: &Catalogue,
    assumed: &Assumed,
    progress: &mut dyn FnMut(usize),
) -> Tally {
    let start = history.first().unwrap_or(Timestamp::UNIX_EPOCH);
    let mut replay = Replay {
        rehearsal: Rehearsal::new(Arc::clone(policy), start).forgetting(),
        tally: Tally::new(policy, assumed, start),
        acknowledge_after: assumed.acknowledge_after.map(|span| span.max(Span::seconds(1))),
        answers_at: None,
    };
    let mut templates = BTreeMap::new();
    for (n, change) in history.changes().iter().enumerate() {
        if n % 512 == 0 {
            progress(n);
        }
        replay.advance(change.at);
        let template = templates.entry(change.alarm).or_insert_with(|| catalogue.alert(history, change.alarm));
        let mut alert = template.clone();
        alert.state = change.state;
        alert.claimed_at = change.at;
        alert.muted_by.clone_from(&change.muted_by);
        let name = alert.name.clone();
        let heard = replay.rehearsal.hear(alert);
        replay.tally.heard(&name, &heard);
    }
    progress(history.changes().len());
    let end = history.last().map_or(start, |last| TAIL.after(last));
    replay.advance(end);
    replay.tally.finish(end)
}

/// How many pages a week each person and receiver would have got.
pub fn pages_per_week(policy: &Arc<Policy>, history: &AlarmHistory, catalogue: &Catalogue) -> BTreeMap<String, f64> {
    let assumed = Assumed { acknowledge_after: None, zone: TimeZone::UTC, nights_in_zone: true, keeps_pages: false };
    let tally = play(policy, history, catalogue, &assumed, &mut |_| {});
    let weeks = tally.weeks();
    let rate = |who: &Who| f64::from(u32::try_from(who.n_pages).unwrap_or(u32::MAX)) / weeks;
    tally.by_who.iter().map(|(name, who)| (name.clone(), rate(who))).collect()
}

struct Replay {
    rehearsal: Rehearsal,
    tally: Tally,
    acknowledge_after: Option<Span>,
    /// When somebody answers next.
    answers_at: Option<Timestamp>,
}

impl Replay {
    /// Lets time pass, with somebody answering when it is time to.
    fn advance(&mut self, to: Timestamp) {
        let Some(after) = self.acknowledge_after else { return self.step(to) };
        while self.rehearsal.now() < to {
            // Nobody can answer in this step a page that is sent in it.
            let next = after.after(self.rehearsal.now()).min(to);
            match self.answers_at.filter(|at| *at <= next) {
                Some(at) => {
                    self.answers_at = None;
                    self.step(at);
                    self.rehearsal.acknowledge(SOMEBODY);
                    self.drain();
                }
                None => self.step(next),
            }
        }
        self.step(to);
    }

    fn step(&mut self, to: Timestamp) {
        self.rehearsal.advance(to);
        self.drain();
    }

    /// Takes out what was sent and noted, so that a long history needs no more room.
    fn drain(&mut self) {
        for sent in self.rehearsal.drain_sent() {
            let is_page = self.tally.sent(&sent);
            if is_page && let Some(after) = self.acknowledge_after {
                self.answers_at.get_or_insert(after.after(sent.at));
            }
        }
        for note in self.rehearsal.drain_notes() {
            self.tally.noted(&note);
        }
    }
}

#[cfg(test)]
mod tests;
