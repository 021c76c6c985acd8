//! Check the standing orders, without asking AWS anything.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::policy::lint::{KINDS, is_allowed, too_many_pages};
use domain::policy::{Policy, Warning};
use domain::replay::{Catalogue, pages_per_week};
use serde_json::json;

use super::replay::source;
use crate::args::Global;
use crate::checked::Checked;
use crate::fault::Fault;
use crate::file::{Kind, SourceFile};
use crate::show;

/// How often people may be woken in a week, unless said otherwise.
const PAGES_MAX: u32 = 10;

/// The help below the options: the kinds of warnings are the domain's.
pub(crate) fn about() -> String {
    let mut about = String::from(
        "\
Nothing is asked of AWS. The exit code is 0 if the policy is right, 1 if it has
mistakes, 2 if there is no such file. A warning is of what is right but probably
not meant; where it is meant, the file can say so:

  allow_warnings:
    - {warning: p1-only-chat, at: \"route.routes[2]\", because: nobody works there}

Warnings:
",
    );
    for kind in KINDS {
        let _ = writeln!(about, "  {:30}{}", kind.id, kind.meaning);
    }
    about.push_str(
        "
Examples:
  watchkeeper policy check infra/policy/policy.yaml
  watchkeeper policy check infra/policy/policy.yaml --deny-warnings
  watchkeeper policy check infra/policy/policy.yaml --json",
    );
    about
}

/// What to check.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The file, in YAML or JSON.
    pub(crate) file: PathBuf,
    /// Make the exit code 1 for a warning, too.
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// Warn if the alarms of this history would wake people too often.
    #[arg(long, value_name = "FILE")]
    pub(crate) history: Option<PathBuf>,
    /// With --history: how often in a week is not too often.
    #[arg(long, value_name = "N", default_value_t = PAGES_MAX, requires = "history")]
    pub(crate) max_pages_per_week: u32,
}

pub(crate) fn run(global: &Global, args: &CheckArgs) -> Result<(), Fault> {
    let file = SourceFile::open(&args.file, Kind::Policy)?;
    let checked = Checked::new(global, &file, args.deny_warnings);
    match file.policy_with_warnings(runtime::now()) {
        Ok((policy, mut warnings)) => {
            if let Some(history) = &args.history {
                warnings.extend(too_often(&policy, history, args.max_pages_per_week)?);
            }
            let more = json!({"version": policy.version});
            checked.right(&warnings, more, || show::policy(&file.name, &policy, warnings.len()))
        }
        Err(problems) => Err(checked.wrong(&problems)),
    }
}

/// Whom the alarms of a history would wake too often.
fn too_often(policy: &Policy, history: &Path, n_pages_max: u32) -> Result<Vec<Warning>, Fault> {
    let history = source::history(history)?;
    let pages = pages_per_week(&Arc::new(policy.clone()), &history, &Catalogue::new());
    let warnings = pages.into_iter().filter_map(|(who, n_pages)| too_many_pages(&who, n_pages, n_pages_max));
    Ok(warnings.filter(|warning| !is_allowed(&policy.allow_warnings, warning)).collect())
}
