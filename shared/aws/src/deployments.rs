//! ECS's history of a service's deployments: what did it run before?
//!
//! It goes back 90 days, and to 25 October 2024 at most. Its entries are not the
//! deployments that a service names as its own, so they are told apart by their times.

use aws_sdk_ecs::types::{ServiceDeploymentBrief, ServiceDeploymentStatus};
use domain::remediation::action::EcsFacts;
use futures_util::FutureExt as _;
use jiff::Timestamp;

use crate::alarms::moment;
use crate::{Aws, AwsError};

/// Most entries of a page.
const OF_A_PAGE: i32 = 100;
/// How many pages are read: three times what a service comes to that is deployed every
/// hour for 90 days.
const PAGES_MAX: usize = 66;

/// What is asked for: what became steady, and what ECS is taking back. A deployment
/// that is being stopped counts with the latter: what runs is about to change.
const ASKED: [ServiceDeploymentStatus; 4] = [
    ServiceDeploymentStatus::Successful,
    ServiceDeploymentStatus::StopRequested,
    ServiceDeploymentStatus::RollbackRequested,
    ServiceDeploymentStatus::RollbackInProgress,
];

impl Aws {
    /// Adds to a service's facts what ECS remembers: the task definition that was
    /// steady before its primary deployment began, and whether ECS is going back to an
    /// earlier one now. Where ECS keeps no such history, nothing is added.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn recall_deployments(&self, cluster: &str, service: &str, facts: &mut EcsFacts) -> Result<(), AwsError> {
        let Some(began_at) = facts.primary().map(|primary| primary.created_at) else { return Ok(()) };
        let history = self.deployment_history(cluster, service).await?;
        facts.is_rolling_back =
            history.iter().any(|it| it.status.as_ref().is_some_and(|status| *status != ServiceDeploymentStatus::Successful));
        if let Some(revision) = last_steady(&history, began_at) {
            facts.last_steady = self.task_definition_of(revision).await?;
        }
        Ok(())
    }

    async fn deployment_history(&self, cluster: &str, service: &str) -> Result<Vec<ServiceDeploymentBrief>, AwsError> {
        let mut history = Vec::new();
        let mut next = None;
        for _ in 0..PAGES_MAX {
            let page = self
                .ecs()
                .list_service_deployments()
                .cluster(cluster)
                .service(service)
                .set_status(Some(ASKED.to_vec()))
                .max_results(OF_A_PAGE)
                .set_next_token(next)
                .send()
                .boxed()
                .await;
            let page = match page {
                Ok(page) => page,
                Err(error)
                    if error.as_service_error().is_some_and(
                        aws_sdk_ecs::operation::list_service_deployments::ListServiceDeploymentsError::is_unsupported_feature_exception,
                    ) =>
                {
                    break;
                }
                Err(error) => return Err(AwsError::of("ecs:ListServiceDeployments", &error)),
            };
            history.extend(page.service_deployments.unwrap_or_default());
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(history)
    }

    /// The task definition of a service revision; none if ECS has forgotten it.
    async fn task_definition_of(&self, revision: &str) -> Result<Option<String>, AwsError> {
        let described = self
            .ecs()
            .describe_service_revisions()
            .service_revision_arns(revision)
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("ecs:DescribeServiceRevisions", &error))?;
        Ok(described.service_revisions.unwrap_or_default().into_iter().next().and_then(|revision| revision.task_definition))
    }
}

/// The revision of the newest deployment that was over, and well, when the primary one
/// began at `began_at`. So it is not the primary one, which ends only after it began.
fn last_steady(history: &[ServiceDeploymentBrief], began_at: Timestamp) -> Option<&str> {
    history
        .iter()
        .filter(|it| it.status == Some(ServiceDeploymentStatus::Successful))
        .filter_map(|it| Some((moment(it.finished_at)?, it.target_service_revision_arn.as_deref()?)))
        .filter(|(finished_at, _)| *finished_at < began_at)
        .max_by_key(|(finished_at, _)| *finished_at)
        .map(|(_, revision)| revision)
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::primitives::DateTime;

    use super::*;

    fn brief(revision: &str, finished: Option<i64>, status: ServiceDeploymentStatus) -> ServiceDeploymentBrief {
        ServiceDeploymentBrief::builder()
            .target_service_revision_arn(revision)
            .set_finished_at(finished.map(DateTime::from_secs))
            .status(status)
            .build()
    }

    #[test]
    fn the_last_that_was_steady_before_the_primary_one_began_is_found_in_any_order() {
        let steady = |revision, finished| brief(revision, Some(finished), ServiceDeploymentStatus::Successful);
        let check = |history: &[ServiceDeploymentBrief], wanted: Option<&str>| {
            assert_eq!(last_steady(history, Timestamp::from_second(100).unwrap()), wanted, "{history:?}");
        };
        check(&[], None);
        check(&[steady("old", 10), steady("before", 99), steady("primary", 160)], Some("before"));
        check(&[steady("primary", 160), steady("before", 99), steady("old", 10)], Some("before"));
        check(&[steady("primary", 100)], None);
        check(&[brief("rolled-back", Some(99), ServiceDeploymentStatus::RollbackSuccessful), steady("old", 10)], Some("old"));
        check(&[brief("going", None, ServiceDeploymentStatus::Successful)], None);
    }
}
