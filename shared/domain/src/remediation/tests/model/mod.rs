//! Does it hold in every order of events? Not some stories but all: whatever two
//! executions may do, a call at a time, and whatever may happen to them, to the alarms,
//! the kill switch and the service in between. What comes next in mending is decided by
//! the real thing; only time is cut into steps of a minute or half of it, and what has
//! been long ago counts as equally long ago.

mod canon;
mod explore;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::explore::explore;
use super::sim::{Answer, At, Move, Sim, TIMEOUT, Worker};
use crate::alert::AlertState;
use crate::remediation::{Outcome, Stage};
use crate::span::Span;

/// All of a story at one moment.
#[derive(Clone, Debug)]
struct Node {
    sim: Sim,
    /// How much time passes at once: all of what a tick may take, and of each waiting
    /// time below, or half of that.
    passes: Span,
    /// Whether a look may be torn: the rows and the target are read at two moments.
    is_split: bool,
    /// How often the kill switch may still be used.
    n_stops: u8,
    /// To what somebody may still set the minimum by hand, once.
    by_hand: &'static [u32],
}

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// To an execution.
    Worker(usize, Move),
    /// Passes.
    Time,
    /// All is well with an incident.
    Recovers(usize),
    /// The kill switch is used.
    Stop(bool),
    /// Somebody sets the minimum by hand.
    SetByHand(u32),
}

impl Event {
    /// Whether it is what should happen. Nobody may count on the others never to.
    fn is_hoped_for(self) -> bool {
        match self {
            Event::Worker(_, Move::Crash | Move::Hear(Answer::NotNow | Answer::Impossible))
            | Event::Stop(_)
            | Event::SetByHand(_) => false,
            Event::Worker(..) | Event::Time | Event::Recovers(_) => true,
        }
    }
}

impl Node {
    fn events(&self) -> Vec<Event> {
        let sim = &self.sim;
        let mut events = Vec::new();
        for (n, worker) in sim.workers.iter().enumerate() {
            let moves = worker.at.moves().iter().filter(|next| self.is_split || **next != Move::ReadTarget);
            events.extend(moves.map(|next| Event::Worker(n, *next)));
        }
        // A tick that has run into its timeout is cut off before any more time passes.
        let then = self.passes.after(sim.now);
        if sim.workers.iter().all(|worker| worker.at.ticks_since().is_none_or(|since| then < TIMEOUT.after(since))) {
            events.push(Event::Time);
        }
        events.extend((0..sim.members.len()).filter(|n| sim.is_firing(*n)).map(Event::Recovers));
        if self.n_stops > 0 {
            events.push(Event::Stop(!sim.is_stopped()));
        }
        events.extend(self.by_hand.iter().copied().map(Event::SetByHand));
        events
    }

    fn after(&self, event: Event) -> Node {
        let mut next = self.clone();
        match event {
            Event::Worker(n, step) => {
                next.sim.apply(n, step);
                if !self.is_split && step == Move::ReadLease {
                    next.sim.apply(n, Move::ReadTarget);
                }
            }
            Event::Time => next.sim.pass(self.passes),
            Event::Recovers(n) => next.sim.alarm(n, AlertState::Ok),
            Event::Stop(is_stopped) => {
                next.sim.stop(is_stopped);
                next.n_stops -= 1;
            }
            Event::SetByHand(minimum) => {
                next.sim.somebody_sets(minimum);
                next.by_hand = &[];
            }
        }
        next
    }

    /// What must be so at every moment; the law that is broken, if one is.
    fn broken(&self) -> Option<String> {
        let sim = &self.sim;
        if let Some(law) = &sim.book.broken {
            return Some(law.clone());
        }
        let acts_late = |worker: &Worker| matches!(worker.at, At::Acting(..)) && sim.is_over(worker.incident);
        if sim.workers.iter().any(acts_late) {
            return Some("an act is under way for what is over".to_owned());
        }
        if !sim.is_settled() {
            return None;
        }
        if sim.lease.value.held.is_some() {
            return Some("all is over, and the target is held".to_owned());
        }
        let is_kept = sim.remedies.iter().any(
            |remedy| matches!(&remedy.value.stage, Stage::Over { outcome: Outcome::Kept { why, .. }, .. } if !why.is_empty()),
        );
        (sim.book.raised_to.is_some() && !is_kept).then(|| "what was raised is not put back, and nothing says why".to_owned())
    }
}

fn begins_at(sim: &Sim) -> Timestamp {
    // Long enough after the alarms that these may have recovered long ago.
    Span::hours(1).after(sim.now)
}

fn remediation(name: &str) -> Value {
    json!({
        "name": name, "matchers": [format!("alertname={name:?}")], "action": "ecs-scale-out", "mode": "act",
        "verify": {"within": "1m"}, "revert": {"hold_down": "1m"}, "max_event_age": "1d",
        "limits": {"cooldown": "1m"},
    })
}

fn node(names: &[&str], workers: &[(usize, i64)], passes: Span, n_stops: u8, by_hand: &'static [u32]) -> Node {
    let remediations: Vec<Value> = names.iter().map(|name| remediation(name)).collect();
    let mut sim = Sim::new(&remediations, workers);
    sim.now = begins_at(&sim);
    Node { sim, passes, is_split: true, n_stops, by_hand }
}

/// Two executions of one incident.
fn one_incident(seconds: u64, n_stops: u8, by_hand: &'static [u32]) -> Node {
    node(&["hot"], &[(0, 1), (0, 2)], Span::seconds(seconds), n_stops, by_hand)
}

/// Two incidents on one service, an execution each. They look at one moment.
fn two_incidents(n_stops: u8, by_hand: &'static [u32]) -> Node {
    let node = node(&["hot", "slow"], &[(0, 1), (1, 1)], Span::seconds(60), n_stops, by_hand);
    Node { is_split: false, ..node }
}

#[test]
fn two_executions_of_one_incident_do_nothing_twice() {
    explore("two executions, at any half of a minute", one_incident(30, 1, &[]));
    explore("two executions, a kill switch on and off", one_incident(60, 2, &[]));
    explore("two executions, and somebody else", one_incident(60, 0, &[5, 7]));
}

#[test]
fn two_incidents_on_one_service_do_nothing_twice_and_neither_takes_from_the_other() {
    explore("two incidents, each look torn in two", Node { is_split: true, ..two_incidents(0, &[]) });
    explore("two incidents, and a kill switch", two_incidents(1, &[]));
}

#[test]
fn two_incidents_on_one_service_leave_what_somebody_else_sets() {
    explore("two incidents, and somebody else", two_incidents(0, &[7]));
}
