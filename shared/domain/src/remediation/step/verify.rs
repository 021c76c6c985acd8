//! After the act: has it helped, within its time?

use crate::text::instant;
use jiff::Timestamp;

use super::{Change, Situation, Step, look, released};
use crate::remediation::facts::{Facts, TargetFacts};
use crate::remediation::{Lease, Outcome, Plan, Stage};
use crate::span::Span;

pub(super) fn verify(situation: Situation<'_>, plan: &Plan, because: Vec<String>) -> Change {
    let within = situation.remediation().map_or(Span::minutes(10), |remediation| remediation.verify_within);
    let deadline = within.after(situation.now);
    let stage = Stage::Verifying { plan: plan.clone(), deadline };
    situation.change(stage, format!("done; it must have helped by {}", instant(deadline)), because)
}

pub(super) fn verifying(situation: Situation<'_>, facts: Option<&Facts>, plan: &Plan, deadline: Timestamp) -> Step {
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
