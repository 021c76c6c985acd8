//! Synthetic flows: checked, run from here, exported; and what their runs have come to.

mod check;
mod export;
mod har;
mod history;
mod hurl;
mod list;
mod run;
mod schema;
mod secrets;
mod show;
mod stored;
mod variables;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use domain::policy::unknown;
use domain::probe::{Flow, Probes};

use crate::args::Global;
use crate::context::Context;
use crate::fault::Fault;
use crate::file::{Kind, SourceFile};

pub(crate) use self::stored::percentile;

/// The file that Terraform installs, from the root of the repository.
const FILE: &str = "infra/policy/probes.yaml";

pub(crate) const ABOUT: &str = "\
A flow is what a user does, in steps. Flows stand in infra/policy/probes.yaml,
which `terraform apply` installs; docs/probes.md says what every key means.
`check`, `run`, `export` and `schema` work on the file and ask AWS nothing;
`list`, `show` and `history` say how the flows in force fare.

Examples:
  watchkeeper probes check infra/policy/probes.yaml
  watchkeeper probes run --flow create-order
  watchkeeper probes list";

/// About synthetic flows.
#[derive(Debug, Subcommand)]
pub(crate) enum ProbesCommand {
    /// Check a file of probes: every mistake with its line, and what it costs.
    #[command(after_help = check::about())]
    Check(check::CheckArgs),
    /// Run flows from here, and show where their time goes.
    #[command(after_help = run::ABOUT)]
    Run(run::RunArgs),
    /// Write the flows for another tool.
    #[command(
        after_help = export::ABOUT,
        override_usage = "watchkeeper probes export --hurl [OPTIONS]"
    )]
    Export(export::ExportArgs),
    /// Print the JSON Schema of the file of probes, for editors.
    #[command(after_help = schema::ABOUT)]
    Schema(schema::SchemaArgs),
    /// List flows with how they fare in each Region.
    #[command(after_help = list::ABOUT)]
    List,
    /// Show how a flow fares, and what fails.
    #[command(after_help = show::ABOUT)]
    Show {
        /// The flow's id.
        id: String,
    },
    /// Show the last runs of a flow, and how long they took.
    #[command(after_help = history::ABOUT)]
    History {
        /// The flow's id.
        id: String,
        /// Only those in this Region.
        #[arg(long = "in", value_name = "REGION")]
        only: Option<String>,
    },
}

pub(crate) async fn run(global: Global, command: ProbesCommand) -> Result<(), Fault> {
    match command {
        ProbesCommand::Check(args) => check::run(&global, &args),
        ProbesCommand::Run(args) => run::run(&global, &args).await,
        ProbesCommand::Export(args) => export::run(&global, &args),
        ProbesCommand::Schema(args) => {
            schema::run(&args);
            Ok(())
        }
        ProbesCommand::List => list::run(&Context::open(global).await?).await,
        ProbesCommand::Show { id } => show::run(&Context::open(global).await?, &id).await,
        ProbesCommand::History { id, only } => history::run(&Context::open(global).await?, &id, only.as_deref()).await,
    }
}

/// Which flows are meant.
#[derive(Debug, clap::Args)]
pub(crate) struct Choice {
    /// The file of probes, if not infra/policy/probes.yaml.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only this flow; may be given more than once.
    #[arg(long = "flow", value_name = "ID")]
    flows: Vec<String>,
}

impl Choice {
    /// The file's content, which must be right.
    ///
    /// # Errors
    /// [`Fault::Usage`] when there is no such file, or it has mistakes: all of them, each
    /// with its place.
    fn probes(&self) -> Result<Probes, Fault> {
        // Whatever keeps the file from being used, the question was not right.
        let file = open(self.file.as_deref()).map_err(|fault| Fault::Usage(fault.text().to_owned()))?;
        let read = file.content().and_then(|value| Probes::check(&value));
        read.map_err(|problems| Fault::Usage(problems.show(&file.name, &file.text)))
    }

    /// The flows that are meant, each once, in the file's order.
    ///
    /// # Errors
    /// [`Fault::Usage`] when there is none, or none of that name.
    fn of<'p>(&self, probes: &'p Probes) -> Result<Vec<&'p Flow>, Fault> {
        let ids = || probes.flows.iter().map(|flow| flow.id.as_str());
        if let Some(wrong) = self.flows.iter().find(|wanted| ids().all(|id| id != wanted.as_str())) {
            return Err(Fault::Usage(unknown("flow", wrong, ids())));
        }
        if probes.flows.is_empty() {
            return Err(Fault::Usage("the file has no flows\nwrite one under `flows:`; docs/probes.md has examples".to_owned()));
        }
        let is_meant = |flow: &&Flow| self.flows.is_empty() || self.flows.contains(&flow.id);
        Ok(probes.flows.iter().filter(is_meant).collect())
    }
}

/// Opens a file of probes, or the one that Terraform installs.
///
/// # Errors
/// [`Fault::Usage`] when there is none, [`Fault::No`] when it is no text.
fn open(path: Option<&Path>) -> Result<SourceFile, Fault> {
    match path {
        Some(path) => SourceFile::open(path, Kind::Probes),
        None if Path::new(FILE).exists() => SourceFile::open(Path::new(FILE), Kind::Probes),
        None => Err(Fault::Usage(format!("there is no file {FILE} here\nname one with --file"))),
    }
}
