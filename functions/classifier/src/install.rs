//! A policy comes in: it needs what only Terraform knows, besides what every check of
//! a policy asks for.

use aws::store::Store;
use domain::policy::Policy;
use jiff::Timestamp;
use runtime::Failure;
use runtime::install::Proposal;
use serde_json::Value;

/// Checks a policy and puts it in force.
pub(crate) async fn install(store: &Store, now: Timestamp, proposal: &Proposal) -> Result<Value, Failure> {
    let policy = proposal.checked::<Policy>()?;
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
    proposal.install(store, now, &policy).await
}
