//! The functions' real code in a region of the test process, on a scripted clock.
//!
//! What AWS does in between is played here: Lambda delivers an event again when
//! its invocation failed, Step Functions waits, ticks and tries again, the
//! scheduler calls the sweeper every minute.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws::Aws;
use channels::Client;
use classifier::Classifier;
use console::Console;
use domain::id::IncidentId;
use domain::span::Span;
use escalation::Escalation;
use jiff::Timestamp;
use remediator::Remediator;
use runtime::{Event, Failure};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sweeper::Sweeper;
use testkit::world::{LINK_KEY, Moment, Outcome, TABLE, World};

/// How often an event is delivered.
const DELIVERIES: u32 = 3;
/// How often a tick is tried.
const TICKS: u32 = 7;

/// A function that is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    /// Takes alarms.
    Classifier,
    /// Tells people.
    Escalation,
    /// Mends.
    Remediator,
    /// Takes up what was left.
    Sweeper,
}

/// One run of a function, with the calls that it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// The function.
    pub(crate) function: Function,
    /// Its calls: `service operation`.
    pub(crate) calls: Vec<String>,
}

/// Where to end a run: the run's number, the call's number in it, and the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CutAt {
    /// Which run, in order.
    pub(crate) run: usize,
    /// Which of its calls.
    pub(crate) call: usize,
    /// Before or after it.
    pub(crate) moment: Moment,
}

/// Something that is due.
#[derive(Debug, Clone)]
enum Due {
    Delivery { payload: String, n: u32 },
    Tick { function: Function, execution: String, input: Value, n: u32 },
    Sweep,
}

/// The functions in a region, on a scripted clock.
pub(crate) struct Play {
    /// The region.
    pub(crate) world: World,
    /// The moment.
    pub(crate) now: Timestamp,
    /// The runs so far.
    pub(crate) runs: Vec<Run>,
    /// Where to end some.
    pub(crate) cuts: Vec<CutAt>,
    /// Events that were given up.
    pub(crate) undelivered: Vec<String>,
    due: Vec<(Timestamp, u64, Due)>,
    n_due: u64,
    n_known_executions: usize,
    branches: Vec<(String, usize)>,
    n_requests: u64,
    /// The classifier, to hand it several events at once.
    pub(crate) classifier: Arc<Classifier>,
    /// The escalation, to have several ticks at once.
    pub(crate) escalation: Arc<Escalation>,
    /// The remediator, for the same.
    pub(crate) remediator: Arc<Remediator>,
    sweeper: Sweeper,
    console: Console,
}

impl Play {
    /// A play with this policy in force; `topics` are deployed.
    pub(crate) async fn new(policy: Value, topics: &[&str]) -> Play {
        Play::with_channels(policy, topics, Client::new()).await
    }

    /// The same with an HTTP client of one's own for Slack, PagerDuty and
    /// webhooks.
    pub(crate) async fn with_channels(policy: Value, topics: &[&str], http: Client) -> Play {
        let mut play = Play::bare(http).await;
        play.install(policy, topics).await;
        play
    }

    /// A play in which no policy was ever installed.
    pub(crate) async fn bare(http: Client) -> Play {
        let world = World::new().await;
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        world.set_now(now);
        let aws = || Aws::for_function(|name| world.variable(name));
        Play {
            classifier: Arc::new(Classifier::new(aws(), TABLE)),
            escalation: Arc::new(Escalation::with_http(aws(), TABLE, LINK_KEY, http)),
            remediator: Arc::new(Remediator::new(aws(), TABLE)),
            sweeper: Sweeper::new(aws(), TABLE, "watchkeeper-sweeper"),
            console: Console::new(aws(), TABLE, LINK_KEY),
            now,
            runs: Vec::new(),
            cuts: Vec::new(),
            undelivered: Vec::new(),
            due: Vec::new(),
            n_due: 0,
            n_known_executions: 0,
            branches: Vec::new(),
            n_requests: 0,
            world,
        }
    }

    /// Puts a policy in force. What it says of its deployment is added to what
    /// this region has.
    pub(crate) async fn install(&mut self, mut policy: Value, topics: &[&str]) {
        let mut deployment = self.world.deployment(topics);
        for (name, value) in policy["deployment"].as_object().into_iter().flatten() {
            deployment[name] = value.clone();
        }
        policy["deployment"] = deployment;
        let payload = json!({"watchkeeper": {"install_policy": {"file": "policy.yaml", "source": "", "policy": policy}}});
        self.classify(&payload.to_string()).await.expect("the policy is right");
    }

    /// Hands an event to the classifier once, and gives what comes of it.
    ///
    /// # Errors
    /// The classifier's own: Lambda would deliver the event again.
    pub(crate) async fn classify(&mut self, payload: &str) -> Result<Value, Failure> {
        let event = self.next_event(payload);
        Box::pin(self.classifier.handle(event)).await
    }

    /// Hands a request to the console.
    ///
    /// # Errors
    /// The console's own: the caller would see a status 502.
    pub(crate) async fn ask_console(&mut self, request: &Value) -> Result<Value, Failure> {
        let event = self.next_event(&request.to_string());
        Box::pin(self.console.handle(event)).await
    }

    /// The Slack app hands clicks to the console from now on, signed with `secret`;
    /// what came of them is said below `hooks`.
    pub(crate) fn connect_slack(&mut self, secret: &str, hooks: &str) {
        self.world.add_secret("slack-signing", secret);
        let aws = Aws::for_function(|name| self.world.variable(name));
        self.console = Console::new(aws, TABLE, LINK_KEY).with_slack("slack-signing", hooks);
    }

    /// Runs the sweeper once, beside its schedule.
    ///
    /// # Errors
    /// The sweeper's own.
    pub(crate) async fn sweep(&mut self) -> Result<Value, Failure> {
        let event = self.next_event("{}");
        Box::pin(self.sweeper.handle(event)).await
    }

    fn next_event(&mut self, payload: &str) -> Event {
        self.now = Span::millis(1).after(self.now);
        self.world.set_now(self.now);
        self.n_requests += 1;
        event(payload, self.now, &format!("asked-{}", self.n_requests))
    }

    /// The processes that run the classifier end; the next one starts anew.
    pub(crate) async fn restart_classifier(&mut self) {
        self.classifier = Arc::new(Classifier::new(Aws::for_function(|name| self.world.variable(name)), TABLE));
        self.classifier.warm().await;
    }

    /// Lets the other functions invoke the classifier as `name`.
    pub(crate) fn deploy_classifier(&self, name: &str) {
        let (classifier, world) = (Arc::clone(&self.classifier), self.world.clone());
        let function = move |payload: String| -> Pin<Box<dyn Future<Output = Outcome> + Send>> {
            let (classifier, now) = (Arc::clone(&classifier), world.now());
            Box::pin(async move {
                let result = classifier.handle(event(&payload, now, "invoked")).await;
                result.map_err(|failure| (failure.kind, failure.message))
            })
        };
        self.world.add_function(name, Arc::new(function));
    }

    /// Every execution that runs ends, as if its state machine had failed.
    pub(crate) fn end_clocks(&mut self) {
        self.take_up_executions();
        self.due.retain(|(_, _, due)| !matches!(due, Due::Tick { .. }));
        for (name, _) in self.branches.drain(..) {
            self.world.end_execution(&name);
        }
    }

    /// An event that comes in at `at`, while time passes.
    pub(crate) fn deliver_at(&mut self, at: Timestamp, payload: &str) {
        self.push(at, Due::Delivery { payload: payload.to_owned(), n: 1 });
    }

    /// Has the scheduler call the sweeper every minute from now on.
    pub(crate) fn sweep_every_minute(&mut self) {
        self.push(Span::minutes(1).after(self.now), Due::Sweep);
    }

    fn push(&mut self, at: Timestamp, due: Due) {
        self.n_due += 1;
        self.due.push((at, self.n_due, due));
    }

    /// An event comes in; if its run fails it comes in again.
    pub(crate) async fn deliver(&mut self, payload: &str) {
        self.now = Span::millis(1).after(self.now);
        self.step(Due::Delivery { payload: payload.to_owned(), n: 1 }).await;
    }

    /// Lets time pass: runs all that is due.
    pub(crate) async fn wait(&mut self, span: Span) {
        let until = span.after(self.now);
        let mut n_steps = 0;
        loop {
            self.take_up_executions();
            let Some(n) = (0..self.due.len()).min_by_key(|n| (self.due[*n].0, self.due[*n].1)) else { break };
            if self.due[n].0 > until {
                break;
            }
            let (at, _, due) = self.due.remove(n);
            self.now = at.max(self.now);
            self.step(due).await;
            n_steps += 1;
            assert!(n_steps < 20_000, "the clock races at {}", self.now);
        }
        self.now = until;
        self.world.set_now(self.now);
    }

    /// Every execution that was started runs its two branches.
    fn take_up_executions(&mut self) {
        let executions = self.world.executions();
        for execution in executions.iter().skip(self.n_known_executions) {
            let input: Value = serde_json::from_str(&execution.input).unwrap();
            let not_before: Timestamp = input["not_before"].as_str().unwrap().parse().unwrap();
            let mut functions = vec![Function::Escalation];
            if input["remediation"] == true {
                functions.push(Function::Remediator);
            }
            self.branches.push((execution.name.clone(), functions.len()));
            for function in functions {
                let tick = Due::Tick { function, execution: execution.name.clone(), input: input.clone(), n: 1 };
                self.push(not_before.max(self.now), tick);
            }
        }
        self.n_known_executions = executions.len();
    }

    async fn step(&mut self, due: Due) {
        self.world.set_now(self.now);
        match due {
            Due::Delivery { payload, n } => {
                if self.run(Function::Classifier, &payload).await.is_none() {
                    if n < DELIVERIES {
                        self.push(Span::minutes(u64::from(n)).after(self.now), Due::Delivery { payload, n: n + 1 });
                    } else {
                        self.undelivered.push(payload);
                    }
                }
            }
            Due::Tick { function, execution, input, n } => {
                let payload = json!({"incident_id": input["incident_id"], "seq": input["seq"]}).to_string();
                match self.run(function, &payload).await {
                    Some(answer) if answer["done"] == true => self.end_branch(&execution),
                    Some(answer) => {
                        let wake_at: Timestamp = answer["wake_at"].as_str().unwrap().parse().unwrap();
                        self.push(wake_at, Due::Tick { function, execution, input, n: 1 });
                    }
                    None if n < TICKS => {
                        let pause = Span::seconds(2u64 << n.min(5));
                        self.push(pause.after(self.now), Due::Tick { function, execution, input, n: n + 1 });
                    }
                    None => self.end_branch(&execution),
                }
            }
            Due::Sweep => {
                self.run(Function::Sweeper, "{}").await;
                self.push(Span::minutes(1).after(self.now), Due::Sweep);
            }
        }
    }

    fn end_branch(&mut self, execution: &str) {
        let branches = self.branches.iter_mut().find(|(name, _)| name == execution).unwrap();
        branches.1 -= 1;
        if branches.1 == 0 {
            self.world.end_execution(execution);
        }
    }

    /// Runs a function; none if it failed or was ended.
    async fn run(&mut self, function: Function, payload: &str) -> Option<Value> {
        let n = self.runs.len();
        if let Some(cut) = self.cuts.iter().find(|cut| cut.run == n) {
            self.world.crash_at(cut.call, cut.moment);
        }
        let before = self.world.calls().len();
        let event = event(payload, self.now, &format!("request-{n}"));
        let result = self.world.clone().invoke(Box::pin(self.call(function, event))).await;
        self.world.crash_never();
        let calls = self.world.calls().split_off(before);
        let calls = calls.into_iter().map(|call| format!("{} {}", call.service, call.operation)).collect();
        self.runs.push(Run { function, calls });
        match result {
            Some(Ok(answer)) => Some(answer),
            Some(Err(failure)) => {
                assert!(!failure.kind.ends_with("BadRequest"), "{failure}");
                None
            }
            None => None,
        }
    }

    async fn call(&self, function: Function, event: Event) -> Result<Value, Failure> {
        match function {
            Function::Classifier => self.classifier.handle(event).await,
            Function::Escalation => self.escalation.handle(event).await,
            Function::Remediator => self.remediator.handle(event).await,
            Function::Sweeper => self.sweeper.handle(event).await,
        }
    }

    /// The table, to look at.
    pub(crate) fn store(&self) -> aws::store::Store {
        aws::store::Store::new(Aws::for_function(|name| self.world.variable(name)), TABLE)
    }

    /// The incidents that were ever opened, in order.
    pub(crate) fn incident_ids(&self) -> Vec<IncidentId> {
        let mut ids: Vec<IncidentId> = self
            .world
            .executions()
            .iter()
            .map(|execution| {
                serde_json::from_str::<Value>(&execution.input).unwrap()["incident_id"].as_str().unwrap().parse().unwrap()
            })
            .collect();
        ids.sort();
        ids.dedup();
        ids
    }
}

/// An event as a function gets it.
pub(crate) fn event(payload: &str, now: Timestamp, request_id: &str) -> Event {
    Event {
        payload: RawValue::from_string(payload.to_owned()).unwrap(),
        now,
        remaining: Duration::from_secs(30),
        request_id: request_id.to_owned(),
    }
}
