//! Scalable targets of Application Auto Scaling.

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use domain::remediation::action::Scalable;
use futures_util::FutureExt as _;

use crate::{Aws, AwsError};

/// A count as the SDKs give it.
pub(crate) fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn resource(cluster: &str, service: &str) -> String {
    format!("service/{cluster}/{service}")
}

impl Aws {
    /// The scalable target of an ECS service's desired count; none if it has none.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn scalable_target(&self, cluster: &str, service: &str) -> Result<Option<Scalable>, AwsError> {
        let answer = self
            .scaling()
            .describe_scalable_targets()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_ids(resource(cluster, service))
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("application-autoscaling:DescribeScalableTargets", &error))?;
        Ok(answer.scalable_targets.unwrap_or_default().into_iter().next().map(|target| Scalable {
            min: count(target.min_capacity),
            max: count(target.max_capacity),
            is_out_suspended: target.suspended_state.and_then(|state| state.dynamic_scaling_out_suspended).unwrap_or(false),
        }))
    }

    /// Sets the minimum capacity. Nothing else is sent, so nothing else changes.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn set_minimum_capacity(&self, cluster: &str, service: &str, min: u32) -> Result<(), AwsError> {
        self.scaling()
            .register_scalable_target()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_id(resource(cluster, service))
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .min_capacity(i32::try_from(min).unwrap_or(i32::MAX))
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("application-autoscaling:RegisterScalableTarget", &error))?;
        Ok(())
    }
}
