//! How many questions about a policy are answered in a second, and what does one
//! decision cost? Prints figures, and what they are beside the goals.
//!
//! It measures and judges nothing: figures depend on the machine, so the exit
//! code says only whether there are any.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use tests::bench;

use serde_json::{Value, json};
use tests::stack::{Outcome, artifacts};

/// Routes of the tree, its root among them.
const ROUTES: usize = 200;
/// Requests of one run. Half of it is asked as well: what the second half costs is
/// without the start of the program.
const REQUESTS: usize = 400_000;
/// Runs, of which the fastest counts: others on the machine only make it slower.
const RUNS: usize = 5;
/// Requests that are to be answered in a second, on one core.
const GOAL: f64 = 100_000.0;

fn main() -> ExitCode {
    if bench::is_asked() { bench::ended(run()) } else { ExitCode::SUCCESS }
}

fn run() -> Outcome<()> {
    let program = program()?;
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policy");
    std::fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    anstream::println!("Questions about a policy\n  Program   the tool's release binary, `policy eval`, one core");
    anstream::println!("  Asked     {REQUESTS} routes of a tree of {ROUTES}, the fastest of {RUNS} runs\n");
    for (name, tree) in [("10 teams with 19 routes each", deep()), ("199 routes side by side", flat())] {
        let policy = write(&work.join("policy.json"), &orders(&tree).to_string())?;
        let all = fastest(&program, &policy, &write(&work.join("all.jsonl"), &requests(REQUESTS))?)?;
        let half = fastest(&program, &policy, &write(&work.join("half.jsonl"), &requests(REQUESTS / 2))?)?;
        #[expect(clippy::cast_precision_loss, reason = "a few hundred thousand")]
        let per_second = (REQUESTS / 2) as f64 / all.saturating_sub(half).as_secs_f64().max(1e-9);
        let ratio = per_second / GOAL;
        anstream::println!("{name:<30} {per_second:>10.0} a second   {ratio:.1} of the goal of {GOAL:.0}");
    }
    Ok(())
}

/// The tool's release binary: it lies beside the folder with the functions' zips.
fn program() -> Outcome<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the benchmarks lie in no project")?;
    let program = artifacts(project).with_file_name("release").join("watchkeeper");
    if program.exists() {
        Ok(program)
    } else {
        Err(format!("{} is missing; build it with `cargo build --release --package=watchkeeper`", program.display()))
    }
}

fn write(path: &Path, text: &str) -> Outcome<PathBuf> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path.to_owned())
}

/// The shortest time in which the program answers a file of requests.
fn fastest(program: &Path, policy: &Path, requests: &Path) -> Outcome<Duration> {
    let mut fastest = Duration::MAX;
    for _ in 0..RUNS {
        let input = File::open(requests).map_err(|error| format!("{}: {error}", requests.display()))?;
        let start = Instant::now();
        let status = Command::new(program)
            .args(["policy", "eval"])
            .arg(policy)
            .stdin(input)
            .stdout(Stdio::null())
            .status()
            .map_err(|error| format!("{} does not run: {error}", program.display()))?;
        if !status.success() {
            return Err(format!("{} ended with {status}", program.display()));
        }
        fastest = fastest.min(start.elapsed());
    }
    Ok(fastest)
}

fn orders(tree: &Value) -> Value {
    let receivers: Vec<Value> = (0..10).map(|n| json!({"name": format!("team-{n}")})).collect();
    json!({"route": {"receiver": "team-0", "group_by": ["alertname"], "routes": tree}, "receivers": receivers})
}

/// A route for each of ten teams, with one for each of its services.
fn deep() -> Value {
    let services = |team: usize| -> Vec<Value> {
        let of = |n: usize| json!({"matchers": [format!("service=~\"service-{n}|old-{n}\""), "priority!=\"P4\""]});
        (0..if team == 0 { 18 } else { 19 }).map(of).collect()
    };
    let of =
        |n: usize| json!({"matchers": [format!("team=\"team-{n}\"")], "receiver": format!("team-{n}"), "routes": services(n)});
    (0..10).map(of).collect()
}

/// As many routes side by side, each with a prefix and an expression.
fn flat() -> Value {
    let of = |n: usize| {
        let matchers = [format!("alertname=~\"alarm-{n}-.*\""), "region=~\"(eu|us)-.+\"".to_owned()];
        json!({"matchers": matchers, "receiver": format!("team-{}", n % 10)})
    };
    (1..ROUTES).map(of).collect()
}

/// Requests about alerts of all teams and services, also about some of none.
fn requests(n_requests: usize) -> String {
    let mut lines = String::new();
    for n in 0..n_requests {
        // Numbers that have nothing in common spread the requests over all routes.
        let labels = json!({
            "alertname": format!("alarm-{}-high-cpu", n * 7 % 211),
            "environment": "production",
            "priority": "P2",
            "region": "eu-west-1",
            "service": format!("service-{}", n * 5 % 23),
            "team": format!("team-{}", n * 3 % 11),
        });
        let _ = writeln!(lines, "{}", json!({"route": {"labels": labels}}));
    }
    lines
}
