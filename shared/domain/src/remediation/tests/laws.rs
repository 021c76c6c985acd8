//! What holds whatever happens to the alarm, the target and the clock.

use proptest::prelude::*;

use super::{World, db_of, ecs_of, hot_database, hot_service};
use crate::alert::AlertState;
use crate::law::law;
use crate::remediation::{Outcome, Stage};
use crate::span::Span;

/// Something that happens, and how long after the last thing.
#[derive(Debug, Clone, Copy)]
enum Event {
    Tick,
    KilledBeforeItsAct,
    KilledAfterItsAct,
    AnotherClock,
    Recovers,
    FiresAgain,
}

fn any_story() -> impl Strategy<Value = Vec<(Event, u64)>> {
    let event = prop_oneof![
        3 => Just(Event::Tick),
        1 => Just(Event::KilledBeforeItsAct),
        1 => Just(Event::KilledAfterItsAct),
        1 => Just(Event::AnotherClock),
        1 => Just(Event::Recovers),
        1 => Just(Event::FiresAgain),
    ];
    proptest::collection::vec((event, 0u64..1_000), 0..20)
}

fn happens(world: &mut World, event: Event, seconds: u64) {
    world.now = Span::seconds(seconds).after(world.now);
    match event {
        Event::Tick => drop(world.tick()),
        Event::KilledBeforeItsAct => world.tick_killed(false),
        Event::KilledAfterItsAct => world.tick_killed(true),
        Event::AnotherClock => world.clock += 1,
        Event::Recovers => world.recovers(),
        Event::FiresAgain => world.changes_to(AlertState::Alarm),
    }
}

/// All is well, and the clock runs until nothing is left to do.
fn ends(world: &mut World) {
    world.recovers();
    for _ in 0..50 {
        match world.tick() {
            Some(next) => world.now = next.max(Span::seconds(1).after(world.now)),
            None => return,
        }
    }
    panic!("it does not end: {:?}", world.remedy.stage);
}

fn minimum(world: &mut World) -> u32 {
    ecs_of(world).scalable.unwrap().min
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn what_was_changed_is_put_back_and_changed_no_more_often_than_it_was_tried(story in any_story()) {
        let mut world = hot_service();
        for (event, seconds) in story {
            happens(&mut world, event, seconds);
            prop_assert!([2, 6].contains(&minimum(&mut world)), "the minimum is {}", minimum(&mut world));
        }
        ends(&mut world);
        prop_assert_eq!(minimum(&mut world), 2, "{:?}", world.outcome());
        prop_assert_eq!(&world.facts.lease.held, &None, "nobody has it any more");
        let n_raised = world.acts.iter().filter(|act| !act.is_undoing).count();
        prop_assert!(n_raised <= 1, "raised {} times", n_raised);
        if n_raised == 1 {
            prop_assert!(matches!(world.outcome(), Outcome::Reverted { .. }), "{:?}", world.outcome());
        }
    }

    #[test]
    fn what_somebody_else_set_is_never_overwritten(before in any_story(), after in any_story()) {
        let mut world = hot_service();
        world.tick();
        for (event, seconds) in before {
            happens(&mut world, event, seconds);
        }
        ecs_of(&mut world).scalable.as_mut().unwrap().min = 7;
        for (event, seconds) in after {
            happens(&mut world, event, seconds);
        }
        ends(&mut world);
        prop_assert_eq!(minimum(&mut world), 7, "{:?}", world.outcome());
        let settled = matches!(world.outcome(), Outcome::Kept { .. } | Outcome::Failed { .. } | Outcome::Reverted { .. });
        prop_assert!(settled, "{:?}", world.outcome());
    }

    #[test]
    fn a_database_is_restarted_at_most_once_whether_or_not_restarts_leave_traces(story in any_story(), is_silent in any::<bool>()) {
        let mut world = World { is_silent, ..hot_database() };
        for (event, seconds) in story {
            happens(&mut world, event, seconds);
        }
        ends(&mut world);
        prop_assert!(world.acts.len() <= 1, "{:?}", world.acts);
        prop_assert!(matches!(world.remedy.stage, Stage::Over { .. }), "{:?}", world.remedy.stage);
        prop_assert_eq!(&db_of(&mut world).status, "available");
        prop_assert_eq!(&world.facts.lease.held, &None);
    }
}
