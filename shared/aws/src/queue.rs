//! The queue where undeliverable events wait.

use serde_json::Value;

use crate::{Aws, AwsError};
use futures_util::FutureExt as _;

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The queue's name for it.
    pub id: String,
    /// What it holds.
    pub body: String,
    /// With which it is deleted.
    pub receipt: String,
}

impl Aws {
    /// Up to ten messages. They are hidden from others for `hidden_seconds`.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn receive(&self, queue_url: &str, hidden_seconds: u32) -> Result<Vec<Waiting>, AwsError> {
        let answer = self
            .sqs()
            .receive_message()
            .queue_url(queue_url)
            .max_number_of_messages(10)
            .visibility_timeout(i32::try_from(hidden_seconds).unwrap_or(60))
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("sqs:ReceiveMessage", &error))?;
        Ok(answer
            .messages
            .unwrap_or_default()
            .into_iter()
            .filter_map(|message| {
                Some(Waiting { id: message.message_id?, body: message.body?, receipt: message.receipt_handle? })
            })
            .collect())
    }

    /// Deletes a message.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn delete(&self, queue_url: &str, receipt: &str) -> Result<(), AwsError> {
        self.sqs()
            .delete_message()
            .queue_url(queue_url)
            .receipt_handle(receipt)
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("sqs:DeleteMessage", &error))?;
        Ok(())
    }
}

/// The messages that a batch's answer names as failed.
pub fn failed_ids(answer: &Value) -> Vec<String> {
    answer
        .get("batchItemFailures")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|failure| failure.get("itemIdentifier")?.as_str())
        .map(str::to_owned)
        .collect()
}
