//! What comes next for a remediation? The transitions between its stages.
//!
//! [`step`] is asked again and again: it wants a look at the target, gives a
//! change to store (with the act to carry out once it is stored), says how long
//! to wait, or that all is over. After an act, [`acted`] gives the change that
//! records how it went. A stage is stored before its act is begun, so whatever
//! happens in between, the next tick finds a stage that says what may have been
//! done, and looks before it does it again.

use jiff::Timestamp;

use super::facts::{Facts, TargetFacts};
use super::guard::{self, Refusal};
use super::{Actions, Holder, Lease, Outcome, Plan, Remedy, Stage, Target};
use crate::alert::digest;
use crate::control::Control;
use crate::incident::{AlertRecord, Incident, Status};
use crate::policy::{Mode, Policy, Remediation};
use crate::span::Span;
use crate::timeline::{Entry, EntryKind, Scribe};

/// How often the target is looked at first while it is verified.
const POLL: Span = Span::seconds(15);
/// How often it is looked at later.
const POLL_MAX: Span = Span::minutes(1);
/// How often a change that stands is looked at while alerts are firing.
const HOLDING_POLL: Span = Span::minutes(5);
/// How long after a restart was asked for its traces may take to show. Before
/// that, nothing is concluded from their absence.
const GRACE: Span = Span::minutes(1);
/// How often an act is begun.
const ATTEMPTS_MAX: u32 = 3;

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

/// What was seen of an act that may have been done.
enum Seen {
    Done,
    NotDone,
    Unclear,
    Gone(String),
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

fn propose(situation: Situation<'_>, facts: Option<&Facts>) -> Step {
    let Situation { now, policy, control, remedy, members, .. } = situation;
    if situation.calm_since().is_some() {
        return situation.withdraw();
    }
    let (remediation, target) = match guard::before_looking(now, policy, control, remedy, members)
        .and_then(|found| guard::age(now, found.0, remedy).map(|()| found))
    {
        Ok(found) => found,
        Err(refusal) => return situation.refuse(refusal),
    };
    let Some(facts) = facts else { return Step::Look(target) };
    let plan = match guard::plan(now, remediation, &target, facts) {
        Ok(plan) => plan,
        Err(refusal) => return situation.refuse(refusal),
    };
    match remediation.mode {
        Mode::Observe => {
            let would = plan.sentence();
            Step::Change(Box::new(situation.over(Outcome::Observed { would }, vec!["its mode is observe".to_owned()])))
        }
        Mode::Ask | Mode::Act if remediation.needs_approval => {
            let expires_at = remediation.approval_expires.after(now);
            let text = format!("asks for approval to {}", plan.sentence());
            let because = vec![format!("it needs a person's approval, until {expires_at}")];
            Step::Change(Box::new(situation.change(Stage::Asked { expires_at, plan }, text, because)))
        }
        Mode::Ask | Mode::Act => Step::Change(Box::new(claim(situation, remediation, facts, plan, None))),
    }
}

fn asked(situation: Situation<'_>, expires_at: Timestamp) -> Step {
    if situation.calm_since().is_some() {
        return situation.withdraw();
    }
    if let Some(stop) = situation.control.kill.stops(&situation.remedy.name) {
        return situation.refuse(Refusal::Stopped { by: stop.by.clone(), at: stop.at, why: stop.why.clone() });
    }
    if situation.now >= expires_at {
        return Step::Change(Box::new(situation.over(Outcome::Expired, Vec::new())));
    }
    Step::Wait(expires_at)
}

fn approved(situation: Situation<'_>, facts: Option<&Facts>, by: &str) -> Step {
    let Situation { now, policy, control, remedy, members, .. } = situation;
    if situation.calm_since().is_some() {
        return situation.withdraw();
    }
    let (remediation, target) = match guard::before_looking(now, policy, control, remedy, members) {
        Ok(found) => found,
        Err(refusal) => return situation.refuse(refusal),
    };
    let Some(facts) = facts else { return Step::Look(target) };
    match guard::plan(now, remediation, &target, facts) {
        Ok(plan) => Step::Change(Box::new(claim(situation, remediation, facts, plan, Some(by)))),
        Err(refusal) => situation.refuse(refusal),
    }
}

/// The target becomes ours, and the act is begun.
fn claim(situation: Situation<'_>, remediation: &Remediation, facts: &Facts, plan: Plan, by: Option<&str>) -> Change {
    let now = situation.now;
    let because = match by {
        Some(by) => vec!["every guard allows it".to_owned(), format!("approved by {by}")],
        None => vec!["every guard allows it".to_owned()],
    };
    let act = act_of(&plan);
    let text = plan.sentence();
    let stage = Stage::Acting { plan, claimed_at: now, attempt: 1, by: by.map(str::to_owned) };
    let mut change = situation.change(stage, text, because);
    change.lease = Some(Lease {
        holder: Some(Holder { incident: situation.incident.id.clone(), remediation: situation.remedy.name.clone(), since: now }),
        cooldown_until: Some(remediation.limits.cooldown.after(now)),
        ..facts.lease.clone()
    });
    change.actions = Some(facts.actions.with(now));
    change.act = Some(act);
    change
}

fn act_of(plan: &Plan) -> Act {
    match plan.clone() {
        Plan::RaiseMinimum { cluster, service, after, .. } => Act::SetMinimum { cluster, service, min: after },
        Plan::Reboot { instance, force_failover } => Act::Reboot { instance, force_failover },
        Plan::Failover { cluster, .. } => Act::Failover { cluster },
    }
}

/// An earlier tick began the act and did not say how it went.
fn acting(
    situation: Situation<'_>,
    facts: Option<&Facts>,
    plan: &Plan,
    claimed_at: Timestamp,
    attempt: u32,
    by: Option<&str>,
) -> Step {
    // A tick of this very execution is over when the next one runs. One of another
    // may still be about it.
    let settles_at = GRACE.after(claimed_at);
    if situation.clock != situation.remedy.clock && situation.now < settles_at {
        return Step::Wait(settles_at);
    }
    let Some(facts) = facts else { return look(situation) };
    match seen(plan, &facts.target, claimed_at) {
        Seen::Done => Step::Change(Box::new(verify(
            situation,
            plan,
            vec!["an earlier tick was cut off; the target shows that it was done".into()],
        ))),
        Seen::Gone(why) => Step::Change(Box::new(fail(situation, &facts.lease, &why))),
        Seen::Unclear if situation.now < settles_at => Step::Wait(settles_at),
        Seen::Unclear | Seen::NotDone if attempt < ATTEMPTS_MAX => {
            let stage =
                Stage::Acting { plan: plan.clone(), claimed_at: situation.now, attempt: attempt + 1, by: by.map(str::to_owned) };
            let text = format!("again: {}", plan.sentence());
            let because = vec!["an earlier tick was cut off; the target shows that it was not done".to_owned()];
            Step::Change(Box::new(Change { act: Some(act_of(plan)), ..situation.change(stage, text, because) }))
        }
        Seen::Unclear | Seen::NotDone => {
            Step::Change(Box::new(fail(situation, &facts.lease, &format!("{attempt} attempts left no trace on the target"))))
        }
    }
}

/// Whether the target shows that the plan was carried out.
fn seen(plan: &Plan, target: &TargetFacts, claimed_at: Timestamp) -> Seen {
    match (plan, target) {
        (_, TargetFacts::Missing) => Seen::Gone("the target does not exist any more".to_owned()),
        (Plan::RaiseMinimum { before, after, .. }, TargetFacts::Ecs(ecs)) => match ecs.scalable {
            Some(scalable) if scalable.min == *after => Seen::Done,
            Some(scalable) if scalable.min == *before => Seen::NotDone,
            Some(scalable) => Seen::Gone(format!("the minimum is {} now, set by somebody else", scalable.min)),
            None => Seen::Gone("the scalable target does not exist any more".to_owned()),
        },
        (Plan::Reboot { .. } | Plan::Failover { .. }, TargetFacts::Db(db)) => {
            if db.status != "available" || db.restarted_at.is_some_and(|at| at >= claimed_at) {
                Seen::Done
            } else {
                Seen::Unclear
            }
        }
        (Plan::RaiseMinimum { .. }, TargetFacts::Db(_)) | (Plan::Reboot { .. } | Plan::Failover { .. }, TargetFacts::Ecs(_)) => {
            Seen::Gone("the target is of another kind".to_owned())
        }
    }
}

fn verify(situation: Situation<'_>, plan: &Plan, because: Vec<String>) -> Change {
    let within = situation.remediation().map_or(Span::minutes(10), |remediation| remediation.verify_within);
    let deadline = within.after(situation.now);
    let stage = Stage::Verifying { plan: plan.clone(), deadline };
    situation.change(stage, format!("done; it must have helped by {deadline}"), because)
}

fn fail(situation: Situation<'_>, lease: &Lease, why: &str) -> Change {
    let mut change = situation.over(Outcome::Failed { why: why.to_owned() }, Vec::new());
    change.lease = Some(released(lease, Some(true)));
    change.nudge = true;
    change
}

fn verifying(situation: Situation<'_>, facts: Option<&Facts>, plan: &Plan, deadline: Timestamp) -> Step {
    let Some(facts) = facts else { return look(situation) };
    let now = situation.now;
    let is_calm = situation.calm_since().is_some();
    let in_place = is_in_place(plan, &facts.target);
    if is_calm && in_place.is_ok() {
        return Step::Change(Box::new(verified(situation, facts, plan)));
    }
    if now < deadline {
        return Step::Wait(situation.next_look(deadline).min(deadline));
    }
    let why = match in_place {
        Err(why) => why,
        Ok(()) => "the alarm is still firing".to_owned(),
    };
    Step::Change(Box::new(not_verified(situation, facts, plan, why)))
}

fn verified(situation: Situation<'_>, facts: &Facts, plan: &Plan) -> Change {
    let because = vec!["all alerts are OK, and the target is as it should be".to_owned()];
    let mut change = if plan.is_put_back() {
        let stage = Stage::Holding { plan: plan.clone(), recovered: true };
        let mut change = situation.change(stage, format!("helped: {}", plan.sentence()), because);
        change.lease = Some(Lease { n_failures: 0, ..facts.lease.clone() });
        change
    } else {
        let mut change = situation.over(Outcome::Recovered { did: plan.sentence() }, because);
        change.lease = Some(released(&facts.lease, Some(false)));
        change
    };
    change.nudge = true;
    change
}

fn not_verified(situation: Situation<'_>, facts: &Facts, plan: &Plan, why: String) -> Change {
    let mut change = if plan.is_put_back() {
        let stage = Stage::Holding { plan: plan.clone(), recovered: false };
        let mut change = situation.change(stage, format!("did not help: {}", plan.sentence()), vec![why]);
        change.lease = Some(Lease { n_failures: facts.lease.n_failures.saturating_add(1), ..facts.lease.clone() });
        change
    } else {
        let mut change = situation.over(Outcome::NotRecovered { did: plan.sentence() }, vec![why]);
        change.lease = Some(released(&facts.lease, Some(true)));
        change
    };
    change.nudge = true;
    change
}

/// Whether the target is as it should be after the plan; else what is not.
fn is_in_place(plan: &Plan, target: &TargetFacts) -> Result<(), String> {
    match (plan, target) {
        (Plan::RaiseMinimum { after, .. }, TargetFacts::Ecs(ecs)) => {
            if ecs.running < *after {
                Err(format!("{} of {after} tasks are running", ecs.running))
            } else if ecs.is_deploying {
                Err("a deployment is in progress".to_owned())
            } else {
                Ok(())
            }
        }
        (Plan::Reboot { .. } | Plan::Failover { .. }, TargetFacts::Db(db)) => {
            if db.status == "available" {
                Ok(())
            } else {
                Err(format!("the instance is {}", db.status))
            }
        }
        (_, TargetFacts::Missing)
        | (Plan::RaiseMinimum { .. }, TargetFacts::Db(_))
        | (Plan::Reboot { .. } | Plan::Failover { .. }, TargetFacts::Ecs(_)) => {
            Err("the target does not exist any more".to_owned())
        }
    }
}

fn holding(situation: Situation<'_>, facts: Option<&Facts>, plan: &Plan, recovered: bool) -> Step {
    let now = situation.now;
    let Some(since) = situation.calm_since() else { return Step::Wait(situation.scaled(HOLDING_POLL).after(now)) };
    let after_ok = situation.remediation().map_or(Span::minutes(10), |remediation| remediation.revert_after_ok);
    let due = after_ok.after(since);
    if now < due {
        return Step::Wait(due);
    }
    let Some(facts) = facts else { return look(situation) };
    let Plan::RaiseMinimum { cluster, service, before, after, .. } = plan else {
        return Step::Change(Box::new(kept(situation, &facts.lease, plan, recovered, "there is nothing to put back")));
    };
    match scalable_minimum(&facts.target) {
        Some(min) if min == *after => {
            let stage = Stage::Reverting { plan: plan.clone(), recovered };
            let text = format!("put the minimum capacity of {cluster}/{service} back to {before}");
            let because = vec![format!("all has been well since {since}")];
            let act = Act::SetMinimum { cluster: cluster.clone(), service: service.clone(), min: *before };
            Step::Change(Box::new(Change { act: Some(act), ..situation.change(stage, text, because) }))
        }
        Some(min) => {
            let why = format!("the minimum is {min} now, which is not the {after} that was set");
            Step::Change(Box::new(kept(situation, &facts.lease, plan, recovered, &why)))
        }
        None => {
            Step::Change(Box::new(kept(situation, &facts.lease, plan, recovered, "the scalable target does not exist any more")))
        }
    }
}

/// An earlier tick began to put it back and did not say how that went.
fn reverting(situation: Situation<'_>, facts: Option<&Facts>, plan: &Plan, recovered: bool) -> Step {
    let Some(facts) = facts else { return look(situation) };
    let Plan::RaiseMinimum { cluster, service, before, after, .. } = plan else {
        return Step::Change(Box::new(kept(situation, &facts.lease, plan, recovered, "there is nothing to put back")));
    };
    let change = match scalable_minimum(&facts.target) {
        Some(min) if min == *before => reverted(situation, &facts.lease, plan, recovered),
        Some(min) if min == *after => {
            let stage = Stage::Reverting { plan: plan.clone(), recovered };
            let text = format!("again: put the minimum capacity of {cluster}/{service} back to {before}");
            let act = Act::SetMinimum { cluster: cluster.clone(), service: service.clone(), min: *before };
            Change { act: Some(act), ..situation.change(stage, text, vec!["an earlier tick was cut off".to_owned()]) }
        }
        Some(min) => kept(situation, &facts.lease, plan, recovered, &format!("the minimum is {min} now, set by somebody else")),
        None => kept(situation, &facts.lease, plan, recovered, "the scalable target does not exist any more"),
    };
    Step::Change(Box::new(change))
}

fn scalable_minimum(target: &TargetFacts) -> Option<u32> {
    match target {
        TargetFacts::Ecs(ecs) => ecs.scalable.map(|scalable| scalable.min),
        TargetFacts::Missing | TargetFacts::Db(_) => None,
    }
}

fn reverted(situation: Situation<'_>, lease: &Lease, plan: &Plan, recovered: bool) -> Change {
    let mut change = situation.over(Outcome::Reverted { did: plan.sentence(), recovered }, Vec::new());
    change.lease = Some(released(lease, None));
    change.nudge = true;
    change
}

fn kept(situation: Situation<'_>, lease: &Lease, plan: &Plan, recovered: bool, why: &str) -> Change {
    let mut change = situation.over(Outcome::Kept { did: plan.sentence(), why: why.to_owned(), recovered }, Vec::new());
    change.lease = Some(released(lease, None));
    change.nudge = true;
    change
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

/// Somebody agrees to what was asked.
///
/// # Errors
/// A sentence, when there is no open question.
pub fn approve(now: Timestamp, remedy: &Remedy, version: u64, by: &str) -> Result<(Remedy, Vec<Entry>), String> {
    answer(now, remedy, version, by, "approved", |by| (Stage::Approved { by, at: now }, Some(now)))
}

/// Somebody does not agree.
///
/// # Errors
/// A sentence, when there is no open question.
pub fn decline(now: Timestamp, remedy: &Remedy, version: u64, by: &str) -> Result<(Remedy, Vec<Entry>), String> {
    answer(now, remedy, version, by, "declined", |by| (Stage::Over { at: now, outcome: Outcome::Declined { by } }, None))
}

fn answer(
    now: Timestamp,
    remedy: &Remedy,
    version: u64,
    by: &str,
    verb: &str,
    next: impl FnOnce(String) -> (Stage, Option<Timestamp>),
) -> Result<(Remedy, Vec<Entry>), String> {
    let Stage::Asked { expires_at, plan } = &remedy.stage else {
        return Err(format!("{} does not wait for approval: {}", remedy.name, remedy.stage.sentence()));
    };
    if now >= *expires_at {
        return Err(format!("the request for approval of {} ran out at {expires_at}", remedy.name));
    }
    let mut scribe = Scribe::new(now, format!("r{}-{version}", &digest(remedy.name.as_bytes())[..6]));
    let text = format!("{by} {verb} {}: {}", remedy.name, plan.sentence());
    scribe.note_by(EntryKind::Answer, text, Vec::new(), Some(by.to_owned()));
    let (stage, wake_at) = next(by.to_owned());
    Ok((Remedy { stage, wake_at, ..remedy.clone() }, scribe.finish()))
}
