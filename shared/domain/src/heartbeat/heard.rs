//! What was heard of a job? A function of the set of its pings: in which order they
//! were written down, and how often, changes nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text::clean;

/// Most characters that are kept of a job's log.
pub const LOG_MAX: usize = 1_000;

/// What a job says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ping {
    /// It has started.
    Start,
    /// It has succeeded.
    Success,
    /// It has failed, with this exit code if it said one.
    Failure(Option<u32>),
}

impl Ping {
    /// Reads the end of a ping's address: nothing, `start`, `fail` or an exit code.
    pub fn parse(word: &str) -> Option<Ping> {
        match word {
            "" => Some(Ping::Success),
            "start" => Some(Ping::Start),
            "fail" => Some(Ping::Failure(None)),
            // `+1` is a number to Rust, but no exit code.
            code if code.bytes().all(|byte| byte.is_ascii_digit()) => match code.parse().ok()? {
                0 => Some(Ping::Success),
                code => Some(Ping::Failure(Some(code))),
            },
            _ => None,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Outcome {
    /// When we heard of it.
    pub at: Timestamp,
    /// The exit code, if the job said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u32>,
    /// The beginning of what the job said, clean.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub log: String,
}

/// What was heard of a job: the last of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Heard {
    /// The last start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// The last success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<Outcome>,
    /// The last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Outcome>,
}

impl Heard {
    /// The same with one more ping, that came at `at`. Of `log` the beginning is kept.
    pub fn ping(mut self, at: Timestamp, ping: Ping, log: &str) -> Heard {
        let outcome = |exit_code| Some(Outcome { at, exit_code, log: clean(log, LOG_MAX) });
        match ping {
            Ping::Start => self.start = self.start.max(Some(at)),
            Ping::Success => self.success = self.success.max(outcome(None)),
            Ping::Failure(exit_code) => self.failure = self.failure.max(outcome(exit_code)),
        }
        self
    }

    /// When the last run that ended did.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.success.iter().chain(&self.failure).map(|outcome| outcome.at).max()
    }

    /// When anything was heard last.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.start.max(self.ended_at())
    }

    /// Since when a run is under way, if one is.
    pub fn running_since(&self) -> Option<Timestamp> {
        self.start.filter(|start| self.ended_at().is_none_or(|ended| ended < *start))
    }

    /// The failure that no success has followed. Of the same moment, the failure counts.
    pub fn failed(&self) -> Option<&Outcome> {
        let success = self.success.as_ref().map(|outcome| outcome.at);
        self.failure.as_ref().filter(|failure| success.is_none_or(|success| success <= failure.at))
    }
}
