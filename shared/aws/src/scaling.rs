//! Scalable targets of Application Auto Scaling, and why they did not scale.

use aws_sdk_applicationautoscaling::types::{
    NotScaledReason, ScalableDimension, ScalingActivity, ScalingActivityStatusCode, ServiceNamespace,
};
use domain::remediation::action::Scalable;
use domain::text::clean;
use futures_util::FutureExt as _;
use jiff::Timestamp;

use crate::alarms::moment;
use crate::{Aws, AwsError};

/// Longest reason why something did not scale, in characters.
const REASON_MAX: usize = 300;

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

    /// Why an ECS service's desired count was not scaled since a moment, in a sentence
    /// without its full stop; none if it was, or nothing was tried.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn not_scaled(&self, cluster: &str, service: &str, since: Timestamp) -> Result<Option<String>, AwsError> {
        // One page has the newest fifty, and one target has few since an action.
        let answer = self
            .scaling()
            .describe_scaling_activities()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_id(resource(cluster, service))
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .include_not_scaled_activities(true)
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("application-autoscaling:DescribeScalingActivities", &error))?;
        Ok(why_not_scaled(&answer.scaling_activities.unwrap_or_default(), since))
    }
}

/// What the newest activity since a moment says, unless that has scaled.
fn why_not_scaled(activities: &[ScalingActivity], since: Timestamp) -> Option<String> {
    let began = |activity: &&ScalingActivity| moment(Some(activity.start_time)).unwrap_or(Timestamp::MIN);
    let newest = activities.iter().filter(|activity| began(activity) >= since).max_by_key(began)?;
    let reasons = newest.not_scaled_reasons.as_deref().unwrap_or_default();
    if !reasons.is_empty() {
        return Some(reasons.iter().map(spoken).collect::<Vec<_>>().join(", "));
    }
    if newest.status_code == ScalingActivityStatusCode::Successful {
        return None;
    }
    let message = newest.status_message.as_deref().unwrap_or(&newest.description);
    Some(clean(message.trim_end_matches('.'), REASON_MAX))
}

/// A reason for not scaling. The codes are those of the API reference of
/// `NotScaledReason`; another one is told as it is.
fn spoken(reason: &NotScaledReason) -> String {
    let of = |capacity: Option<i32>| capacity.map(|capacity| format!(" of {capacity}")).unwrap_or_default();
    match reason.code.as_str() {
        "AlreadyAtMaxCapacity" => format!("already at the maximum capacity{}", of(reason.max_capacity)),
        "AlreadyAtMinCapacity" => format!("already at the minimum capacity{}", of(reason.min_capacity)),
        "AlreadyAtDesiredCapacity" => format!("already at the desired capacity{}", of(reason.current_capacity)),
        "AutoScalingAnticipatedFlapping" => "it would have scaled back and forth".to_owned(),
        "TargetServicePutResourceAsUnscalable" => "ECS does not let it scale now".to_owned(),
        code => clean(code, REASON_MAX),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_applicationautoscaling::primitives::DateTime;

    use super::*;

    fn activity(second: i64, status: ScalingActivityStatusCode, message: &str) -> ScalingActivity {
        ScalingActivity::builder()
            .activity_id("a")
            .service_namespace(ServiceNamespace::Ecs)
            .resource_id("service/main/api")
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .description("Setting desired count to 6.")
            .cause("minimum capacity was set to 6")
            .start_time(DateTime::from_secs(second))
            .status_code(status)
            .status_message(message)
            .build()
            .unwrap()
    }

    fn not_scaled(second: i64, code: &str) -> ScalingActivity {
        let reason = NotScaledReason::builder().code(code).max_capacity(6).build().unwrap();
        let mut activity = activity(second, ScalingActivityStatusCode::Failed, "");
        activity.not_scaled_reasons = Some(vec![reason]);
        activity
    }

    #[test]
    fn the_newest_activity_since_the_action_says_why_nothing_scaled() {
        let check = |activities: &[ScalingActivity], wanted: Option<&str>| {
            let since = Timestamp::from_second(100).unwrap();
            assert_eq!(why_not_scaled(activities, since).as_deref(), wanted, "{activities:?}");
        };
        let failed = activity(100, ScalingActivityStatusCode::Failed, "Failed to set desired count to 6.");
        let done = activity(101, ScalingActivityStatusCode::Successful, "Successfully set desired count to 6.");
        let told = Some("Failed to set desired count to 6");
        check(&[], None);
        check(&[activity(99, ScalingActivityStatusCode::Failed, "before")], None);
        check(std::slice::from_ref(&failed), told);
        check(&[done.clone(), failed.clone()], None);
        check(&[failed.clone(), done], None);
        let mut mute = failed;
        mute.status_message = None;
        check(&[mute], Some("Setting desired count to 6"));
        check(&[not_scaled(100, "AlreadyAtMaxCapacity")], Some("already at the maximum capacity of 6"));
        check(&[not_scaled(100, "AlreadyAtDesiredCapacity")], Some("already at the desired capacity"));
        check(&[not_scaled(100, "SomethingNew")], Some("SomethingNew"));
    }
}
