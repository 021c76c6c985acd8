//! What really happened to the service, kept apart from what the rows say of it.

use jiff::Timestamp;

use super::MINIMUM;
use crate::remediation::step::Act;
use crate::remediation::{Lease, Plan, Remedy, Stage};

/// A target was claimed, to do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::remediation::tests) struct Claim {
    pub(in crate::remediation::tests) at: Timestamp,
    pub(in crate::remediation::tests) name: String,
    pub(in crate::remediation::tests) plan: Plan,
    pub(in crate::remediation::tests) n_failures: u32,
    pub(in crate::remediation::tests) is_approved: bool,
}

/// What really happened, and the first law that was broken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::remediation::tests) struct Book {
    /// What the minimum was raised to by a remediation, while it is.
    pub(in crate::remediation::tests) raised_to: Option<u32>,
    /// What somebody set it to, while that counts.
    pub(in crate::remediation::tests) set_by_hand: Option<u32>,
    /// Every claim: when, for what, and after how many failures in a row.
    pub(in crate::remediation::tests) claims: Vec<Claim>,
    /// The law that was broken.
    pub(in crate::remediation::tests) broken: Option<String>,
}

impl Book {
    pub(in crate::remediation::tests) fn breaks(&mut self, law: impl Into<String>) {
        self.broken.get_or_insert_with(|| law.into());
    }

    pub(super) fn claimed(&mut self, at: Timestamp, remedy: &Remedy, lease: Option<&Lease>) {
        match (&remedy.stage, lease) {
            (Stage::Claimed { plan, by, .. }, Some(Lease { held: Some(_), n_failures, .. })) => {
                let (name, plan, is_approved) = (remedy.name.clone(), plan.clone(), by.is_some());
                self.claims.push(Claim { at, name, plan, n_failures: *n_failures, is_approved });
            }
            (stage, lease) => self.breaks(format!("counted as an action: {} with {lease:?}", stage.word())),
        }
    }

    pub(super) fn somebody_set(&mut self, minimum: u32) {
        (self.raised_to, self.set_by_hand) = (None, Some(minimum));
    }

    /// An act takes effect; `is_blind` if somebody has changed the minimum since it was
    /// looked at: nothing that AWS offers would refuse it then. `is_kept` if something that
    /// was raised is kept as it is, for people to see to.
    pub(super) fn acted(&mut self, act: &Act, is_blind: bool, is_kept: bool) -> u32 {
        let Plan::EcsScaleOut(plan) = &act.plan else { panic!("{:?}", act.plan) };
        let minimum = if act.is_undoing { plan.before } else { plan.after };
        match self.set_by_hand {
            Some(_) if is_blind => self.set_by_hand = None,
            Some(by_hand) if minimum < by_hand => self.breaks(format!("set to {minimum} where somebody had set {by_hand}")),
            Some(_) | None => {}
        }
        if act.is_undoing {
            self.raised_to = None;
        } else {
            if !is_kept && self.raised_to == Some(plan.before) {
                self.breaks(format!("raised from {}, which was a raise already", plan.before));
            }
            self.raised_to = Some(minimum);
        }
        minimum
    }

    /// What must be so at every moment.
    pub(super) fn see(&mut self, remedies: &[&Remedy], minimum: u32) {
        let standing: Vec<&Plan> = remedies.iter().filter_map(|remedy| may_stand(&remedy.stage)).collect();
        if standing.windows(2).any(|pair| pair[0] != pair[1]) {
            self.breaks("two different changes stand at one time");
        }
        let waits_for_it = |remedy: &&Remedy| matches!(remedy.stage, Stage::Verifying { .. } | Stage::Holding { .. });
        if self.raised_to.is_none() && self.set_by_hand.is_none() && remedies.iter().any(waits_for_it) {
            self.breaks("verified, and nothing was done");
        }
        if minimum < MINIMUM {
            self.breaks(format!("the minimum is {minimum}"));
        }
    }
}

/// The change that may stand on the target in this stage.
fn may_stand(stage: &Stage) -> Option<&Plan> {
    match stage {
        Stage::Acting { plan, .. }
        | Stage::Verifying { plan, .. }
        | Stage::Holding { plan, .. }
        | Stage::Reverting { plan, .. } => Some(plan),
        Stage::Proposed
        | Stage::Observing { .. }
        | Stage::Asked { .. }
        | Stage::Approved { .. }
        | Stage::Claimed { .. }
        | Stage::Over { .. } => None,
    }
}
