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
mod claim;
mod observe;
mod revert;
mod verify;

use jiff::Timestamp;

use super::guard::{self, Facts};
use super::{Action, Actions, Holder, Lease, Outcome, Plan, Refusal, Remedy, Stage, Target};
use crate::alert::digest;
use crate::control::Control;
use crate::incident::{AlertRecord, Incident, Status};
use crate::policy::{Policy, Remediation};
use crate::span::Span;
use crate::timeline::{Entry, EntryKind, Scribe};

use self::acting::{Begun, acting, fail};
pub use self::answer::{approve, decline};
use self::before::{approved, asked, propose};
use self::claim::claimed;
use self::observe::observing;
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
    Look(Box<Look>),
    /// Store this; then do what it says.
    Change(Box<Change>),
}

impl Step {
    /// A look at the target to decide about the action.
    fn look_before(remediation: &Remediation, target: Target) -> Step {
        Step::Look(Box::new(Look { target, view: View::Before(remediation.action.clone()) }))
    }
}

/// A look at a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What to look at.
    pub target: Target,
    /// What for.
    pub view: View,
}

/// What a look is for: it may cost less, or need more, before or after an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// To decide about this action.
    Before(Action),
    /// To see what became of this plan.
    After {
        /// The plan.
        plan: Plan,
        /// When it was done, or at the earliest may have been.
        since: Timestamp,
        /// Under which name: see [`Remedy::reference`].
        reference: String,
    },
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
    /// What to do once this is stored. Such a change is stored only if nobody has
    /// touched the kill switch since it was read.
    pub act: Option<Act>,
    /// Whether the escalation should look at once.
    pub nudge: bool,
}

/// Something to do to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The target.
    pub target: Target,
    /// What is done or put back.
    pub plan: Plan,
    /// Whether it is put back.
    pub is_undoing: bool,
    /// Under which name: see [`Remedy::reference`].
    pub reference: String,
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
    match &situation.remedy.stage {
        Stage::Proposed => propose(situation, facts),
        Stage::Observing { plan, at } => observing(situation, facts, plan, *at),
        Stage::Asked { expires_at, .. } => asked(situation, *expires_at),
        Stage::Approved { by, expires_at, plan, .. } => approved(situation, facts, by, *expires_at, plan),
        Stage::Claimed { plan, at, by } => claimed(situation, facts, plan, *at, by.as_deref()),
        Stage::Acting { plan, since, attempt, by, clock } => {
            acting(situation, facts, plan, Begun { at: *since, clock: *clock }, *attempt, by.as_deref())
        }
        Stage::Verifying { plan, since, deadline } => verifying(situation, facts, plan, *since, *deadline),
        Stage::Holding { plan, recovered } => holding(situation, facts, plan, *recovered),
        Stage::Reverting { plan, recovered, since, clock } => {
            reverting(situation, facts, plan, *recovered, Begun { at: *since, clock: *clock })
        }
        Stage::Over { .. } => Step::Done,
    }
}

impl<'s> Situation<'s> {
    /// Since when nothing is wrong any more: no alert is firing, or a person said so.
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

    /// Whether the action has a step after the one that it is at.
    fn has_next_step(self) -> bool {
        self.remediation().is_some_and(|remediation| self.remedy.step + 1 < remediation.action.n_steps())
    }

    fn holder(self) -> Holder {
        Holder { incident: self.incident.id.clone(), remediation: self.remedy.name.clone() }
    }

    fn scaled(self, span: Span) -> Span {
        span.shortened(self.policy.time_scale).max(Span::seconds(1))
    }

    /// The guards that need no look. What a person approved may take the time that it
    /// took them.
    fn may_look(self, is_approved: bool) -> Result<(&'s Remediation, Target), Refusal> {
        let (remediation, target) = guard::before_looking(self.now, self.policy, self.control, self.remedy, self.members)?;
        if !is_approved {
            guard::age(self.now, remediation, self.remedy)?;
        }
        Ok((remediation, target))
    }

    /// When the target is looked at again while it is verified: often at first,
    /// then ever more seldom, up to once a minute.
    fn next_look(self, deadline: Timestamp) -> Timestamp {
        let within = self.remediation().map_or(Span::ZERO, |remediation| remediation.verify.within);
        let elapsed = Span::between(within.before(deadline), self.now);
        let pause = Span::millis(elapsed.as_millis() / 4).clamp(self.scaled(POLL), self.scaled(POLL_MAX));
        pause.after(self.now)
    }

    /// A look at the target for what became of `plan`.
    fn look_after(self, plan: &Plan, since: Timestamp) -> Step {
        match &self.remedy.target {
            Some(target) => {
                let view = View::After { plan: plan.clone(), since, reference: self.reference() };
                Step::Look(Box::new(Look { target: target.clone(), view }))
            }
            // Only what has a target gets beyond the guards.
            None => self.refuse(Refusal::NoTarget),
        }
    }

    fn reference(self) -> String {
        self.remedy.reference(&self.incident.id)
    }

    fn act(self, plan: &Plan, is_undoing: bool) -> Option<Act> {
        let target = self.remedy.target.clone()?;
        Some(Act { target, plan: plan.clone(), is_undoing, reference: self.reference() })
    }

    fn change(self, stage: Stage, text: impl Into<String>, because: Vec<String>) -> Change {
        let mut remedy = self.remedy.clone();
        remedy.clock = remedy.clock.max(self.clock);
        remedy.wake_at = Some(match &stage {
            Stage::Asked { expires_at, .. } => *expires_at,
            Stage::Proposed
            | Stage::Observing { .. }
            | Stage::Approved { .. }
            | Stage::Claimed { .. }
            | Stage::Acting { .. }
            | Stage::Verifying { .. }
            | Stage::Holding { .. }
            | Stage::Reverting { .. }
            // Until the end is published, too.
            | Stage::Over { .. } => self.now,
        });
        remedy.come_to(stage, self.now, &self.incident.id, self.version, &because);
        let mut scribe = Scribe::new(self.now, prefix(self.remedy, self.version));
        scribe.note(EntryKind::Remediation, format!("{}: {}", self.remedy.name, text.into()), because);
        Change { remedy, lease: None, actions: None, entries: scribe.finish(), act: None, nudge: false }
    }

    fn over(self, outcome: Outcome, because: Vec<String>) -> Change {
        let text = outcome.sentence();
        self.change(Stage::Over { at: self.now, outcome }, text, because)
    }

    fn refuse(self, refusal: Refusal) -> Step {
        // People have been waiting for this; they need not any more.
        let because = vec![format!("guard: {}", refusal.guard())];
        Step::Change(Box::new(Change { nudge: true, ..self.over(Outcome::Refused { refusal }, because) }))
    }

    /// The lease without this remediation; `failed` counts for the breaker.
    fn released(self, lease: &Lease, failed: Option<bool>) -> Lease {
        let n_failures = match failed {
            Some(true) => lease.n_failures.saturating_add(1),
            Some(false) => 0,
            None => lease.n_failures,
        };
        Lease { n_failures, ..lease.without(&self.holder()) }
    }

    fn withdraw(self) -> Change {
        self.over(Outcome::Withdrawn { why: "nothing is firing any more".to_owned() }, Vec::new())
    }
}

fn prefix(remedy: &Remedy, version: u64) -> String {
    format!("r{}-{version}", &digest(remedy.name.as_bytes())[..6])
}

/// Records how an act went; none when it is to be tried again, at the moment
/// given by [`retry_at`].
pub fn acted(situation: Situation<'_>, lease: &Lease, result: &ActResult) -> Option<Change> {
    let why = match result {
        ActResult::NotNow(_) => return None,
        ActResult::Done => None,
        ActResult::Impossible(why) => Some(why),
    };
    match (&situation.remedy.stage, why) {
        (Stage::Acting { plan, since, .. }, None) => Some(verify(situation, lease, plan, *since, Vec::new())),
        (Stage::Acting { .. }, Some(why)) => Some(fail(situation, lease, why)),
        (Stage::Reverting { plan, recovered, .. }, None) => Some(reverted(situation, lease, plan, *recovered)),
        (Stage::Reverting { plan, recovered, .. }, Some(why)) => Some(kept(situation, lease, plan, *recovered, why)),
        (
            Stage::Proposed
            | Stage::Observing { .. }
            | Stage::Asked { .. }
            | Stage::Approved { .. }
            | Stage::Claimed { .. }
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
