//! An ECS service.

use serde_json::{Value, json};
use testkit::services::deployments::{Deployment as Past, Rollout};

use super::tag;
use crate::scenes::event;
use crate::stack::{Deployment, ECS, Outcome};

/// The cluster of all these services.
pub(in crate::checks::guards) const CLUSTER: &str = "guards";

/// An ECS service, to be made.
#[derive(Debug, Clone)]
pub(in crate::checks::guards) struct Service {
    pub(in crate::checks::guards) tasks: u64,
    /// Of its scalable target, if it has one.
    pub(in crate::checks::guards) bounds: Option<(u64, u64)>,
    pub(in crate::checks::guards) is_suspended: bool,
    pub(in crate::checks::guards) is_managed: bool,
    /// Which revision of its task definition runs, of two.
    pub(in crate::checks::guards) revision: u32,
    /// What ran an hour ago: `family:revision`, `own` being the service's family.
    pub(in crate::checks::guards) ran: Option<&'static str>,
    /// What ECS says of it instead of what is so.
    pub(in crate::checks::guards) says: Option<fn(&str) -> Value>,
}

impl Default for Service {
    /// Two tasks, which may become six.
    fn default() -> Service {
        Service { tasks: 2, bounds: Some((2, 6)), is_suspended: false, is_managed: true, revision: 1, ran: None, says: None }
    }
}

/// The ARN of a task definition.
pub(in crate::checks::guards) fn task_definition(name: &str) -> String {
    format!("arn:aws:ecs:us-east-1:000000000000:task-definition/{name}")
}

fn arn(name: &str) -> String {
    format!("arn:aws:ecs:us-east-1:000000000000:service/{CLUSTER}/{name}")
}

fn resource(name: &str) -> String {
    format!("service/{CLUSTER}/{name}")
}

impl Service {
    pub(super) async fn make(&self, on: &Deployment, name: &str) -> Outcome<()> {
        let task = json!({
            "family": name,
            "containerDefinitions": [{"name": "main", "image": "busybox", "memory": 64, "essential": true}],
        });
        for _ in 0..self.revision {
            on.api.json("ecs", ECS, "RegisterTaskDefinition", &task).await?;
        }
        let service = json!({
            "cluster": CLUSTER,
            "serviceName": name,
            "taskDefinition": format!("{name}:{}", self.revision),
            "desiredCount": self.tasks,
            "tags": [{"key": "watchkeeper", "value": tag(self.is_managed)}],
        });
        on.api.json("ecs", ECS, "CreateService", &service).await?;
        if let Some((min, max)) = self.bounds {
            let target = json!({
                "ServiceNamespace": "ecs",
                "ResourceId": resource(name),
                "ScalableDimension": "ecs:service:DesiredCount",
                "MinCapacity": min,
                "MaxCapacity": max,
                "SuspendedState": {"DynamicScalingOutSuspended": self.is_suspended},
            });
            on.stand_ins.scaling.register(target).await?;
        }
        if let Some(ran) = self.ran {
            let created_at = jiff::Timestamp::from_millisecond(event::now_ms() - 3_600_000).map_err(|error| error.to_string())?;
            let task_definition = task_definition(&ran.replace("own", name));
            on.stand_ins.ecs.set_past(&arn(name), vec![Past { task_definition, created_at, rollout: Rollout::Completed }]);
        }
        if let Some(says) = self.says {
            let fields = says(name).as_object().cloned().unwrap_or_default();
            on.stand_ins.ecs.say(&format!("{CLUSTER}/{name}"), fields);
        }
        Ok(())
    }

    /// How its bounds were set, what it came to by updates, and what was deployed.
    pub(super) fn traces(&self, on: &Deployment, name: &str) -> Vec<String> {
        let short = |task_definition: &str| task_definition.rsplit(':').next().unwrap_or_default().to_owned();
        let history = on.stand_ins.scaling.history(&resource(name));
        let set = history
            .iter()
            .skip(usize::from(self.bounds.is_some()))
            .map(|target| format!("from {} to {}", target.min, target.max));
        let calls = on.stand_ins.ecs.updates(&arn(name));
        let updated = calls.iter().map(|it| format!("{} tasks of revision {}", it.desired, short(&it.task_definition)));
        let deployments = on.stand_ins.ecs.deployments(&arn(name));
        let known = 1 + usize::from(self.ran.is_some());
        let deployed = deployments.iter().skip(known).map(|it| format!("revision {} deployed", short(&it.task_definition)));
        set.chain(updated).chain(deployed).collect()
    }
}
