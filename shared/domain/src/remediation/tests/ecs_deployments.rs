//! New deployments of an ECS service: of what it runs, and of what it ran before.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::guards::refuses_and_allows;
use super::{World, deployment, ecs, ecs_of, hot_service};
use crate::policy::Policy;
use crate::remediation::action::{Action, ActionKind, Attempt, Deployment, EcsFacts, placement_failure};
use crate::remediation::{Outcome, Stage, TargetFacts};
use crate::script;
use crate::span::Span;

const V1: &str = "arn:aws:ecs:eu-central-1:111122223333:task-definition/api:1";
const V2: &str = "arn:aws:ecs:eu-central-1:111122223333:task-definition/api:2";
const V3: &str = "arn:aws:ecs:eu-central-1:111122223333:task-definition/api:3";

fn remediation(action: &str, parameters: &Value) -> Value {
    json!({"name": "mend", "matchers": ["alertname=\"hot\""], "action": action, "mode": "act", "approval": "none",
        "parameters": parameters})
}

fn running(task_definition: &str, created_at: Timestamp) -> Deployment {
    Deployment { task_definition: task_definition.into(), created_at, ..deployment(false) }
}

/// A service whose tasks have run for long and are stuck.
fn stuck_service() -> World {
    World::new(&remediation("ecs-new-deployment", &json!({})), TargetFacts::EcsNewDeployment(ecs()))
}

/// A service whose alarm began five minutes after a deployment did.
fn bad_deployment() -> World {
    let mut world = World::new(&remediation("ecs-rollback", &json!({})), TargetFacts::EcsRollback(ecs()));
    let began_at = Span::minutes(5).before(world.remedy.alert_at);
    let facts = ecs_of(&mut world);
    facts.deployments = vec![running(V2, began_at)];
    facts.last_steady = Some(V1.into());
    world
}

fn primary(world: &mut World) -> &mut Deployment {
    &mut ecs_of(world).deployments[0]
}

/// Changes the facts of a world.
fn facts(change: impl Fn(&mut EcsFacts)) -> impl Fn(&mut World) {
    move |world| change(ecs_of(world))
}

#[test]
fn tasks_are_replaced_only_where_ecs_can_and_nobody_is_at_it() {
    let make = stuck_service;
    refuses_and_allows(make, facts(|it| it.is_active = false), |_| {}, "not active");
    refuses_and_allows(make, facts(|it| it.deployments.clear()), |_| {}, "something else deploys it");
    let older = |it: &mut EcsFacts| it.deployments.push(deployment(false));
    refuses_and_allows(make, facts(older), |_| {}, "a deployment is in progress");
    refuses_and_allows(make, |w| primary(w).is_in_progress = true, |_| {}, "a deployment is in progress");
    let unplaceable = |running| {
        facts(move |it| {
            it.placement_failure = Some("insufficient memory available".into());
            it.running = running;
        })
    };
    let why = "3 of 4 tasks run and ECS cannot place more: insufficient memory available";
    refuses_and_allows(make, unplaceable(3), unplaceable(4), why);
    let wanted = |tasks| {
        facts(move |it| {
            it.desired = tasks;
            it.running = tasks;
        })
    };
    refuses_and_allows(make, wanted(0), wanted(1), "no task is wanted");
}

#[test]
fn fresh_tasks_are_not_replaced() {
    let aged = |span: Span| move |w: &mut World| primary(w).created_at = span.before(w.now);
    let almost = Span::millis(Span::minutes(15).as_millis() - 1);
    refuses_and_allows(stuck_service, aged(almost), aged(Span::minutes(15)), "less than 15 min ago");
    let patient = || {
        let remediation = remediation("ecs-new-deployment", &json!({"min_age": "2h"}));
        World::new(&remediation, TargetFacts::EcsNewDeployment(ecs()))
    };
    refuses_and_allows(patient, aged(Span::minutes(119)), aged(Span::hours(2)), "less than 2 h ago");
}

#[test]
fn what_a_deployment_may_take_away_at_a_time_is_its_blast_radius() {
    for (action, make) in
        [("ecs-new-deployment", stuck_service as fn() -> World), ("ecs-rollback", bad_deployment as fn() -> World)]
    {
        let limited = |healthy, percent| {
            let mut content = remediation(action, &json!({}));
            content["limits"] = json!({"blast_radius_percent": percent});
            move || {
                let mut world = make();
                world.policy = script::policy(|it| it["remediations"] = json!([content]));
                ecs_of(&mut world).minimum_healthy_percent = healthy;
                world
            }
        };
        for (healthy, touched) in [(0, 100), (50, 50), (99, 1), (100, 1), (150, 1)] {
            assert!(limited(healthy, touched)().acts_once(), "{action}: {healthy} % stay");
        }
        let why = limited(50, 49)().refusal();
        assert!(why.contains("it would touch 50 % of the capacity, and at most 49 % may be"), "{why}");
    }
}

#[test]
fn both_wait_for_a_person_by_default() {
    for (action, mut world) in [("ecs-new-deployment", stuck_service()), ("ecs-rollback", bad_deployment())] {
        let mut content = remediation(action, &json!({}));
        content.as_object_mut().unwrap().remove("approval");
        world.policy = script::policy(|it| it["remediations"] = json!([content]));
        world.tick();
        assert!(matches!(world.remedy.stage, Stage::Asked { .. }), "{action}");
    }
}

#[test]
fn new_tasks_are_in_place_when_one_deployment_is_left_and_all_of_them_run() {
    let mut world = stuck_service();
    world.tick();
    assert_eq!(world.acts[0].plan.sentence(), "replace the tasks of main/api by a new deployment of api:2");
    let plan = world.acts[0].plan.clone();
    let check = |change: &dyn Fn(&mut EcsFacts), wanted: &str| {
        let mut facts = EcsFacts { deployments: vec![running("api:2", world.now)], ..ecs() };
        change(&mut facts);
        let found = plan.in_place(&TargetFacts::EcsNewDeployment(facts));
        assert_eq!(found.map_or_else(|lacking| format!("{lacking:?}"), |()| "in place".to_owned()), wanted);
    };
    check(&|_| {}, "in place");
    check(&|it| it.running = 3, r#"Yet("3 of 4 tasks are running")"#);
    check(&|it| it.deployments[0].is_in_progress = true, r#"Yet("a deployment is in progress: 4 of 4 tasks are running")"#);
    check(&|it| it.deployments.push(deployment(false)), r#"Yet("a deployment is in progress: 4 of 4 tasks are running")"#);
    check(&|it| it.deployments[0] = deployment(false), r#"Yet("the new deployment is not the primary one")"#);
    check(&|it| it.deployments[0].task_definition = V3.into(), r#"Failed("api:3 was deployed meanwhile")"#);
    check(&|it| it.is_active = false, r#"Failed("the service is not active any more")"#);
    let failed = r#"Failed("the new deployment of api:2 failed: tasks failed to start")"#;
    check(&|it| it.deployments[0].failure = Some("tasks failed to start".into()), failed);
    let gone_back = |it: &mut EcsFacts| {
        it.deployments[0].failure = Some("tasks failed to start".into());
        it.deployments.insert(0, deployment(true));
    };
    check(&gone_back, failed);
    check(
        &|it| (it.running, it.placement_failure) = (1, Some("insufficient CPU".into())),
        r#"Yet("1 of 4 tasks are running; ECS cannot place more: insufficient CPU")"#,
    );
}

#[test]
fn a_failed_deployment_escalates_at_once() {
    let mut world = stuck_service();
    world.tick();
    primary(&mut world).failure = Some("tasks failed to start".into());
    assert_eq!(world.tick_after(Span::seconds(15)), None);
    assert!(matches!(world.outcome(), Outcome::NotRecovered { .. }), "{:?}", world.outcome());
}

#[test]
fn a_deployment_that_was_cut_off_is_never_begun_twice() {
    // It was begun: whatever the clocks say within their bounds, that is seen.
    for (seconds, is_seen) in [(5, true), (6, false)] {
        let mut world = stuck_service();
        let act = world.begins();
        world.act(act);
        primary(&mut world).created_at = Span::seconds(seconds).before(world.now);
        world.tick();
        assert_eq!(world.acts.len(), 1);
        assert_eq!(matches!(world.remedy.stage, Stage::Verifying { .. }), is_seen, "{:?}", world.remedy.stage);
    }
    // It does not show: not begun again before it must have shown.
    let mut world = stuck_service();
    world.begins();
    assert_eq!(world.tick(), Some(Span::minutes(1).after(world.now)));
    world.tick_after(Span::minutes(1));
    assert_eq!(world.acts.len(), 1);
    // Somebody has deployed something else meanwhile.
    let mut world = stuck_service();
    world.begins();
    *primary(&mut world) = running(V3, world.now);
    world.tick();
    assert!(world.acts.is_empty());
    assert!(world.outcome().sentence().starts_with("failed: api:3 was deployed at"), "{:?}", world.outcome());
}

#[test]
fn only_a_deployment_shortly_before_the_alarm_is_rolled_back() {
    let began = |span: Span| move |w: &mut World| primary(w).created_at = span.before(w.remedy.alert_at);
    let late = Span::millis(Span::minutes(15).as_millis() + 1);
    refuses_and_allows(bad_deployment, began(late), began(Span::minutes(15)), "more than 15 min before the alarm did");
    let after = |w: &mut World| primary(w).created_at = Span::millis(1).after(w.remedy.alert_at);
    refuses_and_allows(bad_deployment, after, began(Span::ZERO), "after the alarm did");
    let narrow = || {
        let mut world = bad_deployment();
        let remediation = remediation("ecs-rollback", &json!({"deployed_within": "4m"}));
        world.policy = script::policy(|it| it["remediations"] = json!([remediation]));
        world
    };
    refuses_and_allows(narrow, |_| {}, began(Span::minutes(4)), "more than 4 min before");
}

#[test]
fn a_rollback_needs_an_older_revision_that_was_steady() {
    let make = bad_deployment;
    let steady = |arn: &'static str| facts(move |it| it.last_steady = Some(arn.into()));
    refuses_and_allows(make, facts(|it| it.is_active = false), |_| {}, "not active");
    refuses_and_allows(make, facts(|it| it.deployments.clear()), |_| {}, "something else deploys it");
    refuses_and_allows(make, facts(|it| it.last_steady = None), |_| {}, "no earlier deployment is known");
    refuses_and_allows(make, steady(V2), steady(V1), "api:2 ran before the last deployment, too");
    refuses_and_allows(make, steady(V3), steady(V1), "a rollback itself, from api:3 to api:2");
    let other = "arn:aws:ecs:eu-central-1:111122223333:task-definition/web:1";
    refuses_and_allows(make, steady(other), steady(V1), "web:1 ran before, which is of another family than api:2");
}

#[test]
fn without_a_history_the_older_deployment_that_still_runs_is_gone_back_to() {
    let older = |change: fn(&mut Deployment)| {
        move |w: &mut World| {
            let mut older = running(V1, Span::hours(1).before(w.now));
            change(&mut older);
            let facts = ecs_of(w);
            facts.last_steady = None;
            facts.deployments[0].is_in_progress = true;
            facts.deployments.push(older);
        }
    };
    let why = "no earlier deployment is known";
    refuses_and_allows(bad_deployment, older(|it| it.is_in_progress = true), older(|_| {}), why);
    refuses_and_allows(bad_deployment, older(|it| it.failure = Some("tasks died".into())), older(|_| {}), why);
    refuses_and_allows(bad_deployment, older(|it| it.created_at = Timestamp::MAX), older(|_| {}), why);
}

#[test]
fn what_ecs_rolls_back_itself_is_left_to_it() {
    let make = bad_deployment;
    refuses_and_allows(make, facts(|it| it.is_rolling_back = true), |_| {}, "ECS itself is rolling back");
    let failed = |rolls_back_failures| {
        facts(move |it| {
            it.deployments[0].failure = Some("tasks failed to start".into());
            it.rolls_back_failures = rolls_back_failures;
        })
    };
    let why = "the deployment of api:2 failed, and ECS itself rolls it back: tasks failed to start";
    refuses_and_allows(make, failed(true), failed(false), why);
    refuses_and_allows(make, failed(true), facts(|it| it.rolls_back_failures = true), why);
}

#[test]
fn a_deployment_in_progress_is_rolled_back_and_people_are_told_what_comes_next() {
    let mut world = bad_deployment();
    primary(&mut world).is_in_progress = true;
    let mut content = remediation("ecs-rollback", &json!({}));
    content.as_object_mut().unwrap().remove("mode");
    world.policy = script::policy(|it| it["remediations"] = json!([content]));
    let caveats = |policy: &Policy, world: &World| {
        let attempt =
            Attempt { now: world.now, alert_at: world.remedy.alert_at, target: world.remedy.target.as_ref().unwrap(), step: 0 };
        policy.remediation("mend").unwrap().action.plan(attempt, &world.facts.target).unwrap().caveats
    };
    let told = caveats(&world.policy, &world);
    assert!(told[0].contains("a pipeline or Terraform") && told[0].contains("deploys api:2 again"), "{told:?}");
    assert_eq!(told[1], "the deployment of api:2 is still in progress and is given up");
    primary(&mut world).is_in_progress = false;
    assert_eq!(caveats(&world.policy, &world).len(), 1);
}

#[test]
fn a_rollback_is_in_place_when_what_ran_before_runs_again() {
    let mut world = bad_deployment();
    let began_at = primary(&mut world).created_at;
    world.tick();
    assert_eq!(world.acts[0].plan.sentence(), "roll main/api back from api:2 to api:1");
    let plan = world.acts[0].plan.clone();
    let check = |change: &dyn Fn(&mut EcsFacts), wanted: &str| {
        let mut facts = EcsFacts { deployments: vec![running(V1, world.now)], ..ecs() };
        change(&mut facts);
        let found = plan.in_place(&TargetFacts::EcsRollback(facts));
        assert_eq!(found.map_or_else(|lacking| format!("{lacking:?}"), |()| "in place".to_owned()), wanted);
    };
    check(&|_| {}, "in place");
    // ECS may take an older deployment up again instead of beginning a new one.
    check(&|it| it.deployments[0].created_at = Timestamp::UNIX_EPOCH, "in place");
    check(&|it| it.running = 3, r#"Yet("3 of 4 tasks are running")"#);
    let going = r#"Yet("a deployment is in progress: 4 of 4 tasks are running")"#;
    check(&|it| it.deployments.push(running(V2, began_at)), going);
    let over = running(V2, began_at);
    let undone = Deployment { failure: Some("tasks died".into()), ..over.clone() };
    check(&|it| it.deployments.push(undone.clone()), going);
    check(&|it| it.deployments[0] = over.clone(), r#"Yet("api:2 is still the one that is deployed")"#);
    check(&|it| it.deployments[0] = running(V2, world.now), r#"Failed("api:2 was deployed meanwhile")"#);
    check(&|it| it.deployments[0] = running(V3, world.now), r#"Failed("api:3 was deployed meanwhile")"#);
    let failed = r#"Failed("the deployment of api:1 failed: tasks died")"#;
    check(&|it| it.deployments[0].failure = Some("tasks died".into()), failed);
    check(
        &|it| it.deployments = vec![over.clone(), Deployment { failure: Some("tasks died".into()), ..running(V1, world.now) }],
        failed,
    );
    check(&|it| it.is_active = false, r#"Failed("the service is not active any more")"#);
}

#[test]
fn a_rollback_that_was_cut_off_is_finished_but_never_undoes_a_later_deployment() {
    for acted in [false, true] {
        let mut world = bad_deployment();
        let act = world.begins();
        if acted {
            world.act(act);
        }
        world.tick();
        assert_eq!(world.acts.len(), 1, "acted before: {acted}");
        assert!(matches!(world.remedy.stage, Stage::Verifying { .. }));
    }
    for later in [V2, V3] {
        let mut world = bad_deployment();
        world.begins();
        *primary(&mut world) = running(later, world.now);
        world.tick();
        assert!(world.acts.is_empty(), "{later} was rolled back");
        assert!(matches!(world.outcome(), Outcome::Failed { .. }), "{:?}", world.outcome());
    }
}

#[test]
fn neither_is_put_back_and_what_was_deployed_meanwhile_is_told() {
    for mut world in [stuck_service(), bad_deployment()] {
        let before = world.facts.target.clone();
        world.tick();
        let plan = world.acts[0].plan.clone();
        assert_eq!(plan.differences(&before), Vec::<String>::new());
        *primary(&mut world) = running(V3, Timestamp::UNIX_EPOCH);
        assert_eq!(plan.differences(&world.facts.target), ["api:3 was deployed at 1970-01-01 00:00:00 UTC"]);
        *primary(&mut world) = running(V1, world.now);
        world.recovers();
        world.tick();
        assert!(!plan.is_put_back());
        assert_eq!(world.acts.len(), 1);
    }
}

#[test]
fn parameters_that_make_no_sense_are_told() {
    let read = |parameters: &Value| Action::read(ActionKind::EcsRollback, parameters);
    assert_eq!(read(&json!({"deployed_within": "0"})).unwrap().problems()[0].0, "deployed_within");
    assert!(read(&json!({"deployed_within": "1ms"})).unwrap().problems().is_empty());
    assert!(read(&json!({"min_age": "5m"})).is_err(), "another action's parameter");
    assert!(Action::read(ActionKind::EcsNewDeployment, &json!({"min_age": "0"})).unwrap().problems().is_empty());
    assert!(Action::read(ActionKind::EcsNewDeployment, &json!({"deployed_within": "5m"})).is_err());
}

#[test]
fn why_ecs_cannot_place_a_task_is_told_in_its_own_words() {
    let check = |messages: &[&str], wanted: Option<&str>| {
        assert_eq!(placement_failure(messages.iter().copied()).as_deref(), wanted, "{messages:?}");
    };
    let memory = "(service api) was unable to place a task because no container instance met all of its requirements. \
        The closest matching (container-instance 0b2) has insufficient memory available. \
        For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
    let told = "no container instance met all of its requirements. \
        The closest matching (container-instance 0b2) has insufficient memory available";
    check(&[memory], Some(told));
    check(&["(service api) has started 1 tasks: (task 5).", memory], Some(told));
    let fargate = "(service api) was unable to place a task. Reason: Capacity is unavailable at this time.";
    check(&[fargate, memory], Some("Capacity is unavailable at this time"));
    check(&["(service api) was unable to place a task."], Some("(service api) was unable to place a task."));
    check(&["(service api) has reached a steady state.", memory], None);
    check(&[memory, "(service api) has reached a steady state."], Some(told));
    check(&[], None);
}

#[test]
fn a_scale_out_that_did_not_come_says_why_nothing_scaled() {
    let mut world = hot_service();
    world.tick();
    let facts = ecs_of(&mut world);
    facts.running = 4;
    facts.not_scaled = Some("already at the maximum capacity of 6".into());
    facts.placement_failure = Some("insufficient memory available".into());
    world.tick_after(Span::minutes(11));
    let because = world.remedy.outbox.last().unwrap().because.clone();
    assert_eq!(
        because,
        ["4 of 6 tasks are running; ECS cannot place more: insufficient memory available; \
          not scaled: already at the maximum capacity of 6"]
    );
}
