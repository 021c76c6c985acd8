//! Application Auto Scaling in this region: its targets are part of the services.

use serde_json::json;

use super::{BEGINNING, State, World, arn};
use crate::services::scaling;
use crate::wire::{Answer, Call};

impl World {
    /// Every minimum capacity that was set so far, with the service.
    pub fn minimums(&self) -> Vec<(String, u32)> {
        self.state().minimums.clone()
    }

    /// Notes that a policy would have scaled a service `cluster/service` now and did
    /// not, for a reason such as `AlreadyAtMaxCapacity`.
    pub fn add_not_scaled(&self, service: &str, reason: &str) {
        let mut state = self.state();
        let now = state.clock();
        state.activities.not_scaled(now, &format!("service/{service}"), reason);
    }
}

pub(super) fn describe(state: &State, call: &Call) -> Answer {
    let targets = state.services.iter().filter_map(|(name, service)| Some((format!("service/{name}"), service.scalable?)));
    scaling::describe(targets, BEGINNING, call)
}

pub(super) fn register(state: &mut State, call: &Call) -> Answer {
    let (now, resource) = (state.clock(), call.text("ResourceId"));
    let found = resource.strip_prefix("service/").and_then(|name| Some((name, state.services.get_mut(name)?)));
    let Some((name, service)) = found else {
        return Answer::error(400, "ValidationException", "ECS service doesn't exist");
    };
    let scalable = match scaling::change(service.scalable, call) {
        Ok(scalable) => scalable,
        Err(refused) => return refused,
    };
    service.scalable = Some(scalable);
    let moved = service.desired.clamp(scalable.min, scalable.max);
    if moved != service.desired {
        service.desired = moved;
        state.activities.moved(now, resource, scalable, moved);
    }
    state.minimums.push((name.to_owned(), scalable.min));
    Answer::json(&json!({"ScalableTargetARN": arn("application-autoscaling", "scalable-target/1")}))
}
