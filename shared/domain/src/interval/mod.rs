//! Does a moment lie in a named time interval? Alertmanager's time intervals.
//!
//! What holds is what the clock on the wall of the interval's zone shows: an hour
//! that comes twice is in it twice, one that is left out is not in it at all. Days
//! counted from the end of a month are counted by the calendar, so that `-1` is
//! its last day also where a change of clocks makes the month an hour shorter.
//! Holidays are ours.

mod days;
mod wall;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

pub use self::days::{DayRange, DaySpan, HolidayRule, Holidays, Weekdays};
pub(crate) use self::wall::{Changes, Clock, Wall, edges, minute_of};

/// A named set of times: it holds whenever one of its parts does.
#[derive(Debug, Clone)]
pub struct TimeInterval {
    /// Its name.
    pub name: String,
    /// Its parts; without any it never holds.
    pub parts: Vec<Part>,
}

/// One part: all of what it says must hold. What it does not speak of may be
/// anything.
#[derive(Debug, Clone)]
pub struct Part {
    location: TimeZone,
    times: Vec<DaySpan>,
    weekdays: Weekdays,
    days_of_month: Vec<DayRange>,
    /// A bit for each month, January's the lowest.
    months: Option<u16>,
    /// First and last year of each range.
    years: Vec<(i16, i16)>,
    holidays: HolidayRule,
    edges: Vec<Time>,
}

impl Part {
    /// A part that always holds, by the clock of `location`.
    pub fn always(location: TimeZone) -> Part {
        Part {
            location,
            times: Vec::new(),
            weekdays: Weekdays::ALL,
            days_of_month: Vec::new(),
            months: None,
            years: Vec::new(),
            holidays: HolidayRule::default(),
            edges: Vec::new(),
        }
    }

    /// Only at one of these times of the day; without any, all day long.
    pub fn at_times(self, times: Vec<DaySpan>) -> Part {
        let edges = edges(times.iter().flat_map(|span| [span.start_minute, span.end_minute]));
        Part { times, edges, ..self }
    }

    /// Only on these days of the week.
    pub fn on_weekdays(self, weekdays: Weekdays) -> Part {
        Part { weekdays, ..self }
    }

    /// Only on one of these days of the month; without any, on every day.
    pub fn on_days_of_month(self, days_of_month: Vec<DayRange>) -> Part {
        Part { days_of_month, ..self }
    }

    /// Only in these months, from a first to a last one, 1 to 12 each; without
    /// any, in every month.
    pub fn in_months(self, ranges: &[(i8, i8)]) -> Part {
        let bit = |month: i8| 1_u16 << (month.clamp(1, 12) - 1);
        let bits = ranges.iter().flat_map(|(first, last)| *first..=*last).fold(0, |bits, month| bits | bit(month));
        Part { months: (!ranges.is_empty()).then_some(bits), ..self }
    }

    /// Only in one of these years, from a first to a last one; without any, in
    /// every year.
    pub fn in_years(self, years: Vec<(i16, i16)>) -> Part {
        Part { years, ..self }
    }

    /// Only on, or not on, holidays.
    pub fn on_holidays(self, holidays: HolidayRule) -> Part {
        Part { holidays, ..self }
    }

    fn contains(&self, at: Timestamp) -> bool {
        self.holds(self.location.to_datetime(at))
    }
}

impl Wall for Part {
    fn holds(&self, local: DateTime) -> bool {
        let minute = minute_of(local.time());
        (self.times.is_empty() || self.times.iter().any(|span| span.contains(minute))) && self.may_hold_on(local.date())
    }

    fn may_hold_on(&self, date: Date) -> bool {
        (self.years.is_empty() || self.years.iter().any(|(first, last)| (*first..=*last).contains(&date.year())))
            && self.months.is_none_or(|bits| bits & (1 << (date.month() - 1)) != 0)
            && self.weekdays.contains(date.weekday())
            && (self.days_of_month.is_empty() || self.days_of_month.iter().any(|days| days.contains(date)))
            && self.holidays.allows(date)
    }

    fn edges(&self) -> &[Time] {
        &self.edges
    }
}

impl TimeInterval {
    /// Whether `at` lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.parts.iter().any(|part| part.contains(at))
    }

    /// The first moment after `at` at which it begins or ends; none up to `limit`.
    pub fn next_change(&self, at: Timestamp, limit: Timestamp) -> Option<Timestamp> {
        // Each part with its changes, the next of which is known.
        let mut parts: Vec<(Changes<Part>, bool, Option<Timestamp>)> = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let mut changes = Changes::after(part, &part.location, Clock::Plain, at);
            let holds = changes.holds();
            let next = changes.next(limit);
            parts.push((changes, holds, next));
        }
        let holds = parts.iter().any(|(_, holds, _)| *holds);
        loop {
            let now = parts.iter().filter_map(|(_, _, next)| *next).min()?;
            for (changes, holds, next) in &mut parts {
                if *next == Some(now) {
                    *holds = !*holds;
                    *next = changes.next(limit);
                }
            }
            if parts.iter().any(|(_, holds, _)| *holds) != holds {
                return Some(now);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
