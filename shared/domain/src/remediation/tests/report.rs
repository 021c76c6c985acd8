//! What a row keeps of the way it took, which a report is made of.

use serde_json::json;

use super::{World, db, hot_service, reset, stop};
use crate::policy::Mode;
use crate::remediation::report::{Call, Orders, Report, report};
use crate::remediation::step::approve;
use crate::remediation::{PATH_MAX, Stage, TargetFacts};
use crate::span::Span;

fn path(world: &World) -> Vec<String> {
    world.remedy.path.iter().map(|passed| passed.stage.clone()).collect()
}

fn told(world: &World) -> Report {
    let orders = Orders::of(world.policy.remediation("mend").unwrap());
    report("mend", Some(orders), &[Call { remedy: &world.remedy, acknowledged_at: None }])
}

#[test]
fn what_acted_and_was_put_back_is_told_from_its_row() {
    let mut world = hot_service();
    world.tick();
    let begun_at = world.now;
    world.tick_after(Span::minutes(4));
    world.recovers();
    world.tick();
    world.tick_after(Span::minutes(10));
    assert_eq!(path(&world), ["claimed", "acting", "verifying", "holding", "reverting", "reverted"]);
    assert_eq!(world.remedy.path[1].at, begun_at);
    let acted = told(&world).acted;
    assert_eq!((acted.n, acted.n_recovered, acted.n_reverted), (1, 1, 1));
    assert_eq!(acted.recovered_after, Some(Span::seconds(241)));
}

#[test]
fn who_answered_and_when_is_told_from_its_row() {
    let mut world = World::new(&reset(|c| c["approval"] = json!("required")), TargetFacts::RdsConnectionReset(db()));
    world.tick();
    world.now = Span::minutes(7).after(world.now);
    world.remedy = approve(world.now, &world.incident.id, &world.remedy, world.version, "ann").unwrap().0;
    world.version += 1;
    world.tick();
    assert_eq!(path(&world), ["asked", "approved", "claimed", "acting", "verifying"]);
    let report = told(&world);
    assert_eq!((report.asked.n_approved, report.asked.n_people), (1, 1));
    assert_eq!(report.asked.answered_after, Some(Span::minutes(7)));
    assert_eq!((report.acted.n, report.acted.n_under_way), (1, 1));
    let orders = Orders::of(world.policy.remediation("mend").unwrap());
    assert_eq!((orders.mode, orders.asks_in_act), (Mode::Act, true));
}

#[test]
fn a_row_does_not_grow_without_end() {
    let mut world = hot_service();
    for _ in 0..=PATH_MAX {
        let (now, id) = (world.now, world.incident.id.clone());
        world.remedy.come_to(Stage::Proposed, now, &id, world.version, &[]);
    }
    assert_eq!(world.remedy.path.len(), PATH_MAX);
}

#[test]
fn what_may_have_been_done_is_not_stopped_any_more() {
    let mut world = hot_service();
    assert!(world.remedy.stage.can_be_stopped());
    world.tick();
    assert!(!world.remedy.stage.can_be_stopped());
    world.control.kill.all = Some(stop(&world));
    world.recovers();
    world.tick();
    world.tick_after(Span::minutes(10));
    assert_eq!(path(&world).last().map(String::as_str), Some("reverted"));
}
