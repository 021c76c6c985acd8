//! Who takes a message there, and how often is it tried?

use std::time::Duration;

use domain::message::Brief;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::answer::{Verdict, judge};
use crate::destination::{Destination, Letter};
use crate::error::{Receipt, SendError};
use crate::exchange::Wire;
use crate::interaction::response_endpoint;
use crate::retry::{Next, Timing, patience};
use crate::slack::Shape;

/// A message to one place.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// What it says.
    pub brief: &'a Brief,
    /// The notice's id: the same when the same message is sent again.
    pub key: &'a str,
    /// The receipt of the first message about the incident there. In Slack, by
    /// bot, what follows stands in its thread; elsewhere it has no effect.
    pub thread: Option<&'a str>,
    /// The present moment: what a webhook's signature is dated with.
    pub now: Timestamp,
    /// Spreads the pauses between attempts; another number for each message.
    pub seed: u64,
}

/// Takes messages to [`Destination`]s over HTTP. Making one costs nothing;
/// connections and root certificates wait for the first message.
#[derive(Default)]
pub struct Client {
    wire: Wire,
    timing: Timing,
}

impl Client {
    /// A client with the usual [`Timing`].
    pub fn new() -> Client {
        Client::default()
    }

    /// A client with other lengths of time.
    pub fn with_timing(timing: Timing) -> Client {
        Client { wire: Wire::default(), timing }
    }

    /// Says what came of a click in Slack, once and for at most `time`. `hooks` is
    /// [`HOOKS`](crate::interaction::HOOKS), but in tests.
    ///
    /// # Errors
    /// A sentence without the address: when that is not one of Slack's, or it did not
    /// take the answer.
    pub async fn respond(&self, url: &str, hooks: &str, answer: &Value, time: Duration) -> Result<(), String> {
        let Some(endpoint) = response_endpoint(url, hooks) else { return Err(format!("it is not below {hooks}")) };
        let letter = Letter::of_json(&endpoint, answer.to_string());
        match self.wire.exchange(&endpoint, &letter, time, self.timing.connect.min(time)).await {
            Ok(answer) if answer.status.is_success() => Ok(()),
            Ok(answer) => Err(format!("{} said {}", endpoint.host(), answer.status)),
            Err(silence) => Err(format!("{} gave no answer: {silence:?}", endpoint.host())),
        }
    }

    /// Takes a message to a destination, trying again while that helps and
    /// `budget` lasts. It takes no longer than `budget`; with less than
    /// [`Timing::attempt_min`] nothing is sent.
    ///
    /// A message for which there is nothing to say there (see
    /// [`pagerduty`](crate::pagerduty)) is done at once, with no name in its
    /// receipt.
    ///
    /// # Errors
    /// [`SendError::Refused`] when the channel will not take it later either;
    /// [`SendError::Unavailable`] when it may.
    pub async fn send(&self, destination: &Destination, outgoing: &Outgoing<'_>, budget: Duration) -> Result<Receipt, SendError> {
        let begun = Instant::now();
        let left = || budget.saturating_sub(begun.elapsed());
        let mut shape = Shape::FULL;
        let mut patience = patience(&self.timing, outgoing.seed, destination.is_repeatable());
        let mut why = format!("no time was left to send a message to {}", destination.host());
        let mut asked = None;
        while let Some(time) = patience.begin(left()) {
            let Some(letter) = destination.letter(outgoing, shape) else { return Ok(Receipt(None)) };
            let answer = self.wire.exchange(&destination.endpoint, &letter, time, self.timing.connect).await;
            let failure = match judge(destination, outgoing, shape, answer) {
                Verdict::Taken(receipt) => return Ok(receipt),
                Verdict::Reshape { shape: simpler, why: said } => {
                    (shape, why) = (simpler, said);
                    continue;
                }
                Verdict::Failed(failure) => failure,
            };
            why = failure.why;
            match patience.after(failure.remedy, left()) {
                Next::Wait(wait) => {
                    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                    tracing::info!(host = destination.host(), why, wait_ms, "a message was not taken; it is tried again");
                    sleep(wait).await;
                }
                Next::Refused => return Err(SendError::Refused { why }),
                Next::GiveUp { retry_after } => {
                    asked = retry_after;
                    break;
                }
            }
        }
        Err(SendError::Unavailable {
            why,
            n_attempts: patience.n_attempts(),
            retry_after: asked,
            may_have_arrived: patience.may_have_arrived(),
        })
    }
}
