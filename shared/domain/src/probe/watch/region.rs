//! Is a flow down in this Region? What its last runs say: M of N, and so many good ones in
//! a row to recover.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::flow::AlertRule;
use super::super::report::{FlowReport, Phases, Verdict};

/// Most runs that are kept; a rule can look at no more.
pub const RUNS_MAX: usize = 20;
/// Longest evidence that is kept, in characters.
const EVIDENCE_MAX: usize = 1_024;
/// Most reasons of a run that are kept, and the longest of them in characters.
const BECAUSE_MAX: (usize, usize) = (5, 600);

/// What is known of a flow in a Region: its last runs, in the order in which they began,
/// and whether it was down after each.
///
/// It follows from the set of the runs that were heard, in whatever order and how often
/// ever they came. A run that comes so late that what was before it is no longer kept
/// changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionState {
    runs: Vec<RunSeen>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bad: Option<BadRun>,
    /// When the last run began that is no longer kept, and what was so after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Before>,
}

/// A run, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSeen {
    /// When it began.
    pub at: Timestamp,
    /// What tells it from others.
    pub run: String,
    /// What it said.
    pub verdict: Verdict,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// The first step that was not right, or too slow; from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_step: Option<usize>,
    /// Since when the flow was down here after this run, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    down_since: Option<Timestamp>,
}

/// What was so before the runs that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Before {
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    down_since: Option<Timestamp>,
}

/// The last run that was down, with what helps whoever looks for the cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BadRun {
    /// When it began.
    pub at: Timestamp,
    /// What tells it from others.
    pub run: String,
    /// The first step that was not right; from 1.
    pub failed_step: Option<usize>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Its status, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long its parts took.
    #[serde(default)]
    pub phases_ms: Phases,
    /// Why it was not right.
    pub because: Vec<String>,
    /// The beginning of what came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

impl RegionState {
    /// Takes in what came of a run. `false` if nothing is known by it that was not known:
    /// the run was heard before, or is older than all that are kept.
    pub fn heard(&mut self, rule: &AlertRule, report: &FlowReport) -> bool {
        let key = (report.at, report.run.as_str());
        let at = self.runs.partition_point(|run| (run.at, run.run.as_str()) < key);
        let is_known = self.runs.iter().any(|run| run.run == report.run);
        // Of what came before the first that is kept, too little is known to say what it
        // would have changed.
        let is_too_old = self.before.is_some_and(|before| report.at <= before.at || at < rule.of.max(rule.recover));
        if is_known || is_too_old {
            return false;
        }
        let run = RunSeen {
            at: report.at,
            run: report.run.clone(),
            verdict: report.verdict,
            duration_ms: report.duration_ms,
            failed_step: report.failed_step,
            down_since: None,
        };
        self.runs.insert(at, run);
        for n in at..self.runs.len() {
            self.runs[n].down_since = self.down_after(rule, n);
        }
        if self.runs.len() > RUNS_MAX {
            let gone = self.runs.remove(0);
            self.before = Some(Before { at: gone.at, down_since: gone.down_since });
        }
        if report.verdict == Verdict::Down && self.bad.as_ref().is_none_or(|bad| (bad.at, bad.run.as_str()) < key) {
            self.bad = Some(BadRun::of(report));
        }
        true
    }

    /// Since when the flow is down here; none if it is not.
    pub fn down_since(&self) -> Option<Timestamp> {
        self.runs.last().and_then(|run| run.down_since)
    }

    /// When the last run began.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.runs.last().map(|run| run.at)
    }

    /// The last runs, the oldest first.
    pub fn runs(&self) -> &[RunSeen] {
        &self.runs
    }

    /// The last run that was down, of all that were ever heard.
    pub fn last_bad(&self) -> Option<&BadRun> {
        self.bad.as_ref()
    }

    /// Since when the flow was down after the `n`th run, by what was so before it.
    fn down_after(&self, rule: &AlertRule, n: usize) -> Option<Timestamp> {
        let before = if n == 0 { self.before.and_then(|before| before.down_since) } else { self.runs[n - 1].down_since };
        let known = || self.runs[..=n].iter().rev().filter(|run| run.verdict != Verdict::Unknown);
        if let Some(since) = before {
            let n_good = known().take_while(|run| run.verdict != Verdict::Down).count();
            return (n_good < rule.recover.max(1)).then_some(since);
        }
        let failures = || known().take(rule.of.max(1)).filter(|run| run.verdict == Verdict::Down);
        // It began with the first of the runs that made it enough. A run that was not down
        // makes nothing down, however the rule has changed.
        let is_bad = self.runs[n].verdict == Verdict::Down;
        if is_bad && failures().count() >= rule.failures.max(1) { failures().last().map(|run| run.at) } else { None }
    }
}

impl BadRun {
    fn of(report: &FlowReport) -> BadRun {
        let step = report.steps.iter().find(|step| Some(step.step) == report.failed_step);
        let (n_reasons, longest) = BECAUSE_MAX;
        BadRun {
            at: report.at,
            run: report.run.clone(),
            failed_step: report.failed_step,
            step: step.map(|step| step.name.clone()),
            status: step.and_then(|step| step.status),
            phases_ms: step.map(|step| step.phases_ms).unwrap_or_default(),
            because: report.because.iter().take(n_reasons).map(|why| crate::text::shorten(why, longest)).collect(),
            evidence: step.and_then(|step| step.evidence.as_deref()).map(|text| crate::text::shorten(text, EVIDENCE_MAX)),
        }
    }
}
