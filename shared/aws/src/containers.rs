//! ECS services, as remediation looks at them.

use aws_sdk_ecs::types::{DeploymentRolloutState, Service, ServiceField};
use domain::remediation::facts::EcsFacts;
use futures_util::FutureExt as _;

use crate::scaling::count;
use crate::{Aws, AwsError};

/// How many of the newest messages of a service are looked through.
const EVENTS_READ: usize = 5;

impl Aws {
    /// An ECS service with its scalable target; none if there is no such service.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn ecs_service(&self, cluster: &str, service: &str) -> Result<Option<EcsFacts>, AwsError> {
        let described =
            self.ecs().describe_services().cluster(cluster).services(service).include(ServiceField::Tags).send().boxed();
        let (described, scalable) = tokio::join!(described, self.scalable_target(cluster, service));
        let described = match described {
            Ok(described) => described,
            Err(error)
                if error.as_service_error().is_some_and(
                    aws_sdk_ecs::operation::describe_services::DescribeServicesError::is_cluster_not_found_exception,
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(AwsError::of("ecs:DescribeServices", &error)),
        };
        let scalable = scalable?;
        Ok(described.services.unwrap_or_default().into_iter().next().map(|service| facts(service, scalable)))
    }
}

fn facts(service: Service, scalable: Option<domain::remediation::facts::Scalable>) -> EcsFacts {
    let deployments = service.deployments.unwrap_or_default();
    EcsFacts {
        is_active: service.status.as_deref() == Some("ACTIVE"),
        desired: count(service.desired_count),
        running: count(service.running_count),
        is_deploying: deployments.iter().any(|deployment| deployment.rollout_state == Some(DeploymentRolloutState::InProgress))
            || deployments.len() > 1,
        placement_failure: service
            .events
            .unwrap_or_default()
            .into_iter()
            .take(EVENTS_READ)
            .filter_map(|event| event.message)
            .find(|message| message.contains("unable to place a task"))
            .map(|message| domain::text::clean(&message, 300)),
        tags: service
            .tags
            .unwrap_or_default()
            .into_iter()
            .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
            .collect(),
        scalable,
    }
}
