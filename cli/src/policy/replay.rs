//! Play real alarm history through a policy.

use std::path::PathBuf;

use crate::args::Global;
use crate::fault::Fault;

pub(crate) const ABOUT: &str = "\
Example:
  watchkeeper policy replay infra/policy/policy.yaml";

/// What is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// The file, in YAML or JSON.
    pub(crate) file: PathBuf,
}

pub(crate) async fn run(_: &Global, _: &ReplayArgs) -> Result<(), Fault> {
    Err(Fault::No("not there yet".to_owned()))
}
