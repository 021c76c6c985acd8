//! An alert came in: what is stored, and what is started?
//!
//! The same event twice, late or out of order gives the same rows in the end:
//! the newest state decides, an older one is put in its place in the history.

use crate::text::instant;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::alert::{Added, Alert, AlertState, Fingerprint, History, Transition};
use crate::classify::{Classification, classify};
use crate::id::IncidentId;
use crate::incident::{AlertRecord, Clock, Ignored, Incident, Pointer, Status};
use crate::inhibit::{self, SourceKey};
use crate::policy::Policy;
use crate::remediation::Remedy;
use crate::route::{GroupKey, Routed, route};
use crate::span::Span;
use crate::timeline::{Entry, EntryKind, Scribe};
use crate::watchdog;

/// After how long a clock that has not ticked is started again by whoever passes
/// by: normally its first tick comes within a second.
const CONFIRM_WAIT: Span = Span::seconds(10);
/// Recoveries within this time wake an incident once, and so do alerts that join one
/// of which nobody is told. As long as a classifier may run, so that the tick sees
/// all of them.
const BUCKET: Span = Span::seconds(30);

/// What classification and routing say of an alert; a function of the policy
/// and the alert alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it is about.
    pub classification: Classification,
    /// Where it goes.
    pub routed: Routed,
}

/// Classifies and routes.
pub fn judge(policy: &Policy, alert: &Alert) -> Verdict {
    if alert.is_watchdog() {
        return watchdog::verdict(policy, alert);
    }
    let classification = classify(policy, alert);
    let routed = route(&policy.route, &classification.labels);
    Verdict { classification, routed }
}

/// The keys under which an alert may have to be noted as a cause: read with the
/// rest, so that noting it costs no read of its own.
pub fn cause_keys(policy: &Policy, verdict: &Verdict) -> BTreeSet<SourceKey> {
    if verdict.routed.group.is_watchdog() {
        return BTreeSet::new();
    }
    inhibit::as_source(&policy.inhibit_rules, &verdict.classification.labels).into_iter().map(|part| part.key).collect()
}

/// What the table holds about an alert and its group.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'k> {
    /// The alert's row.
    pub record: Option<&'k AlertRecord>,
    /// The group's open incident.
    pub pointer: Option<&'k Pointer>,
}

/// An execution of the incident's clock to start. Starting it twice is the same
/// as once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The incident.
    pub incident: IncidentId,
    /// Tells executions apart; a later one has a higher number. The number 0 of
    /// this order is the moment of opening.
    pub seq: i64,
    /// When it ticks first.
    pub not_before: Timestamp,
    /// Whether something may have to be mended.
    pub remediation: bool,
}

impl Start {
    /// The start that comes with opening an incident.
    pub fn of_opening(incident: &IncidentId, opened_at: Timestamp, remediation: bool) -> Start {
        Start::at(incident, opened_at, remediation)
    }

    /// A start that ticks first at `not_before`.
    pub fn at(incident: &IncidentId, not_before: Timestamp, remediation: bool) -> Start {
        Start { incident: incident.clone(), seq: not_before.as_millisecond(), not_before, remediation }
    }
}

/// What to store and start for an alert that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The alert's row; none when it stays as it is.
    pub record: Option<AlertRecord>,
    /// What else is stored with it, in one transaction.
    pub with: With,
    /// The clock to start then.
    pub start: Option<Start>,
    /// What happened, in a few words, for the log.
    pub verb: &'static str,
    /// Why.
    pub because: Vec<String>,
}

/// What is stored together with an alert's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum With {
    /// Nothing.
    Nothing,
    /// A new incident.
    Incident(Box<Opening>),
    /// The pointer must still be as it was: the incident may be closing.
    SamePointer,
    /// The open incident becomes a cause under these keys; true for one-sided.
    Causes(IncidentId, Vec<(SourceKey, bool)>),
}

/// A new incident with all that is stored for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The incident.
    pub incident: Incident,
    /// What may be mended.
    pub remedies: Vec<Remedy>,
    /// What to note.
    pub entries: Vec<Entry>,
}

/// Decides what `alert` changes. `attempt` gives another name to a new incident
/// whose first one is taken.
pub fn arrive(now: Timestamp, policy: &Policy, known: Known<'_>, alert: Alert, verdict: Verdict, attempt: u32) -> Arrival {
    let mut record = match known.record {
        Some(record) => record.clone(),
        None => AlertRecord {
            alert: alert.clone(),
            classification: verdict.classification.clone(),
            history: History::default(),
            group: verdict.routed.group.clone(),
            incident: None,
            ignored: Ignored::default(),
        },
    };
    let before = record.history.deciding().cloned();
    let transition = Transition::of(&alert, now);
    let added = record.history.add(transition);
    let after = record.history.deciding().cloned();
    if added == Added::Duplicate {
        return repeated(now, policy, known, record, &alert);
    }
    if added == Added::Newest {
        record.classification = verdict.classification.clone();
        record.alert = alert;
    }
    if before == after {
        return noted(record, added);
    }
    if record.alert.is_stale_beat(now) {
        let because = vec![format!("it is of {}, and says nothing of now", instant(record.alert.claimed_at))];
        return Arrival { record: Some(record), with: With::Nothing, start: None, verb: "stale", because };
    }
    if record.is_firing() { fire(now, policy, known, record, verdict, attempt) } else { recover(now, policy, known, record) }
}

/// The same transition came in before: whatever was left undone is done.
fn repeated(now: Timestamp, policy: &Policy, known: Known<'_>, mut record: AlertRecord, alert: &Alert) -> Arrival {
    let because = format!("{} at {} was known already", alert.state, instant(alert.claimed_at));
    let start = undone(now, policy, known, &record);
    record.ignored.n_duplicates = record.ignored.n_duplicates.saturating_add(1);
    record.ignored.because.clone_from(&because);
    Arrival {
        // With something left to do the count can wait: it is not worth a call.
        record: start.is_none().then_some(record),
        with: With::Nothing,
        start,
        verb: "duplicate",
        because: vec![because],
    }
}

/// What a delivery that was cut off may have left to start.
fn undone(now: Timestamp, policy: &Policy, known: Known<'_>, record: &AlertRecord) -> Option<Start> {
    let pointer = known.pointer.filter(|pointer| Some(&pointer.incident) == record.incident.as_ref())?;
    if !pointer.confirmed {
        Some(Start::of_opening(&pointer.incident, pointer.opened_at, pointer.has_remedies))
    } else if pointer.lingering {
        record.is_firing().then(|| Start::at(&pointer.incident, now, pointer.has_remedies))
    } else if record.is_firing() {
        None
    } else {
        Some(after_recovery(now, policy, pointer))
    }
}

/// A state that decides nothing: older than the newest, or missing data.
fn noted(mut record: AlertRecord, added: Added) -> Arrival {
    let (verb, because) = match (added, record.alert.state) {
        (Added::Older, _) => {
            record.ignored.n_older = record.ignored.n_older.saturating_add(1);
            ("older", format!("a newer state is known: {} at {}", record.alert.state, instant(record.alert.claimed_at)))
        }
        (Added::Newest | Added::Duplicate, AlertState::InsufficientData) => {
            ("missing-data", "INSUFFICIENT_DATA neither raises nor clears an alert".to_owned())
        }
        (Added::Newest | Added::Duplicate, AlertState::Ok | AlertState::Alarm) => ("noted", "it changes nothing".to_owned()),
    };
    record.ignored.because.clone_from(&because);
    Arrival { record: Some(record), with: With::Nothing, start: None, verb, because: vec![because] }
}

fn fire(now: Timestamp, policy: &Policy, known: Known<'_>, mut record: AlertRecord, verdict: Verdict, attempt: u32) -> Arrival {
    let Some(pointer) = known.pointer else { return open(now, policy, record, verdict, attempt) };
    let priority = record.classification.priority;
    record.group = pointer.group.clone();
    record.incident = Some(pointer.incident.clone());
    let mut because = record.classification.because.clone();
    because.push(verdict.routed.because);
    because.push(format!("its group has incident {} open", pointer.incident));
    if pointer.lingering {
        let start = Some(Start::at(&pointer.incident, now, pointer.has_remedies));
        return Arrival { record: Some(record), with: With::SamePointer, start, verb: "reopens", because };
    }
    let start = if priority < pointer.priority {
        because.push(format!("it is {priority}, more urgent than the incident's {}", pointer.priority));
        Some(Start::at(&pointer.incident, now, pointer.has_remedies))
    } else if !pointer.confirmed && CONFIRM_WAIT.after(pointer.opened_at) <= now {
        Some(Start::of_opening(&pointer.incident, pointer.opened_at, pointer.has_remedies))
    } else if pointer.held {
        because.push("nobody is told of that one at the moment, which may not hold for this alert".to_owned());
        // All that join in a bucket of time wake it once.
        Some(Start::at(&pointer.incident, end_of_bucket(now, policy), pointer.has_remedies))
    } else {
        None
    };
    let causes: Vec<(SourceKey, bool)> = inhibit::as_source(&policy.inhibit_rules, &record.classification.labels)
        .into_iter()
        .filter(|part| !pointer.causes.contains(&part.key))
        .map(|part| (part.key, !part.both_sides))
        .collect();
    let with = if causes.is_empty() { With::Nothing } else { With::Causes(pointer.incident.clone(), causes) };
    Arrival { record: Some(record), with, start, verb: "joins", because }
}

/// What an incident of this group is called that this alert opens.
pub(crate) fn name(now: Timestamp, group: &GroupKey, opener: &Fingerprint, attempt: u32) -> IncidentId {
    IncidentId::new(now, &format!("{}{opener}", group.as_str()), attempt)
}

fn open(now: Timestamp, policy: &Policy, mut record: AlertRecord, verdict: Verdict, attempt: u32) -> Arrival {
    let Verdict { classification, routed } = verdict;
    let id = name(now, &routed.group, &record.alert.fingerprint, attempt);
    record.group = routed.group.clone();
    record.incident = Some(id.clone());
    let mut because = classification.because.clone();
    because.push(routed.because.clone());
    let start = Start::of_opening(&id, now, !classification.remediations.is_empty());
    let remedies = remedies(now, policy, &record, start.seq);
    let is_beat = routed.group.is_watchdog();
    let alert = &record.alert;
    // The newest state may be missing data that came in before its alarm.
    let (state, since, reason) = match record.history.deciding() {
        Some(deciding) => (deciding.state, deciding.claimed_at, &deciding.reason),
        None => (alert.state, alert.claimed_at, &alert.reason),
    };
    let incident = Incident {
        id,
        group: routed.group,
        title: alert.headline.clone().unwrap_or_else(|| alert.name.clone()),
        summary: alert.summary.clone(),
        reason: reason.clone(),
        priority: classification.priority,
        labels: classification.labels.clone(),
        runbook: classification.runbook.clone(),
        receivers: routed.receivers,
        settings: routed.settings,
        muting: routed.muting,
        opened_at: now,
        status: Status::Triggered,
        told: None,
        mended_told: false,
        asked: Vec::new(),
        suppressed: None,
        flapping: Vec::new(),
        storm: None,
        waiting: None,
        n_rounds: 0,
        clock: Clock { seq: start.seq, confirmed: false, n_ticks: 0, n_restarts: 0 },
        wake_at: now,
        has_remedies: !remedies.is_empty(),
        causes: inhibit::as_source(&policy.inhibit_rules, &classification.labels)
            .into_iter()
            .filter(|_| !is_beat)
            .map(|part| (part.key, !part.both_sides))
            .collect(),
        because: because.clone(),
    };
    let mut scribe = Scribe::new(now, "o");
    scribe.note(
        EntryKind::Incident,
        format!("opened as {}: {} is {state} since {}", incident.priority, alert.name, instant(since)),
        because.clone(),
    );
    // Nobody reads the record of a beat.
    let entries = if is_beat { Vec::new() } else { scribe.finish() };
    let opening = Opening { incident, remedies, entries };
    Arrival { record: Some(record), with: With::Incident(Box::new(opening)), start: Some(start), verb: "opens", because }
}

fn remedies(now: Timestamp, policy: &Policy, record: &AlertRecord, clock: i64) -> Vec<Remedy> {
    let classification = &record.classification;
    let service = classification.labels.find("service").and_then(|name| policy.services.get(name));
    let alert_at = record.history.deciding().map_or(now, |transition| transition.state_at);
    classification
        .remediations
        .iter()
        .filter_map(|name| policy.remediation(name))
        .map(|remediation| {
            let target = remediation.target(&classification.labels, service);
            Remedy::proposed(&remediation.name, target, &record.alert.name, alert_at, clock, now)
        })
        .collect()
}

fn recover(now: Timestamp, policy: &Policy, known: Known<'_>, record: AlertRecord) -> Arrival {
    let pointer = known.pointer.filter(|pointer| Some(&pointer.incident) == record.incident.as_ref() && !pointer.lingering);
    let (start, because) = match pointer {
        Some(pointer) => (Some(after_recovery(now, policy, pointer)), format!("it belongs to incident {}", pointer.incident)),
        None => (None, "it is OK, and no open incident has it".to_owned()),
    };
    Arrival { record: Some(record), with: With::Nothing, start, verb: "recovers", because: vec![because] }
}

/// The clock looks at the incident once all recoveries of this bucket of time
/// are stored and have lasted.
fn after_recovery(now: Timestamp, policy: &Policy, pointer: &Pointer) -> Start {
    Start::at(&pointer.incident, policy.noise.resolve_wait.after(end_of_bucket(now, policy)), pointer.has_remedies)
}

/// The end of the bucket of time that `now` lies in.
fn end_of_bucket(now: Timestamp, policy: &Policy) -> Timestamp {
    let bucket = i64::try_from(BUCKET.shortened(policy.time_scale).max(Span::seconds(1)).as_millis()).unwrap_or(1_000);
    Timestamp::from_millisecond((now.as_millisecond().div_euclid(bucket) + 1) * bucket).unwrap_or(now)
}

#[cfg(test)]
mod tests;
