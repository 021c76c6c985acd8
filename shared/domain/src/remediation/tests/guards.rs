//! Every guard refuses and allows; what is allowed is what the recipe says.

use serde_json::json;

use super::{World, db, db_of, ecs, ecs_of, hot_database, hot_service, reset, scale_out, stop};
use crate::control::{Silence, SilenceKind};
use crate::remediation::action::{DbFacts, RdsConnectionResetPlan, Scalable};
use crate::remediation::{Held, Holder, Phase, Plan, Target, TargetFacts};
use crate::script::{self, Script};
use crate::span::Span;

pub(super) fn refuses_and_allows(
    make: impl Fn() -> World,
    forbid: impl Fn(&mut World),
    barely_allow: impl Fn(&mut World),
    reason: &str,
) {
    let mut refused = make();
    forbid(&mut refused);
    let why = refused.refusal();
    assert!(why.contains(reason), "{why}");
    let mut allowed = make();
    barely_allow(&mut allowed);
    assert!(allowed.acts_once(), "{reason}: the guard refuses what it should allow");
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
    let held = |w: &World| Held {
        by: vec![Holder { incident: w.incident.id.clone(), remediation: "x".into() }],
        since: w.now,
        plan: Plan::RdsConnectionReset(RdsConnectionResetPlan::Reboot { instance: "db".into(), force_failover: false }),
        phase: Phase::Stands,
    };
    refuses_and_allows(hot_service, |w| w.facts.lease.held = Some(held(w)), |_| {}, "is working on this target with x");
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
        move || {
            World::new(&scale_out(|c| c["limits"] = json!({"blast_radius_percent": percent})), TargetFacts::EcsScaleOut(ecs()))
        }
    };
    assert!(limited(49)().refusal().contains("50 % of the capacity, and at most 49 %"));
    assert!(limited(50)().acts_once());
    let limited = |percent| {
        move || {
            World::new(&reset(|c| c["limits"] = json!({"blast_radius_percent": percent})), TargetFacts::RdsConnectionReset(db()))
        }
    };
    assert!(limited(99)().refusal().contains("100 % of the capacity"));
    assert!(limited(100)().acts_once());
}

#[test]
fn a_service_is_scaled_only_when_that_can_work() {
    let scalable = |change: fn(&mut Scalable)| move |w: &mut World| change(ecs_of(w).scalable.as_mut().unwrap());
    refuses_and_allows(hot_service, |w| ecs_of(w).is_active = false, |_| {}, "not active");
    refuses_and_allows(hot_service, |w| ecs_of(w).scalable = None, |_| {}, "no scalable target");
    refuses_and_allows(hot_service, scalable(|s| s.is_out_suspended = true), |_| {}, "suspended");
    refuses_and_allows(hot_service, |w| ecs_of(w).deployments[0].is_in_progress = true, |_| {}, "deployment is in progress");
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
    for (running, min, max, percent, wanted) in
        [(4, 2, 8, 50, 6), (3, 1, 8, 50, 5), (12, 4, 40, 50, 18), (6, 2, 8, 100, 8), (1, 1, 2, 1, 2), (0, 0, 5, 50, 0)]
    {
        let mut world = World::new(
            &scale_out(|c| {
                c["parameters"] = json!({"add_percent": percent});
                c["limits"] = json!({"blast_radius_percent": 1000});
            }),
            TargetFacts::EcsScaleOut(ecs()),
        );
        ecs_of(&mut world).running = running;
        ecs_of(&mut world).desired = running;
        ecs_of(&mut world).scalable = Some(Scalable { min, max, is_out_suspended: false });
        world.tick();
        let set: Vec<u32> = world
            .acts
            .iter()
            .map(|act| match &act.plan {
                Plan::EcsScaleOut(plan) => plan.after,
                plan => panic!("{plan:?}"),
            })
            .collect();
        assert_eq!(set, if wanted == 0 { vec![] } else { vec![wanted] }, "{running} running in {min}..{max}, {percent} % more");
        assert!(set.iter().all(|set| *set > min && *set <= max));
    }
}

#[test]
fn a_standby_is_used_where_there_is_one() {
    let act = |change: fn(&mut DbFacts)| {
        let mut world = hot_database();
        change(db_of(&mut world));
        world.tick();
        assert_eq!(world.acts.len(), 1);
        world.acts[0].plan.sentence()
    };
    assert_eq!(act(|_| {}), "reboot db by failing over to its standby");
    assert_eq!(act(|db| db.is_multi_az = false), "reboot db");
    assert_eq!(act(|db| db.cluster = Some(("c".into(), 3))), "fail over cluster c of db");
    assert_eq!(act(|db| db.cluster = Some(("c".into(), 1))), "reboot db by failing over to its standby");
}

#[test]
fn targets_come_from_dimensions_and_else_from_the_catalogue() {
    let world = hot_service();
    assert_eq!(world.remedy.target, Some(Target::new("ECS service", "main/api")));
    assert_eq!(hot_database().remedy.target, Some(Target::new("RDS instance", "db")));
    let policy = script::policy(|content| {
        content["services"] = json!([{"name": "shop", "ecs": {"cluster": "c", "service": "shop"}}]);
        content["remediations"] = json!([scale_out(|_| {})]);
    });
    let mut script = Script::new(policy);
    script.fires("hot", &[("service", "shop")]);
    let (_, remedy) = script.first_remedy();
    assert_eq!(remedy.target, Some(Target::new("ECS service", "c/shop")));
}
