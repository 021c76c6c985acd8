//! What is measured, of whom, and in which order?
//!
//! All take turns, round by round: whatever else keeps the machine busy slows all
//! of them alike.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::events::alarm;
use testkit::world::World;
use tests::stack::Outcome;

use crate::function::{Process, Program};
use crate::places::Places;

/// Cold starts of each.
pub(crate) const COLD_STARTS: usize = 20;
/// Warm events of each kind: rounds, and events of a round.
pub(crate) const WARM: (usize, usize) = (10, 50);

/// Topics of the policy.
const TOPICS: &[&str] = &["team", "ann"];
/// The state machine, as the region's deployment names it.
const STATE_MACHINE: &str = "arn:aws:states:eu-west-1:111122223333:stateMachine:watchkeeper-incident";

/// The figures of all.
pub(crate) struct Figures {
    pub(crate) classifier: Figure,
    pub(crate) escalation: Figure,
    pub(crate) peer: Figure,
}

/// The figures of one; medians.
pub(crate) struct Figure {
    /// From exec to the first poll.
    pub(crate) ready: Duration,
    /// The first event after a start, from handing out to its answer.
    pub(crate) first_event: Duration,
    /// From exec to the first answer.
    pub(crate) first_answer: Duration,
    /// CPU time until the first answer.
    pub(crate) cold_cpu: Duration,
    /// A warm event that brings something new.
    pub(crate) new: Warm,
    /// A warm event that brings nothing new.
    pub(crate) known: Warm,
    /// Memory after all warm events, in bytes.
    pub(crate) resident: u64,
    /// AWS calls during a start.
    pub(crate) n_calls_of_start: usize,
}

/// One kind of warm event; medians.
pub(crate) struct Warm {
    /// From handing out to the answer.
    pub(crate) wall: Duration,
    /// CPU time of one, as the mean of a round.
    pub(crate) cpu: Duration,
    /// AWS calls of one, in order.
    pub(crate) calls: Vec<String>,
}

/// Whom to measure, and what is known so far.
struct Subject {
    program: Program,
    ready: Vec<Duration>,
    first_event: Vec<Duration>,
    first_answer: Vec<Duration>,
    cold_cpu: Vec<Duration>,
    n_calls_of_start: usize,
}

/// Warm events of one kind so far.
#[derive(Default)]
struct Rounds {
    wall: Vec<Duration>,
    cpu: Vec<Duration>,
    calls: Vec<String>,
}

/// Measures all.
pub(crate) async fn all(places: &Places) -> Outcome<Figures> {
    let (world, peers_world) = (World::new().await, World::new().await);
    let mut classifier = Subject::new("classifier", places.unpack("classifier")?, &world, places);
    let mut escalation = Subject::new("escalation", places.unpack("escalation")?, &world, places);
    let mut peer = Subject::new("peer", places.python.clone(), &peers_world, places);
    peer.program.arguments = vec![places.peer.clone().into(), STATE_MACHINE.into()];
    install_policy(&classifier.program).await?;
    let (mut alarms, mut ticks) = (Alarms::default(), Ticks { world, n: 0 });

    // The first of each reads programs from disk, which says more of the disk.
    for round in 0..=COLD_STARTS {
        if round == 1 {
            [&mut classifier, &mut peer, &mut escalation].into_iter().for_each(Subject::forget);
        }
        let alarm = alarms.next();
        classifier.start_cold(alarm.clone()).await?;
        peer.start_cold(alarm).await?;
        escalation.start_cold(ticks.next()?).await?;
    }

    let mut of_classifier = Turns::begin(&classifier.program).await?;
    let mut of_peer = Turns::begin(&peer.program).await?;
    let mut of_escalation = Turns::begin(&escalation.program).await?;
    let (n_rounds, n_events) = WARM;
    for round in 0..=n_rounds {
        if round == 1 {
            // The first warms up.
            [&mut of_classifier, &mut of_peer, &mut of_escalation].into_iter().for_each(Turns::forget);
        }
        let alarms: Vec<String> = (0..n_events).map(|_| alarms.next()).collect();
        of_classifier.take_new(&alarms).await?;
        of_peer.take_new(&alarms).await?;
        let ticks = (0..n_events).map(|_| ticks.next()).collect::<Outcome<Vec<String>>>()?;
        of_escalation.take_new(&ticks).await?;
        // Now that the incidents' clocks have ticked, a repeated alarm is no more
        // than that.
        of_classifier.take_known(&alarms).await?;
        of_peer.take_known(&alarms).await?;
        of_escalation.take_known(&ticks).await?;
    }
    let figures = Figures {
        classifier: of_classifier.end(&classifier).await?,
        escalation: of_escalation.end(&escalation).await?,
        peer: of_peer.end(&peer).await?,
    };
    figures.are_comparable()?;
    Ok(figures)
}

impl Figures {
    /// A peer that makes other calls than the classifier is none.
    fn are_comparable(&self) -> Outcome<()> {
        let pairs = [(&self.classifier.new, &self.peer.new), (&self.classifier.known, &self.peer.known)];
        match pairs.into_iter().find(|(ours, theirs)| ours.calls != theirs.calls) {
            None => Ok(()),
            Some((ours, theirs)) => Err(format!(
                "the classifier calls {}, the function in tests/benches/peer.py {}: it must make the same calls",
                ours.calls.join(", "),
                theirs.calls.join(", ")
            )),
        }
    }
}

/// The classifier puts a policy in force: every alarm is an incident of its own,
/// and pages at once.
async fn install_policy(classifier: &Program) -> Outcome<()> {
    let policy = json!({
        "classify": [{"name": "all", "set": {"priority": "P1"}}],
        "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "5m"},
        "receivers": [{"name": "team", "escalation_policy": "climb", "sns_configs": [{"topic": "team", "class": "chat"}]}],
        "users": [{"id": "ann", "contact_methods": [{"class": "page", "topic": "ann"}]}],
        "escalation_policies": [{"name": "climb", "escalation_rules": [
            {"escalation_delay_in_minutes": 60, "targets": [{"type": "user", "id": "ann"}]}]}],
        "deployment": classifier.world.deployment(TOPICS),
    });
    let payload = json!({"watchkeeper": {"install_policy": {"file": "policy.yaml", "source": "", "policy": policy}}});
    let mut process = classifier.start().await?;
    process.ready().await?;
    process.invoke(payload.to_string()).await?;
    process.end().await
}

impl Subject {
    fn new(name: &'static str, file: PathBuf, world: &World, places: &Places) -> Subject {
        let log = places.work.join(format!("{name}.log"));
        Subject {
            program: Program { name, file, arguments: Vec::new(), world: world.clone(), log, memory_mb: 256 },
            ready: Vec::new(),
            first_event: Vec::new(),
            first_answer: Vec::new(),
            cold_cpu: Vec::new(),
            n_calls_of_start: 0,
        }
    }

    fn forget(&mut self) {
        for figures in [&mut self.ready, &mut self.first_event, &mut self.first_answer, &mut self.cold_cpu] {
            figures.clear();
        }
    }

    /// One cold start with its first event.
    async fn start_cold(&mut self, payload: String) -> Outcome<()> {
        let world = &self.program.world;
        world.forget_calls();
        let mut process = self.program.start().await?;
        self.ready.push(process.ready().await?);
        self.n_calls_of_start = world.calls().len();
        let answer = process.invoke(payload).await?;
        self.first_event.push(answer.took);
        self.first_answer.push(process.since_exec(&answer));
        self.cold_cpu.push(process.cpu().await?);
        process.end().await
    }
}

/// One process that takes warm events, round by round.
struct Turns<'p> {
    process: Process<'p>,
    world: &'p World,
    new: Rounds,
    known: Rounds,
}

impl<'p> Turns<'p> {
    async fn begin(program: &'p Program) -> Outcome<Turns<'p>> {
        let mut process = program.start().await?;
        process.ready().await?;
        Ok(Turns { process, world: &program.world, new: Rounds::default(), known: Rounds::default() })
    }

    async fn take_new(&mut self, payloads: &[String]) -> Outcome<()> {
        self.new.add(&mut self.process, self.world, payloads).await
    }

    async fn take_known(&mut self, payloads: &[String]) -> Outcome<()> {
        self.known.add(&mut self.process, self.world, payloads).await
    }

    fn forget(&mut self) {
        (self.new, self.known) = (Rounds::default(), Rounds::default());
    }

    async fn end(self, subject: &Subject) -> Outcome<Figure> {
        let resident = self.process.resident()?;
        self.process.end().await?;
        Ok(Figure {
            ready: median(&subject.ready),
            first_event: median(&subject.first_event),
            first_answer: median(&subject.first_answer),
            cold_cpu: median(&subject.cold_cpu),
            new: self.new.figures(),
            known: self.known.figures(),
            resident,
            n_calls_of_start: subject.n_calls_of_start,
        })
    }
}

impl Rounds {
    async fn add(&mut self, process: &mut Process<'_>, world: &World, payloads: &[String]) -> Outcome<()> {
        world.forget_calls();
        let before = process.cpu().await?;
        for payload in payloads {
            self.wall.push(process.invoke(payload.clone()).await?.took);
        }
        let used = process.cpu().await?.saturating_sub(before);
        self.cpu.push(used / u32::try_from(payloads.len()).unwrap_or(u32::MAX));
        let calls = world.calls();
        let of_the_last = &calls[calls.len() - calls.len() / payloads.len()..];
        self.calls = of_the_last.iter().map(|call| format!("{} {}", call.service, call.operation)).collect();
        Ok(())
    }

    fn figures(&self) -> Warm {
        Warm { wall: median(&self.wall), cpu: median(&self.cpu), calls: self.calls.clone() }
    }
}

/// Alarms, each of which opens an incident.
#[derive(Default)]
struct Alarms {
    n: u32,
}

impl Alarms {
    fn next(&mut self) -> String {
        self.n += 1;
        let dimensions = [("ClusterName", "orders"), ("ServiceName", "orders-api")];
        alarm(&format!("orders-api-cpu-{}", self.n), "ALARM", runtime::now(), &dimensions, ("AWS/ECS", "CPUUtilization"))
    }
}

/// First ticks of the incidents that were opened, in order.
struct Ticks {
    world: World,
    n: usize,
}

impl Ticks {
    fn next(&mut self) -> Outcome<String> {
        let executions = self.world.executions();
        let execution = executions.get(self.n).ok_or("the classifier has opened fewer incidents than there were alarms")?;
        self.n += 1;
        let input: Value = serde_json::from_str(&execution.input).map_err(|error| format!("{}: {error}", execution.input))?;
        Ok(json!({"incident_id": input["incident_id"], "seq": input["seq"]}).to_string())
    }
}

/// The one in the middle; nothing if there is none.
fn median(figures: &[Duration]) -> Duration {
    let mut figures = figures.to_vec();
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
