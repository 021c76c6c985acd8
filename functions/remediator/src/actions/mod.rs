//! How each action looks at its target, and how it acts: one file for each. What it
//! decides stands in `domain::remediation::action`, and so does the table of all.

mod ecs_new_deployment;
mod ecs_rollback;
mod ecs_scale_out;
mod lambda_concurrency;
mod rds_connection_reset;
mod sqs_redrive;
mod ssm_runbook;

use aws::{Aws, AwsError};
use domain::for_each_action;
use domain::remediation::action::{self, Recipe};
use domain::remediation::step::{Act, Look, View};
use domain::remediation::{Action, Plan, Target, TargetFacts};
use jiff::Timestamp;

/// How one action looks and acts.
pub(crate) trait Hands: Recipe {
    /// Looks at the target; none if there is no such thing.
    async fn look(aws: &Aws, target: &Target, sight: Sight<'_, Self>) -> Result<Option<Self::Facts>, AwsError>;

    /// Carries out a plan. `reference` names it: what is done twice under one name is
    /// to be one thing, where the service can tell.
    async fn act(aws: &Aws, target: &Target, plan: &Self::Plan, reference: &str) -> Result<(), AwsError>;

    /// Puts back what a plan has changed. Only for those for which
    /// [`Recipe::is_put_back`].
    async fn undo(_aws: &Aws, _target: &Target, _plan: &Self::Plan) -> Result<(), AwsError> {
        Ok(())
    }
}

/// What a look is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sight<'a, R: Recipe> {
    /// To decide about this action.
    Before(&'a R),
    /// To see what became of this plan, which was carried out at or after a moment,
    /// under a name.
    After(&'a R::Plan, Timestamp, &'a str),
}

macro_rules! dispatch {
    ($($(#[$about:meta])* $Type:ident $name:literal,)*) => {
        async fn find(aws: &Aws, look: &Look) -> Result<TargetFacts, AwsError> {
            let target = &look.target;
            match &look.view {
                $(
                    View::Before(Action::$Type(recipe)) => {
                        let found = action::$Type::look(aws, target, Sight::Before(recipe)).await?;
                        Ok(found.map_or(TargetFacts::Missing, TargetFacts::$Type))
                    }
                    View::After { plan: Plan::$Type(plan), since, reference } => {
                        let found = action::$Type::look(aws, target, Sight::After(plan, *since, reference)).await?;
                        Ok(found.map_or(TargetFacts::Missing, TargetFacts::$Type))
                    }
                )*
            }
        }

        /// Carries out an act, or puts it back.
        pub(crate) async fn carry_out(aws: &Aws, act: &Act) -> Result<(), AwsError> {
            match &act.plan {
                $(
                    Plan::$Type(plan) if act.is_undoing => action::$Type::undo(aws, &act.target, plan).await,
                    Plan::$Type(plan) => action::$Type::act(aws, &act.target, plan, &act.reference).await,
                )*
            }
        }
    };
}

for_each_action!(dispatch);

/// Looks at a target. What may not be looked at is a fact, too: it is refused, or said
/// in the incident.
///
/// # Errors
/// [`AwsError`] only where it may work later.
pub(crate) async fn look(aws: &Aws, look: &Look) -> Result<TargetFacts, AwsError> {
    match find(aws, look).await {
        Err(error) if !error.may_pass() => Ok(TargetFacts::Hidden(error.to_string())),
        found => found,
    }
}
