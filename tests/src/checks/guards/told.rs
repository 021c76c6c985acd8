//! Do others hear of a remediation, on EventBridge?

use std::time::Duration;

use serde_json::{Value, json};

use super::case::Case;
use super::ground::Ground;
use super::shared::scale_out;
use super::thing::Service;
use crate::stack::{Deployment, Outcome, eventually};

const EVENTS: &str = "AWSEvents";
const SQS: &str = "AmazonSQS";
const QUEUE: &str = "guards-told";
/// How long what was published may be on its way.
const LIMIT: Duration = Duration::from_secs(30);

/// A remediation that passes through most of its stages.
const STAGES: [&str; 6] = ["claimed", "acting", "verifying", "holding", "reverting", "reverted"];

/// The remediation of which others hear.
pub(super) fn case() -> Case {
    Case::new("told", scale_out(&json!({})), Service::default().into())
        .puts_back("raise the minimum capacity of", &["from 3 to 6", "from 2 to 6"])
}

/// Has a rule bring all that is told of remediations into a queue, and mends something.
///
/// # Errors
/// What was not heard, or not as it was.
pub async fn on_eventbridge(deployment: &Deployment) -> Outcome<()> {
    let url = listen(deployment).await?;
    let ground = Ground::new(deployment)?;
    let case = case();
    case.play(&ground).await?;
    let name = case.name();
    let mut heard: Vec<Value> = Vec::new();
    eventually(LIMIT, async || {
        receive(deployment, &url, &name, &mut heard).await?;
        let stages: Vec<&str> = heard.iter().filter_map(|told| told["stage"].as_str()).collect();
        if stages == STAGES { Ok(()) } else { Err(format!("these stages were told: {stages:?}")) }
    })
    .await?;
    heard.iter().try_for_each(|told| is_complete(told, &name))?;
    forget(deployment, &url).await
}

/// A rule for the source, and a queue as its target; gives the queue's address.
async fn listen(deployment: &Deployment) -> Outcome<String> {
    let made = deployment.api.json("sqs", SQS, "CreateQueue", &json!({"QueueName": QUEUE})).await?;
    let pattern = json!({"source": ["watchkeeper.remediation"]}).to_string();
    let call = async |operation: &str, input: Value| deployment.api.json("events", EVENTS, operation, &input).await;
    call("PutRule", json!({"Name": QUEUE, "EventPattern": pattern})).await?;
    let target = json!({"Id": QUEUE, "Arn": format!("arn:aws:sqs:us-east-1:000000000000:{QUEUE}")});
    call("PutTargets", json!({"Rule": QUEUE, "Targets": [target]})).await?;
    made["QueueUrl"].as_str().map(str::to_owned).ok_or_else(|| format!("{QUEUE} has no address"))
}

/// Takes rule and queue away.
async fn forget(deployment: &Deployment, url: &str) -> Outcome<()> {
    let api = &deployment.api;
    api.json("events", EVENTS, "RemoveTargets", &json!({"Rule": QUEUE, "Ids": [QUEUE]})).await?;
    api.json("events", EVENTS, "DeleteRule", &json!({"Name": QUEUE})).await?;
    api.json("sqs", SQS, "DeleteQueue", &json!({"QueueUrl": url})).await.map(|_| ())
}

/// Takes what has arrived of this remediation to what was heard; a repetition, which its
/// reference shows, is heard once.
async fn receive(deployment: &Deployment, url: &str, name: &str, heard: &mut Vec<Value>) -> Outcome<()> {
    loop {
        let input = json!({"QueueUrl": url, "MaxNumberOfMessages": 10});
        let received = deployment.api.json("sqs", SQS, "ReceiveMessage", &input).await?;
        let messages = received["Messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        if messages.is_empty() {
            return Ok(());
        }
        for message in messages {
            let event: Value =
                serde_json::from_str(message["Body"].as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
            if event["detail-type"] != "Remediation Stage Change" || event["source"] != "watchkeeper.remediation" {
                return Err(format!("this is told as well: {event}"));
            }
            let told = &event["detail"];
            let is_known = heard.iter().any(|known| known["reference"] == told["reference"]);
            if told["remediation"] == name && !is_known {
                heard.push(told.clone());
            }
            let done = json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]});
            deployment.api.json("sqs", SQS, "DeleteMessage", &done).await?;
        }
    }
}

/// Whether it says all that is promised.
fn is_complete(told: &Value, name: &str) -> Outcome<()> {
    let wanted = [
        ("service", "guards"),
        ("priority", "P4"),
        ("remediation", name),
        ("action", "ecs-scale-out"),
        ("target", "ECS service guards/guards-told"),
    ];
    let is_other = wanted.into_iter().find(|(key, value)| told[*key] != *value).map(|(key, _)| key);
    let is_missing =
        ["incident_id", "sentence", "reference", "at"].into_iter().find(|key| told[*key].as_str().is_none_or(str::is_empty));
    match is_other.or(is_missing) {
        Some(key) => Err(format!("{key} is not as promised: {told}")),
        None => Ok(()),
    }
}
