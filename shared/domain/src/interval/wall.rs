//! When does something that the clock on the wall decides begin or end?
//!
//! Between two changes of a zone's clocks local time runs evenly, so that only
//! midnights and a day's own times need to be looked at, and each change of clocks.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// What the clock on the wall decides.
pub(crate) trait Wall {
    /// Whether it holds when the clock shows `local`.
    fn holds(&self, local: DateTime) -> bool;

    /// Whether it may hold at some time of the day.
    fn may_hold_on(&self, date: Date) -> bool;

    /// The times of the day, other than midnight, at which it may change; in order.
    fn edges(&self) -> &[Time];
}

/// How the hour is read that comes twice when clocks are set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// As any other: what was over may hold once more.
    Plain,
    /// The clock stands still until the hour is over: what has ended does not come
    /// back.
    Steady,
}

/// When an hour comes for the second time.
struct SecondPass {
    /// What the clock showed when it was set back.
    shown: DateTime,
    /// When it shows that again.
    ends: Timestamp,
}

impl SecondPass {
    /// The one that `at` lies in.
    fn of(zone: &TimeZone, at: Timestamp) -> Option<SecondPass> {
        let offset = zone.to_offset(at);
        let AmbiguousOffset::Fold { before, after } = zone.to_ambiguous_timestamp(offset.to_datetime(at)).offset() else {
            return None;
        };
        if offset != after {
            return None;
        }
        let behind = at.checked_add(SignedDuration::from_nanos(1)).ok()?;
        let shown = before.to_datetime(zone.preceding(behind).next()?.timestamp());
        Some(SecondPass { shown, ends: after.to_timestamp(shown).ok()? })
    }
}

impl Clock {
    /// What it shows at `at`.
    pub(crate) fn reads(self, zone: &TimeZone, at: Timestamp) -> DateTime {
        let second = match self {
            Clock::Plain => None,
            Clock::Steady => SecondPass::of(zone, at),
        };
        match second.and_then(|second| second.shown.checked_sub(SignedDuration::from_nanos(1)).ok()) {
            Some(stood_still) => stood_still,
            None => zone.to_datetime(at),
        }
    }

    /// What the clock shows at `from` or, if it stands still then, when it goes on;
    /// and whether that time itself is still to be looked at.
    fn goes_on(self, zone: &TimeZone, offset: Offset, from: Timestamp) -> (DateTime, bool) {
        match self {
            Clock::Plain => (offset.to_datetime(from), false),
            Clock::Steady => match SecondPass::of(zone, from) {
                Some(second) => (offset.to_datetime(second.ends), true),
                None => (offset.to_datetime(from), false),
            },
        }
    }
}

/// The minute of the day.
pub(crate) fn minute_of(time: Time) -> u16 {
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}

/// The times of the day at these minutes, in order and without midnight.
pub(crate) fn edges(minutes: impl IntoIterator<Item = u16>) -> Vec<Time> {
    let time = |minute: u16| Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok();
    let mut edges: Vec<Time> = minutes.into_iter().filter_map(time).filter(|time| *time != Time::midnight()).collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// The first moment after `at` at which it begins or ceases to hold; none up to
/// `limit`.
pub(crate) fn next_change(wall: &impl Wall, zone: &TimeZone, clock: Clock, at: Timestamp, limit: Timestamp) -> Option<Timestamp> {
    let holds = wall.holds(clock.reads(zone, at));
    let mut from = at;
    while from < limit {
        let offset = zone.to_offset(from);
        let clocks_change = zone.following(from).next().map(|transition| transition.timestamp());
        let evenly = Evenly {
            from: clock.goes_on(zone, offset, from),
            last: offset.to_datetime(limit),
            before: clocks_change.map(|moment| offset.to_datetime(moment)),
        };
        if let Some(local) = evenly.next_change(wall, holds) {
            return offset.to_timestamp(local).ok();
        }
        from = clocks_change.filter(|moment| *moment <= limit)?;
        if wall.holds(clock.reads(zone, from)) != holds {
            return Some(from);
        }
    }
    None
}

/// A stretch in which local time runs evenly.
struct Evenly {
    /// What the clock shows at its beginning, and whether that counts.
    from: (DateTime, bool),
    /// The last time of interest.
    last: DateTime,
    /// What the clock shows when it is changed.
    before: Option<DateTime>,
}

impl Evenly {
    fn is_later(&self, local: DateTime) -> bool {
        local > self.from.0 || (self.from.1 && local == self.from.0)
    }

    fn is_over(&self, local: DateTime) -> bool {
        local > self.last || self.before.is_some_and(|before| local >= before)
    }

    fn next_change(&self, wall: &impl Wall, holds: bool) -> Option<DateTime> {
        let mut date = self.from.0.date();
        loop {
            let midnight = date.to_datetime(Time::midnight());
            if self.is_over(midnight) {
                return None;
            }
            let may_hold = wall.may_hold_on(date);
            // A day on which nothing holds ends at its midnight what held before.
            if self.is_later(midnight) && (may_hold || holds) && wall.holds(midnight) != holds {
                return Some(midnight);
            }
            if may_hold {
                for edge in wall.edges() {
                    let local = date.to_datetime(*edge);
                    if self.is_over(local) {
                        return None;
                    }
                    if self.is_later(local) && wall.holds(local) != holds {
                        return Some(local);
                    }
                }
            }
            date = date.tomorrow().ok()?;
        }
    }
}
