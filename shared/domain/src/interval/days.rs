//! Which days, and which hours of a day? The pieces of a time interval.

use jiff::civil::{Date, Weekday};

/// Times of a day, in minutes since its midnight by the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySpan {
    /// From when.
    pub start_minute: u16,
    /// Until when, exclusive; 1440 at most.
    pub end_minute: u16,
}

impl DaySpan {
    /// Whether the minute lies in it.
    pub fn contains(self, minute: u16) -> bool {
        (self.start_minute..self.end_minute).contains(&minute)
    }
}

/// Days of a month: 1 is the first one, -1 the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayRange {
    /// The first day.
    pub begin: i8,
    /// The last day.
    pub end: i8,
}

impl DayRange {
    /// Whether the day lies in it. A range that begins after the month's last day
    /// is left out in that month, and so is one that ends before its first.
    pub fn contains(self, date: Date) -> bool {
        let counted = |day: i8| if day < 0 { date.days_in_month() + day + 1 } else { day };
        (counted(self.begin)..=counted(self.end)).contains(&date.day())
    }
}

/// Days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekdays(u8);

impl Weekdays {
    /// Every day.
    pub const ALL: Weekdays = Weekdays(0b111_1111);
    /// No day.
    pub const NONE: Weekdays = Weekdays(0);

    /// These, and the days from `first` to `last` of a week that begins on Sunday.
    pub fn and(self, first: Weekday, last: Weekday) -> Weekdays {
        let days = first.to_sunday_zero_offset()..=last.to_sunday_zero_offset();
        Weekdays(days.fold(self.0, |bits, day| bits | 1 << day))
    }

    /// Whether the day is one of them.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_sunday_zero_offset()) != 0
    }
}

/// Named days on which people do not work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays {
    /// Single days.
    pub dates: Vec<Date>,
    /// Month and day of every year.
    pub yearly: Vec<(i8, i8)>,
}

impl Holidays {
    /// Whether the day is one of them.
    pub fn contains(&self, date: Date) -> bool {
        self.dates.contains(&date) || self.yearly.contains(&(date.month(), date.day()))
    }
}

/// What holidays have to do with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HolidayRule {
    /// Only on these days, if it is given.
    pub only: Option<Holidays>,
    /// Not on these days.
    pub except: Holidays,
}

impl HolidayRule {
    /// Whether the day will do.
    pub fn allows(&self, date: Date) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(date)) && !self.except.contains(date)
    }

    /// Whether every day will do.
    pub fn is_always(&self) -> bool {
        *self == HolidayRule::default()
    }
}
