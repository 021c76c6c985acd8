//! Before anything is done: may it be, and must a person agree?

use crate::text::instant;
use jiff::Timestamp;

use super::claim::{claim, join};
use super::{Change, POLL, Situation, Step};
use crate::policy::{Mode, Remediation};
use crate::remediation::action::Planned;
use crate::remediation::guard::{self, Allowed, Facts};
use crate::remediation::{Outcome, Plan, Refusal, Stage, Target};

pub(super) fn propose(situation: Situation<'_>, facts: Option<&Facts>) -> Step {
    if situation.calm_since().is_some() {
        return Step::Change(Box::new(situation.withdraw()));
    }
    let (remediation, target, facts) = match ready(situation, facts, false) {
        Ok(ready) => ready,
        Err(step) => return *step,
    };
    let planned = match consider(situation, remediation, &target, facts) {
        Ok(planned) => planned,
        Err(step) => return *step,
    };
    match remediation.mode {
        Mode::Observe => Step::Change(Box::new(observe(situation, planned))),
        Mode::Ask | Mode::Act if remediation.needs_approval(situation.remedy.step) => {
            Step::Change(Box::new(ask(situation, remediation, planned, None)))
        }
        Mode::Ask | Mode::Act => Step::Change(Box::new(claim(situation, remediation, facts, planned, None))),
    }
}

/// The guards that need no look, and the look.
fn ready<'s>(
    situation: Situation<'s>,
    facts: Option<&'s Facts>,
    is_approved: bool,
) -> Result<(&'s Remediation, Target, &'s Facts), Box<Step>> {
    let (remediation, target) = situation.may_look(is_approved).map_err(|refusal| Box::new(situation.refuse(refusal)))?;
    let Some(facts) = facts else { return Err(Box::new(Step::look_before(remediation, target))) };
    Ok((remediation, target, facts))
}

/// The guards that look at the target; what to do, if they allow it.
fn consider(
    situation: Situation<'_>,
    remediation: &Remediation,
    target: &Target,
    facts: &Facts,
) -> Result<Planned<Plan>, Box<Step>> {
    let (now, remedy) = (situation.now, situation.remedy);
    match guard::plan(now, remediation, remedy, target, &situation.holder(), facts) {
        Ok(Allowed::Act(planned)) => Ok(planned),
        Ok(Allowed::Share(plan)) if remediation.mode == Mode::Observe => {
            Ok(Planned { plan, touched_percent: 0, caveats: vec!["another incident has done it already".to_owned()] })
        }
        Ok(Allowed::Share(plan)) => Err(Box::new(Step::Change(Box::new(join(situation, remediation, facts, &plan))))),
        Ok(Allowed::Await) => Err(Box::new(Step::Wait(situation.scaled(POLL).after(now)))),
        // What does not fit in this step may in the next.
        Err(refusal @ Refusal::Unfit { .. }) if situation.has_next_step() => {
            Err(Box::new(Step::Change(Box::new(pass_over(situation, &refusal)))))
        }
        Err(refusal) => Err(Box::new(situation.refuse(refusal))),
    }
}

/// The step that it is at does not fit; on to the next.
pub(super) fn pass_over(situation: Situation<'_>, refusal: &Refusal) -> Change {
    let text = format!("step {} is passed over: {refusal}", situation.remedy.step + 1);
    next_step(situation, text, vec![format!("guard: {}", refusal.guard())])
}

/// The step that it is at did not help; on to the next.
pub(super) fn try_next(situation: Situation<'_>, what: &str, because: Vec<String>) -> Change {
    next_step(situation, format!("step {} is considered: {what}", situation.remedy.step + 2), because)
}

fn next_step(situation: Situation<'_>, text: String, because: Vec<String>) -> Change {
    let mut change = situation.change(Stage::Proposed, text, because);
    change.remedy.step += 1;
    change
}

fn observe(situation: Situation<'_>, planned: Planned<Plan>) -> Change {
    let text = format!("observes only; it would {}", planned.plan.sentence());
    let mut because = vec!["its mode is observe".to_owned(), "every guard would allow it".to_owned()];
    because.extend(planned.caveats);
    situation.change(Stage::Observing { plan: planned.plan, at: situation.now }, text, because)
}

fn ask(situation: Situation<'_>, remediation: &Remediation, planned: Planned<Plan>, again: Option<String>) -> Change {
    let expires_at = remediation.approval_expires.after(situation.now);
    let text = format!("asks for approval to {}", planned.plan.sentence());
    let mut because = vec![format!("it needs a person's approval, until {}", instant(expires_at))];
    because.extend(planned.caveats);
    because.extend(again);
    let stage = Stage::Asked { expires_at, plan: planned.plan };
    // People are to hear the question.
    Change { nudge: true, ..situation.change(stage, text, because) }
}

pub(super) fn asked(situation: Situation<'_>, expires_at: Timestamp) -> Step {
    if situation.calm_since().is_some() {
        return Step::Change(Box::new(situation.withdraw()));
    }
    if let Err(refusal) = guard::not_stopped(situation.control, &situation.remedy.name) {
        return situation.refuse(refusal);
    }
    if situation.now >= expires_at {
        return Step::Change(Box::new(Change { nudge: true, ..situation.over(Outcome::Expired, Vec::new()) }));
    }
    Step::Wait(expires_at)
}

pub(super) fn approved(situation: Situation<'_>, facts: Option<&Facts>, by: &str, expires_at: Timestamp, asked: &Plan) -> Step {
    if situation.calm_since().is_some() {
        return Step::Change(Box::new(situation.withdraw()));
    }
    if situation.now >= expires_at {
        let because = vec![format!("{by} approved it, but it was not begun by {}", instant(expires_at))];
        return Step::Change(Box::new(Change { nudge: true, ..situation.over(Outcome::Expired, because) }));
    }
    let (remediation, target, facts) = match ready(situation, facts, true) {
        Ok(ready) => ready,
        Err(step) => return *step,
    };
    let planned = match consider(situation, remediation, &target, facts) {
        Ok(planned) => planned,
        Err(step) => return *step,
    };
    if remediation.mode == Mode::Observe {
        return Step::Change(Box::new(observe(situation, planned)));
    }
    // An approval is for one action on one target, as it was told.
    if !planned.plan.is_covered_by(asked) {
        let again = format!("{by} approved something else: {}", asked.sentence());
        return Step::Change(Box::new(ask(situation, remediation, planned, Some(again))));
    }
    Step::Change(Box::new(claim(situation, remediation, facts, planned, Some(by))))
}
