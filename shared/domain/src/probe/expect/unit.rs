//! How much? Numbers, times and sizes as an expectation writes them.

use std::fmt;
use std::time::Duration;

use super::Literal;
use crate::span::Span;
use crate::text::clean;

/// Units of time with their length in nanoseconds, largest first: those of
/// [`crate::span`].
const TIMES: [(&str, u128); 7] = [
    ("y", 365 * 86_400_000_000_000),
    ("w", 7 * 86_400_000_000_000),
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];
/// Units of size in bytes, largest first.
const SIZES: [(&str, u128); 7] =
    [("GiB", 1 << 30), ("GB", 1_000_000_000), ("MiB", 1 << 20), ("MB", 1_000_000), ("KiB", 1 << 10), ("kB", 1_000), ("B", 1)];

/// Reads a number, a time or a size.
pub(super) fn parse(text: &str) -> Result<Literal, String> {
    let shown = clean(text, 40);
    if let Ok(number) = serde_json::from_str::<serde_json::Number>(text) {
        return Ok(Literal::Number(number));
    }
    if !text.ends_with(|ch: char| ch.is_alphabetic() || ch == '%') {
        return Err(format!("`{shown}` is no number; write for instance `200`, `0.95` or `-1`"));
    }
    if text.starts_with('-') {
        return Err(format!("`{shown}` is negative, and no time or size is"));
    }
    if let Some(size) = size(text) {
        return Ok(Literal::Size(size));
    }
    if let Some(time) = time(text) {
        return Ok(Literal::Time(time));
    }
    let unit = text.trim_start_matches(|ch: char| ch.is_ascii_digit() || ch == '.');
    Err(match unit {
        "K" | "KB" | "k" => format!("`{shown}` is no size; write `kB` for 1,000 bytes or `KiB` for 1,024"),
        "M" | "mb" | "Mb" | "mB" => format!("`{shown}` is no size; write `MB` for 1,000,000 bytes or `MiB` for 1,048,576"),
        "sec" | "secs" | "seconds" => format!("`{shown}` is no time; write `s` for seconds, as in `1.5s`"),
        "min" | "minutes" => format!("`{shown}` is no time; write `m` for minutes, as in `2m`"),
        "%" => format!("`{shown}` is no value; write a share as a number from 0 to 1, as in `0.95`"),
        _ => format!(
            "`{shown}` is no number, time or size; times are written as `800ms`, `1.5s` or `1m30s`, sizes as `500B`, `10kB` or `1MiB`"
        ),
    })
}

/// One number and a unit of size; less than a byte is left out.
fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text);
    let (_, n_bytes) = SIZES.into_iter().find(|(name, _)| *name == unit)?;
    u64::try_from(scaled(number, n_bytes)?).ok()
}

/// Numbers, each with a unit of time, the largest unit first and each at most once.
fn time(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut next_unit = 0;
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let (number, after) = split(rest);
        let end = after.find(|ch: char| !ch.is_ascii_alphabetic()).unwrap_or(after.len());
        let at = TIMES.iter().position(|(name, _)| *name == &after[..end])?;
        if at < next_unit {
            return None;
        }
        next_unit = at + 1;
        total = total.checked_add(scaled(number, TIMES[at].1)?)?;
        rest = &after[end..];
    }
    // As long as fits into nanoseconds, some 500 years.
    u64::try_from(total).ok().map(Duration::from_nanos)
}

fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(|ch: char| !ch.is_ascii_digit() && ch != '.').unwrap_or(text.len()))
}

/// A number with at most nine decimals, times a unit; what is less than one is left out.
fn scaled(number: &str, unit: u128) -> Option<u128> {
    let (whole, part) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, part)) => (whole, part),
        None => (number, ""),
    };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 20 || part.len() > 9 || !is_number(whole) || !is_number(part) {
        return None;
    }
    let places = 10_u128.pow(u32::try_from(part.len()).ok()?);
    let number: u128 = whole.parse::<u128>().ok()?.checked_mul(places)?.checked_add(format!("0{part}").parse().ok()?)?;
    Some(number.checked_mul(unit)? / places)
}

/// A time as it is written, exactly: `800ms`, `1.5s`, `14d`.
pub(super) fn write_time(time: Duration, f: &mut impl fmt::Write) -> fmt::Result {
    let nanos = time.as_nanos();
    if nanos > 0 && nanos.is_multiple_of(60_000_000_000) {
        return write!(f, "{}", Span::seconds(time.as_secs()));
    }
    let (unit, length, n_places) = if nanos < 1_000_000_000 { ("ms", 1_000_000, 6) } else { ("s", 1_000_000_000, 9) };
    let part = format!("{:0n_places$}", nanos % length);
    let part = part.trim_end_matches('0');
    write!(f, "{}{}{part}{unit}", nanos / length, if part.is_empty() { "" } else { "." })
}

/// A size as it is written, exactly, in the largest unit that it is a multiple of.
pub(super) fn write_size(size: u64, f: &mut impl fmt::Write) -> fmt::Result {
    let unit = SIZES.into_iter().find(|(_, n_bytes)| size > 0 && u128::from(size) % n_bytes == 0);
    let (name, n_bytes) = unit.unwrap_or(("B", 1));
    write!(f, "{}{name}", u128::from(size) / n_bytes)
}

/// A time that was measured, as a person reads it: `812ms`, `1.23s`, `0.35ms`.
pub(super) fn measured(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    match ms {
        ..10.0 => format!("{ms:.2}ms"),
        ..1_000.0 => format!("{ms:.0}ms"),
        _ => format!("{:.2}s", ms / 1_000.0),
    }
}
