//! A region in the test process.

mod alarms;
mod automations;
mod clusters;
mod databases;
mod ecs;
mod events;
mod executions;
mod functions;
mod gateway;
mod moves;
mod queues;
mod scaling;
mod secrets;
mod services;
mod statements;
mod topics;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use dynoxide::Database;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

pub use self::alarms::Alarm;
pub use self::clusters::{Cluster, cluster_arn};
pub use self::databases::{DatabaseEvent, Instance};
pub use self::ecs::{Service, ServiceUpdate, task_definition_arn};
pub use self::events::BusEvent;
pub use self::executions::Execution;
pub use self::functions::{Function, Invocation, Outcome, Setup};
pub use self::gateway::Call;
pub use self::queues::{Letter, Queue, queue_arn, queue_url};
pub use self::topics::Published;
use crate::services::automations::Automations;
pub use crate::services::moves::{Move, Progress};
use crate::services::scaling::Activities;
pub use crate::services::scaling::Scalable;
use crate::services::sessions::Sessions;

/// The table's name.
pub const TABLE: &str = "watchkeeper";
/// The name of the secret with the key of links.
pub const LINK_KEY: &str = "watchkeeper/link-key";
/// Since when everything is there that the test does not date: 1 January 2026.
pub const BEGINNING: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// A region in the test process.
#[derive(Clone)]
pub struct World {
    shared: Arc<Shared>,
}

struct Shared {
    address: SocketAddr,
    dynamodb: SocketAddr,
    state: Mutex<State>,
    crashed: Notify,
}

/// When to end the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the call gets anywhere.
    Before,
    /// When the call is done, and its answer on the way.
    After,
}

/// What the region holds.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) now: Option<Timestamp>,
    published: Vec<Published>,
    executions: Vec<Execution>,
    secrets: BTreeMap<String, String>,
    /// By `cluster/service`.
    services: BTreeMap<String, Service>,
    service_updates: Vec<ServiceUpdate>,
    inactive_task_definitions: Vec<String>,
    /// Every minimum that was set, with the service.
    minimums: Vec<(String, u32)>,
    activities: Activities,
    instances: BTreeMap<String, Instance>,
    clusters: BTreeMap<String, Cluster>,
    database_events: Vec<DatabaseEvent>,
    sessions: Sessions,
    functions: functions::Functions,
    queues: queues::Queues,
    automations: Automations,
    bus_events: Vec<BusEvent>,
    /// What every event is answered with that is put on a bus.
    event_error: Option<String>,
    alarms: BTreeMap<String, Alarm>,
    /// Alarms that only their definitions are known of, as `describe-alarms` has them.
    definitions: Vec<Value>,
    /// What happened to alarms, as `describe-alarm-history` has it.
    history: Vec<Value>,
    calls: Vec<Call>,
    crash: Option<(usize, Moment)>,
    /// Services that answer that they are out of order.
    broken: Vec<String>,
    /// Calls that hold one of these texts are refused.
    refused: Vec<String>,
}

impl State {
    /// The services' clock.
    fn clock(&self) -> Timestamp {
        self.now.unwrap_or(BEGINNING)
    }
}

/// An ARN of this region.
fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:eu-west-1:111122223333:{resource}")
}

impl World {
    /// A new region with an empty table.
    pub async fn new() -> World {
        let database = Database::memory().expect("a database in memory");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        let dynamodb = listener.local_addr().expect("an address");
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        let world = World {
            shared: Arc::new(Shared {
                address: listener.local_addr().expect("an address"),
                dynamodb,
                state: Mutex::new(State::default()),
                crashed: Notify::new(),
            }),
        };
        world.state().secrets.insert(LINK_KEY.to_owned(), "0123456789abcdef0123456789abcdef".to_owned());
        tokio::spawn(gateway::serve(listener, world.clone(), dynamodb));
        gateway::create_table(dynamodb).await;
        world
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("nobody panics while holding it")
    }

    /// The environment of a function in this region.
    pub fn variable(&self, name: &str) -> Option<String> {
        match name {
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            "AWS_ENDPOINT_URL" => Some(format!("http://{}", self.shared.address)),
            _ => None,
        }
    }

    /// The deployment part of a policy for this region.
    pub fn deployment(&self, topics: &[&str]) -> serde_json::Value {
        let arn = |name: &str| format!("arn:aws:sns:eu-west-1:111122223333:{name}");
        let topics: BTreeMap<&str, String> = topics.iter().map(|name| (*name, arn(name))).collect();
        json!({
            "topics": topics,
            "failsafe_topic": arn("failsafe"),
            "state_machine": "arn:aws:states:eu-west-1:111122223333:stateMachine:watchkeeper-incident",
            "console_url": "https://console.example/",
        })
    }

    /// Sets the services' clock.
    pub fn set_now(&self, now: Timestamp) {
        self.state().now = Some(now);
    }

    /// The services' clock.
    pub fn now(&self) -> Timestamp {
        self.state().now.expect("the clock was set")
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.state().calls.clear();
    }

    /// Ends the caller at call number `n` from now, from 0.
    pub fn crash_at(&self, n: usize, moment: Moment) {
        let mut state = self.state();
        let base = state.calls.len();
        state.crash = Some((base + n, moment));
    }

    /// Forgets about ending callers.
    pub fn crash_never(&self) {
        self.state().crash = None;
    }

    /// Has a service answer that it is out of order, or no longer.
    pub fn set_broken(&self, service: &str, is_broken: bool) {
        let mut state = self.state();
        state.broken.retain(|broken| broken != service);
        if is_broken {
            state.broken.push(service.to_owned());
        }
    }

    /// Has every call that holds `text` be refused; with none, no more.
    pub fn refuse(&self, text: Option<&str>) {
        self.state().refused = text.map(str::to_owned).into_iter().collect();
    }

    /// All rows of the table as text, in order: equal before and after when
    /// nothing was changed.
    pub async fn rows(&self) -> Vec<String> {
        let answer = gateway::ask_table(self.shared.dynamodb, "Scan", &json!({"TableName": TABLE})).await;
        assert!(answer.get("LastEvaluatedKey").is_none(), "there are more rows than one page holds");
        let mut rows: Vec<String> = answer["Items"].as_array().expect("rows").iter().map(ToString::to_string).collect();
        rows.sort();
        rows
    }

    /// Overwrites what a row holds, behind everybody's back.
    pub async fn overwrite(&self, pk: &str, sk: &str, doc: &str) {
        let input = json!({
            "TableName": TABLE,
            "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
            "UpdateExpression": "SET doc = :d",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": {":d": {"S": doc}},
        });
        gateway::ask_table(self.shared.dynamodb, "UpdateItem", &input).await;
    }

    /// Runs an invocation; none if it was ended at a call.
    pub async fn invoke<T>(&self, invocation: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.shared.crashed.notified() => None,
            result = invocation => Some(result),
        }
    }

    /// Ends the invocation that is running: it makes no more calls.
    pub(crate) fn end_invocation(&self) {
        self.state().crash = None;
        self.shared.crashed.notify_one();
    }
}
