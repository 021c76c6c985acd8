//! Watchkeeper deployed on this machine: an emulator of AWS on loopback, the
//! project's own Terraform, its own release binaries, the command-line tool, an inbox
//! that hears what every person and channel hears, and a shop that is looked at from
//! outside.
//!
//! Everything is stopped when the [`Stack`] is dropped.

mod api;
mod emulator;
mod inbox;
mod operator;
mod places;
mod shop;
mod stand_ins;
mod terraform;
mod visitor;
mod workload;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

pub use api::Api;
pub use inbox::{Inbox, Letter};
pub use operator::Operator;
pub use places::{Places, Root, artifacts};
pub use shop::{ELSEWHERE, FLOW, GRACE_SECONDS, HOME, JOB, SHOP, Shop};
pub use stand_ins::{Databases, Ecs, Functions, Queues, Runbooks, Scaling, StandIns, Target, Update};
pub use terraform::Terraform;
pub use visitor::{Form, Page, Visitor};
pub use workload::{CLUSTER, DATABASE, ECS, RDS, SERVICE, TASKS, TASKS_MAX, scalable_target};

/// How a step came out: what is wrong is said in a sentence.
pub type Outcome<T> = Result<T, String>;

/// The functions, as Terraform's artifacts are called.
pub const FUNCTIONS: [&str; 6] = ["classifier", "escalation", "remediator", "prober", "console", "sweeper"];

/// By how much the policy's waiting times are divided: half an hour is half a
/// minute.
pub const TIME_SCALE: u32 = 60;

/// Between two looks at something that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A deployment on this machine.
#[derive(Debug)]
pub struct Stack {
    /// Where things lie.
    pub places: Places,
    /// AWS, by its wire protocols.
    pub api: Api,
    /// The project's Terraform, on a copy of `infra/`.
    pub terraform: Terraform,
    /// What the emulator lacks.
    pub stand_ins: StandIns,
    /// What is looked at from outside.
    pub shop: Shop,
    emulator: emulator::Emulator,
}

/// A deployment that was applied, with those who use it.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// AWS, by its wire protocols.
    pub api: Api,
    /// What the emulator lacks.
    pub stand_ins: StandIns,
    /// What is looked at from outside.
    pub shop: Shop,
    /// Terraform's outputs.
    pub outputs: Arc<BTreeMap<String, Value>>,
    /// What people and channels have heard.
    pub inbox: Inbox,
    /// The command-line tool.
    pub operator: Operator,
    /// Whoever opens a link.
    pub visitor: Visitor,
}

impl Stack {
    /// Starts the emulator, with nothing deployed in it, for work in `root`.
    ///
    /// # Errors
    /// What is missing or did not start.
    pub async fn start(root: Root) -> Outcome<Stack> {
        let places = Places::find(root)?;
        let stand_ins = StandIns::open().await?;
        let emulator = emulator::Emulator::start(&places, stand_ins.address()).await?;
        let api = Api::new(emulator.port());
        stand_ins.connect(api.clone());
        let terraform = Terraform::new(&places, emulator.environment())?;
        let shop = Shop::open().await?;
        // The file that comes along looks at nothing.
        terraform.write("policy/probes.yaml", &format!("{:#}\n", shop.probes(None)))?;
        terraform.write("probers-elsewhere.tf", &shop::probers_elsewhere())?;
        Ok(Stack { places, api, terraform, stand_ins, shop, emulator })
    }

    /// The variables of Terraform for a deployment here.
    pub fn variables(&self) -> Value {
        json!({
            "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" },
            "artifacts_dir": self.places.artifacts,
            "drill_time_scale": TIME_SCALE,
            "demo_alarms": true,
            // The emulator keeps no account-wide limit to reserve from.
            "reserved_concurrency": null,
            "deletion_protection": false,
            "secret_recovery_window_in_days": 0,
        })
    }

    /// Reads what was applied and has an inbox hear all its topics.
    ///
    /// # Errors
    /// What Terraform or the emulator says.
    pub async fn deployed(&self) -> Outcome<Deployment> {
        let outputs = self.terraform.outputs().await?;
        let mut topics: BTreeMap<String, String> = outputs
            .get("receiver_topic_arns")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, arn)| Some((name.clone(), arn.as_str()?.to_owned())))
            .collect();
        topics.insert("failsafe".to_owned(), text(&outputs, "failsafe_topic_arn")?);
        let inbox = Inbox::open(&self.api, &topics).await?;
        let table = text(&outputs, "table_name")?;
        let operator = Operator::new(&self.places, self.emulator.environment(), &table);
        let visitor = Visitor::new(&self.api, &text(&outputs, "console_url")?);
        Ok(Deployment {
            api: self.api.clone(),
            stand_ins: self.stand_ins.clone(),
            shop: self.shop.clone(),
            outputs: Arc::new(outputs),
            inbox,
            operator,
            visitor,
        })
    }

    /// The environment by which AWS tools find this stack.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        self.emulator.environment()
    }

    /// Where the emulator writes what it does.
    pub fn emulator_log(&self) -> String {
        self.emulator.log().display().to_string()
    }
}

impl Deployment {
    /// An output of Terraform that is a text.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn output(&self, name: &str) -> Outcome<String> {
        text(&self.outputs, name)
    }

    /// The full name of a function.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn function(&self, name: &str) -> Outcome<String> {
        let names = self.outputs.get("function_names").ok_or("Terraform has no output function_names")?;
        names[name].as_str().map(str::to_owned).ok_or_else(|| format!("there is no function {name}"))
    }

    /// Has the sweeper go round, without waiting for its minute.
    ///
    /// # Errors
    /// What Lambda says.
    pub async fn sweep(&self) -> Outcome<()> {
        self.api.invoke_later(&self.function("sweeper")?, "{}").await
    }

    /// Has the prober of a Region run what is due in a minute; gives its answer.
    ///
    /// # Errors
    /// What Lambda or the prober says.
    pub async fn round(&self, region: &str, minute: Timestamp) -> Outcome<Value> {
        let home = self.function("prober")?;
        // What is called after its deployment at home is called after its Region, too.
        let name = home.strip_suffix("-prober").unwrap_or(&home);
        let function = if region == HOME { home.clone() } else { format!("{name}-{region}-prober") };
        self.api.in_region(region).invoke(&function, &json!({"scheduled_at": minute})).await
    }

    /// Puts another probes file in force, as Terraform does.
    ///
    /// # Errors
    /// What the prober says.
    pub async fn install_probes(&self, probes: &Value) -> Outcome<()> {
        let proposal = json!({"file": "probes.yaml", "source": format!("{probes:#}\n"), "probes": probes});
        let request = json!({"watchkeeper": {"install_probes": proposal}});
        self.api.invoke(&self.function("prober")?, &request).await.map(|_| ())
    }

    /// How many events lie in the dead-letter queue.
    ///
    /// # Errors
    /// What SQS says.
    pub async fn dead_letters(&self) -> Outcome<u64> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let input = json!({"QueueUrl": self.output("dead_letter_queue_url")?, "AttributeNames": names});
        let answer = self.api.json("sqs", "AmazonSQS", "GetQueueAttributes", &input).await?;
        let count = |name: &str| answer["Attributes"][name].as_str().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        Ok(names.into_iter().map(count).sum())
    }
}

/// The clock of this machine, which is the emulator's, too.
#[expect(clippy::disallowed_methods, reason = "the emulator's clock is this machine's")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

fn text(outputs: &BTreeMap<String, Value>, name: &str) -> Outcome<String> {
    outputs.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("Terraform has no output {name}"))
}

/// Looks until there is something to see, for at most `limit`. What was seen last
/// is told if it never comes.
///
/// # Errors
/// What was seen last, with how long was waited.
pub async fn eventually<T>(limit: Duration, mut look: impl AsyncFnMut() -> Outcome<T>) -> Outcome<T> {
    let begun = Instant::now();
    loop {
        match look().await {
            Ok(seen) => return Ok(seen),
            Err(why) if begun.elapsed() >= limit => return Err(format!("{why} (waited {} s)", limit.as_secs())),
            Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}
