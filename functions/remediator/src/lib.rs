//! One tick of an incident's remediations: look, decide, store, act, record.
//!
//! What may be done, when it has helped and when it is put back is decided in the
//! domain; this carries it out. A stage is stored before its act is begun, so a
//! tick that is cut off anywhere is finished by the next.

mod targets;

use aws::Aws;
use aws::store::{CommitError, Expect, IncidentRows, Row, Store, Stored, Write};
use domain::arrival::Start;
use domain::id::IncidentId;
use domain::incident::AlertRecord;
use domain::policy::Policy;
use domain::remediation::facts::Facts;
use domain::remediation::step::{ActResult, Change, Situation, Step, acted, retry_at, step};
use domain::remediation::{Actions, Lease, Remedy, Stage};
use jiff::Timestamp;
use runtime::orders::Orders;
use runtime::{Event, Failure, conflict_pause, seed_of};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::{info, warn};

/// How often one tick starts anew because others wrote meanwhile.
const CONFLICTS_MAX: u32 = 6;
/// How many stages one tick may pass through.
const STAGES_MAX: u32 = 8;

/// The remediator with its connections.
#[derive(Debug)]
pub struct Remediator {
    aws: Aws,
    store: Store,
    orders: Orders,
}

/// What the state machine asks.
#[derive(Debug, Clone, Deserialize)]
pub struct Request {
    incident_id: IncidentId,
    seq: i64,
}

/// All that a tick has read.
struct Read {
    now: Timestamp,
    seq: i64,
    policy: std::sync::Arc<Policy>,
    control: domain::control::Control,
    rows: IncidentRows,
    members: Vec<AlertRecord>,
}

/// A look at a target, with the versions of the rows that go with it.
struct Look {
    facts: Facts,
    lease: Option<Stored<Lease>>,
    actions: Option<Stored<Actions>>,
}

impl Remediator {
    /// A remediator on this table.
    pub fn new(aws: Aws, table: impl Into<String>) -> Remediator {
        let store = Store::new(aws.clone(), table);
        Remediator { aws, orders: Orders::new(store.clone()), store }
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
        let wake_at = self.tick(event.now, &request, seed_of(&event.request_id)).await?;
        Ok(match wake_at {
            Some(wake_at) => json!({"done": false, "wake_at": wake_at}),
            None => json!({"done": true}),
        })
    }

    /// Drives every remediation of the incident as far as it goes now; says when
    /// the next is due.
    async fn tick(&self, now: Timestamp, request: &Request, seed: u64) -> Result<Option<Timestamp>, Failure> {
        let Some(mut read) = self.read(now, request).await? else { return Ok(None) };
        let names: Vec<String> = read.rows.remedies.iter().map(|remedy| remedy.value.name.clone()).collect();
        let mut wake_at: Option<Timestamp> = None;
        for name in names {
            let due = self.drive(&mut read, request, &name, seed).await?;
            wake_at = [wake_at, due].into_iter().flatten().min();
        }
        Ok(wake_at)
    }

    /// Reads everything. A control row that cannot be read is an error, so nothing
    /// acts that the kill switch might stop.
    async fn read(&self, now: Timestamp, request: &Request) -> Result<Option<Read>, Failure> {
        let (rows, members, control) = tokio::join!(
            self.store.incident(&request.incident_id),
            self.store.members(&request.incident_id),
            self.store.control()
        );
        let Some(rows) = rows? else {
            warn!(incident_id = %request.incident_id, "the incident does not exist; its clock ends");
            return Ok(None);
        };
        let control = control?.map(|stored| stored.value).unwrap_or_default();
        let policy = self.orders.in_force(Some(&control)).await?.policy;
        Ok(Some(Read { now, seq: request.seq, policy, control, rows, members: members? }))
    }

    /// Drives one remediation until it waits or is over; reads again what others
    /// have changed meanwhile.
    async fn drive(&self, read: &mut Read, request: &Request, name: &str, seed: u64) -> Result<Option<Timestamp>, Failure> {
        for attempt in 0..CONFLICTS_MAX {
            let Some(mut remedy) = read.rows.remedies.iter().find(|remedy| remedy.value.name == name).cloned() else {
                return Ok(None);
            };
            if request.seq < remedy.value.clock {
                info!(incident_id = %request.incident_id, "a later clock drives this remediation; this one ends");
                return Ok(None);
            }
            match self.stages(read, &mut remedy).await {
                Ok(wake_at) => return Ok(wake_at),
                Err(CommitError::Conflict { .. }) => tokio::time::sleep(conflict_pause(attempt, seed)).await,
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
            match self.read(read.now, request).await? {
                Some(again) => *read = again,
                None => return Ok(None),
            }
        }
        Err(Failure::new("Later", format!("{name}: others kept writing the same rows")))
    }

    /// Passes from stage to stage until there is something to wait for.
    async fn stages(&self, read: &Read, remedy: &mut Stored<Remedy>) -> Result<Option<Timestamp>, CommitError> {
        let mut look: Option<Look> = None;
        for _ in 0..STAGES_MAX {
            let next = step(read.situation(remedy), look.as_ref().map(|look| &look.facts));
            match next {
                Step::Done => return Ok(None),
                Step::Wait(until) => {
                    self.note_wake(read, remedy, until).await?;
                    return Ok(Some(until));
                }
                Step::Look(target) => {
                    let since = match &remedy.value.stage {
                        Stage::Acting { claimed_at, .. } => Some(*claimed_at),
                        _ => None,
                    };
                    look = Some(self.look(target, since).await?);
                }
                Step::Change(change) => {
                    let due = self.change(read, remedy, &mut look, *change).await?;
                    if due.is_some() {
                        return Ok(due);
                    }
                }
            }
        }
        Ok(Some(retry_at(read.situation(remedy))))
    }

    /// Stores a change, and carries out its act; gives a moment if the act has to
    /// wait until then.
    async fn change(
        &self,
        read: &Read,
        remedy: &mut Stored<Remedy>,
        look: &mut Option<Look>,
        change: Change,
    ) -> Result<Option<Timestamp>, CommitError> {
        let (act, nudge) = (change.act.clone(), change.nudge);
        self.store_change(read, remedy, look.as_mut(), change).await?;
        if nudge {
            self.nudge(read).await;
        }
        let Some(act) = act else {
            // A new stage deserves a new look.
            *look = None;
            return Ok(None);
        };
        let result = self.carry_out(&act).await;
        if let ActResult::NotNow(why) = &result {
            warn!(incident_id = %read.rows.incident.value.id, remediation = remedy.value.name, "not done yet: {why}");
        }
        let Some(current) = look.as_ref() else { return Ok(None) };
        let lease = current.lease.as_ref().map_or_else(|| current.facts.lease.clone(), |stored| stored.value.clone());
        match acted(read.situation(remedy), &lease, &result) {
            Some(change) => {
                let nudge = change.nudge;
                self.store_change(read, remedy, look.as_mut(), change).await?;
                if nudge {
                    self.nudge(read).await;
                }
                *look = None;
                Ok(None)
            }
            None => Ok(Some(retry_at(read.situation(remedy)))),
        }
    }

    async fn store_change(
        &self,
        read: &Read,
        remedy: &mut Stored<Remedy>,
        look: Option<&mut Look>,
        change: Change,
    ) -> Result<(), CommitError> {
        let id = &read.rows.incident.value.id;
        let mut writes =
            vec![Write::Put(Row::Remedy(id.clone(), Box::new(change.remedy.clone())), Expect::Version(remedy.version))];
        writes.extend(change.entries.iter().map(|entry| Write::Put(Row::Entry(id.clone(), entry.clone()), Expect::Anything)));
        let (lease, actions) = match &look {
            Some(look) => (look.lease.as_ref(), look.actions.as_ref()),
            None => (None, None),
        };
        writes.extend(change.lease.iter().map(|next| Write::over(Row::Lease(next.clone()), lease)));
        writes.extend(change.actions.iter().map(|next| Write::over(Row::Actions(next.clone()), actions)));
        self.store.commit(writes).await?;
        for entry in &change.entries {
            info!(incident_id = %id, because = entry.because.join("; "), "{}", entry.text);
        }
        *remedy = Stored { value: change.remedy, version: remedy.version + 1 };
        if let Some(look) = look {
            if let Some(next) = change.lease {
                look.lease = Some(Stored { value: next, version: look.lease.as_ref().map_or(1, |stored| stored.version + 1) });
            }
            if let Some(next) = change.actions {
                look.actions =
                    Some(Stored { value: next, version: look.actions.as_ref().map_or(1, |stored| stored.version + 1) });
            }
        }
        Ok(())
    }

    /// Notes when this remediation is due, so that the sweeper sees it overdue.
    async fn note_wake(&self, read: &Read, remedy: &mut Stored<Remedy>, until: Timestamp) -> Result<(), CommitError> {
        if remedy.value.wake_at == Some(until) && remedy.value.clock == read.seq {
            return Ok(());
        }
        let mut next = remedy.value.clone();
        (next.wake_at, next.clock) = (Some(until), read.seq);
        let id = read.rows.incident.value.id.clone();
        self.store.commit(vec![Write::Put(Row::Remedy(id, Box::new(next.clone())), Expect::Version(remedy.version))]).await?;
        *remedy = Stored { value: next, version: remedy.version + 1 };
        Ok(())
    }

    /// Has the escalation look at once. Should that fail, it looks at its next
    /// wake-up.
    async fn nudge(&self, read: &Read) {
        let incident = &read.rows.incident.value;
        let start = Start::at(&incident.id, read.now, true);
        if let Err(error) = self.aws.start_clock(&read.policy.deployment.state_machine, &start).await {
            warn!(incident_id = %incident.id, "the escalation looks only at its next wake-up: {error}");
        }
    }
}

impl Read {
    fn situation<'r>(&'r self, remedy: &'r Stored<Remedy>) -> Situation<'r> {
        Situation {
            now: self.now,
            policy: &self.policy,
            control: &self.control,
            incident: &self.rows.incident.value,
            members: &self.members,
            remedy: &remedy.value,
            version: remedy.version,
            clock: self.seq,
        }
    }
}
