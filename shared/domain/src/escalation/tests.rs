//! The escalation on a scripted clock: who saw what, and when.

use proptest::prelude::*;
use serde_json::json;

use crate::alert::{AlertState, Mute};
use crate::control::{Silence, SilenceKind};
use crate::incident::Status;
use crate::law::law_of;
use crate::script::{Script, policy};
use crate::span::Span;

const G: &[(&str, &str)] = &[("group", "g")];

fn script() -> Script {
    Script::new(policy(|_| {}))
}

#[test]
fn a_p2_is_told_to_its_team_and_climbs_until_nobody_is_left() {
    let mut s = script();
    assert_eq!(s.fires("slow", G), "opens");
    s.wait(Span::minutes(70));
    assert_eq!(
        s.told(),
        "00:00:30 #1 opened team\n\
         00:00:30 #1 page ann-mail\n\
         00:30:30 #1 page bob-mail\n\
         01:00:30 #1 failsafe FAILSAFE\n"
    );
    assert!(s.reasons().contains("exhausted and nobody has answered"), "{}", s.reasons());
}

#[test]
fn an_acknowledgement_stops_the_climb_and_runs_out() {
    let mut s = script();
    s.fires("critical", G);
    s.wait(Span::minutes(10));
    s.acknowledges("ann");
    s.wait(Span::minutes(100));
    assert_eq!(
        s.told(),
        "00:00:30 #1 opened team\n\
         00:00:30 #1 page ann\n\
         00:00:30 #1 page ann-mail\n\
         00:10:00 #1 acknowledged team\n\
         00:10:00 #1 acknowledged ann\n\
         00:10:00 #1 acknowledged ann-mail\n"
    );
    s.wait(Span::minutes(21));
    assert_eq!(s.told(), "02:10:00 #1 reminder team\n02:10:00 #1 page ann\n02:10:00 #1 page ann-mail\n");
    assert!(s.reasons().contains("ann acknowledged 2 h ago and it is still firing"));
}

#[test]
fn everyone_who_was_told_is_told_of_the_end_once() {
    let mut s = script();
    s.fires("critical", G);
    s.wait(Span::minutes(31));
    s.told();
    s.recovers("critical", G);
    s.wait(Span::minutes(20));
    let mut told: Vec<String> = s.told().lines().map(|line| line[9..].to_owned()).collect();
    told.sort();
    assert_eq!(told, ["#1 resolved ann", "#1 resolved ann-mail", "#1 resolved bob", "#1 resolved bob-mail", "#1 resolved team"]);
    assert!(s.rehearsal.incidents().all(|incident| matches!(incident.status, Status::Closed { .. })));
}

#[test]
fn what_recovers_before_anybody_is_told_wakes_nobody() {
    let mut s = script();
    s.fires("slow", G);
    s.wait(Span::seconds(10));
    s.recovers("slow", G);
    s.wait(Span::hours(5));
    assert_eq!(s.told(), "");
    assert!(s.reasons().contains("resolved after"));
}

#[test]
fn a_group_is_one_incident_and_news_waits_for_the_interval() {
    let mut s = script();
    s.fires("a", G);
    s.wait(Span::seconds(10));
    assert_eq!(s.fires("b", G), "joins");
    s.wait(Span::minutes(2));
    assert_eq!(s.fires("c", G), "joins");
    s.wait(Span::minutes(10));
    assert_eq!(s.told(), "00:00:30 #1 opened team\n00:00:30 #1 page ann-mail\n00:05:30 #1 updated team\n");
    assert_eq!(s.rehearsal.order.len(), 1);
}

#[test]
fn a_more_urgent_member_raises_the_incident_at_once() {
    let mut s = script();
    s.fires("slow", G);
    s.wait(Span::minutes(2));
    s.told();
    s.fires("critical", G);
    s.wait(Span::seconds(1));
    assert_eq!(s.told(), "00:02:00 #1 updated team\n00:02:00 #1 page ann\n00:02:00 #1 page ann-mail\n");
    assert!(s.reasons().contains("priority raised from P2 to P1: critical is P1"));
}

#[test]
fn the_same_event_again_and_an_older_one_change_nothing() {
    let mut s = script();
    let alarm = s.alert("slow", AlertState::Alarm, G);
    s.arrives(alarm.clone());
    s.wait(Span::minutes(1));
    s.told();
    assert_eq!(s.arrives(alarm.clone()), "duplicate");
    let mut older = s.alert("slow", AlertState::Ok, G);
    older.claimed_at = Span::minutes(1).before(alarm.claimed_at);
    assert_eq!(s.arrives(older), "older");
    s.wait(Span::minutes(10));
    assert_eq!(s.told(), "");
}

#[test]
fn a_reminder_comes_while_nobody_answers() {
    let mut s = Script::new(policy(|content| {
        content["priorities"] = json!({"P3": {"channels": ["chat"], "escalate": false}});
    }));
    s.fires("minor", G);
    s.wait(Span::hours(9));
    assert_eq!(s.told(), "00:00:30 #1 opened team\n04:00:30 #1 reminder team\n08:00:30 #1 reminder team\n");
}

#[test]
fn nobody_on_call_is_passed_over_and_the_failsafe_hears_of_it() {
    let mut s = Script::new(policy(|content| {
        content["schedules"][0]["schedule_layers"][0]["start"] = json!("2027-01-01T00:00:00");
    }));
    s.fires("critical", G);
    s.wait(Span::minutes(1));
    assert_eq!(
        s.told(),
        "00:00:30 #1 opened team\n00:00:30 #1 failsafe FAILSAFE\n00:00:30 #1 page bob\n00:00:30 #1 page bob-mail\n"
    );
    assert!(s.reasons().contains("nobody is on call in rota"));
}

#[test]
fn a_deserted_policy_does_not_flood_the_failsafe() {
    let mut s = Script::new(policy(|content| {
        content["users"] = json!([{"id": "ann"}, {"id": "bob"}]);
        content["escalation_policies"][0]["num_loops"] = json!(2);
    }));
    s.fires("critical", G);
    s.wait(Span::hours(3));
    let n_failsafe = s.told().lines().filter(|line| line.contains("FAILSAFE")).count();
    assert_eq!(n_failsafe, 2 * 3 + 1, "two rules in three loops, and the end");
}

fn silence(s: &Script, minutes: u64) -> Silence {
    Silence {
        kind: SilenceKind::Silence,
        matchers: vec!["group=\"g\"".into()],
        starts_at: s.now(),
        ends_at: Span::minutes(minutes).after(s.now()),
        by: "ann".into(),
        why: "known".into(),
    }
}

#[test]
fn what_is_silenced_is_told_when_the_silence_ends_if_it_still_holds() {
    let mut s = script();
    s.rehearsal.control.silences.insert("quiet".into(), silence(&s, 60));
    s.fires("slow", G);
    s.wait(Span::minutes(59));
    assert_eq!(s.told(), "");
    assert!(s.reasons().contains("nobody is told of slow: silence quiet by ann until 2026-06-01 01:00:00 UTC: known"));
    s.wait(Span::minutes(2));
    assert_eq!(s.told(), "01:00:00 #1 opened team\n01:00:00 #1 page ann-mail\n");
}

#[test]
fn a_page_that_was_sent_is_closed_although_the_alert_is_silenced_meanwhile() {
    let mut s = script();
    s.fires("slow", G);
    s.wait(Span::minutes(1));
    s.told();
    s.rehearsal.control.silences.insert("quiet".into(), silence(&s, 600));
    s.wait(Span::minutes(40));
    assert_eq!(s.told(), "", "the climb is paused");
    s.recovers("slow", G);
    s.wait(Span::minutes(5));
    assert_eq!(s.told(), "00:42:30 #1 resolved team\n00:42:30 #1 resolved ann-mail\n");
}

#[test]
fn one_silenced_member_of_a_group_is_spoken_of_when_its_silence_ends() {
    let mut s = script();
    let mut quiet = silence(&s, 20);
    quiet.matchers = vec!["alertname=\"a\"".into()];
    s.rehearsal.control.silences.insert("quiet".into(), quiet);
    s.fires("a", G);
    s.fires("b", G);
    s.wait(Span::minutes(29));
    assert_eq!(s.told(), "00:00:30 #1 opened team\n00:00:30 #1 page ann-mail\n00:20:00 #1 updated team\n");
}

#[test]
fn a_symptom_is_held_under_its_cause_and_told_when_the_cause_is_gone() {
    let mut s = Script::new(policy(|content| {
        content["inhibit_rules"] = json!([{"name": "cause", "source_matchers": ["alertname=\"critical\""],
            "target_matchers": ["alertname=\"slow\""]}]);
    }));
    s.fires("critical", G);
    s.fires("slow", &[("group", "other")]);
    s.wait(Span::minutes(10));
    assert!(!s.told().contains("#2"));
    assert!(s.reasons().contains("inhibited by rule `cause`"), "{}", s.reasons());
    s.recovers("critical", G);
    s.wait(Span::minutes(5));
    assert!(s.told().contains("#2 opened team"));
}

#[test]
fn an_alert_that_returns_soon_reopens_its_incident() {
    let mut s = script();
    s.fires("slow", G);
    s.wait(Span::minutes(2));
    s.recovers("slow", G);
    s.wait(Span::minutes(3));
    assert!(s.told().contains("resolved"));
    assert_eq!(s.fires("slow", G), "reopens");
    s.wait(Span::minutes(1));
    assert_eq!(s.told(), "00:05:00 #1 opened team\n00:05:00 #1 page ann-mail\n");
    s.recovers("slow", G);
    s.wait(Span::minutes(20));
    assert_eq!(s.fires("slow", G), "opens");
    assert_eq!(s.rehearsal.order.len(), 2);
}

#[test]
fn what_a_person_resolves_stays_resolved_until_something_new_fires() {
    let mut s = script();
    s.fires("slow", G);
    s.wait(Span::minutes(1));
    s.told();
    s.resolves("ann");
    s.wait(Span::minutes(20));
    assert_eq!(s.told(), "00:01:00 #1 resolved team\n00:01:00 #1 resolved ann-mail\n");
    assert_eq!(s.fires("slow", G), "opens");
}

#[test]
fn muted_at_the_source_is_held_until_the_mute_ends() {
    let mut s = script();
    let mut alert = s.alert("slow", AlertState::Alarm, G);
    alert.muted_by = Some(Mute { by: "rule weekend".into(), until: Some(Span::hours(1).after(s.now())) });
    s.arrives(alert);
    s.wait(Span::minutes(59));
    assert_eq!(s.told(), "");
    assert!(s.reasons().contains("the alarm's own actions are muted by rule weekend until 2026-06-01 01:00:00 UTC"));
    s.wait(Span::minutes(2));
    assert_eq!(s.told(), "01:00:00 #1 opened team\n01:00:00 #1 page ann-mail\n");
}

#[test]
fn a_receiver_that_left_the_policy_is_an_event_not_a_silence() {
    let mut s = script();
    s.fires("critical", G);
    std::sync::Arc::make_mut(&mut s.rehearsal.policy).receivers.clear();
    s.wait(Span::minutes(1));
    assert_eq!(s.told(), "00:00:30 #1 failsafe FAILSAFE\n");
    assert!(s.reasons().contains("receiver team is not in the policy any more"));
}

#[test]
fn the_failsafe_hears_of_every_receiver_that_left_the_policy() {
    let mut s = Script::new(policy(|content| {
        let log = json!({"name": "log", "sns_configs": [{"topic": "log", "class": "chat"}]});
        content["receivers"].as_array_mut().unwrap().push(log);
        content["route"]["routes"] = json!([{"receiver": "log", "continue": true}, {"receiver": "team"}]);
    }));
    s.fires("critical", G);
    std::sync::Arc::make_mut(&mut s.rehearsal.policy).receivers.clear();
    s.wait(Span::minutes(1));
    assert_eq!(s.told(), "00:00:30 #1 failsafe FAILSAFE\n");
    assert!(s.reasons().contains("receivers log, team are not in the policy any more"), "{}", s.reasons());
}

proptest! {
    #![proptest_config(law_of(400))]

    /// Whatever happens: every incident ends, whoever was told is told of the end
    /// exactly once for each telling, and nobody hears of an end out of nothing.
    #[test]
    fn every_story_ends_and_is_told_to_the_end(steps in proptest::collection::vec((0u8..8, 0usize..4, 1u64..2_000), 1..25)) {
        let names = ["critical", "slow", "minor", "b"];
        let groups: [&[(&str, &str)]; 4] = [G, G, &[("group", "h")], &[("group", "h")]];
        let mut s = script();
        let mut all = String::new();
        for (what, which, seconds) in steps {
            match what {
                0..=2 => { s.fires(names[which], groups[which]); }
                3 | 4 => { s.recovers(names[which], groups[which]); }
                5 if s.newest().is_some_and(|i| i.status == Status::Triggered) => s.acknowledges("ann"),
                6 if s.newest().is_some_and(|i| matches!(i.status, Status::Triggered | Status::Acknowledged { .. })) => s.resolves("bob"),
                _ => { let quiet = silence(&s, seconds / 60 + 1); s.rehearsal.control.silences.insert("quiet".into(), quiet); }
            }
            s.wait(Span::seconds(seconds));
            all.push_str(&s.told());
        }
        for (name, group) in names.iter().zip(groups) {
            s.wait(Span::seconds(1));
            s.recovers(name, group);
        }
        s.wait(Span::hours(12));
        all.push_str(&s.told());
        for incident in s.rehearsal.incidents() {
            prop_assert!(matches!(incident.status, Status::Closed { .. }), "{:?}\n{all}", incident.status);
        }
        // For each incident and place: an end follows the last opening word.
        let mut open: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
        for line in all.lines() {
            let mut words = line.split(' ').skip(1);
            let (incident, kind, place) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            let key = format!("{incident} {place}");
            match kind {
                "resolved" => prop_assert!(open.remove(&key), "an end without a beginning: {line}\n{all}"),
                "acknowledged" => prop_assert!(open.contains(&key), "an answer without a question: {line}\n{all}"),
                _ => { open.insert(key); }
            }
        }
        prop_assert!(open.is_empty(), "never closed: {open:?}\n{all}");
    }
}
