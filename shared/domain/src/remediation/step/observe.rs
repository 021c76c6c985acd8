//! What would have been done was said; what do people do instead?

use jiff::Timestamp;

use super::{Situation, Step};
use crate::remediation::action::Seen;
use crate::remediation::guard::Facts;
use crate::remediation::{Aftermath, Outcome, Plan};
use crate::span::Span;

/// How often it is seen whether all is well. A recovery wakes it before that.
const OBSERVING_POLL: Span = Span::hours(1);

/// Waits until all is well, and looks at the target once more: what is different
/// there is what people did, or what it did by itself.
pub(super) fn observing(situation: Situation<'_>, facts: Option<&Facts>, plan: &Plan, at: Timestamp) -> Step {
    let Some(calm_at) = situation.calm_since() else {
        return Step::Wait(situation.scaled(OBSERVING_POLL).after(situation.now));
    };
    let Some(facts) = facts else { return situation.look_after(plan, at) };
    let is_same = plan.seen(&facts.target, at) == Seen::Done;
    let then = Aftermath { calm_at, is_same, changes: plan.differences(&facts.target) };
    let outcome = Outcome::Observed { would: plan.sentence(), at, then };
    Step::Change(Box::new(situation.over(outcome, vec!["its mode is observe".to_owned()])))
}
