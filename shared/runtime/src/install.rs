//! Standing orders come in: check them with the code that will use them, and only
//! then put them in force.

use aws::store::{CommitError, Expect, Store, StoreError, Write};
use domain::control::PolicyInForce;
use domain::policy::Problems;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info;

use crate::standing::Standing;
use crate::{Failure, conflict_pause};

/// How often an installation is tried while operators change the same row.
const ATTEMPTS_MAX: u32 = 8;

/// A file that somebody wants in force.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The file's name, for messages.
    file: String,
    /// The file's text, to find lines in.
    source: String,
    /// Its content.
    #[serde(rename = "policy", alias = "probes")]
    content: Value,
}

impl Proposal {
    /// The file that it is, with every check.
    ///
    /// # Errors
    /// All that is wrong, a line for each problem with its place in the file.
    pub fn checked<F: Standing>(&self) -> Result<F, Failure> {
        F::check(&self.content).map_err(|problems: Problems| {
            let n_problems = problems.0.len();
            let s = if n_problems == 1 { "" } else { "s" };
            let lines = problems.show(&self.file, &self.source);
            Failure::new(F::REFUSED, format!("{n_problems} problem{s}; the {} in force stays as it is\n{lines}", F::WHAT))
        })
    }

    /// Puts it in force: `file` is what [`Proposal::checked`] made of it.
    ///
    /// # Errors
    /// [`Failure`] when the table cannot be read or written.
    pub async fn install<F: Standing>(&self, store: &Store, now: Timestamp, file: &F) -> Result<Value, Failure> {
        let version = file.version().to_owned();
        for attempt in 0..ATTEMPTS_MAX {
            let stored = store.control().await?;
            let mut control = stored.as_ref().map(|stored| stored.value.clone()).unwrap_or_default();
            let previous = match F::name(&mut control).take() {
                Some(before) if before.version == version => {
                    if is_usable::<F>(store, &version).await? {
                        return Ok(json!({"version": version, "changed": false}));
                    }
                    // Its row was damaged; the same content again mends it.
                    before.previous
                }
                before => before.map(|before| before.version),
            };
            *F::name(&mut control) = Some(PolicyInForce { version: version.clone(), previous, installed_at: now });
            let writes = vec![
                Write::Put(F::row(version.clone(), self.content.clone()), Expect::Anything),
                Write::over(aws::store::Row::Control(Box::new(control)), stored.as_ref()),
            ];
            match store.commit(writes).await {
                Ok(()) => {
                    info!(version, "{} installed", F::WHAT);
                    return Ok(json!({"version": version, "changed": true}));
                }
                Err(CommitError::Conflict { .. }) => tokio::time::sleep(conflict_pause(attempt, 0)).await,
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(Failure::new("Later", "others kept changing the control row; apply again"))
    }
}

/// Whether the stored file of this version can be used.
async fn is_usable<F: Standing>(store: &Store, version: &str) -> Result<bool, Failure> {
    match F::content(store, version).await {
        Ok(content) => Ok(content.is_some_and(|content| F::load(&content).is_ok())),
        Err(StoreError::Unreadable { .. }) => Ok(false),
        Err(error @ StoreError::Aws(_)) => Err(error.into()),
    }
}
