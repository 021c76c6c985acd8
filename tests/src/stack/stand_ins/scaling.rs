//! Application Auto Scaling: keeps the desired count of a service in the emulator
//! between minimum and maximum, as the real one does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use testkit::services::scaling::{self, Activities, Scalable};
use testkit::wire::{Answer, Call, Protocol};

use super::Emulator;
use crate::stack::{Outcome, now, workload};

const TARGET_ARN: &str = "arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/1";

/// The bounds of a scalable target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Minimum capacity.
    pub min: u64,
    /// Maximum capacity.
    pub max: u64,
}

impl From<Scalable> for Target {
    fn from(scalable: Scalable) -> Target {
        Target { min: scalable.min.into(), max: scalable.max.into() }
    }
}

/// Scalable targets.
#[derive(Debug, Clone)]
pub struct Scaling {
    emulator: Emulator,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// By resource ID: `service/CLUSTER/SERVICE`.
    targets: BTreeMap<String, Scalable>,
    /// Every target as it was set, in order.
    history: Vec<(String, Target)>,
    activities: Activities,
}

impl Scaling {
    pub(super) fn new(emulator: &Emulator) -> Scaling {
        Scaling { emulator: emulator.clone(), state: Arc::default() }
    }

    /// A target as it is now.
    pub fn target(&self, resource: &str) -> Option<Target> {
        self.state().targets.get(resource).copied().map(Target::from)
    }

    /// A target as it was set, time after time.
    pub fn history(&self, resource: &str) -> Vec<Target> {
        self.state().history.iter().filter(|(id, _)| id == resource).map(|(_, target)| *target).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn answer(&self, call: &Call) -> Answer {
        match call.operation.as_str() {
            "RegisterScalableTarget" => self.change(call).await,
            "DescribeScalableTargets" => {
                let targets = self.state().targets.clone();
                scaling::describe(targets.into_iter(), now(), call)
            }
            "DescribeScalingActivities" => self.state().activities.describe(call),
            operation => Answer::error(400, "ValidationException", &format!("there is no stand-in for {operation}")),
        }
    }

    /// Makes or changes a target, as `RegisterScalableTarget` has it: what is not said
    /// stays as it is.
    ///
    /// # Errors
    /// What it refuses.
    pub async fn register(&self, input: Value) -> Outcome<()> {
        let (service, operation) = ("application-autoscaling".to_owned(), "RegisterScalableTarget".to_owned());
        let answer = self.change(&Call { service, operation, input, protocol: Protocol::Json }).await;
        if answer.status() == 200 { Ok(()) } else { Err(answer.value().to_string()) }
    }

    async fn change(&self, call: &Call) -> Answer {
        let resource = call.text("ResourceId");
        let known = self.state().targets.get(resource).copied();
        let target = match scaling::change(known, call) {
            Ok(target) => target,
            Err(refused) => return refused,
        };
        let moved = match self.move_service(resource, target).await {
            Ok(moved) => moved,
            Err(why) => return Answer::error(400, "ValidationException", &why),
        };
        let mut state = self.state();
        state.targets.insert(resource.to_owned(), target);
        state.history.push((resource.to_owned(), target.into()));
        if let Some(desired) = moved {
            state.activities.moved(now(), resource, target, desired);
        }
        Answer::json(&json!({"ScalableTargetARN": TARGET_ARN}))
    }

    /// Moves the service's desired count into the target's bounds; gives where to, if it
    /// was outside.
    async fn move_service(&self, resource: &str, target: Scalable) -> Outcome<Option<u32>> {
        let api = self.emulator.api()?;
        let mut parts = resource.split('/').skip(1);
        let (Some(cluster), Some(service)) = (parts.next(), parts.next()) else {
            return Err(format!("{resource} is not an ECS service"));
        };
        let desired = workload::desired_count(api, cluster, service).await?;
        let desired = u32::try_from(desired).map_err(|error| error.to_string())?;
        let moved = desired.clamp(target.min, target.max);
        if moved == desired {
            return Ok(None);
        }
        let input = json!({"cluster": cluster, "service": service, "desiredCount": moved});
        api.json("ecs", workload::ECS, "UpdateService", &input).await?;
        Ok(Some(moved))
    }
}
