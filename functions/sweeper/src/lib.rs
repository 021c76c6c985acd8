//! Every minute: what was left undone?
//!
//! Clocks that are overdue are started again; events that could not be processed
//! are brought in again; what is on record is compared with what CloudWatch says;
//! jobs that should have been heard of are brought in as alerts; what operators set for a
//! time and has ended is cleared away. That the sweeper
//! itself ran to its end is a metric whose absence raises an alarm that does not
//! pass through Watchkeeper.

mod beats;
mod clocks;
mod letters;
mod reconcile;

use aws::Aws;
use aws::store::{CommitError, Store, Write};
use domain::control::Control;
use domain::policy::Policy;
use jiff::Timestamp;
use runtime::metrics::{emit, line};
use runtime::orders::Orders;
use runtime::{Event, Failure};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tracing::warn;

use crate::beats::Known;

/// The sweeper with its connections.
#[derive(Debug)]
pub struct Sweeper {
    aws: Aws,
    store: Store,
    orders: Orders,
    name: String,
    known: Mutex<Known>,
}

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Clocks that were started again.
    pub n_restarted: usize,
    /// Undeliverable events that were brought in again.
    pub n_redriven: usize,
    /// Alarms whose state had been missed.
    pub n_reconciled: usize,
    /// Changes of users' jobs that the classifier was told of.
    pub n_heartbeats: usize,
}

impl Sweeper {
    /// A sweeper on this table; `name` is the function's, for its metric.
    pub fn new(aws: Aws, table: impl Into<String>, name: impl Into<String>) -> Sweeper {
        let store = Store::new(aws.clone(), table);
        Sweeper { aws, orders: Orders::new(store.clone()), store, name: name.into(), known: Mutex::default() }
    }

    /// Takes one run.
    ///
    /// # Errors
    /// [`Failure`] when a part could not be done; the others were done all the
    /// same.
    pub async fn handle(&self, event: Event) -> Result<Value, Failure> {
        let control = self.store.control().await?;
        let policy = self.orders.in_force(control.as_ref().map(|stored| &stored.value)).await?.file;
        let control = control.map(|stored| stored.value).unwrap_or_default();
        let swept = self.sweep(event.now, &policy, &control).await?;
        self.prune(event.now).await;
        emit(&line(
            event.now,
            // By the function's full name: another deployment in the same account must
            // not speak for this one.
            &[("Function", &self.name)],
            &[("CompletedRuns", "Count", 1.0)],
            &[
                ("n_restarted", json!(swept.n_restarted)),
                ("n_redriven", json!(swept.n_redriven)),
                ("n_reconciled", json!(swept.n_reconciled)),
                ("n_heartbeats", json!(swept.n_heartbeats)),
            ],
        ));
        Ok(json!({
            "restarted": swept.n_restarted,
            "redriven": swept.n_redriven,
            "reconciled": swept.n_reconciled,
            "heartbeats": swept.n_heartbeats,
        }))
    }

    async fn sweep(&self, now: Timestamp, policy: &Policy, control: &Control) -> Result<Swept, Failure> {
        // Events first: what they open needs a clock.
        let redriven = self.redrive(policy).await;
        let restarted = self.restart_overdue(now, policy).await;
        let reconciled = self.reconcile(now, policy).await;
        let heartbeats = self.look_at_heartbeats(now, policy, control).await;
        Ok(Swept { n_redriven: redriven?, n_restarted: restarted?, n_reconciled: reconciled?, n_heartbeats: heartbeats? })
    }

    /// Clears away silences, windows and overrides that have ended. It can wait
    /// for the next run.
    async fn prune(&self, now: Timestamp) {
        let Ok(Some(stored)) = self.store.control().await else { return };
        let mut control = stored.value.clone();
        if !control.prune(now) {
            return;
        }
        let write = Write::over(aws::store::Row::Control(Box::new(control)), Some(&stored));
        match self.store.commit(vec![write]).await {
            Ok(()) | Err(CommitError::Conflict { .. }) => {}
            Err(CommitError::Store(error)) => warn!("what has ended was not cleared away: {error}"),
        }
    }
}
