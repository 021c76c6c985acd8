//! One tick of an incident's clock: whom to tell now, and when to wake again.
//!
//! Reads all that is known, decides with the domain, stores the decision with the
//! messages that it makes, sends them, and records how each went. A tick that is
//! cut off leaves messages pending; the next one takes them up.

mod send;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws::Aws;
use aws::store::{CommitError, Expect, IncidentRows, Row, Store, Stored, Write};
use channels::{Client, Destination};
use domain::arrival::Start;
use domain::control::Control;
use domain::escalation::{TICKS_MAX, Tick, View, is_superseded, keys_to_look_up, looks_at_others, tick};
use domain::id::IncidentId;
use domain::incident::{AlertRecord, Incident, Pointer};
use domain::inhibit::Causes;
use domain::link::LinkKey;
use domain::notice::{Delivery, Notice};
use domain::policy::{Address, Policy};
use domain::remediation::Remedy;
use jiff::Timestamp;
use runtime::orders::Orders;
use runtime::{Event, Failure, conflict_pause, seed_of};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};
use tracing::{info, warn};

/// How often a tick is decided anew because others wrote meanwhile.
const CONFLICTS_MAX: u32 = 8;

/// The escalation with its connections.
pub struct Escalation {
    aws: Aws,
    store: Store,
    orders: Orders,
    http: Client,
    key_secret: String,
    key: OnceCell<LinkKey>,
    /// What secrets held when they were first needed.
    destinations: Mutex<BTreeMap<Address, Destination>>,
}

impl std::fmt::Debug for Escalation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Escalation").field("store", &self.store).finish_non_exhaustive()
    }
}

/// What the state machine asks.
#[derive(Debug, Clone, Deserialize)]
struct Request {
    incident_id: IncidentId,
    seq: i64,
}

/// All that a tick has read.
struct Read {
    policy: Arc<Policy>,
    control: Control,
    rows: IncidentRows,
    members: Vec<AlertRecord>,
    pointer: Option<Stored<Pointer>>,
    causes: Vec<Stored<Causes>>,
    others: Vec<Incident>,
}

impl Escalation {
    /// An escalation on this table, whose links are signed with the key in
    /// `key_secret`.
    pub fn new(aws: Aws, table: impl Into<String>, key_secret: impl Into<String>) -> Escalation {
        Escalation::with_http(aws, table, key_secret, Client::new())
    }

    /// The same with an HTTP client of one's own.
    pub fn with_http(aws: Aws, table: impl Into<String>, key_secret: impl Into<String>, http: Client) -> Escalation {
        let store = Store::new(aws.clone(), table);
        Escalation {
            aws,
            orders: Orders::new(store.clone()),
            store,
            http,
            key_secret: key_secret.into(),
            key: OnceCell::new(),
            destinations: Mutex::default(),
        }
    }

    /// Loads the policy ahead of the first event.
    pub async fn warm(&self) {
        let _ = self.orders.latest().await;
    }

    /// Takes one tick.
    ///
    /// # Errors
    /// [`Failure`] when something could not be read or stored; the state machine
    /// tries again.
    pub async fn handle(&self, event: Event) -> Result<Value, Failure> {
        let request: Request = serde_json::from_str(event.payload.get())
            .map_err(|error| Failure::new("BadRequest", format!("the state machine's input cannot be read: {error}")))?;
        let seed = seed_of(&event.request_id);
        for attempt in 0..CONFLICTS_MAX {
            match self.tick(&event, &request, seed).await {
                Ok(None) => return Ok(json!({"done": true})),
                Ok(Some(wake_at)) => return Ok(json!({"done": false, "wake_at": wake_at})),
                Err(Stopped::Conflict) => tokio::time::sleep(conflict_pause(attempt, seed)).await,
                Err(Stopped::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::new("Later", format!("{}: others kept writing the same rows", request.incident_id)))
    }

    async fn tick(&self, event: &Event, request: &Request, seed: u64) -> Result<Option<Timestamp>, Stopped> {
        let Some(read) = self.read(&request.incident_id).await? else {
            warn!(incident_id = %request.incident_id, "the incident does not exist; its clock ends");
            return Ok(None);
        };
        if is_superseded(&read.rows.incident.value, request.seq) {
            info!(incident_id = %request.incident_id, "a later clock drives this incident; this one ends");
            return Ok(None);
        }
        let tick = read.decide(event.now, request.seq);
        let versions = self.store_tick(&read, &tick).await?;
        for entry in &tick.entries {
            info!(incident_id = %request.incident_id, because = entry.because.join("; "), "{}", entry.text);
        }
        let retry_at = self.send_all(event, &read, &tick, versions, seed).await?;
        let Some(wake_at) = tick.wake_at else { return Ok(None) };
        let wake_at = retry_at.map_or(wake_at, |retry_at| wake_at.min(retry_at));
        if tick.incident.clock.n_ticks >= TICKS_MAX {
            return Ok(self.hand_over(&read, wake_at).await?);
        }
        Ok(Some(wake_at))
    }

    async fn read(&self, id: &IncidentId) -> Result<Option<Read>, Failure> {
        let (rows, members, orders) = tokio::join!(self.store.incident(id), self.store.members(id), self.orders.latest());
        let (Some(rows), members) = (rows?, members?) else { return Ok(None) };
        let known = orders?.file;
        let incident = &rows.incident.value;
        let keys = keys_to_look_up(&known, incident, &members);
        let (mut control, mut pointer, mut causes) = self.store.control_and_causes(&incident.group, &keys).await?;
        let policy = self.orders.in_force(control.as_ref().map(|stored| &stored.value)).await?.file;
        let newer_keys = keys_to_look_up(&policy, incident, &members);
        if newer_keys != keys {
            (control, pointer, causes) = self.store.control_and_causes(&incident.group, &newer_keys).await?;
        }
        let pointer = pointer.filter(|pointer| pointer.value.incident == incident.id);
        let control = control.map(|stored| stored.value).unwrap_or_default();
        let others = if looks_at_others(&policy, &rows.incident.value) { self.store.open_incidents().await? } else { Vec::new() };
        Ok(Some(Read { policy, control, rows, members, pointer, causes, others }))
    }

    /// Stores a decision; gives the version of each message that is to be sent.
    async fn store_tick(&self, read: &Read, tick: &Tick) -> Result<BTreeMap<String, u64>, CommitError> {
        let incident = &tick.incident;
        let mut writes = vec![Write::Put(Row::Incident(Box::new(incident.clone())), Expect::Version(read.rows.incident.version))];
        let mut versions = BTreeMap::new();
        for notice in &tick.notices {
            let known = read.rows.notices.iter().find(|known| known.value.id == notice.id);
            versions.insert(notice.id.clone(), known.map_or(1, |known| known.version + 1));
            writes.push(Write::over(Row::Notice(incident.id.clone(), Box::new(notice.clone())), known));
        }
        writes.extend(read.pointer_write(tick));
        writes.extend(read.cause_writes(tick));
        writes.extend(
            tick.entries.iter().map(|entry| Write::Put(Row::Entry(incident.id.clone(), entry.clone()), Expect::Anything)),
        );
        self.store.commit(writes).await?;
        Ok(versions)
    }

    /// Sends what is to be sent, all at the same time, and records how each went;
    /// gives when the first that could not be sent is tried again.
    async fn send_all(
        &self,
        event: &Event,
        read: &Read,
        tick: &Tick,
        versions: BTreeMap<String, u64>,
        seed: u64,
    ) -> Result<Option<Timestamp>, CommitError> {
        let pending = tick.notices.iter().filter(|notice| matches!(notice.delivery, Delivery::Pending { .. }));
        // Some time is left to record what happened.
        let budget = event.remaining.saturating_sub(Duration::from_secs(3)).min(Duration::from_secs(12));
        let sends = pending.map(|notice| {
            let version = versions.get(&notice.id).copied().unwrap_or(1);
            self.send_one(event.now, read, tick, Stored { value: notice.clone(), version }, budget, seed)
        });
        let mut retry_at = None;
        for outcome in futures_util::future::join_all(sends).await {
            retry_at = [retry_at, outcome?].into_iter().flatten().min();
        }
        Ok(retry_at)
    }

    /// One execution has ticked long enough: another takes over.
    async fn hand_over(&self, read: &Read, wake_at: Timestamp) -> Result<Option<Timestamp>, CommitError> {
        let incident = &read.rows.incident.value;
        let start = Start::at(&incident.id, wake_at, incident.has_remedies);
        self.aws.start_clock(&read.policy.deployment.state_machine, &start).await?;
        info!(incident_id = %incident.id, "the clock has ticked long enough; another execution takes over");
        Ok(None)
    }
}

/// Why a tick did not come to its end.
enum Stopped {
    /// Others wrote the same rows: it begins anew.
    Conflict,
    /// The state machine tries again, and then tells the failsafe.
    Failed(Failure),
}

impl From<CommitError> for Stopped {
    fn from(error: CommitError) -> Stopped {
        match error {
            CommitError::Conflict { .. } => Stopped::Conflict,
            CommitError::Store(error) => Stopped::Failed(error.into()),
        }
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Stopped {
        Stopped::Failed(failure)
    }
}

impl Read {
    fn remedies(&self) -> Vec<Remedy> {
        self.rows.remedies.iter().map(|stored| stored.value.clone()).collect()
    }

    fn decide(&self, now: Timestamp, clock: i64) -> Tick {
        let notices: Vec<Notice> = self.rows.notices.iter().map(|stored| stored.value.clone()).collect();
        let causes: Vec<Causes> = self.causes.iter().map(|stored| stored.value.clone()).collect();
        let others: Vec<&Incident> = self.others.iter().collect();
        let view = View {
            incident: &self.rows.incident.value,
            version: self.rows.incident.version,
            members: &self.members,
            notices: &notices,
            remedies: &self.remedies(),
            control: &self.control,
            causes: &causes,
            others: &others,
        };
        tick(now, &self.policy, view, clock)
    }

    /// The group's pointer, if it must change.
    fn pointer_write(&self, tick: &Tick) -> Option<Write> {
        match (&self.pointer, tick.incident.pointer()) {
            (Some(stored), Some(next)) if stored.value == next => None,
            (Some(stored), Some(next)) => Some(Write::over(Row::Pointer(next), Some(stored))),
            (Some(stored), None) => Some(Write::DeletePointer(stored.value.group.clone(), Expect::Version(stored.version))),
            // Another incident has the group now, or none: it is not ours to write.
            (None, _) => None,
        }
    }

    /// Where the incident is noted as a cause, and is not any more or not yet.
    fn cause_writes(&self, tick: &Tick) -> Vec<Write> {
        let id = &tick.incident.id;
        let mut writes = Vec::new();
        for stored in &self.causes {
            let wanted = tick.incident.causes.iter().find(|(key, _)| *key == stored.value.key).map(|(_, one_sided)| *one_sided);
            let known = stored.value.incidents.get(id).copied();
            if wanted != known {
                let mut causes = stored.value.clone();
                match wanted {
                    Some(one_sided) => causes.incidents.insert(id.clone(), one_sided),
                    None => causes.incidents.remove(id),
                };
                writes.push(Write::over(Row::Causes(causes), Some(stored)));
            }
        }
        for (key, one_sided) in &tick.incident.causes {
            if !self.causes.iter().any(|stored| stored.value.key == *key) {
                let causes = Causes { key: key.clone(), incidents: [(id.clone(), *one_sided)].into() };
                writes.push(Write::Put(Row::Causes(causes), Expect::Absent));
            }
        }
        writes
    }
}
