//! An ECS service, as its actions look at it.

use jiff::Timestamp;

use super::Tags;
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::{Refusal, Target};

/// The kind of target.
const KIND: &str = "ECS service";

/// An ECS service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcsFacts {
    /// Whether its status is ACTIVE.
    pub is_active: bool,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks running.
    pub running: u32,
    /// Its deployments, the primary one first.
    pub deployments: Vec<Deployment>,
    /// What ECS said last about not being able to place a task, while fewer run
    /// than are wanted.
    pub placement_failure: Option<String>,
    /// Least tasks that stay during a deployment, in percent of those wanted.
    pub minimum_healthy_percent: u32,
    /// Its tags.
    pub tags: Tags,
    /// Its scalable target, if it has one.
    pub scalable: Option<Scalable>,
    /// The task definition of the last deployment that had become steady before the
    /// primary one, if that was asked for and there is one.
    pub last_steady: Option<String>,
}

/// A deployment of an ECS service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its task definition.
    pub task_definition: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Whether it goes on.
    pub is_in_progress: bool,
    /// Whether it has failed.
    pub has_failed: bool,
}

/// A scalable target of Application Auto Scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scalable {
    /// Least tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
    /// Whether scaling out is suspended.
    pub is_out_suspended: bool,
}

impl EcsFacts {
    /// Whether a deployment goes on: one in progress, or tasks of an earlier one that
    /// are not gone yet.
    pub fn is_deploying(&self) -> bool {
        self.deployments.len() > 1 || self.deployments.iter().any(|deployment| deployment.is_in_progress)
    }

    /// Refuses when the service is not there for long.
    pub(super) fn must_be_active(&self) -> Result<(), Refusal> {
        if self.is_active { Ok(()) } else { Err(Refusal::unfit("active", "the service is not active")) }
    }

    /// Refuses while a deployment goes on.
    pub(super) fn must_not_be_deploying(&self) -> Result<(), Refusal> {
        if self.is_deploying() { Err(Refusal::unfit("deployment", "a deployment is in progress")) } else { Ok(()) }
    }

    /// Refuses when ECS cannot place the tasks that are wanted already.
    pub(super) fn must_be_placeable(&self) -> Result<(), Refusal> {
        match &self.placement_failure {
            Some(message) if self.running < self.desired => Err(Refusal::unfit(
                "placement",
                format!("{} of {} tasks run and ECS cannot place more: {message}", self.running, self.desired),
            )),
            Some(_) | None => Ok(()),
        }
    }
}

/// The service that an alert's dimensions name.
pub(super) fn of_labels(labels: &Labels) -> Option<Target> {
    let (cluster, service) = (labels.find("ClusterName")?, labels.find("ServiceName")?);
    Some(Target::new(KIND, format!("{cluster}/{service}")))
}

/// The service that the catalogue has.
pub(super) fn of_service(service: &Service) -> Option<Target> {
    service.ecs.as_ref().map(|ecs| Target::new(KIND, format!("{}/{}", ecs.cluster, ecs.service)))
}
