//! Print the JSON Schema of the policy file, for editors.

use crate::show;

pub(crate) const ABOUT: &str = "\
Editors with a YAML language server complete and check a file that names the
schema in its first line:
  # yaml-language-server: $schema=policy.schema.json

Example:
  watchkeeper policy schema > policy.schema.json";

/// What is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {}

pub(crate) fn run(_: &SchemaArgs) {
    show::json(&domain::policy::source::schema());
}
