use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::law::law;
use crate::probe::flow::{AlertRule, Flow, Regions};
use crate::probe::report::{FlowReport, Phases, StepReport, Verdict};
use crate::span::Span;

const RULE: AlertRule = AlertRule { failures: 3, of: 5, recover: 2 };
const NAMES: [&str; 4] = ["ap-northeast-1", "eu-west-1", "sa-east-1", "us-east-1"];

fn minute(n: i64) -> Timestamp {
    "2026-11-21T10:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(n)
}

fn verdict(letter: char) -> Verdict {
    match letter {
        '+' => Verdict::Up,
        '~' => Verdict::Degraded,
        '-' => Verdict::Down,
        '?' => Verdict::Unknown,
        other => panic!("{other} is no verdict"),
    }
}

/// The run of a minute.
fn run(n: i64, letter: char) -> FlowReport {
    let is_bad = letter == '-';
    let step = StepReport {
        step: 2,
        name: "POST /orders".to_owned(),
        kind: "http".to_owned(),
        ok: !is_bad,
        slow: false,
        status: Some(503),
        phases_ms: Phases::default(),
        captures: Vec::new(),
        because: vec![format!("minute {n}")],
        evidence: Some("out of stock".to_owned()),
    };
    FlowReport {
        flow: "create-order".to_owned(),
        run: format!("run-{n}"),
        region: None,
        at: minute(n),
        verdict: verdict(letter),
        failed_step: is_bad.then_some(2),
        because: vec![format!("step 2 (POST /orders): minute {n}")],
        duration_ms: 12.5,
        steps: vec![step],
        cleanup: Vec::new(),
    }
}

fn flow(quorum: usize) -> Flow {
    Flow {
        id: "create-order".to_owned(),
        service: None,
        priority: None,
        every: Span::minutes(1),
        regions: Regions { run: NAMES.map(str::to_owned).to_vec(), quorum },
        alert: RULE,
        slo: None,
        allow_cidrs: Vec::new(),
        steps: Vec::new(),
        cleanup: Vec::new(),
    }
}

/// A run a minute, from minute 0.
fn heard(letters: &str) -> RegionState {
    let mut state = RegionState::default();
    for (n, letter) in (0..).zip(letters.chars()) {
        assert!(state.heard(&RULE, &run(n, letter)));
    }
    state
}

#[test]
fn a_region_is_down_after_m_of_n_and_up_again_after_so_many_good_ones_in_a_row() {
    for (letters, down_since) in [
        ("", None),
        ("--", None),
        ("---", Some(0)),
        ("-+-+-", Some(0)),
        ("-++-+-", None),
        ("+-+--", Some(1)),
        ("---+", Some(0)),
        ("---++", None),
        ("---+-+", Some(0)),
        ("---+-++", None),
        ("---~~", None),
        ("---+?+", None),
        ("-?-?-", Some(0)),
        ("--?????????-", Some(0)),
        ("~~~~~", None),
        ("?????", None),
        // Three of the last five are down still, and one of them is new.
        ("---++-", Some(1)),
        ("+++++++++++++++++++++++---", Some(23)),
        ("---------------------------", Some(0)),
    ] {
        assert_eq!(heard(letters).down_since(), down_since.map(minute), "{letters}");
    }
}

#[test]
fn the_last_runs_are_kept_and_what_the_last_bad_one_came_back_with() {
    let state = heard("+---++++++++++++++++++++++");
    assert_eq!(state.runs().len(), RUNS_MAX);
    assert_eq!(state.last_at(), Some(minute(25)));
    let bad = state.last_bad().unwrap();
    assert_eq!(
        (bad.failed_step, bad.step.as_deref(), bad.evidence.as_deref()),
        (Some(2), Some("POST /orders"), Some("out of stock"))
    );
    assert_eq!(bad.at, minute(3));
    let written = serde_json::to_string(&state).unwrap();
    assert!(written.len() < 4_000, "{} bytes", written.len());
    assert_eq!(serde_json::from_str::<RegionState>(&written).unwrap(), state);
}

/// What is known of each Region, from a text for each.
fn regions<'a>(letters: &[&str]) -> Vec<(&'a str, Option<RegionState>)> {
    NAMES.into_iter().zip(letters).map(|(name, letters)| (name, (!letters.is_empty()).then(|| heard(letters)))).collect()
}

fn judged(at: i64, quorum: usize, letters: &[&str], before: &FlowState) -> FlowState {
    judge(minute(at), &flow(quorum), &regions(letters), before)
}

#[test]
fn a_flow_is_down_when_so_many_regions_are_and_names_what_fails_in_the_first() {
    let one = judged(5, 2, &["+++++", "-----", "+++++"], &FlowState::default());
    assert_eq!((one.is_down, one.down.as_slice()), (false, &["eu-west-1".to_owned()][..]));
    assert_eq!(one.since, Some(minute(5)));
    assert!(one.failing.is_some(), "what fails in one Region is told, too");
    let two = judged(5, 2, &["+++++", "-----", "++---"], &one);
    assert_eq!((two.is_down, two.since), (true, Some(minute(2))), "since the second one began to be down");
    let failing = two.failing.as_ref().unwrap();
    assert_eq!((failing.region.as_str(), failing.run.failed_step), ("eu-west-1", Some(2)));
    let still = judged(7, 2, &["+++++++", "-------", "++---+-"], &two);
    assert_eq!((still.is_down, still.since), (true, Some(minute(2))));
    let up = judged(9, 2, &["+++++++++", "---------", "++---++++"], &still);
    assert_eq!((up.is_down, up.since), (false, Some(minute(9))));
    let written = serde_json::to_string(&still).unwrap();
    assert_eq!(serde_json::from_str::<FlowState>(&written).unwrap(), still);
}

#[test]
fn a_region_that_is_silent_makes_nothing_down_and_mends_nothing() {
    let down = judged(4, 2, &["----", "----", "++++"], &FlowState::default());
    assert!(down.is_down && down.silent.is_empty());
    // The second has not been heard since minute 3.
    let silent = judged(9, 2, &["---------", "----", "+++++++++"], &down);
    assert_eq!((silent.is_down, silent.silent.as_slice()), (true, &["eu-west-1".to_owned()][..]));
    assert_eq!(silent.down, ["ap-northeast-1", "eu-west-1"]);
    let fresh = judged(9, 2, &["---------", "----", "+++++++++"], &FlowState::default());
    assert!(!fresh.is_down, "what was down long ago makes nothing down now");
    let none = judged(9, 2, &["", "", ""], &FlowState::default());
    assert_eq!((none.is_down, none.since, none.silent.len()), (false, None, 3));
    // At three minutes and no more it is not silent yet.
    assert!(judged(6, 2, &["++++", "+++++++"], &FlowState::default()).silent.is_empty());
    assert_eq!(judged(7, 2, &["++++", "+++++++"], &FlowState::default()).silent, ["ap-northeast-1"]);
}

#[test]
fn a_region_that_left_the_file_holds_nothing_down_and_a_quorum_is_never_more_than_all() {
    let down = judged(4, 2, &["----", "----", "++++"], &FlowState::default());
    let two: Vec<_> = regions(&["----", "----", "++++"]).into_iter().skip(1).collect();
    assert!(!judge(minute(4), &flow(2), &two, &down).is_down);
    assert!(judged(4, 3, &["----"], &FlowState::default()).is_down);
}

/// Runs as texts.
fn letters(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!['+', '+', '-', '-', '~', '?']), 0..most)
        .prop_map(|letters| letters.into_iter().collect())
}

/// Whether it is down after these, told in the plainest way: from the beginning, over all
/// of them.
fn is_down_after(letters: &str) -> bool {
    let known: Vec<char> = letters.chars().filter(|letter| *letter != '?').collect();
    let (mut is_down, mut n_good) = (false, 0);
    for (n, letter) in known.iter().enumerate() {
        n_good = if *letter == '-' { 0 } else { n_good + 1 };
        let n_bad = known[(n + 1).saturating_sub(RULE.of)..=n].iter().filter(|letter| **letter == '-').count();
        is_down = if is_down { n_good < RULE.recover } else { *letter == '-' && n_bad >= RULE.failures };
    }
    is_down
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn a_region_is_down_exactly_as_all_of_its_runs_say(letters in letters(60)) {
        // So many unknown ones that the others are not kept: what is known then is less.
        prop_assume!(!letters.contains("???????"));
        let state = heard(&letters);
        prop_assert_eq!(state.down_since().is_some(), is_down_after(&letters), "{}", letters);
        prop_assert!(state.runs().len() <= RUNS_MAX);
    }

    #[test]
    fn the_state_is_a_function_of_the_set_of_runs(letters in letters(RUNS_MAX + 1), order in prop::collection::vec(0..RUNS_MAX, 0..60)) {
        let runs: Vec<FlowReport> = (0..).zip(letters.chars()).map(|(n, letter)| run(n, letter)).collect();
        let mut state = RegionState::default();
        let all = order.iter().copied().chain(0..runs.len()).filter(|n| *n < runs.len());
        let mut known = std::collections::BTreeSet::new();
        for n in all {
            let before = state.clone();
            let is_new = state.heard(&RULE, &runs[n]);
            prop_assert_eq!(is_new, known.insert(n));
            prop_assert!(is_new || state == before);
        }
        prop_assert_eq!(state, heard(&letters));
    }

    #[test]
    fn what_was_heard_changes_nothing_however_much_later(letters in letters(60), again in 0..60_usize) {
        let mut state = heard(&letters);
        let before = state.clone();
        if let Some(letter) = letters.chars().nth(again) {
            prop_assert!(!state.heard(&RULE, &run(i64::try_from(again).unwrap(), letter)));
        }
        prop_assert_eq!(state, before);
    }

    #[test]
    fn a_flow_is_never_down_with_fewer_regions_than_the_quorum(
        all in prop::collection::vec(letters(30), 1..5),
        quorum in 1..5_usize,
        minutes in prop::collection::vec(0..40_i64, 1..6),
    ) {
        let flow = flow(quorum);
        let mut before = FlowState::default();
        for at in minutes {
            let regions: Vec<(&str, Option<RegionState>)> = NAMES.into_iter().zip(&all).map(|(name, letters)| {
                let n_heard = letters.len().min(usize::try_from(at).unwrap());
                (name, (n_heard > 0).then(|| heard(&letters[..n_heard])))
            }).collect();
            let now = judge(minute(at), &flow, &regions, &before);
            let n_down = regions.iter().filter(|(_, state)| state.as_ref().is_some_and(|state| state.down_since().is_some())).count();
            let n_enough = quorum.min(regions.len());
            prop_assert!(!now.is_down || n_down >= n_enough);
            prop_assert!(now.is_down || n_down < n_enough || !now.silent.is_empty());
            prop_assert_eq!(now.down.len(), n_down);
            prop_assert_eq!(now.failing.is_some(), n_down > 0);
            prop_assert_eq!(&judge(minute(at), &flow, &regions, &now), &now, "judging again changes nothing");
            let reversed: Vec<_> = regions.iter().rev().cloned().collect();
            prop_assert_eq!(&judge(minute(at), &flow, &reversed, &before), &now, "the order of Regions does not matter");
            before = now;
        }
    }
}
