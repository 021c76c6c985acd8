//! One tick of an incident's remediations: look, decide, store, act, record.
//!
//! What may be done, when it has helped and when it is put back is decided in the
//! domain; this carries it out. A stage is stored before its act is begun, so a
//! tick that is cut off anywhere is finished by the next.

mod actions;
mod drive;

use aws::Aws;
use aws::store::{IncidentRows, Store, Stored};
use domain::arrival::Start;
use domain::control::Control;
use domain::id::IncidentId;
use domain::incident::AlertRecord;
use domain::policy::Policy;
use domain::remediation::Remedy;
use domain::remediation::step::Situation;
use jiff::Timestamp;
use runtime::orders::Orders;
use runtime::{Event, Failure, seed_of};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::warn;

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
    /// What operators have changed, with the version of its row; none if no policy
    /// was ever installed.
    control: Option<Stored<Control>>,
    no_control: Control,
    rows: IncidentRows,
    members: Vec<AlertRecord>,
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
        let control = control?;
        let no_control = Control::default();
        let in_force = self.orders.in_force(Some(control.as_ref().map_or(&no_control, |stored| &stored.value))).await?;
        Ok(Some(Read { now, seq: request.seq, policy: in_force.file, control, no_control, rows, members: members? }))
    }

    /// Has the escalation look at once; whether that worked. The clock that is started
    /// is a later one than this, or it would be taken for this.
    async fn nudge(&self, read: &Read) -> bool {
        let incident = &read.rows.incident.value;
        let later = Timestamp::from_millisecond(read.seq.saturating_add(1)).unwrap_or(read.now);
        let start = Start::at(&incident.id, read.now.max(later), true);
        match self.aws.start_clock(&read.policy.deployment.state_machine, &start).await {
            Ok(_) => true,
            Err(error) => {
                warn!(incident_id = %incident.id, "the escalation does not look yet: {error}");
                false
            }
        }
    }
}

impl Read {
    fn situation<'r>(&'r self, remedy: &'r Stored<Remedy>) -> Situation<'r> {
        Situation {
            now: self.now,
            policy: &self.policy,
            control: self.control.as_ref().map_or(&self.no_control, |stored| &stored.value),
            incident: &self.rows.incident.value,
            members: &self.members,
            remedy: &remedy.value,
            version: remedy.version,
            clock: self.seq,
        }
    }
}
