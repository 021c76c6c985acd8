//! Calls of functions.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use futures_util::FutureExt as _;
use serde_json::Value;

use crate::{Aws, AwsError};

const CALL: &str = "lambda:InvokeFunction";

/// What a function answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Its result.
    Ok(Value),
    /// It failed: its error type and message.
    Failed(String),
}

impl Aws {
    /// Calls a function and waits for its answer.
    ///
    /// # Errors
    /// [`AwsError`] when the call itself does not work.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Answer, AwsError> {
        let answer = self
            .lambda()
            .invoke()
            .function_name(function)
            .payload(Blob::new(payload.to_string()))
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of(CALL, &error))?;
        let value: Value =
            answer.payload.and_then(|payload| serde_json::from_slice(payload.as_ref()).ok()).unwrap_or(Value::Null);
        match answer.function_error {
            None => Ok(Answer::Ok(value)),
            Some(kind) => {
                let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                let (name, message) = (text("errorType"), text("errorMessage"));
                Ok(Answer::Failed(if message.is_empty() { kind } else { format!("{name}: {message}") }))
            }
        }
    }

    /// Hands an event to a function without waiting.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn invoke_event(&self, function: &str, payload: &Value) -> Result<(), AwsError> {
        self.lambda()
            .invoke()
            .function_name(function)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(payload.to_string()))
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of(CALL, &error))?;
        Ok(())
    }
}
