//! Answer questions about a policy: JSON Lines in, JSON Lines out.

use std::path::PathBuf;

use crate::args::Global;
use crate::fault::Fault;

pub(crate) const ABOUT: &str = "\
Example:
  watchkeeper policy eval infra/policy/policy.yaml";

/// What is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct EvalArgs {
    /// The file, in YAML or JSON.
    pub(crate) file: PathBuf,
}

pub(crate) fn run(_: &Global, _: &EvalArgs) -> Result<(), Fault> {
    Err(Fault::No("not there yet".to_owned()))
}
