//! In which hours of the week, and on which days, is a layer on duty?

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::interval::{Changes, Clock, HolidayRule, Wall, Weekdays, edges, minute_of};

/// Minutes in a day.
const DAY: u16 = 24 * 60;

/// Hours of the week, by the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restriction {
    /// The days on which it begins.
    pub weekdays: Weekdays,
    /// The minute of the day at which it begins.
    pub start_minute: u16,
    /// The minute at which it ends, exclusive; if that is not later than the start,
    /// it is one of the next day.
    pub end_minute: u16,
}

impl Restriction {
    fn holds(self, date: Date, minute: u16) -> bool {
        let is_of = |date: Date| self.weekdays.contains(date.weekday());
        if self.end_minute > self.start_minute {
            return (self.start_minute..self.end_minute).contains(&minute) && is_of(date);
        }
        (minute >= self.start_minute && is_of(date)) || (minute < self.end_minute && date.yesterday().is_ok_and(is_of))
    }
}

/// When a layer is on duty: always, unless something is said.
#[derive(Debug, Clone, Default)]
pub struct Hours {
    restrictions: Vec<Restriction>,
    holidays: HolidayRule,
    edges: Vec<Time>,
}

impl Hours {
    /// In one of the restrictions, if there are any, and on the days that the
    /// holidays allow.
    pub fn new(restrictions: Vec<Restriction>, holidays: HolidayRule) -> Hours {
        let minutes = restrictions.iter().flat_map(|restriction| [restriction.start_minute, restriction.end_minute % DAY]);
        Hours { edges: edges(minutes), restrictions, holidays }
    }

    fn is_always(&self) -> bool {
        self.restrictions.is_empty() && self.holidays.is_always()
    }

    /// Whether they hold at `at`, and when that changes; nothing, if they always do.
    pub(super) fn after<'w>(&'w self, zone: &'w TimeZone, at: Timestamp) -> Option<Changes<'w, Hours>> {
        (!self.is_always()).then(|| Changes::after(self, zone, Clock::Steady, at))
    }
}

impl Wall for Hours {
    fn holds(&self, local: DateTime) -> bool {
        let minute = minute_of(local.time());
        (self.restrictions.is_empty() || self.restrictions.iter().any(|restriction| restriction.holds(local.date(), minute)))
            && self.may_hold_on(local.date())
    }

    fn may_hold_on(&self, date: Date) -> bool {
        self.holidays.allows(date)
    }

    fn edges(&self) -> &[Time] {
        &self.edges
    }
}
