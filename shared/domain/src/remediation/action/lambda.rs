//! A Lambda function, as its actions look at it.

use super::Tags;
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::{Refusal, Target};

/// The kind of target.
const KIND: &str = "Lambda function";

/// Longest name of a function, in characters.
const NAME_MAX: usize = 64;

/// A Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaFacts {
    /// Its state, `Active` when all is well.
    pub state: String,
    /// Whether an update of its code or configuration goes on.
    pub is_updating: bool,
    /// How many of it may run at a time; none if it shares what no function has
    /// reserved.
    pub reserved: Option<u32>,
    /// How many executions of the account and region no function has reserved.
    pub unreserved: u32,
    /// Its tags.
    pub tags: Tags,
}

impl LambdaFacts {
    /// How many of it may run at a time, at most.
    pub fn present(&self) -> u32 {
        self.reserved.unwrap_or(self.unreserved)
    }

    /// Refuses when the function is not there for long.
    pub(super) fn must_be_active(&self) -> Result<(), Refusal> {
        if self.state == "Active" {
            Ok(())
        } else {
            Err(Refusal::unfit("active", format!("the function is {}, not Active", self.state)))
        }
    }

    /// Refuses while the function is updated.
    pub(super) fn must_not_be_updating(&self) -> Result<(), Refusal> {
        if self.is_updating { Err(Refusal::unfit("update", "an update of the function is in progress")) } else { Ok(()) }
    }
}

/// The function that an alert's dimensions name. Only a bare name is one: an ARN may
/// be of another account, and one function must not have two names.
pub(super) fn of_labels(labels: &Labels) -> Option<Target> {
    let is_in_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let name = labels.find("FunctionName").filter(|name| name.len() <= NAME_MAX && name.chars().all(is_in_name))?;
    Some(Target::new(KIND, name))
}

/// The function that the catalogue has.
pub(super) fn of_service(service: &Service) -> Option<Target> {
    service.lambda.as_ref().map(|lambda| Target::new(KIND, &lambda.function))
}
