//! New tasks for an ECS service: a new deployment of what it runs.

use aws::{Aws, AwsError};
use domain::remediation::Target;
use domain::remediation::action::{EcsFacts, EcsNewDeployment, EcsNewDeploymentPlan};

use super::{Hands, Sight};

impl Hands for EcsNewDeployment {
    async fn look(aws: &Aws, target: &Target, _: Sight<'_, Self>) -> Result<Option<EcsFacts>, AwsError> {
        let (cluster, service) = target.halves();
        aws.ecs_service(cluster, service).await
    }

    async fn act(aws: &Aws, target: &Target, _: &EcsNewDeploymentPlan, _: &str) -> Result<(), AwsError> {
        let (cluster, service) = target.halves();
        aws.force_new_deployment(cluster, service).await
    }
}
