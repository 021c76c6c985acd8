//! What holds for any expression, zone and pings.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::law::law;

/// A field as it is written, and what it means.
#[derive(Debug, Clone)]
struct Field {
    text: String,
    values: BTreeSet<i8>,
}

fn any_field(from: i8, to: i8) -> impl Strategy<Value = Field> {
    let star = (1i8..20).prop_map(move |step| Field {
        text: if step == 1 { "*".to_owned() } else { format!("*/{step}") },
        values: (from..=to).step_by(usize::from(step.unsigned_abs())).collect(),
    });
    prop_oneof![star, any_part(from, to), any_part(from, to)]
}

/// A list or a range.
fn any_part(from: i8, to: i8) -> impl Strategy<Value = Field> {
    let list = proptest::collection::btree_set(from..=to, 1..4)
        .prop_map(|values| Field { text: values.iter().map(i8::to_string).collect::<Vec<_>>().join(","), values });
    let range = (from..=to, from..=to, 1i8..9).prop_map(|(one, other, step)| {
        let (low, high) = (one.min(other), one.max(other));
        Field { text: format!("{low}-{high}/{step}"), values: (low..=high).step_by(usize::from(step.unsigned_abs())).collect() }
    });
    prop_oneof![list, range]
}

/// An expression, read by hand.
#[derive(Debug, Clone)]
struct Expression {
    fields: [Field; 5],
}

impl Expression {
    fn text(&self) -> String {
        self.fields.each_ref().map(|field| field.text.as_str()).join(" ")
    }

    fn follows_time(&self) -> bool {
        self.fields[..2].iter().any(|field| field.text.starts_with('*'))
    }

    fn matches(&self, local: DateTime) -> bool {
        let [minutes, hours, days, months, weekdays] = &self.fields;
        let day = days.values.contains(&local.day());
        let weekday = weekdays.values.contains(&local.weekday().to_sunday_zero_offset());
        let is_day = match (days.text == "*", weekdays.text == "*") {
            (true, _) => weekday,
            (_, true) => day,
            (false, false) => day || weekday,
        };
        is_day
            && months.values.contains(&local.month())
            && hours.values.contains(&local.hour())
            && minutes.values.contains(&local.minute())
    }
}

fn any_expression() -> impl Strategy<Value = Expression> {
    // The hours of the night, in which clocks are changed, as often as all others.
    let hours = prop_oneof![any_field(0, 23), any_part(0, 4)];
    (any_field(0, 59), hours, any_field(1, 31), any_field(1, 12), any_field(0, 6))
        .prop_map(|(minutes, hours, days, months, weekdays)| Expression { fields: [minutes, hours, days, months, weekdays] })
}

/// A zone, and a moment of which a change of its clocks is not far, if it has any.
fn any_night() -> impl Strategy<Value = (TimeZone, Timestamp)> {
    let names = [
        "Europe/Berlin",
        "America/Chicago",
        "Australia/Lord_Howe",
        "Asia/Tokyo",
        "Africa/Cairo",
        "America/Havana",
        "America/Santiago",
        "Asia/Kolkata",
    ];
    (proptest::sample::select(names.to_vec()), 0i64..(366 * 8), 0i64..(3 * 1440)).prop_map(|(name, day, minute)| {
        let zone = TimeZone::get(name).unwrap();
        let near = Timestamp::from_second(1_767_225_600 + day * 86_400).unwrap();
        let change = zone.following(near).next().map_or(near, |change| change.timestamp());
        let from = if change < at("2040-01-01T00:00:00Z") { change } else { near };
        (zone, Timestamp::from_second(from.as_second() - from.as_second().rem_euclid(60) - minute * 60 + 1440 * 60).unwrap())
    })
}

fn minutes_after(at: Timestamp, n: i64) -> Timestamp {
    Timestamp::from_second(at.as_second() + n * 60).unwrap()
}

/// Whether a run is due in the minute that begins at `now`, told as a daemon would that
/// looks at the clock on the wall every minute.
fn is_due(expression: &Expression, zone: &TimeZone, now: Timestamp) -> bool {
    let local = |at: Timestamp| zone.to_datetime(at);
    let (here, before) = (local(now), local(minutes_after(now, -1)));
    if expression.follows_time() {
        return expression.matches(here);
    }
    let mut shown = before;
    let mut is_due = false;
    // The clock has gone on by one minute, or by more: all that it has passed counts.
    while shown < here {
        shown = shown.checked_add(jiff::Span::new().minutes(1)).unwrap();
        is_due |= expression.matches(shown);
    }
    // It shows what it has shown before: in the last hours it was set back.
    is_due && !(1..=240).any(|n| local(minutes_after(now, -n)) == here)
}

proptest! {
    #![proptest_config(law())]

    /// Strictly after, at a moment that it names, and none is left out.
    #[test]
    fn the_next_run_is_the_first_that_a_daemon_would_begin(expression in any_expression(), (zone, after) in any_night()) {
        let Ok(cron) = Cron::parse(&expression.text(), zone.clone()) else {
            // 31 June alone.
            return Ok(());
        };
        let within = 2 * 1440;
        let wanted = (1..=within).map(|n| minutes_after(after, n)).find(|now| is_due(&expression, &zone, *now));
        let next = cron.next(after).unwrap();
        prop_assert!(next > after);
        match wanted {
            Some(wanted) => prop_assert_eq!(next, wanted, "{} in {:?} after {}", expression.text(), zone, after),
            None => prop_assert!(next > minutes_after(after, within), "{} in {:?} after {}", expression.text(), zone, after),
        }
    }
}

fn any_pings() -> impl Strategy<Value = Vec<(i64, Ping, String)>> {
    let ping =
        prop_oneof![Just(Ping::Start), Just(Ping::Success), (0u32..4).prop_map(|code| Ping::Failure((code > 0).then_some(code)))];
    proptest::collection::vec((0i64..30, ping, "[ab]{0,2}"), 0..12)
}

fn minute(n: i64) -> Timestamp {
    minutes_after(at("2026-06-01T00:00:00Z"), n)
}

fn heard(pings: &[(i64, Ping, String)]) -> Heard {
    pings.iter().fold(Heard::default(), |heard, (n, ping, log)| heard.ping(minute(*n), *ping, log))
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn what_was_heard_is_a_function_of_the_set_of_pings(
        (pings, shuffled) in any_pings().prop_flat_map(|all| {
            let twice: Vec<_> = all.iter().chain(&all).cloned().collect();
            (Just(all), Just(twice).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(heard(&pings), heard(&shuffled));
    }

    #[test]
    fn a_success_after_everything_else_ends_whatever_was_wrong(pings in any_pings(), sweeps in 0i64..60) {
        let job = heartbeat("- {id: a, every: 5m, grace: 2m, at_most: 3m}");
        let mut state = settle(minute(0), Some(&job), None).unwrap();
        state.heard = heard(&pings);
        state = settle(minute(sweeps), Some(&job), Some(&state)).unwrap_or(state);
        state.heard = state.heard.clone().ping(minute(61), Ping::Success, "");
        state = settle(minute(61), Some(&job), Some(&state)).unwrap_or(state);
        prop_assert_eq!(state.raised(), None);
    }

    /// However often it is looked at, people hear of a thing once, and changes are in
    /// order.
    #[test]
    fn to_look_again_changes_nothing(pings in any_pings()) {
        let job = heartbeat("- {id: a, every: 5m, grace: 2m, at_most: 3m}");
        let mut state = settle(minute(0), Some(&job), None).unwrap();
        let mut last = None;
        for n in 0..45 {
            for (_, ping, log) in pings.iter().filter(|(at, ..)| *at == n) {
                state.heard = state.heard.clone().ping(minute(n), *ping, log);
            }
            let before = state.raised();
            if let Some(next) = settle(minute(n), Some(&job), Some(&state)) {
                prop_assert_eq!(settle(minute(n), Some(&job), Some(&next)), None);
                let change = next.change.as_ref().map(|change| (change.at, change.kind));
                if change != last {
                    prop_assert!(change > last, "{:?} after {:?}", change, last);
                    prop_assert_ne!(next.raised(), before);
                    last = change;
                }
                state = next;
            }
        }
    }

    #[test]
    fn what_is_stored_reads_back(pings in any_pings()) {
        let mut state = State::new("a");
        state.heard = heard(&pings);
        let state = settle(minute(20), Some(&heartbeat("- {id: a, every: 5m}")), Some(&state)).unwrap();
        let stored = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(serde_json::from_str::<State>(&stored).unwrap(), state);
    }
}
