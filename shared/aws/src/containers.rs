//! ECS services, as remediation looks at them.

use aws_sdk_ecs::operation::update_service::builders::UpdateServiceFluentBuilder;
use aws_sdk_ecs::types::{DeploymentConfiguration, DeploymentRolloutState, Service, ServiceField};
use domain::remediation::action::{Deployment, EcsFacts, placement_failure};
use domain::text::clean;
use futures_util::FutureExt as _;
use jiff::Timestamp;

use crate::alarms::moment;
use crate::scaling::count;
use crate::{Aws, AwsError};

/// How many of the newest messages of a service are looked through.
const EVENTS_READ: usize = 5;
/// Longest reason of a failed deployment, in characters.
const REASON_MAX: usize = 300;

impl Aws {
    /// An ECS service, without its scalable target and its history; none if there is
    /// no such service.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn ecs_service(&self, cluster: &str, service: &str) -> Result<Option<EcsFacts>, AwsError> {
        let described =
            self.ecs().describe_services().cluster(cluster).services(service).include(ServiceField::Tags).send().boxed().await;
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
        Ok(described.services.unwrap_or_default().into_iter().next().map(facts))
    }

    /// Sets the desired count of a service, and nothing else of it.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn set_desired_count(&self, cluster: &str, service: &str, tasks: u32) -> Result<(), AwsError> {
        let tasks = i32::try_from(tasks).unwrap_or(i32::MAX);
        self.update_service(cluster, service, |call| call.desired_count(tasks)).await
    }

    /// Has a service deploy once more what it runs. The task definition is not named:
    /// should another one have been deployed meanwhile, it stays.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn force_new_deployment(&self, cluster: &str, service: &str) -> Result<(), AwsError> {
        self.update_service(cluster, service, |call| call.force_new_deployment(true)).await
    }

    /// Has a service deploy a task definition, given by its ARN; nothing happens if
    /// that is what it runs.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn deploy(&self, cluster: &str, service: &str, task_definition: &str) -> Result<(), AwsError> {
        self.update_service(cluster, service, |call| call.task_definition(task_definition)).await
    }

    async fn update_service(
        &self,
        cluster: &str,
        service: &str,
        change: impl FnOnce(UpdateServiceFluentBuilder) -> UpdateServiceFluentBuilder,
    ) -> Result<(), AwsError> {
        change(self.ecs().update_service().cluster(cluster).service(service))
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("ecs:UpdateService", &error))?;
        Ok(())
    }
}

fn facts(service: Service) -> EcsFacts {
    let configuration = service.deployment_configuration;
    let messages: Vec<String> =
        service.events.unwrap_or_default().into_iter().take(EVENTS_READ).filter_map(|event| event.message).collect();
    let mut deployments = service.deployments.unwrap_or_default();
    deployments.sort_by_key(|deployment| deployment.status.as_deref() != Some("PRIMARY"));
    EcsFacts {
        is_active: service.status.as_deref() == Some("ACTIVE"),
        desired: count(service.desired_count),
        running: count(service.running_count),
        deployments: deployments.into_iter().map(deployment).collect(),
        placement_failure: placement_failure(messages.iter().map(String::as_str)),
        minimum_healthy_percent: configuration.as_ref().and_then(|it| it.minimum_healthy_percent).map_or(100, count),
        rolls_back_failures: configuration.as_ref().is_some_and(rolls_back_failures),
        tags: service
            .tags
            .unwrap_or_default()
            .into_iter()
            .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
            .collect(),
        scalable: None,
        last_steady: None,
        is_rolling_back: false,
        not_scaled: None,
    }
}

/// Both the circuit breaker and the alarms of a deployment may be told to go back.
fn rolls_back_failures(configuration: &DeploymentConfiguration) -> bool {
    let breaker = configuration.deployment_circuit_breaker.as_ref();
    let alarms = configuration.alarms.as_ref();
    breaker.is_some_and(|breaker| breaker.enable && breaker.rollback)
        || alarms.is_some_and(|alarms| alarms.enable && alarms.rollback)
}

fn deployment(found: aws_sdk_ecs::types::Deployment) -> Deployment {
    let failure = (found.rollout_state == Some(DeploymentRolloutState::Failed))
        .then(|| found.rollout_state_reason.map_or_else(|| "no reason is given".to_owned(), |why| clean(&why, REASON_MAX)));
    Deployment {
        task_definition: found.task_definition.unwrap_or_default(),
        // One of which nothing is known is as old as can be: no alarm began soon after it.
        created_at: moment(found.created_at).unwrap_or(Timestamp::MIN),
        is_in_progress: found.rollout_state == Some(DeploymentRolloutState::InProgress),
        failure,
    }
}
