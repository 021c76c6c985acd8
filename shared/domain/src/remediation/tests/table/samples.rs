//! One of each stage.

use super::super::{World, hot_service};
use crate::id::IncidentId;
use crate::remediation::{Aftermath, Outcome, Plan, Refusal, Stage};
use crate::span::Span;

/// Names every stage, and gives one of each: a new one does not compile without a name
/// and a sample here.
macro_rules! stages {
    ($($name:literal: $pattern:pat => $sample:expr;)*) => {
        pub(super) fn name_of(stage: &Stage) -> &'static str {
            match stage {
                $($pattern => $name,)*
            }
        }

        /// One of each stage in a world that fits.
        pub(super) fn all() -> Vec<(&'static str, Sample)> {
            vec![$(($name, $sample)),*]
        }
    };
}

/// Makes a stage in a world that fits.
pub(super) type Sample = fn(&World, Plan) -> Stage;

const fn of(sample: Sample) -> Sample {
    sample
}

/// The end of a stage that does not matter.
fn over(world: &World, outcome: Outcome) -> Stage {
    Stage::Over { at: world.now, outcome }
}

fn other() -> IncidentId {
    hot_service().incident.id
}

stages! {
    "proposed": Stage::Proposed => of(|_, _| Stage::Proposed);
    "observing": Stage::Observing { .. } => of(|w, plan| Stage::Observing { plan, at: w.now });
    "asked": Stage::Asked { .. } => of(|w, plan| Stage::Asked { expires_at: Span::hours(4).after(w.now), plan });
    "approved": Stage::Approved { .. } => of(|w, plan| {
        Stage::Approved { by: "ann".into(), at: w.now, expires_at: Span::hours(4).after(w.now), plan }
    });
    "claimed": Stage::Claimed { .. } => of(|w, plan| Stage::Claimed { plan, at: w.now, by: None });
    "acting, tried 3 times": Stage::Acting { attempt: 3.., .. } => of(|w, plan| {
        Stage::Acting { plan, since: w.now, attempt: 3, by: None, clock: w.clock }
    });
    "acting": Stage::Acting { .. } => of(|w, plan| Stage::Acting { plan, since: w.now, attempt: 1, by: None, clock: w.clock });
    "verifying": Stage::Verifying { .. } => of(|w, plan| {
        Stage::Verifying { plan, since: w.now, deadline: Span::minutes(10).after(w.now) }
    });
    "holding, recovered": Stage::Holding { recovered: true, .. } => of(|_, plan| Stage::Holding { plan, recovered: true });
    "holding, not recovered": Stage::Holding { recovered: false, .. } => of(|_, plan| Stage::Holding { plan, recovered: false });
    "reverting, recovered": Stage::Reverting { recovered: true, .. } => of(|w, plan| {
        Stage::Reverting { plan, recovered: true, since: w.now, clock: w.clock }
    });
    "reverting, not recovered": Stage::Reverting { recovered: false, .. } => of(|w, plan| {
        Stage::Reverting { plan, recovered: false, since: w.now, clock: w.clock }
    });
    "over: observed": Stage::Over { outcome: Outcome::Observed { .. }, .. } => of(|w, plan| {
        let then = Aftermath { calm_at: w.now, is_same: false, changes: Vec::new() };
        over(w, Outcome::Observed { would: plan.sentence(), at: w.now, then })
    });
    "over: refused": Stage::Over { outcome: Outcome::Refused { .. }, .. } => of(|w, _| {
        over(w, Outcome::Refused { refusal: Refusal::NoTarget })
    });
    "over: declined": Stage::Over { outcome: Outcome::Declined { .. }, .. } => of(|w, _| {
        over(w, Outcome::Declined { by: "ann".into() })
    });
    "over: expired": Stage::Over { outcome: Outcome::Expired, .. } => of(|w, _| over(w, Outcome::Expired));
    "over: withdrawn": Stage::Over { outcome: Outcome::Withdrawn { .. }, .. } => of(|w, _| {
        over(w, Outcome::Withdrawn { why: "all is well".into() })
    });
    "over: recovered": Stage::Over { outcome: Outcome::Recovered { .. }, .. } => of(|w, plan| {
        over(w, Outcome::Recovered { did: plan.sentence() })
    });
    "over: reverted": Stage::Over { outcome: Outcome::Reverted { .. }, .. } => of(|w, plan| {
        over(w, Outcome::Reverted { did: plan.sentence(), recovered: true })
    });
    "over: handed on": Stage::Over { outcome: Outcome::HandedOn { .. }, .. } => of(|w, plan| {
        over(w, Outcome::HandedOn { did: plan.sentence(), to: other(), recovered: true })
    });
    "over: kept": Stage::Over { outcome: Outcome::Kept { .. }, .. } => of(|w, plan| {
        over(w, Outcome::Kept { did: plan.sentence(), why: "the policy says so".into(), recovered: true })
    });
    "over: not recovered": Stage::Over { outcome: Outcome::NotRecovered { .. }, .. } => of(|w, plan| {
        over(w, Outcome::NotRecovered { did: plan.sentence() })
    });
    "over: failed": Stage::Over { outcome: Outcome::Failed { .. }, .. } => of(|w, _| {
        over(w, Outcome::Failed { why: "access denied".into() })
    });
}
