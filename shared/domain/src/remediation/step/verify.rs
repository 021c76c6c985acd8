//! After the act: has it helped, within its time?

use crate::text::instant;
use jiff::Timestamp;

use super::before::try_next;
use super::{Change, Situation, Step};
use crate::policy::{Remediation, Verify};
use crate::remediation::action::Lacking;
use crate::remediation::guard::Facts;
use crate::remediation::{Lease, Outcome, Phase, Plan, Stage};
use crate::span::Span;

/// The change stands; it is seen whether it helps.
pub(super) fn verify(situation: Situation<'_>, lease: &Lease, plan: &Plan, since: Timestamp, because: Vec<String>) -> Change {
    let mut change = waiting(situation, wanted(situation).within, plan, since, "done", because);
    change.lease = Some(lease.in_phase(Phase::Stands));
    change
}

/// The same for a change that another incident has made.
pub(super) fn verify_shared(situation: Situation<'_>, remediation: &Remediation, plan: &Plan, because: Vec<String>) -> Change {
    let did = format!("shares what was done: {}", plan.sentence());
    waiting(situation, remediation.verify.within, plan, situation.now, &did, because)
}

fn waiting(situation: Situation<'_>, within: Span, plan: &Plan, since: Timestamp, did: &str, because: Vec<String>) -> Change {
    let deadline = within.after(situation.now);
    let stage = Stage::Verifying { plan: plan.clone(), since, deadline };
    situation.change(stage, format!("{did}; it must have helped by {}", instant(deadline)), because)
}

/// What must be true; for a remediation that the policy has no more, as if it said
/// nothing of that.
fn wanted(situation: Situation<'_>) -> Verify {
    let otherwise = Verify { within: Span::minutes(10), alarm_ok: true, in_place: true };
    situation.remediation().map_or(otherwise, |remediation| remediation.verify)
}

pub(super) fn verifying(
    situation: Situation<'_>,
    facts: Option<&Facts>,
    plan: &Plan,
    since: Timestamp,
    deadline: Timestamp,
) -> Step {
    let Some(facts) = facts else { return situation.look_after(plan, since) };
    let now = situation.now;
    let wanted = wanted(situation);
    let in_place = if wanted.in_place { plan.in_place(&facts.target) } else { Ok(()) };
    let is_calm = !wanted.alarm_ok || situation.calm_since().is_some();
    match in_place {
        Ok(()) if is_calm => Step::Change(Box::new(verified(situation, facts, plan))),
        Ok(()) | Err(Lacking::Yet(_)) if now < deadline => Step::Wait(situation.next_look(deadline).min(deadline)),
        Ok(()) => Step::Change(Box::new(not_verified(situation, facts, plan, "the alarm is still firing".to_owned()))),
        Err(Lacking::Yet(why) | Lacking::Failed(why)) => Step::Change(Box::new(not_verified(situation, facts, plan, why))),
    }
}

fn verified(situation: Situation<'_>, facts: &Facts, plan: &Plan) -> Change {
    let because = vec!["what was to be seen afterwards was seen".to_owned()];
    let mut change = if plan.is_put_back() {
        let stage = Stage::Holding { plan: plan.clone(), recovered: true };
        let mut change = situation.change(stage, format!("helped: {}", plan.sentence()), because);
        change.lease = Some(Lease { n_failures: 0, ..facts.lease.clone() });
        change
    } else {
        let mut change = situation.over(Outcome::Recovered { did: plan.sentence() }, because);
        change.lease = Some(situation.released(&facts.lease, Some(false)));
        change
    };
    change.nudge = true;
    change
}

fn not_verified(situation: Situation<'_>, facts: &Facts, plan: &Plan, why: String) -> Change {
    let (holder, lease) = (situation.holder(), &facts.lease);
    let mut change = if plan.is_put_back() {
        let stage = Stage::Holding { plan: plan.clone(), recovered: false };
        let mut change = situation.change(stage, format!("did not help: {}", plan.sentence()), vec![why]);
        // One change that did not help is one failure, however many share it, and whoever
        // of them is left: it counts for the one who made it.
        let is_made_by_us = lease.last.as_ref() == Some(&holder);
        change.lease = Some(Lease { n_failures: lease.n_failures.saturating_add(u32::from(is_made_by_us)), ..lease.clone() });
        change
    } else if situation.has_next_step() && situation.calm_since().is_none() {
        let mut change = try_next(situation, &format!("to {} did not help", plan.sentence()), vec![why]);
        change.lease = Some(situation.released(lease, None));
        change
    } else {
        let mut change = situation.over(Outcome::NotRecovered { did: plan.sentence() }, vec![why]);
        change.lease = Some(situation.released(lease, Some(true)));
        change
    };
    change.nudge = true;
    change
}
