//! What does a rehearsal show? Messages, lines of records, and what became of alerts.

use jiff::Timestamp;

use crate::classify::Classification;
use crate::id::IncidentId;
use crate::notice::NoticeKind;
use crate::policy::{Address, Class};
use crate::priority::Priority;
use crate::route::Routed;
use crate::timeline::EntryKind;

/// A message that people would have got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// When.
    pub at: Timestamp,
    /// About which incident.
    pub incident: IncidentId,
    /// The incident's priority then.
    pub priority: Priority,
    /// What it says.
    pub kind: NoticeKind,
    /// The receiver or the person.
    pub to: String,
    /// By which kind of way.
    pub class: Class,
    /// Where it goes.
    pub address: Address,
    /// Which messages were decided on together: the incident's rounds, from 1.
    pub round: u32,
    /// Why.
    pub because: String,
}

/// A line of an incident's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Whose record.
    pub incident: IncidentId,
    /// What about.
    pub kind: EntryKind,
    /// What happened.
    pub text: String,
    /// Why.
    pub because: Vec<String>,
}

/// What became of an alert that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What it did, in a word: `opens`, `joins`, `reopens`, `recovers`, `duplicate`.
    pub verb: &'static str,
    /// The incident that it belongs to.
    pub incident: Option<IncidentId>,
    /// What it is about.
    pub classification: Classification,
    /// Where it goes.
    pub routed: Routed,
    /// Why.
    pub because: Vec<String>,
}
