//! New tasks for an ECS service whose tasks are stuck.
//!
//! A deployment of the very task definition that runs is forced. ECS starts and stops
//! tasks within the bounds of the service's deployment configuration, so how much is
//! missing meanwhile is the service's own setting.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ecs::{EcsFacts, of_labels, of_service, task_definition_name};
use super::{Attempt, Lacking, Planned, Recipe, Seen, Tags};
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::{Refusal, Target};
use crate::span::Span;
use crate::text::instant;

/// The least age of what is replaced, unless the policy says otherwise.
const MIN_AGE: Span = Span::minutes(15);

/// By how much ECS's clock may be behind ours. AWS keeps both to well under a second;
/// a deployment that began within this time before ours could have, after the target
/// was looked at, is taken for ours: it does the same.
const CLOCK_SKEW: Span = Span::seconds(5);

/// New tasks for an ECS service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EcsNewDeployment {
    /// How old the last deployment must be, 15 minutes unless said otherwise: tasks
    /// younger than that are not stuck, or new ones would be, too.
    pub min_age: Option<Span>,
}

/// New tasks, decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcsNewDeploymentPlan {
    /// The service: `cluster/service`.
    pub service: String,
    /// The ARN of the task definition that runs and is deployed again.
    pub task_definition: String,
    /// When the deployment that is replaced began.
    pub deployed_at: Timestamp,
}

impl Recipe for EcsNewDeployment {
    type Facts = EcsFacts;
    type Plan = EcsNewDeploymentPlan;

    /// Every task is stopped, and whatever it holds is lost.
    fn is_disruptive(&self, _: usize) -> bool {
        true
    }

    fn target_of_labels(&self, labels: &Labels) -> Option<Target> {
        of_labels(labels)
    }

    fn target_of_service(&self, service: &Service) -> Option<Target> {
        of_service(service)
    }

    fn tags(facts: &EcsFacts) -> &Tags {
        &facts.tags
    }

    fn plan(&self, attempt: Attempt<'_>, facts: &EcsFacts) -> Result<Planned<EcsNewDeploymentPlan>, Refusal> {
        facts.must_be_active()?;
        let primary = facts.must_deploy_itself()?;
        facts.must_not_be_deploying()?;
        facts.must_be_placeable()?;
        if facts.desired == 0 {
            return Err(Refusal::unfit("tasks", "no task is wanted, so there is none to replace"));
        }
        let min_age = self.min_age.unwrap_or(MIN_AGE);
        if attempt.now < min_age.after(primary.created_at) {
            let (at, min_age) = (instant(primary.created_at), min_age.spoken());
            return Err(Refusal::unfit("min-age", format!("the last deployment began at {at}, less than {min_age} ago")));
        }
        let plan = EcsNewDeploymentPlan {
            service: attempt.target.name.clone(),
            task_definition: primary.task_definition.clone(),
            deployed_at: primary.created_at,
        };
        Ok(Planned { plan, touched_percent: facts.replaced_percent(), caveats: Vec::new() })
    }

    fn sentence(plan: &EcsNewDeploymentPlan) -> String {
        let name = task_definition_name(&plan.task_definition);
        format!("replace the tasks of {} by a new deployment of {name}", plan.service)
    }

    fn seen(plan: &EcsNewDeploymentPlan, facts: &EcsFacts, since: Timestamp) -> Seen {
        match facts.primary() {
            // To force it once more would be a second deployment, so its absence must last.
            Some(primary) if primary.created_at <= plan.deployed_at => Seen::Unclear,
            Some(primary)
                if primary.task_definition == plan.task_definition && primary.created_at >= CLOCK_SKEW.before(since) =>
            {
                Seen::Done
            }
            Some(primary) => Seen::Gone(format!("{} was deployed at {}", primary.name(), instant(primary.created_at))),
            None => Seen::Gone("ECS has no deployment of this service any more".to_owned()),
        }
    }

    fn in_place(plan: &EcsNewDeploymentPlan, facts: &EcsFacts) -> Result<(), Lacking> {
        let Some(primary) = facts.primary().filter(|_| facts.is_active) else {
            return Err(Lacking::Failed("the service is not active any more".to_owned()));
        };
        // One that failed may be the primary one no more: ECS may have gone back.
        for deployment in facts.deployments.iter().filter(|deployment| deployment.created_at > plan.deployed_at) {
            if let Some(why) = &deployment.failure {
                return Err(Lacking::Failed(format!("the new deployment of {} failed: {why}", deployment.name())));
            }
        }
        if primary.created_at <= plan.deployed_at {
            return Err(Lacking::Yet("the new deployment is not the primary one".to_owned()));
        }
        if primary.task_definition != plan.task_definition {
            return Err(Lacking::Failed(format!("{} was deployed meanwhile", primary.name())));
        }
        facts.settled()
    }

    fn differences(plan: &EcsNewDeploymentPlan, facts: &EcsFacts) -> Vec<String> {
        facts.deployed_since(&plan.task_definition, plan.deployed_at)
    }
}
