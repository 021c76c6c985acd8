//! The connection to a deployment.

use aws::Aws;
use aws::store::{CommitError, Store, Stored, Write};
use domain::arrival::Start;
use domain::control::Control;
use domain::incident::Incident;
use domain::policy::Policy;
use jiff::Timestamp;
use runtime::orders::Orders;
use runtime::{config, conflict_pause, now};
use std::sync::Arc;

use crate::args::Global;
use crate::fault::{self, Fault};

/// How often a change is tried while others write.
pub(crate) const ATTEMPTS_MAX: u32 = 8;

/// A deployment, and how to answer.
pub(crate) struct Context {
    pub(crate) aws: Aws,
    pub(crate) store: Store,
    pub(crate) now: Timestamp,
    pub(crate) json: bool,
    orders: Orders,
}

impl Context {
    /// Connects to the deployment that the arguments name. Nothing is asked yet.
    pub(crate) async fn open(global: Global) -> Context {
        let aws = Aws::for_operator(global.profile.as_deref(), global.region.as_deref(), config::variable).await;
        let store = Store::new(aws.clone(), global.table);
        Context { aws, orders: Orders::new(store.clone()), store, now: now(), json: global.json }
    }

    /// The table's name, for messages.
    pub(crate) fn table(&self) -> &str {
        self.store.table()
    }

    /// Who is at the terminal.
    pub(crate) fn who(by: Option<String>) -> String {
        let name =
            by.or_else(|| config::variable("USER")).or_else(|| config::variable("USERNAME")).unwrap_or_else(|| "somebody".into());
        domain::text::clean(&name, 60)
    }

    pub(crate) async fn policy(&self) -> Result<Arc<Policy>, Fault> {
        Ok(self.orders.latest().await.map_err(|error| fault::orders(error, self.table()))?.policy)
    }

    /// What operators have changed.
    pub(crate) async fn control(&self) -> Result<Stored<Control>, Fault> {
        let stored = self.store.control().await.map_err(|error| fault::store(error, self.table()))?;
        stored.ok_or_else(|| Fault::No("no policy is installed; run `terraform apply` in infra/ first".to_owned()))
    }

    /// Changes what operators change; `change` is asked again if others write.
    pub(crate) async fn change_control<T>(&self, change: impl Fn(&mut Control) -> Result<T, Fault>) -> Result<T, Fault> {
        for attempt in 0..ATTEMPTS_MAX {
            let stored = self.control().await?;
            let mut control = stored.value.clone();
            let result = change(&mut control)?;
            match self.store.commit(vec![Write::over(aws::store::Row::Control(control), Some(&stored))]).await {
                Ok(()) => return Ok(result),
                Err(CommitError::Conflict { .. }) => {
                    tokio::time::sleep(conflict_pause(attempt, u64::from(std::process::id()))).await;
                }
                Err(error) => return Err(fault::commit(error, self.table())),
            }
        }
        Err(fault::commit(CommitError::Conflict { pointer: None }, self.table()))
    }

    /// Has an incident's clock look at once; says so when it cannot.
    pub(crate) async fn nudge(&self, incident: &Incident) -> Result<(), Fault> {
        let policy = self.policy().await?;
        let start = Start::at(&incident.id, self.now, incident.has_remedies);
        if let Err(error) = self.aws.start_clock(&policy.deployment.state_machine, &start).await {
            crate::show::note(&format!("stored; but the clock looks only at its next wake-up: {error}"));
        }
        Ok(())
    }
}
