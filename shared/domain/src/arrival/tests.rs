//! What an alert that comes in changes, and that the order of coming in does not
//! matter.

use jiff::Timestamp;
use proptest::prelude::*;

use super::{Arrival, Known, With, arrive, judge};
use crate::alert::{Alert, AlertState};
use crate::incident::AlertRecord;
use crate::law::law;
use crate::policy::Policy;
use crate::script::{Script, policy};
use crate::span::Span;

fn event(script: &Script, state: AlertState, second: u64) -> Alert {
    let mut alert = script.alert("slow", state, &[("group", "g")]);
    alert.claimed_at = Span::seconds(second).after(script.now());
    alert.reason = format!("{state} after {second} s");
    alert
}

fn came_in(now: Timestamp, policy: &Policy, record: Option<&AlertRecord>, alert: Alert) -> Arrival {
    let verdict = judge(policy, &alert);
    arrive(now, policy, Known { record, pointer: None }, alert, verdict, 0)
}

#[test]
fn an_alarm_that_comes_in_after_later_missing_data_opens_an_incident_with_its_own_words() {
    let script = Script::new(policy(|_| {}));
    let now = Span::minutes(1).after(script.now());
    let first = came_in(now, script.policy(), None, event(&script, AlertState::InsufficientData, 20));
    assert_eq!((first.verb, &first.with), ("missing-data", &With::Nothing));
    let second = came_in(now, script.policy(), first.record.as_ref(), event(&script, AlertState::Alarm, 10));
    let With::Incident(opening) = second.with else { panic!("it should open an incident: {}", second.verb) };
    assert_eq!(opening.incident.reason, "ALARM after 10 s");
    assert_eq!(opening.entries[0].text, "opened as P2: slow is ALARM since 2026-06-01 00:00:10 UTC");
}

#[test]
fn a_repetition_is_told_of_as_what_it_repeats() {
    let script = Script::new(policy(|_| {}));
    let now = Span::minutes(1).after(script.now());
    let alarm = event(&script, AlertState::Alarm, 10);
    let first = came_in(now, script.policy(), None, alarm.clone());
    let second = came_in(now, script.policy(), first.record.as_ref(), event(&script, AlertState::Ok, 20));
    let again = came_in(now, script.policy(), second.record.as_ref(), alarm);
    assert_eq!((again.verb, again.start), ("duplicate", None));
    assert_eq!(again.because, ["ALARM at 2026-06-01 00:00:10 UTC was known already"]);
    assert_eq!(again.record.unwrap().ignored.n_duplicates, 1);
}

/// The row of an alert after these events came in, as far as it says how things
/// are: not what was ignored on the way.
fn row(script: &Script, events: &[(AlertState, u64)]) -> Option<(AlertState, String, bool, usize)> {
    let now = Span::hours(1).after(script.now());
    let mut record: Option<AlertRecord> = None;
    for (state, second) in events {
        let arrival = came_in(now, script.policy(), record.as_ref(), event(script, *state, *second));
        record = arrival.record.or(record);
    }
    let record = record?;
    Some((record.alert.state, record.alert.reason.clone(), record.is_firing(), record.history.transitions().len()))
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn the_row_of_an_alert_is_a_function_of_the_set_of_events(
        (events, shuffled) in proptest::collection::vec((0usize..3, 0u64..30), 0..30)
            .prop_map(|events| {
                let states = [AlertState::Ok, AlertState::InsufficientData, AlertState::Alarm];
                events.into_iter().map(|(state, second)| (states[state], second)).collect::<Vec<_>>()
            })
            .prop_flat_map(|events| (Just(events.clone()), Just([events.clone(), events].concat()).prop_shuffle())),
    ) {
        let script = Script::new(policy(|_| {}));
        prop_assert_eq!(row(&script, &events), row(&script, &shuffled), "each twice, in another order");
    }
}
