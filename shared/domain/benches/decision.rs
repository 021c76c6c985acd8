//! What does one decision cost: to classify an alert, to route it, and to open its
//! incident, by the policy that is shipped? Prints the figure beside the goal.

#![allow(clippy::print_stdout, reason = "it prints figures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use domain::alert::Alert;
use domain::arrival::{Known, arrive, judge};
use domain::intake;
use domain::policy::Policy;
use jiff::Timestamp;

const POLICY: &str = include_str!("../../../infra/policy/policy.yaml");
const EVENTS: [&str; 3] = [
    include_str!("../../../events/eventbridge/metric-alarm.json"),
    include_str!("../../../events/sns/metric-alarm.json"),
    include_str!("../../../events/direct/metric-alarm.json"),
];
/// Decisions of a run, and runs, of which the fastest counts.
const DECISIONS: u32 = 5_000;
const RUNS: usize = 20;
/// How long a decision may take, in microseconds.
const GOAL: f64 = 50.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo test --benches` runs this too; only `cargo bench` says `--bench`.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let policy = Policy::check(&serde_saphyr::from_str(POLICY)?)?;
    let now: Timestamp = "2026-11-21T02:06:00Z".parse()?;
    let alerts: Vec<Alert> =
        EVENTS.iter().flat_map(|event| intake::read(event.as_bytes(), now).items).flat_map(|item| item.alerts).collect();
    let mut fastest = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        for alert in alerts.iter().cycle().take(DECISIONS as usize) {
            let verdict = judge(&policy, alert);
            black_box(arrive(now, &policy, Known::default(), alert.clone(), verdict, 0));
        }
        fastest = fastest.min(start.elapsed());
    }
    let microseconds = fastest.as_secs_f64() * 1e6 / f64::from(DECISIONS);
    println!("One decision by the policy that is shipped: classified, routed, its incident opened");
    println!("{microseconds:>41.1} µs         {:.1} of the goal of at most {GOAL:.0} µs", microseconds / GOAL);
    Ok(())
}
