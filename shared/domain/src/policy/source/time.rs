//! Moments and local times of the file, with what to write when one is wrong.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A moment, with its zone.
pub(super) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        D::Error::custom(format!("`{}` is not a moment with its zone; write for instance 2026-03-29T01:00:00Z", shown(&text)))
    })
}

/// A time by the clock on the wall.
pub(super) fn local_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        D::Error::custom(format!(
            "`{}` is not a local time; write for instance 2026-01-05T10:00:00, without a zone",
            shown(&text)
        ))
    })
}

/// A moment, with its zone, if it is given.
pub(super) fn some_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    moment(deserializer).map(Some)
}

/// A time by the clock on the wall, if it is given.
pub(super) fn some_local_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime>, D::Error> {
    local_time(deserializer).map(Some)
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
