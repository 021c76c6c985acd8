//! Standing orders come in: check them with the code that will use them, and only
//! then put them in force.

use aws::store::{CommitError, Expect, Row, Store, StoreError, Write};
use domain::control::PolicyInForce;
use domain::policy::Policy;
use jiff::Timestamp;
use runtime::{Failure, conflict_pause};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info;

/// How often an installation is tried while operators change the same row.
const ATTEMPTS_MAX: u32 = 8;

/// A policy that somebody wants in force.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proposal {
    /// The file's name, for messages.
    file: String,
    /// The file's text, to find lines in.
    source: String,
    /// Its content.
    policy: Value,
}

fn checked(proposal: &Proposal) -> Result<Policy, Failure> {
    let refused = |problems: &domain::policy::Problems| {
        let n_problems = problems.0.len();
        let s = if n_problems == 1 { "" } else { "s" };
        let lines = problems.show(&proposal.file, &proposal.source);
        Failure::new("PolicyRefused", format!("{n_problems} problem{s}; the policy in force stays as it is\n{lines}"))
    };
    let policy = Policy::check(&proposal.policy).map_err(|problems| refused(&problems))?;
    let deployment = &policy.deployment;
    let missing: Vec<&str> = [
        ("failsafe_topic", &deployment.failsafe_topic),
        ("state_machine", &deployment.state_machine),
        ("console_url", &deployment.console_url),
    ]
    .into_iter()
    .filter(|(_, value)| value.is_empty())
    .map(|(name, _)| name)
    .collect();
    if !missing.is_empty() {
        let message = format!("the deployment lacks {}; Terraform adds it, see infra/policy.tf", missing.join(", "));
        return Err(Failure::new("PolicyRefused", message));
    }
    Ok(policy)
}

/// Checks a policy and puts it in force.
pub(crate) async fn install(store: &Store, now: Timestamp, proposal: &Proposal) -> Result<Value, Failure> {
    let version = checked(proposal)?.version;
    for attempt in 0..ATTEMPTS_MAX {
        let stored = store.control().await?;
        let mut control = stored.as_ref().map(|stored| stored.value.clone()).unwrap_or_default();
        let previous = match control.policy.take() {
            Some(before) if before.version == version => {
                if is_usable(store, &version).await? {
                    return Ok(json!({"version": version, "changed": false}));
                }
                // Its row was damaged; the same content again mends it.
                before.previous
            }
            before => before.map(|before| before.version),
        };
        control.policy = Some(PolicyInForce { version: version.clone(), previous, installed_at: now });
        let writes = vec![
            Write::Put(Row::Policy(version.clone(), proposal.policy.clone()), Expect::Anything),
            Write::over(Row::Control(control), stored.as_ref()),
        ];
        match store.commit(writes).await {
            Ok(()) => {
                info!(policy_version = version, "policy installed");
                return Ok(json!({"version": version, "changed": true}));
            }
            Err(CommitError::Conflict { .. }) => tokio::time::sleep(conflict_pause(attempt, 0)).await,
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
    }
    Err(Failure::new("Later", "others kept changing the control row; apply again"))
}

/// Whether the stored policy of this version can be used.
async fn is_usable(store: &Store, version: &str) -> Result<bool, Failure> {
    match store.policy(version).await {
        Ok(content) => Ok(content.is_some_and(|content| Policy::load(&content).is_ok())),
        Err(StoreError::Unreadable { .. }) => Ok(false),
        Err(error @ StoreError::Aws(_)) => Err(error.into()),
    }
}
