//! An alarm came in: what is it, whose is it, what does it change?
//!
//! Reads whatever envelope carries alarms, decides with the domain, stores, and
//! starts the incident's clock. For a new alert that is three calls: one read, one
//! transaction, one start.
//!
//! Terraform calls the same function to check and install a policy, so that what
//! will use it has checked it.

mod alerts;
mod install;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws::Aws;
use aws::store::Store;
use domain::intake;
use futures_util::StreamExt as _;
use futures_util::stream;
use runtime::install::Proposal;
use runtime::orders::Orders;
use runtime::{Event, Failure};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tracing::error;

/// Alerts of one delivery that are worked on at the same time.
const CONCURRENT: usize = 8;

/// The classifier with its connections.
#[derive(Debug)]
pub struct Classifier {
    aws: Aws,
    store: Store,
    orders: Orders,
    /// The trouble with the newest policy that the failsafe was told of last.
    told: Mutex<String>,
}

/// What is asked of the classifier itself, beside alarms.
#[derive(Debug, Deserialize)]
struct Request<'e> {
    #[serde(borrow)]
    watchkeeper: BTreeMap<Cow<'e, str>, &'e RawValue>,
}

impl Classifier {
    /// A classifier on this table.
    pub fn new(aws: Aws, table: impl Into<String>) -> Classifier {
        let store = Store::new(aws.clone(), table);
        Classifier { aws, orders: Orders::new(store.clone()), store, told: Mutex::default() }
    }

    /// Loads the policy ahead of the first event, which also opens the connection
    /// to the table. That there is none yet is no error here; that the newest
    /// cannot be used is said at once, since no event will find it out again.
    pub async fn warm(&self) {
        if let Ok(in_force) = self.orders.latest().await
            && let Some(trouble) = in_force.trouble
        {
            self.tell_trouble(&in_force.file, &trouble).await;
        }
    }

    /// Whether nobody was told of this trouble yet: alerts that are judged at the
    /// same time all find it.
    fn is_news(&self, trouble: &str) -> bool {
        // Nothing panics while it is held.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *told != trouble;
        trouble.clone_into(&mut told);
        is_news
    }

    /// Takes one event.
    ///
    /// # Errors
    /// [`Failure`] when an alert could not be stored: Lambda delivers the event
    /// again, and what was stored already is a duplicate then.
    pub async fn handle(&self, event: Event) -> Result<Value, Failure> {
        let raw = event.payload.get();
        if let Some(proposal) = proposal(raw)? {
            return install::install(&self.store, event.now, &proposal).await;
        }
        let delivery = intake::read(raw.as_bytes(), event.now);
        let work: Vec<_> = delivery
            .items
            .iter()
            .enumerate()
            .flat_map(|(n, item)| item.alerts.iter().map(move |alert| (n, alert.clone())))
            .collect();
        let n_alerts = work.len();
        let failures: Vec<(usize, Failure)> = stream::iter(work)
            .map(|(n, alert)| {
                let event = &event;
                async move { self.take(event, alert).await.err().map(|failure| (n, failure)) }
            })
            .buffer_unordered(CONCURRENT)
            .filter_map(std::future::ready)
            .collect()
            .await;
        if delivery.is_queue_batch {
            return Ok(partial(&delivery.items, &failures));
        }
        match failures.into_iter().next() {
            None => Ok(json!({"alerts": n_alerts})),
            Some((_, failure)) => Err(failure),
        }
    }
}

/// The policy that somebody wants in force, if the event is no alarm.
fn proposal(raw: &str) -> Result<Option<Proposal>, Failure> {
    if !raw.contains("\"watchkeeper\"") {
        return Ok(None);
    }
    let Ok(Request { watchkeeper: asked }) = serde_json::from_str(raw) else { return Ok(None) };
    // Whatever else is asked: it is an event, and no event is lost.
    let Some(proposal) = asked.get("install_policy") else { return Ok(None) };
    serde_json::from_str(proposal.get())
        .map(Some)
        .map_err(|error| Failure::new("BadRequest", format!("install_policy cannot be read: {error}")))
}

/// Tells the queue which messages it must deliver again.
fn partial(items: &[intake::Item], failures: &[(usize, Failure)]) -> Value {
    for (_, failure) in failures {
        error!(error_type = failure.kind, "{}", failure.message);
    }
    let failed: Vec<Value> = items
        .iter()
        .enumerate()
        .filter(|(n, _)| failures.iter().any(|(failed, _)| failed == n))
        .map(|(_, item)| json!({"itemIdentifier": item.id}))
        .collect();
    json!({"batchItemFailures": failed})
}
