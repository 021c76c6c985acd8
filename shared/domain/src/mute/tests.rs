//! When people are told, by the intervals of a policy.

use std::collections::BTreeMap;

use serde_json::json;

use super::Muting;
use crate::interval::TimeInterval;
use crate::interval::tests::{at, interval};

fn intervals() -> BTreeMap<String, TimeInterval> {
    let hours = |start: &str, end: &str| json!({"start_time": start, "end_time": end});
    [
        ("work", json!([{"weekdays": ["monday:friday"], "times": [hours("09:00", "17:00")]}])),
        ("lunch", json!([{"times": [hours("12:00", "13:00")]}])),
        ("weekend", json!([{"weekdays": ["saturday", "sunday"]}])),
        ("night", json!([{"times": [hours("20:00", "24:00"), hours("00:00", "08:00")]}])),
        ("summer", json!([{"months": ["july:august"]}])),
        ("never", json!([])),
    ]
    .into_iter()
    .map(|(name, parts)| (name.to_owned(), interval(&parts)))
    .collect()
}

/// What is active, what is muted, and for each moment why people are not told, and
/// until when.
fn check(active: &[&str], mute: &[&str], rows: &[(&str, &str)]) {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let muting = Muting { active: names(active), mute: names(mute), ..Muting::default() };
    for (moment, wanted) in rows {
        let said = muting.muted(&intervals(), at(moment)).map_or("told".to_owned(), |muted| {
            let until = muted.until.map_or("further notice".to_owned(), |until| until.to_string());
            format!("{} until {until}", muted.because)
        });
        assert_eq!(said, *wanted, "{active:?} {mute:?} at {moment}");
    }
}

#[test]
fn without_names_people_are_always_told() {
    check(&[], &[], &[("2026-03-02T12:00:00Z", "told")]);
    assert!(Muting::default().is_empty());
}

#[test]
fn what_lies_in_a_muted_interval_is_not_told_until_it_ends() {
    check(
        &[],
        &["lunch"],
        &[
            ("2026-03-02T11:59:59Z", "told"),
            ("2026-03-02T12:00:00Z", "muted in time interval `lunch` until 2026-03-02T13:00:00Z"),
            ("2026-03-02T13:00:00Z", "told"),
        ],
    );
}

#[test]
fn intervals_that_follow_each_other_mute_until_the_last_one_ends() {
    check(
        &[],
        &["weekend", "night"],
        &[
            // Friday's night, the weekend, and the night before Monday.
            ("2026-03-06T20:00:00Z", "muted in time interval `night` until 2026-03-09T08:00:00Z"),
            ("2026-03-07T12:00:00Z", "muted in time interval `weekend` until 2026-03-09T08:00:00Z"),
            ("2026-03-09T08:00:00Z", "told"),
        ],
    );
}

#[test]
fn what_lies_in_no_active_interval_is_not_told() {
    check(
        &["work", "summer"],
        &["lunch"],
        &[
            ("2026-03-02T10:00:00Z", "told"),
            ("2026-03-02T12:30:00Z", "muted in time interval `lunch` until 2026-03-02T13:00:00Z"),
            ("2026-03-06T17:00:00Z", "told only in time interval `work` or `summer` until 2026-03-09T09:00:00Z"),
            ("2026-07-04T03:00:00Z", "told"),
        ],
    );
}

#[test]
fn an_end_too_far_ahead_is_not_said() {
    check(
        &["never"],
        &["summer"],
        &[
            ("2026-07-01T00:00:00Z", "muted in time interval `summer` until further notice"),
            ("2026-03-01T00:00:00Z", "told only in time interval `never` until further notice"),
        ],
    );
    check(&[], &["summer"], &[("2026-08-24T00:00:00Z", "muted in time interval `summer` until 2026-09-01T00:00:00Z")]);
}

#[test]
fn a_name_that_left_the_policy_mutes_nothing() {
    check(&["gone"], &["away"], &[("2026-03-02T12:00:00Z", "told")]);
    check(
        &["gone", "lunch"],
        &[],
        &[
            ("2026-03-02T12:00:00Z", "told"),
            ("2026-03-02T13:00:00Z", "told only in time interval `gone` or `lunch` until 2026-03-03T12:00:00Z"),
        ],
    );
}
