//! Laws around every change of clocks in thirteen zones and ten years.

use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::{layer, nine_to_five, restricted, schedule, stand_in};
use crate::interval::tests::laws::{ZONES, around_changes, just_before, quarters};
use crate::interval::{HolidayRule, Holidays, Weekdays};
use crate::schedule::{Hours, Restriction, Schedule, Turn};

const START: &str = "2009-11-01T02:30:00";

fn every_day(zone: &str) -> Schedule {
    schedule(zone, START, Turn::Days(1), &["a", "b", "c"])
}

fn around(zone: &str) -> impl Iterator<Item = (Timestamp, Timestamp)> {
    around_changes(&TimeZone::get(zone).unwrap()).into_iter()
}

/// Whether the clock was set back and shows for the second time what it shows.
fn comes_again(zone: &TimeZone, at: Timestamp) -> bool {
    match zone.to_ambiguous_timestamp(zone.to_datetime(at)).offset() {
        AmbiguousOffset::Fold { after, .. } => zone.to_offset(at) == after,
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Gap { .. } => false,
    }
}

fn is_left_out(zone: &TimeZone, local: DateTime) -> bool {
    matches!(zone.to_ambiguous_timestamp(local).offset(), AmbiguousOffset::Gap { .. })
}

/// One schedule of each kind, with some days that are looked at.
fn kinds(zone: &str, from: Timestamp) -> Vec<Schedule> {
    let turns = [Turn::Days(1), Turn::Days(7), Turn::Hours(1), Turn::Hours(5)];
    let mut kinds: Vec<Schedule> = turns.into_iter().map(|turn| schedule(zone, START, turn, &["a", "b", "c"])).collect();
    let over_night = Restriction { weekdays: Weekdays::ALL, start_minute: 22 * 60, end_minute: 2 * 60 + 30 };
    let split =
        Restriction { weekdays: Weekdays::NONE.and(Weekday::Sunday, Weekday::Friday), start_minute: 150, end_minute: 1440 };
    kinds.push(schedule(zone, START, Turn::Days(1), &["a"]));
    kinds[4].layers[0].hours = Hours::new(vec![over_night, split], HolidayRule::default());
    let mut all = every_day(zone);
    let date = TimeZone::UTC.to_datetime(from).date();
    let rest = Holidays { dates: vec![date.tomorrow().unwrap()], yearly: vec![(date.month(), date.day())] };
    all.layers.insert(0, layer("Europe/Dublin", "2012-01-01T00:00:00", Turn::Days(2), &["x", "y"]));
    all.layers[1].hours = Hours::new(vec![over_night], HolidayRule { only: None, except: rest.clone() });
    all.layers.push(layer(zone, "2010-02-01T00:15:00", Turn::Hours(7), &["d", "e"]));
    all.layers[2].hours = Hours::new(Vec::new(), HolidayRule { only: Some(rest), except: Holidays::default() });
    all.layers[2].end = Some("2017-06-01T00:00:00".parse().unwrap());
    let hour = |n: i64| (from + jiff::SignedDuration::from_hours(n)).to_string();
    all.overrides = vec![stand_in("o", &hour(20), &hour(24)), stand_in("p", &hour(22), &hour(23))];
    kinds.push(all);
    kinds
}

#[test]
fn whoever_is_on_call_stays_so_until_the_moment_that_was_said() {
    for zone in ZONES {
        for (from, until) in around(zone) {
            for (n, rota) in kinds(zone, from).iter().enumerate() {
                let mut now = rota.on_call(from, &[]);
                let mut next = rota.next_change(from, &[], until);
                for at in quarters(from, until) {
                    while let Some(change) = next.filter(|change| *change <= at) {
                        assert_eq!(rota.on_call(just_before(change), &[]), now, "{zone} {n} before {change}");
                        let then = rota.on_call(change, &[]);
                        assert!(then != now, "{zone} {n}: {then:?} changed nothing at {change}");
                        now = then;
                        next = rota.next_change(change, &[], until);
                    }
                    assert_eq!(rota.on_call(at, &[]), now, "{zone} {n} at {at}");
                }
            }
        }
    }
}

#[test]
fn a_layer_without_restrictions_has_no_hole_and_its_turns_follow_each_other() {
    const USERS: [&str; 30] = ["x"; 30];
    let users: Vec<String> = USERS.iter().enumerate().map(|(n, user)| format!("{user}{n}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    for zone in ZONES {
        for turn in [Turn::Days(1), Turn::Days(7), Turn::Hours(1), Turn::Hours(5)] {
            let rota = schedule(zone, START, turn, &users);
            for (from, until) in around(zone) {
                assert_eq!(rota.gaps(from, until), [], "{zone} {turn:?}");
                let mut at = from;
                let mut last: Option<usize> = None;
                while at < until {
                    let on_call = rota.on_call(at, &[]).unwrap();
                    let n = users.iter().position(|user| *user == on_call.user).unwrap();
                    // A whole day that is left out is at most 24 turns.
                    let forward = last.map_or(1, |last| (n + users.len() - last) % users.len());
                    assert!((1..=25).contains(&forward) && on_call.until > at, "{zone} {turn:?} {at}: {on_call:?}");
                    last = Some(n);
                    at = on_call.until;
                }
            }
        }
    }
}

#[test]
fn hand_offs_stay_at_their_time_on_the_wall() {
    for name in ZONES {
        let zone = TimeZone::get(name).unwrap();
        let rota = every_day(name);
        for (from, until) in around(name) {
            let mut at = from;
            while at < until {
                at = rota.on_call(at, &[]).unwrap().until;
                let shown = zone.to_datetime(at);
                let due = shown.date().at(2, 30, 0, 0);
                assert!(shown == due || is_left_out(&zone, due), "{name}: handed off at {shown}");
                assert!(!comes_again(&zone, at), "{name}: handed off when {shown} came again");
            }
        }
    }
}

#[test]
fn whose_turn_it_is_goes_by_the_days_of_the_calendar() {
    for name in ZONES {
        let zone = TimeZone::get(name).unwrap();
        let rota = every_day(name);
        let start: DateTime = START.parse().unwrap();
        for at in around(name).flat_map(|(from, until)| quarters(from, until)) {
            let shown = zone.to_datetime(at);
            // Half past two may be two hours later where it is left out.
            if shown.hour() < 5 {
                continue;
            }
            let days = start.date().until(shown.date()).unwrap().get_days();
            let wanted = ["a", "b", "c"][usize::try_from(days).unwrap() % 3];
            assert_eq!(rota.on_call(at, &[]).unwrap().user, wanted, "{name} at {shown}");
        }
    }
}

#[test]
fn restricted_layers_follow_the_hours_on_the_wall() {
    for name in ZONES {
        let zone = TimeZone::get(name).unwrap();
        let day = restricted(name, vec![nine_to_five()]);
        let night = restricted(
            name,
            vec![Restriction {
                weekdays: Weekdays::NONE.and(Weekday::Friday, Weekday::Friday),
                start_minute: 1320,
                end_minute: 135,
            }],
        );
        for at in around(name).flat_map(|(from, until)| quarters(from, until)) {
            if comes_again(&zone, at) {
                continue;
            }
            let shown = zone.to_datetime(at);
            let is_weekday = !matches!(shown.weekday(), Weekday::Saturday | Weekday::Sunday);
            assert_eq!(day.on_call(at, &[]).is_some(), is_weekday && (9..17).contains(&shown.hour()), "{name} at {shown}");
            let is_late = shown.weekday() == Weekday::Friday && shown.hour() >= 22;
            let is_early = shown.weekday() == Weekday::Saturday && (shown.hour(), shown.minute()) < (2, 15);
            assert_eq!(night.on_call(at, &[]).is_some(), is_late || is_early, "{name} at {shown}");
        }
    }
}

#[test]
fn two_layers_that_share_the_day_leave_no_hole_in_it() {
    for zone in ZONES {
        // At any time, of those left out and of those that come twice too.
        for minute in [15, 45, 105, 135, 150, 165, 1425] {
            let half = |start_minute, end_minute| vec![Restriction { weekdays: Weekdays::ALL, start_minute, end_minute }];
            let mut rota = restricted(zone, half(minute, 720));
            if minute > 720 {
                rota = restricted(zone, half(720, minute));
            }
            let mut rest = restricted(zone, half(720, minute)).layers;
            if minute > 720 {
                rest = restricted(zone, half(minute, 720)).layers;
            }
            rota.layers.append(&mut rest);
            for (from, until) in around(zone) {
                assert_eq!(rota.gaps(from, until), [], "{zone} at minute {minute}");
            }
        }
    }
}
