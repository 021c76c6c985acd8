//! Run flows from here, by the code that runs them in AWS.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::probe::{Flow, Verdict};
use futures_util::{StreamExt as _, stream};
use probing::{Done, Engine, Options, Run};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{Choice, har, secrets};
use crate::args::Global;
use crate::checked::count;
use crate::fault::Fault;
use crate::show;

/// Flows that are run at a time: more would be in each other's way, and in that of what
/// is measured.
const AT_ONCE: usize = 8;
/// What a run may take besides its steps.
const SLACK: Duration = Duration::from_secs(5);
/// How often the line that says how far it is is drawn again.
const TICK: Duration = Duration::from_millis(100);

pub(crate) const ABOUT: &str = "\
Nothing is asked of AWS, nothing stored and nobody told: the flows run here, as
the prober runs them. Secrets may be `env:NAME`, `file:PATH` or, with AWS
credentials, `secretsmanager:ID#KEY`; only those are read that a chosen flow
uses. They are masked in all that is shown and written.

For each step a bar shows where its time went: to find the address (dns), to
connect, to agree on TLS, until the first byte came (ttfb), and to read the
rest. With --json each flow is one line of JSON, written as it ends.

Exit codes:
  0  all are up; or degraded, right but slow, which is said on standard error
  1  one is down
  2  the file or the command line is not right, or a secret is not there
  3  none is down, but of one nothing can be said: there is no way to the
     network from here, or AWS would not give a secret

Examples:
  watchkeeper probes run
  watchkeeper probes run --file probes.yaml --flow login --flow create-order
  watchkeeper probes run --flow create-order --verbose --har order.har
  watchkeeper probes run --json";

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    choice: Choice,
    /// Write all requests and answers, as browsers' tools open them.
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,
    /// Show requests and answers, too.
    #[arg(long)]
    verbose: bool,
}

pub(crate) async fn run(global: &Global, args: &RunArgs) -> Result<(), Fault> {
    if global.json && args.verbose {
        return Err(Fault::Usage("--verbose is for people; for programs there is --har, also with --json".to_owned()));
    }
    let probes = args.choice.probes()?;
    let flows = args.choice.of(&probes)?;
    // Before anything is run: afterwards it would be for nothing.
    let archive = args.har.as_deref().map(create).transpose()?;
    let secrets = secrets::read(global, &probes, &flows).await?;
    let engine = Engine::new(Options::default()).map_err(Fault::Unknown)?;
    let is_recorded = args.verbose || archive.is_some();
    let session = Session { engine, secrets, control: &probes.control, is_recorded };
    let runs = session.run_all(&flows, global.json, args.verbose).await;
    if let (Some(mut file), Some(path)) = (archive, &args.har) {
        let text = format!("{:#}\n", har::archive(&runs));
        file.write_all(text.as_bytes()).map_err(|error| unwritten(path, &error))?;
    }
    if !global.json {
        show::flows_run(&runs);
    }
    verdict(&runs, global.json)
}

fn create(path: &Path) -> Result<File, Fault> {
    File::create(path).map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Fault {
    Fault::Usage(format!("{} cannot be written: {error}", path.display()))
}

/// What runs flows, and what they need.
struct Session<'p> {
    engine: Engine,
    secrets: BTreeMap<String, String>,
    control: &'p [String],
    is_recorded: bool,
}

impl Session<'_> {
    /// Runs flows, some at a time, and tells of each as it ends.
    async fn run_all(&self, flows: &[&Flow], json: bool, verbose: bool) -> Vec<Done> {
        let begun = Instant::now();
        let mut running = stream::iter(flows.iter().enumerate().map(|(n, flow)| self.run(n, flow))).buffer_unordered(AT_ONCE);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut runs: Vec<Done> = Vec::new();
        loop {
            tokio::select! {
                biased;
                ended = running.next() => {
                    show::progress_over();
                    let Some(done) = ended else { return runs };
                    if json {
                        show::flow_line(&done.report);
                    } else {
                        show::flow_run(&done.report, if verbose { &done.exchanges } else { &[] });
                    }
                    runs.push(done);
                }
                _ = ticks.tick() => show::progress_running(runs.len(), flows.len(), begun.elapsed()),
            }
        }
    }

    async fn run(&self, n: usize, flow: &Flow) -> Done {
        let at = runtime::now();
        let id = format!("local-{:x}-{:x}-{n}", at.as_millisecond(), std::process::id());
        let each = flow.steps.iter().chain(&flow.cleanup).map(|step| Duration::from_millis(step.timeout.as_millis()));
        let deadline = Instant::now() + each.sum::<Duration>() + SLACK;
        let run = Run {
            id: &id,
            region: None,
            at,
            secrets: &self.secrets,
            control: self.control,
            deadline,
            credentials: None,
            is_recorded: self.is_recorded,
        };
        self.engine.run(flow, &run).await
    }
}

/// What all of it says.
fn verdict(runs: &[Done], json: bool) -> Result<(), Fault> {
    let of = |wanted: Verdict| -> Vec<&str> {
        runs.iter().filter(|run| run.report.verdict == wanted).map(|run| run.report.flow.as_str()).collect()
    };
    let sentence = |flows: &[&str], what: &str| {
        let are = if flows.len() == 1 { "is" } else { "are" };
        format!("{} of {} {are} {what}: {}", flows.len(), count(runs.len(), "flow"), flows.join(", "))
    };
    let (down, unknown, degraded) = (of(Verdict::Down), of(Verdict::Unknown), of(Verdict::Degraded));
    if !down.is_empty() {
        return Err(Fault::No(sentence(&down, "down")));
    }
    if !unknown.is_empty() {
        let sentence = sentence(&unknown, "unknown");
        return Err(Fault::Unknown(format!("{sentence}\nis there a way to the network from here, a proxy or a firewall?")));
    }
    if !degraded.is_empty() {
        show::note(&sentence(&degraded, "degraded: right, but slow"), json);
    }
    Ok(())
}
