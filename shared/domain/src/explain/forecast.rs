//! Who is told when, if nobody answers and nothing recovers?

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::alert::Alert;
use crate::policy::Policy;
use crate::rehearsal::{Heard, Note, Rehearsal, Sent};
use crate::span::Span;
use crate::timeline::EntryKind;

/// How far ahead is looked, in a policy whose times are not shortened.
const HORIZON: Span = Span::hours(24);
/// In how many parts the time until then is played, and after how many messages no
/// further part is: what comes then repeats what was there.
const PARTS: u64 = 96;
const MESSAGES_MAX: usize = 1_000;
/// The latest moment that can be looked ahead from, the first of the year 9999: at
/// the end of the calendar no clock can be set to a later moment.
pub const LATEST: Timestamp = Timestamp::constant(253_370_764_800, 0);

/// What would be sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// What the alert does when it comes in, in a word: `opens`, `recovers`.
    pub does: &'static str,
    /// Why.
    pub because: Vec<String>,
    /// What happens after that, in order.
    pub steps: Vec<Step>,
    /// Until when it was looked ahead.
    pub until: Timestamp,
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Step {
    /// Somebody is told.
    Told(Message),
    /// Something else is written into the incident's record.
    Noted {
        /// When.
        at: Timestamp,
        /// What.
        text: String,
        /// Why.
        because: Vec<String>,
    },
}

/// What one receiver or person is told at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// When.
    pub at: Timestamp,
    /// What it says, in a word: `opened`, `page`, `reminder`.
    pub kind: &'static str,
    /// The receiver or the person.
    pub to: String,
    /// Where it goes.
    pub targets: Vec<String>,
    /// Why.
    pub because: Vec<String>,
}

impl Step {
    /// When.
    pub fn at(&self) -> Timestamp {
        match self {
            Step::Told(message) => message.at,
            Step::Noted { at, .. } => *at,
        }
    }
}

impl Forecast {
    /// The messages alone.
    pub fn into_messages(self) -> impl Iterator<Item = Message> {
        self.steps.into_iter().filter_map(|step| match step {
            Step::Told(message) => Some(message),
            Step::Noted { .. } => None,
        })
    }
}

/// Plays `alert`, which comes in at `at`, for a day; not beyond [`LATEST`].
pub fn forecast(policy: &Arc<Policy>, alert: &Alert, at: Timestamp) -> (Heard, Forecast) {
    let mut rehearsal = Rehearsal::new(Arc::clone(policy), at);
    let heard = rehearsal.hear(alert.clone());
    let horizon = HORIZON.shortened(policy.time_scale);
    for part in 1..=PARTS {
        let ahead = Span::millis(horizon.as_millis().saturating_mul(part) / PARTS);
        rehearsal.advance(ahead.after(at).min(LATEST));
        if rehearsal.sent().len() >= MESSAGES_MAX {
            break;
        }
    }
    let until = rehearsal.now();
    let messages = messages(rehearsal.drain_sent()).into_iter().map(Step::Told);
    let mut steps: Vec<Step> = rehearsal.drain_notes().into_iter().filter_map(noted).chain(messages).collect();
    // What is noted at a moment is why something is sent then: it stays before.
    steps.sort_by_key(Step::at);
    let forecast = Forecast { does: heard.verb, because: heard.because.clone(), steps, until };
    (heard, forecast)
}

/// A line of the record, unless a message says the same.
fn noted(note: Note) -> Option<Step> {
    let Note { at, kind, text, because, .. } = note;
    match kind {
        EntryKind::Incident | EntryKind::Held | EntryKind::Answer | EntryKind::Remediation => {
            Some(Step::Noted { at, text, because })
        }
        EntryKind::Alert | EntryKind::Notify | EntryKind::Sent | EntryKind::Failed | EntryKind::Clock => None,
    }
}

/// What goes to one receiver in one round by several ways is one message.
fn messages(sent: Vec<Sent>) -> Vec<Message> {
    let mut messages: Vec<(u32, Message)> = Vec::new();
    for sent in sent {
        let kind = sent.kind.word();
        let target = sent.address.to_string();
        let same = messages
            .iter_mut()
            .rev()
            .take_while(|(_, message)| message.at == sent.at)
            .find(|(round, message)| *round == sent.round && message.kind == kind && message.to == sent.to);
        match same {
            Some((_, message)) => {
                message.targets.push(target);
                if !message.because.contains(&sent.because) {
                    message.because.push(sent.because);
                }
            }
            None => messages.push((
                sent.round,
                Message { at: sent.at, kind, to: sent.to, targets: vec![target], because: vec![sent.because] },
            )),
        }
    }
    messages.into_iter().map(|(_, message)| message).collect()
}
