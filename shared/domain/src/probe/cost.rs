//! What does a probes file cost in a month, and what would CloudWatch Synthetics?
//!
//! Prices are AWS's list prices of us-east-1 in dollars, without what is free each month;
//! other Regions are up to some tens of percent dearer. What is taken for granted of runs
//! is said by each line.

use std::collections::BTreeSet;

use super::flow::{Flow, LlmStep, Probes, Step, StepKind};

/// A month, in minutes: 730 hours, as AWS's calculator has it.
const MINUTES: f64 = 43_800.0;
/// A series of a custom metric, the first 10,000 of an account (CloudWatch).
const SERIES: f64 = 0.30;
/// A metric of an alarm, at a resolution of a minute (CloudWatch).
const ALARM: f64 = 0.10;
/// An alarm on other alarms (CloudWatch).
const COMPOSITE: f64 = 0.50;
/// A gigabyte of logs taken in, EMF among them (CloudWatch).
const LOG_GB: f64 = 0.50;
/// A run of a canary (CloudWatch Synthetics), without the Lambda function, logs and
/// storage that it is charged for besides.
const CANARY_RUN: f64 = 0.0012;
/// A million requests (Lambda).
const LAMBDA_MILLION: f64 = 0.20;
/// A gigabyte of memory for a second, on arm64 (Lambda).
const LAMBDA_GB_SECOND: f64 = 0.000_013_333_4;
/// A million write units, on demand (DynamoDB).
const WRITE_MILLION: f64 = 0.625;

/// Metrics of the alarms on an error budget: good runs and all runs, over each of eight
/// windows; and the alarms that join them to a fast and a slow burn.
const BURN_METRICS: f64 = 16.0;
const BURN_COMPOSITES: f64 = 2.0;
/// Memory of the prober, in gigabytes.
const MEMORY_GB: f64 = 0.5;
/// How long a step is taken to last, in seconds.
const STEP_SECONDS: f64 = 0.3;
/// Bytes that are logged for a run, and for each of its steps.
const RUN_BYTES: f64 = 700.0;
const STEP_BYTES: f64 = 300.0;
/// Write units for a run: its row has up to 2 KB.
const RUN_WRITES: f64 = 2.0;
/// Characters of a text that a token has on the average.
const TOKEN_CHARS: usize = 4;

/// What a probes file costs in a month, in dollars.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// What it is made of.
    pub lines: Vec<Line>,
    /// All lines.
    pub total: f64,
    /// What as many canary runs of CloudWatch Synthetics cost, and nothing else of it.
    pub synthetics: f64,
    /// How many runs there are in a month, over all flows and Regions.
    pub runs: f64,
}

/// A part of the cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What is paid for: `metrics`.
    pub what: String,
    /// How much of it, and its price.
    pub formula: String,
    /// Dollars a month.
    pub dollars: f64,
}

/// What it costs to run these flows for a month.
pub fn of(probes: &Probes) -> Cost {
    let flows = &probes.flows;
    let n_flows = count(flows.len());
    let n_places = count(flows.iter().map(n_regions).sum());
    let runs = flows.iter().fold(0.0, |runs, flow| runs + runs_of(flow));
    let step_runs: f64 = flows.iter().map(|flow| runs_of(flow) * n_steps(flow)).sum();
    let mut lines = Vec::new();
    if !flows.is_empty() {
        let series = n_places * 2.0 + n_flows;
        lines.push(line(
            "metrics",
            format!(
                "{series} series (success and duration of each flow and Region, and whether each flow is down) × {SERIES:.2}"
            ),
            series * SERIES,
        ));
        lines.push(line("alarms", format!("{n_flows} (one for each flow) × {ALARM:.2}"), n_flows * ALARM));
        let n_objectives = count(flows.iter().filter(|flow| flow.slo.is_some()).count());
        if n_objectives > 0.0 {
            lines.push(line(
                "error budgets",
                format!("{n_objectives} (one for each `slo`) × ({BURN_METRICS} metrics × {ALARM:.2} + {BURN_COMPOSITES} composite alarms × {COMPOSITE:.2})"),
                n_objectives * (BURN_METRICS * ALARM + BURN_COMPOSITES * COMPOSITE),
            ));
        }
        lines.extend(lambda(flows));
        let writes = runs * RUN_WRITES / 1e6;
        lines.push(line(
            "results",
            format!("{writes:.2} million write units ({RUN_WRITES} for each run) × {WRITE_MILLION}"),
            writes * WRITE_MILLION,
        ));
        let gb = (runs * RUN_BYTES + step_runs * STEP_BYTES) / 1e9;
        lines.push(line(
            "logs",
            format!("{gb:.2} GB ({RUN_BYTES} bytes for each run, {STEP_BYTES} for each step) × {LOG_GB:.2}"),
            gb * LOG_GB,
        ));
        lines.extend(flows.iter().filter_map(tokens));
    }
    // A sum of nothing would be -0.
    let total = lines.iter().fold(0.0, |total, line| total + line.dollars);
    Cost { lines, total, synthetics: runs * CANARY_RUN, runs }
}

impl std::fmt::Display for Cost {
    /// Writes a line for each part, then the total and what Synthetics would cost.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for Line { what, formula, dollars } in &self.lines {
            writeln!(f, "{dollars:>10.2}  {what}: {formula}")?;
        }
        writeln!(f, "{:>10.2}  dollars a month", self.total)?;
        write!(f, "{:>10.2}  CloudWatch Synthetics: {:.0} canary runs × {CANARY_RUN}", self.synthetics, self.runs)
    }
}

/// The function: one run a minute in each Region in which something may be due, as long
/// as the flow with the most steps.
fn lambda(flows: &[Flow]) -> [Line; 2] {
    let places: BTreeSet<&str> = flows.iter().flat_map(places).collect();
    let requests = count(places.len()) * MINUTES;
    let seconds: f64 = places
        .iter()
        .map(|place| {
            let here = flows.iter().filter(|flow| places_has(flow, place));
            MINUTES * here.map(n_steps).fold(0.0, f64::max) * STEP_SECONDS
        })
        .sum();
    let gb_seconds = seconds * MEMORY_GB;
    [
        line(
            "Lambda requests",
            format!("{:.2} million (one a minute in each Region) × {LAMBDA_MILLION:.2}", requests / 1e6),
            requests / 1e6 * LAMBDA_MILLION,
        ),
        line(
            "Lambda time",
            format!(
                "{gb_seconds:.0} GB-s ({STEP_SECONDS} s for each step of the longest flow, {MEMORY_GB} GB, arm64) × {LAMBDA_GB_SECOND}"
            ),
            gb_seconds * LAMBDA_GB_SECOND,
        ),
    ]
}

/// The language models of a flow whose price is known: at most, as if each answer were as
/// long as it may be.
fn tokens(flow: &Flow) -> Option<Line> {
    let of_run: f64 = steps(flow).filter_map(|step| if let StepKind::Llm(llm) = &step.kind { price(llm) } else { None }).sum();
    let what = format!("tokens of {}", flow.id);
    let runs = runs_of(flow);
    (of_run > 0.0).then(|| line(&what, format!("{runs:.0} runs × at most {of_run:.6}"), runs * of_run))
}

fn price(step: &LlmStep) -> Option<f64> {
    let price = step.price?;
    let texts = [step.system.as_ref(), Some(&step.prompt)];
    let n_chars: usize = texts.into_iter().flatten().map(|text| text.to_string().chars().count()).sum();
    let n_in = count(n_chars.div_ceil(TOKEN_CHARS));
    Some((n_in * price.input + f64::from(step.max_tokens) * price.output) / 1e6)
}

fn line(what: &str, formula: String, dollars: f64) -> Line {
    Line { what: what.to_owned(), formula, dollars }
}

/// Where a flow is run; the deployment's own Region has no name here.
fn places(flow: &Flow) -> Vec<&str> {
    if flow.regions.run.is_empty() { vec![""] } else { flow.regions.run.iter().map(String::as_str).collect() }
}

fn places_has(flow: &Flow, place: &str) -> bool {
    places(flow).contains(&place)
}

fn n_regions(flow: &Flow) -> usize {
    places(flow).len()
}

fn steps(flow: &Flow) -> impl Iterator<Item = &Step> {
    flow.steps.iter().chain(&flow.cleanup)
}

fn n_steps(flow: &Flow) -> f64 {
    count(steps(flow).count())
}

/// Runs of a flow in a month, over its Regions.
fn runs_of(flow: &Flow) -> f64 {
    let minutes = count(usize::try_from(flow.every.as_millis().div_ceil(60_000)).unwrap_or(usize::MAX)).max(1.0);
    count(n_regions(flow)) * MINUTES / minutes
}

#[expect(clippy::cast_precision_loss, reason = "a file has far fewer things than a float has exact whole numbers")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests;
