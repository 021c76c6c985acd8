//! A service with its alarms, the rows of its remediations with their versions, and
//! the executions that drive them: what the remediator does, a call at a time, so
//! that anything may happen between two calls. What comes next is decided by the
//! real thing.

mod book;
mod driver;

use std::rc::Rc;

use jiff::Timestamp;
use serde_json::Value;

pub(super) use self::book::Book;
pub(super) use self::driver::{Answer, At, Move, TIMEOUT, Tick};
use super::{ecs, managed};
use crate::alert::AlertState;
use crate::control::{Control, PolicyInForce, Stop};
use crate::incident::{AlertRecord, Incident};
use crate::policy::Policy;
use crate::remediation::action::{EcsFacts, Scalable};
use crate::remediation::step::{approve, decline};
use crate::remediation::{Actions, Lease, Remedy, Stage, TargetFacts};
use crate::script::{self, Script};
use crate::span::Span;

/// The minimum to begin with.
pub(super) const MINIMUM: u32 = 2;
/// How many tasks the load takes, whatever the minimum is.
const NEEDED: u32 = 4;
/// The maximum.
const MAXIMUM: u32 = 8;

/// A row of the table.
#[derive(Clone, Debug)]
pub(super) struct Row<T> {
    pub(super) value: Rc<T>,
    pub(super) version: u64,
}

impl<T> Row<T> {
    fn new(value: T) -> Row<T> {
        Row { value: Rc::new(value), version: 1 }
    }

    fn put(&mut self, value: T) {
        *self = Row { value: Rc::new(value), version: self.version + 1 };
    }
}

/// An execution of an incident's clock.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    /// Of which incident, from 0.
    pub(super) incident: usize,
    pub(super) seq: i64,
    pub(super) at: At,
}

/// The service, its alarms and all that works on it.
#[derive(Clone, Debug)]
pub(super) struct Sim {
    pub(super) now: Timestamp,
    pub(super) policy: Rc<Policy>,
    pub(super) incidents: Rc<Vec<Incident>>,
    pub(super) members: Vec<Rc<Vec<AlertRecord>>>,
    pub(super) control: Row<Control>,
    pub(super) remedies: Vec<Row<Remedy>>,
    pub(super) lease: Row<Lease>,
    pub(super) actions: Row<Actions>,
    /// The minimum capacity of the service.
    pub(super) minimum: u32,
    pub(super) workers: Vec<Worker>,
    /// What really happened.
    pub(super) book: Book,
}

impl Sim {
    /// As many incidents as remediations are given, each with an alarm of its own, on
    /// one service. `workers` says for which incident each execution is, and its number.
    pub(super) fn new(remediations: &[Value], workers: &[(usize, i64)]) -> Sim {
        let policy = script::policy(|content| content["remediations"] = remediations.into());
        let mut script = Script::new(policy);
        let names: Vec<String> = remediations.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
        for name in &names {
            script.fires(name, &[("group", name), ("ClusterName", "main"), ("ServiceName", "api")]);
        }
        let all = script.members();
        let played: Vec<(Incident, Remedy)> = names.iter().map(|name| script.story(name)).collect();
        let target = played[0].1.target.clone().unwrap();
        let members = names.iter().map(|name| Rc::new(all.iter().filter(|it| it.alert.name == *name).cloned().collect()));
        let control = Control {
            policy: Some(PolicyInForce { version: "1".into(), previous: None, installed_at: script.now() }),
            ..Control::default()
        };
        let at = At::Asleep { due: script.now() };
        Sim {
            now: script.now(),
            policy: Rc::new(script.policy().clone()),
            members: members.collect(),
            control: Row::new(control),
            remedies: played.iter().map(|(_, remedy)| Row::new(Remedy { clock: 1, ..remedy.clone() })).collect(),
            incidents: Rc::new(played.into_iter().map(|(incident, _)| incident).collect()),
            lease: Row::new(Lease::free(target)),
            actions: Row::new(Actions::default()),
            minimum: MINIMUM,
            workers: workers.iter().map(|&(incident, seq)| Worker { incident, seq, at: at.clone() }).collect(),
            book: Book::default(),
        }
    }

    /// What a look at the service shows. It runs what its minimum asks for at once.
    fn facts(minimum: u32) -> TargetFacts {
        let running = NEEDED.max(minimum);
        TargetFacts::EcsScaleOut(EcsFacts {
            desired: running,
            running,
            scalable: Some(Scalable { min: minimum, max: MAXIMUM, is_out_suspended: false }),
            tags: managed(),
            ..ecs()
        })
    }

    pub(super) fn is_firing(&self, incident: usize) -> bool {
        self.members[incident].iter().any(AlertRecord::is_firing)
    }

    pub(super) fn alarm(&mut self, incident: usize, state: AlertState) {
        for member in Rc::make_mut(&mut self.members[incident]) {
            let mut next = member.history.newest().unwrap().clone();
            (next.state, next.state_at, next.claimed_at, next.received_at) = (state, self.now, self.now, self.now);
            member.history.add(next);
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.control.value.kill.all.is_some()
    }

    pub(super) fn stop(&mut self, is_stopped: bool) {
        let stop = Stop { by: "ann".into(), at: self.now, why: "drill".into() };
        let mut control = Control::clone(&self.control.value);
        control.kill.all = is_stopped.then_some(stop);
        self.control.put(control);
    }

    /// Somebody says yes or no, if there is an open question.
    pub(super) fn answers(&mut self, incident: usize, yes: bool) {
        let Row { value, version } = &self.remedies[incident];
        let answer = if yes { approve } else { decline };
        if let Ok((answered, _)) = answer(self.now, &self.incidents[incident].id, value, *version, "ann") {
            self.remedies[incident].put(answered);
        }
    }

    /// Somebody sets the minimum by hand.
    pub(super) fn somebody_sets(&mut self, minimum: u32) {
        self.minimum = minimum;
        self.book.somebody_set(minimum);
        for worker in &mut self.workers {
            worker.at.target_was_changed();
        }
    }

    pub(super) fn is_over(&self, incident: usize) -> bool {
        matches!(self.remedies[incident].value.stage, Stage::Over { .. })
    }

    /// Whether every remediation is over.
    pub(super) fn is_settled(&self) -> bool {
        (0..self.remedies.len()).all(|incident| self.is_over(incident))
    }

    /// Lets time pass. A tick does not outlive its function's timeout.
    pub(super) fn pass(&mut self, span: Span) {
        self.now = span.after(self.now);
        for n in 0..self.workers.len() {
            if self.workers[n].at.ticks_since().is_some_and(|since| TIMEOUT.after(since) <= self.now) {
                self.apply(n, Move::Crash);
            }
        }
    }
}
