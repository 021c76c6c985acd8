//! Small stand-ins: SNS, SQS, Step Functions, Secrets Manager, ECS, Application
//! Auto Scaling and RDS, as far as Watchkeeper asks them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::wire::{Answer, Call};
use super::{Execution, Published, State, World, alarms, functions};

/// Answers a call of any service but DynamoDB.
pub(super) fn answer(world: &World, call: &Call) -> Answer {
    let mut state = world.state();
    match (call.service.as_str(), call.operation.as_str()) {
        ("sns", "Publish") => publish(&mut state, call),
        ("sqs", "ReceiveMessage") => functions::receive(&mut state, call),
        ("sqs", "DeleteMessage") => functions::delete(&mut state, call),
        ("monitoring", "DescribeAlarms") => alarms::describe(&state, call),
        ("monitoring", "DescribeAlarmHistory") => alarms::describe_history(&state, call),
        ("states", "StartExecution") => start_execution(&mut state, call),
        ("secretsmanager", "GetSecretValue") => secret(&state, call),
        ("ecs", "DescribeServices") => describe_services(&state, call),
        ("application-autoscaling", "DescribeScalableTargets") => describe_scalable_targets(&state, call),
        ("application-autoscaling", "RegisterScalableTarget") => register_scalable_target(&mut state, call),
        ("rds", "DescribeDBInstances") => describe_instances(&state, call),
        ("rds", "DescribeEvents") => describe_events(&state, call),
        ("rds", "RebootDBInstance") => reboot(&mut state, call),
        (service, operation) => {
            Answer::error(400, "UnknownOperationException", &format!("no stand-in for {service} {operation}"))
        }
    }
}

fn publish(state: &mut State, call: &Call) -> Answer {
    let texts: Value = serde_json::from_str(call.text("Message")).unwrap_or(Value::Null);
    let text = texts.get("default").and_then(Value::as_str).unwrap_or_default().to_owned();
    state.published.push(Published { topic: call.text("TopicArn").to_owned(), subject: call.text("Subject").to_owned(), text });
    Answer::xml(&format!("<MessageId>{}</MessageId>", state.published.len()))
}

fn start_execution(state: &mut State, call: &Call) -> Answer {
    let (name, input) = (call.text("name").to_owned(), call.text("input").to_owned());
    let arn = format!("{}:{name}", call.text("stateMachineArn").replace("stateMachine", "execution"));
    match state.executions.iter().find(|execution| execution.name == name) {
        Some(known) if known.is_over || known.input != input => {
            return Answer::error(400, "ExecutionAlreadyExists", &format!("Execution Already Exists: '{arn}'"));
        }
        Some(_) => {}
        None => state.executions.push(Execution { name, input, is_over: false }),
    }
    Answer::json(&json!({"executionArn": arn, "startDate": 1_767_225_600}))
}

fn secret(state: &State, call: &Call) -> Answer {
    match state.secrets.get(call.text("SecretId")) {
        Some(text) => Answer::json(&json!({"Name": call.text("SecretId"), "SecretString": text})),
        None => Answer::error(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
    }
}

fn tags(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn describe_services(state: &State, call: &Call) -> Answer {
    let name = call.input["services"][0].as_str().unwrap_or_default();
    let services: Vec<Value> = state
        .services
        .get(&format!("{}/{name}", call.text("cluster")))
        .map(|service| {
            json!({
                "serviceName": name,
                "status": "ACTIVE",
                "desiredCount": service.desired,
                "runningCount": service.desired,
                "pendingCount": 0,
                "deployments": [{"status": "PRIMARY", "rolloutState": "COMPLETED", "runningCount": service.desired}],
                "events": [],
                "tags": tags(&service.tags),
            })
        })
        .into_iter()
        .collect();
    Answer::json(&json!({"services": services, "failures": []}))
}

fn describe_scalable_targets(state: &State, call: &Call) -> Answer {
    let id = call.input["ResourceIds"][0].as_str().unwrap_or_default();
    let targets: Vec<Value> = id
        .strip_prefix("service/")
        .and_then(|name| state.services.get(name))
        .map(|service| {
            json!({
                "ServiceNamespace": "ecs",
                "ResourceId": id,
                "ScalableDimension": "ecs:service:DesiredCount",
                "MinCapacity": service.min,
                "MaxCapacity": service.max,
                "RoleARN": "arn:aws:iam::111122223333:role/scaling",
                "CreationTime": 1_767_225_600,
                "SuspendedState": {"DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false},
            })
        })
        .into_iter()
        .collect();
    Answer::json(&json!({"ScalableTargets": targets}))
}

fn register_scalable_target(state: &mut State, call: &Call) -> Answer {
    let number = |name: &str| call.input.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let Some(name) = call.text("ResourceId").strip_prefix("service/").map(str::to_owned) else {
        return Answer::error(400, "ValidationException", "no such resource");
    };
    let Some(service) = state.services.get_mut(&name) else {
        return Answer::error(400, "ValidationException", "ECS service doesn't exist");
    };
    service.min = number("MinCapacity").unwrap_or(service.min);
    service.max = number("MaxCapacity").unwrap_or(service.max);
    service.desired = service.desired.clamp(service.min, service.max);
    let min = service.min;
    state.minimums.push((name, min));
    Answer::json(&json!({"ScalableTargetARN": "arn:aws:application-autoscaling:eu-west-1:111122223333:scalable-target/1"}))
}

fn describe_instances(state: &State, call: &Call) -> Answer {
    let name = call.text("DBInstanceIdentifier");
    let Some(instance) = state.instances.get(name) else {
        return Answer::error(404, "DBInstanceNotFound", &format!("DBInstance {name} not found."));
    };
    let tags = instance.tags.iter().fold(String::new(), |mut out, (key, value)| {
        let _ = write!(out, "<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
        out
    });
    Answer::xml(&format!(
        "<DBInstances><DBInstance><DBInstanceIdentifier>{name}</DBInstanceIdentifier>\
         <DBInstanceStatus>available</DBInstanceStatus><MultiAZ>{}</MultiAZ>\
         <PendingModifiedValues/><TagList>{tags}</TagList></DBInstance></DBInstances>",
        instance.is_multi_az
    ))
}

fn describe_events(state: &State, call: &Call) -> Answer {
    let name = call.text("SourceIdentifier");
    let restarts = state.instances.get(name).map(|instance| instance.restarts.clone()).unwrap_or_default();
    let events = restarts.iter().fold(String::new(), |mut out, at| {
        let _ = write!(
            out,
            "<Event><SourceIdentifier>{name}</SourceIdentifier><SourceType>db-instance</SourceType>\
             <Message>DB instance restarted</Message><Date>{at}</Date></Event>"
        );
        out
    });
    Answer::xml(&format!("<Events>{events}</Events>"))
}

fn reboot(state: &mut State, call: &Call) -> Answer {
    let now = state.now;
    let name = call.text("DBInstanceIdentifier").to_owned();
    match (state.instances.get_mut(&name), now) {
        (Some(instance), Some(now)) => {
            instance.restarts.push(now);
            Answer::xml(&format!(
                "<DBInstance><DBInstanceIdentifier>{name}</DBInstanceIdentifier><DBInstanceStatus>rebooting</DBInstanceStatus></DBInstance>"
            ))
        }
        _ => Answer::error(404, "DBInstanceNotFound", "no such instance"),
    }
}
