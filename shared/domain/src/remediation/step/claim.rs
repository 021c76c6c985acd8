//! The target becomes ours: alone, or together with those for whom the same change
//! stands already.

use jiff::Timestamp;

use super::before::pass_over;
use super::verify::verify_shared;
use super::{Change, Situation, Step};
use crate::policy::Remediation;
use crate::remediation::action::Planned;
use crate::remediation::guard::{self, Facts};
use crate::remediation::{Held, Lease, Phase, Plan, Refusal, Stage};

/// The target becomes ours, before anything is done.
pub(super) fn claim(
    situation: Situation<'_>,
    remediation: &Remediation,
    facts: &Facts,
    planned: Planned<Plan>,
    by: Option<&str>,
) -> Change {
    let (now, holder) = (situation.now, situation.holder());
    let mut because = vec!["every guard allows it".to_owned()];
    because.extend(by.map(|by| format!("approved by {by}")));
    because.extend(planned.caveats);
    let plan = planned.plan;
    let text = format!("claims the target to {}", plan.sentence());
    let stage = Stage::Claimed { plan: plan.clone(), at: now, by: by.map(str::to_owned) };
    let mut change = situation.change(stage, text, because);
    change.lease = Some(Lease {
        held: Some(Held { by: vec![holder.clone()], since: now, plan, phase: Phase::Begun }),
        cooldown_until: Some(remediation.limits.cooldown.after(now)),
        last: Some(holder),
        ..facts.lease.clone()
    });
    change.actions = Some(facts.actions.with(now));
    change
}

/// Takes part in a change that stands for another incident.
pub(super) fn join(situation: Situation<'_>, remediation: &Remediation, facts: &Facts, plan: &Plan) -> Change {
    let holder = situation.holder();
    let others: Vec<String> = facts.lease.others(&holder).map(|other| other.incident.to_string()).collect();
    let because = vec![format!("it stands for incident {}; whoever is last puts it back", others.join(", "))];
    let mut change = verify_shared(situation, remediation, plan, because);
    change.lease = Some(facts.lease.shared_with(&holder));
    change
}

/// Ours, and nothing done yet: now it is, unless somebody has stopped it, or the
/// target has changed since.
pub(super) fn claimed(situation: Situation<'_>, facts: Option<&Facts>, plan: &Plan, at: Timestamp, by: Option<&str>) -> Step {
    let (remediation, target) = match situation.may_look(by.is_some()) {
        Ok(found) => found,
        Err(refusal) => {
            let Some(facts) = facts else { return situation.look_after(plan, at) };
            return give_back(situation, facts, refusal);
        }
    };
    let Some(facts) = facts else { return Step::look_before(remediation, target) };
    if situation.calm_since().is_some() {
        let mut change = situation.withdraw();
        change.lease = Some(situation.released(&facts.lease, None));
        return Step::Change(Box::new(change));
    }
    match guard::fitting(situation.now, remediation, situation.remedy, &target, facts) {
        Ok(planned) if planned.plan.is_covered_by(plan) => Step::Change(Box::new(begin(situation, facts, &planned.plan, by))),
        Ok(_) => {
            let because = vec!["the target has changed since it was claimed".to_owned()];
            let mut change = situation.change(Stage::Proposed, "considers it anew", because);
            change.lease = Some(situation.released(&facts.lease, None));
            Step::Change(Box::new(change))
        }
        Err(refusal @ Refusal::Unfit { .. }) if situation.has_next_step() => {
            let mut change = pass_over(situation, &refusal);
            change.lease = Some(situation.released(&facts.lease, None));
            Step::Change(Box::new(change))
        }
        Err(refusal) => give_back(situation, facts, refusal),
    }
}

/// The act is begun.
fn begin(situation: Situation<'_>, facts: &Facts, plan: &Plan, by: Option<&str>) -> Change {
    let because = by.map(|by| format!("approved by {by}")).into_iter().collect();
    let (by, clock) = (by.map(str::to_owned), situation.clock);
    let stage = Stage::Acting { plan: plan.clone(), since: situation.now, attempt: 1, by, clock };
    let mut change = situation.change(stage, plan.sentence(), because);
    // What stands for others to share is just what was done.
    let mut lease = facts.lease.clone();
    if let Some(held) = &mut lease.held {
        held.plan = plan.clone();
    }
    change.lease = Some(lease);
    change.act = situation.act(plan, false);
    change
}

fn give_back(situation: Situation<'_>, facts: &Facts, refusal: Refusal) -> Step {
    let Step::Change(mut change) = situation.refuse(refusal) else { return Step::Done };
    change.lease = Some(situation.released(&facts.lease, None));
    Step::Change(change)
}
