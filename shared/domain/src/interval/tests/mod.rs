//! When a named interval holds, to the moment, and what is said of one that
//! cannot be.

pub(crate) mod laws;
mod mistakes;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::TimeInterval;
use crate::policy::{Policy, Problems};

/// A policy with one time interval, of these parts.
pub(super) fn read(parts: &Value) -> Result<TimeInterval, Problems> {
    let mut policy = Policy::check(&json!({
        "route": {"receiver": "all"},
        "receivers": [{"name": "all"}],
        "holidays": [
            {"name": "jp", "dates": ["2026-05-04", "2026-05-05"]},
            {"name": "rest", "dates": ["12-25", "02-29"]}],
        "time_intervals": [{"name": "it", "time_intervals": parts}],
    }))?;
    Ok(policy.time_intervals.remove("it").unwrap())
}

pub(crate) fn interval(parts: &Value) -> TimeInterval {
    read(parts).unwrap_or_else(|problems| panic!("{parts}: {problems}"))
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The parts, moments that lie in them and moments that do not.
fn check(parts: &Value, inside: &[&str], outside: &[&str]) {
    let interval = interval(parts);
    for (moments, wanted) in [(inside, true), (outside, false)] {
        for moment in moments {
            assert_eq!(interval.contains(at(moment)), wanted, "{parts} at {moment}");
        }
    }
}

/// The parts, and each moment with the first change after it, looked for until a
/// last one.
fn changes(parts: &Value, until: &str, rows: &[(&str, &str)]) {
    let interval = interval(parts);
    for (moment, wanted) in rows {
        let next = interval.next_change(at(moment), at(until)).map_or("never".to_owned(), |next| next.to_string());
        assert_eq!(next, *wanted, "{parts} after {moment}");
    }
}

#[test]
fn an_interval_without_parts_never_holds_and_a_part_that_says_nothing_always_does() {
    check(&json!([]), &[], &["2026-01-01T00:00:00Z"]);
    check(&json!([{}]), &["2026-01-01T00:00:00Z", "1970-06-01T12:34:56Z"], &[]);
    changes(&json!([]), "2036-01-01T00:00:00Z", &[("2026-01-01T00:00:00Z", "never")]);
    changes(&json!([{}]), "2036-01-01T00:00:00Z", &[("2026-01-01T00:00:00Z", "never")]);
    changes(&json!([{"location": "Europe/Berlin"}]), "2036-01-01T00:00:00Z", &[("2026-01-01T00:00:00Z", "never")]);
}

#[test]
fn times_begin_with_their_first_minute_and_end_before_their_last() {
    check(
        &json!([{"times": [{"start_time": "09:00", "end_time": "17:30"}, {"start_time": "23:59", "end_time": "24:00"}]}]),
        &["2026-01-01T09:00:00Z", "2026-01-01T17:29:59.999Z", "2026-01-01T23:59:59.999999999Z"],
        &["2026-01-01T08:59:59.999Z", "2026-01-01T17:30:00Z", "2026-01-02T00:00:00Z", "2026-01-01T23:58:59Z"],
    );
    check(
        &json!([{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]),
        &["2026-01-01T23:59:59Z", "2026-01-02T00:00:00Z"],
        &[],
    );
}

#[test]
fn working_hours_are_those_of_the_week_that_begins_on_sunday() {
    let hours = json!({"start_time": "09:00", "end_time": "17:00"});
    check(
        &json!([{"weekdays": ["Monday:FRIDAY"], "times": [hours]}]),
        &["2026-03-02T09:00:00Z", "2026-03-06T16:59:00Z"],
        &["2026-03-01T12:00:00Z", "2026-03-07T12:00:00Z", "2026-03-06T17:00:00Z"],
    );
    check(
        &json!([{"weekdays": ["saturday", "sunday"]}]),
        &["2026-03-01T12:00:00Z", "2026-03-07T12:00:00Z"],
        &["2026-03-02T00:00:00Z", "2026-03-06T23:59:59Z"],
    );
    check(&json!([{"weekdays": ["sunday:saturday"]}]), &["2026-03-01T12:00:00Z", "2026-03-07T12:00:00Z"], &[]);
}

#[test]
fn days_of_the_month_are_counted_from_either_end_and_never_leave_the_month() {
    // Each row: the days, those of a leap February that are meant, and those of a
    // month of thirty days.
    for (days, february, june) in [
        (json!([1]), vec![1], vec![1]),
        (json!(["-1"]), vec![29], vec![30]),
        (json!([-1]), vec![29], vec![30]),
        (json!(["-3:-1"]), vec![27, 28, 29], vec![28, 29, 30]),
        (json!(["28:-1"]), vec![28, 29], vec![28, 29, 30]),
        (json!(["30:31"]), vec![], vec![30]),
        (json!(["31"]), vec![], vec![]),
        (json!(["31:-1"]), vec![], vec![]),
        (json!(["-31:-29"]), vec![1], vec![1, 2]),
        (json!(["1", "10:11", "29:31"]), vec![1, 10, 11, 29], vec![1, 10, 11, 29, 30]),
    ] {
        let interval = interval(&json!([{"days_of_month": days}]));
        for (month, n_days, wanted) in [(2, 29, february), (6, 30, june)] {
            let held: Vec<i8> =
                (1..=n_days).filter(|day| interval.contains(at(&format!("2024-{month:02}-{day:02}T12:00:00Z")))).collect();
            assert_eq!(held, wanted, "{days} in month {month}");
        }
    }
}

#[test]
fn the_last_day_is_right_in_months_that_a_change_of_clocks_makes_shorter_or_longer() {
    for (zone, inside, outside) in [
        ("Europe/Berlin", "2026-03-31T12:00:00+02:00", "2026-03-30T12:00:00+02:00"),
        ("Europe/Berlin", "2026-10-31T12:00:00+01:00", "2026-10-30T12:00:00+01:00"),
        ("America/New_York", "2026-03-31T23:59:59-04:00", "2026-03-30T23:59:59-04:00"),
        ("Australia/Sydney", "2026-10-31T00:00:00+11:00", "2026-10-30T23:59:59+11:00"),
    ] {
        check(&json!([{"days_of_month": [-1], "location": zone}]), &[inside], &[outside]);
    }
}

#[test]
fn months_and_years_are_names_numbers_and_ranges() {
    let inside = ["2024-01-31T23:59:59Z", "2024-03-01T00:00:00Z", "2028-12-15T00:00:00Z"];
    let outside = ["2024-04-01T00:00:00Z", "2023-12-31T23:59:59Z", "2027-02-01T00:00:00Z", "2029-01-01T00:00:00Z"];
    for months in [json!(["January:march", 12]), json!([1, 2, "march", "12"]), json!(["1:3", "december:december"])] {
        check(&json!([{"months": months, "years": ["2024:2026", 2028]}]), &inside, &outside);
    }
    check(
        &json!([{"days_of_month": ["4:6"], "months": ["april"], "years": [2020]}]),
        &["2020-04-04T00:00:00Z", "2020-04-06T23:59:59Z"],
        &["2020-04-03T23:59:59Z", "2020-04-07T00:00:00Z", "2020-06-05T00:00:00Z", "2019-04-05T00:00:00Z"],
    );
}

#[test]
fn the_clock_is_that_of_the_location() {
    let hours = json!({"start_time": "09:00", "end_time": "17:00"});
    check(
        &json!([{"times": [hours], "weekdays": ["monday:friday"], "location": "Australia/Sydney"}]),
        // Sydney is ten hours ahead from the first Sunday of April on, eleven before.
        &["2026-04-02T22:00:00Z", "2026-04-06T23:00:00Z", "2026-04-07T06:59:00Z", "2026-04-01T22:00:00Z"],
        &["2026-04-06T22:59:59Z", "2026-04-07T07:00:00Z", "2026-04-01T06:00:00Z"],
    );
    for utc in ["UTC", "Local", ""] {
        check(&json!([{"times": [hours], "location": utc}]), &["2026-04-01T09:00:00Z"], &["2026-04-01T17:00:00Z"]);
    }
}

#[test]
fn holidays_are_days_by_the_clock_of_the_location() {
    check(
        &json!([{"holidays": ["jp", "rest"], "location": "Asia/Tokyo"}]),
        &["2026-05-03T15:00:00Z", "2026-05-05T14:59:59Z", "2031-12-24T15:00:00Z", "2028-02-29T00:00:00Z"],
        &["2026-05-03T14:59:59Z", "2026-05-05T15:00:00Z", "2027-05-04T12:00:00Z", "2027-02-28T15:00:00Z"],
    );
    check(
        &json!([{"weekdays": ["monday:friday"], "except_holidays": ["jp"]}]),
        &["2026-05-01T12:00:00Z", "2026-05-06T00:00:00Z"],
        &["2026-05-04T12:00:00Z", "2026-05-05T23:59:59Z", "2026-05-09T12:00:00Z"],
    );
}

#[test]
fn the_next_change_is_found_to_the_moment() {
    let nine_to_five = json!({"start_time": "09:00", "end_time": "17:00"});
    changes(
        &json!([{"times": [nine_to_five], "weekdays": ["monday:friday"], "location": "Europe/Berlin"}]),
        "2026-04-08T00:00:00Z",
        &[
            ("2026-03-27T07:59:59.5Z", "2026-03-27T08:00:00Z"),
            ("2026-03-27T08:00:00Z", "2026-03-27T16:00:00Z"),
            // Summer time begins on the Sunday between.
            ("2026-03-27T16:00:00Z", "2026-03-30T07:00:00Z"),
            ("2026-03-30T07:00:00Z", "2026-03-30T15:00:00Z"),
            ("2026-04-07T15:00:00Z", "never"),
        ],
    );
    changes(
        &json!([{"times": [{"start_time": "02:15", "end_time": "02:45"}], "location": "Europe/Berlin"}]),
        "2026-12-31T00:00:00Z",
        &[
            // Left out in spring, there twice in autumn.
            ("2026-03-28T01:45:00Z", "2026-03-30T00:15:00Z"),
            ("2026-10-25T00:15:00Z", "2026-10-25T00:45:00Z"),
            ("2026-10-25T00:45:00Z", "2026-10-25T01:15:00Z"),
            ("2026-10-25T01:15:00Z", "2026-10-25T01:45:00Z"),
            ("2026-10-25T01:45:00Z", "2026-10-26T01:15:00Z"),
        ],
    );
    changes(
        &json!([{"times": [{"start_time": "02:30", "end_time": "02:45"}], "location": "Europe/Berlin"},
                {"times": [{"start_time": "03:00", "end_time": "04:00"}], "location": "Europe/Berlin"}]),
        "2026-12-31T00:00:00Z",
        // What begins with the change of clocks begins then.
        &[("2026-03-28T03:00:00Z", "2026-03-29T01:00:00Z"), ("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z")],
    );
}

#[test]
fn parts_that_follow_each_other_are_one() {
    changes(
        &json!([{"times": [{"start_time": "00:00", "end_time": "12:00"}]}, {"times": [{"start_time": "12:00", "end_time": "24:00"}]}]),
        "2036-01-01T00:00:00Z",
        &[("2026-01-01T00:00:00Z", "never")],
    );
    changes(
        &json!([{"weekdays": ["saturday", "sunday"]}, {"times": [{"start_time": "20:00", "end_time": "24:00"}]},
                {"times": [{"start_time": "00:00", "end_time": "08:00"}]}]),
        "2036-01-01T00:00:00Z",
        &[("2026-03-06T20:00:00Z", "2026-03-09T08:00:00Z"), ("2026-03-09T08:00:00Z", "2026-03-09T20:00:00Z")],
    );
}

#[test]
fn a_change_years_ahead_is_found_and_one_that_never_comes_is_not() {
    changes(
        &json!([{"days_of_month": [29], "months": ["february"], "weekdays": ["tuesday"]}]),
        "2126-01-01T00:00:00Z",
        &[
            ("2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
            ("2028-03-01T00:00:00Z", "2056-02-29T00:00:00Z"),
        ],
    );
    changes(
        &json!([{"days_of_month": [30, 31], "months": ["february"]}]),
        "2126-01-01T00:00:00Z",
        &[("2026-01-01T00:00:00Z", "never")],
    );
    // The limit itself still counts.
    changes(&json!([{"years": [2027]}]), "2027-01-01T00:00:00Z", &[("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")]);
    changes(&json!([{"years": [2027]}]), "2026-12-31T23:59:59.999Z", &[("2026-01-01T00:00:00Z", "never")]);
}
