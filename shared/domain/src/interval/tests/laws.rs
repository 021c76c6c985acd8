//! What holds around every change of clocks.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::interval;
use crate::interval::TimeInterval;
use crate::span::Span;

/// Zones with every kind of change: of half an hour, of two hours, at midnight, of
/// a whole day, to winter time for a month, and with none at all.
pub(crate) const ZONES: [&str; 13] = [
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Gaza",
    "Africa/Cairo",
    "America/St_Johns",
    "Europe/Dublin",
    "Antarctica/Troll",
    "America/New_York",
    "Asia/Tehran",
    "America/Havana",
    "Asia/Tokyo",
];

/// Some days around each change of clocks from 2010 to 2019.
pub(crate) fn around_changes(zone: &TimeZone) -> Vec<(Timestamp, Timestamp)> {
    let (from, until): (Timestamp, Timestamp) =
        ("2010-01-01T00:00:00Z".parse().unwrap(), "2020-01-01T00:00:00Z".parse().unwrap());
    let changes = zone.following(from).map(|change| change.timestamp()).take_while(|change| *change < until);
    // To the quarter of an hour, as some clocks change at a minute past midnight.
    let even = |moment: Timestamp| Timestamp::from_second(moment.as_second().div_euclid(900) * 900).unwrap();
    changes.chain([from]).map(|change| (even(Span::hours(26).before(change)), even(Span::hours(40).after(change)))).collect()
}

/// Every quarter of an hour.
pub(crate) fn quarters(from: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
    std::iter::successors(Some(from), |at| at.checked_add(SignedDuration::from_mins(15)).ok()).take_while(move |at| *at < until)
}

/// The moment before.
pub(crate) fn just_before(at: Timestamp) -> Timestamp {
    at - SignedDuration::from_nanos(1)
}

fn intervals(zone: &str) -> Vec<TimeInterval> {
    [
        json!([{"times": [{"start_time": "02:15", "end_time": "02:45"}, {"start_time": "23:45", "end_time": "24:00"}],
                "location": zone}]),
        json!([{"weekdays": ["saturday", "monday:wednesday"], "location": zone}]),
        json!([{"days_of_month": ["-1", "1:2", "29:30"], "location": zone},
               {"times": [{"start_time": "00:30", "end_time": "01:30"}], "location": zone},
               {"times": [{"start_time": "00:00", "end_time": "00:45"}], "weekdays": ["sunday"]}]),
    ]
    .iter()
    .map(interval)
    .collect()
}

#[test]
fn every_change_is_foretold_and_no_other() {
    for name in ZONES {
        let zone = TimeZone::get(name).unwrap();
        for (n, interval) in intervals(name).iter().enumerate() {
            for (from, until) in around_changes(&zone) {
                let mut holds = interval.contains(from);
                let mut next = interval.next_change(from, until);
                for at in quarters(from, until) {
                    while let Some(change) = next.filter(|change| *change <= at) {
                        assert_eq!(interval.contains(just_before(change)), holds, "{name} {n} before {change}");
                        holds = !holds;
                        assert_eq!(interval.contains(change), holds, "{name} {n} at {change}");
                        next = interval.next_change(change, until);
                    }
                    assert_eq!(interval.contains(at), holds, "{name} {n} at {at}");
                }
            }
        }
    }
}

#[test]
fn what_holds_is_what_the_clock_on_the_wall_shows() {
    for name in ZONES {
        let zone = TimeZone::get(name).unwrap();
        let early = &intervals(name)[0];
        for at in around_changes(&zone).into_iter().flat_map(|(from, until)| quarters(from, until)) {
            let clock = zone.to_datetime(at);
            let shown = (clock.hour(), clock.minute());
            assert_eq!(early.contains(at), ((2, 15)..(2, 45)).contains(&shown) || shown >= (23, 45), "{name} at {at}");
        }
    }
}
