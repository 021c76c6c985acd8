//! Which stand-in answers a call?

use super::{
    World, alarms, automations, clusters, databases, ecs, events, executions, functions, queues, scaling, secrets, statements,
    topics,
};
use crate::wire::{Answer, Call};

/// Answers a call of any service but DynamoDB, and but an invocation of a function.
pub(super) fn answer(world: &World, call: &Call) -> Answer {
    let state = &mut *world.state();
    match (call.service.as_str(), call.operation.as_str()) {
        ("sns", "Publish") => topics::publish(state, call),
        ("sqs", _) => queues::answer(state, call),
        ("monitoring", "DescribeAlarms") => alarms::describe(state, call),
        ("monitoring", "DescribeAlarmHistory") => alarms::describe_history(state, call),
        ("states", "StartExecution") => executions::start(state, call),
        ("secretsmanager", "GetSecretValue") => secrets::get(state, call),
        ("ecs", "DescribeServices") => ecs::describe(state, call),
        ("ecs", "UpdateService") => ecs::update(state, call),
        ("ecs", "ListServiceDeployments") => ecs::list_deployments(state, call),
        ("ecs", "DescribeServiceRevisions") => ecs::describe_revisions(state, call),
        ("application-autoscaling", "DescribeScalableTargets") => scaling::describe(state, call),
        ("application-autoscaling", "DescribeScalingActivities") => state.activities.describe(call),
        ("application-autoscaling", "RegisterScalableTarget") => scaling::register(state, call),
        ("rds", "DescribeDBInstances") => databases::describe(state, call),
        ("rds", "DescribeEvents") => databases::describe_events(state, call),
        ("rds", "RebootDBInstance") => databases::reboot(state, call),
        ("rds", "DescribeDBClusters") => clusters::describe(state, call),
        ("rds", "FailoverDBCluster") => clusters::fail_over(state, call),
        ("rds-data", "ExecuteStatement") => statements::execute(state, call),
        ("lambda", "GetFunction") => functions::get(state, call),
        ("lambda", "GetAccountSettings") => functions::account_settings(state),
        ("lambda", "PutFunctionConcurrency") => functions::put_concurrency(state, call),
        ("lambda", "DeleteFunctionConcurrency") => functions::delete_concurrency(state, call),
        ("ssm", _) => automations::answer(state, call),
        ("events", "PutEvents") => events::put(state, call),
        (service, operation) => {
            Answer::error(400, "UnknownOperationException", &format!("no stand-in for {service} {operation}"))
        }
    }
}
