//! A dead-letter queue of SQS, with the queue whose messages it takes.

use serde_json::{Value, json};
use testkit::services::moves::Progress;

use super::tag;
use crate::stack::{Api, Deployment, Outcome};

const SQS: &str = "AmazonSQS";

/// A dead-letter queue, to be made, or to get more messages.
#[derive(Debug, Clone)]
pub(in crate::checks::guards) struct Queue {
    /// How many messages are put into it.
    pub(in crate::checks::guards) messages: usize,
    /// Whether another queue's undeliverable messages come here.
    pub(in crate::checks::guards) has_source: bool,
    /// Whether somebody moves its messages already, one a second.
    pub(in crate::checks::guards) is_moving: bool,
}

impl Queue {
    /// A dead-letter queue with so many messages.
    pub(in crate::checks::guards) fn of(messages: usize) -> Queue {
        Queue { messages, has_source: true, is_moving: false }
    }

    pub(super) async fn make(&self, on: &Deployment, name: &str) -> Outcome<()> {
        let url = create(&on.api, name, &json!({})).await?;
        if self.has_source {
            let redrive = json!({"deadLetterTargetArn": arn(name), "maxReceiveCount": 3}).to_string();
            create(&on.api, &source(name), &json!({"RedrivePolicy": redrive})).await?;
        }
        for n in 0..self.messages {
            let message = json!({"QueueUrl": url, "MessageBody": format!("order {n}")});
            on.api.json("sqs", SQS, "SendMessage", &message).await?;
        }
        if self.is_moving {
            // It is the stand-in that moves messages.
            let stand_ins = Api::new(on.stand_ins.address().port());
            let slowly = json!({"SourceArn": arn(name), "MaxNumberOfMessagesPerSecond": 1});
            stand_ins.json("sqs", SQS, "StartMessageMoveTask", &slowly).await?;
        }
        Ok(())
    }

    /// How many messages each move has carried; so many must be where they came from.
    pub(super) async fn traces(&self, on: &Deployment, name: &str) -> Outcome<Vec<String>> {
        let moves = on.stand_ins.queues.moves().into_iter().filter(|it| it.source == arn(name));
        let moves: Vec<_> = moves.skip(usize::from(self.is_moving)).collect();
        let n_moved: usize = moves.iter().map(|it| it.n_moved).sum();
        if !moves.is_empty() {
            let n_there = count(&on.api, &source(name)).await?;
            if n_there != n_moved {
                return Err(format!("{n_moved} messages were moved, and {n_there} have arrived"));
            }
        }
        let how = |progress: &Progress| if *progress == Progress::Completed { "moved" } else { "moving" };
        Ok(moves.iter().map(|it| format!("{} {}", how(&it.progress), it.n_moved)).collect())
    }
}

fn source(name: &str) -> String {
    format!("{name}-source")
}

fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:000000000000:{name}")
}

async fn create(api: &Api, name: &str, attributes: &Value) -> Outcome<String> {
    let input = json!({"QueueName": name, "Attributes": attributes, "tags": {"watchkeeper": tag(true)}});
    let made = api.json("sqs", SQS, "CreateQueue", &input).await?;
    made["QueueUrl"].as_str().map(str::to_owned).ok_or_else(|| format!("{name} has no address"))
}

async fn count(api: &Api, name: &str) -> Outcome<usize> {
    let found = api.json("sqs", SQS, "GetQueueUrl", &json!({"QueueName": name})).await?;
    let input = json!({"QueueUrl": found["QueueUrl"], "AttributeNames": ["ApproximateNumberOfMessages"]});
    let answer = api.json("sqs", SQS, "GetQueueAttributes", &input).await?;
    let n = answer["Attributes"]["ApproximateNumberOfMessages"].as_str().and_then(|n| n.parse().ok());
    n.ok_or_else(|| format!("{name} does not say how many messages it has"))
}
