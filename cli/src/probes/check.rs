//! Check a file of probes, without asking AWS anything, and say what it costs.

use std::fmt::Write as _;
use std::path::PathBuf;

use domain::policy::Warning;
use domain::probe::lint::KINDS;
use domain::probe::{Probes, cost};
use serde_json::{Value, json};

use super::open;
use crate::args::Global;
use crate::checked::Checked;
use crate::fault::Fault;
use crate::show;

/// The warning of what runs only by hand.
const BY_HAND: &str = "by-hand-only";

/// The help below the options: the kinds of warnings are the domain's.
pub(crate) fn about() -> String {
    let mut about = String::from(
        "\
Nothing is asked of AWS. The exit code is 0 if the file is right, 1 if it has
mistakes, 2 if there is no such file. Of one that is right it is said what it
costs in a month, and what as many runs of CloudWatch Synthetics would. A
warning is of what is right but probably not meant; where it is meant, the file
can say so:

  allow_warnings:
    - {warning: quorum-of-one, at: \"flows[2].regions\", because: one is enough}

Warnings:
",
    );
    for kind in KINDS {
        let _ = writeln!(about, "  {:30}{}", kind.id, kind.meaning);
    }
    let _ = writeln!(about, "  {BY_HAND:30}a secret that only `probes run` can read");
    about.push_str(
        "
Examples:
  watchkeeper probes check infra/policy/probes.yaml
  watchkeeper probes check infra/policy/probes.yaml --deny-warnings
  watchkeeper probes check infra/policy/probes.yaml --json",
    );
    about
}

/// What to check.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The file, in YAML or JSON, if not infra/policy/probes.yaml.
    pub(crate) file: Option<PathBuf>,
    /// Make the exit code 1 for a warning, too.
    #[arg(long)]
    pub(crate) deny_warnings: bool,
}

pub(crate) fn run(global: &Global, args: &CheckArgs) -> Result<(), Fault> {
    let file = open(args.file.as_deref())?;
    let checked = Checked::new(global, &file, args.deny_warnings);
    match file.content().and_then(|content| Probes::check_with_warnings(&content)) {
        Ok((probes, mut warnings)) => {
            warnings.extend(by_hand(&probes));
            let cost = cost::of(&probes);
            let more = json!({"version": probes.version, "dollars_a_month": dollars(&cost)});
            checked.right(&warnings, more, || show::probes(&file.name, &probes, &cost, warnings.len()))
        }
        Err(problems) => Err(checked.wrong(&problems)),
    }
}

/// What keeps the file from being installed, although it is right for runs by hand.
fn by_hand(probes: &Probes) -> Vec<Warning> {
    let problems = probes.installable().into_iter();
    problems.map(|problem| Warning { id: BY_HAND, path: problem.path, message: problem.message }).collect()
}

fn dollars(cost: &cost::Cost) -> Value {
    let cents = |dollars: f64| (dollars * 100.0).round() / 100.0;
    let parts: Vec<Value> =
        cost.lines.iter().map(|line| json!({"what": line.what, "how": line.formula, "dollars": cents(line.dollars)})).collect();
    json!({"total": cents(cost.total), "parts": parts, "runs": cost.runs, "cloudwatch_synthetics": cents(cost.synthetics)})
}
