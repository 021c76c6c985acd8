//! What people and channels hear: one queue that subscribes to every topic.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::{Api, Outcome};

const SQS: &str = "AmazonSQS";
const SNS: &str = "2010-03-31";

/// A message as its subscribers got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// To which topic, by the name that the policy has for it.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

/// All that was heard so far.
#[derive(Debug, Clone)]
pub struct Inbox {
    api: Api,
    queue: String,
    topics: Arc<BTreeMap<String, String>>,
    letters: Arc<Mutex<Vec<Letter>>>,
}

impl Letter {
    /// Whether it is about this incident.
    pub fn is_about(&self, incident: &str) -> bool {
        self.subject.contains(incident) || self.text.contains(incident)
    }
}

impl Inbox {
    /// Subscribes to topics, given by name and ARN.
    pub(super) async fn open(api: &Api, topics: &BTreeMap<String, String>) -> Outcome<Inbox> {
        let made = api.json("sqs", SQS, "CreateQueue", &json!({"QueueName": "inbox"})).await?;
        let queue = made["QueueUrl"].as_str().ok_or("the queue has no address")?.to_owned();
        let input = json!({"QueueUrl": queue, "AttributeNames": ["QueueArn"]});
        let attributes = api.json("sqs", SQS, "GetQueueAttributes", &input).await?;
        let arn = attributes["Attributes"]["QueueArn"].as_str().ok_or("the queue has no ARN")?;
        for topic in topics.values() {
            let fields = [("TopicArn", topic.as_str()), ("Protocol", "sqs"), ("Endpoint", arn)];
            api.query("sns", SNS, "Subscribe", &fields).await?;
        }
        let topics = topics.iter().map(|(name, arn)| (arn.clone(), name.clone())).collect();
        Ok(Inbox { api: api.clone(), queue, topics: Arc::new(topics), letters: Arc::default() })
    }

    /// All letters that have come, in order.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub async fn letters(&self) -> Outcome<Vec<Letter>> {
        loop {
            let input = json!({"QueueUrl": self.queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 3600});
            let answer = self.api.json("sqs", SQS, "ReceiveMessage", &input).await?;
            let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                return Ok(self.lock().clone());
            }
            for message in &messages {
                let envelope: Value = serde_json::from_str(message["Body"].as_str().unwrap_or_default()).unwrap_or_default();
                self.lock().push(self.letter(&envelope));
                let input = json!({"QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"]});
                self.api.json("sqs", SQS, "DeleteMessage", &input).await?;
            }
        }
    }

    /// The letters about an incident.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub async fn about(&self, incident: &str) -> Outcome<Vec<Letter>> {
        Ok(self.letters().await?.into_iter().filter(|letter| letter.is_about(incident)).collect())
    }

    fn letter(&self, envelope: &Value) -> Letter {
        let part = |name: &str| envelope[name].as_str().unwrap_or_default();
        let arn = part("TopicArn");
        Letter {
            to: self.topics.get(arn).cloned().unwrap_or_else(|| arn.to_owned()),
            subject: part("Subject").to_owned(),
            text: part("Message").to_owned(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
