//! ECS services, as remediation looks at them.

use aws_sdk_ecs::types::{DeploymentRolloutState, Service, ServiceField};
use domain::remediation::action::{Deployment, EcsFacts, Scalable};
use futures_util::FutureExt as _;
use jiff::Timestamp;

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

    /// Sets the desired count of a service, and nothing else of it.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn set_desired_count(&self, cluster: &str, service: &str, tasks: u32) -> Result<(), AwsError> {
        let tasks = i32::try_from(tasks).unwrap_or(i32::MAX);
        self.ecs()
            .update_service()
            .cluster(cluster)
            .service(service)
            .desired_count(tasks)
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("ecs:UpdateService", &error))?;
        Ok(())
    }
}

fn facts(service: Service, scalable: Option<Scalable>) -> EcsFacts {
    let mut deployments = service.deployments.unwrap_or_default();
    deployments.sort_by_key(|deployment| deployment.status.as_deref() != Some("PRIMARY"));
    EcsFacts {
        is_active: service.status.as_deref() == Some("ACTIVE"),
        desired: count(service.desired_count),
        running: count(service.running_count),
        deployments: deployments.into_iter().map(deployment).collect(),
        placement_failure: service
            .events
            .unwrap_or_default()
            .into_iter()
            .take(EVENTS_READ)
            .filter_map(|event| event.message)
            .find(|message| message.contains("unable to place a task"))
            .map(|message| domain::text::clean(&message, 300)),
        minimum_healthy_percent: service
            .deployment_configuration
            .and_then(|configuration| configuration.minimum_healthy_percent)
            .map_or(100, count),
        tags: service
            .tags
            .unwrap_or_default()
            .into_iter()
            .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
            .collect(),
        scalable,
        last_steady: None,
    }
}

fn deployment(found: aws_sdk_ecs::types::Deployment) -> Deployment {
    let created = found.created_at.and_then(|at| Timestamp::from_millisecond(at.to_millis().ok()?).ok());
    Deployment {
        task_definition: found.task_definition.unwrap_or_default(),
        // One of which nothing is known is as old as can be: no alarm began soon after it.
        created_at: created.unwrap_or(Timestamp::MIN),
        is_in_progress: found.rollout_state == Some(DeploymentRolloutState::InProgress),
        has_failed: found.rollout_state == Some(DeploymentRolloutState::Failed),
    }
}
