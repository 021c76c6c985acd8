//! How do people hear of it outside AWS? Slack, PagerDuty and signed webhooks.
//!
//! A [`Destination`] is what an operator stored in a secret; a [`Client`] takes a
//! brief there. What a message looks like is decided by pure functions
//! ([`slack::message`], [`pagerduty::event`], [`webhook::Body`]); when to try
//! again, by [`Timing`] and the channel's nature:
//!
//! | Channel | The same message twice is | So after an attempt that may have arrived |
//! |---|---|---|
//! | PagerDuty | merged by its `dedup_key` | it is tried as often as time allows |
//! | webhook | told by its `Idempotency-Key` | it is tried as often as time allows |
//! | Slack | seen twice | it is tried once more |
//!
//! An attempt may have arrived when the connection stood and no clear answer
//! came: silence, a reset, a 500 or a gateway's 502 or 504. A 429, a 503 or a
//! connection that was never made leave nothing behind.
//!
//! Nothing here reads a clock for the time of day, an environment variable or a
//! random number: `now` and the seed of the jitter come with each message.
//! (`SSL_CERT_FILE` is read by the loader of the system's root certificates.)

mod answer;
mod client;
mod destination;
mod endpoint;
mod error;
mod exchange;
pub mod interaction;
pub mod pagerduty;
mod retry;
pub mod slack;
pub mod webhook;

pub use self::client::{Client, Outgoing};
pub use self::destination::{BadSecret, Destination, Kind};
pub use self::error::{Receipt, SendError};
pub use self::retry::Timing;
