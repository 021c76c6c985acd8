//! Alarms come and go at random; their events come twice, late, out of order and
//! to functions that are cut off. What must always hold is looked at in the end.
//!
//! `SEEDS=400` plays more of them, `SEEDS=17..18` that one again.

use std::collections::{BTreeMap, BTreeSet};

use crate::play::{CutAt, Function, Play};
use domain::alert::{AlertState, History, Transition};
use domain::incident::Status;
use domain::notice::{Delivery, NoticeKind};
use domain::span::Span;
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::world::Moment;

use crate::stage::{TOPICS, change, messages, orders, record};

const N_SEEDS: u64 = 40;
/// The alarms, by the group that they belong to.
const ALARMS: [&str; 4] = ["api-errors", "api-latency", "db-cpu", "db-connections"];
/// How long alarms come and go.
const LENGTH: Span = Span::minutes(45);
/// The latest that an event comes in.
const LATE: Span = Span::minutes(9);

/// `SplitMix64` (Steele, Lea and Flood, 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `n`, exclusive.
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// A moment within `span` after `start`, to the millisecond.
    fn within(&mut self, start: Timestamp, span: Span) -> Timestamp {
        Span::millis(self.below(span.as_millis())).after(start)
    }
}

/// A change of state that really happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    alarm: &'static str,
    at: Timestamp,
    is_alarm: bool,
}

fn grouped_orders() -> Value {
    let mut orders = orders();
    orders["classify"] = json!([
        {"name": "api", "matchers": ["alertname=~\"api-.*\""], "set": {"priority": "P1", "service": "api"}},
        {"name": "db", "matchers": ["alertname=~\"db-.*\""], "set": {"priority": "P1", "service": "db"}},
    ]);
    orders["route"]["group_by"] = json!(["service"]);
    orders
}

/// Every alarm changes a few times and ends well.
fn changes(dice: &mut Dice, start: Timestamp) -> Vec<Change> {
    let mut changes = Vec::new();
    for alarm in ALARMS {
        let mut moments: BTreeSet<Timestamp> = (0..2 * dice.below(4)).map(|_| dice.within(start, LENGTH)).collect();
        if moments.len() % 2 == 1 {
            moments.insert(LENGTH.after(start));
        }
        changes.extend(moments.into_iter().enumerate().map(|(n, at)| Change { alarm, at, is_alarm: n % 2 == 0 }));
    }
    changes
}

/// Every change comes in at least once: mostly at once, some late, some twice.
fn schedule(dice: &mut Dice, play: &mut Play, changes: &[Change]) {
    for change_ in changes {
        let n_times = if dice.one_in(3) { 2 } else { 1 };
        for _ in 0..n_times {
            let late = if dice.one_in(4) { LATE } else { Span::seconds(3) };
            let state = if change_.is_alarm { "ALARM" } else { "OK" };
            let at = dice.within(change_.at, late);
            play.deliver_at(at, &change(change_.alarm, state, change_.at));
        }
    }
}

fn cuts(dice: &mut Dice) -> Vec<CutAt> {
    let n_cuts = dice.below(8);
    (0..n_cuts)
        .map(|_| CutAt {
            run: usize::try_from(dice.below(120)).unwrap(),
            call: usize::try_from(dice.below(6)).unwrap(),
            moment: if dice.one_in(2) { Moment::Before } else { Moment::After },
        })
        .collect()
}

#[tokio::test]
async fn whatever_happens_on_the_way_the_end_is_the_same() {
    for seed in seeds() {
        simulate(seed).await;
    }
}

async fn simulate(seed: u64) {
    let mut dice = Dice(seed);
    let mut play = Play::new(grouped_orders(), TOPICS).await;
    let changes = changes(&mut dice, play.now);
    schedule(&mut dice, &mut play, &changes);
    play.cuts = cuts(&mut dice);
    play.sweep_every_minute();
    for _ in 0..LENGTH.as_seconds() / 60 + 40 {
        play.wait(Span::minutes(1)).await;
        one_open_incident_a_group(&play, seed).await;
    }
    assert!(play.undelivered.is_empty(), "seed {seed}: an event was given up");
    states_are_a_function_of_the_changes(&play, &changes, seed).await;
    all_is_over_and_told(&play, &changes, seed).await;
}

async fn one_open_incident_a_group(play: &Play, seed: u64) {
    let mut open: BTreeMap<String, String> = BTreeMap::new();
    for row in play.store().open_rows(None).await.unwrap() {
        let aws::store::OpenRow::Incident(stored) = row else { continue };
        let incident = stored.value;
        let other = open.insert(incident.group.as_str().to_owned(), incident.id.to_string());
        assert_eq!(other, None, "seed {seed}: {} has two incidents open at {}", incident.title, play.now);
    }
}

/// The newest state wins, and the history holds each change once, in order.
async fn states_are_a_function_of_the_changes(play: &Play, changes: &[Change], seed: u64) {
    for alarm in ALARMS {
        let wanted: Vec<(Timestamp, bool)> =
            changes.iter().filter(|change| change.alarm == alarm).map(|change| (change.at, change.is_alarm)).collect();
        let history = record(play, alarm).await.map(|record| record.history).unwrap_or_default();
        let got: Vec<(Timestamp, bool)> = transitions(&history);
        assert_eq!(got, wanted, "seed {seed}: {alarm}");
        assert!(!history.is_firing(), "seed {seed}: {alarm} is firing");
    }
}

fn transitions(history: &History) -> Vec<(Timestamp, bool)> {
    let is_alarm = |transition: &Transition| transition.state == AlertState::Alarm;
    history.transitions().iter().map(|transition| (transition.state_at, is_alarm(transition))).collect()
}

/// Every incident is closed, every message sent, everyone who was told of the
/// beginning was told of the end, and nobody heard more than that.
async fn all_is_over_and_told(play: &Play, changes: &[Change], seed: u64) {
    let store = play.store();
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    let ids = play.incident_ids();
    assert_eq!(ids.is_empty(), changes.is_empty(), "seed {seed}: {} incidents of {} changes", ids.len(), changes.len());
    for id in ids {
        let rows = store.incident(&id).await.unwrap().unwrap();
        let incident = &rows.incident.value;
        assert!(matches!(incident.status, Status::Closed { .. }), "seed {seed}: {id} is {:?}", incident.status);
        assert_eq!(store.pointer(&incident.group).await.unwrap(), None, "seed {seed}: {id} left its pointer");
        let (mut began, mut ended) = (BTreeMap::new(), BTreeMap::new());
        for notice in rows.notices.iter().map(|stored| &stored.value) {
            let address = notice.address.to_string();
            match notice.delivery {
                Delivery::Sent { .. } => *sent.entry(address.replace("topic ", "")).or_default() += 1,
                Delivery::Cancelled { .. } => continue,
                Delivery::Pending { .. } | Delivery::Failed { .. } => panic!("seed {seed}: {id} {notice:#?}"),
            }
            let side = if notice.kind == NoticeKind::Resolved { &mut ended } else { &mut began };
            let last = side.entry(address).or_insert(notice.round);
            *last = notice.round.max(*last);
        }
        for (address, round) in began {
            assert!(ended.get(&address) > Some(&round), "seed {seed}: {id} is not over for {address}");
        }
    }
    let is_tick = |cut: &&CutAt| play.runs.get(cut.run).is_some_and(|run| run.function == Function::Escalation);
    let n_cut_ticks = play.cuts.iter().filter(is_tick).count();
    for (topic, n_published) in messages(play) {
        let n_sent = sent.remove(&topic).unwrap_or(0);
        let most = n_sent + n_cut_ticks;
        assert!((n_sent..=most).contains(&n_published), "seed {seed}: {topic} got {n_published} messages instead of {n_sent}");
    }
    assert!(sent.is_empty(), "seed {seed}: these were sent and never came: {sent:?}");
}

#[expect(clippy::disallowed_methods, reason = "how much is simulated is said on the command line")]
fn seeds() -> std::ops::Range<u64> {
    let said = std::env::var("SEEDS").unwrap_or_default();
    match said.split_once("..") {
        Some((first, end)) => first.parse().unwrap()..end.parse().unwrap(),
        None => 0..said.parse().unwrap_or(N_SEEDS),
    }
}
