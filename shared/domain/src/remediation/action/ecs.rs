//! An ECS service, as its actions look at it.

use jiff::Timestamp;

use super::{Lacking, Tags};
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::{Refusal, Target};
use crate::text::{clean, instant};

/// The kind of target.
const KIND: &str = "ECS service";

/// What ECS says when it finds no place for a task; which resource is lacking stands
/// behind it.
const UNPLACED: &str = "unable to place a task";
/// What ECS says when all wanted tasks run.
const STEADY: &str = "has reached a steady state";
/// How ECS goes on after the reason.
const SEE_ALSO: &str = "For more information";
/// Longest reason kept, in characters.
const REASON_MAX: usize = 300;

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
    /// Whether ECS itself goes back to the last steady deployment when one fails.
    pub rolls_back_failures: bool,
    /// Its tags.
    pub tags: Tags,
    /// Its scalable target, if it has one.
    pub scalable: Option<Scalable>,
    /// The task definition of the last deployment that had become steady before the
    /// primary one, if that was asked for and there is one.
    pub last_steady: Option<String>,
    /// Whether ECS itself is going back to an earlier deployment, if that was asked
    /// for.
    pub is_rolling_back: bool,
    /// Why it was not scaled, if that was asked for and is known.
    pub not_scaled: Option<String>,
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
    /// Why it has failed, if it has.
    pub failure: Option<String>,
}

impl Deployment {
    /// Its task definition as people call it: `family:revision`.
    pub fn name(&self) -> &str {
        task_definition_name(&self.task_definition)
    }
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

    /// The newest deployment, which the service comes to; none if ECS does not deploy
    /// it itself.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    /// Most of the tasks wanted that a deployment may take away at a time, in percent.
    /// Never 0: in the end it replaces every task, even if none is missing meanwhile.
    pub(super) fn replaced_percent(&self) -> u32 {
        100_u32.saturating_sub(self.minimum_healthy_percent).max(1)
    }

    /// The primary deployment. Refuses where it is not ECS that deploys.
    pub(super) fn must_deploy_itself(&self) -> Result<&Deployment, Refusal> {
        let why = "ECS has no deployment of this service: something else deploys it, such as CodeDeploy";
        self.primary().ok_or_else(|| Refusal::unfit("controller", why))
    }

    /// Whether the primary deployment has come to its end and all wanted tasks run.
    pub(super) fn settled(&self) -> Result<(), Lacking> {
        let deploying = if self.is_deploying() { "a deployment is in progress: " } else { "" };
        if deploying.is_empty() && self.running >= self.desired {
            return Ok(());
        }
        let (running, desired, unplaced) = (self.running, self.desired, self.unplaced());
        Err(Lacking::Yet(format!("{deploying}{running} of {desired} tasks are running{unplaced}")))
    }

    /// Why no task can be placed, as the end of a sentence; empty if nothing is known.
    pub(super) fn unplaced(&self) -> String {
        self.placement_failure.as_ref().map(|reason| format!("; ECS cannot place more: {reason}")).unwrap_or_default()
    }

    /// What was deployed since the deployment of `task_definition` that began at
    /// `began_at` was the primary one, a phrase each.
    pub(super) fn deployed_since(&self, task_definition: &str, began_at: Timestamp) -> Vec<String> {
        match self.primary() {
            Some(primary) if primary.task_definition == task_definition && primary.created_at == began_at => Vec::new(),
            Some(primary) => vec![format!("{} was deployed at {}", primary.name(), instant(primary.created_at))],
            None => vec!["it has no deployment any more".to_owned()],
        }
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

/// Why ECS could not place a task, if that is what it said last of it: `messages` are
/// those of the service's events, the newest first. What it said before it reached a
/// steady state is over.
pub fn placement_failure<'m>(messages: impl IntoIterator<Item = &'m str>) -> Option<String> {
    let message =
        messages.into_iter().take_while(|message| !message.contains(STEADY)).find(|message| message.contains(UNPLACED))?;
    let (_, reason) = message.split_once(UNPLACED)?;
    let reason = reason.split_once(SEE_ALSO).map_or(reason, |(reason, _)| reason).trim_matches([' ', '.']);
    let reason = reason.strip_prefix("because ").or_else(|| reason.strip_prefix("Reason: ")).unwrap_or(reason);
    Some(clean(if reason.is_empty() { message } else { reason }, REASON_MAX))
}

/// A task definition as people call it: `family:revision` of its ARN.
pub(super) fn task_definition_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
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
