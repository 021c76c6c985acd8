//! Print the JSON Schema of the file of probes, for editors.

use crate::show;

pub(crate) const ABOUT: &str = "\
Editors with a YAML language server complete and check a file that names the
schema in its first line:
  # yaml-language-server: $schema=probes.schema.json

Example:
  watchkeeper probes schema > probes.schema.json";

/// What is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {}

pub(crate) fn run(_: &SchemaArgs) {
    show::json(&domain::probe::source::schema());
}
