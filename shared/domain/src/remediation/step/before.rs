//! Before anything is done: may it be, and must a person agree?

use crate::text::instant;
use jiff::Timestamp;

use super::acting::act_of;
use super::{Change, Situation, Step};
use crate::policy::{Mode, Remediation};
use crate::remediation::facts::Facts;
use crate::remediation::guard::{self, Refusal};
use crate::remediation::{Holder, Lease, Outcome, Plan, Stage};

pub(super) fn propose(situation: Situation<'_>, facts: Option<&Facts>) -> Step {
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
            let because = vec![format!("it needs a person's approval, until {}", instant(expires_at))];
            Step::Change(Box::new(situation.change(Stage::Asked { expires_at, plan }, text, because)))
        }
        Mode::Ask | Mode::Act => Step::Change(Box::new(claim(situation, remediation, facts, plan, None))),
    }
}

pub(super) fn asked(situation: Situation<'_>, expires_at: Timestamp) -> Step {
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

pub(super) fn approved(situation: Situation<'_>, facts: Option<&Facts>, by: &str) -> Step {
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
