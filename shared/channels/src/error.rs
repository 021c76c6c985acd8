//! How did it end, for whoever has to act on it?

use std::time::Duration;

/// What the channel calls the message that it took: Slack's `ts` (with a bot
/// token), PagerDuty's `dedup_key`. None where the channel gives messages no
/// name, and where the kind of message needed no sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt(pub Option<String>);

/// Why a message was not sent. The texts are for the person who has to act: they
/// name the host and never hold a URL or another secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The channel will not take it later either: use another one, and tell an
    /// operator.
    #[error("{why}")]
    Refused {
        /// Who said what, and what to do.
        why: String,
    },
    /// The channel may take it later.
    #[error("{why}")]
    Unavailable {
        /// Who said what, and what to look at if it lasts.
        why: String,
        /// How often it was tried.
        n_attempts: u32,
        /// For how long the channel asked to be left alone, counted from the end
        /// of the last attempt.
        retry_after: Option<Duration>,
        /// Whether one of the attempts may have been taken all the same.
        may_have_arrived: bool,
    },
}
