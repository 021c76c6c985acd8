//! What comes next for a remediation? The transitions between its stages.
//!
//! [`step`] is asked again and again: it wants a look at the target, gives a
//! change to store (with the act to carry out once it is stored), says how long
//! to wait, or that all is over. After an act, [`acted`] gives the change that
//! records how it went. A stage is stored before its act is begun, so whatever
//! happens in between, the next tick finds a stage that says what may have been
//! done, and looks before it does it again.

mod acting;
mod answer;
mod before;
mod revert;
mod verify;

use jiff::Timestamp;

use super::facts::Facts;
use super::guard::Refusal;
use super::{Actions, Lease, Outcome, Remedy, Stage, Target};
use crate::alert::digest;
use crate::control::Control;
use crate::incident::{AlertRecord, Incident, Status};
use crate::policy::{Policy, Remediation};
use crate::span::Span;
use crate::timeline::{Entry, EntryKind, Scribe};

use self::acting::{acting, fail};
pub use self::answer::{approve, decline};
use self::before::{approved, asked, propose};
use self::revert::{holding, kept, reverted, reverting};
use self::verify::{verify, verifying};

/// How often the target is looked at first while it is verified.
const POLL: Span = Span::seconds(15);

/// How often it is looked at later.
const POLL_MAX: Span = Span::minutes(1);

/// All that is known but the target.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'s> {
    /// The moment.
    pub now: Timestamp,
    /// The standing orders.
    pub policy: &'s Policy,
    /// What operators have changed.
    pub control: &'s Control,
    /// The incident.
    pub incident: &'s Incident,
    /// Its alerts.
    pub members: &'s [AlertRecord],
    /// The remediation.
    pub remedy: &'s Remedy,
    /// The version of its row, for the timeline's keys.
    pub version: u64,
    /// The execution of the clock whose tick this is.
    pub clock: i64,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing any more.
    Done,
    /// Nothing before this moment.
    Wait(Timestamp),
    /// Look at the target, and ask again.
    Look(Target),
    /// Store this; then do what it says.
    Change(Box<Change>),
}

/// A change to store in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The remediation's next state.
    pub remedy: Remedy,
    /// The target's lease, if it changes.
    pub lease: Option<Lease>,
    /// The account's recent actions, if they change.
    pub actions: Option<Actions>,
    /// What to note.
    pub entries: Vec<Entry>,
    /// What to do once this is stored.
    pub act: Option<Act>,
    /// Whether the escalation should look at once.
    pub nudge: bool,
}

/// Something to do to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Set the minimum capacity of an ECS service's scalable target, and nothing
    /// else of it.
    SetMinimum {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        service: String,
        /// The minimum.
        min: u32,
    },
    /// Restart an instance.
    Reboot {
        /// Its identifier.
        instance: String,
        /// By failing over.
        force_failover: bool,
    },
    /// Fail over a cluster.
    Failover {
        /// Its identifier.
        cluster: String,
    },
}

/// How an act went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActResult {
    /// The service took it.
    Done,
    /// It may work later.
    NotNow(String),
    /// It will not work.
    Impossible(String),
}

/// Says what comes next; `facts` are those of the last look, if there was one.
pub fn step(situation: Situation<'_>, facts: Option<&Facts>) -> Step {
    let Situation { now, remedy, .. } = situation;
    match &remedy.stage {
        Stage::Proposed => propose(situation, facts),
        Stage::Asked { expires_at, .. } => asked(situation, *expires_at),
        Stage::Approved { by, .. } => approved(situation, facts, by),
        Stage::Acting { plan, claimed_at, attempt, by } => acting(situation, facts, plan, *claimed_at, *attempt, by.as_deref()),
        Stage::Verifying { plan, deadline } => verifying(situation, facts, plan, *deadline),
        Stage::Holding { plan, recovered } => holding(situation, facts, plan, *recovered),
        Stage::Reverting { plan, recovered } => reverting(situation, facts, plan, *recovered),
        Stage::Over { .. } => match remedy.wake_at {
            // A row that is over has no wake-up.
            Some(_) => Step::Wait(now),
            None => Step::Done,
        },
    }
}

impl<'s> Situation<'s> {
    /// Whether nothing is wrong any more: no alert is firing, or a person said so.
    fn calm_since(self) -> Option<Timestamp> {
        match &self.incident.status {
            Status::Resolved { at, .. } | Status::Closed { at } => Some(*at),
            Status::Triggered | Status::Acknowledged { .. } => {
                let is_firing = self.members.iter().any(AlertRecord::is_firing);
                let heard = self.members.iter().filter_map(AlertRecord::heard_at).max();
                if is_firing { None } else { Some(heard.unwrap_or(self.incident.opened_at)) }
            }
        }
    }

    fn remediation(self) -> Option<&'s Remediation> {
        self.policy.remediation(&self.remedy.name)
    }

    fn scaled(self, span: Span) -> Span {
        span.shortened(self.policy.time_scale).max(Span::seconds(1))
    }

    /// When the target is looked at again while it is verified: often at first,
    /// then ever more seldom, up to once a minute.
    fn next_look(self, deadline: Timestamp) -> Timestamp {
        let within = self.remediation().map_or(Span::ZERO, |remediation| remediation.verify_within);
        let elapsed = Span::between(within.before(deadline), self.now);
        let pause = Span::millis(elapsed.as_millis() / 4).clamp(self.scaled(POLL), self.scaled(POLL_MAX));
        pause.after(self.now)
    }

    fn change(self, stage: Stage, text: impl Into<String>, because: Vec<String>) -> Change {
        let prefix = format!("r{}-{}", &digest(self.remedy.name.as_bytes())[..6], self.version);
        let mut scribe = Scribe::new(self.now, prefix);
        scribe.note(EntryKind::Remediation, format!("{}: {}", self.remedy.name, text.into()), because);
        let mut remedy = self.remedy.clone();
        remedy.clock = remedy.clock.max(self.clock);
        remedy.wake_at = match &stage {
            Stage::Over { .. } => None,
            Stage::Asked { expires_at, .. } => Some(*expires_at),
            Stage::Proposed
            | Stage::Approved { .. }
            | Stage::Acting { .. }
            | Stage::Verifying { .. }
            | Stage::Holding { .. }
            | Stage::Reverting { .. } => Some(self.now),
        };
        remedy.stage = stage;
        Change { remedy, lease: None, actions: None, entries: scribe.finish(), act: None, nudge: false }
    }

    fn over(self, outcome: Outcome, because: Vec<String>) -> Change {
        let text = outcome.sentence();
        self.change(Stage::Over { at: self.now, outcome }, text, because)
    }

    fn refuse(self, refusal: Refusal) -> Step {
        // People have been waiting for this; they need not any more.
        Step::Change(Box::new(Change { nudge: true, ..self.over(Outcome::Refused { refusal }, Vec::new()) }))
    }

    fn withdraw(self) -> Step {
        Step::Change(Box::new(self.over(Outcome::Withdrawn { why: "nothing is firing any more".to_owned() }, Vec::new())))
    }
}

/// The lease given back; `failed` counts for the breaker.
fn released(lease: &Lease, failed: Option<bool>) -> Lease {
    let n_failures = match failed {
        Some(true) => lease.n_failures.saturating_add(1),
        Some(false) => 0,
        None => lease.n_failures,
    };
    Lease { holder: None, n_failures, ..lease.clone() }
}

fn look(situation: Situation<'_>) -> Step {
    match &situation.remedy.target {
        Some(target) => Step::Look(target.clone()),
        // Only what has a target gets beyond the guards.
        None => situation.refuse(Refusal::NoTarget),
    }
}

/// Records how an act went; none when it is to be tried again, at the moment
/// given by [`retry_at`].
pub fn acted(situation: Situation<'_>, lease: &Lease, result: &ActResult) -> Option<Change> {
    let (stage, why) = match result {
        ActResult::NotNow(_) => return None,
        ActResult::Done => (&situation.remedy.stage, None),
        ActResult::Impossible(why) => (&situation.remedy.stage, Some(why)),
    };
    match (stage, why) {
        (Stage::Acting { plan, .. }, None) => Some(verify(situation, plan, Vec::new())),
        (Stage::Acting { .. }, Some(why)) => Some(fail(situation, lease, why)),
        (Stage::Reverting { plan, recovered }, None) => Some(reverted(situation, lease, plan, *recovered)),
        (Stage::Reverting { plan, recovered }, Some(why)) => Some(kept(situation, lease, plan, *recovered, why)),
        (
            Stage::Proposed
            | Stage::Asked { .. }
            | Stage::Approved { .. }
            | Stage::Verifying { .. }
            | Stage::Holding { .. }
            | Stage::Over { .. },
            _,
        ) => None,
    }
}

/// When an act that could not be done now is looked at again.
pub fn retry_at(situation: Situation<'_>) -> Timestamp {
    situation.scaled(POLL).after(situation.now)
}
