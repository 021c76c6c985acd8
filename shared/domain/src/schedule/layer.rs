//! Whose turn is it in one layer?

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::OnCall;
use super::hours::Hours;

/// One layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// The zone in which its hand-offs keep their hour.
    pub time_zone: TimeZone,
    /// When the first turn begins, in local time.
    pub start: DateTime,
    /// When the layer ends, exclusive, in local time.
    pub end: Option<DateTime>,
    /// How long a turn is.
    pub turn: Turn,
    /// Whose turn it is, in order; not empty.
    pub users: Vec<String>,
    /// When it is on duty.
    pub hours: Hours,
}

/// How long a turn is, by the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Calendar days.
    Days(u32),
    /// Hours.
    Hours(u32),
}

/// When a turn begins.
struct Beginning {
    at: Timestamp,
    /// Whether its local time is one that a change of clocks leaves out.
    is_left_out: bool,
}

impl Turn {
    /// How long it is on a clock that is never changed.
    fn seconds(self) -> i64 {
        match self {
            Turn::Days(days) => i64::from(days.max(1)) * 86_400,
            Turn::Hours(hours) => i64::from(hours.max(1)) * 3_600,
        }
    }
}

impl Layer {
    /// When turn number `n` begins. Beyond the calendar there is no such moment.
    fn begins(&self, n: i64) -> Option<Beginning> {
        let elapsed = SignedDuration::from_secs(self.turn.seconds().checked_mul(n)?);
        let there = self.time_zone.to_ambiguous_timestamp(self.start.checked_add(elapsed).ok()?);
        Some(Beginning { is_left_out: matches!(there.offset(), AmbiguousOffset::Gap { .. }), at: there.compatible().ok()? })
    }

    /// The number of the last turn that has begun at `at`, none before the first
    /// one; and when the next one begins.
    fn turn_at(&self, at: Timestamp) -> (Option<i64>, Timestamp) {
        let elapsed = self.time_zone.to_datetime(at).duration_since(self.start).as_secs();
        let mut n = elapsed.div_euclid(self.turn.seconds()).max(-1);
        // The clock has shown its time, but a change of clocks may have moved it.
        while n >= 0 && self.begins(n).is_none_or(|beginning| beginning.at > at) {
            n -= 1;
        }
        // In an hour that comes twice, the clock showed later times already.
        let mut next = self.begins(n + 1);
        while next.as_ref().is_some_and(|beginning| beginning.at <= at) {
            n += 1;
            next = self.begins(n + 1);
        }
        (Some(n).filter(|n| *n >= 0), self.soonest(n + 1, next))
    }

    /// When the first of all turns from number `n` on begins: a turn whose time is
    /// left out may come after one whose time is not.
    fn soonest(&self, n: i64, beginning: Option<Beginning>) -> Timestamp {
        let mut soonest = Timestamp::MAX;
        let (mut n, mut next) = (n, beginning);
        while let Some(beginning) = next {
            soonest = soonest.min(beginning.at);
            if !beginning.is_left_out {
                break;
            }
            n += 1;
            next = self.begins(n);
        }
        soonest
    }

    /// When it ends, if it does.
    fn ends(&self) -> Option<Timestamp> {
        self.end.and_then(|end| self.time_zone.to_ambiguous_timestamp(end).compatible().ok())
    }

    /// Who is on duty at `at`: nobody before the layer starts, after it ends, and
    /// outside of its hours.
    pub fn on_call(&self, at: Timestamp) -> Option<OnCall> {
        let ends = self.ends().unwrap_or(Timestamp::MAX);
        if at >= ends {
            return None;
        }
        let mut hours = self.hours.after(&self.time_zone, at);
        if hours.as_ref().is_some_and(|hours| !hours.holds()) {
            return None;
        }
        let (n, next) = self.turn_at(at);
        let n_users = i64::try_from(self.users.len()).ok().filter(|n_users| *n_users > 0)?;
        let user = &self.users[usize::try_from(n?.rem_euclid(n_users)).ok()?];
        let until = next.min(ends);
        Some(OnCall {
            user: user.clone(),
            until: hours.as_mut().and_then(|hours| hours.next(until)).unwrap_or(until),
            because: format!("layer {}", self.name),
        })
    }

    /// When somebody is on duty next, with nobody at `at`; none up to `limit`.
    pub fn next_on(&self, at: Timestamp, limit: Timestamp) -> Option<Timestamp> {
        let ends = self.ends().unwrap_or(Timestamp::MAX);
        if self.users.is_empty() || at >= ends {
            return None;
        }
        let from = match self.turn_at(at) {
            (Some(_), _) => at,
            (None, first) => first,
        };
        if from > limit {
            return None;
        }
        let begins = match self.hours.after(&self.time_zone, from) {
            Some(mut hours) if !hours.holds() => hours.next(limit)?,
            Some(_) | None => from,
        };
        Some(begins).filter(|begins| *begins < ends)
    }
}
