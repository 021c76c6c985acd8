//! What happened? One line of an incident's record.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a line of the timeline is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// The incident was opened, reopened or closed.
    Incident,
    /// An alert changed its state.
    Alert,
    /// It was decided to tell nobody, or nobody yet.
    Held,
    /// It was decided to tell somebody.
    Notify,
    /// A message was handed to its channel.
    Sent,
    /// A message could not be handed over.
    Failed,
    /// Somebody answered, or the answer ran out.
    Answer,
    /// Something about mending.
    Remediation,
    /// Something about Watchkeeper's own clockwork.
    Clock,
}

impl EntryKind {
    /// The kind as a short word, for a column.
    pub const fn word(self) -> &'static str {
        match self {
            EntryKind::Incident => "incident",
            EntryKind::Alert => "alert",
            EntryKind::Held => "held",
            EntryKind::Notify => "notify",
            EntryKind::Sent => "sent",
            EntryKind::Failed => "failed",
            EntryKind::Answer => "answer",
            EntryKind::Remediation => "remedy",
            EntryKind::Clock => "clock",
        }
    }
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Tells entries of one moment apart and keeps their order; the same entry
    /// written twice has the same key.
    pub key: String,
    /// What about.
    pub kind: EntryKind,
    /// What happened, as a sentence without its full stop.
    pub text: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// Who did it, if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Writes entries with keys in order.
#[derive(Debug, Clone)]
pub struct Scribe {
    at: Timestamp,
    prefix: String,
    entries: Vec<Entry>,
}

impl Scribe {
    /// A scribe for one decision at `at`. `prefix` tells it from others of the
    /// same moment.
    pub fn new(at: Timestamp, prefix: impl Into<String>) -> Scribe {
        Scribe { at, prefix: prefix.into(), entries: Vec::new() }
    }

    /// Notes something, with the reasons.
    pub fn note(&mut self, kind: EntryKind, text: impl Into<String>, because: Vec<String>) {
        self.note_by(kind, text, because, None);
    }

    /// Notes something that a person did.
    pub fn note_by(&mut self, kind: EntryKind, text: impl Into<String>, because: Vec<String>, by: Option<String>) {
        let key = format!("{}-{:02}", self.prefix, self.entries.len());
        self.entries.push(Entry { at: self.at, key, kind, text: text.into(), because, by });
    }

    /// All that was noted.
    pub fn finish(self) -> Vec<Entry> {
        self.entries
    }
}
