//! Every guard refuses and allows; every stage goes where it should, also when a
//! tick is cut off in the middle.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::facts::{DbFacts, EcsFacts, Facts, Scalable, TargetFacts};
use super::step::{Act, ActResult, Change, Situation, Step, acted, approve, decline, retry_at, step};
use super::{Actions, Holder, Lease, Outcome, Refusal, Remedy, Stage, Target};
use crate::alert::AlertState;
use crate::control::{Control, PolicyInForce, Silence, SilenceKind, Stop};
use crate::incident::{AlertRecord, Incident};
use crate::policy::Policy;
use crate::script::{self, Script};
use crate::span::Span;

/// One target with its remediation, and what stands around it.
struct World {
    now: Timestamp,
    policy: Policy,
    control: Control,
    incident: Incident,
    members: Vec<AlertRecord>,
    remedy: Remedy,
    version: u64,
    clock: i64,
    facts: Facts,
    acts: Vec<Act>,
    notes: Vec<String>,
}

fn scale_out(change: impl FnOnce(&mut Value)) -> Value {
    let mut content = json!({"name": "mend", "matchers": ["alertname=\"hot\""], "action": "ecs-scale-out", "mode": "act"});
    change(&mut content);
    content
}

fn reset(change: impl FnOnce(&mut Value)) -> Value {
    let mut content = json!({"name": "mend", "matchers": ["alertname=\"hot\""], "action": "rds-connection-reset",
        "mode": "act", "approval": "none", "parameters": {"force_failover": true}});
    change(&mut content);
    content
}

fn managed() -> BTreeMap<String, String> {
    [("watchkeeper".to_owned(), "managed".to_owned())].into()
}

fn ecs() -> EcsFacts {
    EcsFacts {
        is_active: true,
        desired: 4,
        running: 4,
        is_deploying: false,
        placement_failure: None,
        tags: managed(),
        scalable: Some(Scalable { min: 2, max: 8, is_out_suspended: false }),
    }
}

fn db() -> DbFacts {
    DbFacts {
        status: "available".into(),
        is_multi_az: true,
        pending: Vec::new(),
        cluster: None,
        restarted_at: None,
        tags: managed(),
    }
}

impl World {
    fn new(remediation: Value, target: TargetFacts) -> World {
        let policy = script::policy(|content| content["remediations"] = json!([remediation]));
        let mut script = Script::new(policy);
        let labels = [("group", "g"), ("ClusterName", "main"), ("ServiceName", "api"), ("DBInstanceIdentifier", "db")];
        script.fires("hot", &labels);
        let incident = script.incidents.values().next().unwrap().clone();
        let remedy = script.remedies[&incident.id][0].clone();
        let remedy_clock = remedy.clock;
        let lease = Lease::free(remedy.target.clone().unwrap());
        World {
            now: script.now,
            control: Control {
                policy: Some(PolicyInForce { version: "1".into(), previous: None, installed_at: script.now }),
                ..Control::default()
            },
            members: script.members(),
            policy: script.policy,
            incident,
            remedy,
            version: 1,
            clock: remedy_clock,
            facts: Facts { target, lease, actions: Actions::default() },
            acts: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn situation(&self) -> Situation<'_> {
        Situation {
            now: self.now,
            policy: &self.policy,
            control: &self.control,
            incident: &self.incident,
            members: &self.members,
            remedy: &self.remedy,
            version: self.version,
            clock: self.clock,
        }
    }

    fn store(&mut self, change: Change) -> Option<Act> {
        self.remedy = change.remedy;
        self.version += 1;
        if let Some(lease) = change.lease {
            self.facts.lease = lease;
        }
        if let Some(actions) = change.actions {
            self.facts.actions = actions;
        }
        self.notes.extend(change.entries.into_iter().map(|entry| entry.text));
        change.act
    }

    /// The target does as it is told.
    fn act(&mut self, act: Act) {
        match (&act, &mut self.facts.target) {
            (Act::SetMinimum { min, .. }, TargetFacts::Ecs(ecs)) => {
                ecs.running = ecs.running.max(*min);
                ecs.scalable.as_mut().unwrap().min = *min;
            }
            (Act::Reboot { .. } | Act::Failover { .. }, TargetFacts::Db(db)) => db.restarted_at = Some(self.now),
            (act, target) => panic!("{act:?} on {target:?}"),
        }
        self.acts.push(act);
    }

    /// One tick; gives when the next is due.
    fn tick(&mut self) -> Option<Timestamp> {
        let mut looked = false;
        for _ in 0..10 {
            let facts = looked.then(|| self.facts.clone());
            match step(self.situation(), facts.as_ref()) {
                Step::Done => return None,
                Step::Wait(until) => return Some(until),
                Step::Look(target) => {
                    assert!(!looked, "looked twice in a row at {target}");
                    looked = true;
                }
                Step::Change(change) => {
                    looked = false;
                    if let Some(act) = self.store(*change) {
                        self.act(act);
                        let change = acted(self.situation(), &self.facts.lease, &ActResult::Done).unwrap();
                        assert_eq!(self.store(change), None);
                    }
                }
            }
        }
        panic!("the tick does not end: {:?}", self.remedy.stage)
    }

    fn tick_after(&mut self, span: Span) -> Option<Timestamp> {
        self.now = span.after(self.now);
        self.tick()
    }

    fn recovers(&mut self) {
        self.now = Span::seconds(1).after(self.now);
        for member in &mut self.members {
            let mut ok = member.history.newest().unwrap().clone();
            (ok.state, ok.state_at, ok.claimed_at, ok.received_at) = (AlertState::Ok, self.now, self.now, self.now);
            member.history.add(ok);
        }
    }

    fn outcome(&self) -> &Outcome {
        match &self.remedy.stage {
            Stage::Over { outcome, .. } => outcome,
            stage => panic!("not over: {stage:?}"),
        }
    }

    fn refusal(mut self) -> String {
        self.tick();
        assert!(self.acts.is_empty(), "a refused action acted");
        match self.outcome() {
            Outcome::Refused { refusal } => refusal.to_string(),
            outcome => panic!("not refused: {outcome:?}"),
        }
    }

    fn is_allowed(mut self) -> bool {
        self.tick();
        self.acts.len() == 1
    }
}

fn refuses_and_allows(make: impl Fn() -> World, forbid: impl Fn(&mut World), barely_allow: impl Fn(&mut World), reason: &str) {
    let mut refused = make();
    forbid(&mut refused);
    let why = refused.refusal();
    assert!(why.contains(reason), "{why}");
    let mut allowed = make();
    barely_allow(&mut allowed);
    assert!(allowed.is_allowed(), "{reason}: the guard refuses what it should allow");
}

fn hot_service() -> World {
    World::new(scale_out(|_| {}), TargetFacts::Ecs(ecs()))
}

fn hot_database() -> World {
    World::new(reset(|_| {}), TargetFacts::Db(db()))
}

fn ecs_of(world: &mut World) -> &mut EcsFacts {
    match &mut world.facts.target {
        TargetFacts::Ecs(ecs) => ecs,
        target => panic!("{target:?}"),
    }
}

fn db_of(world: &mut World) -> &mut DbFacts {
    match &mut world.facts.target {
        TargetFacts::Db(db) => db,
        target => panic!("{target:?}"),
    }
}

fn stop(world: &World) -> Stop {
    Stop { by: "ann".into(), at: world.now, why: "drill".into() }
}

#[test]
fn the_kill_switch_refuses_and_fails_closed() {
    let other = |w: &mut World| drop(w.control.kill.names.insert("other".into(), stop(w)));
    refuses_and_allows(hot_service, |w| w.control.kill.all = Some(stop(w)), other, "stopped by ann");
    refuses_and_allows(hot_service, |w| drop(w.control.kill.names.insert("mend".into(), stop(w))), other, "drill");
    refuses_and_allows(hot_service, |w| w.control.policy = None, |_| {}, "no policy was ever installed");
}

#[test]
fn old_events_are_not_acted_on() {
    let age = |minutes| move |w: &mut World| w.now = Span::minutes(minutes).after(w.now);
    refuses_and_allows(hot_service, age(16), age(15), "the event is 16 min old, and at most 15 min is acted on");
}

#[test]
fn suppressed_alerts_are_not_acted_on() {
    let silence = |matcher: &'static str| {
        move |w: &mut World| {
            let silence = Silence {
                kind: SilenceKind::Maintenance,
                matchers: vec![matcher.into()],
                starts_at: w.now,
                ends_at: Span::hours(1).after(w.now),
                by: "ann".into(),
                why: "work".into(),
            };
            w.control.silences.insert("s".into(), silence);
        }
    };
    refuses_and_allows(hot_service, silence("group=g"), silence("group=h"), "suppressed: maintenance window s by ann");
}

#[test]
fn only_tagged_targets_are_touched() {
    refuses_and_allows(hot_service, |w| ecs_of(w).tags.clear(), |_| {}, "lacks the tag watchkeeper=managed");
    let wrong = |w: &mut World| drop(ecs_of(w).tags.insert("watchkeeper".into(), "ignored".into()));
    refuses_and_allows(hot_service, wrong, |_| {}, "lacks the tag");
    refuses_and_allows(hot_database, |w| db_of(w).tags.clear(), |_| {}, "lacks the tag");
}

#[test]
fn what_names_no_target_or_a_missing_one_is_refused() {
    refuses_and_allows(hot_service, |w| w.remedy.target = None, |_| {}, "names nothing to act on");
    refuses_and_allows(hot_service, |w| w.facts.target = TargetFacts::Missing, |_| {}, "ECS service main/api does not exist");
    refuses_and_allows(hot_service, |w| w.policy.remediations.clear(), |_| {}, "no remediation of this name");
}

#[test]
fn one_at_a_time_and_then_a_pause() {
    let holder = |w: &World| Holder { incident: w.incident.id.clone(), remediation: "x".into(), since: w.now };
    refuses_and_allows(hot_service, |w| w.facts.lease.holder = Some(holder(w)), |_| {}, "is working on this target with x");
    let pause = |seconds| move |w: &mut World| w.facts.lease.cooldown_until = Some(Span::seconds(seconds).after(w.now));
    refuses_and_allows(hot_service, pause(1), pause(0), "left alone until");
}

#[test]
fn the_breaker_opens_after_failures_in_a_row() {
    let failures = |n| move |w: &mut World| w.facts.lease.n_failures = n;
    refuses_and_allows(hot_service, failures(3), failures(2), "3 actions on this target failed in a row");
}

#[test]
fn the_account_has_an_hourly_limit() {
    let actions = |minutes_ago| move |w: &mut World| w.facts.actions.began_at = vec![Span::minutes(minutes_ago).before(w.now); 4];
    refuses_and_allows(hot_service, actions(59), actions(60), "4 actions began in the last hour, and at most 4 may");
}

#[test]
fn the_blast_radius_is_bounded() {
    let limited = |percent| {
        move || World::new(scale_out(|c| c["limits"] = json!({"blast_radius_percent": percent})), TargetFacts::Ecs(ecs()))
    };
    assert!(limited(49)().refusal().contains("50 % of the capacity, and at most 49 %"));
    assert!(limited(50)().is_allowed());
    let limited =
        |percent| move || World::new(reset(|c| c["limits"] = json!({"blast_radius_percent": percent})), TargetFacts::Db(db()));
    assert!(limited(99)().refusal().contains("100 % of the capacity"));
    assert!(limited(100)().is_allowed());
}

#[test]
fn a_service_is_scaled_only_when_that_can_work() {
    let scalable = |change: fn(&mut Scalable)| move |w: &mut World| change(ecs_of(w).scalable.as_mut().unwrap());
    refuses_and_allows(hot_service, |w| ecs_of(w).is_active = false, |_| {}, "not active");
    refuses_and_allows(hot_service, |w| ecs_of(w).scalable = None, |_| {}, "no scalable target");
    refuses_and_allows(hot_service, scalable(|s| s.is_out_suspended = true), |_| {}, "suspended");
    refuses_and_allows(hot_service, |w| ecs_of(w).is_deploying = true, |_| {}, "deployment is in progress");
    let cannot_place = |running| {
        move |w: &mut World| {
            ecs_of(w).placement_failure = Some("no memory".into());
            ecs_of(w).running = running;
        }
    };
    refuses_and_allows(hot_service, cannot_place(3), cannot_place(4), "3 of 4 tasks run and ECS cannot place more: no memory");
    refuses_and_allows(hot_service, scalable(|s| s.max = 4), scalable(|s| s.max = 5), "no headroom: 4 tasks run");
    refuses_and_allows(hot_service, scalable(|s| s.min = 6), scalable(|s| s.min = 5), "no headroom");
}

#[test]
fn a_database_is_restarted_only_when_it_is_well_and_nothing_else_would_change() {
    refuses_and_allows(hot_database, |w| db_of(w).status = "backing-up".into(), |_| {}, "is backing-up, not available");
    refuses_and_allows(
        hot_database,
        |w| db_of(w).pending = vec!["DBInstanceClass".into()],
        |_| {},
        "pending changes: DBInstanceClass",
    );
}

#[test]
fn the_recipe_is_a_higher_minimum_and_never_a_lower_maximum() {
    for (running, min, max, factor, wanted) in
        [(4, 2, 8, 1.5, 6), (3, 1, 8, 1.5, 5), (12, 4, 40, 1.5, 18), (6, 2, 8, 2.0, 8), (1, 1, 2, 1.01, 2), (0, 0, 5, 1.5, 0)]
    {
        let mut world = World::new(
            scale_out(|c| {
                c["parameters"] = json!({"factor": factor});
                c["limits"] = json!({"blast_radius_percent": 1000});
            }),
            TargetFacts::Ecs(ecs()),
        );
        ecs_of(&mut world).running = running;
        ecs_of(&mut world).desired = running;
        ecs_of(&mut world).scalable = Some(Scalable { min, max, is_out_suspended: false });
        world.tick();
        let set: Vec<u32> = world
            .acts
            .iter()
            .map(|act| match act {
                Act::SetMinimum { min, .. } => *min,
                act => panic!("{act:?}"),
            })
            .collect();
        assert_eq!(set, if wanted == 0 { vec![] } else { vec![wanted] }, "{running} running in {min}..{max} × {factor}");
        assert!(set.iter().all(|set| *set > min && *set <= max));
    }
}

#[test]
fn a_standby_is_used_where_there_is_one() {
    let act = |change: fn(&mut DbFacts)| {
        let mut world = hot_database();
        change(db_of(&mut world));
        world.tick();
        world.acts
    };
    assert_eq!(act(|_| {}), [Act::Reboot { instance: "db".into(), force_failover: true }]);
    assert_eq!(act(|db| db.is_multi_az = false), [Act::Reboot { instance: "db".into(), force_failover: false }]);
    assert_eq!(act(|db| db.cluster = Some(("c".into(), 3))), [Act::Failover { cluster: "c".into() }]);
    assert_eq!(act(|db| db.cluster = Some(("c".into(), 1))), [Act::Reboot { instance: "db".into(), force_failover: true }]);
}

#[test]
fn observing_says_what_would_be_done_and_touches_nothing() {
    let mut world = World::new(scale_out(|c| drop(c.as_object_mut().unwrap().remove("mode"))), TargetFacts::Ecs(ecs()));
    assert_eq!(world.tick(), None);
    assert!(world.acts.is_empty());
    assert_eq!(
        world.outcome().sentence(),
        "observed only; it would raise the minimum capacity of main/api from 2 to 6 (4 running)"
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
    assert_eq!(world.acts.last(), Some(&Act::SetMinimum { cluster: "main".into(), service: "api".into(), min: 2 }));
    assert_eq!(world.acts.len(), 2);
    assert!(matches!(world.outcome(), Outcome::Reverted { recovered: true, .. }));
    assert_eq!(world.facts.lease.holder, None);
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
        "was not put back: the minimum is 7 now, which is not the 6 that was set \
         (raise the minimum capacity of main/api from 2 to 6 (4 running))"
    );
}

fn asked() -> World {
    let mut world = World::new(reset(|c| c["approval"] = json!("required")), TargetFacts::Db(db()));
    let expires = world.tick().unwrap();
    assert!(matches!(world.remedy.stage, Stage::Asked { .. }));
    assert_eq!(expires, Span::hours(4).after(world.now));
    world
}

#[test]
fn a_restart_waits_for_a_person_by_default() {
    let mut world = World::new(reset(|c| drop(c.as_object_mut().unwrap().remove("approval"))), TargetFacts::Db(db()));
    world.tick();
    assert!(matches!(world.remedy.stage, Stage::Asked { .. }));
    let mut world = asked();
    let (remedy, entries) = approve(world.now, &world.remedy, world.version, "ann").unwrap();
    assert_eq!(entries[0].text, "ann approved mend: reboot db by failing over to its standby");
    world.remedy = remedy;
    world.tick();
    assert_eq!(world.acts.len(), 1);
    assert!(approve(world.now, &world.remedy, world.version, "bob").unwrap_err().contains("does not wait for approval"));
    world.recovers();
    assert_eq!(world.tick(), None);
    assert!(matches!(world.outcome(), Outcome::Recovered { .. }));
}

#[test]
fn the_guards_are_asked_again_after_approval() {
    let mut world = asked();
    world.remedy = approve(world.now, &world.remedy, world.version, "ann").unwrap().0;
    db_of(&mut world).status = "rebooting".into();
    world.tick();
    assert!(world.acts.is_empty());
    assert!(matches!(world.outcome(), Outcome::Refused { refusal: Refusal::NotAvailable { .. } }));
}

#[test]
fn a_question_ends_by_no_by_time_by_recovery_and_by_the_kill_switch() {
    let mut world = asked();
    world.remedy = decline(world.now, &world.remedy, world.version, "ann").unwrap().0;
    assert_eq!(world.outcome().sentence(), "declined by ann");
    let mut world = asked();
    assert_eq!(world.tick_after(Span::hours(4)), None);
    assert_eq!(world.outcome(), &Outcome::Expired);
    let world = {
        let mut world = asked();
        world.now = Span::hours(4).after(world.now);
        world
    };
    assert!(approve(world.now, &world.remedy, world.version, "ann").unwrap_err().contains("ran out"));
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
        let Step::Look(_) = step(world.situation(), None) else { panic!("should look") };
        let Step::Change(change) = step(world.situation(), Some(&world.facts.clone())) else { panic!("should claim") };
        let act = world.store(*change).unwrap();
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

        let mut world = cut_off(hot_database(), acted);
        let waits = world.tick();
        if !acted {
            assert_eq!(waits, Some(Span::minutes(1).after(world.now)), "its traces may be late");
            world.tick_after(Span::minutes(1));
        }
        assert_eq!(world.acts.len(), 1, "restart, acted before: {acted}");
        assert!(matches!(world.remedy.stage, Stage::Verifying { .. }));
    }
}

#[test]
fn another_execution_waits_before_it_takes_over_an_act() {
    let mut world = hot_service();
    let Step::Change(change) = step(world.situation(), Some(&world.facts.clone())) else { panic!("should claim") };
    world.store(*change);
    world.clock += 1;
    assert_eq!(world.tick(), Some(Span::minutes(1).after(world.now)));
    assert!(world.acts.is_empty());
    world.tick_after(Span::minutes(1));
    assert_eq!(world.acts.len(), 1);
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
    let Step::Change(change) = step(world.situation(), Some(&world.facts.clone())) else { panic!("should claim") };
    world.store(*change);
    assert_eq!(acted(world.situation(), &world.facts.lease, &ActResult::NotNow("throttled".into())), None);
    assert!(retry_at(world.situation()) > world.now);
    let change = acted(world.situation(), &world.facts.lease, &ActResult::Impossible("access denied".into())).unwrap();
    assert!(change.nudge, "people have waited for this");
    world.store(change);
    assert_eq!(world.outcome().sentence(), "failed: access denied");
    assert_eq!((world.facts.lease.n_failures, world.facts.lease.holder.clone()), (1, None));
}

#[test]
fn targets_come_from_dimensions_and_else_from_the_catalogue() {
    let world = hot_service();
    assert_eq!(world.remedy.target, Some(Target::EcsService { cluster: "main".into(), service: "api".into() }));
    assert_eq!(hot_database().remedy.target, Some(Target::DbInstance { instance: "db".into() }));
    let policy = script::policy(|content| {
        content["services"] = json!([{"name": "shop", "ecs": {"cluster": "c", "service": "shop"}}]);
        content["remediations"] = json!([scale_out(|_| {})]);
    });
    let mut script = Script::new(policy);
    script.fires("hot", &[("service", "shop")]);
    let remedy = script.remedies.values().next().unwrap()[0].clone();
    assert_eq!(remedy.target, Some(Target::EcsService { cluster: "c".into(), service: "shop".into() }));
}
