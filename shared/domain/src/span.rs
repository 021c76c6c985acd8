//! How long? Lengths of time as a policy writes them.
//!
//! The notation is Prometheus's: numbers with a unit, largest unit first, each
//! at most once: `500ms`, `90s`, `5m`, `1h30m`, `7d`, `2w`. `0` needs no unit.
//! A day is 24 hours and a week seven days; calendar arithmetic is the
//! business of [`crate::schedule`].

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Units with their length in milliseconds, largest first.
const UNITS: [(&str, u64); 7] =
    [("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A length of time, in whole milliseconds, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of `n` milliseconds.
    pub const fn millis(n: u64) -> Span {
        Span(n)
    }

    /// A span of `n` seconds.
    pub const fn seconds(n: u64) -> Span {
        Span(n * 1_000)
    }

    /// A span of `n` minutes.
    pub const fn minutes(n: u64) -> Span {
        Span(n * 60_000)
    }

    /// A span of `n` hours.
    pub const fn hours(n: u64) -> Span {
        Span(n * 3_600_000)
    }

    /// A span of `n` days of 24 hours.
    pub const fn days(n: u64) -> Span {
        Span(n * 86_400_000)
    }

    /// The length in milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The length in seconds, rounded up.
    pub const fn as_seconds(self) -> u64 {
        self.0.div_ceil(1_000)
    }

    /// This length divided by `divisor` (a drill's time scale), rounded up to a
    /// whole millisecond.
    pub const fn shortened(self, divisor: u32) -> Span {
        Span(self.0.div_ceil(if divisor == 0 { 1 } else { divisor as u64 }))
    }

    /// The moment this long after `start`, or the end of time.
    pub fn after(self, start: Timestamp) -> Timestamp {
        let span = SignedDuration::from_millis(i64::try_from(self.0).unwrap_or(i64::MAX));
        start.checked_add(span).unwrap_or(Timestamp::MAX)
    }

    /// The moment this long before `end`, or the beginning of time.
    pub fn before(self, end: Timestamp) -> Timestamp {
        let span = SignedDuration::from_millis(i64::try_from(self.0).unwrap_or(i64::MAX));
        end.checked_sub(span).unwrap_or(Timestamp::MIN)
    }

    /// How long `end` is after `start`; zero if it is before.
    pub fn between(start: Timestamp, end: Timestamp) -> Span {
        Span(u64::try_from(end.duration_since(start).as_millis()).unwrap_or(0))
    }

    /// The span as a person says it, to the two largest units: `1 h 30 min`.
    pub fn spoken(self) -> String {
        const SPOKEN: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];
        let mut rest = self.0;
        let mut parts = Vec::new();
        for (unit, length) in SPOKEN {
            if rest >= length && parts.len() < 2 && (unit != "ms" || parts.is_empty()) {
                parts.push(format!("{} {unit}", rest / length));
                rest %= length;
            } else if !parts.is_empty() {
                break;
            }
        }
        if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
    }
}

/// A length of time that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time; write for instance 30s, 5m, 1h30m or 7d")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    /// Reads the notation of this module's head.
    ///
    /// # Errors
    /// [`SpanError`] when a unit is unknown, repeated or out of order, a number
    /// is missing, or the length does not fit 64 bits.
    fn from_str(text: &str) -> Result<Span, SpanError> {
        let error = || SpanError(text.chars().take(40).collect());
        if text == "0" {
            return Ok(Span::ZERO);
        }
        let mut rest = text;
        let mut next_unit = 0;
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let n_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = rest[..n_digits].parse().map_err(|_| error())?;
            rest = &rest[n_digits..];
            let n_letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let unit = &rest[..n_letters];
            rest = &rest[n_letters..];
            let at = UNITS.iter().position(|(name, _)| *name == unit).ok_or_else(error)?;
            if at < next_unit {
                return Err(error());
            }
            next_unit = at + 1;
            total = number.checked_mul(UNITS[at].1).and_then(|ms| total.checked_add(ms)).ok_or_else(error)?;
        }
        if next_unit == 0 { Err(error()) } else { Ok(Span(total)) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        // Years and weeks are left out when writing: `90d` says more than `12w6d`.
        for (unit, length) in UNITS.into_iter().filter(|(unit, _)| !matches!(*unit, "y" | "w")) {
            if rest >= length {
                write!(f, "{}{unit}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Span;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time such as 30s, 5m or 1h30m")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Span, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Span, E> {
                if number == 0 { Ok(Span::ZERO) } else { Err(E::custom(SpanError(number.to_string()))) }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::law::law;

    #[test]
    fn the_notation_is_prometheus() {
        for (text, ms) in [
            ("0", 0),
            ("0s", 0),
            ("500ms", 500),
            ("90s", 90_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("2w", 1_209_600_000),
            ("1m500ms", 60_500),
        ] {
            assert_eq!(text.parse(), Ok(Span(ms)), "{text}");
        }
        for text in ["", "5", "m", "5 m", "-5m", "1m1h", "1m1m", "5min", "1.5h", "99999999999999999999s", "600000000y"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert!("soon".parse::<Span>().unwrap_err().to_string().contains("30s, 5m, 1h30m"));
    }

    #[test]
    fn spans_are_spoken_to_two_units() {
        for (span, spoken) in [
            (Span::ZERO, "0 s"),
            (Span::millis(250), "250 ms"),
            (Span::millis(1_250), "1 s"),
            (Span::seconds(90), "1 min 30 s"),
            (Span::hours(30), "1 d 6 h"),
            (Span::minutes(60), "1 h"),
        ] {
            assert_eq!(span.spoken(), spoken);
        }
    }

    #[test]
    fn the_end_of_time_is_not_passed() {
        assert_eq!(Span::days(4_000_000).after(Timestamp::MAX), Timestamp::MAX);
        assert_eq!(Span::days(4_000_000).before(Timestamp::MIN), Timestamp::MIN);
        assert_eq!(Span::between(Timestamp::MAX, Timestamp::MIN), Span::ZERO);
    }

    proptest! {
        #![proptest_config(law())]

        #[test]
        fn what_is_written_reads_back(ms in 0u64..10_000_000_000) {
            prop_assert_eq!(Span(ms).to_string().parse::<Span>(), Ok(Span(ms)));
        }
    }
}
