//! One run of the prober's release binary, with all its flows due in one minute.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::world::World;
use tests::stack::Outcome;

use crate::function::Program;
use crate::places::Places;
use crate::server::Server;

/// Flows of the run.
pub(crate) const FLOWS: usize = 500;
/// Steps of a flow.
pub(crate) const STEPS: usize = 2;
/// Steps of a flow that is run by itself.
const STEPS_ALONE: usize = 40;

/// What a run took.
pub(crate) struct Figures {
    /// From handing out the round to its answer.
    pub(crate) whole: Duration,
    /// From the beginning of the first flow to the end of the last.
    pub(crate) probing: Duration,
    /// Processor time of the run.
    pub(crate) cpu: Duration,
    /// A step; the median.
    pub(crate) step: Duration,
    /// A step of a flow that is run by itself; the median.
    pub(crate) alone: Duration,
    /// The most memory held, in bytes.
    pub(crate) peak: u64,
}

/// Starts the prober, installs the flows, and has it make a run.
pub(crate) async fn run(places: &Places, server: &Server) -> Outcome<Figures> {
    let world = World::new().await;
    let log = places.work.join("prober.log");
    let program = Program {
        name: "prober",
        file: places.unpack("prober")?,
        arguments: Vec::new(),
        world,
        log: log.clone(),
        memory_mb: 512,
    };
    let mut process = program.start().await?;
    process.ready().await?;
    // A single flow: what a step takes when nothing else is done.
    process.invoke(install(1, STEPS_ALONE, server)).await?;
    process.invoke(round(-1)?).await?;
    let alone = median(&reports(&log)?.iter().flat_map(steps).collect::<Vec<_>>());
    process.invoke(install(FLOWS, STEPS, server)).await?;
    let before = process.cpu().await?;
    let answer = process.invoke(round(0)?).await?;
    let cpu = process.cpu().await?.saturating_sub(before);
    let reports = reports(&log)?.split_off(1);
    let n_steps = reports.iter().flat_map(steps).count();
    if n_steps != FLOWS * STEPS {
        return Err(format!("{n_steps} steps were taken instead of {}: see {}", FLOWS * STEPS, log.display()));
    }
    let began = reports.iter().filter_map(|report| report["_aws"]["Timestamp"].as_f64()).fold(f64::MAX, f64::min);
    let ended = reports
        .iter()
        .filter_map(|report| Some(report["_aws"]["Timestamp"].as_f64()? + report["Duration"].as_f64()?))
        .fold(0.0, f64::max);
    let figures = Figures {
        whole: answer.took,
        probing: Duration::from_secs_f64((ended - began).max(0.0) / 1e3),
        cpu,
        step: median(&reports.iter().flat_map(steps).collect::<Vec<_>>()),
        alone,
        peak: process.peak()?,
    };
    process.end().await?;
    Ok(figures)
}

/// The event that installs so many flows, which begin as soon as they can.
fn install(n_flows: usize, n_steps: usize, server: &Server) -> String {
    let first = json!({"post": server.url("/token"), "json": {"user": "probe"}, "capture": {"id": {"json": "$.id"}}});
    let next = json!({"get": server.url("/orders/${id}"), "expect": ["status == 200", "json $.state == \"open\""]});
    let steps: Vec<&Value> = std::iter::once(&first).chain(std::iter::repeat_n(&next, n_steps - 1)).collect();
    let flows: Vec<Value> = (0..n_flows).map(|n| json!({"id": format!("flow-{n}"), "steps": steps})).collect();
    let probes = json!({"spread": "0s", "defaults": {"allow_cidrs": ["127.0.0.0/8"]}, "flows": flows});
    json!({"watchkeeper": {"install_probes": {"file": "probes.yaml", "source": "", "probes": probes}}}).to_string()
}

/// The event of a round, so many minutes from now: what was run for a minute is not run
/// for it again.
fn round(minutes: i64) -> Outcome<String> {
    let at = jiff::Timestamp::from_second(runtime::now().as_second() + minutes * 60).map_err(|error| error.to_string())?;
    Ok(json!({"scheduled_at": at}).to_string())
}

/// What was counted of each run, from the log.
fn reports(log: &Path) -> Outcome<Vec<Value>> {
    let text = std::fs::read_to_string(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(lines.filter(|line| line["Success"].is_number()).collect())
}

/// How long the steps of a run took.
fn steps(report: &Value) -> Vec<Duration> {
    let steps = report["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    steps.iter().filter_map(|step| step["phases_ms"]["total"].as_f64()).map(|ms| Duration::from_secs_f64(ms / 1e3)).collect()
}

/// The one in the middle; nothing if there is none.
fn median(figures: &[Duration]) -> Duration {
    let mut figures = figures.to_vec();
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
