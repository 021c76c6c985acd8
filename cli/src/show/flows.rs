//! What is known of flows: their state, their last runs, and what fails.

use std::time::Duration;

use anstyle::Style;
use domain::probe::watch::{BadRun, FlowState, RegionState, RunSeen};
use domain::probe::{Flow, StepReport};
use jiff::Timestamp;

use super::say;
use super::text::{BOLD, DIM, GREEN, RED, YELLOW, age, moment, paint, width, wrapped};
use super::waterfall::{figure, step_drawn, verdict_style};
use crate::probes::percentile;

/// How high a duration is, from the shortest to the longest.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What is known of a flow.
pub(crate) struct FlowSeen<'p> {
    /// The flow, of the file in force.
    pub(crate) flow: &'p Flow,
    /// What its Regions say together.
    pub(crate) state: FlowState,
    /// Its last runs, by Region, in the file's order.
    pub(crate) regions: Vec<(String, RegionState)>,
}

impl FlowSeen<'_> {
    /// What fails, or else the last run that was down, with its Region.
    pub(crate) fn last_bad(&self) -> Option<(&str, &BadRun)> {
        let failing = self.state.failing.as_ref().map(|failing| (failing.region.as_str(), &failing.run));
        let bad = self.regions.iter().filter_map(|(region, state)| Some((region.as_str(), state.last_bad()?)));
        failing.or_else(|| bad.max_by_key(|(_, bad)| bad.at))
    }

    /// The state as a word, and its colour.
    fn word(&self) -> (&'static str, Style) {
        let is_heard = self.regions.iter().any(|(_, state)| !state.runs().is_empty());
        match (self.state.is_down, is_heard) {
            (true, _) => ("down", RED),
            (false, true) => ("up", GREEN),
            (false, false) => ("not run", DIM),
        }
    }
}

/// Flows with how they fare.
pub(crate) fn flows(now: Timestamp, all: &[FlowSeen<'_>]) {
    if all.is_empty() {
        say!("{}", wrapped("The file in force has no flows; docs/probes.md has examples.", 0));
    }
    for seen in all {
        headline(now, seen);
        regions(now, seen);
    }
}

fn headline(now: Timestamp, seen: &FlowSeen<'_>) {
    let (word, style) = seen.word();
    let since = seen.state.since.map(|at| format!(" for {}", age(at, now))).unwrap_or_default();
    let service = seen.flow.service.as_ref().map(|service| format!(", service {service}")).unwrap_or_default();
    let where_down = match (seen.state.is_down, seen.regions.len()) {
        (true, n) if n > 1 => format!(", in {} of {n} Regions", seen.state.down.len()),
        _ => String::new(),
    };
    let rest = wrapped(&format!("{word}{since}{where_down}{service}"), seen.flow.id.len() + 1);
    let rest = rest.strip_prefix(word).unwrap_or(&rest);
    say!("{} {}{rest}", paint(BOLD, &seen.flow.id), paint(style, word));
}

fn regions(now: Timestamp, seen: &FlowSeen<'_>) {
    for (region, state) in &seen.regions {
        let Some(last) = state.runs().last() else {
            say!("  {region:<16}{}", paint(DIM, "no run was heard"));
            continue;
        };
        let is_silent = seen.state.silent.contains(region);
        let (word, style) = match (state.down_since(), is_silent) {
            (_, true) => ("silent", YELLOW),
            (Some(_), false) => ("down", RED),
            (None, false) => (last.verdict.word(), verdict_style(last.verdict)),
        };
        let ago = format!("{} ago", age(last.at, now));
        let of = |share: f64| percentile(state.runs(), share).map(millis).unwrap_or_default();
        let took = format!("p50 {:>8}  p95 {:>8}", of(0.5), of(0.95));
        say!("  {region:<16}{}{ago:<18}{took}", paint(style, &format!("{word:<10}")));
    }
}

/// How a flow fares, and the last run that was down.
pub(crate) fn flow(now: Timestamp, seen: &FlowSeen<'_>) {
    headline(now, seen);
    if let Some(since) = seen.state.since {
        say!("  since {}", moment(since));
    }
    regions(now, seen);
    let Some((region, bad)) = seen.last_bad() else {
        say!("\n  {}", paint(DIM, "No run of it was ever down."));
        return;
    };
    let what = if seen.state.failing.is_some() { "What fails" } else { "The last run that was down" };
    say!("\n{} in {region}, {} ({} ago)", paint(BOLD, what), moment(bad.at), age(bad.at, now));
    let step = StepReport {
        step: bad.failed_step.unwrap_or(0),
        name: bad.step.clone().unwrap_or_else(|| "before its first step".to_owned()),
        kind: String::new(),
        ok: false,
        slow: false,
        status: bad.status,
        phases_ms: bad.phases_ms,
        captures: Vec::new(),
        because: bad.because.clone(),
        evidence: bad.evidence.clone(),
    };
    let drawn = step_drawn(&step, bad.phases_ms.total.unwrap_or_default(), width());
    say!("{}", drawn.trim_end());
}

/// The last runs of a flow, a line each, the newest first.
pub(crate) fn flow_history(seen: &FlowSeen<'_>) {
    for (n, (region, state)) in seen.regions.iter().enumerate() {
        let gap = if n > 0 { "\n" } else { "" };
        if state.runs().is_empty() {
            say!("{gap}{} in {region}: {}", paint(BOLD, &seen.flow.id), paint(DIM, "no run was heard"));
            continue;
        }
        let longest = state.runs().iter().map(|run| run.duration_ms).fold(0.0, f64::max);
        let line: String = state.runs().iter().map(|run| height(run, longest)).collect();
        say!("{gap}{} in {region}  {line}", paint(BOLD, &seen.flow.id));
        for run in state.runs().iter().rev() {
            let word = paint(verdict_style(run.verdict), &format!("{:<9}", run.verdict.word()));
            let step = run.failed_step.map(|step| format!("  at step {step}")).unwrap_or_default();
            say!("  {}  {word} {:>9}{step}", moment(run.at), millis(run.duration_ms));
        }
    }
}

/// A run as a character: as high as it took long, in its verdict's colour.
fn height(run: &RunSeen, longest: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of eight heights is a small number")]
    let at = (run.duration_ms / longest.max(f64::MIN_POSITIVE) * 7.0).round().clamp(0.0, 7.0) as usize;
    paint(verdict_style(run.verdict), &HEIGHTS[at].to_string())
}

fn millis(ms: f64) -> String {
    figure(Duration::try_from_secs_f64(ms / 1_000.0).unwrap_or_default())
}
