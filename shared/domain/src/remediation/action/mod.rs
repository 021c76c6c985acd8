//! What can be done to mend something? Each action is one type that decides, here,
//! and one file that looks and acts, in the remediator; [`for_each_action`] is the
//! table of all of them.
//!
//! [`for_each_action`]: crate::for_each_action

mod ecs;
mod ecs_new_deployment;
mod ecs_rollback;
mod ecs_scale_out;
mod rds_connection_reset;
mod table;

use std::collections::BTreeMap;
use std::fmt::Debug;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Refusal, Target};
use crate::classify::Service;
use crate::labels::Labels;

pub use self::ecs::{Deployment, EcsFacts, Scalable, placement_failure};
pub use self::ecs_new_deployment::{EcsNewDeployment, EcsNewDeploymentPlan};
pub use self::ecs_rollback::{EcsRollback, EcsRollbackPlan};
pub use self::ecs_scale_out::{EcsScaleOut, EcsScaleOutPlan, Lever};
pub use self::rds_connection_reset::{DbFacts, RdsConnectionReset, RdsConnectionResetPlan};
pub use self::table::{Action, ActionKind, Plan, TargetFacts};

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// How one action decides. The type itself is what the policy says of it: its
/// `parameters`.
///
/// All of it is pure: `Facts` is what a look showed, and `Plan`, once decided, is
/// stored and carried out to the letter.
pub trait Recipe: Clone + Debug + PartialEq + Eq + DeserializeOwned {
    /// What a look at the target shows.
    type Facts: Clone + Debug + PartialEq + Eq;
    /// Exactly what will be done, with what was there before.
    type Plan: Clone + Debug + PartialEq + Eq + Serialize + DeserializeOwned;

    /// What is wrong with the parameters: which one, and why.
    fn problems(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// In how many steps it is tried, the least invasive first. A step is taken only
    /// if those before did not help.
    fn n_steps(&self) -> usize {
        1
    }

    /// Whether a step interrupts what works. Such a step needs a person's approval
    /// unless the policy says otherwise.
    fn is_disruptive(&self, step: usize) -> bool;

    /// The target that an alert's dimensions name.
    fn target_of_labels(&self, labels: &Labels) -> Option<Target>;

    /// The target that the catalogue has for a service.
    fn target_of_service(&self, service: &Service) -> Option<Target>;

    /// The target's tags.
    fn tags(facts: &Self::Facts) -> &Tags;

    /// What is to be done.
    ///
    /// # Errors
    /// The [`Refusal`] of the first of the action's own guards that does not allow
    /// it.
    fn plan(&self, attempt: Attempt<'_>, facts: &Self::Facts) -> Result<Planned<Self::Plan>, Refusal>;

    /// What is done, as the end of a sentence: `raise …`.
    fn sentence(plan: &Self::Plan) -> String;

    /// Whether an approval of `asked` is one of `plan`, too: it does nothing else
    /// and no more.
    fn is_covered(asked: &Self::Plan, plan: &Self::Plan) -> bool {
        asked == plan
    }

    /// Whether the target shows that the plan was carried out at or after `since`.
    fn seen(plan: &Self::Plan, facts: &Self::Facts, since: Timestamp) -> Seen;

    /// Whether the target is as it should be after the plan.
    ///
    /// # Errors
    /// What is not.
    fn in_place(plan: &Self::Plan, facts: &Self::Facts) -> Result<(), Lacking>;

    /// Whether it is put back once it is not needed any more.
    fn is_put_back(_plan: &Self::Plan) -> bool {
        false
    }

    /// How it is put back, as a sentence: `put … back to …`.
    fn undoing(plan: &Self::Plan) -> String {
        format!("put back: {}", Self::sentence(plan))
    }

    /// Whether what was changed is still as it was set.
    fn standing(_plan: &Self::Plan, _facts: &Self::Facts) -> Standing {
        Standing::Lost("there is nothing to put back".to_owned())
    }

    /// What is different at the target from when the plan was made, a phrase each.
    fn differences(plan: &Self::Plan, facts: &Self::Facts) -> Vec<String>;
}

/// For what a plan is made.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The moment.
    pub now: Timestamp,
    /// When the alert's state began.
    pub alert_at: Timestamp,
    /// The target.
    pub target: &'a Target,
    /// The step, from 0.
    pub step: usize,
}

/// A plan, with what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned<P> {
    /// What will be done.
    pub plan: P,
    /// How much of the target's capacity it adds or interrupts, in percent.
    pub touched_percent: u32,
    /// What people should know of it: noted in the incident.
    pub caveats: Vec<String>,
}

impl<P> Planned<P> {
    /// The same of another type.
    pub fn map<Q>(self, into: impl FnOnce(P) -> Q) -> Planned<Q> {
        Planned { plan: into(self.plan), touched_percent: self.touched_percent, caveats: self.caveats }
    }
}

/// What was seen of an act that may have been done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It was done.
    Done,
    /// It was not done.
    NotDone,
    /// Its traces may take a while to show.
    Unclear,
    /// It cannot be told, or done, any more: why.
    Gone(String),
}

/// What is not yet as it should be after an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lacking {
    /// It may still come.
    Yet(String),
    /// It will not: there is nothing to wait for.
    Failed(String),
}

/// Whether what was changed is still as it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is as it was set, and can be put back.
    Ours,
    /// It is as it was before.
    Undone,
    /// Somebody else has changed it, or it is gone: why it is left alone.
    Lost(String),
}
