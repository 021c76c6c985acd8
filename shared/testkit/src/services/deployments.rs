//! ECS's memory of deployments: `ListServiceDeployments` and
//! `DescribeServiceRevisions`.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{Answer, Call, Paging, seconds};

const PAGING: Paging = Paging {
    size: "maxResults",
    token: "nextToken",
    usual: 20,
    max: 100,
    bad_size: "InvalidParameterException",
    bad_token: "InvalidParameterException",
};
/// Most revisions that one call asks for.
const REVISIONS_MAX: usize = 20;

/// What became of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollout {
    /// All its tasks run.
    Completed,
    /// Its tasks are not all there yet.
    InProgress,
    /// The circuit breaker gave it up.
    Failed,
    /// The circuit breaker gave it up and went back to the one before.
    RolledBack,
}

/// A deployment of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// ARN of the task definition.
    pub task_definition: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// What became of it.
    pub rollout: Rollout,
}

impl Rollout {
    /// As `ListServiceDeployments` says it.
    fn status(self) -> &'static str {
        match self {
            Rollout::Completed => "SUCCESSFUL",
            Rollout::InProgress => "IN_PROGRESS",
            Rollout::Failed => "STOPPED",
            Rollout::RolledBack => "ROLLBACK_SUCCESSFUL",
        }
    }

    /// As `DescribeServices` says it; a deployment that was rolled back is not there.
    pub fn state(self) -> &'static str {
        match self {
            Rollout::Completed => "COMPLETED",
            Rollout::InProgress => "IN_PROGRESS",
            Rollout::Failed | Rollout::RolledBack => "FAILED",
        }
    }
}

/// The ID of the `n`th deployment of a service, from 0: the number in `ecs-svc/…`, in
/// the ARN of the deployment and in that of its revision.
fn id(n: usize) -> String {
    format!("{}", 4_512_600_000_000_000_001_u64 + n as u64)
}

/// The `n`th deployment's ID in `DescribeServices`.
pub fn ecs_svc(n: usize) -> String {
    format!("ecs-svc/{}", id(n))
}

/// The ARN of the `n`th deployment of a service with this ARN.
pub fn deployment_arn(service_arn: &str, n: usize) -> String {
    format!("{}/{}", service_arn.replacen(":service/", ":service-deployment/", 1), id(n))
}

/// The ARN of what the `n`th deployment of a service with this ARN rolls out.
pub fn revision_arn(service_arn: &str, n: usize) -> String {
    format!("{}/{}", service_arn.replacen(":service/", ":service-revision/", 1), id(n))
}

/// The ARN of the service's cluster.
pub fn cluster_arn(service_arn: &str) -> String {
    let (cluster, _) = service_arn.rsplit_once('/').unwrap_or((service_arn, ""));
    cluster.replacen(":service/", ":cluster/", 1)
}

/// Answers `ListServiceDeployments` of a service whose deployments are given in order,
/// the oldest first. The answer has the newest first.
pub fn list(service_arn: &str, deployments: &[Deployment], call: &Call) -> Answer {
    let statuses = call.texts("status").unwrap_or_default();
    let bound = |name: &str| call.input["createdAt"][name].as_f64();
    let (after, before) = (bound("after"), bound("before"));
    let is_asked = |deployment: &Deployment| {
        let at = seconds(deployment.created_at);
        (statuses.is_empty() || statuses.contains(&deployment.rollout.status()))
            && after.is_none_or(|after| at >= after)
            && before.is_none_or(|before| at <= before)
    };
    let asked = deployments.iter().enumerate().filter(|(_, it)| is_asked(it)).rev().map(|(n, it)| brief(service_arn, n, it));
    PAGING.page(call, asked.collect(), |page| json!({"serviceDeployments": page}))
}

fn brief(service_arn: &str, n: usize, deployment: &Deployment) -> Value {
    let at = seconds(deployment.created_at);
    let mut brief = json!({
        "serviceDeploymentArn": deployment_arn(service_arn, n),
        "serviceArn": service_arn,
        "clusterArn": cluster_arn(service_arn),
        "startedAt": at,
        "createdAt": at,
        "targetServiceRevisionArn": revision_arn(service_arn, n),
        "status": deployment.rollout.status(),
    });
    if deployment.rollout != Rollout::InProgress {
        brief["finishedAt"] = json!(at);
    }
    brief
}

/// Answers `DescribeServiceRevisions` over all services, each given as its ARN and its
/// deployments, the oldest first.
pub fn describe_revisions<'s>(services: impl Iterator<Item = (String, &'s [Deployment])>, call: &Call) -> Answer {
    let asked = call.texts("serviceRevisionArns").unwrap_or_default();
    if asked.is_empty() || asked.len() > REVISIONS_MAX {
        return Answer::error(400, "InvalidParameterException", "between 1 and 20 service revisions can be described");
    }
    let known: Vec<Value> = services
        .flat_map(|(arn, deployments)| {
            deployments.iter().enumerate().map(move |(n, it)| revision(&arn, n, it)).collect::<Vec<_>>()
        })
        .collect();
    let find = |arn: &str| known.iter().find(|revision| revision["serviceRevisionArn"] == arn);
    let found: Vec<&Value> = asked.iter().filter_map(|arn| find(arn)).collect();
    let missing = asked.iter().filter(|arn| find(arn).is_none());
    let failures: Vec<Value> = missing.map(|arn| json!({"arn": arn, "reason": "MISSING"})).collect();
    Answer::json(&json!({"serviceRevisions": found, "failures": failures}))
}

fn revision(service_arn: &str, n: usize, deployment: &Deployment) -> Value {
    json!({
        "serviceRevisionArn": revision_arn(service_arn, n),
        "serviceArn": service_arn,
        "clusterArn": cluster_arn(service_arn),
        "taskDefinition": deployment.task_definition,
        "createdAt": seconds(deployment.created_at),
    })
}
