//! Which files are standing orders? Each is checked when it is handed in, stored by its
//! version, and named by the control row.

use aws::store::{Row, Store, StoreError};
use domain::control::{Control, PolicyInForce};
use domain::policy::{Policy, Problems};
use domain::probe::Probes;
use serde_json::Value;

/// A file that is installed as a whole, or not at all.
pub trait Standing: Sized + Send + Sync {
    /// What people call it: `policy`.
    const WHAT: &'static str;
    /// How a failure is named when one is refused: `PolicyRefused`.
    const REFUSED: &'static str;

    /// Reads its content, with every check.
    ///
    /// # Errors
    /// All that is wrong.
    fn check(content: &Value) -> Result<Self, Problems>;

    /// Reads content that was checked when it was installed.
    ///
    /// # Errors
    /// What makes it unusable.
    fn load(content: &Value) -> Result<Self, Problems>;

    /// Its version, a digest of the content.
    fn version(&self) -> &str;

    /// Which one is in force.
    fn named(control: &Control) -> Option<&PolicyInForce>;

    /// Where the control row says which one is in force.
    fn name(control: &mut Control) -> &mut Option<PolicyInForce>;

    /// The row that holds its content.
    fn row(version: String, content: Value) -> Row;

    /// The stored content of a version, if there is any.
    fn content(store: &Store, version: &str) -> impl Future<Output = Result<Option<Value>, StoreError>> + Send;
}

impl Standing for Policy {
    const WHAT: &'static str = "policy";
    const REFUSED: &'static str = "PolicyRefused";

    fn check(content: &Value) -> Result<Policy, Problems> {
        Policy::check(content)
    }

    fn load(content: &Value) -> Result<Policy, Problems> {
        Policy::load(content)
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn named(control: &Control) -> Option<&PolicyInForce> {
        control.policy.as_ref()
    }

    fn name(control: &mut Control) -> &mut Option<PolicyInForce> {
        &mut control.policy
    }

    fn row(version: String, content: Value) -> Row {
        Row::Policy(version, content)
    }

    async fn content(store: &Store, version: &str) -> Result<Option<Value>, StoreError> {
        store.policy(version).await
    }
}

impl Standing for Probes {
    const WHAT: &'static str = "probes file";
    const REFUSED: &'static str = "ProbesRefused";

    fn check(content: &Value) -> Result<Probes, Problems> {
        Probes::check(content)
    }

    fn load(content: &Value) -> Result<Probes, Problems> {
        Probes::load(content)
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn named(control: &Control) -> Option<&PolicyInForce> {
        control.probes.as_ref()
    }

    fn name(control: &mut Control) -> &mut Option<PolicyInForce> {
        &mut control.probes
    }

    fn row(version: String, content: Value) -> Row {
        Row::Probes(version, content)
    }

    async fn content(store: &Store, version: &str) -> Result<Option<Value>, StoreError> {
        store.probes(version).await
    }
}
