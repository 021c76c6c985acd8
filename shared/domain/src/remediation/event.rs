//! What do others hear of a remediation? Each change of its stage, as an event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Stage;

/// The `source` of these events.
pub const SOURCE: &str = "watchkeeper.remediation";
/// Their `detail-type`.
pub const DETAIL_TYPE: &str = "Remediation Stage Change";

/// A change of stage that may not have been published yet. It is stored with the
/// change, so that it is published though the run ends in between; it may be
/// published more than once, with the same `reference`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Names this change: the incident, the remediation and the change's number.
    pub reference: String,
    /// When.
    pub at: Timestamp,
    /// The new stage, as one word.
    pub stage: String,
    /// The new stage in a sentence.
    pub sentence: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// Who did it, if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl Announcement {
    /// The change to `stage`.
    pub(super) fn new(reference: String, at: Timestamp, stage: &Stage, because: &[String]) -> Announcement {
        Announcement {
            reference,
            at,
            stage: stage.word().to_owned(),
            sentence: stage.sentence(),
            because: because.to_vec(),
            by: stage.by().map(str::to_owned),
        }
    }
}
