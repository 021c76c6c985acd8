//! SQS: queues, and messages that are moved from a dead-letter queue to where they
//! came from.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::moves;
use super::{BEGINNING, State, World, arn};
use crate::services::moves::{Move, queue_name};
use crate::wire::{Answer, Call, Paging};

/// The queue where events wait that Watchkeeper could not take.
const LETTERS: &str = "watchkeeper-dead-letters";
const HOST: &str = "https://sqs.eu-west-1.amazonaws.com/111122223333";
/// How long a message is hidden that was handed out, where the call does not say.
const HIDDEN_SECONDS: i64 = 30;
/// Most messages that are handed out at a time.
const MESSAGES_MAX: usize = 10;

const PAGING: Paging = Paging {
    size: "MaxResults",
    token: "NextToken",
    usual: 1_000,
    max: 1_000,
    bad_size: "InvalidParameterValue",
    bad_token: "InvalidParameterValue",
};

/// A message in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The queue's name for it.
    pub id: String,
    /// What it holds.
    pub body: String,
    /// Until when it is hidden from whoever asks.
    pub hidden_until: Timestamp,
}

/// A queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queue {
    /// What waits in it.
    pub letters: Vec<Letter>,
    /// The queue that takes what this one gives up, by name.
    pub dead_letters: Option<String>,
    /// Why nothing can be moved out of it; none if it can.
    pub move_failure: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The queues of a region, by name.
pub(crate) struct Queues {
    pub(super) queues: BTreeMap<String, Queue>,
    pub(super) moves: Vec<Move>,
}

impl Default for Queues {
    fn default() -> Queues {
        Queues { queues: [(LETTERS.to_owned(), Queue::default())].into(), moves: Vec::new() }
    }
}

/// The address of a queue.
pub fn queue_url(name: &str) -> String {
    format!("{HOST}/{name}")
}

/// The ARN of a queue.
pub fn queue_arn(name: &str) -> String {
    arn("sqs", name)
}

impl World {
    /// Adds a queue, or changes it.
    pub fn set_queue(&self, name: &str, queue: Queue) {
        self.state().queues.queues.insert(name.to_owned(), queue);
    }

    /// A queue as it is now.
    pub fn queue(&self, name: &str) -> Queue {
        self.state().queues.queues[name].clone()
    }

    /// Puts a message into a queue.
    pub fn add_message(&self, queue: &str, id: &str, body: &str) {
        let letter = Letter { id: id.to_owned(), body: body.to_owned(), hidden_until: Timestamp::MIN };
        self.state().queues.queues.entry(queue.to_owned()).or_default().letters.push(letter);
    }

    /// Puts a message into the queue where undeliverable events wait.
    pub fn add_letter(&self, id: &str, body: &str) {
        self.add_message(LETTERS, id, body);
    }

    /// What waits in the queue of undeliverable events, hidden or not.
    pub fn letters(&self) -> Vec<Letter> {
        self.queue(LETTERS).letters
    }

    /// Every move of messages that was started so far, in order, as it was when
    /// somebody last asked SQS anything.
    pub fn moves(&self) -> Vec<Move> {
        self.state().queues.moves.clone()
    }
}

/// Answers a call of SQS.
pub(super) fn answer(state: &mut State, call: &Call) -> Answer {
    let now = state.clock();
    let queues = &mut state.queues;
    queues.go_on(now);
    match call.operation.as_str() {
        "StartMessageMoveTask" => return moves::start(queues, now, call),
        "ListMessageMoveTasks" => return moves::list(queues, call),
        "ListQueues" => {
            let urls = queues.queues.keys().map(|name| json!(queue_url(name))).collect();
            return PAGING.page(call, urls, |page| json!({"QueueUrls": page}));
        }
        _ => {}
    }
    let name = if call.operation == "GetQueueUrl" { call.text("QueueName") } else { queue_name(call.text("QueueUrl")) };
    let Some(queue) = queues.queues.get_mut(name) else {
        return Answer::error(400, "QueueDoesNotExist", "The specified queue does not exist.");
    };
    match call.operation.as_str() {
        "GetQueueUrl" => Answer::json(&json!({"QueueUrl": queue_url(name)})),
        "ReceiveMessage" => queue.receive(now, call),
        "SendMessage" => {
            let (id, body) = (format!("sent {}", queue.letters.len()), call.text("MessageBody").to_owned());
            queue.letters.push(Letter { id: id.clone(), body, hidden_until: Timestamp::MIN });
            Answer::json(&json!({"MessageId": id}))
        }
        "DeleteMessage" => {
            let receipt = call.text("ReceiptHandle");
            queue.letters.retain(|letter| format!("receipt {}", letter.id) != receipt);
            Answer::json(&json!({}))
        }
        "GetQueueAttributes" => queue.attributes(name, now, call),
        "ListQueueTags" => Answer::json(&json!({"Tags": queue.tags})),
        "ListDeadLetterSourceQueues" => {
            let sources = queues.sources(name).map(|source| json!(queue_url(source))).collect();
            PAGING.page(call, sources, |page| json!({"queueUrls": page}))
        }
        operation => Answer::error(400, "UnsupportedOperation", &format!("no stand-in for sqs {operation}")),
    }
}

impl Queues {
    /// The queues whose undeliverable messages come to this one.
    pub(super) fn sources<'q>(&'q self, name: &str) -> impl Iterator<Item = &'q str> {
        let is_source = move |queue: &Queue| queue.dead_letters.as_deref() == Some(name);
        self.queues.iter().filter(move |(_, queue)| is_source(queue)).map(|(name, _)| name.as_str())
    }
}

impl Queue {
    /// Hands out messages and hides them for a while.
    fn receive(&mut self, now: Timestamp, call: &Call) -> Answer {
        let hidden = call.input["VisibilityTimeout"].as_i64().unwrap_or(HIDDEN_SECONDS);
        let mut messages = Vec::new();
        for letter in self.letters.iter_mut().filter(|letter| letter.hidden_until <= now).take(MESSAGES_MAX) {
            letter.hidden_until = now + SignedDuration::from_secs(hidden);
            messages
                .push(json!({"MessageId": letter.id, "ReceiptHandle": format!("receipt {}", letter.id), "Body": letter.body}));
        }
        Answer::json(&if messages.is_empty() { json!({}) } else { json!({"Messages": messages}) })
    }

    fn attributes(&self, name: &str, now: Timestamp, call: &Call) -> Answer {
        let n_hidden = self.letters.iter().filter(|letter| letter.hidden_until > now).count();
        let mut attributes = json!({
            "QueueArn": queue_arn(name),
            "ApproximateNumberOfMessages": (self.letters.len() - n_hidden).to_string(),
            "ApproximateNumberOfMessagesNotVisible": n_hidden.to_string(),
            "ApproximateNumberOfMessagesDelayed": "0",
            "CreatedTimestamp": BEGINNING.as_second().to_string(),
            "VisibilityTimeout": HIDDEN_SECONDS.to_string(),
        });
        if let Some(dead_letters) = &self.dead_letters {
            let redrive = json!({"deadLetterTargetArn": queue_arn(dead_letters), "maxReceiveCount": 3});
            attributes["RedrivePolicy"] = json!(redrive.to_string());
        }
        let wanted = call.texts("AttributeNames").unwrap_or_default();
        let attributes = attributes.as_object().expect("an object").iter();
        let asked = attributes.filter(|(name, _)| wanted.contains(&"All") || wanted.contains(&name.as_str()));
        let asked: serde_json::Map<String, Value> = asked.map(|(name, value)| (name.clone(), value.clone())).collect();
        Answer::json(&json!({"Attributes": asked}))
    }
}
