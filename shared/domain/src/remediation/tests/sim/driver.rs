//! One tick of the remediator, a call at a time: read, look, store, act, store, rest.

use std::rc::Rc;

use jiff::Timestamp;

use super::{Row, Sim, Worker};
use crate::control::Control;
use crate::incident::AlertRecord;
use crate::remediation::guard::Facts;
use crate::remediation::step::{Act, ActResult, Change, Situation, Step, acted, retry_at, step};
use crate::remediation::{Actions, Lease, Outcome, Remedy, Stage};
use crate::span::Span;

/// After this a tick is ended: the function's timeout.
pub(in crate::remediation::tests) const TIMEOUT: Span = Span::seconds(60);

/// Where an execution is.
#[derive(Clone, Debug)]
pub(in crate::remediation::tests) enum At {
    /// Between two ticks.
    Asleep { due: Timestamp },
    /// It has ended itself.
    Ended,
    /// It has read what others have overwritten since: whatever it decides is not
    /// stored, and it reads again.
    Behind { now: Timestamp },
    /// It has read the incident's rows, and needs to look at the target.
    Looking(Tick),
    /// It has all that it needs to decide.
    Deciding(Tick),
    /// It has stored that it acts, and the call is under way.
    Acting(Tick, Act),
    /// The call has had its effect, and the answer is under way.
    Answered(Tick, Act),
}

/// What a tick has read.
#[derive(Clone, Debug)]
pub(in crate::remediation::tests) struct Tick {
    /// When it began.
    pub(in crate::remediation::tests) now: Timestamp,
    pub(in crate::remediation::tests) remedy: Row<Remedy>,
    pub(in crate::remediation::tests) control: Row<Control>,
    pub(in crate::remediation::tests) members: Rc<Vec<AlertRecord>>,
    pub(in crate::remediation::tests) rows: Option<(Row<Lease>, Row<Actions>)>,
    /// The minimum that it saw, and whether somebody has changed it since.
    pub(in crate::remediation::tests) target: Option<(u32, bool)>,
}

/// What an execution may do next, or what may happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::remediation::tests) enum Move {
    /// A tick begins, and reads the incident's rows.
    Begin,
    ReadLease,
    ReadTarget,
    /// It decides, and stores what it decided.
    Decide,
    /// The act has its effect.
    Land,
    /// It hears how the act went, and stores that.
    Hear(Answer),
    /// It is cut off.
    Crash,
}

/// How an act went, as told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::remediation::tests) enum Answer {
    Done,
    /// It may have had its effect all the same.
    NotNow,
    Impossible,
}

impl At {
    pub(in crate::remediation::tests) fn tick(&self) -> Option<&Tick> {
        match self {
            At::Asleep { .. } | At::Ended | At::Behind { .. } => None,
            At::Looking(tick) | At::Deciding(tick) | At::Acting(tick, _) | At::Answered(tick, _) => Some(tick),
        }
    }

    /// When its tick began; none between two.
    pub(in crate::remediation::tests) fn ticks_since(&self) -> Option<Timestamp> {
        match self {
            At::Behind { now } => Some(*now),
            _ => self.tick().map(|tick| tick.now),
        }
    }

    pub(in crate::remediation::tests) fn tick_mut(&mut self) -> Option<&mut Tick> {
        match self {
            At::Asleep { .. } | At::Ended | At::Behind { .. } => None,
            At::Looking(tick) | At::Deciding(tick) | At::Acting(tick, _) | At::Answered(tick, _) => Some(tick),
        }
    }

    pub(super) fn target_was_changed(&mut self) {
        if let Some((_, is_changed)) = self.tick_mut().and_then(|tick| tick.target.as_mut()) {
            *is_changed = true;
        }
    }

    /// What may come next.
    pub(in crate::remediation::tests) fn moves(&self) -> &'static [Move] {
        match self {
            At::Asleep { .. } => &[Move::Begin],
            At::Behind { .. } => &[Move::Begin, Move::Crash],
            At::Ended => &[],
            At::Looking(tick) => match (&tick.rows, tick.target) {
                (None, None) => &[Move::ReadLease, Move::ReadTarget, Move::Crash],
                (None, Some(_)) => &[Move::ReadLease, Move::Crash],
                (Some(_), _) => &[Move::ReadTarget, Move::Crash],
            },
            At::Deciding(_) => &[Move::Decide, Move::Crash],
            At::Acting(..) => &[Move::Land, Move::Hear(Answer::NotNow), Move::Hear(Answer::Impossible), Move::Crash],
            At::Answered(..) => &[Move::Hear(Answer::Done), Move::Hear(Answer::NotNow), Move::Crash],
        }
    }
}

impl Tick {
    fn facts(&self) -> Option<Facts> {
        let ((lease, actions), (minimum, _)) = (self.rows.as_ref()?, self.target?);
        let (lease, actions) = (Lease::clone(&lease.value), Actions::clone(&actions.value));
        Some(Facts { target: Sim::facts(minimum), lease, actions })
    }

    /// A new stage deserves a new look.
    fn unseen(self) -> Tick {
        Tick { rows: None, target: None, ..self }
    }
}

/// Others have written what was to be written: read again, and decide again.
struct Conflict;

impl Sim {
    fn situation<'s>(&'s self, n: usize, tick: &'s Tick) -> Situation<'s> {
        Situation {
            now: tick.now,
            policy: &self.policy,
            control: &tick.control.value,
            incident: &self.incidents[self.workers[n].incident],
            members: &tick.members,
            remedy: &tick.remedy.value,
            version: tick.remedy.version,
            clock: self.workers[n].seq,
        }
    }

    /// Worker `n` goes on, or is cut off.
    pub(in crate::remediation::tests) fn apply(&mut self, n: usize, next: Move) {
        let at = std::mem::replace(&mut self.workers[n].at, At::Ended);
        let at = match (at, next) {
            (At::Asleep { .. }, Move::Begin) => self.read(n, self.now),
            (At::Behind { now }, Move::Begin) => self.read(n, now),
            (At::Looking(mut tick), Move::ReadLease) => {
                tick.rows = Some((self.lease.clone(), self.actions.clone()));
                looked(tick)
            }
            (At::Looking(mut tick), Move::ReadTarget) => {
                tick.target = Some((self.minimum, false));
                looked(tick)
            }
            (At::Deciding(tick), Move::Decide) => self.decide(n, tick),
            (At::Acting(tick, act), Move::Land) => self.land(n, tick, act),
            (At::Acting(tick, _) | At::Answered(tick, _), Move::Hear(answer)) => self.hear(n, tick, answer),
            // The state machine tries again at once.
            (_, Move::Crash) => At::Asleep { due: self.now },
            (at, next) => panic!("{next:?} at {at:?}"),
        };
        self.workers[n].at = at;
        let remedies: Vec<&Remedy> = self.remedies.iter().map(|row| &*row.value).collect();
        self.book.see(&remedies, self.minimum);
    }

    fn read(&self, n: usize, now: Timestamp) -> At {
        let Worker { incident, seq, .. } = self.workers[n];
        let remedy = self.remedies[incident].clone();
        if seq < remedy.value.clock {
            return At::Ended;
        }
        let (control, members) = (self.control.clone(), self.members[incident].clone());
        self.enter(n, Tick { now, remedy, control, members, rows: None, target: None })
    }

    /// Whether it needs a look for what it is to decide next.
    fn enter(&self, n: usize, tick: Tick) -> At {
        match step(self.situation(n, &tick), None) {
            Step::Look(_) => At::Looking(tick),
            Step::Done | Step::Wait(_) | Step::Change(_) => At::Deciding(tick),
        }
    }

    fn decide(&mut self, n: usize, mut tick: Tick) -> At {
        let begun_at = tick.now;
        let result = match step(self.situation(n, &tick), tick.facts().as_ref()) {
            Step::Done => self.rest(n, &mut tick, None),
            Step::Wait(until) => self.rest(n, &mut tick, Some(until)),
            Step::Look(look) => panic!("looks twice in a row at {}", look.target),
            Step::Change(change) => {
                let act = change.act.clone();
                self.commit(n, &mut tick, *change).map(|()| match act {
                    Some(act) => self.begin(tick, act),
                    None => self.enter(n, tick.unseen()),
                })
            }
        };
        result.unwrap_or_else(|Conflict| self.read(n, begun_at))
    }

    fn begin(&mut self, tick: Tick, act: Act) -> At {
        if self.workers.iter().any(|worker| matches!(worker.at, At::Acting(..))) {
            self.book.breaks("two acts at one time");
        }
        At::Acting(tick, act)
    }

    fn land(&mut self, n: usize, tick: Tick, act: Act) -> At {
        let own = self.workers[n].incident;
        let needs = |stage: &Stage| matches!(stage, Stage::Verifying { .. } | Stage::Holding { .. });
        if act.is_undoing && self.remedies.iter().enumerate().any(|(other, it)| other != own && needs(&it.value.stage)) {
            self.book.breaks("put back while it stands for another incident");
        }
        let is_blind = tick.target.is_none_or(|(_, is_changed)| is_changed);
        let is_kept =
            self.remedies.iter().any(|remedy| matches!(&remedy.value.stage, Stage::Over { outcome: Outcome::Kept { .. }, .. }));
        self.minimum = self.book.acted(&act, is_blind, is_kept);
        At::Answered(tick, act)
    }

    fn hear(&mut self, n: usize, mut tick: Tick, answer: Answer) -> At {
        let result = match answer {
            Answer::Done => ActResult::Done,
            Answer::NotNow => ActResult::NotNow("throttled".into()),
            Answer::Impossible => ActResult::Impossible("denied".into()),
        };
        let lease = tick.rows.as_ref().map(|(lease, _)| lease.value.clone()).unwrap();
        let begun_at = tick.now;
        let result = if let Some(change) = acted(self.situation(n, &tick), &lease, &result) {
            self.commit(n, &mut tick, change).map(|()| self.enter(n, tick.unseen()))
        } else {
            let again = retry_at(self.situation(n, &tick));
            self.rest(n, &mut tick, Some(again))
        };
        result.unwrap_or_else(|Conflict| self.read(n, begun_at))
    }

    /// All or nothing, and only over what was read.
    fn commit(&mut self, n: usize, tick: &mut Tick, change: Change) -> Result<(), Conflict> {
        let incident = self.workers[n].incident;
        let is_as_read = tick.remedy.version == self.remedies[incident].version
            && tick.rows.as_ref().is_none_or(|(lease, actions)| {
                (change.lease.is_none() || lease.version == self.lease.version)
                    && (change.actions.is_none() || actions.version == self.actions.version)
            });
        let begins = change.act.as_ref().is_some_and(|act| !act.is_undoing);
        if !is_as_read || begins && tick.control.version != self.control.version {
            return Err(Conflict);
        }
        if begins && self.is_stopped() {
            self.book.breaks("begun though stopped");
        }
        if change.actions.is_some() {
            self.book.claimed(tick.now, &change.remedy, change.lease.as_ref());
        }
        self.remedies[incident].put(change.remedy);
        tick.remedy = self.remedies[incident].clone();
        if let Some((lease, actions)) = &mut tick.rows {
            if let Some(next) = change.lease {
                self.lease.put(next);
                *lease = self.lease.clone();
            }
            if let Some(next) = change.actions {
                self.actions.put(next);
                *actions = self.actions.clone();
            }
        } else if change.lease.is_some() || change.actions.is_some() {
            self.book.breaks("a lease is written that nobody has read");
        }
        Ok(())
    }

    /// All is told; it sleeps until it is due, or has ended.
    fn rest(&mut self, n: usize, tick: &mut Tick, due: Option<Timestamp>) -> Result<At, Conflict> {
        let Worker { incident, seq, .. } = self.workers[n];
        let mut next = Remedy::clone(&tick.remedy.value);
        next.outbox.clear();
        (next.wake_at, next.clock) = (due, seq.max(next.clock));
        if next != *tick.remedy.value {
            if tick.remedy.version != self.remedies[incident].version {
                return Err(Conflict);
            }
            self.remedies[incident].put(next);
        }
        Ok(due.map_or(At::Ended, |due| At::Asleep { due }))
    }
}

fn looked(tick: Tick) -> At {
    if tick.rows.is_some() && tick.target.is_some() { At::Deciding(tick) } else { At::Looking(tick) }
}
