//! ECS services: raised and put back, by one incident or by two; deployed anew; rolled
//! back.

use super::scenery::{CPU, DEPLOYED, FIXED, MEMORY, STUCK, fires, lasts, recovers};
use super::sweep;
use crate::play::{Function, Play};
use domain::span::Span;
use testkit::world::{Scalable, Service};

const RAISED: &str = "minimum of main/api: 6";
const PUT_BACK: &str = "minimum of main/api: 2";

/// How often each of these is among the effects.
fn counts(effects: &[String], wanted: &[&str]) -> Vec<usize> {
    wanted.iter().map(|text| effects.iter().filter(|effect| effect.contains(text)).count()).collect()
}

#[tokio::test]
async fn a_raised_minimum_is_raised_once_and_put_back_once() {
    let story = async |play: &mut Play| lasts(play, &CPU, Span::seconds(40)).await;
    let (ending, n) = sweep("ecs-scale-out", story, Function::Remediator).await;
    assert_eq!(counts(&ending.effects, &[RAISED, PUT_BACK]), [1, 1]);
    assert!(ending.remedies[0].contains("helped and was put back"), "{ending:#?}");
    assert!(n >= 12, "{n} cuts");
}

#[tokio::test]
async fn a_raised_desired_count_is_raised_once_and_put_back_once() {
    let story = async |play: &mut Play| lasts(play, &FIXED, Span::seconds(40)).await;
    let (ending, n) = sweep("ecs-scale-out of the desired count", story, Function::Remediator).await;
    assert_eq!(counts(&ending.effects, &["desired: Some(6)", "desired: Some(4)", "ServiceUpdate"]), [1, 1, 2]);
    assert!(n >= 12, "{n} cuts");
}

/// Two incidents of one service; the one that is mended last is over first.
async fn shared(play: &mut Play) {
    fires(play, &CPU).await;
    fires(play, &MEMORY).await;
    play.wait(Span::seconds(50)).await;
    recovers(play, &CPU).await;
    play.wait(Span::seconds(10)).await;
    recovers(play, &MEMORY).await;
    play.wait(Span::minutes(30)).await;
}

#[tokio::test]
async fn two_incidents_share_one_raise_and_one_revert() {
    let (ending, n) = sweep("two incidents", shared, Function::Remediator).await;
    assert_eq!(counts(&ending.effects, &[RAISED, PUT_BACK, "minimum of"]), [1, 1, 2]);
    assert_eq!(counts(&ending.remedies, &["which puts it back", "helped and was put back"]), [1, 1]);
    assert!(n >= 40, "{n} cuts");
}

/// Somebody sets the minimum while it is raised.
async fn meddled_with(play: &mut Play) {
    fires(play, &CPU).await;
    play.wait(Span::seconds(40)).await;
    let service = play.world.service("main/api");
    play.world.add_service("main/api", Service { scalable: Some(Scalable::new(7, 10)), ..service });
    recovers(play, &CPU).await;
    play.wait(Span::minutes(30)).await;
}

#[tokio::test]
async fn what_somebody_else_has_set_stays_and_the_incident_says_why() {
    let (ending, _) = sweep("ecs-scale-out, set by somebody else", meddled_with, Function::Remediator).await;
    assert_eq!(counts(&ending.effects, &[RAISED, "minimum of"]), [1, 1]);
    assert!(ending.remedies[0].contains("was not put back: the minimum capacity is 7 now"), "{ending:#?}");
}

/// The permission is taken away while it is raised.
async fn forbidden(play: &mut Play) {
    fires(play, &CPU).await;
    play.wait(Span::seconds(40)).await;
    play.world.refuse(Some("MinCapacity"));
    recovers(play, &CPU).await;
    play.wait(Span::minutes(30)).await;
}

#[tokio::test]
async fn what_may_not_be_put_back_stays_and_the_incident_says_why() {
    let (ending, _) = sweep("ecs-scale-out, not allowed any more", forbidden, Function::Remediator).await;
    assert_eq!(counts(&ending.effects, &[RAISED, "minimum of"]), [1, 1]);
    assert!(ending.remedies[0].contains("was not put back") && ending.remedies[0].contains("not allowed"), "{ending:#?}");
}

#[tokio::test]
async fn a_new_deployment_is_forced_once() {
    let story = async |play: &mut Play| lasts(play, &STUCK, Span::seconds(90)).await;
    let (ending, n) = sweep("ecs-new-deployment", story, Function::Remediator).await;
    assert_eq!(counts(&ending.effects, &["is_forced: true", "ServiceUpdate"]), [1, 1]);
    assert!(n >= 12, "{n} cuts");
}

#[tokio::test]
async fn a_deployment_is_rolled_back_once() {
    let story = async |play: &mut Play| lasts(play, &DEPLOYED, Span::seconds(90)).await;
    let (ending, n) = sweep("ecs-rollback", story, Function::Remediator).await;
    assert_eq!(counts(&ending.effects, &["task-definition/api:1", "ServiceUpdate"]), [2, 1]);
    assert!(n >= 12, "{n} cuts");
}
