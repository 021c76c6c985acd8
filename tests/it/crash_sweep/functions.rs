//! Whoever takes alarms, and whoever tells people, is cut off.

use super::scenery::{CPU, DB, lasts};
use super::sweep;
use crate::play::{Function, Play};
use domain::span::Span;

/// A service under load: mended, recovered, put back, resolved.
async fn load(play: &mut Play) {
    lasts(play, &CPU, Span::seconds(40)).await;
}

/// The same, so long that an alarm delivered again still comes before its end.
async fn long_load(play: &mut Play) {
    lasts(play, &CPU, Span::minutes(4)).await;
}

/// A database that runs out of connections: paged, climbed, restarted, resolved.
async fn connections(play: &mut Play) {
    lasts(play, &DB, Span::minutes(11)).await;
}

#[tokio::test]
async fn a_classifier_cut_off_anywhere_under_load() {
    let (_, n) = sweep("load", long_load, Function::Classifier).await;
    assert!(n >= 12, "{n} cuts");
}

#[tokio::test]
async fn a_classifier_cut_off_anywhere_with_a_database() {
    let (_, n) = sweep("connections", connections, Function::Classifier).await;
    assert!(n >= 12, "{n} cuts");
}

#[tokio::test]
async fn an_escalation_cut_off_anywhere_under_load() {
    let (_, n) = sweep("load", load, Function::Escalation).await;
    assert!(n >= 40, "{n} cuts");
}

#[tokio::test]
async fn an_escalation_cut_off_anywhere_with_a_database() {
    let (_, n) = sweep("connections", connections, Function::Escalation).await;
    assert!(n >= 40, "{n} cuts");
}
