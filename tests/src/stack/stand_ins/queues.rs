//! SQS: moves messages from a dead-letter queue to where they came from, between the
//! emulator's queues.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::services::moves::{self, Move, Progress, queue_name};
use testkit::wire::{Answer, Call};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Emulator;
use crate::stack::{Api, Outcome, now};

const SQS: &str = "AmazonSQS";
/// How long a message is hidden while it is moved.
const HIDDEN_SECONDS: u32 = 60;

/// Moves of messages.
#[derive(Debug, Clone)]
pub struct Queues {
    emulator: Emulator,
    moves: Arc<Mutex<Vec<Move>>>,
}

impl Queues {
    pub(super) fn new(emulator: &Emulator) -> Queues {
        Queues { emulator: emulator.clone(), moves: Arc::default() }
    }

    /// Every move that was started so far, in order, as far as it has come.
    pub fn moves(&self) -> Vec<Move> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Move>> {
        self.moves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn answer(&self, call: &Call) -> Option<Answer> {
        let answer = match call.operation.as_str() {
            "StartMessageMoveTask" => self.start(call).await,
            "ListMessageMoveTasks" => self.list(call).await,
            "ListDeadLetterSourceQueues" => self.list_sources(call).await,
            _ => return None,
        };
        Some(answer.unwrap_or_else(|why| Answer::error(400, "InvalidAddress", &why)))
    }

    async fn list_sources(&self, call: &Call) -> Outcome<Answer> {
        let url = call.text("QueueUrl");
        let api = self.emulator.api()?;
        let Ok(arn) = arn(api, url).await else {
            return Ok(Answer::error(400, "QueueDoesNotExist", "The specified queue does not exist."));
        };
        Ok(Answer::json(&json!({"queueUrls": sources(api, &arn).await?})))
    }

    async fn list(&self, call: &Call) -> Outcome<Answer> {
        let api = self.emulator.api()?;
        let is_there = url(api, call.text("SourceArn")).await.is_ok();
        Ok(if is_there { moves::list(&self.lock(), call) } else { moves::not_found("SourceArn") })
    }

    async fn start(&self, call: &Call) -> Outcome<Answer> {
        let api = self.emulator.api()?;
        let Ok(from) = url(api, call.text("SourceArn")).await else { return Ok(moves::not_found("SourceArn")) };
        let Some(source) = sources(api, call.text("SourceArn")).await?.into_iter().next() else {
            return Ok(moves::no_dead_letters());
        };
        let to = match call.input["DestinationArn"].as_str() {
            None => source,
            Some(arn) => match url(api, arn).await {
                Ok(url) => url,
                Err(_) => return Ok(moves::not_found("DestinationArn")),
            },
        };
        let n_messages = attribute(api, &from, "ApproximateNumberOfMessages").await?.parse().unwrap_or(0);
        let n = {
            let mut moves = self.lock();
            match moves::begin(&moves, now(), n_messages, call) {
                Err(refused) => return Ok(refused),
                Ok(task) => moves.push(task),
            }
            moves.len() - 1
        };
        let (queues, api) = (self.clone(), api.clone());
        tokio::spawn(async move {
            let done = queues.carry(&api, n, &from, &to).await;
            queues.lock()[n].progress = done.map_or_else(Progress::Failed, |()| Progress::Completed);
        });
        Ok(moves::started(n))
    }

    /// Carries messages over until there are no more.
    async fn carry(&self, api: &Api, n: usize, from: &str, to: &str) -> Outcome<()> {
        let mut pace = self.lock()[n].per_second.map(pace);
        loop {
            let input = json!({
                "QueueUrl": from,
                "MaxNumberOfMessages": 10,
                "VisibilityTimeout": HIDDEN_SECONDS,
                "MessageAttributeNames": ["All"],
            });
            let received = api.json("sqs", SQS, "ReceiveMessage", &input).await?;
            let messages = received["Messages"].as_array().map(Vec::as_slice).unwrap_or_default();
            if messages.is_empty() {
                return Ok(());
            }
            for message in messages {
                if let Some(pace) = &mut pace {
                    pace.tick().await;
                }
                let mut sent = json!({"QueueUrl": to, "MessageBody": message["Body"]});
                if let Some(attributes) = message.get("MessageAttributes") {
                    sent["MessageAttributes"] = attributes.clone();
                }
                api.json("sqs", SQS, "SendMessage", &sent).await?;
                let deleted = json!({"QueueUrl": from, "ReceiptHandle": message["ReceiptHandle"]});
                api.json("sqs", SQS, "DeleteMessage", &deleted).await?;
                self.lock()[n].n_moved += 1;
            }
        }
    }
}

/// Ticks so many times a second, however long what is done between takes.
fn pace(per_second: u32) -> Interval {
    let mut pace = interval(Duration::from_secs(1) / per_second);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

/// The address of a queue that is given by its ARN.
async fn url(api: &Api, arn: &str) -> Outcome<String> {
    let answer = api.json("sqs", SQS, "GetQueueUrl", &json!({"QueueName": queue_name(arn)})).await?;
    answer["QueueUrl"].as_str().map(str::to_owned).ok_or_else(|| format!("{arn} has no address"))
}

async fn arn(api: &Api, url: &str) -> Outcome<String> {
    attribute(api, url, "QueueArn").await
}

/// An attribute of a queue; empty if it does not have it.
async fn attribute(api: &Api, url: &str, name: &str) -> Outcome<String> {
    let input = json!({"QueueUrl": url, "AttributeNames": [name]});
    let answer = api.json("sqs", SQS, "GetQueueAttributes", &input).await?;
    Ok(answer["Attributes"][name].as_str().unwrap_or_default().to_owned())
}

/// The addresses of the queues whose undeliverable messages come to this one.
async fn sources(api: &Api, arn: &str) -> Outcome<Vec<String>> {
    let listed = api.json("sqs", SQS, "ListQueues", &json!({})).await?;
    let mut sources = Vec::new();
    for url in listed["QueueUrls"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let redrive = attribute(api, url, "RedrivePolicy").await?;
        let redrive: Value = serde_json::from_str(&redrive).unwrap_or_default();
        if redrive["deadLetterTargetArn"] == arn {
            sources.push(url.to_owned());
        }
    }
    Ok(sources)
}
