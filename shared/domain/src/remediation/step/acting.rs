//! The act itself: was it done, and how did it go?

use jiff::Timestamp;

use super::verify::verify;
use super::{Act, Change, Situation, Step, look, released};
use crate::remediation::facts::{Facts, TargetFacts};
use crate::remediation::{Lease, Outcome, Plan, Stage};
use crate::span::Span;

/// How long after a restart was asked for its traces may take to show. Before
/// that, nothing is concluded from their absence.
const GRACE: Span = Span::minutes(1);

/// How often an act is begun.
const ATTEMPTS_MAX: u32 = 3;

/// What was seen of an act that may have been done.
enum Seen {
    Done,
    NotDone,
    Unclear,
    Gone(String),
}

/// An earlier tick began the act and did not say how it went.
pub(super) fn acting(
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

pub(super) fn act_of(plan: &Plan) -> Act {
    match plan.clone() {
        Plan::RaiseMinimum { cluster, service, after, .. } => Act::SetMinimum { cluster, service, min: after },
        Plan::Reboot { instance, force_failover } => Act::Reboot { instance, force_failover },
        Plan::Failover { cluster, .. } => Act::Failover { cluster },
    }
}

pub(super) fn fail(situation: Situation<'_>, lease: &Lease, why: &str) -> Change {
    let mut change = situation.over(Outcome::Failed { why: why.to_owned() }, Vec::new());
    change.lease = Some(released(lease, Some(true)));
    change.nudge = true;
    change
}
