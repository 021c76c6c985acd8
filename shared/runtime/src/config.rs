//! Configuration from the environment: the one door to it.

/// The value of an environment variable, unless it is unset or empty.
#[expect(clippy::disallowed_methods, reason = "this is the one door to the environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable without which a function cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {0} is not set; Terraform sets it, see infra/")]
pub struct Unset(String);

/// The value of an environment variable.
///
/// # Errors
/// [`Unset`] when it is unset or empty.
pub fn require(name: &str) -> Result<String, Unset> {
    variable(name).ok_or_else(|| Unset(name.to_owned()))
}
