//! Messages to SNS topics.

use aws_sdk_sns::types::MessageAttributeValue;
use futures_util::FutureExt as _;
use serde_json::json;

use crate::{Aws, AwsError};

/// A message with a text for each way by which subscribers hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicMessage {
    /// For mail: ASCII, at most 100 characters.
    pub subject: String,
    /// For phones.
    pub short: String,
    /// For mail and everything else.
    pub long: String,
    /// For subscription filters.
    pub attributes: Vec<(&'static str, String)>,
}

impl Aws {
    /// Publishes a message; gives the id that SNS has for it.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn publish(&self, topic_arn: &str, message: &TopicMessage) -> Result<Option<String>, AwsError> {
        let texts = json!({"default": message.long, "email": message.long, "sms": message.short});
        let mut call = self
            .sns()
            .publish()
            .topic_arn(topic_arn)
            .subject(&message.subject)
            .message_structure("json")
            .message(texts.to_string());
        for (name, value) in &message.attributes {
            if let Ok(attribute) = MessageAttributeValue::builder().data_type("String").string_value(value).build() {
                call = call.message_attributes(*name, attribute);
            }
        }
        let answer = call.send().boxed().await.map_err(|error| AwsError::of("sns:Publish", &error))?;
        Ok(answer.message_id)
    }
}
