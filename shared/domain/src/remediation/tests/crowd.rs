//! What holds whatever four incidents on one service, their executions, the people and
//! the clock do.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::sim::{Answer, At, Move, Sim, Worker};
use crate::alert::AlertState;
use crate::law::law_of;
use crate::remediation::{Outcome, Plan, Stage};
use crate::span::Span;

/// Incidents on one service.
const N_INCIDENTS: usize = 4;

/// Something that happens. Indexes count round.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// An execution is due, and ticks to its end.
    Tick(usize),
    /// An execution takes one of the next steps that it may, or is cut off.
    Move(usize, usize),
    /// An execution that is due ticks up to its act, and then something goes wrong.
    Mishap(usize, Mishap),
    /// An incident gets another execution of its clock.
    Execution(usize),
    Alarm(usize, AlertState),
    Answer(usize, bool),
    Stop(bool),
    SetByHand(u32),
    /// Seconds pass.
    Time(u64),
    /// The clock is set back by some seconds.
    Back(u64),
}

/// What goes wrong with an act.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    /// It is not done, and the tick is cut off.
    CutOffBefore,
    /// It is done, and the tick is cut off.
    CutOffAfter,
    /// It is not done now.
    NotNow,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is refused.
    Impossible,
}

/// What bounds the remediations of a story.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    cooldown: u64,
    per_hour: u32,
    blast_radius_percent: u32,
    consecutive_failures: u32,
    needs_approval: bool,
}

fn any_bounds() -> impl Strategy<Value = Bounds> {
    (0u64..40, 1u32..4, prop::sample::select(vec![15, 50, 100]), 1u32..3, any::<bool>()).prop_map(
        |(cooldown, per_hour, blast_radius_percent, consecutive_failures, needs_approval)| Bounds {
            cooldown,
            per_hour,
            blast_radius_percent,
            consecutive_failures,
            needs_approval,
        },
    )
}

fn any_mishap() -> impl Strategy<Value = Mishap> {
    use Mishap::{AnswerLost, CutOffAfter, CutOffBefore, Impossible, NotNow};
    prop::sample::select(vec![CutOffBefore, CutOffAfter, NotNow, AnswerLost, Impossible])
}

fn any_story() -> impl Strategy<Value = Vec<Event>> {
    let n = 0usize..12;
    let event = prop_oneof![
        12 => n.clone().prop_map(Event::Tick),
        8 => (n.clone(), any_mishap()).prop_map(|(n, mishap)| Event::Mishap(n, mishap)),
        24 => (n.clone(), 0usize..4).prop_map(|(n, which)| Event::Move(n, which)),
        1 => n.clone().prop_map(Event::Execution),
        4 => (n.clone(), any::<bool>()).prop_map(|(n, ok)| Event::Alarm(n, if ok { AlertState::Ok } else { AlertState::Alarm })),
        2 => (n, prop::bool::weighted(0.8)).prop_map(|(n, yes)| Event::Answer(n, yes)),
        1 => prop::bool::weighted(0.3).prop_map(Event::Stop),
        // Never to what a raise sets it to: nobody could tell then whose it is.
        1 => prop::sample::select(vec![3, 4, 5, 7]).prop_map(Event::SetByHand),
        6 => (0u64..90).prop_map(Event::Time),
        3 => (0u64..3_600).prop_map(Event::Time),
        1 => (0u64..20_000).prop_map(Event::Time),
        1 => (0u64..5).prop_map(Event::Back),
    ];
    proptest::collection::vec(event, 0..120)
}

fn story(bounds: Bounds) -> Sim {
    let remediation = |n: usize| -> Value {
        let needs_approval = bounds.needs_approval && n % 2 == 1;
        json!({
            "name": format!("hot{n}"), "matchers": [format!("alertname=\"hot{n}\"")], "action": "ecs-scale-out", "mode": "act",
            "approval": if needs_approval { "required" } else { "none" }, "max_event_age": "3h",
            "limits": {
                "cooldown": format!("{}m", bounds.cooldown), "per_hour": bounds.per_hour,
                "blast_radius_percent": bounds.blast_radius_percent,
                "consecutive_failures": bounds.consecutive_failures,
            },
        })
    };
    let remediations: Vec<Value> = (0..N_INCIDENTS).map(remediation).collect();
    let workers: Vec<(usize, i64)> = (0..N_INCIDENTS).map(|incident| (incident, 1)).collect();
    Sim::new(&remediations, &workers)
}

fn happens(sim: &mut Sim, event: Event) {
    let n_workers = sim.workers.len();
    match event {
        Event::Tick(n) => tick(sim, n % n_workers, None),
        Event::Mishap(n, mishap) => tick(sim, n % n_workers, Some(mishap)),
        Event::Move(n, which) => {
            let moves = sim.workers[n % n_workers].at.moves();
            if !moves.is_empty() {
                sim.apply(n % n_workers, moves[which % moves.len()]);
            }
        }
        Event::Execution(n) => {
            let incident = n % N_INCIDENTS;
            let seq = 1 + sim.workers.iter().filter(|worker| worker.incident == incident).map(|it| it.seq).max().unwrap_or(0);
            sim.workers.push(Worker { incident, seq, at: At::Asleep { due: sim.now } });
        }
        Event::Alarm(n, state) => sim.alarm(n % N_INCIDENTS, state),
        Event::Answer(n, yes) => sim.answers(n % N_INCIDENTS, yes),
        Event::Stop(is_stopped) => sim.stop(is_stopped),
        Event::SetByHand(minimum) => sim.somebody_sets(minimum),
        Event::Time(seconds) => sim.pass(Span::seconds(seconds)),
        Event::Back(seconds) => sim.now = Span::seconds(seconds).before(sim.now),
    }
}

/// A tick, if one is due. Nothing goes wrong in it but this.
fn tick(sim: &mut Sim, n: usize, mishap: Option<Mishap>) {
    if matches!(sim.workers[n].at, At::Asleep { due } if due > sim.now) {
        return;
    }
    for _ in 0..100 {
        match (&sim.workers[n].at, mishap) {
            (At::Ended, _) => return,
            (At::Acting(..), Some(mishap)) => goes_wrong(sim, n, mishap),
            (at, _) => sim.apply(n, at.moves()[0]),
        }
        if matches!(sim.workers[n].at, At::Asleep { .. }) {
            return;
        }
    }
    panic!("the tick does not end");
}

fn goes_wrong(sim: &mut Sim, n: usize, mishap: Mishap) {
    let moves: &[Move] = match mishap {
        Mishap::CutOffBefore => &[Move::Crash],
        Mishap::CutOffAfter => &[Move::Land, Move::Crash],
        Mishap::NotNow => &[Move::Hear(Answer::NotNow)],
        Mishap::AnswerLost => &[Move::Land, Move::Hear(Answer::NotNow)],
        Mishap::Impossible => &[Move::Hear(Answer::Impossible)],
    };
    for next in moves {
        sim.apply(n, *next);
    }
}

/// All is well, nothing goes wrong any more, and the clock runs.
fn ends(sim: &mut Sim) {
    // Later than all that clocks which were set back have said.
    sim.pass(Span::minutes(10));
    for incident in 0..N_INCIDENTS {
        sim.alarm(incident, AlertState::Ok);
    }
    for _ in 0..100 {
        for n in 0..sim.workers.len() {
            tick(sim, n, None);
        }
        if sim.is_settled() {
            return;
        }
        sim.pass(Span::minutes(5));
    }
    panic!("it does not end: {:?}", sim.remedies.iter().map(|it| it.value.stage.sentence()).collect::<Vec<_>>());
}

fn limits_hold(sim: &Sim, bounds: Bounds) -> Result<(), TestCaseError> {
    for (n, claim) in sim.book.claims.iter().enumerate() {
        let before = &sim.book.claims[..n];
        if let Some(last) = before.last().filter(|last| last.name != claim.name) {
            prop_assert!(Span::minutes(bounds.cooldown).after(last.at) <= claim.at, "too soon: {last:?}, {claim:?}");
        }
        // Clocks that are set back cannot bring back what was forgotten just before.
        let from = Span::seconds(3_600 - 20).before(claim.at);
        let n_in_hour = before.iter().filter(|it| it.at > from).count();
        prop_assert!(n_in_hour < bounds.per_hour as usize, "{n_in_hour} in the hour before {claim:?}");
        let Plan::EcsScaleOut(plan) = &claim.plan else { panic!("{claim:?}") };
        let added = (plan.after - plan.running) * 100;
        prop_assert!(added <= bounds.blast_radius_percent * plan.running, "too much at once: {claim:?}");
        prop_assert!(claim.n_failures < bounds.consecutive_failures, "after too many failures: {claim:?}");
        let needs_approval = bounds.needs_approval && ["hot1", "hot3"].contains(&claim.name.as_str());
        prop_assert!(claim.is_approved || !needs_approval, "nobody has approved {claim:?}");
    }
    prop_assert!(sim.lease.value.n_failures as usize <= sim.book.claims.len(), "more failures than there were changes");
    Ok(())
}

proptest! {
    #![proptest_config(law_of(400))]

    #[test]
    fn limits_the_kill_switch_and_what_others_set_are_kept_and_every_story_ends(
        bounds in any_bounds(),
        story_of in any_story(),
    ) {
        let mut sim = story(bounds);
        for event in story_of {
            happens(&mut sim, event);
            prop_assert_eq!(&sim.book.broken, &None, "at {:?}", event);
        }
        ends(&mut sim);
        prop_assert_eq!(&sim.book.broken, &None, "at the end");
        limits_hold(&sim, bounds)?;
        prop_assert_eq!(&sim.lease.value.held, &None, "nobody has it any more");
        let outcomes: Vec<&Outcome> = sim.remedies.iter().map(|it| match &it.value.stage {
            Stage::Over { outcome, .. } => outcome,
            stage => panic!("not over: {stage:?}"),
        }).collect();
        let is_kept = outcomes.iter().any(|it| matches!(it, Outcome::Kept { why, .. } if !why.is_empty()));
        prop_assert!(sim.book.raised_to.is_none() || is_kept, "raised, and nothing says why: {:?}", outcomes);
        prop_assert!(outcomes.iter().all(|it| !it.sentence().is_empty()));
    }
}

/// The laws above are worth something only if much comes to pass in these stories.
#[test]
fn the_stories_are_full_of_events() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut words = std::collections::BTreeMap::<&str, usize>::new();
    let mut n_claims = 0;
    for _ in 0..400 {
        let bounds = any_bounds().new_tree(&mut runner).unwrap().current();
        let mut sim = story(bounds);
        for event in any_story().new_tree(&mut runner).unwrap().current() {
            happens(&mut sim, event);
        }
        ends(&mut sim);
        n_claims += sim.book.claims.len();
        for remedy in &sim.remedies {
            if let Stage::Over { outcome, .. } = &remedy.value.stage {
                *words.entry(outcome.word()).or_default() += 1;
            }
        }
    }
    println!("{n_claims} claims; {words:?}");
    for word in ["refused", "declined", "expired", "withdrawn", "reverted", "handed-on", "kept", "failed"] {
        assert!(words.contains_key(word), "no story ends as {word}: {words:?}");
    }
    assert!(n_claims > 200, "{n_claims} claims");
}
