//! More tasks for an ECS service under load.
//!
//! The minimum capacity of its scalable target is raised, never the maximum and
//! never both: a maximum that is written down in a policy would scale a larger
//! service in. Where there is no scalable target the desired count is raised, up to
//! a bound that the policy must give.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ecs::{EcsFacts, of_labels, of_service};
use super::{Attempt, Lacking, Planned, Recipe, Seen, Standing, Tags};
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::{Refusal, Target};

/// The step unless the policy says otherwise.
const ADD_PERCENT: u32 = 50;
/// The largest step, in percent of what runs.
const ADD_PERCENT_MAX: u32 = 900;

/// More tasks for an ECS service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EcsScaleOut {
    /// How many more, in percent of what runs, rounded up; 1 to 900, 50 unless said
    /// otherwise.
    pub add_percent: Option<u32>,
    /// How many more, as a number of tasks; instead of `add_percent`.
    pub add_tasks: Option<u32>,
    /// Never more than this many tasks. A service without a scalable target is scaled
    /// out only if this is given.
    pub max_tasks: Option<u32>,
}

/// What is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lever {
    /// The minimum capacity of the scalable target.
    MinCapacity,
    /// The service's desired count.
    DesiredCount,
}

impl Lever {
    const fn word(self) -> &'static str {
        match self {
            Lever::MinCapacity => "minimum capacity",
            Lever::DesiredCount => "desired count",
        }
    }

    /// What it is set to now; none if it is not there any more.
    fn value(self, facts: &EcsFacts) -> Option<u32> {
        match self {
            Lever::MinCapacity => facts.scalable.map(|scalable| scalable.min),
            Lever::DesiredCount => Some(facts.desired),
        }
    }
}

/// More tasks, decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcsScaleOutPlan {
    /// The service: `cluster/service`.
    pub service: String,
    /// What is raised.
    pub lever: Lever,
    /// What it was; it is put back to this.
    pub before: u32,
    /// What it becomes.
    pub after: u32,
    /// How many tasks were running.
    pub running: u32,
}

impl EcsScaleOut {
    /// How many tasks it comes to from `running`.
    fn goal(&self, running: u32) -> u32 {
        if let Some(tasks) = self.add_tasks {
            return running.saturating_add(tasks);
        }
        let percent = 100 + u64::from(self.add_percent.unwrap_or(ADD_PERCENT));
        u32::try_from((u64::from(running) * percent).div_ceil(100)).unwrap_or(u32::MAX)
    }
}

impl Recipe for EcsScaleOut {
    type Facts = EcsFacts;
    type Plan = EcsScaleOutPlan;

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        match (self.add_percent, self.add_tasks) {
            (Some(_), Some(_)) => problems.push(("add_tasks", "write `add_percent` or `add_tasks`, not both".to_owned())),
            (Some(percent), None) if !(1..=ADD_PERCENT_MAX).contains(&percent) => {
                let text = format!("`{percent}` is not from 1 to {ADD_PERCENT_MAX}; 50 is half as much again");
                problems.push(("add_percent", text));
            }
            (None, Some(0)) => problems.push(("add_tasks", "0 would add nothing; write 1 or more".to_owned())),
            (Some(_), None) | (None, Some(_) | None) => {}
        }
        if self.max_tasks == Some(0) {
            problems.push(("max_tasks", "0 would never allow a task; write 1 or more".to_owned()));
        }
        problems
    }

    fn is_disruptive(&self, _: usize) -> bool {
        false
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

    fn plan(&self, attempt: Attempt<'_>, facts: &EcsFacts) -> Result<Planned<EcsScaleOutPlan>, Refusal> {
        facts.must_be_active()?;
        let (lever, before, max) = match (facts.scalable, self.max_tasks) {
            (Some(scalable), _) if scalable.is_out_suspended => {
                return Err(Refusal::unfit("scaling-suspended", "scaling out is suspended on the scalable target"));
            }
            (Some(scalable), bound) => (Lever::MinCapacity, scalable.min, scalable.max.min(bound.unwrap_or(u32::MAX))),
            (None, Some(bound)) => (Lever::DesiredCount, facts.desired, bound),
            (None, None) => {
                let why = "the service has no scalable target; register one, or set `max_tasks` to raise the desired count";
                return Err(Refusal::unfit("scalable-target", why));
            }
        };
        facts.must_not_be_deploying()?;
        facts.must_be_placeable()?;
        let running = facts.running;
        let after = self.goal(running).min(max);
        if after <= running || after <= before {
            let why = format!("no headroom: {running} tasks run, the {} is {before} and the maximum {max}", lever.word());
            return Err(Refusal::unfit("headroom", why));
        }
        let caveats = match lever {
            Lever::MinCapacity => Vec::new(),
            Lever::DesiredCount => vec![
                "the service has no scalable target, so its desired count is raised: a deployment, or whatever else sets the count, may undo it unseen".to_owned(),
            ],
        };
        let touched_percent = (after - running).saturating_mul(100).div_ceil(running.max(1));
        let plan = EcsScaleOutPlan { service: attempt.target.name.clone(), lever, before, after, running };
        Ok(Planned { plan, touched_percent, caveats })
    }

    fn sentence(plan: &EcsScaleOutPlan) -> String {
        let EcsScaleOutPlan { service, lever, before, after, running } = plan;
        format!("raise the {} of {service} from {before} to {after} ({running} running)", lever.word())
    }

    fn is_covered(asked: &EcsScaleOutPlan, plan: &EcsScaleOutPlan) -> bool {
        asked.service == plan.service && asked.lever == plan.lever && plan.after <= asked.after
    }

    fn seen(plan: &EcsScaleOutPlan, facts: &EcsFacts, _: Timestamp) -> Seen {
        match Self::standing(plan, facts) {
            Standing::Ours => Seen::Done,
            Standing::Undone => Seen::NotDone,
            Standing::Lost(why) => Seen::Gone(why),
        }
    }

    fn in_place(plan: &EcsScaleOutPlan, facts: &EcsFacts) -> Result<(), Lacking> {
        if facts.running < plan.after {
            let unscaled = facts.not_scaled.as_ref().map(|why| format!("; not scaled: {why}")).unwrap_or_default();
            let (running, after, unplaced) = (facts.running, plan.after, facts.unplaced());
            Err(Lacking::Yet(format!("{running} of {after} tasks are running{unplaced}{unscaled}")))
        } else if facts.is_deploying() {
            Err(Lacking::Yet("a deployment is in progress".to_owned()))
        } else {
            Ok(())
        }
    }

    fn is_put_back(_: &EcsScaleOutPlan) -> bool {
        true
    }

    fn undoing(plan: &EcsScaleOutPlan) -> String {
        format!("put the {} of {} back to {}", plan.lever.word(), plan.service, plan.before)
    }

    fn standing(plan: &EcsScaleOutPlan, facts: &EcsFacts) -> Standing {
        let word = plan.lever.word();
        match plan.lever.value(facts) {
            Some(value) if value == plan.after => Standing::Ours,
            Some(value) if value == plan.before => Standing::Undone,
            Some(value) => {
                let (before, after) = (plan.before, plan.after);
                Standing::Lost(format!("the {word} is {value} now, set by somebody else: neither {before} nor {after}"))
            }
            None => Standing::Lost("the scalable target does not exist any more".to_owned()),
        }
    }

    fn differences(plan: &EcsScaleOutPlan, facts: &EcsFacts) -> Vec<String> {
        let mut differences = Vec::new();
        let word = plan.lever.word();
        match plan.lever.value(facts) {
            Some(value) if value != plan.before => differences.push(format!("the {word} is {value}, not {}", plan.before)),
            Some(_) => {}
            None => differences.push("the scalable target is gone".to_owned()),
        }
        if facts.running != plan.running {
            differences.push(format!("{} tasks run, not {}", facts.running, plan.running));
        }
        differences
    }
}
