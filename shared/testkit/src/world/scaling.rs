//! Application Auto Scaling: scalable targets of ECS services, and why they scaled or
//! did not.

use serde_json::{Value, json};

use super::{BEGINNING, State, World, arn};
use crate::wire::{Answer, Call, Paging, seconds};

const PAGING: Paging = Paging {
    size: "MaxResults",
    token: "NextToken",
    usual: 50,
    max: 50,
    bad_size: "ValidationException",
    bad_token: "InvalidNextTokenException",
};

/// How a service may scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scalable {
    /// Least tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
    /// Whether policies may not add tasks for now.
    pub is_out_suspended: bool,
    /// Whether policies may not take tasks away for now.
    pub is_in_suspended: bool,
    /// Whether schedules may not change anything for now.
    pub is_scheduled_suspended: bool,
}

impl Scalable {
    /// From `min` to `max` tasks, with nothing suspended.
    pub fn new(min: u32, max: u32) -> Scalable {
        Scalable { min, max, is_out_suspended: false, is_in_suspended: false, is_scheduled_suspended: false }
    }
}

impl World {
    /// Every minimum capacity that was set so far, with the service.
    pub fn minimums(&self) -> Vec<(String, u32)> {
        self.state().minimums.clone()
    }

    /// Notes that a policy would have scaled a service `cluster/service` now and did
    /// not, for a reason such as `AlreadyAtMaxCapacity`.
    pub fn add_not_scaled(&self, service: &str, reason: &str) {
        let mut state = self.state();
        let at = state.clock();
        let mut activity =
            activity(&state, service, "Attempting to scale due to alarm triggered", "alarm triggered", seconds(at));
        activity["StatusCode"] = json!("Failed");
        activity["NotScaledReasons"] = json!([{"Code": reason}]);
        state.activities.push(activity);
    }
}

fn activity(state: &State, service: &str, description: &str, cause: &str, at: f64) -> Value {
    json!({
        "ActivityId": format!("c0000000-0000-4000-8000-{:012}", state.activities.len() + 1),
        "ServiceNamespace": "ecs",
        "ResourceId": format!("service/{service}"),
        "ScalableDimension": "ecs:service:DesiredCount",
        "Description": description,
        "Cause": cause,
        "StartTime": at,
        "EndTime": at,
        "StatusCode": "Successful",
    })
}

pub(super) fn describe(state: &State, call: &Call) -> Answer {
    let ids = call.texts("ResourceIds");
    let target = |(name, scalable): (&String, &Scalable)| {
        json!({
            "ServiceNamespace": "ecs",
            "ResourceId": format!("service/{name}"),
            "ScalableDimension": "ecs:service:DesiredCount",
            "MinCapacity": scalable.min,
            "MaxCapacity": scalable.max,
            "RoleARN": "arn:aws:iam::111122223333:role/scaling",
            "CreationTime": seconds(BEGINNING),
            "SuspendedState": {
                "DynamicScalingInSuspended": scalable.is_in_suspended,
                "DynamicScalingOutSuspended": scalable.is_out_suspended,
                "ScheduledScalingSuspended": scalable.is_scheduled_suspended,
            },
        })
    };
    let all = state.services.iter().filter_map(|(name, service)| Some((name, service.scalable.as_ref()?))).map(target);
    let is_asked = |target: &Value| ids.as_ref().is_none_or(|ids| ids.iter().any(|id| target["ResourceId"] == *id));
    PAGING.page(call, all.filter(is_asked).collect(), |page| json!({"ScalableTargets": page}))
}

pub(super) fn describe_activities(state: &State, call: &Call) -> Answer {
    let has_not_scaled = call.input["IncludeNotScaledActivities"] == true;
    let is_asked = |activity: &&Value| {
        call.input.get("ResourceId").is_none_or(|id| *id == activity["ResourceId"])
            && (has_not_scaled || activity.get("NotScaledReasons").is_none())
    };
    let asked = state.activities.iter().rev().filter(is_asked).cloned().collect();
    PAGING.page(call, asked, |page| json!({"ScalingActivities": page}))
}

pub(super) fn register(state: &mut State, call: &Call) -> Answer {
    let refuse = |message: &str| Answer::error(400, "ValidationException", message);
    let Some(name) = call.text("ResourceId").strip_prefix("service/").map(str::to_owned) else {
        return refuse("no such resource");
    };
    let Some(service) = state.services.get_mut(&name) else {
        return refuse("ECS service doesn't exist");
    };
    let (min, max) = (call.number("MinCapacity"), call.number("MaxCapacity"));
    let mut scalable = match (service.scalable, min, max) {
        (Some(known), min, max) => Scalable { min: min.unwrap_or(known.min), max: max.unwrap_or(known.max), ..known },
        (None, Some(min), Some(max)) => Scalable::new(min, max),
        (None, _, _) => return refuse("MinCapacity and MaxCapacity are needed for a new scalable target"),
    };
    if scalable.min > scalable.max {
        return refuse("Maximum capacity cannot be less than minimum capacity");
    }
    let suspended = |name: &str, now: bool| call.input["SuspendedState"][name].as_bool().unwrap_or(now);
    scalable.is_out_suspended = suspended("DynamicScalingOutSuspended", scalable.is_out_suspended);
    scalable.is_in_suspended = suspended("DynamicScalingInSuspended", scalable.is_in_suspended);
    scalable.is_scheduled_suspended = suspended("ScheduledScalingSuspended", scalable.is_scheduled_suspended);
    service.scalable = Some(scalable);
    let moved = service.desired.clamp(scalable.min, scalable.max);
    if moved != service.desired {
        service.desired = moved;
        let bound = if moved == scalable.min { "minimum" } else { "maximum" };
        let (description, cause) = (format!("Setting desired count to {moved}."), format!("{bound} capacity was set to {moved}"));
        let activity = activity(state, &name, &description, &cause, seconds(state.clock()));
        state.activities.push(activity);
    }
    state.minimums.push((name, scalable.min));
    Answer::json(&json!({"ScalableTargetARN": arn("application-autoscaling", "scalable-target/1")}))
}
