//! What is a person asked? Whether a remediation may be carried out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::remediation::{Remedy, Stage};

/// A request for approval. Whatever differs in any part of it is another question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The remediation's name.
    pub remediation: String,
    /// What would be done, as the end of a sentence: `reboot db-1`.
    pub does: String,
    /// Until when it can be answered, exclusive.
    pub expires_at: Timestamp,
}

impl Question {
    /// What a remediation asks at `now`; none when it does not wait for an answer
    /// that would still count.
    pub fn open(now: Timestamp, remedy: &Remedy) -> Option<Question> {
        match &remedy.stage {
            Stage::Asked { expires_at, plan, .. } if now < *expires_at => {
                Some(Question { remediation: remedy.name.clone(), does: plan.sentence(), expires_at: *expires_at })
            }
            Stage::Asked { .. }
            | Stage::Proposed
            | Stage::Observing { .. }
            | Stage::Approved { .. }
            | Stage::Claimed { .. }
            | Stage::Acting { .. }
            | Stage::Verifying { .. }
            | Stage::Holding { .. }
            | Stage::Reverting { .. }
            | Stage::Over { .. } => None,
        }
    }
}
