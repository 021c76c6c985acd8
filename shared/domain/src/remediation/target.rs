//! What does a remediation act on?

use serde::{Deserialize, Serialize};

/// What a remediation acts on: a kind of thing, and its name among these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The kind, as people call it: `ECS service`.
    pub kind: String,
    /// Its name: `cluster/service`, an instance's identifier, and so on.
    pub name: String,
}

impl Target {
    /// A target.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Target {
        Target { kind: kind.into(), name: name.into() }
    }

    /// The two halves of a name that has them: of `main/api`, `main` and `api`.
    pub fn halves(&self) -> (&str, &str) {
        self.name.split_once('/').unwrap_or(("", &self.name))
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}
