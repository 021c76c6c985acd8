//! Functions, queues and runbooks.

use super::scenery::{DISK, LETTERS, TAPE, THROTTLED, lasts};
use super::sweep;
use crate::play::{Function, Play};
use domain::span::Span;

fn only(effects: &[String], about: &str) -> Vec<String> {
    effects.iter().filter(|effect| effect.contains(about)).cloned().collect()
}

#[tokio::test]
async fn reserved_concurrency_is_raised_once_and_put_back_once() {
    let story = async |play: &mut Play| lasts(play, &THROTTLED, Span::seconds(40)).await;
    let (ending, n) = sweep("lambda-concurrency", story, Function::Remediator).await;
    assert_eq!(only(&ending.effects, "intake"), ["reserved for intake: Some(20)", "reserved for intake: Some(10)"]);
    assert!(n >= 12, "{n} cuts");
}

#[tokio::test]
async fn messages_are_moved_once() {
    let story = async |play: &mut Play| lasts(play, &LETTERS, Span::seconds(90)).await;
    let (ending, n) = sweep("sqs-redrive", story, Function::Remediator).await;
    assert_eq!(only(&ending.effects, "moved").len(), 1, "{ending:#?}");
    assert_eq!(only(&ending.effects, "left"), ["0 letters left"]);
    assert!(n >= 12, "{n} cuts");
}

#[tokio::test]
async fn a_runbook_that_succeeds_is_run_once() {
    let story = async |play: &mut Play| lasts(play, &DISK, Span::seconds(90)).await;
    let (ending, n) = sweep("ssm-runbook", story, Function::Remediator).await;
    assert_eq!(only(&ending.effects, "run with"), ["Clean run with {\"Which\": [\"all\"]}"]);
    assert!(ending.remedies[0].contains("helped: run runbook Clean"), "{ending:#?}");
    assert!(n >= 12, "{n} cuts");
}

#[tokio::test]
async fn a_runbook_that_fails_is_run_once_and_said_not_to_have_helped() {
    let story = async |play: &mut Play| lasts(play, &TAPE, Span::seconds(110)).await;
    let (ending, n) = sweep("ssm-runbook that fails", story, Function::Remediator).await;
    assert_eq!(only(&ending.effects, "run with").len(), 1);
    assert!(ending.remedies[0].contains("did not help: run runbook Rewind"), "{ending:#?}");
    assert!(n >= 12, "{n} cuts");
}
