//! Stories of hours at which people are not told. They begin on Monday the 1st of
//! June 2026, at midnight in UTC.

use serde_json::{Value, json};

use crate::script::{Script, policy};
use crate::span::Span;

const API: [(&str, &str); 1] = [("group", "api")];

/// The day begins at nine; `change` says what that means.
fn script(change: impl FnOnce(&mut Value)) -> Script {
    Script::new(policy(|content| {
        content["time_intervals"] = json!([
            {"name": "day", "time_intervals": [{"times": [{"start_time": "09:00", "end_time": "17:00"}]}]},
            {"name": "night", "time_intervals": [
                {"times": [{"start_time": "00:00", "end_time": "09:00"}]}, {"times": [{"start_time": "17:00", "end_time": "24:00"}]}]},
        ]);
        content["priorities"] = json!({"P2": {"channels": ["chat"], "escalate": false}});
        change(content);
    }))
}

fn routed(route: &Value) -> Script {
    script(|content| content["route"]["routes"] = json!([route]))
}

#[test]
fn what_is_deferred_is_told_when_the_mute_ends_if_it_still_holds() {
    for route in [
        json!({"matchers": ["group=api"], "mute_time_intervals": ["night"]}),
        json!({"matchers": ["group=api"], "active_time_intervals": ["day"], "when_muted": "defer"}),
    ] {
        let mut s = routed(&route);
        s.fires("slow", &API);
        s.wait(Span::hours(10));
        assert_eq!(s.told(), "09:00:00 #1 opened team\n", "{route}");
        let mut s = routed(&route);
        s.fires("slow", &API);
        s.wait(Span::hours(8));
        s.recovers("slow", &API);
        s.wait(Span::hours(2));
        assert_eq!(s.told(), "", "{route}");
    }
}

#[test]
fn what_is_dropped_is_never_told_but_what_comes_in_later_is() {
    let mut s = routed(&json!({"matchers": ["group=api"], "mute_time_intervals": ["night"], "when_muted": "drop"}));
    s.fires("slow", &API);
    s.wait(Span::hours(10));
    assert_eq!(s.told(), "");
    assert!(
        s.reasons().contains("it came in while team is muted in time interval `night`, and is dropped then"),
        "{}",
        s.reasons()
    );
    s.fires("failing", &API);
    s.wait(Span::minutes(5));
    assert_eq!(s.told(), "10:00:30 #1 opened team\n");
}

#[test]
fn who_was_told_hears_the_end_at_any_hour_and_reminders_wait_for_the_day() {
    let mut s = routed(&json!({"matchers": ["group=api"], "active_time_intervals": ["day"], "repeat_interval": "2h"}));
    s.wait(Span::hours(14));
    s.fires("slow", &API);
    s.wait(Span::minutes(1_170));
    assert_eq!(s.told(), "14:00:30 #1 opened team\n16:00:30 #1 reminder team\n33:00:00 #1 reminder team\n");
    s.wait(Span::hours(9));
    s.told();
    s.recovers("slow", &API);
    s.wait(Span::minutes(5));
    assert!(s.told().ends_with("#1 resolved team\n"), "at night, too");
}

#[test]
fn a_climb_that_is_muted_goes_on_when_the_mute_ends() {
    let mut s = routed(&json!({"matchers": ["group=api"], "mute_time_intervals": ["night"]}));
    s.wait(Span::minutes(1_005));
    s.fires("critical", &API);
    s.wait(Span::hours(17));
    let told = s.told();
    assert!(told.contains("16:45:30 #1 page ann\n") && told.contains("33:00:00 #1 page bob\n"), "{told}");
    assert!(!told.contains("17:15"), "{told}");
}

#[test]
fn a_receiver_that_was_muted_when_others_were_told_hears_of_it_later() {
    let mut s = script(|content| {
        content["receivers"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "office", "sns_configs": [{"topic": "office", "class": "chat"}]}));
        content["route"]["routes"] = json!([
            {"matchers": ["group=api"], "receiver": "office", "mute_time_intervals": ["night"], "continue": true},
            {"matchers": ["group=api"]},
        ]);
    });
    s.fires("slow", &API);
    s.wait(Span::hours(10));
    let told = s.told();
    assert!(told.starts_with("00:00:30 #1 opened team\n"), "{told}");
    assert!(told.contains("09:00:00 #1 opened office\n"), "{told}");
    assert_eq!(told.matches("office").count(), 1, "{told}");
}

#[test]
fn a_priority_has_hours_of_its_own_and_a_more_urgent_one_does_not_wait_for_them() {
    let muted = |content: &mut Value| {
        content["priorities"]["P3"] = json!({"channels": ["chat"], "active_time_intervals": ["day"]});
    };
    let mut s = script(muted);
    s.fires("minor", &API);
    s.wait(Span::hours(10));
    assert_eq!(s.told(), "09:00:00 #1 opened team\n");
    assert!(s.reasons().contains("P3 is told only in time interval `day` until 2026-06-01 09:00:00 UTC"), "{}", s.reasons());
    let mut s = script(muted);
    s.fires("minor", &API);
    s.wait(Span::hours(1));
    s.fires("slow", &API);
    s.wait(Span::minutes(5));
    assert_eq!(s.told(), "01:00:00 #1 opened team\n", "P2 is told at night");
}

#[test]
fn a_rule_of_the_escalation_has_hours_of_its_own() {
    let rules = |content: &mut Value| {
        content["priorities"]["P1"] = json!({"channels": ["page"]});
        content["escalation_policies"][0]["escalation_rules"] = json!([
            {"escalation_delay_in_minutes": 10, "targets": [{"type": "user", "id": "ann"}], "active_time_intervals": ["day"]},
            {"escalation_delay_in_minutes": 10, "targets": [{"type": "user", "id": "bob"}]},
        ]);
    };
    let mut night = script(rules);
    night.fires("critical", &API);
    night.wait(Span::minutes(5));
    assert_eq!(night.told(), "00:00:30 #1 page bob\n", "and the failsafe hears nothing: nobody is missing");
    let mut day = script(rules);
    day.wait(Span::hours(9));
    day.fires("critical", &API);
    day.wait(Span::minutes(12));
    assert_eq!(day.told(), "09:00:30 #1 page ann\n09:10:30 #1 page bob\n");
}

#[test]
fn a_silenced_incident_is_woken_by_whoever_is_not_silenced() {
    let mut s = script(|content| {
        content["maintenance_windows"] = json!([{"name": "work", "matchers": ["alertname=slow"],
            "starts_at": "2026-06-01T00:00:00Z", "ends_at": "2026-06-02T00:00:00Z"}]);
    });
    s.fires("slow", &API);
    s.wait(Span::hours(2));
    assert_eq!(s.told(), "");
    s.fires("failing", &API);
    s.wait(Span::minutes(2));
    assert_eq!(s.told(), "02:00:30 #1 opened team\n");
}

#[test]
fn work_that_recurs_holds_back_alerts_in_its_hours() {
    let mut s = script(|content| {
        content["maintenance_windows"] = json!([{"name": "backup", "matchers": ["alertname=slow"], "time_intervals": ["night"]}]);
    });
    s.fires("slow", &API);
    s.wait(Span::hours(10));
    assert_eq!(s.told(), "09:00:00 #1 opened team\n");
    assert!(s.reasons().contains("maintenance window `backup` until 2026-06-01 09:00:00 UTC"), "{}", s.reasons());
}
