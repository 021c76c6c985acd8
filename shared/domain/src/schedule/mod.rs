//! Who is on call? PagerDuty's schedules: layers, rotations, restrictions,
//! overrides.
//!
//! A turn begins at the same local wall time for ever: clocks that change do not
//! move a hand-off. A hand-off at a time that a change of clocks leaves out
//! happens as if they had not changed (half past two, left out, is half past
//! three); one at a time that comes twice happens the first time. Where turns are
//! shorter than the time left out, the one that the clock shows goes before those
//! that were left out.
//!
//! Turns go on by the calendar whether or not a layer's restrictions let them be
//! served. Restrictions and holidays go by the clock on the wall: what begins or
//! ends at a time left out does so when clocks change, and what ended before an
//! hour comes twice does not come back in it.

mod hours;
mod layer;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::policy::OverrideSource;

pub use self::hours::{Hours, Restriction};
pub use self::layer::{Layer, Turn};

/// A schedule of on-call duty.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// The zone in which its layers' hand-offs keep their hour, unless they have
    /// their own.
    pub time_zone: TimeZone,
    /// The layers; a later one takes precedence.
    pub layers: Vec<Layer>,
    /// Exceptions in the policy; a later one takes precedence.
    pub overrides: Vec<OverrideSource>,
}

/// Who is on call, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCall {
    /// The user's id.
    pub user: String,
    /// Until when: the turn, its hours, the layer or the override ends, or what
    /// takes precedence begins.
    pub until: Timestamp,
    /// By which layer or override.
    pub because: String,
}

impl Schedule {
    /// Who is on call at `at`. `overrides` are those made at run time; they take
    /// precedence over the policy's, and those over the layers.
    pub fn on_call(&self, at: Timestamp, overrides: &[OverrideSource]) -> Option<OnCall> {
        self.standing_in(at, overrides).or_else(|| self.by_layer(at, overrides))
    }

    /// The first moment after `at` at which somebody else may be on call, or nobody,
    /// or somebody again; none up to `limit`.
    pub fn next_change(&self, at: Timestamp, overrides: &[OverrideSource], limit: Timestamp) -> Option<Timestamp> {
        match self.on_call(at, overrides) {
            Some(on_call) => Some(on_call.until).filter(|until| *until <= limit),
            None => self
                .layers
                .iter()
                .filter_map(|layer| layer.next_on(at, limit))
                .chain(self.next_override(at, overrides).filter(|start| *start <= limit))
                .min(),
        }
    }

    /// The times from `from` to `until` at which nobody is on call, with the
    /// policy's overrides and without those made at run time.
    pub fn gaps(&self, from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut gaps = Vec::new();
        let mut now = from;
        while now < until {
            now = if let Some(on_call) = self.on_call(now, &[]) {
                on_call.until
            } else {
                let ends = self.next_change(now, &[], until).unwrap_or(until);
                gaps.push((now, ends));
                ends
            };
        }
        gaps
    }

    /// The override in force: the last of those that are, as a later one takes
    /// precedence.
    fn standing_in(&self, at: Timestamp, overrides: &[OverrideSource]) -> Option<OnCall> {
        let mut later = self.overrides.iter().chain(overrides).rev();
        let mut next: Option<Timestamp> = None;
        let exception = later.by_ref().find(|exception| {
            if exception.start <= at {
                return at < exception.end;
            }
            if exception.start < exception.end {
                next = Some(next.map_or(exception.start, |next| next.min(exception.start)));
            }
            false
        })?;
        let until = next.map_or(exception.end, |next| next.min(exception.end));
        Some(OnCall { user: exception.user.clone(), until, because: "an override".to_owned() })
    }

    /// When the next override begins.
    fn next_override(&self, at: Timestamp, overrides: &[OverrideSource]) -> Option<Timestamp> {
        let all = self.overrides.iter().chain(overrides);
        all.filter(|exception| exception.start > at && exception.start < exception.end).map(|exception| exception.start).min()
    }

    /// Who is on call where there is no override.
    fn by_layer(&self, at: Timestamp, overrides: &[OverrideSource]) -> Option<OnCall> {
        let (n, mut on_call) = self.layers.iter().enumerate().rev().find_map(|(n, layer)| Some((n, layer.on_call(at)?)))?;
        if let Some(start) = self.next_override(at, overrides) {
            on_call.until = on_call.until.min(start);
        }
        for layer in self.layers.iter().skip(n + 1) {
            if let Some(begins) = layer.next_on(at, on_call.until) {
                on_call.until = begins;
            }
        }
        Some(on_call)
    }
}

#[cfg(test)]
mod tests;
