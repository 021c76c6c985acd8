//! Synthetic flows: how they ran, and what a file of them costs.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use domain::probe::cost::Cost;
use domain::probe::{FlowReport, Probes, Verdict};
use probing::{Done, Exchange};

use super::text::{BOLD, paint, width, wrapped};
use super::waterfall::{block, drawn, verdict_style};
use super::{escaped, say};
use crate::checked::count;

/// Most lines of a body that are shown.
const BODY_MAX: usize = 40;
/// What turns while something runs.
const TURNING: [char; 4] = ['|', '/', '-', '\\'];

/// What a good file of probes holds, and what it costs.
pub(crate) fn probes(file: &str, probes: &Probes, cost: &Cost, n_warnings: usize) {
    let mut held = vec![count(probes.flows.len(), "flow")];
    if !probes.heartbeats.is_empty() {
        held.push(count(probes.heartbeats.len(), "heartbeat"));
    }
    let with = if n_warnings == 0 { String::new() } else { format!(", with {}", count(n_warnings, "warning")) };
    say!("{}", wrapped(&format!("{file}: right ({}){with}", held.join(", ")), 0));
    if probes.flows.is_empty() {
        return;
    }
    say!("\n{}", paint(BOLD, "In a month, about"));
    for line in &cost.lines {
        say!("{:>10.2}  {}", line.dollars, wrapped(&format!("{}: {}", line.what, line.formula), 12));
    }
    say!("{}", paint(BOLD, &format!("{:>10.2}  dollars", cost.total)));
    say!(
        "{:>10.2}  {}",
        cost.synthetics,
        wrapped(&format!("would be as many runs of CloudWatch Synthetics ({:.0}), alone{}", cost.runs, ratio(cost)), 12)
    );
}

/// How often the one goes into the other, where it does.
fn ratio(cost: &Cost) -> String {
    let times = cost.synthetics / cost.total;
    if times.is_finite() && times >= 1.5 { format!(": {times:.0} times that") } else { String::new() }
}

/// A run as one line of JSON.
pub(crate) fn flow_line(report: &FlowReport) {
    // It has nothing that JSON has not.
    if let Ok(line) = serde_json::to_string(report) {
        say!("{}", escaped(&line));
    }
}

/// A run, with the requests and answers that are to be shown below their steps.
pub(crate) fn flow_run(report: &FlowReport, exchanges: &[Exchange]) {
    let columns = width();
    let below = |step: usize| -> String {
        exchanges.iter().filter(|exchange| exchange.step == step).map(|exchange| spoken(exchange, columns)).collect()
    };
    say!("{}", drawn(report, columns, below));
}

/// A request with its answer, as they went over the wire.
fn spoken(exchange: &Exchange, columns: usize) -> String {
    let fields = |fields: &[(String, String)]| {
        let lines: Vec<String> = fields.iter().map(|(name, value)| format!("\n{name}: {value}")).collect();
        lines.concat()
    };
    let sent = format!("{} {} {}{}", exchange.method, exchange.url, exchange.version, fields(&exchange.request_headers));
    let mut out = block("> ", &sent, columns, usize::MAX);
    if let Some(body) = exchange.request_body.as_deref().filter(|body| !body.is_empty()) {
        out.push_str(&block("> ", &format!("\n{body}"), columns, BODY_MAX));
    }
    let peer = exchange.peer.map(|peer| format!(" from {peer}")).unwrap_or_default();
    match (exchange.status, &exchange.error) {
        (Some(status), _) => {
            let came = format!("{} {status}{peer}{}", exchange.version, fields(&exchange.response_headers));
            out.push_str(&block("< ", &came, columns, usize::MAX));
        }
        (None, why) => {
            let why = why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            out.push_str(&block("< ", &format!("no answer{peer}{why}"), columns, usize::MAX));
        }
    }
    if !exchange.response_body.is_empty() {
        out.push_str(&block("< ", &format!("\n{}", exchange.response_body), columns, BODY_MAX));
    }
    out
}

/// What came of all of them.
pub(crate) fn flows_run(runs: &[Done]) {
    if runs.len() < 2 {
        return;
    }
    let of = |verdict: Verdict| runs.iter().filter(|run| run.report.verdict == verdict).count();
    let verdicts = [Verdict::Up, Verdict::Degraded, Verdict::Down, Verdict::Unknown].into_iter();
    let parts: Vec<String> = verdicts
        .filter(|verdict| of(*verdict) > 0)
        .map(|verdict| paint(verdict_style(verdict), &format!("{} {}", of(verdict), verdict.word())))
        .collect();
    say!("{}: {}", count(runs.len(), "flow"), parts.join(", "));
}

/// Shows how far the flows are, where somebody looks.
pub(crate) fn progress_running(n: usize, all: usize, since: Duration) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let turn = usize::try_from(since.as_millis() / 100).unwrap_or(0) % TURNING.len();
    let _ = write!(anstream::stderr(), "\r{} {n} of {all} done, {:.1} s", TURNING[turn], since.as_secs_f64());
}
