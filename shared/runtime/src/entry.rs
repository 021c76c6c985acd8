//! The entry of a function: events in, answers or named failures out.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use serde_json::value::RawValue;
use tracing::error;

use crate::now;

/// An event with what is known of its invocation.
#[derive(Debug)]
pub struct Event {
    /// The event as it came, unparsed: parsing is the function's own business,
    /// since nothing that comes in may be lost for being malformed.
    pub payload: Box<RawValue>,
    /// The moment, read once.
    pub now: Timestamp,
    /// How much time is left.
    pub remaining: Duration,
    /// Lambda's name for the invocation.
    pub request_id: String,
}

/// Why an invocation failed: what Lambda and Step Functions see.
///
/// `kind` is one word that a Retry or Catch can match; the message is for the
/// person who must act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The error's type, `Watchkeeper.` and a word.
    pub kind: String,
    /// What, where, why, and what to do.
    pub message: String,
}

impl Failure {
    /// A failure of kind `Watchkeeper.word`.
    pub fn new(word: &str, message: impl Into<String>) -> Failure {
        Failure { kind: format!("Watchkeeper.{word}"), message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Diagnostic {
        Diagnostic { error_type: failure.kind, error_message: failure.message }
    }
}

impl From<aws::store::StoreError> for Failure {
    fn from(error: aws::store::StoreError) -> Failure {
        Failure::new(error.word(), error.to_string())
    }
}

impl From<aws::AwsError> for Failure {
    fn from(error: aws::AwsError) -> Failure {
        Failure::new(error.word(), error.to_string())
    }
}

/// Takes events until Lambda ends the process. A failure is logged here, once.
///
/// # Errors
/// When Lambda's runtime interface cannot be reached.
pub async fn run<H, F>(handler: H) -> Result<(), lambda_runtime::Error>
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Value, Failure>>,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| async move {
        let (payload, context) = event.into_parts();
        let now = now();
        let deadline = i64::try_from(context.deadline).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(now);
        let remaining = Duration::try_from(deadline.duration_since(now)).unwrap_or_default();
        let request_id = context.request_id.clone();
        let result = handler(Event { payload, now, remaining, request_id: request_id.clone() }).await;
        if let Err(failure) = &result {
            error!(request_id, error_type = failure.kind, "{}", failure.message);
        }
        result
    }))
    .await
}
