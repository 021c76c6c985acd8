//! How urgent? P1 to P4.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The priority of an alert or incident. The most urgent one orders first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Priority {
    /// All users affected, data at risk: people are called at once, day or night.
    P1,
    /// A feature is broken or slow: the team on duty is told at once.
    P2,
    /// No immediate harm: people are told, nobody is woken.
    P3,
    /// For the record: goes to the backlog.
    P4,
}

impl Priority {
    /// All priorities, most urgent first.
    pub const ALL: [Priority; 4] = [Priority::P1, Priority::P2, Priority::P3, Priority::P4];

    /// The priority in one word, for people.
    pub const fn word(self) -> &'static str {
        match self {
            Priority::P1 => "critical",
            Priority::P2 => "high",
            Priority::P3 => "moderate",
            Priority::P4 => "low",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Priority::P1 => "P1",
            Priority::P2 => "P2",
            Priority::P3 => "P3",
            Priority::P4 => "P4",
        })
    }
}

impl FromStr for Priority {
    type Err = String;

    /// Reads `P1` to `P4`, in either case.
    ///
    /// # Errors
    /// A sentence that names what was given and what is possible.
    fn from_str(text: &str) -> Result<Priority, String> {
        Priority::ALL
            .into_iter()
            .find(|p| p.to_string().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("`{text}` is not a priority; there are P1, P2, P3 and P4"))
    }
}
