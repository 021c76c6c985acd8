//! What is counted, as lines that CloudWatch reads: no call stands between a run and its
//! metric.

use domain::probe::{Flow, FlowReport, StepReport, Verdict, tell};
use jiff::Timestamp;
use runtime::metrics::{emit, line_in};
use serde_json::{Value, json};
use tracing::warn;

/// Most reasons of a run that are logged.
const REASONS_MAX: usize = 5;

/// Says what came of a run. Of one that says nothing of its flow nothing is counted.
pub(crate) fn tell_run(region: &str, report: &FlowReport) {
    if report.verdict == Verdict::Unknown {
        let because = report.because.join("; ");
        warn!(flow = report.flow, region, run = report.run, because, "nothing can be said of {}", report.flow);
    } else {
        emit(&of_run(region, report));
    }
}

fn of_run(region: &str, report: &FlowReport) -> Value {
    let is_good = match report.verdict {
        Verdict::Up | Verdict::Degraded => 1.0,
        Verdict::Down | Verdict::Unknown => 0.0,
    };
    line_in(
        tell::NAMESPACE,
        report.at,
        &[("Flow", &report.flow), ("Region", region)],
        &[("Success", "None", is_good), ("Duration", "Milliseconds", report.duration_ms)],
        &[
            ("run", json!(report.run)),
            ("verdict", json!(report.verdict)),
            ("failed_step", json!(report.failed_step)),
            ("because", json!(report.because.iter().take(REASONS_MAX).collect::<Vec<_>>())),
            ("steps", steps(&report.steps)),
            ("cleanup", steps(&report.cleanup)),
        ],
    )
}

/// How steps went. What came back is not logged: it may be about somebody.
fn steps(steps: &[StepReport]) -> Value {
    steps
        .iter()
        .map(|step| json!({"step": step.step, "name": step.name, "ok": step.ok, "status": step.status, "phases_ms": step.phases_ms}))
        .collect()
}

/// Says whether a flow is down.
pub(crate) fn tell_down(now: Timestamp, flow: &Flow, is_down: bool, down: &[String]) {
    let dimensions = tell::dimensions(flow);
    let dimensions: Vec<(&str, &str)> = dimensions.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let metrics = [("Down", "None", f64::from(u8::from(is_down)))];
    emit(&line_in(tell::NAMESPACE, now, &dimensions, &metrics, &[("down_in", json!(down))]));
}

/// Says from how many Regions nothing is heard.
pub(crate) fn tell_silent(now: Timestamp, function: &str, silent: &[String]) {
    let metrics = [("SilentRegions", "Count", f64::from(u32::try_from(silent.len()).unwrap_or(u32::MAX)))];
    emit(&line_in(tell::NAMESPACE, now, &[("Function", function)], &metrics, &[("silent", json!(silent))]));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdict: &str) -> FlowReport {
        serde_json::from_value(json!({
            "flow": "create-order", "run": "r", "at": "2026-11-21T02:05:54.123Z", "verdict": verdict, "failed_step": 2,
            "because": ["step 2 (POST /orders): status was 502"], "duration_ms": 430.5,
            "steps": [{"step": 2, "name": "POST /orders", "kind": "http", "ok": false, "status": 502,
                       "phases_ms": {"ttfb": 412.0}, "captures": [], "evidence": "a person's name"}],
        }))
        .unwrap()
    }

    #[test]
    fn a_run_is_counted_by_flow_and_region_with_its_phases_beside() {
        for (verdict, success) in [("up", 1.0), ("degraded", 1.0), ("down", 0.0)] {
            let line = of_run("us-east-1", &report(verdict));
            let definition = &line["_aws"]["CloudWatchMetrics"][0];
            assert_eq!(definition["Namespace"], "Watchkeeper/Probes");
            assert_eq!(definition["Dimensions"], json!([["Flow", "Region"]]));
            assert_eq!(line["_aws"]["Timestamp"], 1_795_226_754_123_i64);
            assert_eq!((&line["Success"], &line["Duration"]), (&json!(success), &json!(430.5)), "{verdict}");
            assert_eq!((&line["Flow"], &line["Region"]), (&json!("create-order"), &json!("us-east-1")));
            assert_eq!(line["steps"][0]["phases_ms"]["ttfb"], 412.0);
            assert!(!line.to_string().contains("a person's name"), "{line}");
        }
    }
}
