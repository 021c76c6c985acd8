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
use crate::fault::{self, Fault, Place};
use crate::read::Name;
use crate::show;

/// How often a change is tried while others write.
pub(crate) const ATTEMPTS_MAX: u32 = 8;
/// The table's name if nobody says another, which is Terraform's default as well.
const TABLE: &str = "watchkeeper";

/// A deployment, and how to answer.
pub(crate) struct Context {
    pub(crate) aws: Aws,
    pub(crate) store: Store,
    pub(crate) now: Timestamp,
    pub(crate) json: bool,
    place: Place,
    orders: Orders,
}

impl Context {
    /// Connects to the deployment that the arguments name. Nothing is asked yet.
    pub(crate) async fn open(global: Global) -> Result<Context, Fault> {
        let aws = Aws::for_operator(global.profile.as_deref(), global.region.as_deref(), config::variable).await;
        // The SDKs find out only after some calls, and say it in their own words.
        let region = aws.region().ok_or_else(Fault::no_region)?.to_owned();
        let table = global.table.or_else(|| config::variable("WATCHKEEPER_TABLE")).unwrap_or_else(|| TABLE.to_owned());
        let store = Store::new(aws.clone(), table.clone());
        let place = Place { table, region, profile: global.profile.or_else(|| config::variable("AWS_PROFILE")) };
        Ok(Context { aws, orders: Orders::new(store.clone()), store, now: now(), json: global.json, place })
    }

    /// Which deployment it is, for messages.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Who is at the terminal.
    pub(crate) fn who(by: Option<Name>) -> String {
        by.or_else(|| config::variable("USER")?.parse().ok())
            .or_else(|| config::variable("USERNAME")?.parse().ok())
            .map_or_else(|| "somebody".to_owned(), |Name(name)| name)
    }

    pub(crate) async fn policy(&self) -> Result<Arc<Policy>, Fault> {
        Ok(self.orders.latest().await.map_err(|error| fault::orders(error, self.place()))?.file)
    }

    /// What operators have changed.
    pub(crate) async fn control(&self) -> Result<Stored<Control>, Fault> {
        let stored = self.store.control().await.map_err(|error| fault::store(error, self.place()))?;
        stored.ok_or_else(|| Fault::No("no policy is installed; run `terraform apply` in infra/ first".to_owned()))
    }

    /// Changes what operators change; `change` is asked again if others write.
    pub(crate) async fn change_control<T>(&self, change: impl Fn(&mut Control) -> Result<T, Fault>) -> Result<T, Fault> {
        for attempt in 0..ATTEMPTS_MAX {
            let stored = self.control().await?;
            let mut control = stored.value.clone();
            let result = change(&mut control)?;
            match self.store.commit(vec![Write::over(aws::store::Row::Control(Box::new(control)), Some(&stored))]).await {
                Ok(()) => return Ok(result),
                Err(CommitError::Conflict { .. }) => {
                    tokio::time::sleep(conflict_pause(attempt, u64::from(std::process::id()))).await;
                }
                Err(error) => return Err(fault::commit(error, self.place())),
            }
        }
        Err(fault::commit(CommitError::Conflict { pointer: None }, self.place()))
    }

    /// Has an incident's clock look at once; says so when it cannot. The answer is
    /// stored already, so that it is no fault.
    pub(crate) async fn nudge(&self, incident: &Incident) {
        let trouble = match self.policy().await {
            Ok(policy) => {
                let start = Start::at(&incident.id, self.now, incident.has_remedies);
                let started = self.aws.start_clock(&policy.deployment.state_machine, &start).await;
                started.err().map(|error| error.to_string())
            }
            Err(fault) => Some(fault.one_line()),
        };
        if let Some(trouble) = trouble {
            let sentence =
                format!("it is stored, but the incident's clock could not be woken and acts only when it is due: {trouble}");
            show::note(&sentence, self.json);
        }
    }
}
