//! Where does a value stand in the table, and by which indexes is it found?

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::alert::Fingerprint;
use domain::control::Control;
use domain::heartbeat;
use domain::id::IncidentId;
use domain::incident::{AlertRecord, Incident, Pointer};
use domain::inhibit::{Causes, SourceKey};
use domain::notice::Notice;
use domain::probe::watch::{FlowState, RegionState};
use domain::remediation::{Actions, Lease, Remedy, Target};
use domain::retention;
use domain::route::GroupKey;
use domain::timeline::Entry;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{StoreError, Stored};

pub(super) type Item = HashMap<String, AttributeValue>;

/// The value of the index attribute `open` on rows that are not over.
pub(super) const OPEN: &str = "OPEN";

/// A value that the table holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// What operators change.
    Control(Box<Control>),
    /// A policy by its version.
    Policy(String, Value),
    /// A file of probes by its version.
    Probes(String, Value),
    /// An alert.
    Alert(Box<AlertRecord>),
    /// The open incident of a group.
    Pointer(Pointer),
    /// Causes under a key.
    Causes(Causes),
    /// An incident.
    Incident(Box<Incident>),
    /// A message.
    Notice(IncidentId, Box<Notice>),
    /// A remediation.
    Remedy(IncidentId, Box<Remedy>),
    /// A line of the record.
    Entry(IncidentId, Entry),
    /// Who works on a target.
    Lease(Box<Lease>),
    /// Recent actions.
    Actions(Actions),
    /// What was heard of a job, and what people were told of it.
    Heartbeat(Box<heartbeat::State>),
    /// The last runs of a flow in a Region: the flow's id, the Region.
    FlowRegion(String, String, Box<RegionState>),
    /// Whether a flow is down, by its id.
    Flow(String, Box<FlowState>),
}

/// The keys of a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Key {
        Key { pk: pk.into(), sk: sk.into() }
    }

    pub(super) fn control() -> Key {
        Key::new("CONTROL", "STATE")
    }

    pub(super) fn policy(version: &str) -> Key {
        Key::new("POLICY", version)
    }

    pub(super) fn probes(version: &str) -> Key {
        Key::new("PROBES", version)
    }

    pub(super) fn alert(fingerprint: &Fingerprint) -> Key {
        Key::new(format!("ALERT#{fingerprint}"), "STATE")
    }

    pub(super) fn pointer(group: &GroupKey) -> Key {
        Key::new(format!("GROUP#{}", group.as_str()), "OPEN")
    }

    pub(super) fn causes(key: &SourceKey) -> Key {
        Key::new(format!("CAUSE#{}", key.as_str()), "STATE")
    }

    pub(super) fn incident(id: &IncidentId) -> Key {
        Key::new(partition(id), META)
    }

    pub(super) fn remedy(id: &IncidentId, name: &str) -> Key {
        Key::new(partition(id), format!("{REMEDY}{name}"))
    }

    pub(super) fn lease(target: &Target) -> Key {
        Key::new(format!("TARGET#{target}"), "LEASE")
    }

    pub(super) fn actions() -> Key {
        Key::new("ACTIONS", "STATE")
    }

    /// All heartbeats stand in one partition: they are read together every minute.
    pub(super) fn heartbeat(id: &str) -> Key {
        Key::new(HEARTBEAT, id)
    }

    pub(super) fn flow_region(flow: &str, region: &str) -> Key {
        Key::new(format!("FLOW#{flow}"), format!("REGION#{region}"))
    }

    pub(super) fn flow(flow: &str) -> Key {
        Key::new(format!("FLOW#{flow}"), "STATE")
    }

    pub(super) fn attributes(&self) -> Item {
        HashMap::from([("pk".to_owned(), text(&self.pk)), ("sk".to_owned(), text(&self.sk))])
    }
}

/// The partition of an incident.
pub(super) fn partition(id: &IncidentId) -> String {
    format!("INC#{id}")
}

/// The part of an incident's partition that a tick reads sorts before its record.
pub(super) const TIMELINE: &str = "TIMELINE#";

/// The key of an incident itself, in its partition.
pub(super) const META: &str = "META";

/// The partition of the heartbeats.
pub(super) const HEARTBEAT: &str = "HEARTBEAT";

/// How the keys of an incident's remediations begin.
pub(super) const REMEDY: &str = "REMEDY#";

/// Under which service the index of incidents has the rows of a remediation. A service
/// may be called so, too: whoever reads the index goes by the rows' keys.
pub(super) fn remedy_service(name: &str) -> String {
    format!("{REMEDY}{name}")
}

/// A moment as part of a key: text that sorts as time does.
pub(super) fn sortable(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

impl Row {
    pub(super) fn key(&self) -> Key {
        match self {
            Row::Control(_) => Key::control(),
            Row::Policy(version, _) => Key::policy(version),
            Row::Probes(version, _) => Key::probes(version),
            Row::Alert(record) => Key::alert(&record.alert.fingerprint),
            Row::Pointer(pointer) => Key::pointer(&pointer.group),
            Row::Causes(causes) => Key::causes(&causes.key),
            Row::Incident(incident) => Key::incident(&incident.id),
            Row::Notice(id, notice) => Key::new(partition(id), format!("NOTICE#{}", notice.id)),
            Row::Remedy(id, remedy) => Key::remedy(id, &remedy.name),
            Row::Entry(id, entry) => Key::new(partition(id), format!("{TIMELINE}{}#{}", sortable(entry.at), entry.key)),
            Row::Lease(lease) => Key::lease(&lease.target),
            Row::Actions(_) => Key::actions(),
            Row::Heartbeat(state) => Key::heartbeat(&state.id),
            Row::FlowRegion(flow, region, _) => Key::flow_region(flow, region),
            Row::Flow(flow, _) => Key::flow(flow),
        }
    }

    /// The whole row as the table holds it.
    pub(super) fn item(&self, version: u64) -> Result<Item, StoreError> {
        let key = self.key();
        let doc = match self {
            Row::Control(value) => json(value),
            Row::Policy(_, value) | Row::Probes(_, value) => json(value),
            Row::Alert(value) => json(value),
            Row::Pointer(value) => json(value),
            Row::Causes(value) => json(value),
            Row::Incident(value) => json(value),
            Row::Notice(_, value) => json(value),
            Row::Remedy(_, value) => json(value),
            Row::Entry(_, value) => json(value),
            Row::Lease(value) => json(value),
            Row::Actions(value) => json(value),
            Row::Heartbeat(value) => json(value),
            Row::FlowRegion(_, _, value) => json(value),
            Row::Flow(_, value) => json(value),
        }
        .map_err(|problem| StoreError::Unreadable { pk: key.pk.clone(), sk: key.sk.clone(), problem })?;
        let mut item = key.attributes();
        item.insert("v".to_owned(), AttributeValue::N(version.to_string()));
        item.insert("doc".to_owned(), AttributeValue::S(doc));
        if let Some(expires) = self.expires() {
            item.insert("ttl".to_owned(), AttributeValue::N(expires.to_string()));
        }
        for (name, value) in self.index_attributes() {
            item.insert(name.to_owned(), AttributeValue::S(value));
        }
        Ok(item)
    }

    /// The second after which the row may be deleted; none while it is in use.
    fn expires(&self) -> Option<i64> {
        match self {
            Row::Control(_) | Row::Policy(..) | Row::Probes(..) | Row::Pointer(_) | Row::Causes(_) | Row::Flow(..) => None,
            Row::Alert(record) if record.alert.is_watchdog() => {
                let heard = record.history.newest().map(|transition| transition.received_at)?;
                Some(retention::expires(retention::WATCHDOG, heard))
            }
            Row::Alert(record) if record.is_firing() => None,
            Row::Alert(record) => {
                let heard = record.history.newest().map(|transition| transition.received_at)?;
                Some(retention::expires(retention::ALERT, heard))
            }
            Row::Incident(incident) if incident.is_open() => None,
            Row::Incident(incident) if incident.is_watchdog() => {
                Some(retention::expires(retention::WATCHDOG, incident.opened_at))
            }
            Row::Incident(incident) => Some(retention::expires(retention::INCIDENT, incident.wake_at)),
            Row::Notice(_, notice) if notice.is_watchdog() => Some(retention::expires(retention::WATCHDOG, notice.at)),
            Row::Notice(_, notice) => Some(retention::expires(retention::INCIDENT, notice.at)),
            Row::Remedy(_, remedy) => Some(retention::expires(retention::INCIDENT, remedy.wake_at.unwrap_or(remedy.alert_at))),
            Row::Entry(_, entry) => Some(retention::expires(retention::INCIDENT, entry.at)),
            Row::Lease(lease) => {
                let until = lease.cooldown_until.filter(|_| lease.held.is_none() && lease.n_failures == 0)?;
                Some(retention::expires(retention::WORKING, until))
            }
            Row::Actions(actions) => Some(retention::expires(retention::WORKING, *actions.began_at.last()?)),
            Row::Heartbeat(state) if state.watched.is_some() => None,
            Row::Heartbeat(state) => Some(retention::expires(retention::HEARTBEAT, state.heard.last_at().max(state.retired_at)?)),
            Row::FlowRegion(_, _, state) => Some(retention::expires(retention::WORKING, state.last_at()?)),
        }
    }

    fn index_attributes(&self) -> Vec<(&'static str, String)> {
        match self {
            Row::Alert(record) => record.incident.iter().map(|id| ("incident_id", id.to_string())).collect(),
            Row::Incident(incident) => {
                let mut attributes = vec![("opened_at", sortable(incident.opened_at))];
                attributes.extend(incident.service().map(|service| ("service", service.to_owned())));
                if incident.is_open() {
                    attributes.push(("open", OPEN.to_owned()));
                    attributes.push(("wake_at", sortable(incident.wake_at)));
                }
                attributes
            }
            Row::Remedy(_, remedy) => {
                let mut attributes = vec![("service", remedy_service(&remedy.name)), ("opened_at", sortable(remedy.proposed_at))];
                if let Some(wake_at) = remedy.wake_at {
                    attributes.extend([("open", OPEN.to_owned()), ("wake_at", sortable(wake_at))]);
                }
                attributes
            }
            Row::Control(_)
            | Row::Policy(..)
            | Row::Probes(..)
            | Row::Pointer(_)
            | Row::Causes(_)
            | Row::Notice(..)
            | Row::Entry(..)
            | Row::Lease(_)
            | Row::Actions(_)
            | Row::Heartbeat(_)
            | Row::FlowRegion(..)
            | Row::Flow(..) => Vec::new(),
        }
    }
}

fn json(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// The text of an attribute, or nothing.
pub(super) fn text_of<'i>(item: &'i Item, name: &str) -> &'i str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

/// Reads a row's value and version.
pub(super) fn read<T: DeserializeOwned>(item: &Item) -> Result<Stored<T>, StoreError> {
    let unreadable = |problem: String| StoreError::Unreadable {
        pk: text_of(item, "pk").to_owned(),
        sk: text_of(item, "sk").to_owned(),
        problem,
    };
    let version = item
        .get("v")
        .and_then(|value| value.as_n().ok())
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| unreadable("it has no version".to_owned()))?;
    let value = serde_json::from_str(text_of(item, "doc")).map_err(|error| unreadable(error.to_string()))?;
    Ok(Stored { value, version })
}
