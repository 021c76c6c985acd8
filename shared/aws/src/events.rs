//! Events on EventBridge, for whoever builds on what Watchkeeper does.

use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde_json::Value;

use crate::{Aws, AwsError};

const CALL: &str = "events:PutEvents";

/// Most events of one call.
const EVENTS_MAX: usize = 10;

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// Its `source`.
    pub source: &'static str,
    /// Its `detail-type`.
    pub detail_type: &'static str,
    /// Its `detail`.
    pub detail: Value,
}

impl Aws {
    /// Puts events on the account's default bus, in order.
    ///
    /// # Errors
    /// [`AwsError`] as for every call; [`AwsError::Later`] when the bus did not take
    /// one of them. Some may have been taken.
    pub async fn put_events(&self, events: &[Event]) -> Result<(), AwsError> {
        for some in events.chunks(EVENTS_MAX) {
            let entries = some.iter().map(|event| {
                PutEventsRequestEntry::builder()
                    .time(DateTime::from_secs(event.at.as_second()))
                    .source(event.source)
                    .detail_type(event.detail_type)
                    .detail(event.detail.to_string())
                    .build()
            });
            let answer = self
                .events()
                .put_events()
                .set_entries(Some(entries.collect()))
                .send()
                .boxed()
                .await
                .map_err(|error| AwsError::of(CALL, &error))?;
            if answer.failed_entry_count > 0 {
                let message = answer.entries.unwrap_or_default().into_iter().find_map(|entry| entry.error_message);
                return Err(AwsError::Later { call: CALL, message: message.unwrap_or_else(|| "not taken".to_owned()) });
            }
        }
        Ok(())
    }
}
