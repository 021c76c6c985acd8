//! A desk with a terminal: a region with a policy in force, and the tool in an
//! environment in which nothing stands but what a test puts there.

use std::path::PathBuf;
use std::pin::Pin;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws::Aws;
use aws::store::Store;
use classifier::Classifier;
use domain::id::IncidentId;
use domain::span::Span;
use jiff::Timestamp;
use remediator::Remediator;
use runtime::{Event, now};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use testkit::world::{Outcome, Scalable, Service, TABLE, World};
use tokio::process::Command;

/// Where undeliverable events wait.
pub(crate) const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/111122223333/watchkeeper-dead-letters";
/// An incident that there never was.
pub(crate) const NOBODYS: &str = "0K3-M9Q-F7T";

/// Everything is a P1 of one team, and the alarm `cpu` calls for a remediation
/// that asks first.
pub(crate) fn orders() -> Value {
    json!({
        "services": [{"name": "api", "team": "web", "runbook": "https://wiki.example.com/runbooks/api"}],
        "classify": [
            {"name": "processor", "matchers": ["alertname=\"cpu\""], "set": {"priority": "P2", "service": "api"}},
            {"name": "slow", "matchers": ["alertname=~\"slow.*\""], "set": {"priority": "P3", "service": "api"}},
            {"name": "all", "set": {"priority": "P1", "service": "shop"}},
        ],
        "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "5m"},
        "receivers": [{"name": "team", "sns_configs": [{"topic": "team", "class": "chat"}]}],
        "remediations": [{"name": "scale", "matchers": ["alertname=\"cpu\""], "action": "ecs-scale-out", "mode": "ask"}],
        "deployment": {"classifier": "classifier", "dead_letter_queue": QUEUE},
    })
}

/// What the tool said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn of(output: Output) -> Said {
        Said {
            code: output.status.code().expect("it ends by itself"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// What it said, given that it did what was asked.
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// The answer for other programs, given that it did what was asked.
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).expect("JSON")
    }

    /// Why it was not done, given that nothing else was said.
    pub(crate) fn error(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{}", self.err);
        self.err
    }

    /// The same for other programs.
    pub(crate) fn json_error(self, code: i32) -> String {
        let text = self.error(code);
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(value["exit_code"], code, "{text}");
        assert_eq!(keys(&value), ["error", "exit_code"]);
        value["error"].as_str().expect("a sentence").to_owned()
    }
}

/// A region, and a terminal to ask it from.
pub(crate) struct Desk {
    pub(crate) world: World,
    classifier: Arc<Classifier>,
    remediator: Remediator,
    /// What the tool finds in its environment.
    pub(crate) environment: Vec<(String, String)>,
}

impl Desk {
    /// A desk with [`orders`] in force.
    pub(crate) async fn new() -> Desk {
        let desk = Desk::bare().await;
        desk.install(orders()).await;
        desk
    }

    /// A desk whose region never had a policy.
    pub(crate) async fn bare() -> Desk {
        let world = World::new().await;
        world.set_now(now());
        let aws = || Aws::for_function(|name| world.variable(name));
        let names = ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let mut environment: Vec<(String, String)> =
            names.iter().map(|name| ((*name).to_owned(), world.variable(name).expect("the region has it"))).collect();
        for (name, value) in [
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("WATCHKEEPER_TABLE", TABLE),
            ("PATH", "/usr/bin:/bin"),
            ("TZ", "UTC"),
            ("USER", "ann"),
            ("HOME", &folder().display().to_string()),
        ] {
            environment.push((name.to_owned(), value.to_owned()));
        }
        Desk {
            classifier: Arc::new(Classifier::new(aws(), TABLE)),
            remediator: Remediator::new(aws(), TABLE),
            world,
            environment,
        }
    }

    /// Puts a policy in force; what it says of its deployment is added to what
    /// the region has.
    pub(crate) async fn install(&self, mut policy: Value) {
        let mut deployment = self.world.deployment(&["team"]);
        for (name, value) in policy["deployment"].as_object().into_iter().flatten() {
            deployment[name] = value.clone();
        }
        policy["deployment"] = deployment;
        let payload = json!({"watchkeeper": {"install_policy": {"file": "policy.yaml", "source": "", "policy": policy}}});
        self.classifier.handle(event(payload.to_string(), now())).await.expect("the policy is right");
    }

    /// Sets a variable, or takes it away.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// Runs the tool.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().await.expect("the tool runs"))
    }

    /// Runs the tool for somebody who looks away before it says anything.
    pub(crate) async fn run_unread(&self, arguments: &[&str]) -> Said {
        let mut child = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the tool runs");
        drop(child.stdout.take());
        Said::of(child.wait_with_output().await.expect("it ends"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
        command.args(arguments).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs the tool, asking for JSON.
    pub(crate) async fn run_json(&self, arguments: &[&str]) -> Said {
        self.run(&[arguments, &["--json"]].concat()).await
    }

    /// The alarm `name` goes off so long ago; gives its incident.
    pub(crate) async fn fires(&self, name: &str, ago: Span) -> IncidentId {
        let at = ago.before(now());
        let before = self.ids();
        self.classifier.handle(event(alarm(name, "ALARM", at), at)).await.expect("the alarm is taken");
        let new: Vec<IncidentId> = self.ids().into_iter().filter(|id| !before.contains(id)).collect();
        assert_eq!(new.len(), 1, "{new:?}");
        new[0].clone()
    }

    /// The alarm `cpu` goes off, and its remediation asks for approval.
    pub(crate) async fn asks(&self) -> IncidentId {
        let tags = [("watchkeeper".to_owned(), "managed".to_owned())].into();
        self.world
            .add_service("main/api", Service { desired: 4, scalable: Some(Scalable::new(2, 10)), tags, ..Service::default() });
        let id = self.fires("cpu", Span::minutes(1)).await;
        self.remediates().await;
        id
    }

    /// The newest execution of a clock has its remediations looked at.
    pub(crate) async fn remediates(&self) {
        let execution = self.world.executions().into_iter().last().expect("its clock was started");
        let input: Value = serde_json::from_str(&execution.input).expect("JSON");
        let payload = json!({"incident_id": input["incident_id"], "seq": input["seq"]});
        self.remediator.handle(event(payload.to_string(), now())).await.expect("the remediator looks");
    }

    /// The incidents whose clocks were started.
    fn ids(&self) -> Vec<IncidentId> {
        let of = |input: &str| serde_json::from_str::<Value>(input).ok()?["incident_id"].as_str()?.parse().ok();
        self.world.executions().iter().filter_map(|execution| of(&execution.input)).collect()
    }

    /// Lets the tool invoke the classifier.
    pub(crate) fn deploy_classifier(&self) {
        let classifier = Arc::clone(&self.classifier);
        let function = move |payload: String| -> Pin<Box<dyn Future<Output = Outcome> + Send>> {
            let classifier = Arc::clone(&classifier);
            Box::pin(
                async move { classifier.handle(event(payload, now())).await.map_err(|failure| (failure.kind, failure.message)) },
            )
        };
        self.world.add_function("classifier", Arc::new(function));
    }

    /// The table, to look at.
    pub(crate) fn store(&self) -> Store {
        Store::new(Aws::for_function(|name| self.world.variable(name)), TABLE)
    }
}

/// A new and empty folder.
pub(crate) fn folder() -> PathBuf {
    static N_FOLDERS: AtomicU32 = AtomicU32::new(0);
    let name = format!("desk-{}-{}", std::process::id(), N_FOLDERS.fetch_add(1, Ordering::Relaxed));
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

/// The names in an object, in order.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// `text` as it was before it was wrapped.
pub(crate) fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// No line of `text` is wider than a terminal of 80 columns.
#[track_caller]
pub(crate) fn assert_fits(text: &str) {
    for line in text.lines() {
        assert!(textwrap::core::display_width(line) <= 80, "{} columns:\n{line}", textwrap::core::display_width(line));
    }
}

fn event(payload: String, now: Timestamp) -> Event {
    Event {
        payload: RawValue::from_string(payload).expect("JSON"),
        now,
        remaining: Duration::from_secs(30),
        request_id: "asked".to_owned(),
    }
}

/// An event of the alarm `name`, with all that a person is told of it.
pub(crate) fn alarm(name: &str, state: &str, at: Timestamp) -> String {
    let dimensions = [("ClusterName", "main"), ("ServiceName", "api")];
    let event = testkit::events::alarm(name, state, at, &dimensions, ("AWS/ECS", "CPUUtilization"));
    let mut event: Value = serde_json::from_str(&event).expect("JSON");
    event["detail"]["state"]["reason"] = json!("Threshold Crossed: 3 datapoints were greater than 80.0");
    event["detail"]["configuration"]["description"] = json!("The processors of the web servers have been busy for three minutes");
    event.to_string()
}
