//! What remediations act on: made by plain calls, and asked afterwards what was done
//! to it.

mod database;
mod function;
mod queue;
mod runbook;
mod service;

use serde_json::{Value, json};

pub(super) use self::database::{Cluster, Database};
pub(super) use self::function::Function;
pub(super) use self::queue::Queue;
pub(super) use self::runbook::Runbook;
pub(super) use self::service::{CLUSTER, Service, task_definition};
use crate::stack::{Deployment, Outcome};

/// What a remediation acts on.
#[derive(Debug, Clone)]
pub(super) enum Thing {
    /// Nothing is made.
    Nothing,
    /// What another case has made.
    Again(Box<Thing>),
    Service(Service),
    Database(Database),
    Function(Function),
    Queue(Queue),
    Runbook(Runbook),
}

impl Thing {
    /// The same thing, which another case has made.
    pub(super) fn again(thing: impl Into<Thing>) -> Thing {
        Thing::Again(Box::new(thing.into()))
    }

    /// Makes it, under a name.
    pub(super) async fn make(&self, on: &Deployment, name: &str) -> Outcome<()> {
        match self {
            Thing::Nothing | Thing::Again(_) => Ok(()),
            Thing::Service(service) => service.make(on, name).await,
            Thing::Database(database) => database.make(on, name).await,
            Thing::Function(function) => function.make(on, name).await,
            Thing::Queue(queue) => queue.make(on, name).await,
            Thing::Runbook(runbook) => runbook.make(on, name).await,
        }
    }

    /// How an alarm names it.
    pub(super) fn dimensions(&self, name: &str) -> Value {
        match self {
            Thing::Nothing => json!({}),
            Thing::Again(thing) => thing.dimensions(name),
            Thing::Service(_) | Thing::Runbook(_) => json!({"ClusterName": CLUSTER, "ServiceName": name}),
            Thing::Database(_) => json!({"DBInstanceIdentifier": name}),
            Thing::Function(_) => json!({"FunctionName": name}),
            Thing::Queue(_) => json!({"QueueName": name}),
        }
    }

    /// What was done to it since it was made, in order.
    pub(super) async fn traces(&self, on: &Deployment, name: &str) -> Outcome<Vec<String>> {
        match self {
            Thing::Nothing => Ok(Vec::new()),
            Thing::Again(thing) => Box::pin(thing.traces(on, name)).await,
            Thing::Service(service) => Ok(service.traces(on, name)),
            Thing::Database(_) => Database::traces(on, name).await,
            Thing::Function(_) => Function::traces(on, name).await,
            Thing::Queue(queue) => queue.traces(on, name).await,
            Thing::Runbook(runbook) => Ok(runbook.traces(on, name)),
        }
    }
}

macro_rules! are_things {
    ($($Kind:ident)*) => {
        $(
            impl From<$Kind> for Thing {
                fn from(thing: $Kind) -> Thing {
                    Thing::$Kind(thing)
                }
            }
        )*
    };
}

are_things!(Service Database Function Queue Runbook);

/// The tag that allows to touch something, with another value if it is not to be.
fn tag(is_managed: bool) -> &'static str {
    if is_managed { "managed" } else { "watched" }
}
