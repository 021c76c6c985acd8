//! When does which incident's clock tick next?
//!
//! A clock in earnest looks for news once every `group_interval`, since those who
//! join do not wake it, and every minute at whether what holds it back still does.
//! Nearly all of these looks find nothing; a rehearsal knows
//! who joins and what operators change, and takes only the looks that find something,
//! at the same moments. (Where a window or a mute begins, the look that would have
//! noted it is left out, too: news that came in just before its end may be told up to
//! one `group_interval` later here.)

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::arrival::Start;
use crate::escalation::Wakes;
use crate::id::IncidentId;
use crate::inhibit::SourceKey;
use crate::span::Span;

#[cfg(test)]
thread_local! {
    /// Takes every look, as a clock in earnest does.
    pub(super) static EVERY_LOOK: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// What is due, and what would be if there were news.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    due: BTreeSet<(Timestamp, IncidentId, i64)>,
    /// When each clock really is due: what else stands in `due` was put off.
    armed: HashMap<(IncidentId, i64), Timestamp>,
    /// The next look for news of each incident.
    looks: HashMap<IncidentId, Look>,
    /// The next look of each incident that is held back, with what holds it.
    held: HashMap<IncidentId, (Look, Held)>,
}

/// What holds an incident back for a time that nobody knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// The keys under which its causes are noted.
    pub(super) causes: BTreeSet<SourceKey>,
    /// Whether another incident speaks for it.
    pub(super) is_led: bool,
}

#[derive(Debug, Clone, Copy)]
struct Look {
    at: Timestamp,
    clock: i64,
    interval: Span,
}

impl Look {
    /// The first of these looks after `now`.
    fn after(self, now: Timestamp) -> Timestamp {
        if self.at > now {
            return self.at;
        }
        let n_looks = Span::between(self.at, now).as_millis() / self.interval.as_millis().max(1) + 1;
        Span::millis(n_looks.saturating_mul(self.interval.as_millis())).after(self.at)
    }
}

impl Clocks {
    /// A clock is started.
    pub(super) fn start(&mut self, start: &Start) {
        self.arm(&start.incident, start.seq, start.not_before);
    }

    /// A clock waits until `at`, if not for something earlier.
    fn arm(&mut self, incident: &IncidentId, clock: i64, at: Timestamp) {
        let armed = self.armed.entry((incident.clone(), clock)).or_insert(at);
        *armed = at.min(*armed);
        self.due.insert((*armed, incident.clone(), clock));
    }

    /// A tick said when it wants to be woken.
    pub(super) fn wait(
        &mut self,
        incident: &IncidentId,
        clock: i64,
        wakes: Option<Wakes>,
        interval: Span,
        recheck: (Span, Held),
    ) {
        self.looks.remove(incident);
        self.held.remove(incident);
        let Some(wakes) = wakes else { return };
        if let Some(at) = wakes.at {
            self.arm(incident, clock, at);
        }
        #[cfg(test)]
        if EVERY_LOOK.get() {
            wakes.for_news.into_iter().chain(wakes.for_release).for_each(|at| self.arm(incident, clock, at));
            return;
        }
        if let Some(at) = wakes.for_news {
            self.looks.insert(incident.clone(), Look { at, clock, interval });
        }
        if let Some(at) = wakes.for_release {
            let (interval, held) = recheck;
            self.held.insert(incident.clone(), (Look { at, clock, interval }, held));
        }
    }

    /// There may be news of an incident: its next look after `now` is taken.
    pub(super) fn look(&mut self, incident: &IncidentId, now: Timestamp) {
        if let Some(look) = self.looks.remove(incident) {
            self.arm(incident, look.clock, look.after(now));
        }
    }

    /// What holds an incident back may have ended: its next look after `now` is taken.
    pub(super) fn look_for_release(&mut self, incident: &IncidentId, now: Timestamp) {
        if let Some((look, _)) = self.held.remove(incident) {
            self.arm(incident, look.clock, look.after(now));
        }
    }

    /// The same for all incidents that are held back in a certain way.
    pub(super) fn release(&mut self, now: Timestamp, is_it: impl Fn(&Held) -> bool) {
        let ended: Vec<IncidentId> =
            self.held.iter().filter(|(_, (_, held))| is_it(held)).map(|(incident, _)| incident.clone()).collect();
        for incident in ended {
            self.look_for_release(&incident, now);
        }
    }

    /// The next clock that is due until `to`.
    pub(super) fn next(&mut self, to: Timestamp) -> Option<(Timestamp, IncidentId, i64)> {
        while self.due.first().is_some_and(|(at, _, _)| *at <= to) {
            let (at, incident, clock) = self.due.pop_first()?;
            let key = (incident, clock);
            if self.armed.get(&key) == Some(&at) {
                self.armed.remove(&key);
                return Some((at, key.0, clock));
            }
        }
        None
    }
}
