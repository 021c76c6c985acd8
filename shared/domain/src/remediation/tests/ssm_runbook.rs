//! A runbook is run once, told only what it may be told, and taken at its word.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::guards::refuses_and_allows;
use super::{World, managed};
use crate::law::law;
use crate::remediation::action::ssm_runbook::{client_token, tag_key};
use crate::remediation::action::{ActionKind, Execution, RunbookFacts, Tags};
use crate::remediation::step::{Step, step};
use crate::remediation::{Action, Outcome, Plan, Stage, Target, TargetFacts};
use crate::span::Span;

fn runbook() -> RunbookFacts {
    RunbookFacts { tags: managed(), document_tags: Some(managed()), execution: None }
}

/// An execution that was just begun.
pub(super) fn begun() -> Execution {
    Execution { id: "e-1".into(), status: "InProgress".into(), step: Some("drain".into()), failure: None }
}

fn policy_of(parameters: &Value) -> Value {
    let mut all = json!({"document": "acme-restart"});
    all.as_object_mut().unwrap().extend(parameters.as_object().unwrap().clone());
    json!({"name": "mend", "matchers": ["alertname=\"hot\""], "action": "ssm-runbook", "mode": "act",
        "approval": "none", "parameters": all})
}

fn with(parameters: &Value) -> World {
    World::new(&policy_of(parameters), TargetFacts::SsmRunbook(runbook()))
}

fn plain() -> World {
    with(&json!({}))
}

fn of_service() -> World {
    with(&json!({"target_kind": "ecs-service", "parameters": {"Name": "${target.name}"}}))
}

fn runbook_of(world: &mut World) -> &mut RunbookFacts {
    match &mut world.facts.target {
        TargetFacts::SsmRunbook(runbook) => runbook,
        target => panic!("{target:?}"),
    }
}

fn is(world: &mut World, status: &str) {
    runbook_of(world).execution.as_mut().unwrap().status = status.to_owned();
}

fn given(mut world: World) -> Value {
    world.tick();
    match &world.acts[0].plan {
        Plan::SsmRunbook(plan) => json!(plan.parameters),
        plan => panic!("{plan:?}"),
    }
}

/// What comes of a look at the runbook a little later: the reasons, if it is over.
fn verdict(status: &str) -> Option<Vec<String>> {
    let mut world = plain();
    world.tick();
    is(&mut world, status);
    world.now = Span::seconds(15).after(world.now);
    match step(world.situation(), Some(&world.facts.clone())) {
        Step::Wait(_) => None,
        Step::Change(change) => Some(change.entries[0].because.clone()),
        step => panic!("{step:?}"),
    }
}

#[test]
fn both_the_runbook_and_what_it_is_about_must_be_tagged() {
    let untagged = |w: &mut World| runbook_of(w).tags.clear();
    refuses_and_allows(plain, untagged, |_| {}, "SSM runbook acme-restart lacks the tag");
    refuses_and_allows(of_service, untagged, |_| {}, "ECS service main/api lacks the tag");
    let document = |tags: Option<Tags>| move |w: &mut World| runbook_of(w).document_tags.clone_from(&tags);
    let why = "the document acme-restart lacks the tag watchkeeper=managed";
    refuses_and_allows(of_service, document(Some(Tags::new())), document(Some(managed())), why);
    let other = Tags::from([("watchkeeper".to_owned(), "ignored".to_owned())]);
    refuses_and_allows(of_service, document(Some(other)), document(Some(managed())), why);
    refuses_and_allows(of_service, document(None), document(Some(managed())), "acme-restart does not exist, or is AWS's own");
}

#[test]
fn a_target_whose_name_is_not_plain_is_not_told_to_a_runbook() {
    let named = |name: &'static str| move |w: &mut World| w.remedy.target = Some(Target::new("ECS service", name));
    let unsafe_names =
        ["main/a;b", "main/$(id)", "main/-rf", "main/..", "/api", "main/", "a b", "{{ssm:secret}}", "main/api\n", ""];
    for name in unsafe_names {
        refuses_and_allows(of_service, named(name), named("Main-1/api_2.b"), "the target's name has characters");
    }
}

#[test]
fn it_is_about_itself_unless_the_policy_says_what_it_is_about() {
    for (kind, wanted) in [
        ("runbook", "SSM runbook acme-restart"),
        ("ecs-service", "ECS service main/api"),
        ("db-instance", "RDS instance db"),
        ("lambda-function", "Lambda function resize"),
        ("sqs-queue", "SQS queue orders-dlq"),
    ] {
        assert_eq!(with(&json!({"target_kind": kind})).remedy.target.unwrap().to_string(), wanted);
    }
    assert_eq!(plain().remedy.target.unwrap().to_string(), "SSM runbook acme-restart");
}

#[test]
fn it_is_given_what_the_policy_says_and_of_the_alarm_only_the_target() {
    let inputs = given(with(&json!({
        "target_kind": "ecs-service",
        "assume_role_arn": "arn:aws:iam::111122223333:role/mender",
        "parameters": {
            "Where": "${target.cluster}:${target.service}",
            "What": ["${target.kind}", "${target.name}"],
            "Times": 3,
            "Force": true,
            "Text": "$ {target.name} }${",
        },
    })));
    assert_eq!(
        inputs,
        json!({
            "AutomationAssumeRole": ["arn:aws:iam::111122223333:role/mender"],
            "Where": ["main:api"],
            "What": ["ECS service", "main/api"],
            "Times": ["3"],
            "Force": ["true"],
            "Text": ["$ {target.name} }${"],
        })
    );
}

#[test]
fn it_says_what_is_run_with_what() {
    let sentence = |mut world: World| {
        world.tick();
        world.acts[0].plan.sentence()
    };
    assert_eq!(sentence(plain()), "run runbook acme-restart");
    assert_eq!(sentence(of_service()), "run runbook acme-restart for ECS service main/api with Name=main/api");
    let pinned = json!({"version": "7", "parameters": {"B": ["1", "2"], "A": "x"}});
    assert_eq!(sentence(with(&pinned)), "run runbook acme-restart, version 7, with A=x B=1,2");
}

#[test]
fn it_needs_a_persons_approval_unless_the_policy_says_otherwise() {
    let mut content = policy_of(&json!({}));
    content.as_object_mut().unwrap().remove("approval");
    let mut world = World::new(&content, TargetFacts::SsmRunbook(runbook()));
    world.tick();
    assert!(matches!(world.remedy.stage, Stage::Asked { .. }));
}

#[test]
fn it_touches_as_much_as_the_policy_says() {
    let limited = |parameters: &Value, percent| {
        let mut content = policy_of(parameters);
        content["limits"] = json!({"blast_radius_percent": percent});
        World::new(&content, TargetFacts::SsmRunbook(runbook()))
    };
    assert!(limited(&json!({}), 99).refusal().contains("it would touch 100 %"));
    assert!(limited(&json!({}), 100).acts_once());
    assert!(limited(&json!({"touches_percent": 30}), 29).refusal().contains("it would touch 30 %"));
    assert!(limited(&json!({"touches_percent": 30}), 30).acts_once());
}

#[test]
fn it_has_helped_when_it_succeeded_and_all_is_well() {
    let mut world = plain();
    world.tick();
    world.recovers();
    world.tick();
    assert!(matches!(world.remedy.stage, Stage::Verifying { .. }), "it still runs");
    is(&mut world, "Success");
    world.tick_after(Span::seconds(15));
    assert!(matches!(world.outcome(), Outcome::Recovered { .. }));
    assert_eq!(world.acts.len(), 1);
}

#[test]
fn a_runbook_that_fails_escalates_at_once_and_one_that_is_not_over_is_waited_for() {
    for status in
        ["Failed", "TimedOut", "Cancelled", "Rejected", "Exited", "CompletedWithFailure", "ChangeCalendarOverrideRejected"]
    {
        let because = verdict(status).unwrap();
        assert!(because.contains(&format!("the runbook ended as {status} at step drain (execution e-1)")), "{because:?}");
    }
    for status in
        ["InProgress", "Pending", "Waiting", "Cancelling", "PendingApproval", "Scheduled", "Approved", "what is to come"]
    {
        assert_eq!(verdict(status), None, "{status}");
    }
    let mut world = plain();
    world.tick();
    is(&mut world, "Waiting");
    world.tick_after(Span::minutes(10));
    let Outcome::NotRecovered { .. } = world.outcome() else { panic!("{:?}", world.outcome()) };
}

#[test]
fn the_reason_it_gives_is_told() {
    let mut world = plain();
    world.tick();
    is(&mut world, "Failed");
    runbook_of(&mut world).execution.as_mut().unwrap().failure = Some("no such host".into());
    let Step::Change(change) = step(world.situation(), Some(&world.facts.clone())) else { panic!() };
    assert_eq!(change.entries[0].because, ["the runbook ended as Failed at step drain: no such host (execution e-1)"]);
}

#[test]
fn a_tick_cut_off_finds_its_execution_or_begins_again_under_the_same_name() {
    let mut cut = plain();
    cut.tick_killed(true);
    cut.tick();
    assert_eq!(cut.acts.len(), 1, "begun twice");
    assert!(matches!(cut.remedy.stage, Stage::Verifying { .. }));

    // Killed before, or found only later: nobody can tell, so the name must be the same.
    let mut hidden = plain();
    hidden.tick_killed(true);
    runbook_of(&mut hidden).execution = None;
    let again = hidden.tick_after(Span::seconds(10)).unwrap();
    assert_eq!(hidden.acts.len(), 1, "it may take a moment to be found");
    hidden.now = again;
    hidden.tick();
    assert_eq!(hidden.acts.len(), 2);
    assert_eq!(hidden.acts[0].reference, hidden.acts[1].reference);
}

#[test]
fn parameters_that_cannot_be_are_told() {
    let problems = |parameters: Value| {
        let content = policy_of(&parameters);
        let action = Action::read(ActionKind::SsmRunbook, &content["parameters"]).unwrap();
        action.problems().into_iter().map(|(parameter, why)| format!("{parameter}: {why}")).collect::<Vec<_>>()
    };
    for (wrong, wanted) in [
        (json!({"document": "a b"}), "document: `a b` is neither"),
        (json!({"version": "0"}), "version: `0` is neither"),
        (json!({"version": ""}), "version: `` is neither"),
        (json!({"parameters": {"A": "${label.x}"}}), "parameters: A: there is no `${label.x}`; there are `${target.name}`"),
        (json!({"parameters": {"A": "x ${target.cluster}"}}), "parameters: A: there is no `${target.cluster}`"),
        (json!({"parameters": {"A": ["ok", ""]}}), "parameters: A: a value has 1 to 512 characters"),
        (json!({"parameters": {"": "x"}}), "parameters: : a parameter's name has 1 to 50 characters"),
        (json!({"assume_role_arn": "mender"}), "assume_role_arn: `mender` is not the ARN of a role"),
        (json!({"touches_percent": 0}), "touches_percent: `0` is not from 1 to 100"),
        (json!({"touches_percent": 101}), "touches_percent: `101` is not from 1 to 100"),
        (
            json!({"assume_role_arn": "arn:aws:iam::1:role/r", "parameters": {"AutomationAssumeRole": "x"}}),
            "assume_role_arn: `parameters` has `AutomationAssumeRole`, too",
        ),
    ] {
        let found = problems(wrong.clone());
        assert!(found.len() == 1 && found[0].starts_with(wanted), "{wrong}: {found:?}");
    }
    for good in [
        json!({"version": "$LATEST", "touches_percent": 1}),
        json!({"version": "12"}),
        json!({"document": "arn:aws:ssm:eu-west-1:111122223333:document/acme-restart"}),
        json!({"target_kind": "ecs-service", "parameters": {"A": "${target.cluster}${target.service}"}}),
    ] {
        assert_eq!(problems(good), Vec::<String>::new());
    }
    for unreadable in [json!({"parameters": {"A": {}}}), json!({"target_kind": "host"}), json!({"labels": true})] {
        let content = policy_of(&unreadable);
        assert!(Action::read(ActionKind::SsmRunbook, &content["parameters"]).is_err(), "{unreadable}");
    }
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn tokens_are_uuids_and_as_different_as_the_names(one in ".*", other in ".*") {
        let token = client_token(&one);
        let lengths: Vec<usize> = token.split('-').map(str::len).collect();
        prop_assert_eq!(lengths, [8, 4, 4, 4, 12]);
        prop_assert!(token.chars().all(|c| c == '-' || c.is_ascii_hexdigit()));
        prop_assert_eq!(one == other, token == client_token(&other));
        prop_assert_eq!(one == other, tag_key(&one) == tag_key(&other));
        prop_assert!(tag_key(&one).len() <= 128);
    }

    #[test]
    fn whatever_a_target_is_called_nothing_but_its_plain_name_is_given(name in ".{0,40}") {
        let mut world = of_service();
        world.remedy.target = Some(Target::new("ECS service", &*name));
        world.tick();
        for act in &world.acts {
            let Plan::SsmRunbook(plan) = &act.plan else { panic!() };
            prop_assert_eq!(&plan.parameters["Name"], std::slice::from_ref(&name));
            prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c)), "{}", name);
        }
    }
}
