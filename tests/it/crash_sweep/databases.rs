//! Databases: sessions are ended, instances restarted, and people asked before.

use super::scenery::{ASKED_POOL, DB, POOL, fires, lasts, recovers};
use super::{Ending, sweep, sweep_or};
use crate::play::{Function, Play};
use crate::stage::{approve, only_incident};
use domain::span::Span;

const SESSIONS: [&str; 2] = ["session 11 ended", "session 13 ended"];
const FAILED_OVER: &str = "Completed failover to DB instance: books-2";

fn only(effects: &[String], about: &str) -> Vec<String> {
    effects.iter().filter(|effect| effect.contains(about)).cloned().collect()
}

/// It cannot be told whether the restart was begun: it is not begun again, and the
/// incident says so.
fn is_not_known(wanted: &Ending, got: &Ending) -> bool {
    let n_restarts = only(&got.effects, "restarted").len();
    n_restarts <= 1
        && got.remedies == ["reset: failed: it cannot be told whether the restart was done, and it is not done twice"]
        && (&got.incidents, &got.alerts) == (&wanted.incidents, &wanted.alerts)
}

#[tokio::test]
async fn a_database_is_restarted_at_most_once_and_the_incident_says_if_nobody_knows() {
    let story = async |play: &mut Play| lasts(play, &DB, Span::minutes(3)).await;
    let (ending, swept) = sweep_or("rds-connection-reset by a restart", story, Function::Remediator, is_not_known).await;
    assert_eq!(only(&ending.effects, "restarted"), ["db restarted"]);
    // Between storing that it is begun and asking RDS for it: a restart that RDS was
    // asked for says so by itself.
    assert!((1..=2).contains(&swept.n_others), "{swept:#?}");
    assert!(swept.others.iter().all(|effects| only(effects, "restarted").is_empty()), "{swept:#?}");
    assert!(swept.n_cuts >= 12, "{swept:#?}");
}

#[tokio::test]
async fn sessions_that_help_are_ended_once_and_nothing_is_restarted() {
    let story = async |play: &mut Play| lasts(play, &POOL, Span::seconds(90)).await;
    let (ending, n) = sweep("rds-connection-reset by sessions", story, Function::Remediator).await;
    assert_eq!(only(&ending.effects, "ended"), SESSIONS);
    assert_eq!(only(&ending.effects, "failover"), [""; 0]);
    assert!(n >= 12, "{n} cuts");
}

#[tokio::test]
async fn where_ended_sessions_do_not_help_the_cluster_fails_over_once() {
    let story = async |play: &mut Play| lasts(play, &POOL, Span::seconds(210)).await;
    let (ending, n) = sweep("rds-connection-reset by sessions and a failover", story, Function::Remediator).await;
    assert_eq!(only(&ending.effects, "ended"), SESSIONS);
    assert_eq!(only(&ending.effects, "failover"), [FAILED_OVER]);
    assert!(ending.remedies[0].contains("helped: fail over cluster books"), "{ending:#?}");
    assert!(n >= 12, "{n} cuts");
}

/// Nobody is asked about sessions; about the failover somebody is, and agrees.
async fn asked(play: &mut Play) {
    fires(play, &ASKED_POOL).await;
    play.wait(Span::seconds(150)).await;
    let id = only_incident(play);
    approve(play, &id, "end-or-ask", "ann").await;
    play.wait(Span::seconds(90)).await;
    recovers(play, &ASKED_POOL).await;
    play.wait(Span::minutes(30)).await;
}

#[tokio::test]
async fn a_failover_that_is_approved_on_the_page_is_begun_once() {
    let (ending, n) = sweep("rds-connection-reset, approved on the page", asked, Function::Remediator).await;
    assert_eq!(only(&ending.effects, "ended"), SESSIONS);
    assert_eq!(only(&ending.effects, "failover"), [FAILED_OVER]);
    assert!(ending.stages.contains("end-or-ask approved"), "{ending:#?}");
    assert!(n >= 12, "{n} cuts");
}
