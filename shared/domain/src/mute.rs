//! Is it a time at which people are not told, and until when?
//!
//! Alertmanager's `mute_time_intervals` and `active_time_intervals`: muted is what
//! lies in one of the former, or in none of the latter.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::interval::TimeInterval;
use crate::policy::WhenMuted;
use crate::span::Span;
use crate::text::instant;

/// How far ahead the end of a mute is looked for.
const LOOK_AHEAD: Span = Span::days(8);
/// How many beginnings and ends of intervals are looked at for it.
const CHANGES_MAX: usize = 64;

/// When people are told, by the names of time intervals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Muting {
    /// Told only in these; none: always.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub active: Vec<String>,
    /// Not told in these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mute: Vec<String>,
    /// What becomes of what was muted.
    pub when_muted: WhenMuted,
}

/// Why people are not told at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Muted {
    /// The reason.
    pub because: String,
    /// Until when, as far as one can see ahead.
    pub until: Option<Timestamp>,
}

impl Muted {
    /// The reason with its end.
    pub fn in_words(&self) -> String {
        match self.until {
            Some(until) => format!("{} until {}", self.because, instant(until)),
            None => self.because.clone(),
        }
    }
}

impl Muting {
    /// Whether there is anything that mutes.
    pub fn is_empty(&self) -> bool {
        self.active.is_empty() && self.mute.is_empty()
    }

    /// The interval that mutes at `at`, in words; none if people are told. A name
    /// that the policy does not have any more mutes nothing.
    fn reason(&self, intervals: &BTreeMap<String, TimeInterval>, at: Timestamp) -> Option<String> {
        let holds = |name: &String| intervals.get(name).is_some_and(|interval| interval.contains(at));
        if let Some(name) = self.mute.iter().find(|name| holds(name)) {
            return Some(format!("muted in time interval `{name}`"));
        }
        let mut active = self.active.iter().filter(|name| intervals.contains_key(*name)).peekable();
        (active.peek().is_some() && !active.any(holds))
            .then(|| format!("told only in time interval `{}`", self.active.join("` or `")))
    }

    /// Whether people are told at `at`, and if not, until when.
    pub fn muted(&self, intervals: &BTreeMap<String, TimeInterval>, at: Timestamp) -> Option<Muted> {
        if self.is_empty() {
            return None;
        }
        let because = self.reason(intervals, at)?;
        Some(Muted { because, until: self.ends(intervals, at) })
    }

    /// The first moment after `at` at which people are told again.
    fn ends(&self, intervals: &BTreeMap<String, TimeInterval>, at: Timestamp) -> Option<Timestamp> {
        let limit = LOOK_AHEAD.after(at);
        let mut now = at;
        for _ in 0..CHANGES_MAX {
            let named = self.mute.iter().chain(&self.active).filter_map(|name| intervals.get(name));
            now = named.filter_map(|interval| interval.next_change(now, limit)).min()?;
            if self.reason(intervals, now).is_none() {
                return Some(now);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
