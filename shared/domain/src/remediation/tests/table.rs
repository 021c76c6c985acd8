//! Every stage and everything that may happen in it: what comes next stands in
//! `table/table.txt`, a row for each stage and a column for each event.
//!
//! | There | is |
//! |---|---|
//! | `claimed` | the next stage |
//! | `acting*` | the next stage, and once that is stored there is an act |
//! | `!guard` | over: refused by this guard |
//! | `waits` | nothing is stored before a later moment |
//! | `stays` | nothing comes of it |
//! | `-` | nothing more will happen |

mod samples;

use serde_json::json;

use self::samples::{Sample, all, name_of};
use super::{World, ecs, ecs_of, hot_service, scale_out, stop};
use crate::control::{Silence, SilenceKind};
use crate::remediation::step::{ActResult, Change, Step, acted, approve, decline, step};
use crate::remediation::{Announcement, Held, Outcome, Phase, Remedy, Stage, TargetFacts};
use crate::script;
use crate::span::Span;
use crate::timeline::Entry;

/// What may happen. A tick comes with what it finds; what stands is due to be put back
/// where that matters, and an observation is due to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A tick; the target is as the stage says.
    AsExpected,
    /// A tick; nothing is firing since just now.
    Calm,
    /// A tick; the kill switch was used.
    Stopped,
    /// A tick, after all that is waited for is over: the event's age, the question, the
    /// deadline, the hold-down.
    Late,
    /// A tick of another execution, at once.
    OtherClock,
    /// A tick; the target does not exist any more.
    Gone,
    /// A tick; somebody else has changed the target.
    Changed,
    /// A tick; the target is as it was before anything was done.
    Undone,
    Suppressed,
    Blackout,
    /// A tick; the policy has this remediation no more.
    Lost,
    Approve,
    Decline,
    ActDone,
    ActImpossible,
    ActNotNow,
}

/// In the order of the table's columns: a new one does not compile without its place.
const fn column(event: Event) -> (usize, &'static str) {
    match event {
        Event::AsExpected => (0, "as expected"),
        Event::Calm => (1, "calm"),
        Event::Stopped => (2, "stopped"),
        Event::Late => (3, "late"),
        Event::OtherClock => (4, "other clock"),
        Event::Gone => (5, "gone"),
        Event::Changed => (6, "changed"),
        Event::Undone => (7, "undone"),
        Event::Suppressed => (8, "suppressed"),
        Event::Blackout => (9, "blackout"),
        Event::Lost => (10, "lost"),
        Event::Approve => (11, "approve"),
        Event::Decline => (12, "decline"),
        Event::ActDone => (13, "act done"),
        Event::ActImpossible => (14, "act impossible"),
        Event::ActNotNow => (15, "act not now"),
    }
}

const EVENTS: [Event; 16] = [
    Event::AsExpected,
    Event::Calm,
    Event::Stopped,
    Event::Late,
    Event::OtherClock,
    Event::Gone,
    Event::Changed,
    Event::Undone,
    Event::Suppressed,
    Event::Blackout,
    Event::Lost,
    Event::Approve,
    Event::Decline,
    Event::ActDone,
    Event::ActImpossible,
    Event::ActNotNow,
];

/// What came of an event: the cell, and the change if there was one.
struct Came {
    cell: String,
    next: Option<(Remedy, Vec<Entry>)>,
    change: Option<Change>,
}

fn came_of(change: Change) -> Came {
    let act = if change.act.is_some() { "*" } else { "" };
    let cell = match &change.remedy.stage {
        Stage::Over { outcome: Outcome::Refused { refusal }, .. } => format!("!{}", refusal.guard()),
        stage => format!("{}{act}", stage.word()),
    };
    Came { cell, next: Some((change.remedy.clone(), change.entries.clone())), change: Some(change) }
}

fn nothing(cell: &str) -> Came {
    Came { cell: cell.to_owned(), next: None, change: None }
}

/// A world in which the first remediation is at a stage, as it would have come there.
fn at(sample: Sample) -> World {
    let mut world = hot_service();
    world.policy = script::policy(|content| {
        content["time_intervals"] = json!([{"name": "always", "time_intervals": [{}]}]);
        content["remediations"] = json!([scale_out(|_| {})]);
    });
    world.begins();
    let Stage::Acting { plan, .. } = world.remedy.stage.clone() else { panic!("should act") };
    (world.notes, world.remedy.outbox) = (Vec::new(), Vec::new());
    world.remedy.stage = sample(&world, plan.clone());
    let is_done = !matches!(
        world.remedy.stage,
        Stage::Proposed | Stage::Observing { .. } | Stage::Asked { .. } | Stage::Approved { .. } | Stage::Claimed { .. }
    );
    set_minimum(&mut world, if is_done { 6 } else { 2 });
    let phase = match &world.remedy.stage {
        Stage::Proposed | Stage::Observing { .. } | Stage::Asked { .. } | Stage::Approved { .. } | Stage::Over { .. } => None,
        Stage::Claimed { .. } | Stage::Acting { .. } => Some(Phase::Begun),
        Stage::Verifying { .. } | Stage::Holding { .. } => Some(Phase::Stands),
        Stage::Reverting { .. } => Some(Phase::Reverting),
    };
    let held = world.facts.lease.held.take().unwrap();
    world.facts.lease.held = phase.map(|phase| Held { phase, ..held });
    if phase.is_none() {
        (world.facts.lease.cooldown_until, world.facts.lease.last) = (None, None);
    }
    world
}

fn set_minimum(world: &mut World, minimum: u32) {
    let ecs = ecs_of(world);
    ecs.scalable.as_mut().unwrap().min = minimum;
    ecs.running = minimum.max(4);
}

/// What stands is due to be put back; an observation is due to end.
fn is_due(world: &mut World) {
    match world.remedy.stage {
        Stage::Holding { .. } => {
            world.recovers();
            world.now = Span::minutes(10).after(world.now);
        }
        Stage::Observing { .. } => world.recovers(),
        _ => {}
    }
}

fn prepare(world: &mut World, event: Event) {
    match event {
        Event::AsExpected
        | Event::OtherClock
        | Event::Approve
        | Event::Decline
        | Event::ActDone
        | Event::ActImpossible
        | Event::ActNotNow => {}
        Event::Calm => world.recovers(),
        Event::Late => {
            is_due(world);
            world.now = Span::hours(5).after(world.now);
        }
        Event::Stopped | Event::Gone | Event::Changed | Event::Undone | Event::Suppressed | Event::Blackout | Event::Lost => {
            is_due(world);
        }
    }
    match event {
        Event::Stopped => world.control.kill.all = Some(stop(world)),
        Event::OtherClock => world.clock += 1,
        Event::Gone => world.facts.target = TargetFacts::Missing,
        Event::Changed => set_minimum(world, 7),
        Event::Undone => set_minimum(world, 2),
        Event::Suppressed => {
            let silence = Silence {
                kind: SilenceKind::Maintenance,
                matchers: vec!["group=g".into()],
                starts_at: world.now,
                ends_at: Span::hours(1).after(world.now),
                by: "ann".into(),
                why: "work".into(),
            };
            world.control.silences.insert("s".into(), silence);
        }
        Event::Blackout => world.policy.remediations[0].blackout.push("always".into()),
        Event::Lost => world.policy.remediations.clear(),
        Event::AsExpected
        | Event::Calm
        | Event::Late
        | Event::Approve
        | Event::Decline
        | Event::ActDone
        | Event::ActImpossible
        | Event::ActNotNow => {}
    }
}

fn happens(world: &World, event: Event) -> Came {
    let (id, remedy, version) = (&world.incident.id, &world.remedy, world.version);
    let answered = |answer: Result<(Remedy, Vec<Entry>), String>| match answer {
        Ok((remedy, entries)) => Came { cell: remedy.stage.word().to_owned(), next: Some((remedy, entries)), change: None },
        Err(why) => {
            assert!(why.contains("does not wait for approval"), "{why}");
            nothing("stays")
        }
    };
    let told = |result: &ActResult| match acted(world.situation(), &world.facts.lease, result) {
        Some(change) => came_of(change),
        None => nothing("stays"),
    };
    match event {
        Event::Approve => answered(approve(world.now, id, remedy, version, "ann")),
        Event::Decline => answered(decline(world.now, id, remedy, version, "ann")),
        Event::ActDone => told(&ActResult::Done),
        Event::ActImpossible => told(&ActResult::Impossible("access denied".into())),
        Event::ActNotNow => told(&ActResult::NotNow("throttled".into())),
        Event::AsExpected
        | Event::Calm
        | Event::Stopped
        | Event::Late
        | Event::OtherClock
        | Event::Gone
        | Event::Changed
        | Event::Undone
        | Event::Suppressed
        | Event::Blackout
        | Event::Lost => ticks(world),
    }
}

/// One step, with a look if it wants one.
fn ticks(world: &World) -> Came {
    let first = step(world.situation(), None);
    let next = if matches!(first, Step::Look(_)) { step(world.situation(), Some(&world.facts)) } else { first };
    match next {
        Step::Done => nothing("-"),
        Step::Wait(until) => {
            assert!(until > world.now, "it would not wait at all");
            nothing("waits")
        }
        Step::Look(look) => panic!("looks twice in a row at {}", look.target),
        Step::Change(change) => came_of(*change),
    }
}

/// Cells are divided by two spaces or more.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn what_comes_next_is_what_the_table_says() {
    let mut lines = include_str!("table/table.txt").lines();
    let columns: Vec<&str> = cells(lines.next().unwrap());
    let rows: Vec<Vec<&str>> = lines.map(cells).collect();
    assert_eq!(columns, EVENTS.map(|event| column(event).1), "every event has its column");
    assert!(EVENTS.iter().enumerate().all(|(n, event)| column(*event).0 == n));
    let stages = all();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), stages.iter().map(|it| it.0).collect::<Vec<_>>());
    let mut is: Vec<Vec<String>> = Vec::new();
    for (name, sample) in &stages {
        let came = EVENTS.iter().map(|event| {
            let mut world = at(*sample);
            assert_eq!(name_of(&world.remedy.stage), *name);
            prepare(&mut world, *event);
            happens(&world, *event).cell
        });
        is.push(std::iter::once((*name).to_owned()).chain(came).collect());
    }
    let wrong: Vec<String> = rows.iter().zip(&is).flat_map(|(row, is)| differences(row, is)).collect();
    assert!(wrong.is_empty(), "\n{}\n\nall of it, as it is:\n{}", wrong.join("\n"), printed(&columns, &is));
}

fn differences(row: &[&str], is: &[String]) -> Vec<String> {
    let wanted = |n: usize| row.get(n).copied().unwrap_or("nothing");
    (1..is.len())
        .filter(|n| wanted(*n) != is[*n])
        .map(|n| format!("{}, {}: {} and not {}", is[0], column(EVENTS[n - 1]).1, is[n], wanted(n)))
        .collect()
}

fn printed(columns: &[&str], rows: &[Vec<String>]) -> String {
    let width =
        |n: usize| rows.iter().map(|row| row[n].len()).chain(n.checked_sub(1).map(|n| columns[n].len())).max().unwrap_or(0);
    let line = |row: &[String]| {
        let padded: Vec<String> = row.iter().enumerate().map(|(n, cell)| format!("{cell:w$}", w = width(n) + 2)).collect();
        padded.concat().trim_end().to_owned()
    };
    let head: Vec<String> = std::iter::once(String::new()).chain(columns.iter().map(|it| (*it).to_owned())).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|row| line(row))).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_change_is_noted_with_its_reason_and_told_and_stored_before_its_act() {
    let mut n_acts = 0;
    for (name, sample) in all() {
        for event in EVENTS {
            let mut world = at(sample);
            prepare(&mut world, event);
            let came = happens(&world, event);
            let Some((next, entries)) = &came.next else { continue };
            let place = format!("{name}, {}", column(event).1);
            assert_eq!(entries.len(), 1, "{place}: a line of the record");
            assert!(entries[0].text.len() > "mend: ".len() && entries[0].at == world.now, "{place}: {:?}", entries[0]);
            let [Announcement { stage, sentence, because, at, reference, .. }] = &next.outbox[..] else {
                panic!("{place}: told {} times", next.outbox.len())
            };
            assert_eq!(
                (stage.as_str(), *sentence == next.stage.sentence(), *at),
                (next.stage.word(), true, world.now),
                "{place}"
            );
            assert!(!sentence.is_empty() && reference.contains(&world.incident.id.to_string()), "{place}");
            assert_eq!(*because, entries[0].because, "{place}");
            assert!(next.wake_at.is_some(), "{place}: whoever is to tell it sees it overdue");
            let Some(change) = &came.change else { continue };
            let may_have_happened = match &change.remedy.stage {
                Stage::Acting { since, clock, .. } | Stage::Reverting { since, clock, .. } => {
                    *since == world.now && *clock == world.clock
                }
                _ => false,
            };
            assert_eq!(change.act.is_some(), may_have_happened, "{place}: stored before it is done, and for nothing else");
            n_acts += usize::from(change.act.is_some());
            if change.act.is_some() {
                let lease = change.lease.as_ref().unwrap_or(&world.facts.lease);
                assert_eq!(lease.held.as_ref().map(|held| held.by.len()), Some(1), "{place}: nobody else has the target");
            }
        }
    }
    assert!(n_acts > 0);
}

#[test]
fn observing_and_asking_come_before_a_claim_where_the_policy_says_so() {
    for (mode, wanted) in [("observe", "observing"), ("ask", "asked"), ("act", "claimed")] {
        let world = World::new(&scale_out(|c| c["mode"] = json!(mode)), TargetFacts::EcsScaleOut(ecs()));
        assert_eq!(ticks(&world).cell, wanted, "mode: {mode}");
    }
}
