//! Connections are ended the least invasive way first, and nothing is restarted twice.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{World, cluster, db, db_of, hot_database, reset};
use crate::law::law;
use crate::remediation::action::{DbFacts, Session, SessionId, Sessions};
use crate::remediation::step::{ActResult, acted};
use crate::remediation::{Outcome, Stage, TargetFacts};
use crate::span::Span;

fn idle(pid: i64, minutes: u64) -> Session {
    let id = SessionId { pid, backend_start: format!("2026-03-01T11:00:00.{pid:06}Z") };
    Session::new(id, "app").with_state("idle", Span::minutes(minutes))
}

fn crowded() -> DbFacts {
    DbFacts { cluster: Some(cluster(1)), sessions: Sessions::Listed((0..30).map(|pid| idle(pid, 10)).collect()), ..db() }
}

/// A database with idle sessions, whose remediation ends these before it restarts.
fn crowded_database(change: impl FnOnce(&mut Value)) -> World {
    let remediation = reset(|content| {
        content["parameters"] = json!({"sessions": {
            "secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
            "database": "shop",
        }});
        change(content);
    });
    World::new(&remediation, TargetFacts::RdsConnectionReset(crowded()))
}

fn sentences(world: &World) -> Vec<String> {
    world.acts.iter().map(|act| act.plan.sentence()).collect()
}

fn listed(world: &mut World) -> usize {
    match &db_of(world).sessions {
        Sessions::Listed(sessions) => sessions.len(),
        sessions => panic!("{sessions:?}"),
    }
}

const END: &str =
    "end 20 sessions of db (at most 20) that have been idle or idle in transaction (aborted) for 10 min or longer: 20 app";

#[test]
fn idle_sessions_are_ended_and_if_that_helps_nothing_is_restarted() {
    let mut world = crowded_database(|_| {});
    world.tick();
    assert_eq!(sentences(&world), [END]);
    assert_eq!(listed(&mut world), 10);
    world.recovers();
    assert_eq!(world.tick(), None);
    assert_eq!(world.outcome(), &Outcome::Recovered { did: END.into() });
}

#[test]
fn a_restart_follows_if_that_does_not_help_and_waits_for_a_person() {
    let mut world = crowded_database(|content| drop(content.as_object_mut().unwrap().remove("approval")));
    world.tick();
    assert_eq!(sentences(&world), [END], "this needs nobody");
    world.tick_after(Span::minutes(11));
    assert!(
        matches!(&world.remedy.stage, Stage::Asked { plan, .. } if plan.sentence() == "reboot db"),
        "{:?}",
        world.remedy.stage
    );
    assert!(world.notes.iter().any(|note| note.contains("did not help")), "{:?}", world.notes);
}

#[test]
fn where_sessions_cannot_be_ended_the_reason_is_noted_and_the_restart_considered() {
    for (change, why) in [
        ((|db| db.cluster = None) as fn(&mut DbFacts), "only Aurora has a Data API"),
        (|db| db.cluster.as_mut().unwrap().has_http_endpoint = false, "the HTTP endpoint of cluster c is not enabled"),
        (|db| db.sessions = Sessions::Hidden("the Data API could not connect: full".into()), "could not connect: full"),
        (|db| db.sessions = Sessions::Listed(vec![idle(1, 9)]), "1 connection: 1 idle (oldest 9 min)"),
    ] {
        let mut world = crowded_database(|_| {});
        change(db_of(&mut world));
        world.tick();
        assert_eq!(sentences(&world), ["reboot db"]);
        let note = world.notes.iter().find(|note| note.contains("passed over")).unwrap();
        assert!(note.contains(why), "{note}");
    }
}

#[test]
fn without_a_restart_what_cannot_be_done_is_refused() {
    let mut world = crowded_database(|content| content["parameters"]["restart"] = json!(false));
    db_of(&mut world).sessions = Sessions::Listed(vec![idle(1, 9)]);
    assert!(world.refusal().contains("no session that may be ended"));
    let mut world = crowded_database(|content| content["parameters"]["restart"] = json!(false));
    world.tick();
    world.tick_after(Span::minutes(11));
    assert_eq!(world.outcome(), &Outcome::NotRecovered { did: END.into() });
    assert_eq!(world.acts.len(), 1);
}

#[test]
fn the_share_of_sessions_is_bounded_as_other_interruptions_are() {
    let limited = |percent| crowded_database(|content| content["limits"] = json!({"blast_radius_percent": percent}));
    assert!(limited(66).refusal().contains("67 % of the capacity"));
    assert!(limited(67).acts_once());
}

#[test]
fn a_tick_cut_off_while_sessions_were_ended_ends_the_rest_of_these_and_no_others() {
    for n_ended in [0, 7, 20] {
        let mut world = crowded_database(|_| {});
        let act = world.begins();
        world.acts.clear();
        let Sessions::Listed(sessions) = &mut db_of(&mut world).sessions else { panic!() };
        *sessions = sessions.drain(n_ended..).chain((100..110).map(|pid| idle(pid, 60))).collect();
        world.tick();
        assert!(world.acts.iter().all(|again| again.plan == act.plan));
        assert_eq!(world.acts.len(), usize::from(n_ended < 20));
        assert_eq!(listed(&mut world), 20, "ten were not chosen and ten came later");
        assert!(matches!(world.remedy.stage, Stage::Verifying { .. }));
    }
}

#[test]
fn sessions_that_cannot_be_seen_after_a_cut_are_ended_again_a_minute_later() {
    let mut world = crowded_database(|_| {});
    world.begins();
    db_of(&mut world).sessions = Sessions::Hidden("full".into());
    assert_eq!(world.tick(), Some(Span::minutes(1).after(world.now)));
    world.tick_after(Span::minutes(1));
    assert_eq!(sentences(&world), [END]);
}

#[test]
fn a_restart_cut_off_before_it_was_begun_is_made_up_for_where_that_can_be_told() {
    let mut world = crowded_database(|content| content["parameters"]["sessions"]["idle_for"] = json!("11m"));
    assert_eq!(world.begins_after_passing_over().plan.sentence(), "reboot db");
    world.tick();
    assert_eq!(sentences(&world), ["reboot db"], "who was connected before still is");
    assert!(matches!(world.remedy.stage, Stage::Verifying { .. }));
}

#[test]
fn a_restart_of_which_nothing_can_be_told_is_left_to_people() {
    for is_done in [false, true] {
        let mut world = World { is_silent: true, ..hot_database() };
        let act = world.begins();
        if is_done {
            world.act(act);
        }
        assert_eq!(world.tick(), Some(Span::minutes(1).after(world.now)), "its traces may be late");
        world.tick_after(Span::minutes(1));
        assert_eq!(world.acts.len(), usize::from(is_done));
        let wanted = "failed: it cannot be told whether the restart was done, and it is not done twice";
        assert_eq!(world.outcome().sentence(), wanted);
        assert_eq!(world.facts.lease.held, None);
    }
}

#[test]
fn a_restart_cut_off_after_it_was_begun_is_not_repeated() {
    for change in [(|world: &mut World| db_of(world).status = "rebooting".into()) as fn(&mut World), |world| {
        db_of(world).restarted_at = Some(Span::seconds(30).after(world.now));
    }] {
        let mut world = World { is_silent: true, ..hot_database() };
        let act = world.begins();
        world.act(act);
        world.tick();
        change(&mut world);
        world.tick_after(Span::minutes(1));
        assert_eq!(world.acts.len(), 1);
        assert!(matches!(world.remedy.stage, Stage::Verifying { .. }), "{:?}", world.remedy.stage);
    }
}

#[test]
fn a_restart_is_not_over_while_the_instance_is_not_available() {
    let mut world = hot_database();
    world.tick();
    db_of(&mut world).status = "rebooting".into();
    world.recovers();
    assert!(world.tick().is_some());
    db_of(&mut world).status = "available".into();
    assert_eq!(world.tick(), None);
    assert!(matches!(world.outcome(), Outcome::Recovered { .. }));
}

#[test]
fn a_restart_that_the_service_did_not_take_yet_is_not_tried_blindly() {
    let mut world = World { is_silent: true, ..hot_database() };
    world.begins();
    assert_eq!(acted(world.situation(), &world.facts.lease, &ActResult::NotNow("timed out".into())), None);
    world.tick_after(Span::seconds(15));
    world.tick_after(Span::minutes(1));
    assert!(world.acts.is_empty());
    assert!(world.remedy.failure().unwrap().contains("cannot be told"));
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn a_crowded_database_is_restarted_at_most_once_and_no_session_is_ended_that_was_not_idle(
        is_silent in any::<bool>(),
        cuts in prop::collection::vec((any::<bool>(), any::<bool>(), 0u64..1_000), 0..12),
    ) {
        let mut world = World { is_silent, ..crowded_database(|_| {}) };
        let Sessions::Listed(sessions) = &mut db_of(&mut world).sessions else { panic!() };
        sessions.extend((100..105).map(|pid| idle(pid, 9)));
        for (is_cut, is_after, seconds) in cuts {
            world.now = Span::seconds(seconds).after(world.now);
            if is_cut {
                world.tick_killed(is_after);
            } else {
                world.tick();
            }
        }
        let n_restarts = sentences(&world).iter().filter(|did| did.starts_with("reboot")).count();
        prop_assert!(n_restarts <= 1, "{:?}", sentences(&world));
        if n_restarts == 0 {
            prop_assert!(listed(&mut world) >= 5, "young sessions are left");
        }
    }
}
