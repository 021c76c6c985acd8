//! When? The many ways in which AWS writes a moment.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Reads a moment: RFC 3339, the same with an offset written `+0000`, RFC 1123
/// (AWS Health), Go's own way (Alertmanager's templates), or seconds since 1970.
pub(crate) fn read(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => parse(text.trim()),
        Value::Number(number) => {
            let seconds = number.as_f64().filter(|seconds| seconds.abs() < 1e12)?;
            #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
            let millis = (seconds * 1_000.0) as i64;
            Timestamp::from_millisecond(millis).ok()
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
        .or_else(|| rfc_1123(text))
        .or_else(|| go(text))
        .or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp()))
}

/// `Sat, 21 Nov 2026 02:05:54 GMT`. The day of the week tells nothing new, and is
/// not always the right one.
fn rfc_1123(text: &str) -> Option<Timestamp> {
    let date = text.split_once(", ").map_or(text, |(_, date)| date);
    jiff::fmt::rfc2822::parse(date).ok().map(|zoned| zoned.timestamp())
}

/// `2026-11-21 02:05:54.123 +0000 UTC`: the name of the zone is left out.
fn go(text: &str) -> Option<Timestamp> {
    let (moment, _zone) = text.rsplit_once(' ')?;
    Timestamp::strptime("%Y-%m-%d %H:%M:%S%.f %z", moment).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_moment_is_read() {
        let wanted: Timestamp = "2026-11-21T02:05:54Z".parse().unwrap();
        for text in [
            "2026-11-21T02:05:54Z",
            "2026-11-21T02:05:54.000+0000",
            "2026-11-21T02:05:54+0000",
            "2026-11-21T11:05:54.000+09:00",
            "2026-11-21T02:05:54",
            "Sat, 21 Nov 2026 02:05:54 GMT",
            "Mon, 21 Nov 2026 02:05:54 GMT",
            "21 Nov 2026 02:05:54 GMT",
            "2026-11-21 02:05:54 +0000 UTC",
            "2026-11-21 11:05:54.000 +0900 JST",
        ] {
            assert_eq!(read(&Value::from(text)), Some(wanted), "{text}");
        }
        assert_eq!(read(&Value::from(1_795_226_754)), Some(wanted));
        for value in [
            Value::from("soon"),
            Value::from(""),
            Value::Null,
            Value::from(1e300),
            Value::from("2026-13-01T00:00:00Z"),
            Value::from("9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(read(&value), None, "{value}");
        }
    }
}
