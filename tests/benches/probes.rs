//! What do five hundred flows of two steps cost in one run of the prober, and what do as
//! many probes take Prometheus's blackbox exporter?
//!
//! It measures and judges nothing: the exit code says only whether there are figures.

#[path = "probes/exporter.rs"]
mod exporter;
#[path = "harness/function.rs"]
mod function;
#[path = "harness/lambda.rs"]
mod lambda;
#[path = "harness/places.rs"]
mod places;
#[path = "probes/run.rs"]
mod run;
#[path = "probes/server.rs"]
mod server;

use std::process::ExitCode;
use std::time::Duration;

use tests::bench;
use tests::stack::Outcome;

use crate::exporter::Exporter;
use crate::places::Places;
use crate::run::{FLOWS, Figures, STEPS};
use crate::server::Server;

/// How long the server takes that is not quick.
const PAUSE: Duration = Duration::from_millis(200);
/// Of so many runs the median counts.
const RUNS: usize = 5;
/// As many ask the exporter at the same time, where it does best on two cores.
const ASK_AT_ONCE: usize = 16;

/// Steps a second, with a server that answers at once.
const STEPS_GOAL: f64 = 1_500.0;
/// The most memory that a run may take, in megabytes.
const PEAK_GOAL: f64 = 128.0;
/// The prober's own part of a step, as a median, in milliseconds.
const OVERHEAD_GOAL: f64 = 1.0;

#[tokio::main]
async fn main() -> ExitCode {
    if bench::is_asked() { bench::ended(Box::pin(measure()).await) } else { ExitCode::SUCCESS }
}

async fn measure() -> Outcome<()> {
    let places = Places::find()?;
    let exporter = Exporter::find();
    let peer =
        exporter.as_deref().map_or("not installed".to_owned(), |file| format!("blackbox exporter {}", Exporter::version(file)));
    anstream::println!(
        "\n{FLOWS} flows of {STEPS} steps in one run of the prober, 512 MB\n  Peer      {peer}, {} probes, {ASK_AT_ONCE} at a time\n  Medians   of {RUNS} runs of each, in turns",
        FLOWS * STEPS
    );
    let quick = Server::start(Duration::ZERO)?;
    let slow = Server::start(PAUSE)?;
    let (mut of_quick, mut of_slow, mut of_peer) = (Vec::new(), Vec::new(), Vec::new());
    let peer = match &exporter {
        Some(file) => Some(Exporter::start(file, &places.work).await?),
        None => None,
    };
    for _ in 0..RUNS {
        of_quick.push(run::run(&places, &quick).await?);
        of_slow.push(run::run(&places, &slow).await?);
        if let Some(peer) = &peer {
            of_peer.push(peer.probe(&quick.url("/"), FLOWS * STEPS, ASK_AT_ONCE).await?);
        }
    }
    report(&of_quick, &of_slow, &of_peer, peer.as_ref().and_then(Exporter::peak));
    Ok(())
}

fn report(quick: &[Figures], slow: &[Figures], peer: &[Duration], peer_peak: Option<u64>) {
    let n_steps = f64::from(u32::try_from(FLOWS * STEPS).unwrap_or(u32::MAX));
    let rate = |took: Duration| n_steps / took.as_secs_f64();
    let ours = rate(median(quick.iter().map(|figures| figures.probing)));
    line("at once    steps a second", &format!("{ours:.0}"), Some((">= 1500", ours >= STEPS_GOAL)));
    line("           whole run, s", &format!("{:.2}", median(quick.iter().map(|it| it.whole)).as_secs_f64()), None);
    line(
        "           CPU of a step, µs",
        &format!("{:.0}", median(quick.iter().map(|it| it.cpu)).as_secs_f64() * 1e6 / n_steps),
        None,
    );
    let overhead = median(quick.iter().map(|it| it.alone)).as_secs_f64() * 1e3;
    line("           a step alone, ms", &format!("{overhead:.2}"), Some(("< 1", overhead < OVERHEAD_GOAL)));
    line("200 ms     whole run, s", &format!("{:.2}", median(slow.iter().map(|it| it.whole)).as_secs_f64()), None);
    let late = median(slow.iter().map(|it| it.step)).saturating_sub(PAUSE).as_secs_f64() * 1e3;
    line("           of a step beyond 200 ms, ms", &format!("{late:.2}"), None);
    let peak = quick.iter().chain(slow).map(|it| it.peak).max().unwrap_or_default();
    line("peak memory, MB", &format!("{:.1}", megabytes(peak)), Some(("< 128", megabytes(peak) < PEAK_GOAL)));
    if peer.is_empty() {
        anstream::println!("No peer: Debian has it as prometheus-blackbox-exporter.");
        return;
    }
    let theirs = rate(median(peer.iter().copied()));
    line("peer       probes a second", &format!("{theirs:.0}"), None);
    line("           the prober beside it", &format!("{:.1} times", ours / theirs), None);
    line("           peak memory, MB", &peer_peak.map_or("?".to_owned(), |bytes| format!("{:.1}", megabytes(bytes))), None);
    anstream::println!(
        "\
The exporter takes each probe by a request of its own and writes metrics for it;
the prober keeps a connection for the steps of a flow, and stores a row for each flow."
    );
}

fn line(name: &str, figure: &str, goal: Option<(&str, bool)>) {
    let goal = goal.map(|(goal, is_met)| format!("{goal:>13}{:>13}", if is_met { "met" } else { "not met" })).unwrap_or_default();
    anstream::println!("{name:<40}{figure:>12}{goal}");
}

/// The one in the middle; nothing if there is none.
fn median(figures: impl Iterator<Item = Duration>) -> Duration {
    let mut figures: Vec<Duration> = figures.collect();
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "sizes here are far below 2^53 bytes")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
