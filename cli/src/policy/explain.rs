//! Explain what would happen to an alert, and why.

use std::path::PathBuf;

use crate::args::Global;
use crate::fault::Fault;

pub(crate) const ABOUT: &str = "\
Example:
  watchkeeper policy explain infra/policy/policy.yaml";

/// What is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The file, in YAML or JSON.
    pub(crate) file: PathBuf,
}

pub(crate) fn run(_: &Global, _: &ExplainArgs) -> Result<(), Fault> {
    Err(Fault::No("not there yet".to_owned()))
}
