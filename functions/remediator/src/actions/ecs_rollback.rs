//! Back to what an ECS service ran before its last deployment.

use aws::{Aws, AwsError};
use domain::remediation::Target;
use domain::remediation::action::{EcsFacts, EcsRollback, EcsRollbackPlan};

use super::{Hands, Sight};

impl Hands for EcsRollback {
    async fn look(aws: &Aws, target: &Target, sight: Sight<'_, Self>) -> Result<Option<EcsFacts>, AwsError> {
        let (cluster, service) = target.halves();
        let Some(mut facts) = aws.ecs_service(cluster, service).await? else { return Ok(None) };
        match sight {
            Sight::Before(_) => aws.recall_deployments(cluster, service, &mut facts).await?,
            // Where it leads back to is decided by then.
            Sight::After(..) => {}
        }
        Ok(Some(facts))
    }

    async fn act(aws: &Aws, target: &Target, plan: &EcsRollbackPlan, _: &str) -> Result<(), AwsError> {
        let (cluster, service) = target.halves();
        aws.deploy(cluster, service, &plan.to).await
    }
}
