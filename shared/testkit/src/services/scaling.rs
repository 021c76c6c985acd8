//! Application Auto Scaling: scalable targets of ECS services, and why they scaled or
//! did not. Who moves the tasks is not said here.

use jiff::Timestamp;
use serde_json::{Value, json};

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

/// The target that `RegisterScalableTarget` makes of one that is known, or anew: what it
/// does not say stays as it is.
///
/// # Errors
/// The answer that refuses it.
pub fn change(known: Option<Scalable>, call: &Call) -> Result<Scalable, Answer> {
    let refuse = |message: &str| Err(Answer::error(400, "ValidationException", message));
    let (min, max) = (call.number("MinCapacity"), call.number("MaxCapacity"));
    let known = match (known, min, max) {
        (Some(known), min, max) => Scalable { min: min.unwrap_or(known.min), max: max.unwrap_or(known.max), ..known },
        (None, Some(min), Some(max)) => Scalable::new(min, max),
        (None, _, _) => return refuse("MinCapacity and MaxCapacity are needed for a new scalable target"),
    };
    if known.min > known.max {
        return refuse("Maximum capacity cannot be less than minimum capacity");
    }
    let suspended = |name: &str, now: bool| call.input["SuspendedState"][name].as_bool().unwrap_or(now);
    Ok(Scalable {
        is_out_suspended: suspended("DynamicScalingOutSuspended", known.is_out_suspended),
        is_in_suspended: suspended("DynamicScalingInSuspended", known.is_in_suspended),
        is_scheduled_suspended: suspended("ScheduledScalingSuspended", known.is_scheduled_suspended),
        ..known
    })
}

/// Answers `DescribeScalableTargets` over all targets, each with its resource ID and
/// when it was made.
pub fn describe(targets: impl Iterator<Item = (String, Scalable)>, made_at: Timestamp, call: &Call) -> Answer {
    let ids = call.texts("ResourceIds");
    let is_asked = |id: &String| ids.as_ref().is_none_or(|ids| ids.contains(&id.as_str()));
    let asked = targets.filter(|(id, _)| is_asked(id)).map(|(id, target)| described(&id, target, made_at));
    PAGING.page(call, asked.collect(), |page| json!({"ScalableTargets": page}))
}

fn described(resource: &str, target: Scalable, made_at: Timestamp) -> Value {
    json!({
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": "ecs:service:DesiredCount",
        "MinCapacity": target.min,
        "MaxCapacity": target.max,
        "RoleARN": "arn:aws:iam::111122223333:role/scaling",
        "CreationTime": seconds(made_at),
        "SuspendedState": {
            "DynamicScalingInSuspended": target.is_in_suspended,
            "DynamicScalingOutSuspended": target.is_out_suspended,
            "ScheduledScalingSuspended": target.is_scheduled_suspended,
        },
    })
}

/// What scaled and what did not, in order.
#[derive(Debug, Clone, Default)]
pub struct Activities(Vec<Value>);

impl Activities {
    fn add(&mut self, at: Timestamp, resource: &str, description: &str, cause: &str) -> &mut Value {
        let n = self.0.len();
        self.0.push(json!({
            "ActivityId": format!("c0000000-0000-4000-8000-{:012}", n + 1),
            "ServiceNamespace": "ecs",
            "ResourceId": resource,
            "ScalableDimension": "ecs:service:DesiredCount",
            "Description": description,
            "Cause": cause,
            "StartTime": seconds(at),
            "EndTime": seconds(at),
            "StatusCode": "Successful",
        }));
        &mut self.0[n]
    }

    /// Notes that a service was moved into the bounds of its target.
    pub fn moved(&mut self, at: Timestamp, resource: &str, target: Scalable, desired: u32) {
        let bound = if desired == target.min { "minimum" } else { "maximum" };
        let cause = format!("{bound} capacity was set to {desired}");
        self.add(at, resource, &format!("Setting desired count to {desired}."), &cause);
    }

    /// Notes that a policy would have scaled a service and did not, for a reason such as
    /// `AlreadyAtMaxCapacity`.
    pub fn not_scaled(&mut self, at: Timestamp, resource: &str, reason: &str) {
        let activity = self.add(at, resource, "Attempting to scale due to alarm triggered", "alarm triggered");
        activity["StatusCode"] = json!("Failed");
        activity["NotScaledReasons"] = json!([{"Code": reason}]);
    }

    /// Answers `DescribeScalingActivities`: the newest first.
    pub fn describe(&self, call: &Call) -> Answer {
        let has_not_scaled = call.input["IncludeNotScaledActivities"] == true;
        let is_asked = |activity: &&Value| {
            call.input.get("ResourceId").is_none_or(|id| *id == activity["ResourceId"])
                && (has_not_scaled || activity.get("NotScaledReasons").is_none())
        };
        let asked = self.0.iter().rev().filter(is_asked).cloned().collect();
        PAGING.page(call, asked, |page| json!({"ScalingActivities": page}))
    }
}
