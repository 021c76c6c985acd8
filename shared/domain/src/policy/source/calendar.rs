//! The file's part about time: named intervals, and holidays.

use std::fmt;

use serde::de::{Error as _, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// A named set of times, with Alertmanager's fields: it holds whenever one of its
/// parts does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeIntervalSource {
    /// Its name.
    pub name: String,
    /// Its parts.
    pub time_intervals: Vec<IntervalSource>,
}

/// One part of a time interval: all of what it says must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntervalSource {
    /// Times of the day.
    #[serde(deserialize_with = "some")]
    pub times: Vec<TimeRangeSource>,
    /// Days of the week: `monday:friday`, `sunday`.
    #[serde(deserialize_with = "some")]
    pub weekdays: Vec<String>,
    /// Days of the month: `1`, `1:5`, `-3:-1`; from the end where negative.
    #[serde(deserialize_with = "some")]
    pub days_of_month: Vec<RangeSource>,
    /// Months: `january:march`, `12`.
    #[serde(deserialize_with = "some")]
    pub months: Vec<RangeSource>,
    /// Years: `2026`, `2026:2028`.
    #[serde(deserialize_with = "some")]
    pub years: Vec<RangeSource>,
    /// The zone that it is meant in, for instance `Europe/Berlin`; UTC unless said
    /// otherwise.
    pub location: Option<String>,
    /// Names of holidays: only on these days.
    #[serde(deserialize_with = "some")]
    pub holidays: Vec<String>,
    /// Names of holidays: not on these days.
    pub except_holidays: Vec<String>,
}

/// Times of a day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeRangeSource {
    /// From when, `HH:MM`.
    pub start_time: String,
    /// Until when, exclusive, `HH:MM` up to `24:00`; later than the start.
    pub end_time: String,
}

/// A number, a name or a range of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeSource {
    /// A single number.
    Number(i64),
    /// A name, or a range as `first:last`.
    Text(String),
}

impl fmt::Display for RangeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RangeSource::Number(number) => number.fmt(f),
            RangeSource::Text(text) => text.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for RangeSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RangeSource, D::Error> {
        deserializer.deserialize_any(RangeVisitor)
    }
}

struct RangeVisitor;

impl Visitor<'_> for RangeVisitor {
    type Value = RangeSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, a name, or a range such as `1:5` as text")
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<RangeSource, E> {
        Ok(RangeSource::Number(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<RangeSource, E> {
        i64::try_from(number).map(RangeSource::Number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RangeSource, E> {
        Ok(RangeSource::Text(text.to_owned()))
    }
}

/// A list that has something in it. Alertmanager takes an empty one for a condition
/// that is never met, which hardly anybody means.
fn some<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::deserialize(deserializer)?;
    if list.is_empty() {
        return Err(D::Error::custom("an empty list is never met; leave the key out if it does not matter"));
    }
    Ok(list)
}

/// Named days on which people do not work.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HolidaySource {
    /// Its name, for instance `jp`.
    pub name: String,
    /// The days: `2026-01-01`, or `12-25` for every year.
    pub dates: Vec<String>,
}
