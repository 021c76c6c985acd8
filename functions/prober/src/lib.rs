//! Looks from outside, as users do: runs the flows of the probes file that are due in
//! this Region, counts what came of them, and keeps the last runs.
//!
//! The prober of the home Region also says which flow is down, of all Regions together,
//! and how many Regions are silent. Terraform hands it the probes file, which it checks
//! and puts in force.
//!
//! A round is for a minute, which the schedule names: a second one for the same minute
//! changes nothing.

mod judge;
mod lines;
mod round;
mod secrets;

use std::collections::BTreeMap;

use aws::Aws;
use aws::store::Store;
use domain::probe::{Probes, tell};
use jiff::{SignedDuration, Timestamp};
use probing::{Credentials, Engine, Options};
use runtime::install::Proposal;
use runtime::orders::{Orders, OrdersError};
use runtime::{Event, Failure};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info;

use self::secrets::Secrets;

/// A minute that a schedule names is believed if it is no further from now. It may come
/// late; what is older would be run as if it had been looked at then.
const OLDEST: SignedDuration = SignedDuration::from_mins(3);

/// Where a prober is, and what it is called.
#[derive(Debug, Clone)]
pub struct Place {
    /// The table's name.
    pub table: String,
    /// The Region that it runs in.
    pub region: String,
    /// The Region of the deployment: its table is there, and the secrets.
    pub home: String,
    /// The function's name.
    pub function: String,
}

/// The prober with its connections.
#[derive(Debug)]
pub struct Prober {
    place: Place,
    store: Store,
    orders: Orders<Probes>,
    secrets: Secrets,
    engine: Engine,
    credentials: Option<Credentials>,
}

/// What is asked of the prober.
#[derive(Debug, Default, Deserialize)]
struct Request {
    /// For which minute a round is.
    #[serde(default)]
    scheduled_at: Option<String>,
    #[serde(default)]
    watchkeeper: Option<Asked>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    install_probes: Proposal,
}

impl Prober {
    /// A prober, that runs flows with these options.
    ///
    /// # Errors
    /// A sentence when flows cannot be run with them.
    pub fn new(aws: &Aws, place: Place, options: Options) -> Result<Prober, String> {
        let aws = aws.in_region(&place.home);
        let store = Store::new(aws.clone(), &place.table);
        let engine = Engine::new(options)?;
        Ok(Prober { orders: Orders::new(store.clone()), secrets: Secrets::new(aws), store, engine, place, credentials: None })
    }

    /// The same, which signs what it asks of Amazon Bedrock with these credentials: those
    /// of its own role.
    pub fn signing_with(self, credentials: Option<Credentials>) -> Prober {
        Prober { credentials, ..self }
    }

    /// Whether it says, for all Regions, which flow is down.
    fn is_home(&self) -> bool {
        self.place.region == self.place.home
    }

    /// Takes one event: a round, or a probes file to put in force.
    ///
    /// # Errors
    /// [`Failure`] when a file is refused, and when the table cannot be read or written.
    /// What is down is a result.
    pub async fn handle(&self, event: Event) -> Result<Value, Failure> {
        let request: Request = serde_json::from_str(event.payload.get())
            .map_err(|error| Failure::new("BadRequest", format!("the event is none of the prober's: {error}")))?;
        if let Some(asked) = request.watchkeeper {
            return self.install(event.now, &asked.install_probes).await;
        }
        let control = self.store.control().await?;
        let probes = match self.orders.in_force(control.as_ref().map(|stored| &stored.value)).await {
            Ok(in_force) => in_force.file,
            Err(OrdersError::None { .. }) => {
                info!("there is nothing to run: no probes file was ever installed");
                return Ok(json!({"runs": 0}));
            }
            Err(error @ (OrdersError::Unusable { .. } | OrdersError::Store(_))) => return Err(error.into()),
        };
        let round = self.round(&event, minute(&request, event.now), &probes).await;
        // Also when a run could not be kept: the others' were.
        let judged = if self.is_home() { Some(self.judge(event.now, &probes).await?) } else { None };
        let round = round?;
        info!(n_runs = round.runs, n_down = round.down, n_unknown = round.unknown, "the round is complete");
        let mut answer = json!({"runs": round.runs, "down": round.down, "unknown": round.unknown});
        if let Some(judged) = judged {
            answer["flows_down"] = json!(judged.down);
            answer["silent"] = json!(judged.silent);
        }
        Ok(answer)
    }

    /// Checks a file and puts it in force. The answer has by what each flow is counted,
    /// so that no alarm is made on what is not.
    async fn install(&self, now: Timestamp, proposal: &Proposal) -> Result<Value, Failure> {
        if !self.is_home() {
            let message = format!("this prober belongs to the deployment in {}; hand the file to the one there", self.place.home);
            return Err(Failure::new("BadRequest", message));
        }
        let probes = proposal.checked::<Probes>()?;
        let mut answer = proposal.install(&self.store, now, &probes).await?;
        let dimensions: BTreeMap<&str, _> =
            probes.flows.iter().map(|flow| (flow.id.as_str(), json!(tell::dimensions(flow)))).collect();
        answer["dimensions"] = json!(dimensions);
        Ok(answer)
    }
}

/// For which minute a round is: the one that the schedule names, else the one that it is.
fn minute(request: &Request, now: Timestamp) -> Timestamp {
    let named = request.scheduled_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    named.filter(|at| now.duration_since(*at).abs() <= OLDEST).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_for_the_minute_that_the_schedule_names_unless_that_is_long_ago() {
        let now: Timestamp = "2026-06-01T00:01:02Z".parse().unwrap();
        for (named, wanted) in [
            (Some("2026-06-01T00:00:59Z"), "2026-06-01T00:00:59Z"),
            (Some("2026-05-31T23:58:02Z"), "2026-05-31T23:58:02Z"),
            (Some("2026-05-31T23:58:01Z"), "2026-06-01T00:01:02Z"),
            (Some("2026-06-02T00:00:00Z"), "2026-06-01T00:01:02Z"),
            (Some("<aws.scheduler.scheduled-time>"), "2026-06-01T00:01:02Z"),
            (None, "2026-06-01T00:01:02Z"),
        ] {
            let request = Request { scheduled_at: named.map(str::to_owned), watchkeeper: None };
            assert_eq!(minute(&request, now).to_string(), wanted, "{named:?}");
        }
    }
}
