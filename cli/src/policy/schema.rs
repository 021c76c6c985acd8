//! Print the JSON Schema of the policy file, for editors.

use crate::args::Global;
use crate::fault::Fault;

pub(crate) const ABOUT: &str = "\
Example:
  watchkeeper policy schema";

/// What is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {}

pub(crate) fn run(_: &Global, _: &SchemaArgs) -> Result<(), Fault> {
    Err(Fault::No("not there yet".to_owned()))
}
