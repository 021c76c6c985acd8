//! What holds an incident back? Causes that fire, and another that speaks for it.

use super::Rehearsal;
use super::clocks::Held;
use crate::escalation;
use crate::id::IncidentId;
use crate::incident::Incident;
use crate::inhibit::{self, Causes};

/// The part of `causes` that can decide anything for `id`: the first other incident,
/// and the first that is one-sided. There may be hundreds.
pub(super) fn deciding(causes: &Causes, id: &IncidentId) -> Causes {
    let others = || causes.incidents.iter().filter(|(other, _)| *other != id);
    let first = others().next();
    let first_one_sided = others().find(|(_, one_sided)| **one_sided);
    let incidents = first.into_iter().chain(first_one_sided).map(|(other, one_sided)| (other.clone(), *one_sided)).collect();
    Causes { key: causes.key.clone(), incidents }
}

impl Rehearsal {
    /// The open incidents that may be part of a storm with this one.
    pub(super) fn others(&self, incident: &Incident) -> Vec<&Incident> {
        let Some(storm) = &self.policy.noise.storm else { return Vec::new() };
        if !escalation::looks_at_others(&self.policy, incident) {
            return Vec::new();
        }
        let (first, last) = (storm.within.before(incident.opened_at), storm.within.after(incident.opened_at));
        let from = self.order.partition_point(|(opened_at, _)| *opened_at < first);
        let near = self.order[from..].iter().take_while(|(opened_at, _)| *opened_at <= last);
        near.filter_map(|(_, id)| self.incidents.get(id)).map(|played| &played.incident).filter(|other| other.is_open()).collect()
    }

    /// What may hold an incident back for a time that nobody knows.
    pub(super) fn held(&self, id: &IncidentId) -> Held {
        let Some(played) = self.incidents.get(id) else { return Held::default() };
        let members = played.members.iter().filter_map(|fingerprint| self.records.get(fingerprint));
        let firing = members.filter(|member| member.is_firing());
        let causes = firing
            .flat_map(|member| inhibit::as_target(&self.policy.inhibit_rules, &member.classification.labels))
            .map(|part| part.key)
            .collect();
        let gale = self.policy.noise.storm.as_ref().and_then(|rules| {
            let others = self.others(&played.incident);
            escalation::storm(rules, &played.incident, &others).map(|gale| gale.leader.id != *id)
        });
        Held { causes, is_led: gale == Some(true) }
    }
}
