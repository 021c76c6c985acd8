//! Messages go back to where they came from once, not too many, and not again and
//! again.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::guards::refuses_and_allows;
use super::{World, managed};
use crate::remediation::action::{ActionKind, Move, MoveProgress, SqsFacts};
use crate::remediation::{Action, Outcome, Stage, TargetFacts};
use crate::script::{self, Script};
use crate::span::Span;

fn queue() -> SqsFacts {
    SqsFacts {
        arn: "arn:aws:sqs:eu-west-1:111122223333:orders-dlq".into(),
        waiting: 7,
        sources: vec!["orders".into()],
        moves: Vec::new(),
        tags: managed(),
    }
}

/// A move that was just begun.
pub(super) fn begun(at: Timestamp) -> Move {
    Move { started_at: at, progress: MoveProgress::Running, moved: 0, to_move: Some(7), per_second: Some(10) }
}

fn policy_of(parameters: &Value) -> Value {
    json!({"name": "mend", "matchers": ["alertname=\"hot\""], "action": "sqs-redrive", "mode": "act",
        "approval": "none", "parameters": parameters})
}

fn with(parameters: &Value) -> World {
    World::new(&policy_of(parameters), TargetFacts::SqsRedrive(queue()))
}

fn dead_letters() -> World {
    with(&json!({}))
}

fn queue_of(world: &mut World) -> &mut SqsFacts {
    match &mut world.facts.target {
        TargetFacts::SqsRedrive(queue) => queue,
        target => panic!("{target:?}"),
    }
}

fn waiting(n: u64) -> impl Fn(&mut World) {
    move |world| queue_of(world).waiting = n
}

/// The last move was begun so long ago.
fn moved(progress: MoveProgress, ago: Span) -> impl Fn(&mut World) {
    move |world| {
        let started_at = ago.before(world.now);
        queue_of(world).moves = vec![Move { progress: progress.clone(), ..begun(started_at) }];
    }
}

fn ends(world: &mut World, progress: MoveProgress) {
    queue_of(world).moves.last_mut().unwrap().progress = progress;
}

#[test]
fn only_a_tagged_dead_letter_queue_with_messages_is_touched() {
    refuses_and_allows(dead_letters, |w| queue_of(w).tags.clear(), |_| {}, "SQS queue orders-dlq lacks the tag");
    refuses_and_allows(dead_letters, |w| queue_of(w).sources.clear(), |_| {}, "nowhere to move messages back to");
    refuses_and_allows(dead_letters, waiting(0), waiting(1), "no messages wait in it");
}

#[test]
fn more_messages_than_the_policy_says_are_not_moved() {
    refuses_and_allows(dead_letters, waiting(1_001), waiting(1_000), "1001 messages wait, and at most 1000 are moved");
    refuses_and_allows(|| with(&json!({"at_most": 1})), waiting(2), waiting(1), "2 messages wait, and at most 1 are moved");
}

#[test]
fn one_move_at_a_time() {
    let running = moved(MoveProgress::Running, Span::days(1));
    let long_over = moved(MoveProgress::Completed, Span::days(1));
    refuses_and_allows(dead_letters, running, long_over, "a move of its messages goes on since");
}

#[test]
fn what_came_back_after_a_move_is_not_moved_again() {
    let ended = |seconds| moved(MoveProgress::Completed, Span::seconds(seconds));
    let why = "7 messages wait again, less than 1 h after the move of";
    refuses_and_allows(dead_letters, ended(3_599), ended(3_600), why);
    let patient = || with(&json!({"again_after": "5m"}));
    refuses_and_allows(patient, ended(299), ended(300), "less than 5 min after");
    let mut bold = with(&json!({"again_after": "0"}));
    ended(0)(&mut bold);
    assert!(bold.acts_once());
}

#[test]
fn a_long_move_counts_from_when_it_may_have_ended() {
    let many = |moved| {
        move |w: &mut World| {
            let started_at = Span::hours(2).before(w.now);
            queue_of(w).moves = vec![Move { progress: MoveProgress::Completed, moved, ..begun(started_at) }];
        }
    };
    // At 10 a second 36,000 messages take an hour.
    refuses_and_allows(dead_letters, many(36_010), many(36_000), "messages wait again");
}

#[test]
fn a_move_that_has_just_failed_or_was_cancelled_is_for_people() {
    let failed = |minutes| moved(MoveProgress::Failed("no permission".into()), Span::minutes(minutes));
    refuses_and_allows(dead_letters, failed(59), failed(60), "failed: no permission");
    let cancelled = |minutes| moved(MoveProgress::Cancelled, Span::minutes(minutes));
    refuses_and_allows(dead_letters, cancelled(59), cancelled(60), "somebody has cancelled the move");
}

#[test]
fn the_blast_radius_is_the_share_of_what_may_be_moved() {
    let limited = |percent| {
        let mut content = policy_of(&json!({"at_most": 10}));
        content["limits"] = json!({"blast_radius_percent": percent});
        World::new(&content, TargetFacts::SqsRedrive(queue()))
    };
    assert!(limited(69).refusal().contains("it would touch 70 %"));
    assert!(limited(70).acts_once());
}

#[test]
fn a_person_is_asked_and_agrees_to_whatever_waits_by_then() {
    let mut content = policy_of(&json!({}));
    content.as_object_mut().unwrap().remove("approval");
    let mut world = World::new(&content, TargetFacts::SqsRedrive(queue()));
    world.tick();
    let Stage::Asked { plan, .. } = &world.remedy.stage else { panic!("{:?}", world.remedy.stage) };
    assert_eq!(plan.sentence(), "move the messages of orders-dlq (7 now, at most 1000) back to orders, 10 a second");
    world.remedy =
        crate::remediation::step::approve(world.now, &world.incident.id, &world.remedy, world.version, "ann").unwrap().0;
    queue_of(&mut world).waiting = 900;
    world.tick();
    assert_eq!(world.acts.len(), 1, "{:?}", world.remedy.stage);
}

#[test]
fn an_approval_for_one_queue_is_none_for_messages_that_go_elsewhere() {
    let mut content = policy_of(&json!({}));
    content["approval"] = json!("required");
    let mut world = World::new(&content, TargetFacts::SqsRedrive(queue()));
    world.tick();
    world.remedy =
        crate::remediation::step::approve(world.now, &world.incident.id, &world.remedy, world.version, "ann").unwrap().0;
    queue_of(&mut world).sources.push("payments".into());
    world.tick();
    assert!(matches!(world.remedy.stage, Stage::Asked { .. }), "{:?}", world.remedy.stage);
    assert!(world.acts.is_empty());
}

#[test]
fn it_has_helped_when_the_move_is_complete_and_all_is_well() {
    let mut world = dead_letters();
    world.tick();
    world.recovers();
    world.tick();
    assert!(matches!(world.remedy.stage, Stage::Verifying { .. }), "the move goes on");
    ends(&mut world, MoveProgress::Completed);
    world.tick_after(Span::seconds(15));
    assert!(matches!(world.outcome(), Outcome::Recovered { .. }), "{:?}", world.outcome());
    assert_eq!(world.acts.len(), 1);
}

#[test]
fn a_move_that_fails_escalates_at_once_with_its_reason() {
    for (progress, why) in [
        (MoveProgress::Failed("no permission".into()), "the move of messages failed: no permission"),
        (MoveProgress::Cancelled, "somebody has cancelled the move, after 0 messages"),
    ] {
        let mut world = dead_letters();
        world.tick();
        ends(&mut world, progress);
        world.now = Span::seconds(15).after(world.now);
        let step = crate::remediation::step::step(world.situation(), Some(&world.facts.clone()));
        let crate::remediation::step::Step::Change(change) = step else { panic!("{step:?}") };
        assert!(change.entries[0].because.contains(&why.to_owned()), "{:?}", change.entries);
        assert!(change.nudge);
    }
}

#[test]
fn a_tick_cut_off_finds_its_move_and_none_that_was_there_before() {
    let mut cut = dead_letters();
    moved(MoveProgress::Completed, Span::hours(2))(&mut cut);
    cut.tick_killed(true);
    assert_eq!(cut.acts.len(), 1);
    cut.tick_after(Span::minutes(2));
    assert_eq!(cut.acts.len(), 1, "begun twice");
    assert!(matches!(cut.remedy.stage, Stage::Verifying { .. }));

    let mut never = dead_letters();
    moved(MoveProgress::Completed, Span::hours(2))(&mut never);
    never.tick_killed(false);
    let again = never.tick_after(Span::seconds(10)).unwrap();
    assert!(never.acts.is_empty(), "its traces may take a while");
    never.now = again;
    never.tick();
    assert_eq!(never.acts.len(), 1);
}

#[test]
fn the_clocks_of_both_sides_may_differ_a_little() {
    let mut world = dead_letters();
    world.tick_killed(true);
    let started_at = Span::seconds(30).before(queue_of(&mut world).moves[0].started_at);
    queue_of(&mut world).moves[0].started_at = started_at;
    world.tick_after(Span::minutes(2));
    assert_eq!(world.acts.len(), 1);
}

#[test]
fn observing_says_what_became_of_the_messages() {
    let mut content = policy_of(&json!({}));
    content["mode"] = json!("observe");
    let mut world = World::new(&content, TargetFacts::SqsRedrive(queue()));
    world.tick();
    queue_of(&mut world).waiting = 1;
    world.recovers();
    world.tick();
    assert_eq!(
        world.outcome().sentence(),
        "observed only; it would move the messages of orders-dlq (7 now, at most 1000) back to orders, 10 a second; \
         without it: 1 message waits in it, not 7"
    );
}

#[test]
fn parameters_are_within_what_sqs_takes() {
    let problems = |parameters: Value| {
        let action = Action::read(ActionKind::SqsRedrive, &parameters).unwrap();
        action.problems().into_iter().map(|(parameter, _)| parameter).collect::<Vec<&str>>()
    };
    assert_eq!(problems(json!({"max_per_second": 0})), ["max_per_second"]);
    assert_eq!(problems(json!({"max_per_second": 501})), ["max_per_second"]);
    assert_eq!(problems(json!({"at_most": 0})), ["at_most"]);
    assert_eq!(problems(json!({"max_per_second": 500, "at_most": 1, "again_after": "2h"})), Vec::<&str>::new());
    assert_eq!(problems(json!({"max_per_second": 1})), Vec::<&str>::new());
}

#[test]
fn the_queue_is_the_dimensions_or_else_the_catalogues() {
    let target = |labels: &[(&str, &str)]| {
        let policy = script::policy(|content| {
            content["services"] = json!([{"name": "shop", "sqs": {"queue": "shop-dlq.fifo"}}]);
            content["remediations"] = json!([policy_of(&json!({}))]);
        });
        let mut script = Script::new(policy);
        script.fires("hot", labels);
        script.first_remedy().1.target.map(|target| target.to_string())
    };
    assert_eq!(target(&[("QueueName", "orders-dlq")]).as_deref(), Some("SQS queue orders-dlq"));
    assert_eq!(target(&[("service", "shop")]).as_deref(), Some("SQS queue shop-dlq.fifo"));
    assert_eq!(target(&[("QueueName", "shop-dlq.fifo")]).as_deref(), Some("SQS queue shop-dlq.fifo"));
    assert_eq!(target(&[("QueueName", "https://sqs.example/queue")]), None);
}
