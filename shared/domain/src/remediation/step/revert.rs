//! When it is not needed any more: is it put back, and if not, why?

use super::{Act, Change, Situation, Step, look, released};
use crate::remediation::facts::{Facts, TargetFacts};
use crate::remediation::{Lease, Outcome, Plan, Stage};
use crate::span::Span;
use crate::text::instant;

/// How often a change that stands is looked at while alerts are firing.
const HOLDING_POLL: Span = Span::minutes(5);

pub(super) fn holding(situation: Situation<'_>, facts: Option<&Facts>, plan: &Plan, recovered: bool) -> Step {
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
            let because = vec![format!("all has been well since {}", instant(since))];
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
pub(super) fn reverting(situation: Situation<'_>, facts: Option<&Facts>, plan: &Plan, recovered: bool) -> Step {
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

pub(super) fn reverted(situation: Situation<'_>, lease: &Lease, plan: &Plan, recovered: bool) -> Change {
    let mut change = situation.over(Outcome::Reverted { did: plan.sentence(), recovered }, Vec::new());
    change.lease = Some(released(lease, None));
    change.nudge = true;
    change
}

pub(super) fn kept(situation: Situation<'_>, lease: &Lease, plan: &Plan, recovered: bool, why: &str) -> Change {
    let mut change = situation.over(Outcome::Kept { did: plan.sentence(), why: why.to_owned(), recovered }, Vec::new());
    change.lease = Some(released(lease, None));
    change.nudge = true;
    change
}
