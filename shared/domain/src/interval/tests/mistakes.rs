//! What is said of an interval that cannot be.

use serde_json::{Value, json};

use super::read;
use crate::policy::Policy;

/// A part, and what is wrong with it: the path after the part's own, and the
/// message.
fn check(rows: &[(Value, &str)]) {
    for (part, wanted) in rows {
        let problems = read(&json!([{}, part])).expect_err(&format!("{part} should be refused")).to_string();
        let said = problems.replace("time_intervals[0].time_intervals[1].", "");
        assert_eq!(said, *wanted, "{part}");
    }
}

#[test]
fn a_time_that_is_none_is_told() {
    let times = |start: &str, end: &str| json!({"times": [{"start_time": start, "end_time": end}]});
    check(&[
        (times("9:00", "17:00"), "times[0].start_time: `9:00` is not a time of the day; did you mean `09:00`?"),
        (times("01:99", "23:59"), "times[0].start_time: `01:99` is not a time of the day; write HH:MM, from 00:00 to 24:00"),
        (times("12:30", "24:01"), "times[0].end_time: `24:01` is not a time of the day; write HH:MM, from 00:00 to 24:00"),
        (times("+1:00", "12:00"), "times[0].start_time: `+1:00` is not a time of the day; write HH:MM, from 00:00 to 24:00"),
        (
            times("22:00", "06:00"),
            "times[0].end_time: `06:00` is not later than the start, `22:00`; what passes midnight is written as two, \
             until 24:00 and from 00:00",
        ),
        (
            times("17:31", "17:31"),
            "times[0].end_time: `17:31` is not later than the start, `17:31`; what passes midnight is written as two, \
             until 24:00 and from 00:00",
        ),
        (json!({"times": [{"start_time": "14:03"}]}), "times[0]: `end_time` is missing"),
        (json!({"times": []}), "times: an empty list is never met; leave the key out if it does not matter"),
    ]);
}

#[test]
fn a_day_that_is_none_is_told() {
    check(&[
        (json!({"weekdays": ["mondy"]}), "weekdays[0]: `mondy` is not a day of the week; did you mean `monday`?"),
        (json!({"weekdays": ["sunday", "1:3"]}), "weekdays[1]: `1` is not a day of the week; write `sunday` to `saturday`"),
        (
            json!({"weekdays": ["saturday:sunday"]}),
            "weekdays[0]: `saturday:sunday` ends before it begins, as sunday is the first; write `saturday` and `sunday`",
        ),
        (
            json!({"weekdays": ["friday:monday"]}),
            "weekdays[0]: `friday:monday` ends before it begins, as sunday is the first; \
             write `friday:saturday` and `sunday:monday`",
        ),
        (json!({"weekdays": ["monday:"]}), "weekdays[0]: `monday:` is not a range; write `first:last`"),
        (
            json!({"days_of_month": [0]}),
            "days_of_month[0]: `0` is not a day of the month; write 1 to 31, or -1 (the last one) to -31",
        ),
        (
            json!({"days_of_month": ["-50:-20"]}),
            "days_of_month[0]: `-50` is not a day of the month; write 1 to 31, or -1 (the last one) to -31",
        ),
        (
            json!({"days_of_month": ["1:32"]}),
            "days_of_month[0]: `32` is not a day of the month; write 1 to 31, or -1 (the last one) to -31",
        ),
        (
            json!({"days_of_month": ["-15:5"]}),
            "days_of_month[0]: `-15:5` counts from the end and then from the beginning; \
             write `-15:-1` and `1:5` if both are meant",
        ),
        (json!({"days_of_month": ["10:-25"]}), "days_of_month[0]: `10:-25` always ends before it begins"),
        (json!({"days_of_month": ["-1:-3"]}), "days_of_month[0]: `-1:-3` always ends before it begins"),
        (
            json!({"days_of_month": [true]}),
            "days_of_month[0]: invalid type: boolean `true`, expected a whole number, a name, or a range such as `1:5` as text",
        ),
    ]);
}

#[test]
fn a_month_a_year_or_a_place_that_is_none_is_told() {
    check(&[
        (json!({"months": ["martius:june"]}), "months[0]: `martius` is not a month; write `january` to `december`, or 1 to 12"),
        (json!({"months": ["febuary"]}), "months[0]: `febuary` is not a month; did you mean `february`?"),
        (json!({"months": [13]}), "months[0]: `13` is not a month; write `january` to `december`, or 1 to 12"),
        (
            json!({"months": ["december:january"]}),
            "months[0]: `december:january` ends before it begins, as january is the first; write `december` and `january`",
        ),
        (json!({"years": ["2022:2020"]}), "years[0]: `2022:2020` ends before it begins; write `2020:2022`"),
        (json!({"years": ["this"]}), "years[0]: `this` is not a year; write for instance 2026 or 2026:2028"),
        (json!({"location": "Europe/Berln"}), "location: `Europe/Berln` is not a time zone; did you mean `Europe/Berlin`?"),
        (json!({"location": "Mars"}), "location: `Mars` is not a time zone; write for instance Europe/Berlin, Asia/Tokyo or UTC"),
        (
            json!({"holidays": ["jpn"], "except_holidays": ["rst"]}),
            "holidays[0]: there is no list of holidays `jpn`; did you mean `jp`?\n\
             except_holidays[0]: there is no list of holidays `rst`; did you mean `rest`?",
        ),
    ]);
}

#[test]
fn the_older_name_and_holidays_are_read_with_the_same_care() {
    let problems = Policy::check(&json!({
        "route": {"receiver": "all"},
        "receivers": [{"name": "all"}],
        "holidays": [{"name": "jp", "dates": ["2026-01-01", "02-30", "2026-02-29", "new year", "20260101"]}],
        "time_intervals": [{"name": "a", "time_intervals": [{}]}],
        "mute_time_intervals": [{"name": "b", "time_intervals": [{"weekdays": ["mondy"]}]}],
    }))
    .unwrap_err();
    let paths: Vec<&str> = problems.0.iter().map(|problem| problem.path.as_str()).collect();
    let holidays = [1, 2, 3, 4].map(|n| format!("holidays[0].dates[{n}]"));
    let wanted: Vec<&str> =
        holidays.iter().map(String::as_str).chain(["mute_time_intervals[0].time_intervals[0].weekdays[0]"]).collect();
    assert_eq!(paths, wanted);
    assert_eq!(problems.0[0].message, "`02-30` is not a date; write for instance 2026-01-01, or 12-25 for every year");
}
