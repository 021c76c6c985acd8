//! The part about time: named intervals and holidays.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::Reader;
use crate::interval::{DayRange, DaySpan, HolidayRule, Holidays, Part, TimeInterval, Weekdays};
use crate::policy::problem::did_you_mean;
use crate::policy::source::{IntervalSource, RangeSource, TimeRangeSource};

/// The days of a week, which begins on Sunday.
const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
/// The months of a year.
const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

impl Reader<'_> {
    pub(super) fn time_intervals(&mut self) -> BTreeMap<String, TimeInterval> {
        self.holiday_dates();
        let source = self.source;
        let mut intervals = BTreeMap::new();
        for (key, list) in [("time_intervals", &source.time_intervals), ("mute_time_intervals", &source.mute_time_intervals)] {
            for (n, interval) in list.iter().enumerate() {
                let parts = interval.time_intervals.iter().enumerate();
                let parts = parts.map(|(m, part)| self.part(part, &format!("{key}[{n}].time_intervals[{m}]"))).collect();
                intervals.insert(interval.name.clone(), TimeInterval { name: interval.name.clone(), parts });
            }
        }
        intervals
    }

    fn part(&mut self, part: &IntervalSource, path: &str) -> Part {
        let location = match part.location.as_deref() {
            // Alertmanager's own words for the zone of the machine that it runs on.
            None | Some("" | "Local") => TimeZone::UTC,
            Some(name) => self.zone(name, &format!("{path}.location")),
        };
        let times = part.times.iter().enumerate();
        let times = times.filter_map(|(n, range)| self.times(range, &format!("{path}.times[{n}]"))).collect();
        let months = self.ranges(&part.months, &format!("{path}.months"), month_range);
        Part::always(location)
            .at_times(times)
            .on_weekdays(self.weekdays(&part.weekdays, &format!("{path}.weekdays")))
            .on_days_of_month(self.ranges(&part.days_of_month, &format!("{path}.days_of_month"), day_range))
            .in_months(&months)
            .in_years(self.ranges(&part.years, &format!("{path}.years"), year_range))
            .on_holidays(self.holiday_rule(&part.holidays, &part.except_holidays, path))
    }

    /// Reads a list of ranges; bad ones are noted and left out.
    fn ranges<T>(&mut self, list: &[RangeSource], path: &str, read: fn(&str) -> Result<T, String>) -> Vec<T> {
        let mut ranges = Vec::new();
        for (n, range) in list.iter().enumerate() {
            match read(&range.to_string().to_ascii_lowercase()) {
                Ok(range) => ranges.push(range),
                Err(message) => self.problem(format!("{path}[{n}]"), message),
            }
        }
        ranges
    }

    /// Days of the week; all of them, if none are given.
    pub(super) fn weekdays(&mut self, list: &[String], path: &str) -> Weekdays {
        let mut days = if list.is_empty() { Weekdays::ALL } else { Weekdays::NONE };
        for (n, range) in list.iter().enumerate() {
            match weekday_range(&range.to_ascii_lowercase()) {
                Ok((from, to)) => days = days.and(from, to),
                Err(message) => self.problem(format!("{path}[{n}]"), message),
            }
        }
        days
    }

    fn times(&mut self, range: &TimeRangeSource, path: &str) -> Option<DaySpan> {
        let start = self.minute(&range.start_time, &format!("{path}.start_time"));
        let end = self.minute(&range.end_time, &format!("{path}.end_time"));
        let (start_minute, end_minute) = (start?, end?);
        if start_minute < end_minute {
            return Some(DaySpan { start_minute, end_minute });
        }
        self.problem(
            format!("{path}.end_time"),
            format!(
                "`{}` is not later than the start, `{}`; what passes midnight is written as two, \
                 until 24:00 and from 00:00",
                range.end_time, range.start_time
            ),
        );
        None
    }

    /// A time of the day, in minutes.
    pub(super) fn minute(&mut self, text: &str, path: &str) -> Option<u16> {
        let read = minute(text);
        if read.is_none() {
            let near = Some(format!("0{text}")).filter(|near| minute(near).is_some());
            let hint = near.map_or("write HH:MM, from 00:00 to 24:00".to_owned(), |near| format!("did you mean `{near}`?"));
            self.problem(path, format!("`{text}` is not a time of the day; {hint}"));
        }
        read
    }

    /// A time zone; UTC, if there is none of that name.
    pub(super) fn zone(&mut self, name: &str, path: &str) -> TimeZone {
        TimeZone::get(name).unwrap_or_else(|_| {
            let zones: Vec<_> = jiff::tz::db().available().collect();
            let hint = match did_you_mean(name, zones.iter().map(jiff::tz::TimeZoneName::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write for instance Europe/Berlin, Asia/Tokyo or UTC".to_owned(),
            };
            self.problem(path, format!("`{name}` is not a time zone; {hint}"));
            TimeZone::UTC
        })
    }

    /// What `holidays` and `except_holidays` say.
    pub(super) fn holiday_rule(&mut self, only: &[String], except: &[String], path: &str) -> HolidayRule {
        let only = (!only.is_empty()).then(|| self.holidays(only, &format!("{path}.holidays")));
        HolidayRule { only, except: self.holidays(except, &format!("{path}.except_holidays")) }
    }

    /// All days of the named holidays, each of which must be there.
    fn holidays(&mut self, names: &[String], path: &str) -> Holidays {
        let source = self.source;
        let mut all = Holidays::default();
        if names.is_empty() {
            return all;
        }
        let known: Vec<String> = source.holidays.iter().map(|holidays| holidays.name.clone()).collect();
        for (n, name) in names.iter().enumerate() {
            self.must_be_known("list of holidays", name, &known, &format!("{path}[{n}]"));
        }
        let wanted = source.holidays.iter().filter(|holidays| names.contains(&holidays.name));
        for date in wanted.flat_map(|holidays| &holidays.dates) {
            match holiday(date) {
                Some(Holiday::Once(date)) => all.dates.push(date),
                Some(Holiday::Yearly(month, day)) => all.yearly.push((month, day)),
                None => {}
            }
        }
        all
    }

    /// Notes the dates of holidays that there are not.
    fn holiday_dates(&mut self) {
        let source = self.source;
        for (n, holidays) in source.holidays.iter().enumerate() {
            for (m, date) in holidays.dates.iter().enumerate() {
                if holiday(date).is_none() {
                    self.problem(
                        format!("holidays[{n}].dates[{m}]"),
                        format!("`{date}` is not a date; write for instance 2026-01-01, or 12-25 for every year"),
                    );
                }
            }
        }
    }
}

enum Holiday {
    Once(Date),
    Yearly(i8, i8),
}

fn holiday(text: &str) -> Option<Holiday> {
    match text.len() {
        10 => text.parse().ok().map(Holiday::Once),
        // In a leap year, so that 02-29 is a day, in the years that have it.
        5 => {
            let date: Date = format!("2024-{text}").parse().ok()?;
            Some(Holiday::Yearly(date.month(), date.day()))
        }
        _ => None,
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hours) || !two_digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (minutes < 60 && hours * 60 + minutes <= 24 * 60).then_some(hours * 60 + minutes)
}

/// Both ends of `first:last`, or twice the same.
fn ends<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<(T, T), String> {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    if first.is_empty() || last.is_empty() || last.contains(':') {
        return Err(format!("`{text}` is not a range; write `first:last`"));
    }
    Ok((read(first)?, read(last)?))
}

/// The place of a name in `names`.
fn place(word: &str, names: &[&str], what: &str) -> Result<usize, String> {
    names.iter().position(|name| *name == word).ok_or_else(|| {
        let hint = match did_you_mean(word, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write {}", what_to_write(names)),
        };
        format!("`{word}` is not a {what}; {hint}")
    })
}

fn what_to_write(names: &[&str]) -> String {
    let numbers = if names.len() == MONTHS.len() { ", or 1 to 12" } else { "" };
    format!("`{}` to `{}`{numbers}", names.first().unwrap_or(&""), names.last().unwrap_or(&""))
}

/// Places that must be in order, as neither a week nor a year goes on at its end.
fn in_order(text: &str, names: &[&str], (first, last): (usize, usize)) -> Result<(usize, usize), String> {
    if first <= last {
        return Ok((first, last));
    }
    let range =
        |from: usize, to: usize| if from == to { names[from].to_owned() } else { format!("{}:{}", names[from], names[to]) };
    let (before, behind) = (range(first, names.len() - 1), range(0, last));
    Err(format!("`{text}` ends before it begins, as {} is the first; write `{before}` and `{behind}`", names[0]))
}

fn weekday_range(text: &str) -> Result<(Weekday, Weekday), String> {
    let places = ends(text, |word| place(word, &WEEKDAYS, "day of the week"))?;
    let (first, last) = in_order(text, &WEEKDAYS, places)?;
    let weekday = |place: usize| i8::try_from(place).ok().and_then(|place| Weekday::from_sunday_zero_offset(place).ok());
    weekday(first).zip(weekday(last)).ok_or_else(|| format!("`{text}` is not a range of weekdays"))
}

fn month_range(text: &str) -> Result<(i8, i8), String> {
    let month = |word: &str| match number(word) {
        Some(n @ 1..=12) => usize::try_from(n - 1).map_err(|error| error.to_string()),
        Some(_) | None => place(word, &MONTHS, "month"),
    };
    let (first, last) = in_order(text, &MONTHS, ends(text, month)?)?;
    let counted = |place: usize| i8::try_from(place + 1).map_err(|error| error.to_string());
    Ok((counted(first)?, counted(last)?))
}

fn year_range(text: &str) -> Result<(i16, i16), String> {
    let year = |word: &str| {
        let year = number(word).and_then(|year| i16::try_from(year).ok()).filter(|year| (1..=9999).contains(year));
        year.ok_or_else(|| format!("`{word}` is not a year; write for instance 2026 or 2026:2028"))
    };
    let (first, last) = ends(text, year)?;
    if first > last {
        return Err(format!("`{text}` ends before it begins; write `{last}:{first}`"));
    }
    Ok((first, last))
}

fn day_range(text: &str) -> Result<DayRange, String> {
    const DAYS: RangeInclusive<i8> = 1..=31;
    let day = |word: &str| {
        let day = number(word).and_then(|day| i8::try_from(day).ok()).filter(|day| DAYS.contains(&day.saturating_abs()));
        day.ok_or_else(|| format!("`{word}` is not a day of the month; write 1 to 31, or -1 (the last one) to -31"))
    };
    let (begin, end) = ends(text, day)?;
    if begin < 0 && end > 0 {
        return Err(format!(
            "`{text}` counts from the end and then from the beginning; write `{begin}:-1` and `1:{end}` if both are meant"
        ));
    }
    // In the longest month: where it cannot be, it can be nowhere.
    let in_longest = |day: i8| if day < 0 { 32 + day } else { day };
    if in_longest(begin) > in_longest(end) {
        return Err(format!("`{text}` always ends before it begins"));
    }
    Ok(DayRange { begin, end })
}

/// A whole number, with at most a minus before it.
fn number(word: &str) -> Option<i64> {
    word.parse().ok().filter(|_| !word.starts_with('+'))
}
