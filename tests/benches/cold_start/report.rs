//! The figures as people read them: a table, ratios, and which goals are met.

use std::thread::available_parallelism;
use std::time::Duration;

use crate::measure::{COLD_STARTS, Figure, Figures, WARM};

const MEGABYTE: f64 = 1e6;
/// The most memory a function may hold, in megabytes.
const RESIDENT_MAX: f64 = 12.0;
/// The most a function's zip may have, in megabytes.
const ZIP_MAX: f64 = 2.5;
/// The same for the remediator: it alone speaks to ECS, RDS and Application Auto
/// Scaling.
const REMEDIATOR_MAX: f64 = 3.5;

/// Says what is measured, on what.
pub(crate) fn header(peer: &str) {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let n_cores = available_parallelism().map_or(0, usize::from);
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches(['\t', ' ', ':']);
    let load = read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
    let (n_rounds, n_events) = WARM;
    anstream::println!(
        "\
Cold starts and warm events
  Machine   {n_cores} cores, {model}, load {load} at the beginning
  Programs  the functions' release binaries for this machine
  Peer      {peer}: the classifier's calls without
            its policy; clients made before the first poll, as is usual
  Lambda    a Runtime API on loopback hands out events, one at a time
  AWS       a region on loopback, without TLS, in the measuring process
  Medians   of {COLD_STARTS} cold starts and {} warm events of each kind, in turns

These are figures of processes, to compare with each other. They are not
Lambda's Init Duration: a sandbox, a fraction of a core, TLS and AWS's own time
come on top.

New    an alarm that opens an incident; the escalation's tick that pages for it
Known  the same alarm once more, which is counted; a tick with nothing to do",
        n_rounds * n_events
    );
}

/// Prints all figures.
pub(crate) fn table(figures: &Figures) {
    let all = [&figures.classifier, &figures.escalation, &figures.peer];
    line("", &["classifier", "escalation", "Python"].map(str::to_owned));
    let milliseconds = |name: &str, of: fn(&Figure) -> Duration| {
        line(name, &all.map(|figure| format!("{:.2}", of(figure).as_secs_f64() * 1e3)));
    };
    let microseconds = |name: &str, of: fn(&Figure) -> Duration| {
        line(name, &all.map(|figure| format!("{:.0}", of(figure).as_secs_f64() * 1e6)));
    };
    milliseconds("Cold  exec to first poll, ms", |figure| figure.ready);
    milliseconds("      first event (new), ms", |figure| figure.first_event);
    milliseconds("      exec to first answer, ms", |figure| figure.first_answer);
    milliseconds("      CPU to first answer, ms", |figure| figure.cold_cpu);
    microseconds("Warm  new, µs", |figure| figure.new.wall);
    microseconds("      new, CPU µs", |figure| figure.new.cpu);
    microseconds("      known, µs", |figure| figure.known.wall);
    microseconds("      known, CPU µs", |figure| figure.known.cpu);
    line("RSS after that, MB", &all.map(|figure| format!("{:.1}", megabytes(figure.resident))));
    let n_calls =
        |figure: &Figure| format!("{} / {} / {}", figure.n_calls_of_start, figure.new.calls.len(), figure.known.calls.len());
    line("AWS calls: start / new / known", &all.map(n_calls));
}

fn line(name: &str, cells: &[String; 3]) {
    let [classifier, escalation, peer] = cells;
    anstream::println!("{}{name:<34}{classifier:>13}{escalation:>13}{peer:>13}", if name.is_empty() { "\n" } else { "" });
}

/// Prints the classifier beside its peer; gives whether each goal is met.
pub(crate) fn ratios(figures: &Figures) -> Vec<bool> {
    let (ours, theirs) = (&figures.classifier, &figures.peer);
    let goals = [
        ("exec to first answer", 40.0, ours.first_answer, theirs.first_answer),
        ("first event", 50.0, ours.first_event, theirs.first_event),
        ("warm CPU, new", 4.0, ours.new.cpu, theirs.new.cpu),
    ];
    anstream::println!("\n{:<34}{:>13}{:>13}", "Classifier beside Python", "ratio", "goal");
    let mut met = Vec::new();
    for (name, goal, ours, theirs) in goals {
        let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
        met.push(judged(name, &format!("1/{ratio:.1}"), &format!("1/{goal:.0}"), ratio >= goal));
    }
    anstream::println!(
        "\
The goals are for AWS over TLS, where Python's first calls take longer than
here; the functions load root certificates even here, and botocore does not."
    );
    met
}

/// Prints what has a limit by itself; gives whether each goal is met.
pub(crate) fn sizes(figures: &Figures, zips: &[(&'static str, u64)]) -> Vec<bool> {
    anstream::println!("\n{:<34}{:>13}{:>13}", "Sizes, MB", "size", "goal");
    let resident = [("classifier, RSS", &figures.classifier), ("escalation, RSS", &figures.escalation)]
        .map(|(name, figure)| (name.to_owned(), figure.resident, RESIDENT_MAX));
    let zips = zips
        .iter()
        .map(|(name, bytes)| (format!("{name}, zip"), *bytes, if *name == "remediator" { REMEDIATOR_MAX } else { ZIP_MAX }));
    let sized = |(name, bytes, goal): (String, u64, f64)| {
        let size = megabytes(bytes);
        judged(&name, &format!("{size:.2}"), &format!("{goal:.1}"), size <= goal)
    };
    resident.into_iter().chain(zips).map(sized).collect()
}

fn judged(name: &str, figure: &str, goal: &str, is_met: bool) -> bool {
    anstream::println!("{name:<34}{figure:>13}{goal:>13}{:>13}", if is_met { "met" } else { "not met" });
    is_met
}

#[expect(clippy::cast_precision_loss, reason = "sizes here are far below 2^53 bytes")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / MEGABYTE
}
