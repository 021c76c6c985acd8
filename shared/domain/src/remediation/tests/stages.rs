//! Every stage goes where it should, also when a tick is cut off in the middle.

use serde_json::json;

use super::sim::{At, Sim};
use super::{World, db, db_of, ecs, ecs_of, hot_service, reset, scale_out, stop};
use crate::alert::AlertState;
use crate::remediation::step::{ActResult, Step, acted, approve, decline, retry_at, step};
use crate::remediation::{Outcome, Refusal, Stage, TargetFacts};
use crate::span::Span;

#[test]
fn observing_says_what_would_be_done_and_touches_nothing() {
    let mut world = World::new(&scale_out(|c| drop(c.as_object_mut().unwrap().remove("mode"))), TargetFacts::EcsScaleOut(ecs()));
    world.tick();
    assert!(matches!(world.remedy.stage, Stage::Observing { .. }));
    ecs_of(&mut world).scalable.as_mut().unwrap().min = 5;
    world.recovers();
    assert_eq!(world.tick(), None);
    assert!(world.acts.is_empty());
    assert_eq!(
        world.outcome().sentence(),
        "observed only; it would raise the minimum capacity of main/api from 2 to 6 (4 running); \
         without it: the minimum capacity is 5, not 2"
    );
}

#[test]
fn what_helped_is_put_back_once_all_has_been_well_for_a_while() {
    let mut world = hot_service();
    let next = world.tick().unwrap();
    assert!(matches!(world.remedy.stage, Stage::Verifying { .. }));
    assert_eq!(next, Span::seconds(15).after(world.now));
    world.tick_after(Span::minutes(2));
    world.recovers();
    let revert_at = world.tick().unwrap();
    assert!(matches!(world.remedy.stage, Stage::Holding { recovered: true, .. }));
    assert_eq!(revert_at, Span::minutes(10).after(world.now));
    assert_eq!(world.tick_after(Span::minutes(10)), None);
    assert!(world.acts[1].is_undoing);
    assert_eq!(world.acts[1].plan, world.acts[0].plan);
    assert_eq!(ecs_of(&mut world).scalable.unwrap().min, 2);
    assert_eq!(world.acts.len(), 2);
    assert!(matches!(world.outcome(), Outcome::Reverted { recovered: true, .. }));
    assert_eq!(world.facts.lease.held, None);
    assert_eq!(world.facts.lease.n_failures, 0);
    assert!(world.facts.lease.cooldown_until.is_some());
}

#[test]
fn what_did_not_help_escalates_and_is_put_back_when_all_is_well() {
    let mut world = hot_service();
    world.tick();
    world.tick_after(Span::minutes(11));
    assert!(matches!(world.remedy.stage, Stage::Holding { recovered: false, .. }));
    assert!(world.remedy.failure().unwrap().contains("did not help"));
    assert_eq!(world.facts.lease.n_failures, 1);
    world.recovers();
    world.tick_after(Span::minutes(10));
    assert!(matches!(world.outcome(), Outcome::Reverted { recovered: false, .. }));
    assert_eq!(world.facts.lease.n_failures, 1);
}

#[test]
fn what_somebody_else_changed_is_left_as_it_is() {
    let mut world = hot_service();
    world.tick();
    world.recovers();
    world.tick();
    ecs_of(&mut world).scalable.as_mut().unwrap().min = 7;
    world.tick_after(Span::minutes(10));
    assert_eq!(world.acts.len(), 1);
    assert_eq!(
        world.outcome().sentence(),
        "was not put back: the minimum capacity is 7 now, set by somebody else: neither 2 nor 6 \
         (raise the minimum capacity of main/api from 2 to 6 (4 running))"
    );
}

fn asked() -> World {
    let mut world = World::new(&reset(|c| c["approval"] = json!("required")), TargetFacts::RdsConnectionReset(db()));
    let expires = world.tick().unwrap();
    assert!(matches!(world.remedy.stage, Stage::Asked { .. }));
    assert_eq!(expires, Span::hours(4).after(world.now));
    world
}

#[test]
fn a_restart_waits_for_a_person_by_default() {
    let mut world =
        World::new(&reset(|c| drop(c.as_object_mut().unwrap().remove("approval"))), TargetFacts::RdsConnectionReset(db()));
    world.tick();
    assert!(matches!(world.remedy.stage, Stage::Asked { .. }));
    let mut world = asked();
    let (remedy, entries) = approve(world.now, &world.incident.id, &world.remedy, world.version, "ann").unwrap();
    assert_eq!(entries[0].text, "ann approved mend: reboot db by failing over to its standby");
    world.remedy = remedy;
    world.tick();
    assert_eq!(world.acts.len(), 1);
    assert!(
        approve(world.now, &world.incident.id, &world.remedy, world.version, "bob")
            .unwrap_err()
            .contains("does not wait for approval")
    );
    world.recovers();
    assert_eq!(world.tick(), None);
    assert!(matches!(world.outcome(), Outcome::Recovered { .. }));
}

#[test]
fn the_guards_are_asked_again_after_approval() {
    let mut world = asked();
    world.remedy = approve(world.now, &world.incident.id, &world.remedy, world.version, "ann").unwrap().0;
    db_of(&mut world).status = "rebooting".into();
    world.tick();
    assert!(world.acts.is_empty());
    assert!(matches!(world.outcome(), Outcome::Refused { refusal: Refusal::Unfit { .. } }));
}

#[test]
fn whoever_is_asked_again_and_whoever_listens_hears_why() {
    let mut world = World::new(&scale_out(|c| c["approval"] = json!("required")), TargetFacts::EcsScaleOut(ecs()));
    world.tick();
    world.remedy = approve(world.now, &world.incident.id, &world.remedy, world.version, "ann").unwrap().0;
    (ecs_of(&mut world).running, ecs_of(&mut world).desired) = (5, 5);
    world.tick();
    assert!(matches!(world.remedy.stage, Stage::Asked { .. }));
    let why = "ann approved something else: raise the minimum capacity of main/api from 2 to 6 (4 running)";
    assert_eq!(world.remedy.outbox.last().unwrap().because.last().unwrap(), why);
}

#[test]
fn a_question_ends_by_no_by_time_by_recovery_and_by_the_kill_switch() {
    let mut world = asked();
    world.remedy = decline(world.now, &world.incident.id, &world.remedy, world.version, "ann").unwrap().0;
    assert_eq!(world.outcome().sentence(), "declined by ann");
    let mut world = asked();
    assert_eq!(world.tick_after(Span::hours(4)), None);
    assert_eq!(world.outcome(), &Outcome::Expired);
    let world = {
        let mut world = asked();
        world.now = Span::hours(4).after(world.now);
        world
    };
    assert!(approve(world.now, &world.incident.id, &world.remedy, world.version, "ann").unwrap_err().contains("ran out"));
    let mut world = asked();
    world.recovers();
    world.tick();
    assert!(matches!(world.outcome(), Outcome::Withdrawn { .. }));
    let mut world = asked();
    world.control.kill.all = Some(stop(&world));
    world.tick();
    assert!(matches!(world.outcome(), Outcome::Refused { refusal: Refusal::Stopped { .. } }));
}

#[test]
fn a_tick_cut_off_before_its_act_is_made_up_for_and_one_cut_off_after_it_is_not_repeated() {
    let cut_off = |mut world: World, acted: bool| {
        let act = world.begins();
        if acted {
            world.act(act);
        }
        world
    };
    for acted in [false, true] {
        let mut world = cut_off(hot_service(), acted);
        world.tick();
        assert_eq!(world.acts.len(), 1, "scale-out, acted before: {acted}");
        assert!(matches!(world.remedy.stage, Stage::Verifying { .. }));
    }
}

#[test]
fn what_was_cut_off_is_not_made_up_for_once_all_is_well() {
    let mut world = hot_service();
    world.begins();
    world.recovers();
    assert_eq!(world.tick(), None);
    assert!(world.acts.is_empty());
    assert!(matches!(world.outcome(), Outcome::Withdrawn { .. }), "{:?}", world.outcome());
    assert_eq!((world.facts.lease.held.clone(), world.facts.lease.n_failures), (None, 0));
}

#[test]
fn another_execution_waits_before_it_takes_over_an_act() {
    let mut world = hot_service();
    world.begins();
    world.clock += 1;
    assert_eq!(world.tick(), Some(Span::minutes(1).after(world.now)));
    assert!(world.acts.is_empty());
    world.tick_after(Span::minutes(1));
    assert_eq!(world.acts.len(), 1);
}

#[test]
fn an_execution_that_has_noted_its_number_waits_all_the_same() {
    let mut world = hot_service();
    let act = world.begins();
    world.clock += 1;
    let until = Span::minutes(1).after(world.now);
    // What a tick notes when it has nothing to do but to wait.
    (world.remedy.clock, world.remedy.wake_at) = (world.clock, Some(until));
    assert_eq!(world.tick_after(Span::seconds(20)), Some(until), "the tick that acts may still be about it");
    world.act(act);
    world.tick();
    assert_eq!(world.acts.len(), 1);
}

#[test]
fn another_execution_waits_before_it_takes_over_what_is_put_back() {
    let mut world = hot_service();
    world.tick();
    world.recovers();
    world.tick();
    world.now = Span::minutes(10).after(world.now);
    let Step::Change(change) = step(world.situation(), Some(&world.facts.clone())) else { panic!("should revert") };
    world.store(*change).unwrap();
    world.clock += 1;
    let until = Span::minutes(1).after(world.now);
    assert_eq!(world.tick_after(Span::seconds(59)), Some(until));
    assert_eq!(world.acts.len(), 1, "nothing is put back twice");
    assert_eq!(world.tick_after(Span::seconds(1)), None);
    assert!(matches!(world.outcome(), Outcome::Reverted { .. }));
}

#[test]
fn a_change_that_did_not_help_is_one_failure_whoever_is_left_to_put_it_back() {
    let mut sim = Sim::new(
        &["a", "b"].map(|name| {
            scale_out(|c| {
                (c["name"], c["matchers"]) = (json!(name), json!([format!("alertname={name:?}")]));
            })
        }),
        &[(0, 1), (1, 1)],
    );
    let ticks = |sim: &mut Sim, n: usize| {
        for _ in 0..20 {
            if let Some(next) = sim.workers[n].at.moves().first() {
                sim.apply(n, *next);
            }
            if matches!(sim.workers[n].at, At::Asleep { .. } | At::Ended) {
                return;
            }
        }
    };
    ticks(&mut sim, 0);
    sim.pass(Span::minutes(5));
    ticks(&mut sim, 1);
    assert_eq!(sim.lease.value.held.as_ref().unwrap().by.len(), 2, "both share it");
    sim.pass(Span::minutes(6));
    ticks(&mut sim, 0);
    assert_eq!(sim.lease.value.n_failures, 1, "it did not help the first");
    sim.alarm(0, AlertState::Ok);
    sim.pass(Span::minutes(10));
    ticks(&mut sim, 0);
    assert!(sim.is_over(0), "the first has handed it on");
    ticks(&mut sim, 1);
    assert_eq!(sim.remedies[1].value.stage.word(), "not-recovered");
    assert_eq!(sim.lease.value.n_failures, 1, "nor the second, but it is the same change");
}

#[test]
fn a_revert_cut_off_is_finished() {
    for acted in [false, true] {
        let mut world = hot_service();
        world.tick();
        world.recovers();
        world.tick();
        world.now = Span::minutes(10).after(world.now);
        let Step::Change(change) = step(world.situation(), Some(&world.facts.clone())) else { panic!("should revert") };
        let act = world.store(*change).unwrap();
        if acted {
            world.act(act);
        }
        world.tick();
        assert!(matches!(world.outcome(), Outcome::Reverted { .. }));
        assert_eq!(world.acts.len(), 2, "acted before: {acted}");
    }
}

#[test]
fn an_impossible_act_fails_and_counts_and_a_delayed_one_is_tried_again() {
    let mut world = hot_service();
    world.begins();
    assert_eq!(acted(world.situation(), &world.facts.lease, &ActResult::NotNow("throttled".into())), None);
    assert!(retry_at(world.situation()) > world.now);
    let change = acted(world.situation(), &world.facts.lease, &ActResult::Impossible("access denied".into())).unwrap();
    assert!(change.nudge, "people have waited for this");
    world.store(change);
    assert_eq!(world.outcome().sentence(), "failed: access denied");
    assert_eq!((world.facts.lease.n_failures, world.facts.lease.held.clone()), (1, None));
}
