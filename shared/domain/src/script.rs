//! Plays a script of events on a scripted clock through the decisions, and tells
//! what people saw.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::alert::{Alert, AlertState, Fingerprint};
use crate::incident::{AlertRecord, Incident};
use crate::labels::Labels;
use crate::policy::{Address, Policy};
use crate::rehearsal::{Note, Rehearsal};
use crate::remediation::action::RdsConnectionResetPlan;
use crate::remediation::{Plan, Remedy, Stage};
use crate::span::Span;

/// A rehearsal told as a script, with every promise of a tick tried on the way.
pub(crate) struct Script {
    pub(crate) rehearsal: Rehearsal,
    start: Timestamp,
    n_told: usize,
    /// All lines noted so far.
    pub(crate) notes: Vec<Note>,
}

/// A policy with people and one receiver for each team, changed by `change`.
pub(crate) fn policy(change: impl FnOnce(&mut Value)) -> Policy {
    let mut content = json!({
        "classify": [
            {"name": "critical", "matchers": ["alertname=~\"critical.*\""], "set": {"priority": "P1"}},
            {"name": "minor", "matchers": ["alertname=~\"minor.*\""], "set": {"priority": "P3"}},
        ],
        "route": {"receiver": "team", "group_by": ["group"], "group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h"},
        "receivers": [{"name": "team", "escalation_policy": "climb", "sns_configs": [{"topic": "team", "class": "chat"}]}],
        "users": [
            {"id": "ann", "contact_methods": [{"class": "page", "topic": "ann"}, {"class": "email", "topic": "ann-mail"}]},
            {"id": "bob", "contact_methods": [{"class": "page", "topic": "bob"}, {"class": "email", "topic": "bob-mail"}]},
        ],
        "schedules": [{"name": "rota", "time_zone": "UTC", "schedule_layers": [
            {"name": "weekly", "start": "2026-01-05T00:00:00", "rotation": "weekly", "users": ["ann"]}]}],
        "escalation_policies": [{"name": "climb", "num_loops": 0, "acknowledgement_timeout": "2h", "escalation_rules": [
            {"escalation_delay_in_minutes": 30, "targets": [{"type": "schedule", "id": "rota"}]},
            {"escalation_delay_in_minutes": 30, "targets": [{"type": "user", "id": "bob"}]}]}],
    });
    change(&mut content);
    Policy::check(&content).unwrap_or_else(|problems| panic!("{problems}"))
}

impl Script {
    pub(crate) fn new(policy: Policy) -> Script {
        let start: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        Script { rehearsal: Rehearsal::new(Arc::new(policy), start), start, n_told: 0, notes: Vec::new() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.rehearsal.now
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.rehearsal.policy
    }

    /// An alert with labels `group=…` and more.
    pub(crate) fn alert(&self, name: &str, state: AlertState, labels: &[(&str, &str)]) -> Alert {
        let mut all: Labels = labels.iter().copied().collect();
        all.set("alertname", name);
        Alert { fingerprint: Fingerprint::of(name), ..Alert::of_labels(&all, state, self.now()) }
    }

    pub(crate) fn fires(&mut self, name: &str, labels: &[(&str, &str)]) -> &'static str {
        let alert = self.alert(name, AlertState::Alarm, labels);
        self.arrives(alert)
    }

    pub(crate) fn recovers(&mut self, name: &str, labels: &[(&str, &str)]) -> &'static str {
        let alert = self.alert(name, AlertState::Ok, labels);
        self.arrives(alert)
    }

    pub(crate) fn arrives(&mut self, alert: Alert) -> &'static str {
        let verb = self.rehearsal.hear(alert).verb;
        self.keep_notes();
        verb
    }

    /// Lets time pass, running every tick that is due.
    pub(crate) fn wait(&mut self, span: Span) {
        let until = span.after(self.now());
        self.rehearsal.advance(until);
        self.keep_notes();
    }

    fn keep_notes(&mut self) {
        self.notes.extend(self.rehearsal.drain_notes());
    }

    /// Somebody answers; the only incident if there is one.
    pub(crate) fn acknowledges(&mut self, by: &str) {
        assert!(self.rehearsal.acknowledge(by) > 0, "there is nothing to acknowledge");
        self.keep_notes();
    }

    pub(crate) fn resolves(&mut self, by: &str) {
        assert!(self.rehearsal.resolve(by) > 0, "there is nothing to resolve");
        self.keep_notes();
    }

    /// Remediation `name` of the newest incident asks whether to reboot a database,
    /// for so long.
    pub(crate) fn asks(&mut self, name: &str, within: Span) {
        self.comes_to(name, Stage::Asked { expires_at: within.after(self.now()), plan: reboot() });
    }

    /// Remediation `name` of the newest incident comes to a stage.
    pub(crate) fn comes_to(&mut self, name: &str, stage: Stage) {
        let id = self.newest().unwrap().id.clone();
        let remedy = Remedy { stage, ..Remedy::proposed(name, None, "cpu", self.start, 0, self.start) };
        self.rehearsal.comes_to(&id, remedy);
        self.keep_notes();
    }

    /// All alerts.
    pub(crate) fn members(&self) -> Vec<AlertRecord> {
        self.rehearsal.records.values().cloned().collect()
    }

    /// The incident that was opened last.
    pub(crate) fn newest(&self) -> Option<&Incident> {
        self.rehearsal.incidents().last()
    }

    /// The first remediation of the incident that was opened first.
    pub(crate) fn first_remedy(&self) -> (Incident, Remedy) {
        let played = &self.rehearsal.incidents[&self.rehearsal.order[0].1];
        (played.incident.clone(), played.remedies[0].clone())
    }

    /// The incident of an alert, with the first of its remediations.
    pub(crate) fn story(&self, name: &str) -> (Incident, Remedy) {
        let id = self.rehearsal.records[&Fingerprint::of(name)].incident.as_ref().unwrap();
        let played = &self.rehearsal.incidents[id];
        (played.incident.clone(), played.remedies[0].clone())
    }

    /// What people saw since the last call, one message a line.
    pub(crate) fn told(&mut self) -> String {
        let new = &self.rehearsal.sent()[self.n_told..];
        let lines = new.iter().fold(String::new(), |mut out, sent| {
            let seconds = Span::between(self.start, sent.at).as_seconds();
            let n = self.rehearsal.order.iter().position(|(_, other)| *other == sent.incident).unwrap() + 1;
            let _ = writeln!(out, "{} #{n} {} {}", clock(seconds), sent.kind.word(), address(&sent.address));
            out
        });
        self.n_told = self.rehearsal.sent().len();
        lines
    }

    /// All reasons noted so far, for a search.
    pub(crate) fn reasons(&self) -> String {
        self.notes.iter().fold(String::new(), |mut out, note| {
            let _ = writeln!(out, "{}: {}", note.text, note.because.join("; "));
            out
        })
    }
}

/// A plan to restart a database.
pub(crate) fn reboot() -> Plan {
    let plan = RdsConnectionResetPlan::Reboot { instance: "db-1".to_owned(), force_failover: false, witnesses: None };
    Plan::RdsConnectionReset(plan)
}

fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn address(address: &Address) -> String {
    address.to_string().replace("topic ", "").replace("the failsafe topic", "FAILSAFE")
}
