//! Until when somebody is on call, who is next, and when nobody is.

use serde_json::{Value, json};

use super::{Schedule, stand_in};
use crate::interval::tests::at;
use crate::policy::{OverrideSource, Policy, Problems};

/// A schedule in Berlin with these layers, which are all daily and of three
/// people unless they say something else.
fn read(layers: &Value, overrides: &Value) -> Result<Schedule, Problems> {
    let layers: Vec<Value> = layers
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(n, said)| {
            let mut layer = json!({"name": format!("{}", n + 1), "start": "2026-01-05T09:00:00", "rotation": "daily",
                "users": [format!("a{n}"), format!("b{n}"), format!("c{n}")]});
            layer.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
            layer
        })
        .collect();
    let users = ["a0", "b0", "c0", "a1", "b1", "c1", "o", "p"].map(|id| json!({"id": id}));
    let mut policy = Policy::check(&json!({
        "route": {"receiver": "all"}, "receivers": [{"name": "all"}], "users": users,
        "holidays": [{"name": "rest", "dates": ["2026-05-01", "12-25", "02-29"]}],
        "schedules": [{"name": "primary", "time_zone": "Europe/Berlin", "schedule_layers": layers, "overrides": overrides}],
    }))?;
    Ok(policy.schedules.remove("primary").unwrap())
}

fn rota(layers: &Value) -> Schedule {
    read(layers, &json!([])).unwrap_or_else(|problems| panic!("{layers}: {problems}"))
}

/// The first moment, and whom one finds by going from change to change until the
/// last one: `user until moment`, or `nobody`.
fn check(rota: &Schedule, overrides: &[OverrideSource], from: &str, until: &str, wanted: &str) {
    let (mut now, until) = (at(from), at(until));
    let mut said = Vec::new();
    while now < until {
        let next = rota.next_change(now, overrides, until);
        let shown = next.map_or("later".to_owned(), |next| next.to_string());
        let on_call = rota.on_call(now, overrides);
        if let (Some(on_call), Some(next)) = (&on_call, next) {
            assert_eq!(on_call.until, next);
        }
        said.push(format!("{} until {shown}", on_call.map_or("nobody".to_owned(), |on_call| on_call.user)));
        now = next.unwrap_or(until);
    }
    assert_eq!(said.join("\n"), wanted);
}

#[test]
fn turns_go_on_by_the_calendar_while_restrictions_hold_them_back() {
    let rota = rota(&json!([{"restrictions": [{"weekdays": ["monday:friday"], "start_time": "09:00", "end_time": "17:00"}]}]));
    check(
        &rota,
        &[],
        "2026-03-26T12:00:00Z",
        "2026-03-31T00:00:00Z",
        // The weekend's turns are a's, which nobody sees, and b's; and summer time
        // begins.
        "c0 until 2026-03-26T16:00:00Z\n\
         nobody until 2026-03-27T08:00:00Z\n\
         a0 until 2026-03-27T16:00:00Z\n\
         nobody until 2026-03-30T07:00:00Z\n\
         a0 until 2026-03-30T15:00:00Z\n\
         nobody until later",
    );
}

#[test]
fn hours_that_pass_midnight_are_those_of_the_day_on_which_they_begin() {
    let rota = rota(&json!([{"rotation": "weekly", "restrictions": [
        {"weekdays": ["friday"], "start_time": "22:00", "end_time": "06:00"},
        {"weekdays": ["sunday"], "start_time": "12:00", "end_time": "12:00"}]}]));
    check(
        &rota,
        &[],
        "2026-01-09T12:00:00Z",
        "2026-01-14T00:00:00Z",
        "nobody until 2026-01-09T21:00:00Z\n\
         a0 until 2026-01-10T05:00:00Z\n\
         nobody until 2026-01-11T11:00:00Z\n\
         a0 until 2026-01-12T08:00:00Z\n\
         b0 until 2026-01-12T11:00:00Z\n\
         nobody until later",
    );
}

#[test]
fn hours_that_follow_each_other_are_one() {
    let rota = rota(&json!([{"rotation": "weekly", "restrictions": [{"weekdays": ["monday:friday"]}]}]));
    check(
        &rota,
        &[],
        "2026-01-06T00:00:00Z",
        "2026-01-15T00:00:00Z",
        "a0 until 2026-01-09T23:00:00Z\n\
         nobody until 2026-01-11T23:00:00Z\n\
         a0 until 2026-01-12T08:00:00Z\n\
         b0 until later",
    );
}

#[test]
fn a_layer_ends_and_the_one_below_goes_on() {
    let rota = rota(&json!([{"rotation": "weekly"}, {"rotation": {"days": 2}, "end": "2026-01-08T12:00:00"}]));
    check(
        &rota,
        &[],
        "2026-01-05T00:00:00Z",
        "2026-01-20T00:00:00Z",
        "nobody until 2026-01-05T08:00:00Z\n\
         a1 until 2026-01-07T08:00:00Z\n\
         b1 until 2026-01-08T11:00:00Z\n\
         a0 until 2026-01-12T08:00:00Z\n\
         b0 until 2026-01-19T08:00:00Z\n\
         c0 until later",
    );
}

#[test]
fn a_layer_above_takes_over_by_the_clock_of_its_own_zone() {
    let rota = rota(&json!([{"rotation": "weekly"}, {"rotation": {"weeks": 2}, "time_zone": "Asia/Tokyo",
        "start": "2026-01-01T00:00:00", "restrictions": [{"start_time": "09:00", "end_time": "18:00"}]}]));
    check(
        &rota,
        &[],
        "2026-01-06T12:00:00Z",
        "2026-01-08T00:00:00Z",
        "a0 until 2026-01-07T00:00:00Z\n\
         a1 until 2026-01-07T09:00:00Z\n\
         a0 until 2026-01-08T00:00:00Z",
    );
}

#[test]
fn holidays_count_by_the_date_of_the_moment() {
    // What begins in the evening of a holiday's eve ends with that day.
    let night = json!([{"start_time": "20:00", "end_time": "08:00"}]);
    let rota = rota(&json!([
        {"rotation": "weekly", "restrictions": night, "except_holidays": ["rest"]},
        {"rotation": "weekly", "restrictions": night, "holidays": ["rest"]}]));
    check(
        &rota,
        &[],
        "2026-04-30T12:00:00Z",
        "2026-05-02T12:00:00Z",
        "nobody until 2026-04-30T18:00:00Z\n\
         b0 until 2026-04-30T22:00:00Z\n\
         b1 until 2026-05-01T06:00:00Z\n\
         nobody until 2026-05-01T18:00:00Z\n\
         b1 until 2026-05-01T22:00:00Z\n\
         b0 until 2026-05-02T06:00:00Z\n\
         nobody until later",
    );
}

#[test]
fn a_leap_day_is_a_day_and_a_holiday_that_only_some_years_have() {
    let every_day = rota(&json!([{"start": "2028-02-27T00:00:00"}]));
    check(
        &every_day,
        &[],
        "2028-02-28T12:00:00Z",
        "2028-03-02T00:00:00Z",
        "b0 until 2028-02-28T23:00:00Z\n\
         c0 until 2028-02-29T23:00:00Z\n\
         a0 until 2028-03-01T23:00:00Z\n\
         b0 until later",
    );
    let leap = rota(&json!([{"rotation": {"weeks": 1000}, "holidays": ["rest"]}]));
    check(
        &leap,
        &[],
        "2027-02-01T00:00:00Z",
        "2028-12-01T00:00:00Z",
        "nobody until 2027-12-24T23:00:00Z\n\
         a0 until 2027-12-25T23:00:00Z\n\
         nobody until 2028-02-28T23:00:00Z\n\
         a0 until 2028-02-29T23:00:00Z\n\
         nobody until later",
    );
}

#[test]
fn an_override_begins_and_ends_what_lies_below_it() {
    let planned = json!([
        {"user": "o", "start": "2026-01-06T10:00:00Z", "end": "2026-01-06T14:00:00Z"},
        {"user": "p", "start": "2026-01-06T11:00:00Z", "end": "2026-01-06T12:00:00Z"}]);
    let rota = read(&json!([{"rotation": "weekly", "end": "2026-01-06T12:30:00"}]), &planned).unwrap();
    check(
        &rota,
        // The second is over before it begins, which a policy could not say.
        &[
            stand_in("b0", "2026-01-06T11:30:00Z", "2026-01-06T13:00:00Z"),
            stand_in("c0", "2026-01-06T12:15:00Z", "2026-01-06T12:15:00Z"),
            stand_in("c0", "2026-01-07T10:00:00Z", "2026-01-07T11:00:00Z"),
        ],
        "2026-01-06T09:00:00Z",
        "2026-01-08T00:00:00Z",
        "a0 until 2026-01-06T10:00:00Z\n\
         o until 2026-01-06T11:00:00Z\n\
         p until 2026-01-06T11:30:00Z\n\
         b0 until 2026-01-06T13:00:00Z\n\
         o until 2026-01-06T14:00:00Z\n\
         nobody until 2026-01-07T10:00:00Z\n\
         c0 until 2026-01-07T11:00:00Z\n\
         nobody until later",
    );
}

#[test]
fn gaps_are_where_neither_a_layer_nor_an_override_of_the_policy_is() {
    let planned = json!([{"user": "o", "start": "2026-01-06T16:30:00Z", "end": "2026-01-06T20:00:00Z"}]);
    let layers = json!([{"restrictions": [{"start_time": "09:00", "end_time": "17:00"}]}]);
    let rota = read(&layers, &planned).unwrap();
    let gaps: Vec<String> = rota
        .gaps(at("2026-01-05T00:00:00Z"), at("2026-01-07T00:00:00Z"))
        .into_iter()
        .map(|(from, until)| format!("{from} {until}"))
        .collect();
    assert_eq!(
        gaps,
        [
            "2026-01-05T00:00:00Z 2026-01-05T08:00:00Z",
            "2026-01-05T16:00:00Z 2026-01-06T08:00:00Z",
            "2026-01-06T16:00:00Z 2026-01-06T16:30:00Z",
            "2026-01-06T20:00:00Z 2026-01-07T00:00:00Z",
        ]
    );
    assert_eq!(rota.gaps(at("2026-01-05T09:00:00Z"), at("2026-01-05T10:00:00Z")), []);
}

#[test]
fn a_day_that_was_left_out_has_no_hours_but_its_turn_is_not_made_up_for() {
    // Samoa went from the 29th of December 2011, a Thursday, to the 31st.
    let friday = json!([{"weekdays": ["friday"], "start_time": "09:00", "end_time": "17:00"}]);
    let rota = rota(&json!([{"start": "2011-12-28T09:00:00", "time_zone": "Pacific/Apia"},
        {"start": "2011-12-01T09:00:00", "time_zone": "Pacific/Apia", "rotation": "weekly", "restrictions": friday}]));
    check(
        &rota,
        &[],
        "2011-12-29T20:00:00Z",
        "2012-01-06T00:00:00Z",
        "b0 until 2011-12-30T19:00:00Z\n\
         a0 until 2011-12-31T19:00:00Z\n\
         b0 until 2012-01-01T19:00:00Z\n\
         c0 until 2012-01-02T19:00:00Z\n\
         a0 until 2012-01-03T19:00:00Z\n\
         b0 until 2012-01-04T19:00:00Z\n\
         c0 until 2012-01-05T19:00:00Z\n\
         c1 until later",
    );
}

#[test]
fn what_a_layer_cannot_mean_is_told() {
    for (layer, wanted) in [
        (json!({"rotation": {"days": 0}}), "rotation: a turn of 0 days never ends; write 1 or more"),
        (json!({"rotation": {"weeks": 0}}), "rotation: a turn of 0 weeks never ends; write 1 or more"),
        (
            json!({"end": "2026-01-05T09:00:00"}),
            "end: the layer ends at 2026-01-05T09:00:00, before it starts at 2026-01-05T09:00:00",
        ),
        (json!({"time_zone": "Europe/Berln"}), "time_zone: `Europe/Berln` is not a time zone; did you mean `Europe/Berlin`?"),
        (
            json!({"restrictions": [{}, {"weekdays": ["fryday"], "start_time": "24:00"}]}),
            "restrictions[1].weekdays[0]: `fryday` is not a day of the week; did you mean `friday`?\n\
             restrictions[1].start_time: 24:00 is where a day ends; write 00:00, with the weekdays after these",
        ),
        (
            json!({"restrictions": [{"end_time": "7:00"}]}),
            "restrictions[0].end_time: `7:00` is not a time of the day; did you mean `07:00`?",
        ),
        (json!({"except_holidays": ["reste"]}), "except_holidays[0]: there is no list of holidays `reste`; did you mean `rest`?"),
    ] {
        let said = read(&json!([layer]), &json!([])).expect_err(&layer.to_string()).to_string();
        assert_eq!(said.replace("schedules[0].schedule_layers[0].", ""), wanted);
    }
}
