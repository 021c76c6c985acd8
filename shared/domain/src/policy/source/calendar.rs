//! The file's part about time: named intervals, and holidays.

use serde::Deserialize;

/// A named set of times, with Alertmanager's fields: it holds whenever one of its
/// parts does.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TimeIntervalSource {
    /// Its name.
    pub name: String,
    /// Its parts.
    pub time_intervals: Vec<IntervalSource>,
}

/// One part of a time interval: all of what it says must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct IntervalSource {
    /// Times of the day.
    pub times: Vec<TimeRangeSource>,
    /// Days of the week: `monday:friday`, `sunday`.
    pub weekdays: Vec<String>,
    /// Days of the month: `1`, `1:5`, `-3:-1`; from the end where negative.
    pub days_of_month: Vec<RangeSource>,
    /// Months: `january:march`, `12`.
    pub months: Vec<RangeSource>,
    /// Years: `2026`, `2026:2028`.
    pub years: Vec<RangeSource>,
    /// The zone that it is meant in, for instance `Europe/Berlin`; UTC unless said
    /// otherwise.
    pub location: Option<String>,
    /// Names of holidays: only on these days.
    pub holidays: Vec<String>,
    /// Names of holidays: not on these days.
    pub except_holidays: Vec<String>,
}

/// Times of a day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TimeRangeSource {
    /// From when, `HH:MM`.
    pub start_time: String,
    /// Until when, exclusive, `HH:MM` up to `24:00`; later than the start.
    pub end_time: String,
}

/// A number, a name or a range of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum RangeSource {
    /// A single number.
    Number(i64),
    /// A name, or a range as `first:last`.
    Text(String),
}

/// Named days on which people do not work.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct HolidaySource {
    /// Its name, for instance `jp`.
    pub name: String,
    /// The days: `2026-01-01`, or `12-25` for every year.
    pub dates: Vec<String>,
}
