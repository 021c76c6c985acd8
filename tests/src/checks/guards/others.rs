//! The own guards of what is done to functions, queues, and by runbooks.

use serde_json::{Value, json};
use testkit::services::automations::Ending;

use super::case::Case;
use super::thing::{Function, Queue, Runbook};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = functions();
    cases.extend(queues());
    cases.extend(runbooks());
    cases
}

fn functions() -> Vec<Case> {
    let case = |name, reserved, parameters: Value| {
        let remediation = json!({"action": "lambda-concurrency", "parameters": parameters, "revert": {"hold_down": "1m"}});
        Case::new(name, remediation, Function { reserved }.into())
    };
    vec![
        case("concurrency-raised", Some(2), json!({"raise_to": 3}))
            .puts_back("raise the reserved concurrency of guards-concurrency-raised from 2 to 3", &["reserved 3", "reserved 2"]),
        case("concurrency-unreserved", None, json!({"raise_to": 3}))
            .refused("unreserved", "the function has no reserved concurrency"),
        case("concurrency-stopped", Some(0), json!({"raise_to": 3})).refused("stopped", "somebody has stopped the function"),
        case("concurrency-headroom", Some(3), json!({"raise_to": 3})).refused("headroom", "and 3 is not more"),
        case("concurrency-pool", Some(2), json!({"raise_to": 100_000})).refused("account-pool", "must stay"),
        case("concurrency-throttled", None, json!({"throttle_to": 1}))
            .puts_back("throttle guards-concurrency-throttled", &["reserved 1", "reserved none"]),
        case("concurrency-throttle", Some(1), json!({"throttle_to": 1})).refused("throttle", "and 1 is not fewer"),
    ]
}

/// Messages of a dead-letter queue, back to where they came from.
pub(super) fn redrive(at_most: u32) -> Value {
    json!({"action": "sqs-redrive", "parameters": {"at_most": at_most, "max_per_second": 100}})
}

fn queues() -> Vec<Case> {
    let case = |name, at_most, queue: Queue| Case::new(name, redrive(at_most), queue.into());
    vec![
        case("redrive-acts", 3, Queue::of(3)).acts("move the messages of guards-redrive-acts (3 now", &["moved 3"]),
        case("redrive-at-most", 2, Queue::of(3)).refused("at-most", "3 messages wait, and at most 2 are moved"),
        case("redrive-dead-letter", 3, Queue { has_source: false, ..Queue::of(1) })
            .refused("dead-letter", "no queue has it as its dead-letter queue"),
        case("redrive-messages", 3, Queue::of(0)).refused("messages", "no messages wait in it"),
        case("redrive-move-task", 100, Queue { is_moving: true, ..Queue::of(40) })
            .refused("move-task", "a move of its messages goes on since"),
    ]
}

/// A runbook about an ECS service, which is told the service's name.
pub(super) fn run(document: &str) -> Value {
    let parameters = json!({"document": document, "target_kind": "ecs-service", "parameters": {"Service": "${target.service}"}});
    json!({"action": "ssm-runbook", "parameters": parameters})
}

fn runbooks() -> Vec<Case> {
    let case = |name, runbook: Runbook| Case::new(name, run(runbook.document), runbook.into());
    let failing = Ending::Failed("the disk is still full".to_owned());
    vec![
        case("runbook-succeeds", Runbook::of("guards-clear-disk"))
            .acts("run runbook guards-clear-disk for ECS service", &["ran for guards-runbook-succeeds"]),
        case("runbook-fails", Runbook { ending: failing, ..Runbook::of("guards-clear-full-disk") })
            .acts("run runbook guards-clear-full-disk", &["ran for guards-runbook-fails"])
            .says("the runbook ended as Failed: the disk is still full")
            .ends("not-recovered"),
        case("runbook-document", Runbook { is_managed: false, ..Runbook::of("guards-of-others") })
            .refused("document", "the document guards-of-others lacks the tag watchkeeper=managed"),
    ]
}
