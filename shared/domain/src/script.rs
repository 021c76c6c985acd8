//! Plays a script of events on a scripted clock through the decisions, and tells
//! what people saw. It stands for the table, the clockwork and the channels, and
//! leaves out nothing that they guarantee.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::alert::{Alert, AlertState, Fingerprint, Source};
use crate::arrival::{self, Known, Start, With};
use crate::control::Control;
use crate::escalation::{self, Tick, View};
use crate::id::IncidentId;
use crate::incident::{self, AlertRecord, Answered, Incident, Pointer};
use crate::inhibit::{Causes, SourceKey};
use crate::labels::Labels;
use crate::notice::{Delivery, Notice};
use crate::policy::Policy;
use crate::remediation::Remedy;
use crate::route::GroupKey;
use crate::span::Span;
use crate::timeline::Entry;

/// Everything between the decisions.
pub(crate) struct Script {
    pub(crate) policy: Policy,
    pub(crate) control: Control,
    pub(crate) now: Timestamp,
    start: Timestamp,
    records: BTreeMap<Fingerprint, AlertRecord>,
    pointers: BTreeMap<GroupKey, Pointer>,
    pub(crate) incidents: BTreeMap<IncidentId, Incident>,
    versions: BTreeMap<IncidentId, u64>,
    notices: BTreeMap<IncidentId, BTreeMap<String, Notice>>,
    pub(crate) remedies: BTreeMap<IncidentId, Vec<Remedy>>,
    causes: BTreeMap<SourceKey, Causes>,
    clocks: Vec<(IncidentId, i64, Timestamp)>,
    pub(crate) entries: Vec<(IncidentId, Entry)>,
    told: Vec<String>,
    order: Vec<IncidentId>,
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
        Script {
            policy,
            control: Control::default(),
            now: start,
            start,
            records: BTreeMap::new(),
            pointers: BTreeMap::new(),
            incidents: BTreeMap::new(),
            versions: BTreeMap::new(),
            notices: BTreeMap::new(),
            remedies: BTreeMap::new(),
            causes: BTreeMap::new(),
            clocks: Vec::new(),
            entries: Vec::new(),
            told: Vec::new(),
            order: Vec::new(),
        }
    }

    /// An alert with labels `group=…` and more.
    pub(crate) fn alert(&self, name: &str, state: AlertState, labels: &[(&str, &str)]) -> Alert {
        let mut all: Labels = labels.iter().copied().collect();
        all.set("alertname", name);
        Alert {
            fingerprint: Fingerprint::of(name),
            source: Source::Cloudwatch,
            name: name.to_owned(),
            arn: None,
            labels: all,
            summary: String::new(),
            reason: String::new(),
            state,
            claimed_at: self.now,
            muted_by: None,
        }
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
        let verdict = arrival::judge(&self.policy, &alert);
        let known = Known { record: self.records.get(&alert.fingerprint), pointer: self.pointers.get(&verdict.routed.group) };
        let arrival = arrival::arrive(self.now, &self.policy, known, alert, verdict, 0);
        if let Some(record) = arrival.record {
            self.records.insert(record.alert.fingerprint.clone(), record);
        }
        match arrival.with {
            With::Nothing | With::SamePointer => {}
            With::Causes(incident, keys) => self.note_causes(&incident, &keys),
            With::Incident(opening) => {
                let incident = opening.incident;
                self.note_causes(&incident.id, &incident.causes);
                self.remedies.insert(incident.id.clone(), opening.remedies);
                self.entries.extend(opening.entries.into_iter().map(|entry| (incident.id.clone(), entry)));
                self.store(incident);
            }
        }
        if let Some(start) = arrival.start {
            self.start(&start);
        }
        arrival.verb
    }

    fn start(&mut self, start: &Start) {
        if !self.clocks.iter().any(|(incident, seq, _)| *incident == start.incident && *seq == start.seq) {
            self.clocks.push((start.incident.clone(), start.seq, start.not_before));
        }
    }

    fn note_causes(&mut self, incident: &IncidentId, keys: &[(SourceKey, bool)]) {
        for causes in self.causes.values_mut() {
            causes.incidents.remove(incident);
        }
        for (key, one_sided) in keys {
            let causes =
                self.causes.entry(key.clone()).or_insert_with(|| Causes { key: key.clone(), incidents: BTreeMap::new() });
            causes.incidents.insert(incident.clone(), *one_sided);
        }
    }

    fn store(&mut self, incident: Incident) {
        *self.versions.entry(incident.id.clone()).or_default() += 1;
        match incident.pointer() {
            Some(pointer) => self.pointers.insert(incident.group.clone(), pointer),
            None => self.pointers.remove(&incident.group),
        };
        if !self.order.contains(&incident.id) {
            self.order.push(incident.id.clone());
        }
        self.incidents.insert(incident.id.clone(), incident);
    }

    /// Lets time pass, running every tick that is due.
    pub(crate) fn wait(&mut self, span: Span) {
        let until = span.after(self.now);
        let mut n_ticks = 0;
        while let Some(at) = self.clocks.iter().map(|(_, _, at)| *at).min().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            let n = self.clocks.iter().position(|(_, _, due)| *due == at).unwrap();
            let (incident, seq, _) = self.clocks.remove(n);
            self.tick(&incident, seq);
            n_ticks += 1;
            assert!(n_ticks < 10_000, "the clock races at {}", self.now);
        }
        self.now = until;
    }

    /// What the escalation decides now for an incident.
    fn decision(&self, id: &IncidentId, seq: i64) -> Tick {
        let incident = &self.incidents[id];
        let members: Vec<AlertRecord> =
            self.records.values().filter(|record| record.incident.as_ref() == Some(id)).cloned().collect();
        let notices: Vec<Notice> = self.notices.get(id).into_iter().flat_map(BTreeMap::values).cloned().collect();
        let causes: Vec<Causes> = escalation::keys_to_look_up(&self.policy, incident, &members)
            .into_iter()
            .filter_map(|key| self.causes.get(&key).cloned())
            .collect();
        let view = View {
            incident,
            version: self.versions[id],
            members: &members,
            notices: &notices,
            remedies: &self.remedies[id],
            control: &self.control,
            causes: &causes,
        };
        escalation::tick(self.now, &self.policy, view, seq)
    }

    fn tick(&mut self, id: &IncidentId, seq: i64) {
        if escalation::is_superseded(&self.incidents[id], seq) {
            return;
        }
        let tick = self.decision(id, seq);
        self.entries.extend(tick.entries.into_iter().map(|entry| (id.clone(), entry)));
        for notice in tick.notices {
            self.send(id, notice);
        }
        self.note_causes(id, &tick.incident.causes.clone());
        self.store(tick.incident);
        let again = self.decision(id, seq);
        assert!(again.notices.is_empty(), "the same tick again sends: {:?}", again.notices);
        assert!(again.entries.is_empty(), "the same tick again notes: {:?}", again.entries);
        assert_eq!(again.wake_at, tick.wake_at, "the same tick again waits for something else");
        if let Some(wake_at) = tick.wake_at {
            assert!(wake_at > self.now, "a tick wakes later");
            self.clocks.push((id.clone(), seq, wake_at));
        }
    }

    fn send(&mut self, id: &IncidentId, mut notice: Notice) {
        if matches!(notice.delivery, Delivery::Pending { .. }) {
            let minutes = Span::between(self.start, self.now).as_seconds();
            let n = self.order.iter().position(|other| other == id).unwrap() + 1;
            self.told.push(format!("{} #{n} {} {}", clock(minutes), notice.kind.word(), address(&notice)));
            notice.delivery = Delivery::Sent { at: self.now, via: notice.address.clone(), receipt: None };
        }
        self.notices.entry(id.clone()).or_default().insert(notice.id.clone(), notice);
    }

    /// Somebody answers; the only incident if there is one.
    pub(crate) fn acknowledges(&mut self, by: &str) {
        let id = self.order.last().unwrap().clone();
        let answered = incident::acknowledge(self.now, &self.incidents[&id], self.versions[&id], by).unwrap();
        self.take(&id, answered);
    }

    pub(crate) fn resolves(&mut self, by: &str) {
        let id = self.order.last().unwrap().clone();
        let linger = self.policy.noise.linger;
        let answered = incident::resolve(self.now, &self.incidents[&id], self.versions[&id], by, linger).unwrap();
        self.take(&id, answered);
    }

    fn take(&mut self, id: &IncidentId, answered: Answered) {
        if let Answered::Changed(incident, entries) = answered {
            self.entries.extend(entries.into_iter().map(|entry| (id.clone(), entry)));
            self.store(*incident);
            let start = Start::at(id, self.now, false);
            self.start(&start);
        }
    }

    /// All alerts.
    pub(crate) fn members(&self) -> Vec<AlertRecord> {
        self.records.values().cloned().collect()
    }

    /// The incident that was opened last.
    pub(crate) fn newest(&self) -> Option<&Incident> {
        self.order.last().map(|id| &self.incidents[id])
    }

    /// What people saw since the last call, one message a line.
    pub(crate) fn told(&mut self) -> String {
        self.told.drain(..).fold(String::new(), |mut out, line| {
            let _ = writeln!(out, "{line}");
            out
        })
    }

    /// All reasons noted so far, for a search.
    pub(crate) fn reasons(&self) -> String {
        self.entries.iter().fold(String::new(), |mut out, (_, entry)| {
            let _ = writeln!(out, "{}: {}", entry.text, entry.because.join("; "));
            out
        })
    }
}

fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn address(notice: &Notice) -> String {
    notice.address.to_string().replace("topic ", "").replace("the failsafe topic", "FAILSAFE")
}
