//! Who is asked to approve what, once.

use jiff::Timestamp;
use serde_json::json;

use crate::notice::{Delivery, NoticeKind};
use crate::remediation::{Outcome, Stage};
use crate::script::{Script, policy, reboot};
use crate::span::Span;

const G: &[(&str, &str)] = &[("group", "g")];

/// Ann has agreed to a restart.
fn approved(at: Timestamp) -> Stage {
    Stage::Approved { by: "ann".into(), at, expires_at: Span::hours(1).after(at), plan: reboot() }
}

/// A P1 of which the team and Ann were told.
fn told() -> Script {
    let mut s = Script::new(policy(|content| {
        content["receivers"].as_array_mut().unwrap().push(json!({"name": "desk", "sns_configs": [
            {"topic": "desk-page", "class": "page"}, {"topic": "desk-mail", "class": "email"}]}));
        content["route"]["routes"] = json!([{"receiver": "desk", "continue": true}, {"receiver": "team"}]);
    }));
    s.fires("critical", G);
    s.wait(Span::minutes(1));
    let told: Vec<String> = s.told().lines().map(|line| line[12..].to_owned()).collect();
    assert_eq!(told, ["opened desk-page", "opened desk-mail", "opened team", "page ann", "page ann-mail"]);
    s
}

fn lines(s: &mut Script) -> Vec<String> {
    s.told().lines().map(|line| line[12..].to_owned()).collect()
}

#[test]
fn a_question_reaches_everybody_who_was_told_at_once_and_once() {
    let mut s = told();
    s.asks("reset-db", Span::minutes(20));
    let mut told: Vec<String> = s.told().lines().map(str::to_owned).collect();
    told.sort();
    let places = ["ann", "ann-mail", "desk-mail", "desk-page", "team"];
    assert_eq!(told, places.map(|place| format!("00:01:00 #1 asks {place}")));
    s.wait(Span::minutes(19));
    assert_eq!(s.told(), "");
    assert!(s.reasons().contains("ask ann, desk, team whether to reboot db-1: remediation reset-db needs a person's approval"));
}

#[test]
fn each_is_told_who_else_is_asked() {
    let mut s = told();
    s.asks("reset-db", Span::minutes(20));
    for sent in s.rehearsal.sent() {
        let NoticeKind::Asks { others, .. } = &sent.kind else { continue };
        assert_eq!(others.len(), 2, "{others:?}");
        assert!(!others.contains(&sent.to), "{} is asked with {others:?}", sent.to);
    }
}

#[test]
fn after_it_ran_out_the_next_one_is_another_question() {
    let mut s = told();
    s.asks("reset-db", Span::minutes(5));
    assert_eq!(lines(&mut s).len(), 5);
    s.wait(Span::minutes(6));
    s.asks("reset-db", Span::minutes(5));
    assert_eq!(lines(&mut s).len(), 5);
    s.asks("scale", Span::minutes(5));
    assert_eq!(lines(&mut s).len(), 5, "another remediation asks another question");
}

#[test]
fn the_first_message_carries_a_question_that_is_open_then() {
    let mut s = Script::new(policy(|_| {}));
    s.fires("critical", G);
    s.wait(Span::seconds(5));
    s.asks("reset-db", Span::minutes(20));
    assert_eq!(s.told(), "", "the group's wait is not over");
    s.wait(Span::minutes(10));
    assert_eq!(lines(&mut s), ["opened team", "page ann", "page ann-mail"]);
}

#[test]
fn whoever_is_paged_later_has_the_question_in_the_page() {
    let mut s = told();
    s.wait(Span::seconds(29 * 60 + 15));
    s.told();
    s.asks("reset-db", Span::minutes(20));
    assert_eq!(lines(&mut s).len(), 5);
    s.wait(Span::minutes(5));
    assert_eq!(lines(&mut s), ["page bob", "page bob-mail"]);
}

#[test]
fn a_question_that_opens_in_the_tick_of_a_page_is_not_told_twice_to_one_place() {
    let mut s = told();
    // Bob is paged at 00:30:30.
    s.wait(Span::millis(29 * 60_000 + 29_999));
    s.told();
    s.rehearsal.now = Span::millis(1).after(s.now());
    s.asks("reset-db", Span::minutes(20));
    let mut told = lines(&mut s);
    told.sort();
    assert_eq!(told, ["asks ann", "asks ann-mail", "asks desk-mail", "asks desk-page", "asks team", "page bob", "page bob-mail"]);
}

#[test]
fn whoever_has_acknowledged_is_asked_and_nobody_else_is_woken() {
    let mut s = told();
    s.acknowledges("bob");
    s.told();
    s.asks("reset-db", Span::minutes(20));
    // Bob was never told of it and has it; Ann and the desk's pager are left alone.
    assert_eq!(lines(&mut s), ["asks bob", "asks bob-mail", "asks desk-mail", "asks team"]);
}

#[test]
fn an_acknowledgement_of_somebody_who_cannot_be_reached_has_everybody_asked() {
    let mut s = told();
    s.acknowledges("operator");
    s.told();
    s.asks("reset-db", Span::minutes(20));
    assert_eq!(lines(&mut s).len(), 5);
    let mut untold = Script::new(policy(|_| {}));
    untold.fires("critical", G);
    untold.wait(Span::seconds(5));
    untold.acknowledges("operator");
    untold.asks("reset-db", Span::minutes(20));
    assert_eq!(lines(&mut untold), ["asks team"]);
    untold.wait(Span::minutes(19));
    assert_eq!(untold.told(), "");
}

#[test]
fn what_is_over_recovered_answered_or_silenced_asks_nobody() {
    let mut over = told();
    over.resolves("ann");
    over.told();
    over.asks("reset-db", Span::minutes(20));
    assert_eq!(over.told(), "");
    let mut recovered = told();
    recovered.recovers("critical", G);
    recovered.asks("reset-db", Span::minutes(20));
    assert_eq!(recovered.told(), "");
    let mut answered = told();
    answered.comes_to("reset-db", approved(answered.now()));
    answered.comes_to("scale", Stage::Over { at: answered.now(), outcome: Outcome::Expired });
    answered.comes_to("late", Stage::Asked { expires_at: answered.now(), plan: reboot() });
    assert_eq!(answered.told(), "");
}

#[test]
fn muted_receivers_are_not_asked_at_their_hours() {
    let mut s = Script::new(policy(|content| {
        content["time_intervals"] = json!([{"name": "night", "time_intervals": [
            {"times": [{"start_time": "00:10", "end_time": "06:00"}]}]}]);
        content["receivers"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "desk", "sns_configs": [{"topic": "desk", "class": "chat"}]}));
        content["route"]["routes"] =
            json!([{"receiver": "desk", "continue": true, "mute_time_intervals": ["night"]}, {"receiver": "team"}]);
    }));
    s.fires("slow", G);
    s.wait(Span::minutes(15));
    assert_eq!(lines(&mut s), ["opened desk", "opened team", "page ann-mail"]);
    s.asks("reset-db", Span::minutes(20));
    assert_eq!(lines(&mut s), ["asks team", "asks ann-mail"]);
}

#[test]
fn a_message_that_waits_is_not_sent_any_more_once_the_question_is_answered() {
    let mut s = told();
    s.asks("reset-db", Span::minutes(20));
    s.told();
    let (id, now) = (s.newest().unwrap().id.clone(), s.now());
    let retry_at = Span::minutes(1).after(now);
    let pending = Delivery::Pending { n_attempts: 1, not_before: retry_at, clock: 0, claimed_until: now };
    let waits = |s: &mut Script| {
        for notice in s.rehearsal.notices_mut(&id).filter(|notice| matches!(notice.kind, NoticeKind::Asks { .. })) {
            notice.delivery = pending.clone();
        }
    };
    waits(&mut s);
    s.comes_to("scale", approved(now));
    s.wait(Span::minutes(2));
    assert_eq!(lines(&mut s).len(), 5, "it is tried again while it is open");
    waits(&mut s);
    s.comes_to("reset-db", approved(now));
    s.wait(Span::minutes(2));
    assert_eq!(lines(&mut s), [""; 0]);
    // It may have arrived all the same, so the end is told there.
    s.recovers("critical", G);
    s.wait(Span::minutes(20));
    let ends = lines(&mut s);
    assert_eq!(ends.iter().filter(|line| line.starts_with("resolved")).count(), 5, "{ends:?}");
}
