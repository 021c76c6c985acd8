//! RDS: instances, and what has happened to them and to clusters.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::{State, World};
use crate::wire::{Answer, Call};

/// How far back events are told, where the call does not say.
const TOLD: SignedDuration = SignedDuration::from_mins(60);

/// An RDS instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Whether it has a standby.
    pub is_multi_az: bool,
    /// Its status: `available`, `rebooting`, `modifying` and so on.
    pub status: String,
    /// Changes that wait, by the name of what changes: `DBInstanceClass` and so on.
    pub pending: BTreeMap<String, String>,
    /// When it was restarted on demand.
    pub restarts: Vec<Timestamp>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Default for Instance {
    /// An available instance without a standby.
    fn default() -> Instance {
        Instance {
            is_multi_az: false,
            status: "available".to_owned(),
            pending: BTreeMap::new(),
            restarts: Vec::new(),
            tags: BTreeMap::new(),
        }
    }
}

/// Something that has happened to an instance or a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseEvent {
    /// Its name.
    pub source: String,
    /// `db-instance` or `db-cluster`.
    pub kind: &'static str,
    /// When.
    pub at: Timestamp,
    /// What.
    pub message: String,
}

impl World {
    /// Adds an RDS instance, or changes it.
    pub fn add_instance(&self, name: &str, instance: Instance) {
        self.state().instances.insert(name.to_owned(), instance);
    }

    /// An RDS instance as it is now.
    pub fn instance(&self, name: &str) -> Instance {
        self.state().instances[name].clone()
    }

    /// Everything that has happened to instances and clusters so far, in order.
    pub fn database_events(&self) -> Vec<DatabaseEvent> {
        self.state().database_events.clone()
    }
}

impl State {
    /// Notes that something has happened to an instance or a cluster.
    pub(super) fn tell(&mut self, kind: &'static str, source: &str, message: &str) {
        let event = DatabaseEvent { source: source.to_owned(), kind, at: self.clock(), message: message.to_owned() };
        self.database_events.push(event);
    }
}

/// Tags in XML.
pub(super) fn tag_list(tags: &BTreeMap<String, String>) -> String {
    let tags = tags.iter().fold(String::new(), |mut out, (key, value)| {
        let _ = write!(out, "<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
        out
    });
    format!("<TagList>{tags}</TagList>")
}

fn described(state: &State, name: &str, instance: &Instance) -> String {
    let pending = instance.pending.iter().fold(String::new(), |mut out, (name, value)| {
        let _ = write!(out, "<{name}>{value}</{name}>");
        out
    });
    let cluster = state.clusters.iter().find(|(_, cluster)| cluster.members.iter().any(|member| member == name));
    let cluster = cluster.map(|(id, _)| format!("<DBClusterIdentifier>{id}</DBClusterIdentifier>")).unwrap_or_default();
    format!(
        "<DBInstance><DBInstanceIdentifier>{name}</DBInstanceIdentifier>\
         <DBInstanceStatus>{}</DBInstanceStatus><MultiAZ>{}</MultiAZ>{cluster}\
         <PendingModifiedValues>{pending}</PendingModifiedValues>{}</DBInstance>",
        instance.status,
        instance.is_multi_az,
        tag_list(&instance.tags)
    )
}

fn not_found(name: &str) -> Answer {
    Answer::error(404, "DBInstanceNotFound", &format!("DBInstance {name} not found."))
}

pub(super) fn describe(state: &State, call: &Call) -> Answer {
    let name = call.text("DBInstanceIdentifier");
    match state.instances.get(name) {
        Some(instance) => Answer::xml(&format!("<DBInstances>{}</DBInstances>", described(state, name, instance))),
        None => not_found(name),
    }
}

pub(super) fn describe_events(state: &State, call: &Call) -> Answer {
    let moment = |name: &str| call.text(name).parse::<Timestamp>().ok();
    let minutes = call.text("Duration").parse().map_or(TOLD, SignedDuration::from_mins);
    let (from, until) = (moment("StartTime").or_else(|| state.now.map(|now| now - minutes)), moment("EndTime"));
    let is_asked = |event: &&DatabaseEvent| {
        let is = |name: &str, value: &str| call.text(name).is_empty() || call.text(name) == value;
        is("SourceIdentifier", &event.source)
            && is("SourceType", event.kind)
            && from.is_none_or(|from| event.at >= from)
            && until.is_none_or(|until| event.at <= until)
    };
    let events = state.database_events.iter().filter(is_asked).fold(String::new(), |mut out, event| {
        let _ = write!(
            out,
            "<Event><SourceIdentifier>{}</SourceIdentifier><SourceType>{}</SourceType>\
             <Message>{}</Message><Date>{}</Date></Event>",
            event.source, event.kind, event.message, event.at
        );
        out
    });
    Answer::xml(&format!("<Events>{events}</Events>"))
}

pub(super) fn reboot(state: &mut State, call: &Call) -> Answer {
    let now = state.clock();
    let name = call.text("DBInstanceIdentifier");
    let is_forced = call.text("ForceFailover") == "true";
    let Some(instance) = state.instances.get_mut(name) else { return not_found(name) };
    if instance.status != "available" {
        return Answer::error(400, "InvalidDBInstanceState", &format!("Database instance is not in available state: {name}"));
    }
    if is_forced && !instance.is_multi_az {
        let message = "You can't specify ForceFailover when the instance is not configured for Multi-AZ.";
        return Answer::error(400, "InvalidParameterCombination", message);
    }
    instance.restarts.push(now);
    let rebooting = Instance { status: "rebooting".to_owned(), ..instance.clone() };
    if is_forced {
        state.tell("db-instance", name, "Multi-AZ instance failover completed");
    }
    state.tell("db-instance", name, "DB instance restarted");
    Answer::xml(&described(state, name, &rebooting))
}
