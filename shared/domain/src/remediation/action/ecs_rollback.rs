//! Back to what an ECS service ran before, when an alarm follows a deployment.
//!
//! What it ran before is the task definition of the last deployment that had become
//! steady before the primary one began: as ECS's history has it, and where that has
//! nothing, that of an older deployment whose tasks still run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ecs::{Deployment, EcsFacts, of_labels, of_service, task_definition_name};
use super::{Attempt, Lacking, Planned, Recipe, Seen, Tags};
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::{Refusal, Target};
use crate::span::Span;
use crate::text::instant;

/// How long after a deployment began an alarm is put down to it, unless the policy
/// says otherwise.
const DEPLOYED_WITHIN: Span = Span::minutes(15);

/// Back to what an ECS service ran before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EcsRollback {
    /// The deployment must have begun at most this long before the alarm; 15 minutes
    /// unless said otherwise.
    pub deployed_within: Option<Span>,
}

/// The way back, decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcsRollbackPlan {
    /// The service: `cluster/service`.
    pub service: String,
    /// The ARN of the task definition that is deployed now.
    pub from: String,
    /// The ARN of the one that is deployed instead.
    pub to: String,
    /// When the deployment of `from` began.
    pub deployed_at: Timestamp,
}

impl EcsRollbackPlan {
    /// Whether another deployment has followed the one that is rolled back.
    fn is_followed_by(&self, primary: &Deployment) -> bool {
        primary.task_definition != self.from || primary.created_at != self.deployed_at
    }
}

impl EcsRollback {
    /// Refuses unless the deployment began within the given time before the alarm. One
    /// that began after it is no cause, however soon after.
    fn must_be_the_cause(&self, deployment: &Deployment, alert_at: Timestamp) -> Result<(), Refusal> {
        let (began_at, within) = (deployment.created_at, self.deployed_within.unwrap_or(DEPLOYED_WITHIN));
        let (began, alarm) = (instant(began_at), instant(alert_at));
        let why = if began_at > alert_at {
            format!("the last deployment began at {began}, after the alarm did at {alarm}")
        } else if alert_at > within.after(began_at) {
            format!("the last deployment began at {began}, more than {} before the alarm did at {alarm}", within.spoken())
        } else {
            return Ok(());
        };
        Err(Refusal::unfit("cause", why))
    }
}

/// Refuses while ECS goes back by itself, or is about to.
fn must_not_roll_back_itself(facts: &EcsFacts) -> Result<(), Refusal> {
    if facts.is_rolling_back {
        return Err(Refusal::unfit("own-rollback", "ECS itself is rolling back a deployment"));
    }
    // Without that setting a failed deployment stays as it is, until somebody goes back.
    let failed = facts.deployments.iter().find_map(|deployment| Some((deployment.name(), deployment.failure.as_ref()?)));
    match failed {
        Some((name, why)) if facts.rolls_back_failures => {
            Err(Refusal::unfit("own-rollback", format!("the deployment of {name} failed, and ECS itself rolls it back: {why}")))
        }
        Some(_) | None => Ok(()),
    }
}

/// The task definition of an older deployment that was steady and whose tasks still
/// run.
fn still_running<'f>(facts: &'f EcsFacts, primary: &Deployment) -> Option<&'f str> {
    facts
        .deployments
        .iter()
        .filter(|older| older.created_at < primary.created_at && !older.is_in_progress && older.failure.is_none())
        .max_by_key(|older| older.created_at)
        .map(|older| older.task_definition.as_str())
}

/// Refuses what is not an older revision of the same family.
fn must_lead_back(from: &str, to: &str) -> Result<(), Refusal> {
    let (from, to) = (task_definition_name(from), task_definition_name(to));
    if from == to {
        let why = format!("{to} ran before the last deployment, too: it did not change the task definition");
        return Err(Refusal::unfit("same-definition", why));
    }
    match (family_and_revision(from), family_and_revision(to)) {
        (Some((from_family, from_revision)), Some((to_family, to_revision))) if from_family == to_family => {
            // What was deployed last is older than what ran before: it was a way back
            // itself, and to undo it would be to go back and forth.
            if to_revision > from_revision {
                let why = format!("the last deployment was a rollback itself, from {to} to {from}");
                return Err(Refusal::unfit("rolled-back", why));
            }
            Ok(())
        }
        (_, _) => Err(Refusal::unfit("family", format!("{to} ran before, which is of another family than {from}"))),
    }
}

fn family_and_revision(name: &str) -> Option<(&str, u64)> {
    let (family, revision) = name.rsplit_once(':')?;
    Some((family, revision.parse().ok()?))
}

impl Recipe for EcsRollback {
    type Facts = EcsFacts;
    type Plan = EcsRollbackPlan;

    fn problems(&self) -> Vec<(&'static str, String)> {
        if self.deployed_within == Some(Span::ZERO) {
            vec![("deployed_within", "0 would fit no deployment; 15m is usual".to_owned())]
        } else {
            Vec::new()
        }
    }

    /// What was just delivered is taken back.
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

    fn plan(&self, attempt: Attempt<'_>, facts: &EcsFacts) -> Result<Planned<EcsRollbackPlan>, Refusal> {
        facts.must_be_active()?;
        let primary = facts.must_deploy_itself()?;
        must_not_roll_back_itself(facts)?;
        self.must_be_the_cause(primary, attempt.alert_at)?;
        let Some(to) = facts.last_steady.as_deref().or_else(|| still_running(facts, primary)) else {
            let why = "no earlier deployment is known that was steady: ECS's history goes back 90 days";
            return Err(Refusal::unfit("last-steady", why));
        };
        must_lead_back(&primary.task_definition, to)?;
        let from = primary.name();
        let mut caveats = vec![format!(
            "whatever has deployed {from}, a pipeline or Terraform, does not know of it: it shows drift, and deploys {from} again when it next runs"
        )];
        if primary.is_in_progress {
            caveats.push(format!("the deployment of {from} is still in progress and is given up"));
        }
        let plan = EcsRollbackPlan {
            service: attempt.target.name.clone(),
            from: primary.task_definition.clone(),
            to: to.to_owned(),
            deployed_at: primary.created_at,
        };
        Ok(Planned { plan, touched_percent: facts.replaced_percent(), caveats })
    }

    fn sentence(plan: &EcsRollbackPlan) -> String {
        let (from, to) = (task_definition_name(&plan.from), task_definition_name(&plan.to));
        format!("roll {} back from {from} to {to}", plan.service)
    }

    fn seen(plan: &EcsRollbackPlan, facts: &EcsFacts, _: Timestamp) -> Seen {
        match facts.primary() {
            Some(primary) if primary.task_definition == plan.to => Seen::Done,
            // Somebody may have deployed it once more, knowing what they do.
            Some(primary) if plan.is_followed_by(primary) => {
                Seen::Gone(format!("{} was deployed at {}", primary.name(), instant(primary.created_at)))
            }
            Some(_) => Seen::NotDone,
            None => Seen::Gone("ECS has no deployment of this service any more".to_owned()),
        }
    }

    fn in_place(plan: &EcsRollbackPlan, facts: &EcsFacts) -> Result<(), Lacking> {
        let Some(primary) = facts.primary().filter(|_| facts.is_active) else {
            return Err(Lacking::Failed("the service is not active any more".to_owned()));
        };
        // One that failed may be the primary one no more: ECS may have gone on from it.
        let mut back = facts.deployments.iter().filter(|deployment| deployment.task_definition == plan.to);
        if let Some(why) = back.find_map(|deployment| deployment.failure.as_ref()) {
            let to = task_definition_name(&plan.to);
            return Err(Lacking::Failed(format!("the deployment of {to} failed: {why}")));
        }
        if primary.task_definition == plan.to {
            facts.settled()
        } else if plan.is_followed_by(primary) {
            Err(Lacking::Failed(format!("{} was deployed meanwhile", primary.name())))
        } else {
            Err(Lacking::Yet(format!("{} is still the one that is deployed", primary.name())))
        }
    }

    fn differences(plan: &EcsRollbackPlan, facts: &EcsFacts) -> Vec<String> {
        facts.deployed_since(&plan.from, plan.deployed_at)
    }
}
