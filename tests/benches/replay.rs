//! How long does a month of a large account's history take to be played through a
//! policy? Prints a figure beside its goal; the exit code says only whether there is
//! one.

#[path = "replay/history.rs"]
mod history;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use tests::bench;

/// Changes of state in the month.
const N_CHANGES: usize = 100_000;
/// Alarms that make them.
const N_ALARMS: usize = 400;
/// How long it may take altogether, reading included.
const GOAL: Duration = Duration::from_secs(10);
/// The best of so many runs counts.
const N_RUNS: usize = 3;

fn main() -> ExitCode {
    if bench::is_asked() { bench::ended(run()) } else { ExitCode::SUCCESS }
}

fn run() -> Result<(), String> {
    let tool = runtime::config::variable("WATCHKEEPER_CLI_RELEASE").map(PathBuf::from).filter(|tool| tool.is_file());
    let tool = tool.ok_or("WATCHKEEPER_CLI_RELEASE names no file: `make bench` builds it first")?;
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/policy/policy.yaml");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("history.json");
    let text = history::month(N_CHANGES, N_ALARMS);
    std::fs::write(&file, &text).map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    let mut best = Duration::MAX;
    for _ in 0..N_RUNS {
        let started = Instant::now();
        let mut command = Command::new(&tool);
        command.args(["policy", "replay"]).arg(&policy).arg("--history").arg(&file).stdout(Stdio::null());
        let status = command.status().map_err(|error| format!("{} cannot be run: {error}", tool.display()))?;
        if !status.success() {
            return Err(format!("{} ended with {status}", tool.display()));
        }
        best = best.min(started.elapsed());
    }
    let megabytes = text.len() / 1_000_000;
    anstream::println!("\nReplay of {N_CHANGES} changes of {N_ALARMS} alarms in a month ({megabytes} MB)");
    let word = if best < GOAL { "met" } else { "not met" };
    anstream::println!("  {:.1} s, the best of {N_RUNS}; goal: under {} s ({word})", best.as_secs_f64(), GOAL.as_secs());
    Ok(())
}
