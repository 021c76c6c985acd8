//! Stories of noise: what recovers by itself, what flaps, and what comes in dozens.

use serde_json::json;

use super::*;
use crate::priority::Priority;
use crate::script::{Script, policy};

const API: [(&str, &str); 1] = [("group", "api")];

#[test]
fn what_recovers_by_itself_wakes_nobody() {
    let mut s = Script::new(policy(|content| content["noise"] = json!({"self_recovery": {"P3": "10m"}})));
    s.fires("minor", &API);
    s.wait(Span::minutes(9));
    s.recovers("minor", &API);
    s.wait(Span::hours(1));
    assert_eq!(s.told(), "");
    assert!(s.reasons().contains("nobody is told yet: P3 is given 10 min to recover by itself"), "{}", s.reasons());
}

#[test]
fn what_does_not_recover_is_told_after_the_wait_and_more_urgent_alerts_do_not_wait() {
    let mut s = Script::new(policy(|content| {
        content["noise"] = json!({"self_recovery": {"P3": "10m"}});
        content["priorities"] = json!({"P3": {"channels": ["chat"]}});
    }));
    s.fires("minor", &API);
    s.wait(Span::minutes(20));
    assert_eq!(s.told(), "00:10:00 #1 opened team\n");
    let mut s = Script::new(policy(|content| content["noise"] = json!({"self_recovery": {"P3": "10m"}})));
    s.fires("minor", &API);
    s.wait(Span::minutes(2));
    s.fires("critical", &API);
    s.wait(Span::minutes(1));
    assert_eq!(s.told(), "00:02:00 #1 opened team\n00:02:00 #1 page ann\n00:02:00 #1 page ann-mail\n");
}

fn flapper() -> Script {
    Script::new(policy(|content| {
        content["noise"] = json!({"flapping": {"transitions": 4, "within": "1h", "quiet": "30m"}});
        content["priorities"] = json!({"P2": {"channels": ["chat"], "escalate": false}});
    }))
}

#[test]
fn a_flapping_alert_is_one_incident_until_it_has_been_quiet() {
    let mut s = flapper();
    for _ in 0..6 {
        s.fires("unsure", &API);
        s.wait(Span::minutes(4));
        s.recovers("unsure", &API);
        s.wait(Span::minutes(8));
    }
    // Once told of and over; then, with its fourth change in an hour, it flaps.
    assert_eq!(
        s.told(),
        "00:00:30 #1 opened team\n00:05:30 #1 resolved team\n00:12:30 #2 opened team\n00:27:30 #2 updated team\n"
    );
    s.wait(Span::hours(1));
    assert_eq!(s.told(), "01:34:00 #2 resolved team\n");
    assert!(s.reasons().contains("unsure is flapping, and must be quiet for 30 min"), "{}", s.reasons());
}

#[test]
fn people_hear_once_that_it_flaps_and_not_of_each_change() {
    let mut s = flapper();
    for _ in 0..8 {
        s.fires("unsure", &API);
        s.wait(Span::seconds(45));
        s.recovers("unsure", &API);
        s.wait(Span::seconds(30));
    }
    assert_eq!(s.told(), "00:00:30 #1 opened team\n00:04:30 #1 updated team\n");
    assert!(s.reasons().contains("flapping: unsure is flapping: 4 changes or more within 1 h"), "{}", s.reasons());
}

#[test]
fn changes_are_counted_within_the_window_before_the_last_one() {
    let mut s = flapper();
    for (minutes, wanted) in [(0, 1), (30, 3), (29, 5), (2, 5), (90, 1)] {
        s.wait(Span::minutes(minutes));
        s.fires("unsure", &API);
        assert_eq!(n_changes(&s.members()[0], Span::hours(1)), wanted, "after {minutes} more minutes");
        s.wait(Span::seconds(1));
        s.recovers("unsure", &API);
    }
}

fn stormy() -> Script {
    Script::new(policy(|content| {
        content["noise"] = json!({"storm": {"incidents": 3, "within": "5m", "by": ["team"]}});
        content["priorities"] = json!({"P2": {"channels": ["chat"], "escalate": false}});
    }))
}

#[test]
fn in_a_storm_one_incident_speaks_for_all_of_its_kind() {
    let mut s = stormy();
    for name in ["a", "b", "c", "d", "e"] {
        s.fires(name, &[("group", name), ("team", "api")]);
        s.wait(Span::seconds(1));
    }
    s.fires("other", &[("group", "other"), ("team", "web")]);
    s.wait(Span::minutes(3));
    assert_eq!(s.told(), "00:00:30 #1 opened team\n00:00:35 #6 opened team\n");
    assert!(s.reasons().contains("part of a storm: 5 incidents of team api within 5 min; incident"), "{}", s.reasons());
}

#[test]
fn when_the_one_that_spoke_is_over_the_next_speaks() {
    let mut s = stormy();
    for name in ["a", "b", "c"] {
        s.fires(name, &[("group", name), ("team", "api")]);
    }
    s.wait(Span::minutes(1));
    assert_eq!(s.told(), "00:00:30 #1 opened team\n");
    s.recovers("a", &[("group", "a"), ("team", "api")]);
    s.wait(Span::minutes(4));
    let told = s.told();
    assert!(told.contains("#1 resolved") && told.contains("#2 opened") && told.contains("#3 opened"), "{told}");
}

#[test]
fn nobody_speaks_for_what_is_more_urgent_or_opened_long_before() {
    let mut s = stormy();
    s.fires("old", &[("group", "old"), ("team", "api")]);
    s.wait(Span::minutes(10));
    s.told();
    for name in ["a", "b"] {
        s.fires(name, &[("group", name), ("team", "api")]);
    }
    s.wait(Span::minutes(1));
    assert_eq!(s.told(), "00:10:30 #2 opened team\n00:10:30 #3 opened team\n", "three, but not together");
    s.fires("critical", &[("group", "c"), ("team", "api")]);
    s.wait(Span::minutes(1));
    assert!(s.told().contains("#4 page ann"), "a P1 is told whatever goes on");
    let gale_of = |name: &str| {
        let incidents: Vec<Incident> = s.rehearsal.incidents().cloned().collect();
        let this = incidents.iter().find(|incident| incident.title == name).unwrap();
        let rules = Storm { incidents: 3, within: Span::minutes(5), by: vec!["team".into()] };
        let others: Vec<&Incident> = incidents.iter().collect();
        storm(&rules, this, &others).map(|gale| (gale.leader.title.clone(), gale.leader.priority, gale.n_incidents))
    };
    assert_eq!(gale_of("a"), Some(("critical".into(), Priority::P1, 3)));
    assert_eq!(gale_of("old"), None);
}
