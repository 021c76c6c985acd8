//! How do people hear what the prober sees? The names of its metrics, and what an alarm
//! on them says.
//!
//! The alarm itself only says that a flow is down. Which step fails, why and where is
//! known to the table, and the one who takes the alarm in adds it.

use std::collections::BTreeMap;

use super::flow::Flow;
use super::report::Phases;
use super::watch::{BadRun, Failing, FlowState};
use crate::alert::{Alert, AlertState};
use crate::text::{NAME_MAX, TEXT_MAX, clean, instant};

/// The namespace of the prober's metrics.
pub const NAMESPACE: &str = "Watchkeeper/Probes";
/// By what `Down` is counted, and which label each dimension becomes.
pub const LABELS: [(&str, &str); 3] = [("Flow", "flow"), ("Service", "service"), ("Priority", "priority")];
/// Longest value of a dimension, in characters.
const VALUE_MAX: usize = 255;

/// By what the metric `Down` of a flow is counted: so its alarm knows whose it is before
/// anything is looked up. A service whose name CloudWatch does not take is left out.
pub fn dimensions(flow: &Flow) -> BTreeMap<&'static str, String> {
    let is_taken = |service: &&String| {
        let is_printable = service.chars().all(|ch| ch == ' ' || ch.is_ascii_graphic());
        is_printable && !service.is_empty() && service.trim() == service.as_str() && service.len() <= VALUE_MAX
    };
    let mut dimensions = BTreeMap::from([("Flow", flow.id.clone())]);
    dimensions.extend(flow.service.as_ref().filter(is_taken).map(|service| ("Service", service.clone())));
    dimensions.extend(flow.priority.map(|priority| ("Priority", priority.to_string())));
    dimensions
}

/// The flow that an alert says is down, if it is about one.
pub fn flow_of(alert: &Alert) -> Option<&str> {
    let is_ours = alert.state == AlertState::Alarm && alert.labels.find("namespace") == Some(NAMESPACE);
    alert.labels.find("flow").filter(|_| is_ours && alert.labels.find("metric_name") == Some("Down"))
}

/// Adds to an alert about `flow` what the table knows of it. Nothing of it decides where
/// the alert goes.
pub fn annotate(alert: &mut Alert, flow: &str, state: Option<&FlowState>) {
    let told = match state {
        Some(state) if state.is_down => down(flow, state),
        Some(FlowState { since: Some(since), .. }) if *since > alert.claimed_at => Told {
            headline: format!("{flow} was down, and is up again"),
            about: format!("It is up since {}.", instant(*since)),
            reason: String::new(),
        },
        Some(_) | None => Told {
            headline: format!("{flow}: the prober itself is silent"),
            about: "Nothing is heard of the flow, and what was heard last does not say that it is down: see the log of the \
                    prober, and whether its schedule is enabled."
                .to_owned(),
            reason: String::new(),
        },
    };
    alert.headline = Some(clean(&told.headline, NAME_MAX));
    alert.summary = clean(&told.about, TEXT_MAX);
    if !told.reason.is_empty() {
        alert.reason = clean(&told.reason, TEXT_MAX);
    }
}

/// What is said of a flow.
struct Told {
    headline: String,
    about: String,
    reason: String,
}

fn down(flow: &str, state: &FlowState) -> Told {
    let places = listed(&state.down);
    let mut about = Vec::new();
    if let Some(since) = state.since {
        about.push(format!("Down since {}.", instant(since)));
    }
    if !state.silent.is_empty() {
        about.push(format!("Nothing is heard from {}.", listed(&state.silent)));
    }
    let Some(Failing { region, run }) = &state.failing else {
        return Told { headline: format!("{flow} is down — in {places}"), about: about.join(" "), reason: String::new() };
    };
    let seen = phases(&run.phases_ms);
    about.push(format!("Seen in {region} at {}{}{seen}.", instant(run.at), if seen.is_empty() { "" } else { ": " }));
    let mut reason = run.because.join("; ");
    if let Some(evidence) = &run.evidence {
        reason = format!("{reason}. What came back: {evidence}");
    }
    Told { headline: format!("{flow} fails{} — in {places}", first(run)), about: about.join(" "), reason }
}

/// The first reason, with the step.
fn first(run: &BadRun) -> String {
    let why = run.because.first().map_or("", String::as_str);
    match (run.failed_step, &run.step) {
        _ if why.starts_with("step ") => format!(" at {why}"),
        (Some(n), Some(name)) => format!(" at step {n} ({name}): {why}"),
        _ => format!(": {why}"),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// How long the parts of a step took, those that there were.
fn phases(phases: &Phases) -> String {
    let parts = [
        ("DNS", phases.dns),
        ("connect", phases.connect),
        ("TLS", phases.tls),
        ("first byte", phases.ttfb),
        ("in all", phases.total),
    ];
    let parts: Vec<String> =
        parts.iter().filter_map(|(name, took)| Some(format!("{name} {} ms", (*took)?.as_millis()))).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests;
