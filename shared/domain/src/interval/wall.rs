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
    /// What the clock showed when it was set back; it is over when that is shown
    /// again.
    shown: DateTime,
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
        Some(SecondPass { shown })
    }

    /// What a clock shows that stands still in it: the last moment before it is set
    /// back.
    fn last_shown(&self) -> DateTime {
        self.shown.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(self.shown)
    }
}

impl Clock {
    /// The second pass in which it stands still, if it does at `at`.
    fn stands_still(self, zone: &TimeZone, at: Timestamp) -> Option<SecondPass> {
        match self {
            Clock::Plain => None,
            Clock::Steady => SecondPass::of(zone, at),
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

/// The moments at which something begins or ceases to hold, one after the other.
pub(crate) struct Changes<'w, W> {
    wall: &'w W,
    zone: &'w TimeZone,
    clock: Clock,
    holds: bool,
    evenly: Evenly,
}

/// A stretch in which local time runs evenly.
struct Evenly {
    offset: Offset,
    /// What the clock shows where the search goes on.
    from: DateTime,
    /// Whether that itself is still to be looked at.
    from_counts: bool,
    /// When clocks are changed, and what they show then.
    ends: Option<(Timestamp, DateTime)>,
}

impl<'w, W: Wall> Changes<'w, W> {
    /// Those after `at`.
    pub(crate) fn after(wall: &'w W, zone: &'w TimeZone, clock: Clock, at: Timestamp) -> Changes<'w, W> {
        let (shown, evenly) = Evenly::after(zone, clock, at);
        Changes { wall, zone, clock, holds: wall.holds(shown), evenly }
    }

    /// Whether it holds, up to the next change.
    pub(crate) fn holds(&self) -> bool {
        self.holds
    }

    /// The next one; none up to `limit`.
    pub(crate) fn next(&mut self, limit: Timestamp) -> Option<Timestamp> {
        loop {
            if let Some(local) = self.evenly.next_change(self.wall, self.holds, self.evenly.offset.to_datetime(limit)) {
                (self.evenly.from, self.evenly.from_counts) = (local, false);
                self.holds = !self.holds;
                return self.evenly.offset.to_timestamp(local).ok();
            }
            let (moment, _) = self.evenly.ends.filter(|(moment, _)| *moment <= limit)?;
            let (shown, evenly) = Evenly::after(self.zone, self.clock, moment);
            self.evenly = evenly;
            if self.wall.holds(shown) != self.holds {
                self.holds = !self.holds;
                return Some(moment);
            }
        }
    }
}

impl Evenly {
    /// What the clock shows at `at`, and the stretch after that.
    fn after(zone: &TimeZone, clock: Clock, at: Timestamp) -> (DateTime, Evenly) {
        let offset = zone.to_offset(at);
        let (shown, from, from_counts) = match clock.stands_still(zone, at) {
            Some(second) => (second.last_shown(), second.shown, true),
            None => (offset.to_datetime(at), offset.to_datetime(at), false),
        };
        let ends = zone.following(at).next().map(|change| (change.timestamp(), offset.to_datetime(change.timestamp())));
        (shown, Evenly { offset, from, from_counts, ends })
    }

    fn is_later(&self, local: DateTime) -> bool {
        local > self.from || (self.from_counts && local == self.from)
    }

    /// The first change, by the clock on the wall; none up to `last`.
    fn next_change(&self, wall: &impl Wall, holds: bool, last: DateTime) -> Option<DateTime> {
        let is_over = |local: DateTime| local > last || self.ends.is_some_and(|(_, shown)| local >= shown);
        let mut date = self.from.date();
        loop {
            let midnight = date.to_datetime(Time::midnight());
            if is_over(midnight) {
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
                    if is_over(local) {
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
