//! Stories of the climb: how it ends, and what it does where nobody is.

use serde_json::{Value, json};

use crate::incident::{Resolution, Status};
use crate::script::{Script, policy};
use crate::span::Span;

const API: [(&str, &str); 1] = [("group", "api")];

fn climbing(change: impl FnOnce(&mut Value)) -> Script {
    Script::new(policy(|content| {
        content["priorities"] = json!({"P1": {"channels": ["page"]}});
        change(&mut content["escalation_policies"][0]);
    }))
}

#[test]
fn a_policy_that_stops_climbs_once_and_a_policy_that_restarts_begins_again() {
    for (on_exhausted, wanted) in [
        ("stop", "00:00:30 #1 page ann\n00:30:30 #1 page bob\n01:00:30 #1 failsafe FAILSAFE\n"),
        (
            "restart",
            "00:00:30 #1 page ann\n00:30:30 #1 page bob\n01:00:30 #1 failsafe FAILSAFE\n\
             05:00:30 #1 page ann\n05:30:30 #1 page bob\n",
        ),
    ] {
        let mut s = climbing(|policy| policy["on_exhausted"] = json!(on_exhausted));
        s.fires("critical", &API);
        s.wait(Span::minutes(350));
        assert_eq!(s.told(), wanted, "{on_exhausted}");
    }
}

#[test]
fn a_rule_that_reaches_nobody_is_passed_at_once_or_waited_for() {
    for (skip_empty, wanted) in [
        (true, "00:00:30 #1 failsafe FAILSAFE\n00:00:30 #1 page bob\n00:30:30 #1 failsafe FAILSAFE\n"),
        (false, "00:00:30 #1 failsafe FAILSAFE\n00:30:30 #1 page bob\n"),
    ] {
        let mut s = climbing(|policy| policy["skip_empty"] = json!(skip_empty));
        std::sync::Arc::make_mut(&mut s.rehearsal.policy).users.get_mut("ann").unwrap().channels.clear();
        s.fires("critical", &API);
        s.wait(Span::minutes(45));
        assert_eq!(s.told(), wanted, "skip_empty: {skip_empty}");
    }
}

#[test]
fn an_incident_that_nobody_resolves_ends_by_itself_where_the_policy_says_so() {
    let mut s = climbing(|policy| policy["auto_resolve_timeout"] = json!("45m"));
    s.fires("critical", &API);
    s.wait(Span::minutes(50));
    assert_eq!(s.told(), "00:00:30 #1 page ann\n00:30:30 #1 page bob\n00:45:00 #1 resolved ann\n00:45:00 #1 resolved bob\n");
    assert!(matches!(s.newest().unwrap().status, Status::Closed { .. } | Status::Resolved { how: Resolution::TimedOut, .. }));
    // It is firing still: only another alarm reopens it or opens the next.
    s.wait(Span::hours(2));
    assert_eq!(s.told(), "");
    s.recovers("critical", &API);
    s.fires("critical", &API);
    s.wait(Span::minutes(1));
    assert_eq!(s.told(), "02:50:30 #2 page ann\n");
}

#[test]
fn a_rule_may_name_a_whole_team() {
    let mut s = climbing(|policy| {
        policy["escalation_rules"][0]["targets"] = json!([{"type": "receiver", "id": "team"}]);
    });
    std::sync::Arc::make_mut(&mut s.rehearsal.policy)
        .priorities
        .get_mut(&crate::priority::Priority::P1)
        .unwrap()
        .channels
        .push(crate::policy::Class::Chat);
    s.fires("critical", &API);
    s.wait(Span::minutes(40));
    assert_eq!(s.told(), "00:00:30 #1 opened team\n00:00:30 #1 page team\n00:30:30 #1 page bob\n");
}
