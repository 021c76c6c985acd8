//! What would happen? Alerts played through the decisions on a simulated clock.
//!
//! A rehearsal stands for the table, the clockwork and the channels, and leaves out
//! nothing that they guarantee: every message is decided on by the code that decides
//! in earnest, and arrives at once. Nothing is mended in it: a remediation that is
//! called for is waited for as long as it may hold back people, and does not help.

mod clocks;
mod holding;
#[cfg(test)]
mod promises;
mod seen;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use self::clocks::{Clocks, Held};
use self::holding::deciding;
pub use self::seen::{Heard, Note, Sent};
use crate::alert::{Alert, Fingerprint};
use crate::arrival::{self, Known, Start, With};
use crate::control::Control;
use crate::escalation::{self, Tick, View};
use crate::id::IncidentId;
use crate::incident::{self, AlertRecord, Answered, Incident, Pointer, Status};
use crate::inhibit::{self, Causes, SourceKey};
use crate::notice::{Delivery, Notice};
use crate::policy::Policy;
use crate::priority::Priority;
use crate::remediation::Remedy;
use crate::route::GroupKey;
use crate::span::Span;
use crate::suppress::{self, Suppression};
use crate::timeline::Entry;

/// How many names are tried for a new incident.
const NAMES_MAX: u32 = 100;

/// How many incidents are remembered at least before those that are over are taken
/// out of their order.
const ORDER_MIN: usize = 64;

/// Everything between the decisions.
#[derive(Debug)]
pub struct Rehearsal {
    pub(crate) policy: Arc<Policy>,
    pub(crate) control: Control,
    pub(crate) now: Timestamp,
    pub(crate) records: BTreeMap<Fingerprint, AlertRecord>,
    pub(crate) incidents: BTreeMap<IncidentId, Played>,
    /// The incidents in the order of their opening; some may be forgotten.
    pub(crate) order: Vec<(Timestamp, IncidentId)>,
    pointers: HashMap<GroupKey, Pointer>,
    causes: HashMap<SourceKey, Causes>,
    clocks: Clocks,
    sent: Vec<Sent>,
    notes: Vec<Note>,
    forgets: bool,
}

/// An incident with all that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct Played {
    pub(crate) incident: Incident,
    pub(crate) remedies: Vec<Remedy>,
    version: u64,
    /// In the order of their ids.
    notices: Vec<Notice>,
    members: Vec<Fingerprint>,
}

impl Rehearsal {
    /// A rehearsal of `policy` that begins at `start`, with nothing open.
    pub fn new(policy: Arc<Policy>, start: Timestamp) -> Rehearsal {
        Rehearsal {
            policy,
            control: Control::default(),
            now: start,
            records: BTreeMap::new(),
            incidents: BTreeMap::new(),
            order: Vec::new(),
            pointers: HashMap::new(),
            causes: HashMap::new(),
            clocks: Clocks::default(),
            sent: Vec::new(),
            notes: Vec::new(),
            forgets: false,
        }
    }

    /// The same, but what is closed is forgotten: for histories that are long.
    pub fn forgetting(mut self) -> Rehearsal {
        self.forgets = true;
        self
    }

    /// The simulated time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What operators change at run time.
    pub fn control_mut(&mut self) -> &mut Control {
        for (_, id) in &self.order {
            self.clocks.look(id, self.now);
            self.clocks.look_for_release(id, self.now);
        }
        &mut self.control
    }

    /// All messages so far, in order.
    pub fn sent(&self) -> &[Sent] {
        &self.sent
    }

    /// The messages since this was last asked.
    pub fn drain_sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }

    /// The lines of all records since this was last asked.
    pub fn drain_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// The incidents that are not forgotten, in the order of their opening.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.order.iter().filter_map(|(_, id)| self.incidents.get(id)).map(|played| &played.incident)
    }

    /// What is known of an alert.
    pub fn record(&self, fingerprint: &Fingerprint) -> Option<&AlertRecord> {
        self.records.get(fingerprint)
    }

    /// Why people do not hear of an alert now, if they do not.
    pub fn suppression(&self, fingerprint: &Fingerprint) -> Option<Suppression> {
        let record = self.records.get(fingerprint)?;
        let parts = inhibit::as_target(&self.policy.inhibit_rules, &record.classification.labels);
        let causes: Vec<Causes> = parts.iter().filter_map(|part| self.causes.get(&part.key).cloned()).collect();
        suppress::suppression(self.now, &self.policy, &self.control, &causes, record)
    }

    /// An alert comes in now.
    pub fn hear(&mut self, alert: Alert) -> Heard {
        let policy = Arc::clone(&self.policy);
        let verdict = arrival::judge(&policy, &alert);
        let (classification, routed) = (verdict.classification.clone(), verdict.routed.clone());
        let fingerprint = alert.fingerprint.clone();
        let known = Known { record: self.records.get(&fingerprint), pointer: self.pointers.get(&routed.group) };
        // A new incident whose name is taken gets another, as in earnest.
        let is_free =
            |attempt: &u32| !self.incidents.contains_key(&arrival::name(self.now, &routed.group, &fingerprint, *attempt));
        let attempt = if known.pointer.is_some() { 0 } else { (0..NAMES_MAX).find(is_free).unwrap_or(0) };
        let arrival = arrival::arrive(self.now, &policy, known, alert, verdict, attempt);
        let incident = arrival.record.as_ref().and_then(|record| record.incident.clone());
        if let Some(record) = arrival.record {
            self.keep(record);
        }
        match arrival.with {
            With::Nothing | With::SamePointer => {}
            With::Causes(incident, keys) => self.note_causes(&incident, &keys),
            With::Incident(opening) => {
                let incident = opening.incident;
                self.note_causes(&incident.id, &incident.causes);
                self.note(&incident.id, opening.entries);
                self.order.push((incident.opened_at, incident.id.clone()));
                let played = Played {
                    incident: incident.clone(),
                    remedies: opening.remedies,
                    version: 0,
                    notices: Vec::new(),
                    members: vec![fingerprint],
                };
                self.incidents.insert(incident.id.clone(), played);
                self.store(incident);
            }
        }
        if let Some(start) = &arrival.start {
            self.clocks.start(start);
        }
        // Whoever joins waits for the next look for news.
        if let Some(incident) = &incident {
            self.clocks.look(incident, self.now);
            self.clocks.look_for_release(incident, self.now);
        }
        Heard { verb: arrival.verb, incident, classification, routed, because: arrival.because }
    }

    /// Stores an alert's row, as the index of an incident's members has it.
    fn keep(&mut self, record: AlertRecord) {
        let fingerprint = record.alert.fingerprint.clone();
        let before = self.records.get(&fingerprint).and_then(|known| known.incident.clone());
        if before != record.incident {
            if let Some(played) = before.as_ref().and_then(|id| self.incidents.get_mut(id)) {
                played.members.retain(|member| *member != fingerprint);
            }
            if let Some(played) = record.incident.as_ref().and_then(|id| self.incidents.get_mut(id)) {
                played.members.push(fingerprint.clone());
            }
        }
        self.records.insert(fingerprint, record);
    }

    /// Lets time pass until `to`, running every tick that is due.
    pub fn advance(&mut self, to: Timestamp) {
        while let Some((at, incident, seq)) = self.clocks.next(to) {
            self.now = at.max(self.now);
            self.tick(&incident, seq);
        }
        self.now = to.max(self.now);
    }

    fn note_causes(&mut self, incident: &IncidentId, keys: &[(SourceKey, bool)]) {
        for (key, one_sided) in keys {
            let causes =
                self.causes.entry(key.clone()).or_insert_with(|| Causes { key: key.clone(), incidents: BTreeMap::new() });
            causes.incidents.insert(incident.clone(), *one_sided);
        }
    }

    fn forget_causes(&mut self, incident: &IncidentId, keys: &[(SourceKey, bool)]) {
        for (key, _) in keys {
            if let Some(causes) = self.causes.get_mut(key) {
                causes.incidents.remove(incident);
            }
        }
    }

    fn store(&mut self, incident: Incident) {
        match incident.pointer() {
            Some(pointer) => drop(self.pointers.insert(incident.group.clone(), pointer)),
            None => drop(self.pointers.remove(&incident.group)),
        }
        let id = incident.id.clone();
        let is_over = !incident.is_open();
        if let Some(played) = self.incidents.get_mut(&id) {
            played.version += 1;
            played.incident = incident;
        }
        if is_over && self.forgets {
            self.incidents.remove(&id);
            if self.order.len() > 2 * self.incidents.len() + ORDER_MIN {
                let known = &self.incidents;
                self.order.retain(|(_, other)| known.contains_key(other));
            }
        }
    }

    /// What the escalation decides now for an incident.
    pub(crate) fn decision(&self, id: &IncidentId, seq: i64) -> Option<Tick> {
        let played = self.incidents.get(id)?;
        let members: Vec<AlertRecord> =
            played.members.iter().filter_map(|fingerprint| self.records.get(fingerprint)).cloned().collect();
        let causes: Vec<Causes> = escalation::keys_to_look_up(&self.policy, &played.incident, &members)
            .into_iter()
            .filter_map(|key| self.causes.get(&key).map(|causes| deciding(causes, id)))
            .collect();
        let others = self.others(&played.incident);
        let view = View {
            incident: &played.incident,
            version: played.version,
            members: &members,
            notices: &played.notices,
            remedies: &played.remedies,
            control: &self.control,
            causes: &causes,
            others: &others,
        };
        Some(escalation::tick(self.now, &self.policy, view, seq))
    }

    fn tick(&mut self, id: &IncidentId, seq: i64) {
        let Some(before) = self.incidents.get(id).map(|played| &played.incident) else { return };
        if escalation::is_superseded(before, seq) {
            return;
        }
        let causes = before.causes.clone();
        let Some(tick) = self.decision(id, seq) else { return };
        #[cfg(test)]
        self.nobody_hears_of_what_is_suppressed(id, &tick);
        self.note(id, tick.entries);
        for notice in tick.notices {
            self.send(id, tick.incident.priority, notice);
        }
        self.forget_causes(id, &causes);
        self.note_causes(id, &tick.incident.causes);
        let ended: Vec<&SourceKey> =
            causes.iter().filter(|cause| !tick.incident.causes.contains(cause)).map(|(key, _)| key).collect();
        let is_over = !matches!(tick.incident.status, Status::Triggered | Status::Acknowledged { .. });
        if is_over || !ended.is_empty() {
            let now = self.now;
            self.clocks.release(now, |held| (is_over && held.is_led) || ended.iter().any(|key| held.causes.contains(key)));
        }
        let interval = tick.incident.settings.group_interval;
        self.store(tick.incident);
        #[cfg(test)]
        self.same_again(id, seq, &causes, tick.wake_at);
        let held = if tick.wakes.is_some_and(|wakes| wakes.for_release.is_some()) { self.held(id) } else { Held::default() };
        let recheck = escalation::RECHECK.shortened(self.policy.time_scale);
        self.clocks.wait(id, seq, tick.wakes, interval.max(Span::seconds(1)), (recheck, held));
    }

    fn note(&mut self, id: &IncidentId, entries: Vec<Entry>) {
        self.notes.extend(entries.into_iter().map(|entry| Note {
            at: entry.at,
            incident: id.clone(),
            kind: entry.kind,
            text: entry.text,
            because: entry.because,
        }));
    }

    fn send(&mut self, id: &IncidentId, priority: Priority, mut notice: Notice) {
        if matches!(notice.delivery, Delivery::Pending { .. }) {
            self.sent.push(Sent {
                at: self.now,
                incident: id.clone(),
                priority,
                kind: notice.kind.clone(),
                to: notice.to.clone(),
                class: notice.class,
                address: notice.address.clone(),
                round: notice.round,
                because: notice.because.clone(),
            });
            notice.delivery = Delivery::Sent { at: self.now, via: notice.address.clone(), receipt: None };
        }
        if let Some(played) = self.incidents.get_mut(id) {
            match played.notices.binary_search_by(|known| known.id.cmp(&notice.id)) {
                Ok(at) => played.notices[at] = notice,
                Err(at) => played.notices.insert(at, notice),
            }
        }
    }

    /// Somebody acknowledges all open incidents; how many that were.
    pub fn acknowledge(&mut self, by: &str) -> usize {
        self.answer(|now, incident, version, _| incident::acknowledge(now, incident, version, by).ok())
    }

    /// Somebody resolves all open incidents; how many that were.
    pub fn resolve(&mut self, by: &str) -> usize {
        self.answer(|now, incident, version, linger| incident::resolve(now, incident, version, by, linger).ok())
    }

    /// A remediation of an incident comes to a stage, and the clock is nudged.
    #[cfg(test)]
    pub(crate) fn comes_to(&mut self, id: &IncidentId, remedy: Remedy) {
        if let Some(played) = self.incidents.get_mut(id) {
            played.remedies.retain(|known| known.name != remedy.name);
            played.remedies.push(remedy);
        }
        self.clocks.start(&Start::at(id, self.now, false));
        self.advance(self.now);
    }

    /// What was sent of an incident, to say how it went.
    #[cfg(test)]
    pub(crate) fn notices_mut(&mut self, id: &IncidentId) -> impl Iterator<Item = &mut Notice> {
        self.incidents.get_mut(id).into_iter().flat_map(|played| played.notices.iter_mut())
    }

    fn answer(&mut self, say: impl Fn(Timestamp, &Incident, u64, Span) -> Option<Answered>) -> usize {
        let mut n_answered = 0;
        for (_, id) in self.order.clone() {
            let Some(played) = self.incidents.get(&id) else { continue };
            let answered = say(self.now, &played.incident, played.version, self.policy.noise.linger);
            if let Some(Answered::Changed(incident, entries)) = answered {
                self.note(&id, entries);
                self.store(*incident);
                self.clocks.start(&Start::at(&id, self.now, false));
                n_answered += 1;
            }
        }
        // The clock that was started ticks at once.
        self.advance(self.now);
        n_answered
    }
}

#[cfg(test)]
mod tests;
