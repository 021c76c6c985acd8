//! When it is not needed any more: is it put back, and if not, why?

use super::{Begun, Change, Situation, Step};
use crate::remediation::action::Standing;
use crate::remediation::guard::Facts;
use crate::remediation::{Lease, Outcome, Phase, Plan, Stage};
use crate::span::Span;
use crate::text::instant;

/// How often a change that stands is looked at while alerts are firing.
const HOLDING_POLL: Span = Span::minutes(5);

/// How long all must be well when the policy has the remediation no more.
const HOLD_DOWN: Span = Span::minutes(10);

pub(super) fn holding(situation: Situation<'_>, facts: Option<&Facts>, plan: &Plan, recovered: bool) -> Step {
    let now = situation.now;
    let Some(since) = situation.calm_since() else { return Step::Wait(situation.scaled(HOLDING_POLL).after(now)) };
    let hold_down = situation.remediation().map_or(Some(HOLD_DOWN), |remediation| remediation.hold_down);
    let due = hold_down.unwrap_or(Span::ZERO).after(since);
    if now < due {
        return Step::Wait(due);
    }
    let Some(facts) = facts else { return situation.look_after(plan, since) };
    let holder = situation.holder();
    if let Some(other) = facts.lease.others(&holder).next() {
        let outcome = Outcome::HandedOn { did: plan.sentence(), to: other.incident.clone(), recovered };
        let mut change = situation.over(outcome, vec![format!("all has been well since {}", instant(since))]);
        change.lease = Some(situation.released(&facts.lease, None));
        change.nudge = true;
        return Step::Change(Box::new(change));
    }
    if hold_down.is_none() {
        return Step::Change(Box::new(kept(situation, &facts.lease, plan, recovered, "the policy says that it stays")));
    }
    let change = match plan.standing(&facts.target) {
        Standing::Ours => {
            let because = vec![format!("all has been well since {}", instant(since))];
            let mut change = situation.change(begun(situation, plan, recovered), plan.undoing(), because);
            change.lease = Some(facts.lease.in_phase(Phase::Reverting));
            change.act = situation.act(plan, true);
            change
        }
        Standing::Undone => kept(situation, &facts.lease, plan, recovered, "somebody else has put it back already"),
        Standing::Lost(why) => kept(situation, &facts.lease, plan, recovered, &why),
    };
    Step::Change(Box::new(change))
}

fn begun(situation: Situation<'_>, plan: &Plan, recovered: bool) -> Stage {
    Stage::Reverting { plan: plan.clone(), recovered, since: situation.now, clock: situation.clock }
}

/// An earlier tick began to put it back and did not say how that went.
pub(super) fn reverting(
    situation: Situation<'_>,
    facts: Option<&Facts>,
    plan: &Plan,
    recovered: bool,
    begun_before: Begun,
) -> Step {
    if let Some(until) = begun_before.goes_on_until(situation) {
        return Step::Wait(until);
    }
    let Some(facts) = facts else { return situation.look_after(plan, begun_before.at) };
    let change = match plan.standing(&facts.target) {
        Standing::Undone => reverted(situation, &facts.lease, plan, recovered),
        Standing::Ours => {
            let because = vec!["an earlier tick was cut off".to_owned()];
            let text = format!("again: {}", plan.undoing());
            let mut change = situation.change(begun(situation, plan, recovered), text, because);
            change.act = situation.act(plan, true);
            change
        }
        Standing::Lost(why) => kept(situation, &facts.lease, plan, recovered, &why),
    };
    Step::Change(Box::new(change))
}

pub(super) fn reverted(situation: Situation<'_>, lease: &Lease, plan: &Plan, recovered: bool) -> Change {
    end(situation, lease, Outcome::Reverted { did: plan.sentence(), recovered })
}

pub(super) fn kept(situation: Situation<'_>, lease: &Lease, plan: &Plan, recovered: bool, why: &str) -> Change {
    end(situation, lease, Outcome::Kept { did: plan.sentence(), why: why.to_owned(), recovered })
}

fn end(situation: Situation<'_>, lease: &Lease, outcome: Outcome) -> Change {
    let mut change = situation.over(outcome, Vec::new());
    change.lease = Some(situation.released(lease, None));
    change.nudge = true;
    change
}
