//! Run the tests of a policy.

use std::path::PathBuf;

use crate::args::Global;
use crate::fault::Fault;

pub(crate) const ABOUT: &str = "\
Example:
  watchkeeper policy test infra/policy/policy.yaml";

/// What is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// The file, in YAML or JSON.
    pub(crate) file: PathBuf,
}

pub(crate) fn run(_: &Global, _: &TestArgs) -> Result<(), Fault> {
    Err(Fault::No("not there yet".to_owned()))
}
