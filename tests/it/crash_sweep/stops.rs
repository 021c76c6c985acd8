//! What is only observed, what is asked for, and what an operator stops.

use super::scenery::{ASKED, CPU, WATCHED, fires, lasts, recovers};
use super::{Ending, sweep, sweep_or};
use crate::play::{Function, Play};
use crate::stage::{approve_behind, nudge, only_incident, stop};
use domain::span::Span;

fn n_acts(ending: &Ending) -> usize {
    ending.effects.iter().filter(|effect| effect.starts_with("minimum of")).count()
}

#[tokio::test]
async fn who_only_observes_touches_nothing_and_says_what_would_be_done() {
    let story = async |play: &mut Play| lasts(play, &WATCHED, Span::seconds(90)).await;
    let (ending, n) = sweep("observe", story, Function::Remediator).await;
    assert_eq!(n_acts(&ending), 0);
    let said = "watch: observed only; it would raise the minimum capacity of main/api from 2 to 6 (4 running); \
                without it: nothing was changed at the target";
    assert_eq!(ending.remedies, [said]);
    assert!(n >= 8, "{n} cuts");
}

/// Somebody agrees with the tool, not on the page.
async fn agreed(play: &mut Play) {
    fires(play, &ASKED).await;
    play.wait(Span::seconds(30)).await;
    let id = only_incident(play);
    approve_behind(play, &id, "ask", "ann").await;
    nudge(play, &id).await;
    play.wait(Span::seconds(90)).await;
    recovers(play, &ASKED).await;
    play.wait(Span::minutes(30)).await;
}

#[tokio::test]
async fn what_is_approved_with_the_tool_is_done_once_and_put_back_once() {
    let (ending, n) = sweep("ecs-scale-out, approved with the tool", agreed, Function::Remediator).await;
    assert_eq!(n_acts(&ending), 2);
    assert!(ending.stages.contains("ask approved") && ending.remedies[0].contains("helped and was put back"), "{ending:#?}");
    assert!(n >= 12, "{n} cuts");
}

/// The kill switch is thrown before the tick that would begin the act.
async fn stopped_before(play: &mut Play) {
    fires(play, &CPU).await;
    stop(play, "ann").await;
    play.wait(Span::seconds(60)).await;
    recovers(play, &CPU).await;
    play.wait(Span::minutes(30)).await;
}

/// The same when somebody has agreed already.
async fn stopped_after_approval(play: &mut Play) {
    fires(play, &ASKED).await;
    play.wait(Span::seconds(30)).await;
    let id = only_incident(play);
    approve_behind(play, &id, "ask", "ann").await;
    stop(play, "bob").await;
    nudge(play, &id).await;
    play.wait(Span::seconds(60)).await;
    recovers(play, &ASKED).await;
    play.wait(Span::minutes(30)).await;
}

/// Nothing was done, and the incident says who stopped it.
fn assert_stopped(ending: &Ending, n: usize) {
    assert_eq!(n_acts(ending), 0);
    assert!(ending.remedies[0].contains("refused: remediation is stopped by"), "{ending:#?}");
    assert!(n >= 6, "{n} cuts");
}

#[tokio::test]
async fn what_is_stopped_before_it_is_begun_is_not_done() {
    let (ending, n) = sweep("stopped before", stopped_before, Function::Remediator).await;
    assert_stopped(&ending, n);
}

#[tokio::test]
async fn what_is_stopped_after_it_was_approved_is_not_done() {
    let (ending, n) = sweep("stopped after the approval", stopped_after_approval, Function::Remediator).await;
    assert_stopped(&ending, n);
}

/// The kill switch is thrown right after the act was begun.
async fn stopped_after(play: &mut Play) {
    fires(play, &CPU).await;
    play.wait(Span::seconds(1)).await;
    stop(play, "ann").await;
    play.wait(Span::seconds(60)).await;
    recovers(play, &CPU).await;
    play.wait(Span::minutes(30)).await;
}

/// A run that was cut off before the act is taken up after the stop: nothing was done,
/// and the incident says why.
fn is_stopped(wanted: &Ending, got: &Ending) -> bool {
    n_acts(got) == 0
        && got.remedies.iter().all(|remedy| remedy.contains("remediation is stopped by ann"))
        && (&got.incidents, &got.alerts) == (&wanted.incidents, &wanted.alerts)
}

#[tokio::test]
async fn what_was_begun_before_the_stop_is_finished_and_put_back() {
    let (ending, swept) = sweep_or("stopped after", stopped_after, Function::Remediator, is_stopped).await;
    assert_eq!(n_acts(&ending), 2);
    assert!(ending.remedies[0].contains("helped and was put back"), "{ending:#?}");
    // Only where the run was cut off before the act.
    assert!((2..swept.n_cuts / 2).contains(&swept.n_others), "{swept:#?}");
}
