//! Who is on call, to the moment.

mod laws;
mod limits;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::{Hours, Layer, Restriction, Schedule, Turn};
use crate::interval::{HolidayRule, Weekdays};
use crate::policy::OverrideSource;

fn layer(zone: &str, start: &str, turn: Turn, users: &[&str]) -> Layer {
    Layer {
        name: "rota".into(),
        time_zone: TimeZone::get(zone).unwrap(),
        start: start.parse().unwrap(),
        end: None,
        turn,
        users: users.iter().map(|user| (*user).to_owned()).collect(),
        hours: Hours::default(),
    }
}

fn schedule(zone: &str, start: &str, turn: Turn, users: &[&str]) -> Schedule {
    Schedule {
        name: "primary".into(),
        time_zone: TimeZone::get(zone).unwrap(),
        layers: vec![layer(zone, start, turn, users)],
        overrides: Vec::new(),
    }
}

/// One person, in these hours only.
fn restricted(zone: &str, restrictions: Vec<Restriction>) -> Schedule {
    let mut rota = schedule(zone, "2009-11-01T00:00:00", Turn::Days(7), &["a"]);
    rota.layers[0].hours = Hours::new(restrictions, HolidayRule::default());
    rota
}

fn nine_to_five() -> Restriction {
    Restriction { weekdays: Weekdays::NONE.and(Weekday::Monday, Weekday::Friday), start_minute: 9 * 60, end_minute: 17 * 60 }
}

fn stand_in(user: &str, start: &str, end: &str) -> OverrideSource {
    OverrideSource { user: user.into(), start: start.parse().unwrap(), end: end.parse().unwrap() }
}

fn who(schedule: &Schedule, at: &str) -> String {
    schedule.on_call(at.parse().unwrap(), &[]).map_or("nobody".into(), |on_call| on_call.user)
}

#[test]
fn a_week_passes_from_one_to_the_next() {
    let rota = schedule("Asia/Tokyo", "2026-01-05T10:00:00", Turn::Days(7), &["aiko", "ben"]);
    for (at, user) in [
        ("2026-01-05T00:59:59Z", "nobody"),
        ("2026-01-05T01:00:00Z", "aiko"),
        ("2026-01-12T00:59:59Z", "aiko"),
        ("2026-01-12T01:00:00Z", "ben"),
        ("2026-01-19T01:00:00Z", "aiko"),
    ] {
        assert_eq!(who(&rota, at), user, "{at}");
    }
}

#[test]
fn hand_offs_keep_their_local_hour_when_clocks_change() {
    // Berlin goes to summer time on 2026-03-29 and back on 2026-10-25.
    let rota = schedule("Europe/Berlin", "2026-03-28T09:00:00", Turn::Days(1), &["a", "b"]);
    for (at, user) in [
        ("2026-03-28T08:00:00Z", "a"),
        ("2026-03-29T06:59:59Z", "a"),
        ("2026-03-29T07:00:00Z", "b"),
        ("2026-10-25T07:59:59Z", "a"),
        ("2026-10-25T08:00:00Z", "b"),
    ] {
        assert_eq!(who(&rota, at), user, "{at}");
    }
}

#[test]
fn hand_offs_inside_a_gap_or_a_fold_happen_once() {
    let rota = schedule("Europe/Berlin", "2026-03-28T02:30:00", Turn::Days(1), &["a", "b"]);
    assert_eq!(who(&rota, "2026-03-29T01:29:59Z"), "a");
    assert_eq!(who(&rota, "2026-03-29T01:30:00Z"), "b");
    let rota = schedule("Australia/Lord_Howe", "2026-04-04T01:45:00", Turn::Days(1), &["a", "b"]);
    // 01:45 on 2026-04-05 comes at +11:00 and again at +10:30.
    assert_eq!(who(&rota, "2026-04-04T14:44:59Z"), "a");
    assert_eq!(who(&rota, "2026-04-04T14:45:00Z"), "b");
    assert_eq!(who(&rota, "2026-04-04T15:20:00Z"), "b");
}

#[test]
fn a_weekly_hand_off_keeps_its_local_hour_both_ways_in_either_hemisphere() {
    // Each row: the zone, the first hand-off, one of `b` to `a` after clocks
    // have changed, in spring and in autumn, always at nine in the morning.
    for (zone, start, hand_offs) in [
        ("America/New_York", "2026-01-05T09:00:00", ["2026-03-16T13:00:00Z", "2026-11-09T14:00:00Z"]),
        ("Australia/Sydney", "2026-01-05T09:00:00", ["2026-04-12T23:00:00Z", "2026-10-11T22:00:00Z"]),
        ("Asia/Tokyo", "2026-01-05T09:00:00", ["2026-03-16T00:00:00Z", "2026-11-09T00:00:00Z"]),
    ] {
        let rota = schedule(zone, start, Turn::Days(7), &["a", "b"]);
        for hand_off in hand_offs {
            let at: Timestamp = hand_off.parse().unwrap();
            let before = rota.on_call(crate::span::Span::seconds(1).before(at), &[]).unwrap();
            let after = rota.on_call(at, &[]).unwrap();
            assert_eq!(before.until, at, "{zone}");
            assert_eq!((before.user.as_str(), after.user.as_str()), ("b", "a"), "{zone} at {hand_off}");
        }
    }
}

#[test]
fn nobody_is_on_call_where_no_layer_has_begun_and_no_override_helps() {
    let mut rota = schedule("UTC", "2026-01-01T00:00:00", Turn::Days(1), &["a"]);
    assert_eq!(who(&rota, "2025-12-31T23:59:59Z"), "nobody");
    assert_eq!(who(&rota, "2026-01-01T00:00:00Z"), "a");
    rota.layers[0].users.clear();
    assert_eq!(who(&rota, "2026-01-01T00:00:00Z"), "nobody");
    rota.layers.clear();
    assert_eq!(who(&rota, "2026-01-01T00:00:00Z"), "nobody");
}

#[test]
fn a_stand_in_of_today_goes_before_one_of_the_policy_for_its_time_only() {
    let mut rota = schedule("UTC", "2026-01-01T00:00:00", Turn::Days(1), &["a"]);
    rota.overrides = vec![
        stand_in("b", "2026-01-02T00:00:00Z", "2026-01-02T12:00:00Z"),
        stand_in("c", "2026-01-02T06:00:00Z", "2026-01-02T12:00:00Z"),
    ];
    let today = [stand_in("d", "2026-01-02T08:00:00Z", "2026-01-02T10:00:00Z")];
    for (at, user, because) in [
        ("2026-01-01T23:59:59Z", "a", "layer rota"),
        ("2026-01-02T00:00:00Z", "b", "an override"),
        ("2026-01-02T06:00:00Z", "c", "an override"),
        ("2026-01-02T07:59:59Z", "c", "an override"),
        ("2026-01-02T08:00:00Z", "d", "an override"),
        ("2026-01-02T10:00:00Z", "c", "an override"),
        ("2026-01-02T12:00:00Z", "a", "layer rota"),
    ] {
        let on_call = rota.on_call(at.parse().unwrap(), &today).unwrap();
        assert_eq!((on_call.user.as_str(), on_call.because.as_str()), (user, because), "{at}");
    }
}

#[test]
fn a_later_layer_and_an_override_take_precedence() {
    let mut rota = schedule("UTC", "2026-01-01T00:00:00", Turn::Hours(12), &["a"]);
    rota.layers.push(Layer {
        name: "late".into(),
        time_zone: TimeZone::UTC,
        end: None,
        hours: Hours::default(),
        start: "2026-02-01T00:00:00".parse().unwrap(),
        turn: Turn::Hours(12),
        users: vec!["b".into(), "c".into()],
    });
    assert_eq!(who(&rota, "2026-01-15T00:00:00Z"), "a");
    assert_eq!(who(&rota, "2026-02-01T12:00:00Z"), "c");
    rota.overrides.push(OverrideSource {
        user: "d".into(),
        start: "2026-02-01T12:00:00Z".parse().unwrap(),
        end: "2026-02-01T13:00:00Z".parse().unwrap(),
    });
    assert_eq!(who(&rota, "2026-02-01T12:59:59Z"), "d");
    assert_eq!(who(&rota, "2026-02-01T13:00:00Z"), "c");
}

#[test]
fn turns_never_go_back_and_never_leave_a_hole() {
    for zone in ["Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Asia/Tokyo", "Africa/Casablanca"] {
        for turn in [Turn::Days(1), Turn::Days(7), Turn::Hours(5)] {
            let rota = schedule(zone, "2011-06-01T02:15:00", turn, &["a", "b", "c"]);
            let mut at: Timestamp = "2011-06-02T00:00:00Z".parse().unwrap();
            let mut last = rota.on_call(at, &[]).unwrap();
            for _ in 0..(400 * 24 * 2) {
                at += jiff::SignedDuration::from_mins(30);
                let now = rota.on_call(at, &[]).unwrap();
                assert!(now.until > at && now.until >= last.until, "{zone} {turn:?} {at}");
                assert!(now.until == last.until || at >= last.until, "{zone} {turn:?} {at}");
                last = now;
            }
        }
    }
}
