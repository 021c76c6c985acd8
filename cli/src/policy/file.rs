//! What a policy file holds.

use domain::policy::{Policy, Problems, Warning};
use jiff::Timestamp;

use crate::fault::Fault;
use crate::file::SourceFile;

impl SourceFile {
    /// The policy, with every check.
    ///
    /// # Errors
    /// All [`Problems`] found.
    pub(crate) fn policy(&self) -> Result<Policy, Problems> {
        self.content().and_then(|content| Policy::check(&content))
    }

    /// The policy, with every check and what is probably not what was meant, as of
    /// `now`.
    ///
    /// # Errors
    /// All [`Problems`] found.
    pub(crate) fn policy_with_warnings(&self, now: Timestamp) -> Result<(Policy, Vec<Warning>), Problems> {
        self.content().and_then(|content| Policy::check_with_warnings(&content, now))
    }

    /// The policy for a command that needs it to be right.
    ///
    /// # Errors
    /// [`Fault::No`] with all problems, each on a line with its place.
    pub(crate) fn right_policy(&self) -> Result<Policy, Fault> {
        self.policy().map_err(|problems| Fault::No(problems.show(&self.name, &self.text)))
    }
}
