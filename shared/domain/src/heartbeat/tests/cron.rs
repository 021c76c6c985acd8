//! Expressions, on the days on which clocks are changed above all.

use jiff::tz::TimeZone;

use super::*;

/// The next moments, as the clock on the wall shows them, with what it is off UTC.
fn next(text: &str, zone: &str, after: &str, n: usize) -> Vec<String> {
    let zone = TimeZone::get(zone).unwrap();
    let cron = Cron::parse(text, zone.clone()).unwrap();
    let mut now = at(after);
    let mut found = Vec::new();
    for _ in 0..n {
        now = cron.next(now).unwrap();
        found.push(now.to_zoned(zone.clone()).strftime("%m-%d %H:%M %:z").to_string());
    }
    found
}

#[test]
fn a_run_whose_time_is_left_out_is_due_right_after_the_jump() {
    let nights = next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2);
    assert_eq!(nights, ["03-29 03:00 +02:00", "03-30 02:30 +02:00"]);
    let nights = next("30 2 * * *", "America/Chicago", "2026-03-07T12:00:00Z", 3);
    assert_eq!(nights, ["03-08 03:00 -05:00", "03-09 02:30 -05:00", "03-10 02:30 -05:00"]);
    // Half an hour, from 02:00 to 02:30.
    let nights = next("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T01:00:00Z", 2);
    assert_eq!(nights, ["10-04 02:30 +11:00", "10-05 02:15 +11:00"]);
    // Once, however many of its times are left out.
    let nights = next("0,10,30 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 4);
    assert_eq!(nights, ["03-29 03:00 +02:00", "03-29 03:10 +02:00", "03-29 03:30 +02:00", "03-30 02:00 +02:00"]);
    // Where the clock jumps from midnight on.
    let nights = next("30 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z", 2);
    assert_eq!(nights, ["04-24 01:00 +03:00", "04-25 00:30 +03:00"]);
}

#[test]
fn a_run_whose_time_comes_twice_is_due_once() {
    let nights = next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2);
    assert_eq!(nights, ["10-25 02:30 +02:00", "10-26 02:30 +01:00"]);
    let nights = next("30 1,2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 3);
    assert_eq!(nights, ["10-25 01:30 +02:00", "10-25 02:30 +02:00", "10-26 01:30 +01:00"]);
    let nights = next("30 1 * * *", "America/Chicago", "2026-10-31T12:00:00Z", 2);
    assert_eq!(nights, ["11-01 01:30 -05:00", "11-02 01:30 -06:00"]);
    let nights = next("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00Z", 2);
    assert_eq!(nights, ["04-05 01:45 +11:00", "04-06 01:45 +10:30"]);
    // Asked in between, it is not due again.
    let nights = next("30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", 1);
    assert_eq!(nights, ["10-26 02:30 +01:00"]);
}

#[test]
fn runs_that_follow_the_time_that_passes_are_neither_made_up_for_nor_left_out() {
    let nights = next("30 * * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", 4);
    assert_eq!(nights, ["10-25 01:30 +02:00", "10-25 02:30 +02:00", "10-25 02:30 +01:00", "10-25 03:30 +01:00"]);
    let nights = next("30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3);
    assert_eq!(nights, ["03-29 01:30 +01:00", "03-29 03:30 +02:00", "03-29 04:30 +02:00"]);
    let nights = next("*/20 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 1);
    assert_eq!(nights, ["03-30 02:00 +02:00"]);
    assert_eq!(next("@hourly", "Asia/Tokyo", "2026-03-28T12:30:00Z", 1), ["03-28 22:00 +09:00"]);
}

#[test]
fn names_lists_steps_and_last_days_are_understood() {
    for (text, after, wanted) in [
        ("0 9-17/4 * * MON-FRI", "2026-06-05T08:00:00Z", ["06-05 09:00", "06-05 13:00", "06-05 17:00", "06-08 09:00"]),
        ("0 0 L * *", "2026-01-15T00:00:00Z", ["01-31 00:00", "02-28 00:00", "03-31 00:00", "04-30 00:00"]),
        ("0 0 * * 7", "2026-06-01T00:00:00Z", ["06-07 00:00", "06-14 00:00", "06-21 00:00", "06-28 00:00"]),
        ("0 0 13 * FRI", "2026-02-01T00:00:00Z", ["02-06 00:00", "02-13 00:00", "02-20 00:00", "02-27 00:00"]),
        ("5,35 4 1 JAN,JUL *", "2026-01-01T04:05:00Z", ["01-01 04:35", "07-01 04:05", "07-01 04:35", "01-01 04:05"]),
        ("0 0 * * 5#2", "2026-06-01T00:00:00Z", ["06-12 00:00", "07-10 00:00", "08-14 00:00", "09-11 00:00"]),
        ("0 0 15W * *", "2026-08-01T00:00:00Z", ["08-14 00:00", "09-15 00:00", "10-15 00:00", "11-16 00:00"]),
        ("@weekly", "2026-06-01T00:00:00Z", ["06-07 00:00", "06-14 00:00", "06-21 00:00", "06-28 00:00"]),
    ] {
        let found: Vec<String> = next(text, "UTC", after, 4).iter().map(|moment| moment[..11].to_owned()).collect();
        assert_eq!(found, wanted, "{text}");
    }
    let leap = Cron::parse("0 0 29 2 *", TimeZone::UTC).unwrap();
    assert_eq!(leap.next(at("2097-01-01T00:00:00Z")), Some(at("2104-02-29T00:00:00Z")));
}

#[test]
fn the_next_run_is_after_now_to_the_last_nanosecond() {
    let cron = Cron::parse("30 2 * * *", TimeZone::UTC).unwrap();
    assert_eq!(cron.next(at("2026-06-01T02:29:59.999999999Z")), Some(at("2026-06-01T02:30:00Z")));
    assert_eq!(cron.next(at("2026-06-01T02:30:00Z")), Some(at("2026-06-02T02:30:00Z")));
    assert_eq!(cron.next(at("2026-06-01T02:30:00.5Z")), Some(at("2026-06-02T02:30:00Z")));
    assert_eq!(cron.next(Timestamp::MAX), None);
}
