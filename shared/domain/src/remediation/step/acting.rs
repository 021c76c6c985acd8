//! The act itself: was it done, and how did it go?

use jiff::Timestamp;

use super::before::try_next;
use super::verify::verify;
use super::{Change, Situation, Step};
use crate::remediation::action::Seen;
use crate::remediation::guard::{self, Facts};
use crate::remediation::{Lease, Outcome, Plan, Stage};
use crate::span::Span;

/// How long after an act was begun its traces may take to show. Before that,
/// nothing is concluded from their absence. It is longer than a tick may run, so that
/// nobody is about the act any more: the function is stopped after 45 seconds.
const GRACE: Span = Span::minutes(1);

/// When an act was begun, and by whose tick.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    /// When.
    pub(super) at: Timestamp,
    /// By which execution of the clock.
    pub(super) clock: i64,
}

impl Begun {
    /// Until when the tick that began it may still be about it; none if it is not. A
    /// tick of this very execution is over when the next one runs. One of another runs
    /// until its timeout, whoever has ticked since.
    pub(super) fn goes_on_until(self, situation: Situation<'_>) -> Option<Timestamp> {
        let settles_at = GRACE.after(self.at);
        (situation.clock != self.clock && situation.now < settles_at).then_some(settles_at)
    }
}

/// How often an act is begun.
const ATTEMPTS_MAX: u32 = 3;

/// An earlier tick began the act and did not say how it went.
pub(super) fn acting(
    situation: Situation<'_>,
    facts: Option<&Facts>,
    plan: &Plan,
    begun: Begun,
    attempt: u32,
    by: Option<&str>,
) -> Step {
    if let Some(until) = begun.goes_on_until(situation) {
        return Step::Wait(until);
    }
    let since = begun.at;
    let settles_at = GRACE.after(since);
    let Some(facts) = facts else { return situation.look_after(plan, since) };
    match plan.seen(&facts.target, since) {
        Seen::Done => {
            let because = vec!["an earlier tick was cut off; the target shows that it was done".to_owned()];
            Step::Change(Box::new(verify(situation, &facts.lease, plan, since, because)))
        }
        Seen::Unclear | Seen::Doubtful(_) if situation.now < settles_at => Step::Wait(settles_at),
        Seen::Gone(why) | Seen::Doubtful(why) => Step::Change(Box::new(fail(situation, &facts.lease, &why))),
        // What is not needed any more is not made up for.
        Seen::Unclear | Seen::NotDone if situation.calm_since().is_some() => {
            let mut change = situation.withdraw();
            change.lease = Some(situation.released(&facts.lease, None));
            Step::Change(Box::new(change))
        }
        Seen::Unclear | Seen::NotDone => match guard::not_stopped(situation.control, &situation.remedy.name) {
            Err(refusal) => Step::Change(Box::new(fail(situation, &facts.lease, &refusal.to_string()))),
            Ok(()) if attempt < ATTEMPTS_MAX => Step::Change(Box::new(again(situation, plan, attempt, by))),
            Ok(()) => {
                let why = format!("{attempt} attempts left no trace on the target");
                Step::Change(Box::new(fail(situation, &facts.lease, &why)))
            }
        },
    }
}

fn again(situation: Situation<'_>, plan: &Plan, attempt: u32, by: Option<&str>) -> Change {
    let (attempt, by, clock) = (attempt + 1, by.map(str::to_owned), situation.clock);
    let stage = Stage::Acting { plan: plan.clone(), since: situation.now, attempt, by, clock };
    let because = vec!["an earlier tick was cut off; the target shows that it was not done".to_owned()];
    let mut change = situation.change(stage, format!("again: {}", plan.sentence()), because);
    change.act = situation.act(plan, false);
    change
}

pub(super) fn fail(situation: Situation<'_>, lease: &Lease, why: &str) -> Change {
    let has_next = situation.has_next_step() && situation.calm_since().is_none();
    let mut change = if has_next {
        try_next(situation, &format!("the one before failed: {why}"), Vec::new())
    } else {
        situation.over(Outcome::Failed { why: why.to_owned() }, Vec::new())
    };
    change.lease = Some(situation.released(lease, (!has_next).then_some(true)));
    change.nudge = true;
    change
}
