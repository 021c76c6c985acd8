//! More tasks for an ECS service: its scalable target's minimum, or its desired count.

use aws::{Aws, AwsError};
use domain::remediation::Target;
use domain::remediation::action::{EcsFacts, EcsScaleOut, EcsScaleOutPlan, Lever};

use super::{Hands, Sight};

impl Hands for EcsScaleOut {
    async fn look(aws: &Aws, target: &Target, sight: Sight<'_, Self>) -> Result<Option<EcsFacts>, AwsError> {
        let (cluster, service) = target.halves();
        let (found, scalable) = tokio::join!(aws.ecs_service(cluster, service), aws.scalable_target(cluster, service));
        let (Some(mut facts), scalable) = (found?, scalable?) else { return Ok(None) };
        facts.scalable = scalable;
        if let Sight::After(plan, since, _) = sight
            && facts.scalable.is_some()
            && facts.running < plan.after
        {
            // This is for people only: without it, the rest is seen all the same.
            let why = aws.not_scaled(cluster, service, since).await;
            facts.not_scaled = why.unwrap_or_else(|error| Some(format!("the reason is not known, {error}")));
        }
        Ok(Some(facts))
    }

    async fn act(aws: &Aws, target: &Target, plan: &EcsScaleOutPlan, _: &str) -> Result<(), AwsError> {
        set(aws, target, plan.lever, plan.after).await
    }

    async fn undo(aws: &Aws, target: &Target, plan: &EcsScaleOutPlan) -> Result<(), AwsError> {
        set(aws, target, plan.lever, plan.before).await
    }
}

async fn set(aws: &Aws, target: &Target, lever: Lever, tasks: u32) -> Result<(), AwsError> {
    let (cluster, service) = target.halves();
    match lever {
        Lever::MinCapacity => aws.set_minimum_capacity(cluster, service, tasks).await,
        Lever::DesiredCount => aws.set_desired_count(cluster, service, tasks).await,
    }
}
