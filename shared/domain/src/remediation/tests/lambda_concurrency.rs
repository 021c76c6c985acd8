//! A function's reserved concurrency is changed only where that does what it should,
//! and put back.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::guards::refuses_and_allows;
use super::{World, managed};
use crate::law::law;
use crate::remediation::action::{ActionKind, Attempt, LambdaConcurrencyPlan, LambdaFacts, Planned};
use crate::remediation::{Action, Outcome, Plan, Refusal, Stage, Target, TargetFacts};
use crate::script::{self, Script};
use crate::span::Span;

fn lambda() -> LambdaFacts {
    LambdaFacts { state: "Active".into(), is_updating: false, reserved: Some(10), unreserved: 500, tags: managed() }
}

fn policy_of(parameters: &Value) -> Value {
    json!({"name": "mend", "matchers": ["alertname=\"hot\""], "action": "lambda-concurrency", "mode": "act",
        "approval": "none", "parameters": parameters})
}

fn with(parameters: Value) -> impl Fn() -> World {
    move || World::new(&policy_of(&parameters), TargetFacts::LambdaConcurrency(lambda()))
}

fn raise() -> World {
    with(json!({"raise_to": 20}))()
}

fn throttle() -> World {
    with(json!({"throttle_to": 5}))()
}

fn lambda_of(world: &mut World) -> &mut LambdaFacts {
    match &mut world.facts.target {
        TargetFacts::LambdaConcurrency(lambda) => lambda,
        target => panic!("{target:?}"),
    }
}

fn reserved(n: Option<u32>) -> impl Fn(&mut World) {
    move |world| lambda_of(world).reserved = n
}

fn unreserved(n: u32) -> impl Fn(&mut World) {
    move |world| lambda_of(world).unreserved = n
}

fn done(mut world: World) -> String {
    world.tick();
    world.acts[0].plan.sentence()
}

fn action(parameters: &Value) -> Action {
    Action::read(ActionKind::LambdaConcurrency, parameters).unwrap()
}

fn planned(parameters: &Value, facts: LambdaFacts) -> Result<Planned<LambdaConcurrencyPlan>, Refusal> {
    let (now, target) = (jiff::Timestamp::UNIX_EPOCH, Target::new("Lambda function", "resize"));
    let attempt = Attempt { now, alert_at: now, target: &target, step: 0 };
    let planned = action(parameters).plan(attempt, &TargetFacts::LambdaConcurrency(facts))?;
    let (touched_percent, caveats) = (planned.touched_percent, planned.caveats);
    match planned.plan {
        Plan::LambdaConcurrency(plan) => Ok(Planned { plan, touched_percent, caveats }),
        plan => panic!("{plan:?}"),
    }
}

#[test]
fn a_function_is_left_alone_while_it_is_not_active_or_is_updated() {
    for make in [raise, throttle] {
        refuses_and_allows(make, |w| lambda_of(w).tags.clear(), |_| {}, "Lambda function resize lacks the tag");
        refuses_and_allows(make, |w| lambda_of(w).state = "Pending".into(), |_| {}, "the function is Pending, not Active");
        refuses_and_allows(make, |w| lambda_of(w).is_updating = true, |_| {}, "an update of the function is in progress");
    }
}

#[test]
fn a_raise_is_more_than_there_is_and_never_a_first_reservation() {
    refuses_and_allows(raise, reserved(Some(20)), reserved(Some(19)), "is 20 already, and 20 is not more");
    refuses_and_allows(raise, reserved(None), reserved(Some(10)), "it may use all 500 executions that nobody has reserved");
    refuses_and_allows(raise, reserved(Some(0)), reserved(Some(10)), "somebody has stopped the function");
}

#[test]
fn a_throttle_is_less_than_there_is() {
    refuses_and_allows(throttle, reserved(Some(5)), reserved(Some(6)), "at most 5 of it may run at a time already");
    let shares = |n| {
        move |w: &mut World| {
            lambda_of(w).reserved = None;
            lambda_of(w).unreserved = n;
        }
    };
    refuses_and_allows(throttle, shares(5), shares(105), "at most 5 of it may run at a time already, and 5 is not fewer");
}

#[test]
fn functions_without_a_reservation_keep_what_aws_keeps_for_them() {
    let why = "10 more would leave 99 of the 109 executions that nobody has reserved, and 100 must stay";
    refuses_and_allows(raise, unreserved(109), unreserved(110), why);
    let shares = |n| {
        move |w: &mut World| {
            lambda_of(w).reserved = None;
            lambda_of(w).unreserved = n;
        }
    };
    refuses_and_allows(throttle, shares(104), shares(105), "5 more would leave 99 of the 104");
    assert!(with(json!({"throttle_to": 5}))().acts_once(), "what gives back needs nothing of the others");
    let mut stop = with(json!({"throttle_to": 0}))();
    shares(10)(&mut stop);
    assert!(stop.acts_once(), "a stop takes nothing from the others");
}

#[test]
fn what_is_done_is_told_and_a_stop_is_told_loudly() {
    assert_eq!(done(raise()), "raise the reserved concurrency of resize from 10 to 20");
    assert_eq!(done(throttle()), "throttle resize: set its reserved concurrency from 10 to 5");
    let half_more = |max| done(with(json!({"raise_by_percent": 45, "max": max}))());
    assert!(half_more(30).ends_with("from 10 to 15"));
    assert!(half_more(12).ends_with("from 10 to 12"));
    let stopped = planned(&json!({"throttle_to": 0}), LambdaFacts { reserved: None, ..lambda() }).unwrap();
    assert_eq!(
        Plan::LambdaConcurrency(stopped.plan).sentence(),
        "STOP resize: set its reserved concurrency from none to 0, so that no call is taken"
    );
    assert!(stopped.caveats[0].starts_with("THIS STOPS THE FUNCTION"));
    assert_eq!(stopped.touched_percent, 100);
}

#[test]
fn only_to_take_something_away_is_disruptive() {
    assert!(!action(&json!({"raise_to": 20})).is_disruptive(0));
    assert!(!action(&json!({"raise_by_percent": 20, "max": 40})).is_disruptive(0));
    assert!(action(&json!({"throttle_to": 20})).is_disruptive(0));
}

#[test]
fn an_approval_covers_as_much_or_less_and_never_the_other_way() {
    let plan = |before, after| Plan::LambdaConcurrency(LambdaConcurrencyPlan { function: "f".into(), before, after });
    assert!(plan(Some(12), 20).is_covered_by(&plan(Some(10), 20)));
    assert!(!plan(Some(10), 21).is_covered_by(&plan(Some(10), 20)));
    assert!(plan(Some(10), 5).is_covered_by(&plan(Some(10), 4)));
    assert!(!plan(Some(10), 3).is_covered_by(&plan(Some(10), 4)));
    assert!(!plan(Some(30), 20).is_covered_by(&plan(Some(10), 20)));
    assert!(!plan(None, 20).is_covered_by(&plan(Some(10), 20)));
}

#[test]
fn what_was_reserved_before_is_reserved_again_and_nothing_where_there_was_nothing() {
    for before in [Some(10), None] {
        let mut world = throttle();
        lambda_of(&mut world).reserved = before;
        world.tick();
        assert_eq!(lambda_of(&mut world).reserved, Some(5));
        world.recovers();
        world.tick();
        assert!(matches!(world.remedy.stage, Stage::Holding { recovered: true, .. }));
        world.tick_after(Span::minutes(10));
        assert_eq!(lambda_of(&mut world).reserved, before);
        assert!(matches!(world.outcome(), Outcome::Reverted { recovered: true, .. }));
    }
}

#[test]
fn what_somebody_else_has_reserved_since_is_left() {
    let mut world = throttle();
    world.tick();
    world.recovers();
    world.tick();
    lambda_of(&mut world).reserved = Some(7);
    world.tick_after(Span::minutes(10));
    assert_eq!(world.acts.len(), 1);
    let outcome = world.outcome().sentence();
    assert!(outcome.contains("the reserved concurrency is 7 now, set by somebody else: neither 10 nor 5"), "{outcome}");
}

#[test]
fn a_tick_cut_off_sees_at_the_function_whether_it_was_done() {
    for (acted, wanted) in [(true, 1), (false, 2)] {
        let mut world = raise();
        world.tick_killed(acted);
        world.tick();
        assert_eq!(world.acts.len(), 1, "acted: {acted}");
        assert_eq!(lambda_of(&mut world).reserved, Some(20));
        let begun = world.notes.iter().filter(|note| note.contains("raise the reserved") && !note.contains("claims")).count();
        assert_eq!(begun, wanted, "{:?}", world.notes);
    }
}

#[test]
fn parameters_are_just_one_of_three() {
    let problems =
        |parameters: Value| -> Vec<&str> { action(&parameters).problems().into_iter().map(|(parameter, _)| parameter).collect() };
    assert_eq!(problems(json!({})), ["raise_to"]);
    assert_eq!(problems(json!({"raise_to": 5, "throttle_to": 1})), ["raise_to"]);
    assert_eq!(problems(json!({"raise_to": 0})), ["raise_to"]);
    assert_eq!(problems(json!({"raise_by_percent": 50})), ["max"]);
    assert_eq!(problems(json!({"raise_by_percent": 0, "max": 5})), ["raise_by_percent"]);
    assert_eq!(problems(json!({"raise_by_percent": 901, "max": 5})), ["raise_by_percent"]);
    assert_eq!(problems(json!({"throttle_to": 3, "max": 5})), ["max"]);
    for good in [json!({"raise_to": 1}), json!({"raise_by_percent": 900, "max": 5}), json!({"throttle_to": 0})] {
        assert_eq!(problems(good), Vec::<&str>::new());
    }
    assert!(Action::read(ActionKind::LambdaConcurrency, &json!({"raise": 5})).is_err());
}

#[test]
fn the_function_is_the_dimensions_or_else_the_catalogues() {
    let target = |labels: &[(&str, &str)]| {
        let policy = script::policy(|content| {
            content["services"] = json!([{"name": "shop", "lambda": {"function": "checkout"}}]);
            content["remediations"] = json!([policy_of(&json!({"raise_to": 5}))]);
        });
        let mut script = Script::new(policy);
        script.fires("hot", labels);
        script.first_remedy().1.target.map(|target| target.to_string())
    };
    let checkout = Some("Lambda function checkout".to_owned());
    assert_eq!(target(&[("FunctionName", "resize")]).as_deref(), Some("Lambda function resize"));
    assert_eq!(target(&[("service", "shop")]), checkout);
    assert_eq!(target(&[("FunctionName", "checkout")]), checkout);
    assert_eq!(target(&[("FunctionName", "arn:aws:lambda:eu-west-1:111122223333:function:other")]), None);
    assert_eq!(target(&[]), None);
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn a_raise_gives_more_a_throttle_less_and_nobody_else_starves(
        reserved in proptest::option::of(0u32..1_000), unreserved in 0u32..1_000, goal in 0u32..1_200, percent in 1u32..900,
        way in 0usize..3,
    ) {
        let parameters = [json!({"raise_to": goal}), json!({"raise_by_percent": percent, "max": goal}), json!({"throttle_to": goal})];
        let facts = LambdaFacts { reserved, unreserved, ..lambda() };
        let present = facts.present();
        if let Ok(planned) = planned(&parameters[way], facts) {
            let after = planned.plan.after;
            if way == 2 { prop_assert!(after < present) } else { prop_assert!(after > present && after <= goal) }
            let taken = after.saturating_sub(reserved.unwrap_or(0));
            prop_assert!(taken == 0 || unreserved - taken >= 100, "{} of {} taken", taken, unreserved);
            prop_assert!(planned.touched_percent >= 1);
            prop_assert_eq!(planned.plan.before, reserved);
        }
    }
}
