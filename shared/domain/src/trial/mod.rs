//! Does a policy do what its tests say? Each is played on a simulated clock, and
//! what people would have been told is laid beside what was expected.
//!
//! Alarms that follow each other without a `wait` come in at the same moment, before
//! anybody is told. After the last step time stands still: what counts was sent by
//! then.

mod check;
mod compare;
mod coverage;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

pub use self::check::{check, of_policy, read};
pub use self::compare::{Line, Seen};
pub use self::coverage::{Coverage, Tried};
use crate::alert::{Alert, AlertState, Fingerprint};
use crate::classify::Classification;
use crate::control::{Silence, SilenceKind};
use crate::id::IncidentId;
use crate::labels::Labels;
use crate::policy::Policy;
use crate::policy::source::{ExpectAlertSource, StepSource, TestSource};
use crate::rehearsal::Rehearsal;
use crate::span::Span;
use crate::timeline::EntryKind;

/// What became of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was tested.
    pub name: String,
    /// When it began.
    pub at: Timestamp,
    /// How much time passed in it.
    pub lasted: Span,
    /// What was expected and what was seen, in order of time. All that was seen
    /// counts as expected when the test does not say what is.
    pub lines: Vec<Line>,
    /// What alerts were found to be, where that is not what was expected; a sentence
    /// each.
    pub alerts: Vec<String>,
}

impl Outcome {
    /// Whether all was as expected.
    pub fn passed(&self) -> bool {
        self.alerts.is_empty()
            && self.lines.iter().all(|line| match line {
                Line::Both(_) => true,
                Line::Missing(_) | Line::Unexpected(_) => false,
            })
    }
}

/// Runs one test, and notes what it tried.
pub fn run(policy: &Arc<Policy>, test: &TestSource, coverage: &mut Coverage) -> Outcome {
    let mut stage = Stage::new(policy, test.at);
    for (n, step) in test.steps.iter().enumerate() {
        stage.step(step, &test.steps[..n], coverage);
    }
    stage.look();
    let lasted = Span::between(test.at, stage.rehearsal.now());
    let alerts = test.expect_alerts.iter().flat_map(|expected| stage.mismatches(expected)).collect();
    let seen = stage.seen(test.at);
    let lines = match &test.expect {
        Some(expected) => compare::compare(expected, &seen),
        None => seen.into_iter().map(Line::Both).collect(),
    };
    Outcome { name: test.name.clone(), at: test.at, lasted, lines, alerts }
}

/// A rehearsal with what was found out of each alert.
struct Stage {
    rehearsal: Rehearsal,
    alerts: BTreeMap<Fingerprint, Found>,
    n_silences: usize,
}

/// What was found out of an alert.
struct Found {
    name: String,
    incident: Option<IncidentId>,
    classification: Classification,
    /// Why people did not hear of it, at one time or another.
    suppressed: BTreeSet<String>,
}

impl Stage {
    fn new(policy: &Arc<Policy>, at: Timestamp) -> Stage {
        Stage { rehearsal: Rehearsal::new(Arc::clone(policy), at), alerts: BTreeMap::new(), n_silences: 0 }
    }

    fn step(&mut self, step: &StepSource, before: &[StepSource], coverage: &mut Coverage) {
        match step {
            StepSource::Alarm(labels) => self.hear(&labels.iter().collect(), AlertState::Alarm, coverage),
            StepSource::Ok(labels) => {
                let meant = check::meant(labels, before).unwrap_or(labels);
                self.hear(&meant.iter().collect(), AlertState::Ok, coverage);
            }
            StepSource::Wait(span) => {
                self.look();
                self.rehearsal.advance(span.after(self.rehearsal.now()));
                self.look();
            }
            StepSource::Acknowledge(by) => {
                self.look();
                self.rehearsal.acknowledge(by);
            }
            StepSource::Resolve(by) => {
                self.look();
                self.rehearsal.resolve(by);
            }
            StepSource::Silence(silence) => {
                self.look();
                let now = self.rehearsal.now();
                self.n_silences += 1;
                let silence = Silence {
                    kind: SilenceKind::Silence,
                    matchers: silence.matchers.clone(),
                    starts_at: now,
                    ends_at: silence.length.after(now),
                    by: "the test".to_owned(),
                    why: "a step of it".to_owned(),
                };
                self.rehearsal.control_mut().silences.insert(format!("of step {}", self.n_silences), silence);
            }
        }
    }

    fn hear(&mut self, labels: &Labels, state: AlertState, coverage: &mut Coverage) {
        let alert = Alert::of_labels(labels, state, self.rehearsal.now());
        let (fingerprint, name) = (alert.fingerprint.clone(), alert.name.clone());
        let heard = self.rehearsal.hear(alert);
        coverage.note(&heard.classification);
        let known = self.alerts.remove(&fingerprint);
        let (incident, suppressed) = known.map_or((None, BTreeSet::new()), |known| (known.incident, known.suppressed));
        let found = Found { name, incident: heard.incident.or(incident), classification: heard.classification, suppressed };
        self.alerts.insert(fingerprint, found);
    }

    /// Lets everything happen that is due by now, and notes what is held back.
    fn look(&mut self) {
        self.rehearsal.advance(self.rehearsal.now());
        for note in self.rehearsal.drain_notes() {
            let is_held = note.kind == EntryKind::Held && note.text.starts_with("nobody is told");
            for found in self.alerts.values_mut().filter(|found| is_held && found.incident.as_ref() == Some(&note.incident)) {
                found.suppressed.extend(note.because.iter().cloned());
            }
        }
        for (fingerprint, found) in &mut self.alerts {
            let is_firing = self.rehearsal.record(fingerprint).is_some_and(|record| record.history.is_firing());
            if is_firing && let Some(suppression) = self.rehearsal.suppression(fingerprint) {
                found.suppressed.insert(suppression.because);
            }
        }
    }

    /// What of `expected` is not so; a sentence each.
    fn mismatches(&self, expected: &ExpectAlertSource) -> Vec<String> {
        let name = &expected.alertname;
        let mut found: Vec<&Found> = self.alerts.values().filter(|found| found.name == *name).collect();
        // Of several alerts of this name, those with the labels are meant.
        if found.len() > 1 {
            found.retain(|found| expected.labels.iter().all(|(label, value)| found.classification.labels.get(label) == value));
        }
        if found.is_empty() {
            return vec![format!("no alert {name} with these labels came in")];
        }
        found.iter().flat_map(|found| found.mismatches(expected)).collect()
    }

    fn seen(&mut self, start: Timestamp) -> Vec<Seen> {
        let mut incidents: Vec<IncidentId> = Vec::new();
        let number = |incidents: &mut Vec<IncidentId>, id: &IncidentId| {
            incidents.iter().position(|known| known == id).unwrap_or_else(|| {
                incidents.push(id.clone());
                incidents.len() - 1
            }) + 1
        };
        let sent = self.rehearsal.drain_sent();
        sent.into_iter().map(|sent| Seen::of(start, number(&mut incidents, &sent.incident), sent)).collect()
    }
}

impl Found {
    fn mismatches(&self, expected: &ExpectAlertSource) -> Vec<String> {
        let name = &self.name;
        let because = || self.classification.because.join("; ");
        let mut wrong = Vec::new();
        if let Some(priority) = expected.priority.filter(|priority| *priority != self.classification.priority) {
            wrong.push(format!("{name} is {}, not {priority}: {}", self.classification.priority, because()));
        }
        for (label, value) in &expected.labels {
            let is = self.classification.labels.get(label);
            if is != value {
                let is = if is.is_empty() { "no value".to_owned() } else { format!("`{is}`") };
                wrong.push(format!("{name} has {is} for {label}, not `{value}`: {}", because()));
            }
        }
        let reasons = || self.suppressed.iter().map(String::as_str).collect::<Vec<_>>().join("; ");
        match expected.suppressed.as_deref() {
            None => {}
            Some("") if self.suppressed.is_empty() => {}
            Some("") => wrong.push(format!("{name} is held back: {}", reasons())),
            Some(part) if self.suppressed.iter().any(|reason| reason.contains(part)) => {}
            Some(part) if self.suppressed.is_empty() => wrong.push(format!("{name} is not held back; expected: {part}")),
            Some(part) => wrong.push(format!("{name} is held back for another reason than `{part}`: {}", reasons())),
        }
        wrong
    }
}

#[cfg(test)]
mod tests;
