//! Which flows are due in this minute, and when within the run does each begin?
//!
//! A flow of an interval of `n` minutes is due in that one of every `n` minutes, counted
//! from the epoch, that a hash of its id says. So flows spread over the minutes, a flow
//! keeps its minute whatever else the file gets or loses, all Regions run it in the same
//! minute, so that their answers can be compared, and nothing needs to be remembered.
//! A minute that the caller is not called for is not made up for, and one that it is
//! called for twice is due twice: it knows both by the minute ([`minute`]) that it stored
//! last, and runs no minute again.
//!
//! Within the run, flows begin one after another, some moments apart, in the order of
//! another hash: a hundred at once would measure how they wait for each other. They begin
//! close together all the same, since Lambda is billed while it waits.

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::flow::Flow;
use crate::span::Span;

/// How far apart two flows of a run begin.
const APART: Duration = Duration::from_millis(50);
/// How long after the first the last one begins, at most, unless the file says otherwise:
/// of the run's minute, two thirds are left for the last to come to its end.
pub const SPREAD: Span = Span::seconds(20);

/// A flow that is due.
#[derive(Debug, Clone, Copy)]
pub struct Due<'a> {
    /// The flow.
    pub flow: &'a Flow,
    /// When it begins, counted from the beginning of the run.
    pub offset: Duration,
}

/// The beginning of the minute that `at` lies in: what a run is known by.
pub fn minute(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at)
}

/// Those of `flows` that are due in the minute that `at` lies in, in the order in which
/// they begin, over `spread` at most. Whether a flow runs in this Region is for the caller
/// to say.
pub fn due<'a>(flows: impl IntoIterator<Item = &'a Flow>, at: Timestamp, spread: Span) -> Vec<Due<'a>> {
    let mut flows: Vec<&Flow> =
        flows.into_iter().filter(|flow| is_due(&flow.id, flow.every.as_seconds().div_ceil(60), at)).collect();
    flows.sort_by_key(|flow| (hash("order", &flow.id), &flow.id));
    let spread = Duration::from_millis(spread.as_millis());
    let apart = u32::try_from(flows.len()).map_or(Duration::ZERO, |n| APART.min(spread / n.max(1)));
    flows.into_iter().zip(0u32..).map(|(flow, rank)| Due { flow, offset: apart * rank }).collect()
}

/// Whether what is called `id`, of an interval of so many minutes, is due in the minute
/// that `at` lies in.
fn is_due(id: &str, every_minutes: u64, at: Timestamp) -> bool {
    let every = i128::from(every_minutes.max(1));
    let n_minutes = i128::from(at.as_second().div_euclid(60));
    (n_minutes + i128::from(hash("minute", id))).rem_euclid(every) == 0
}

/// A number that follows from what it is for and an id.
fn hash(purpose: &str, id: &str) -> u64 {
    let digest = Sha256::digest(format!("{purpose}:{id}").as_bytes());
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::law::law;
    use crate::probe::flow::{AlertRule, Regions};

    fn flow(id: &str, every: u64) -> Flow {
        Flow {
            id: id.to_owned(),
            service: None,
            priority: None,
            every: Span::minutes(every),
            regions: Regions { run: Vec::new(), quorum: 1 },
            alert: AlertRule { failures: 1, of: 1, recover: 1 },
            slo: None,
            allow_cidrs: Vec::new(),
            steps: Vec::new(),
            cleanup: Vec::new(),
        }
    }

    fn flows(n: usize, every: u64) -> Vec<Flow> {
        (0..n).map(|n| flow(&format!("flow-{n}"), every)).collect()
    }

    fn at(minute: i64, seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_020 + minute * 60 + seconds).unwrap()
    }

    #[test]
    fn flows_of_one_interval_are_spread_over_its_minutes() {
        let flows = flows(1_000, 10);
        let counts: Vec<usize> = (0..10).map(|minute| due(&flows, at(minute, 0), SPREAD).len()).collect();
        assert_eq!(counts.iter().sum::<usize>(), 1_000);
        // Six standard deviations about the mean of a hundred.
        assert!(counts.iter().all(|n| (43..=157).contains(n)), "{counts:?}");
    }

    #[test]
    fn a_hundred_flows_begin_one_after_another_and_close_together() {
        let flows = flows(100, 1);
        let offsets: Vec<Duration> = due(&flows, at(0, 0), SPREAD).iter().map(|due| due.offset).collect();
        assert_eq!(offsets[..3], [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(100)]);
        assert_eq!(offsets[99], Duration::from_millis(4_950));
    }

    #[test]
    fn a_minute_begins_at_its_first_second() {
        assert_eq!(minute("2026-11-21T10:05:59.999Z".parse().unwrap()), "2026-11-21T10:05:00Z".parse().unwrap());
        assert_eq!(minute("2026-11-21T10:05:00Z".parse().unwrap()), "2026-11-21T10:05:00Z".parse().unwrap());
    }

    proptest! {
        #![proptest_config(law())]

        #[test]
        fn over_as_many_minutes_as_its_interval_has_each_flow_is_due_once(
            id in "[a-z]{1,8}", every in 1..1_500_i64, from in -1_000_000..1_000_000_i64, second in 0..60_i64,
        ) {
            let flows = [flow(&id, every.unsigned_abs())];
            let n_due: usize = (from..from + every).map(|minute| due(&flows, at(minute, second), SPREAD).len()).sum();
            prop_assert_eq!(n_due, 1);
        }

        #[test]
        fn what_is_due_does_not_depend_on_the_second_or_on_the_order_of_the_file(
            everys in prop::collection::vec(1..5_u64, 0..600), minute in 0..100_i64, second in 0..60_i64,
        ) {
            let mut flows: Vec<Flow> = everys.iter().enumerate().map(|(n, every)| flow(&format!("f{n}"), *every)).collect();
            let told = |flows: &[Flow], second| due(flows, at(minute, second), SPREAD).iter().map(|due| (due.flow.id.clone(), due.offset)).collect::<BTreeMap<_, _>>();
            let one = told(&flows, 0);
            flows.reverse();
            prop_assert_eq!(&told(&flows, second), &one);
            let mut offsets: Vec<Duration> = one.into_values().collect();
            offsets.sort_unstable();
            prop_assert!(offsets.windows(2).all(|two| two[0] < two[1]), "no two begin together");
            prop_assert!(offsets.last().is_none_or(|last| *last < Duration::from_secs(20)));
        }

        #[test]
        fn a_flow_keeps_its_minute_whatever_else_there_is(n in 1..50_usize, every in 1..30_u64, minute in 0..100_i64) {
            let all = flows(n, every);
            let is_due = |flows: &[Flow]| due(flows, at(minute, 0), SPREAD).iter().any(|due| due.flow.id == "flow-0");
            prop_assert_eq!(is_due(&all), is_due(&all[..1]));
        }
    }
}
