//! A region in the test process.

mod alarms;
mod cbor;
mod functions;
mod gateway;
mod services;
mod wire;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use dynoxide::Database;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

pub use self::functions::{Function, Invocation, Letter, Outcome};
pub use self::gateway::Call;

/// The table's name.
pub const TABLE: &str = "watchkeeper";
/// The name of the secret with the key of links.
pub const LINK_KEY: &str = "watchkeeper/link-key";

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

/// A message that reached a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The topic's ARN.
    pub topic: String,
    /// Its subject.
    pub subject: String,
    /// Its text, as mail subscribers get it.
    pub text: String,
}

/// An execution of the state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Its name.
    pub name: String,
    /// Its input.
    pub input: String,
    /// Whether it has ended.
    pub is_over: bool,
}

/// An ECS service with its scalable target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Tasks wanted, all of which run.
    pub desired: u32,
    /// Least tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An RDS instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Whether it has a standby.
    pub is_multi_az: bool,
    /// When it was restarted.
    pub restarts: Vec<Timestamp>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A CloudWatch alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Since when.
    pub since: Timestamp,
    /// The ARNs that it tells.
    pub actions: Vec<String>,
}

/// What the region holds.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) now: Option<Timestamp>,
    pub(crate) published: Vec<Published>,
    pub(crate) executions: Vec<Execution>,
    pub(crate) secrets: BTreeMap<String, String>,
    /// By `cluster/service`.
    pub(crate) services: BTreeMap<String, Service>,
    /// Every minimum that was set, with the service.
    pub(crate) minimums: Vec<(String, u32)>,
    pub(crate) instances: BTreeMap<String, Instance>,
    pub(crate) alarms: BTreeMap<String, Alarm>,
    /// Alarms that only their definitions are known of, as `describe-alarms` has them.
    pub(crate) definitions: Vec<Value>,
    /// What happened to alarms, as `describe-alarm-history` has it.
    pub(crate) history: Vec<Value>,
    pub(crate) calls: Vec<Call>,
    pub(crate) crash: Option<(usize, Moment)>,
    /// Services that answer that they are out of order.
    pub(crate) broken: Vec<String>,
    /// Calls that hold one of these texts are refused.
    pub(crate) refused: Vec<String>,
    pub(crate) functions: BTreeMap<String, Function>,
    pub(crate) invocations: Vec<Invocation>,
    /// What waits in the queue.
    pub(crate) letters: Vec<Letter>,
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

    /// Adds a secret.
    pub fn add_secret(&self, name: &str, text: &str) {
        self.state().secrets.insert(name.to_owned(), text.to_owned());
    }

    /// Adds an ECS service `cluster/service`.
    pub fn add_service(&self, name: &str, service: Service) {
        self.state().services.insert(name.to_owned(), service);
    }

    /// An ECS service as it is now.
    pub fn service(&self, name: &str) -> Service {
        self.state().services[name].clone()
    }

    /// Every minimum capacity that was set so far.
    pub fn minimums(&self) -> Vec<(String, u32)> {
        self.state().minimums.clone()
    }

    /// Adds an RDS instance.
    pub fn add_instance(&self, name: &str, instance: Instance) {
        self.state().instances.insert(name.to_owned(), instance);
    }

    /// An RDS instance as it is now.
    pub fn instance(&self, name: &str) -> Instance {
        self.state().instances[name].clone()
    }

    /// Adds an alarm, or changes it; without one, it is deleted.
    pub fn set_alarm(&self, name: &str, alarm: Option<Alarm>) {
        let mut state = self.state();
        match alarm {
            Some(alarm) => state.alarms.insert(name.to_owned(), alarm),
            None => state.alarms.remove(name),
        };
    }

    /// Everything that was published so far.
    pub fn published(&self) -> Vec<Published> {
        self.state().published.clone()
    }

    /// Every execution that was started so far.
    pub fn executions(&self) -> Vec<Execution> {
        self.state().executions.clone()
    }

    /// Notes that an execution has ended.
    pub fn end_execution(&self, name: &str) {
        for execution in &mut self.state().executions {
            if execution.name == name {
                execution.is_over = true;
            }
        }
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

    /// Adds a function that others invoke.
    pub fn add_function(&self, name: &str, function: Function) {
        self.state().functions.insert(name.to_owned(), function);
    }

    /// Every invocation of one function by another so far.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.state().invocations.clone()
    }

    /// Puts a message into the queue where undeliverable events wait.
    pub fn add_letter(&self, id: &str, body: &str) {
        let letter = Letter { id: id.to_owned(), body: body.to_owned(), hidden_until: Timestamp::MIN };
        self.state().letters.push(letter);
    }

    /// What waits in the queue, hidden or not.
    pub fn letters(&self) -> Vec<Letter> {
        self.state().letters.clone()
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
