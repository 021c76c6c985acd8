//! When are two moments of a story the same? When all that may still happen is: times
//! count from now, and of versions only whether a row is still as it was read.

use std::collections::HashMap;
use std::rc::Rc;

use jiff::Timestamp;
use serde::Serialize;

use super::Node;
use crate::control::Control;
use crate::incident::AlertRecord;
use crate::remediation::{Actions, Announcement, Lease, Remedy, Stage};
use crate::span::Span;

use super::super::sim::{At, Book, Row, Tick};

/// What tells a moment of a story from all others.
pub(super) type Key = Box<[u32]>;

/// How long all waiting times are, and a tick may run.
const WAITS: Span = Span::seconds(60);

/// Versions of a row that is as it was read, and of one that is not.
const CURRENT: u64 = 2;
const STALE: u64 = 1;

/// Values, each kept once.
struct Pool<T> {
    by_text: HashMap<String, (u32, Rc<T>)>,
    /// What became of a value that is kept, when this much time has passed.
    by_place: HashMap<(*const T, bool), (u32, Rc<T>)>,
}

impl<T> Default for Pool<T> {
    fn default() -> Pool<T> {
        Pool { by_text: HashMap::new(), by_place: HashMap::new() }
    }
}

impl<T> Pool<T> {
    fn kept(&mut self, value: &mut Rc<T>, has_passed: bool, make: impl FnOnce(&T) -> (String, T)) -> u32 {
        let place = (Rc::as_ptr(value), has_passed);
        if let Some((id, kept)) = self.by_place.get(&place) {
            *value = kept.clone();
            return *id;
        }
        let was_kept = self.by_place.contains_key(&(place.0, false));
        let (text, next) = make(value);
        let new = (u32::try_from(self.by_text.len()).unwrap(), Rc::new(next));
        let kept = self.by_text.entry(text).or_insert(new).clone();
        self.by_place.insert((Rc::as_ptr(&kept.1), false), kept.clone());
        if was_kept {
            self.by_place.insert(place, kept.clone());
        }
        *value = kept.1;
        kept.0
    }
}

/// Brings moments into the one form that all that are the same have.
pub(super) struct Canon {
    /// What is always now.
    now: Timestamp,
    /// When the oldest tick may have begun that still runs.
    oldest: Timestamp,
    /// The alarms as they fire.
    firing: Vec<Rc<Vec<AlertRecord>>>,
    remedies: Pool<Remedy>,
    leases: Pool<Lease>,
    controls: Pool<Control>,
    members: Pool<Vec<AlertRecord>>,
}

impl Canon {
    pub(super) fn new(node: &Node) -> Canon {
        Canon {
            now: node.sim.now,
            oldest: Span::between(node.sim.now, node.passes.before(WAITS.after(node.sim.now))).before(node.sim.now),
            firing: node.sim.members.clone(),
            remedies: Pool::default(),
            leases: Pool::default(),
            controls: Pool::default(),
            members: Pool::default(),
        }
    }

    pub(super) fn key(&mut self, node: &mut Node) -> Key {
        let passed = Span::between(self.now, node.sim.now);
        let mut key = vec![u32::from(node.n_stops), u32::from(node.by_hand.is_empty()), node.sim.minimum];
        assert!(passed == Span::ZERO || passed == node.passes, "{passed:?}");
        let sim = &mut node.sim;
        sim.book = Book { raised_to: sim.book.raised_to, set_by_hand: sim.book.set_by_hand, ..Book::default() };
        key.extend([sim.book.raised_to, sim.book.set_by_hand].map(|it| it.unwrap_or(0)));
        for worker in &mut sim.workers {
            let incident = worker.incident;
            if let At::Looking(tick) | At::Deciding(tick) = &worker.at
                && tick.remedy.version != sim.remedies[incident].version
            {
                worker.at = At::Behind { now: tick.now };
            }
            if let At::Behind { now } = &mut worker.at {
                *now = passed.before(*now);
                key.push(u32::from(*now == self.now));
            }
            key.push(match &worker.at {
                At::Asleep { .. } => 0,
                At::Ended => 1,
                At::Looking(_) => 2,
                At::Deciding(_) => 3,
                At::Acting(_, act) => 4 + u32::from(act.is_undoing),
                At::Answered(_, act) => 6 + u32::from(act.is_undoing),
                At::Behind { .. } => 8,
            });
            if let At::Asleep { due } = &mut worker.at {
                // It may tick at any time: there are nudges, and other remediations.
                *due = self.now;
            }
            if let Some(tick) = worker.at.tick_mut() {
                let fresh = [
                    renumber(&mut tick.remedy, &sim.remedies[incident]),
                    renumber(&mut tick.control, &sim.control),
                    tick.rows.as_mut().is_some_and(|(lease, _)| renumber(lease, &sim.lease)),
                    tick.rows.as_mut().is_some_and(|(_, actions)| renumber(actions, &sim.actions)),
                ];
                key.push(fresh.iter().fold(0, |bits, is_fresh| bits * 2 + u32::from(*is_fresh)));
                self.tick(incident, tick, passed, &mut key);
            }
        }
        for (incident, members) in sim.members.iter_mut().enumerate() {
            key.push(self.alarm(incident, members, passed));
        }
        for remedy in &mut sim.remedies {
            remedy.version = CURRENT;
            key.push(self.remedy(&mut remedy.value, passed));
        }
        (sim.control.version, sim.lease.version) = (CURRENT, CURRENT);
        key.extend([self.control(&mut sim.control.value, passed), self.lease(&mut sim.lease.value, passed)]);
        // The hourly limit is more than may be done here.
        sim.actions = Row { value: Rc::default(), version: CURRENT };
        sim.now = self.now;
        key.into()
    }

    fn tick(&mut self, incident: usize, tick: &mut Tick, passed: Span, key: &mut Vec<u32>) {
        tick.now = passed.before(tick.now);
        key.push(u32::from(tick.now == self.now));
        key.push(self.remedy(&mut tick.remedy.value, passed));
        key.push(self.control(&mut tick.control.value, passed));
        key.push(self.alarm(incident, &mut tick.members, passed));
        key.push(match &mut tick.rows {
            Some((lease, actions)) => {
                actions.value = Rc::new(Actions::default());
                self.lease(&mut lease.value, passed) + 1
            }
            None => 0,
        });
        key.push(tick.target.map_or(0, |(minimum, is_changed)| minimum * 2 + u32::from(is_changed)));
    }

    fn remedy(&mut self, remedy: &mut Rc<Remedy>, passed: Span) -> u32 {
        let (now, oldest) = (self.now, self.oldest);
        self.remedies.kept(remedy, passed > Span::ZERO, |remedy| {
            let mut next = remedy.clone();
            next.stage = stage(&remedy.stage, now, oldest, passed);
            next.wake_at = None;
            // Which way it came decides nothing.
            next.path.clear();
            next.outbox = remedy.outbox.iter().take(1).map(|_| told(now)).collect();
            (text(&next), next)
        })
    }

    fn lease(&mut self, lease: &mut Rc<Lease>, passed: Span) -> u32 {
        let (now, oldest) = (self.now, self.oldest);
        self.leases.kept(lease, passed > Span::ZERO, |lease| {
            let mut next = lease.clone();
            next.cooldown_until = next.cooldown_until.map(|until| passed.before(until).max(oldest));
            if let Some(held) = &mut next.held {
                held.since = now;
            }
            (text(&next), next)
        })
    }

    fn control(&mut self, control: &mut Rc<Control>, passed: Span) -> u32 {
        let now = self.now;
        self.controls.kept(control, passed > Span::ZERO, |control| {
            let mut next = control.clone();
            if let Some(stop) = &mut next.kill.all {
                stop.at = now;
            }
            (text(&next), next)
        })
    }

    /// An alarm that is well is well since a moment; before that it fired.
    fn alarm(&mut self, incident: usize, members: &mut Rc<Vec<AlertRecord>>, passed: Span) -> u32 {
        let (oldest, firing) = (self.oldest, self.firing[incident].clone());
        self.members.kept(members, passed > Span::ZERO, |members| {
            let calm_at = members.iter().filter(|it| !it.is_firing()).filter_map(AlertRecord::heard_at).max();
            let calm_at = calm_at.map(|at| since(at, oldest, passed));
            let mut next = Vec::clone(&firing);
            if let Some(at) = calm_at {
                for (member, was) in next.iter_mut().zip(members) {
                    let mut well = was.history.newest().unwrap().clone();
                    (well.state_at, well.claimed_at, well.received_at) = (at, at, at);
                    member.history.add(well);
                }
            }
            (format!("{incident} {calm_at:?}"), next)
        })
    }
}

/// Whether a row is still as it was read.
fn renumber<T>(read: &mut Row<T>, row: &Row<T>) -> bool {
    let is_fresh = read.version == row.version;
    read.version = if is_fresh { CURRENT } else { STALE };
    is_fresh
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// A moment since which something is waited for, when time has passed. Once that has
/// been long enough for the oldest tick, it does not matter for how long.
fn since(at: Timestamp, oldest: Timestamp, passed: Span) -> Timestamp {
    passed.before(at).max(WAITS.before(oldest))
}

/// Of a stage, what decides about what comes next. How it ended does not.
fn stage(stage: &Stage, now: Timestamp, oldest: Timestamp, passed: Span) -> Stage {
    let until = |at: Timestamp| passed.before(at).max(oldest);
    let mut next = stage.clone();
    match &mut next {
        Stage::Proposed | Stage::Holding { .. } => {}
        Stage::Over { at, .. } | Stage::Observing { at, .. } | Stage::Claimed { at, .. } => *at = now,
        Stage::Asked { expires_at, .. } => *expires_at = until(*expires_at),
        Stage::Approved { at, expires_at, .. } => (*at, *expires_at) = (now, until(*expires_at)),
        Stage::Acting { since: begun_at, .. } | Stage::Reverting { since: begun_at, .. } => {
            *begun_at = since(*begun_at, oldest, passed);
        }
        Stage::Verifying { since: done_at, deadline, .. } => (*done_at, *deadline) = (now, until(*deadline)),
    }
    next
}

/// Something that is not told yet.
fn told(at: Timestamp) -> Announcement {
    Announcement { reference: String::new(), at, stage: String::new(), sentence: String::new(), because: Vec::new(), by: None }
}
