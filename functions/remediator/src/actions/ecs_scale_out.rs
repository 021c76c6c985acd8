//! More tasks for an ECS service: its scalable target's minimum, or its desired count.

use aws::{Aws, AwsError};
use domain::remediation::Target;
use domain::remediation::action::{EcsFacts, EcsScaleOut, EcsScaleOutPlan, Lever};

use super::{Hands, Sight};

impl Hands for EcsScaleOut {
    async fn look(aws: &Aws, target: &Target, _: Sight<'_, Self>) -> Result<Option<EcsFacts>, AwsError> {
        let (cluster, service) = target.halves();
        aws.ecs_service(cluster, service).await
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
