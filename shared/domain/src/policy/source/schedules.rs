//! The file's part about duty: who is on call when.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// A schedule of on-call duty.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScheduleSource {
    /// Its name.
    pub name: String,
    /// The zone in which hand-offs keep their hour, for instance `Asia/Tokyo`.
    pub time_zone: String,
    /// The layers; a later one takes precedence.
    pub schedule_layers: Vec<LayerSource>,
    /// Exceptions; a later one takes precedence.
    #[serde(default)]
    pub overrides: Vec<OverrideSource>,
}

/// One layer of a schedule.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LayerSource {
    /// Its name.
    pub name: String,
    /// When the first turn begins, in local time: `2026-01-05T10:00:00`.
    #[serde(deserialize_with = "super::time::local_time")]
    pub start: DateTime,
    /// How long a turn is.
    pub rotation: RotationSource,
    /// Whose turn it is, in order.
    pub users: Vec<String>,
    /// When the layer ends, exclusive, in local time; never, unless this is given.
    #[serde(default, deserialize_with = "super::time::some_local_time")]
    pub end: Option<DateTime>,
    /// The layer's own zone; the schedule's, unless this is given.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// The hours of the week in which the layer is on duty; always, if there are none.
    #[serde(default)]
    pub restrictions: Vec<RestrictionSource>,
    /// Names of holidays: the layer is on duty only on these days.
    #[serde(default)]
    pub holidays: Vec<String>,
    /// Names of holidays: the layer is not on duty on these days.
    #[serde(default)]
    pub except_holidays: Vec<String>,
}

/// Hours of the week, in the layer's local time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RestrictionSource {
    /// The days on which it begins, as in a time interval: `monday:friday`,
    /// `saturday`; every day, if there are none.
    pub weekdays: Vec<String>,
    /// When it begins, `HH:MM`; `00:00` unless said otherwise.
    pub start_time: Option<String>,
    /// When it ends, exclusive, `HH:MM` up to `24:00`, which it is unless said
    /// otherwise. Not later than the start means on the next day.
    pub end_time: Option<String>,
}

/// How long a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RotationSource {
    /// Seven days.
    Weekly,
    /// One day.
    Daily,
    /// This many hours by the wall clock, at least 1.
    Hours(u32),
    /// This many days, at least 1.
    Days(u32),
    /// This many weeks, at least 1.
    Weeks(u32),
}

/// Somebody stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OverrideSource {
    /// Who.
    pub user: String,
    /// From when, with a zone.
    #[serde(deserialize_with = "super::time::moment")]
    pub start: Timestamp,
    /// Until when, exclusive, with a zone.
    #[serde(deserialize_with = "super::time::moment")]
    pub end: Timestamp,
}
