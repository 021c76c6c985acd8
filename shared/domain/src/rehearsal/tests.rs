//! Laws of whole stories, whatever happens in them.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::alert::AlertState;
use crate::control::{Silence, SilenceKind};
use crate::labels::Labels;
use crate::law::law;
use crate::notice::NoticeKind;
use crate::script::policy;

/// Something that happens.
#[derive(Debug, Clone)]
enum Event {
    Alert(&'static str, &'static str, AlertState),
    Wait(u64),
    Acknowledge,
    Resolve,
    Silence(&'static str, u64),
}

fn any_event() -> impl Strategy<Value = Event> {
    let name = prop::sample::select(vec!["critical", "minor", "plain", "cause"]);
    let group = prop::sample::select(vec!["a", "b"]);
    let state = prop::sample::select(vec![AlertState::Alarm, AlertState::Alarm, AlertState::Ok, AlertState::InsufficientData]);
    prop_oneof![
        5 => (name.clone(), group, state).prop_map(|(name, group, state)| Event::Alert(name, group, state)),
        4 => (1u64..5_000).prop_map(Event::Wait),
        1 => Just(Event::Acknowledge),
        1 => Just(Event::Resolve),
        1 => (name, 1u64..7_200).prop_map(|(name, seconds)| Event::Silence(name, seconds)),
    ]
}

fn orders() -> Arc<Policy> {
    Arc::new(policy(|content| {
        content["inhibit_rules"] =
            json!([{"source_matchers": ["alertname=cause"], "target_matchers": ["alertname=plain"], "equal": ["group"]}]);
        content["noise"] = json!({"self_recovery": {"P3": "5m"}, "flapping": {"transitions": 4, "within": "1h", "quiet": "20m"},
            "storm": {"incidents": 3, "within": "5m"}});
        content["escalation_policies"][0].as_object_mut().unwrap().remove("acknowledgement_timeout");
    }))
}

fn play(policy: &Arc<Policy>, events: &[Event]) -> Rehearsal {
    let start: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    let mut rehearsal = Rehearsal::new(Arc::clone(policy), start);
    for (n, event) in events.iter().enumerate() {
        match event {
            Event::Alert(name, group, state) => {
                let labels: Labels = [("alertname", *name), ("group", *group)].into_iter().collect();
                rehearsal.hear(Alert::of_labels(&labels, *state, rehearsal.now()));
            }
            Event::Wait(seconds) => rehearsal.advance(Span::seconds(*seconds).after(rehearsal.now())),
            Event::Acknowledge => drop(rehearsal.acknowledge("ann")),
            Event::Resolve => drop(rehearsal.resolve("ann")),
            Event::Silence(name, seconds) => {
                let silence = Silence {
                    kind: SilenceKind::Silence,
                    matchers: vec![format!("alertname=\"{name}\"")],
                    starts_at: rehearsal.now(),
                    ends_at: Span::seconds(*seconds).after(rehearsal.now()),
                    by: "ann".into(),
                    why: "known".into(),
                };
                rehearsal.control_mut().silences.insert(format!("s{n}"), silence);
            }
        }
    }
    rehearsal.advance(Span::hours(12).after(rehearsal.now()));
    rehearsal
}

/// Whether a message asks somebody to do something.
fn asks(sent: &Sent) -> bool {
    match sent.kind {
        NoticeKind::Opened
        | NoticeKind::Page { .. }
        | NoticeKind::Updated
        | NoticeKind::Reminder
        | NoticeKind::Asks { .. }
        | NoticeKind::Failsafe { .. } => true,
        NoticeKind::Mended | NoticeKind::Acknowledged { .. } | NoticeKind::Resolved => false,
    }
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn nobody_is_told_of_what_is_suppressed_and_everybody_who_was_told_hears_the_end(events in prop::collection::vec(any_event(), 1..40)) {
        // What is suppressed is tried at each tick.
        let rehearsal = play(&orders(), &events);
        for incident in rehearsal.incidents().filter(|incident| !incident.is_open()) {
            let of_it = || rehearsal.sent().iter().filter(|sent| sent.incident == incident.id);
            for told in of_it().filter(|sent| asks(sent)) {
                let hears_the_end = of_it().any(|sent| {
                    sent.kind == NoticeKind::Resolved && sent.address == told.address && sent.at >= told.at
                });
                prop_assert!(hears_the_end, "{told:?}");
            }
        }
    }

    #[test]
    fn nobody_hears_more_because_somebody_acknowledged(
        before in prop::collection::vec(any_event(), 1..12), after in 1u64..20_000,
    ) {
        let mut quiet = before.clone();
        quiet.retain(|event| !matches!(event, Event::Silence(..)));
        let mut answered = quiet.clone();
        answered.push(Event::Acknowledge);
        for events in [&mut quiet, &mut answered] {
            events.push(Event::Wait(after));
        }
        let n_asked = |events: &[Event]| play(&orders(), events).sent().iter().filter(|sent| asks(sent)).count();
        prop_assert!(n_asked(&answered) <= n_asked(&quiet));
    }

    #[test]
    fn the_looks_that_are_left_out_would_have_found_nothing(events in prop::collection::vec(any_event(), 1..30)) {
        let mut left_out = play(&orders(), &events);
        let mut all = play_every_look(&orders(), &events);
        let (left_out, all) = (left_out.drain_sent(), all.drain_sent());
        let first = left_out.iter().zip(&all).find(|(one, other)| one != other);
        prop_assert!(first.is_none(), "{:?}", first);
        prop_assert_eq!(left_out.len(), all.len());
    }
}

fn play_every_look(policy: &Arc<Policy>, events: &[Event]) -> Rehearsal {
    clocks::EVERY_LOOK.set(true);
    let rehearsal = play(policy, events);
    clocks::EVERY_LOOK.set(false);
    rehearsal
}
