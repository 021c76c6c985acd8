//! What do people work on? An incident: one for each group of alerts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::{Alert, Fingerprint, History};
use crate::classify::Classification;
use crate::id::IncidentId;
use crate::inhibit::SourceKey;
use crate::labels::Labels;
use crate::mute::Muting;
use crate::priority::Priority;
use crate::question::Question;
use crate::route::{GroupKey, Settings};
use crate::timeline::{Entry, EntryKind, Scribe};

/// An incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its name.
    pub id: IncidentId,
    /// The group of alerts that it stands for.
    pub group: GroupKey,
    /// What it is about, in a few words.
    pub title: String,
    /// What the alarm is about, in the words of who made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Why the alarm changed its state.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// How urgent it is: the most urgent of its firing alerts so far.
    pub priority: Priority,
    /// The labels of the alert that opened it.
    pub labels: Labels,
    /// Where to read what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// Who is told.
    pub receivers: Vec<String>,
    /// How, by the route that owns it.
    pub settings: Settings,
    /// When receivers are told that are not always: by receiver, of every route that
    /// leads to it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub muting: BTreeMap<String, Vec<Muting>>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Where it stands.
    pub status: Status,
    /// What people have been told.
    pub told: Option<Told>,
    /// Whether people were told that a remediation helped.
    #[serde(default)]
    pub mended_told: bool,
    /// The open questions that people were told of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<Question>,
    /// The reason last noted for telling nobody: all alerts are suppressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<String>,
    /// The reason last noted for waiting: for a remediation, or for what it
    /// changed to be put back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    /// The alerts of which people were told that they flap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flapping: Vec<Fingerprint>,
    /// For how many incidents this one speaks, in a storm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storm: Option<u32>,
    /// How many rounds of messages were decided on.
    #[serde(default)]
    pub n_rounds: u32,
    /// Its clock.
    pub clock: Clock,
    /// When the clock is due next.
    pub wake_at: Timestamp,
    /// Whether something is or was to be mended.
    #[serde(default)]
    pub has_remedies: bool,
    /// Under which keys it is noted as a cause; true where one-sided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<(SourceKey, bool)>,
    /// Why it is classified and routed as it is.
    pub because: Vec<String>,
}

/// Where an incident stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Status {
    /// Nobody has answered.
    Triggered,
    /// Somebody has.
    Acknowledged {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// Whether the channels know.
        told: bool,
    },
    /// It is over, but the same alert would reopen it.
    Resolved {
        /// When.
        at: Timestamp,
        /// By what.
        how: Resolution,
        /// Whether the channels know.
        told: bool,
        /// Until when an alert reopens it.
        linger_until: Timestamp,
    },
    /// It is over.
    Closed {
        /// When.
        at: Timestamp,
    },
}

/// What ended an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "who", rename_all = "kebab-case")]
pub enum Resolution {
    /// All alerts are OK.
    Recovered,
    /// A person said so.
    By(String),
    /// Nobody did for as long as the escalation policy allows.
    TimedOut,
}

/// What people have been told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When first.
    pub first_at: Timestamp,
    /// When last.
    pub last_at: Timestamp,
    /// How far the climb has come.
    pub ladder: Ladder,
    /// Firing alerts that were suppressed then, and so were not spoken of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Fingerprint>,
    /// Receivers that are muted at this hour, and hear of it later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaiting: Vec<String>,
}

/// How far the climb has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Ladder {
    /// This priority does not climb, or there is no escalation policy.
    Off,
    /// The next rule is due at a time.
    Climbing {
        /// How often the last rule has been passed.
        n_loops: u32,
        /// The rule that is due next, from 0.
        next_rule: usize,
        /// When.
        next_at: Timestamp,
    },
    /// Nobody answered; it starts again at a time.
    Spent {
        /// When.
        again_at: Timestamp,
    },
}

impl Ladder {
    /// When the climb goes on; never, where it does not climb.
    pub const fn due_at(&self) -> Option<Timestamp> {
        match self {
            Ladder::Off => None,
            Ladder::Climbing { next_at, .. } => Some(*next_at),
            Ladder::Spent { again_at } => Some(*again_at),
        }
    }
}

/// The clock of an incident: which execution of the state machine drives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The newest execution that has ticked. A later start has a higher number.
    pub seq: i64,
    /// Whether it has ticked at all.
    pub confirmed: bool,
    /// How often this execution has ticked.
    pub n_ticks: u32,
    /// How often the sweeper has had to restart it.
    #[serde(default)]
    pub n_restarts: u32,
}

/// What is known of one alert: the row of every member of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// The alert as of its newest state.
    pub alert: Alert,
    /// What was found out about it.
    pub classification: Classification,
    /// Its transitions.
    pub history: History,
    /// The group that it belongs to.
    pub group: GroupKey,
    /// The incident that it belongs to, or belonged to last.
    pub incident: Option<IncidentId>,
    /// What came in and changed nothing.
    #[serde(default)]
    pub ignored: Ignored,
}

impl AlertRecord {
    /// Whether the alert is firing.
    pub fn is_firing(&self) -> bool {
        self.history.is_firing()
    }

    /// When we heard of the state that it is in now.
    pub fn heard_at(&self) -> Option<Timestamp> {
        self.history.deciding().map(|transition| transition.received_at)
    }
}

/// What came in for an alert and changed nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ignored {
    /// The same transition again.
    pub n_duplicates: u32,
    /// A transition older than the newest known.
    pub n_older: u32,
    /// The reason last given.
    pub because: String,
}

/// The row that says which incident of a group is open.
#[expect(clippy::struct_excessive_bools, reason = "facts that are stored, and independent of each other")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The group.
    pub group: GroupKey,
    /// The incident.
    pub incident: IncidentId,
    /// Its priority.
    pub priority: Priority,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Whether its clock has ticked.
    pub confirmed: bool,
    /// Whether it is resolved and may be reopened.
    pub lingering: bool,
    /// Whether something is or was to be mended.
    #[serde(default)]
    pub has_remedies: bool,
    /// Whether nobody is told at the moment: whoever joins wakes the clock, since it
    /// may not be held back.
    #[serde(default)]
    pub held: bool,
    /// Under which keys it is noted as a cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<SourceKey>,
}

impl Incident {
    /// The row that points to this incident; none once it is closed.
    pub fn pointer(&self) -> Option<Pointer> {
        let lingering = match self.status {
            Status::Triggered | Status::Acknowledged { .. } => false,
            Status::Resolved { .. } => true,
            Status::Closed { .. } => return None,
        };
        Some(Pointer {
            group: self.group.clone(),
            incident: self.id.clone(),
            priority: self.priority,
            opened_at: self.opened_at,
            confirmed: self.clock.confirmed,
            lingering,
            has_remedies: self.has_remedies,
            held: self.suppressed.is_some(),
            causes: self.causes.iter().map(|(key, _)| key.clone()).collect(),
        })
    }

    /// Whether it is a beat of the watchdog, and nothing that people work on.
    pub fn is_watchdog(&self) -> bool {
        self.group.is_watchdog()
    }

    /// Whether the row is one of an open incident, for the index of those.
    pub fn is_open(&self) -> bool {
        match self.status {
            Status::Triggered | Status::Acknowledged { .. } | Status::Resolved { .. } => true,
            Status::Closed { .. } => false,
        }
    }

    /// The service that it is about.
    pub fn service(&self) -> Option<&str> {
        self.labels.find("service")
    }

    /// The status in one word.
    pub fn status_word(&self) -> &'static str {
        match self.status {
            Status::Triggered => "triggered",
            Status::Acknowledged { .. } => "acknowledged",
            Status::Resolved { .. } | Status::Closed { .. } => "resolved",
        }
    }
}

/// Why a person's answer was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// It is over.
    #[error("incident {0} is resolved already")]
    Over(IncidentId),
}

/// What a person's answer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// The incident's next state, with what to note.
    Changed(Box<Incident>, Vec<Entry>),
    /// It was so already: nothing to write.
    Already(String),
}

/// Somebody takes the incident: the climb stops.
///
/// # Errors
/// [`Unanswerable`] when the incident is over.
pub fn acknowledge(now: Timestamp, incident: &Incident, version: u64, by: &str) -> Result<Answered, Unanswerable> {
    match &incident.status {
        Status::Resolved { .. } | Status::Closed { .. } => Err(Unanswerable::Over(incident.id.clone())),
        Status::Acknowledged { by: first, .. } if first == by => {
            Ok(Answered::Already(format!("{by} has acknowledged it already")))
        }
        Status::Acknowledged { .. } | Status::Triggered => {
            let mut next = incident.clone();
            next.status = Status::Acknowledged { by: by.to_owned(), at: now, told: false };
            let mut scribe = Scribe::new(now, format!("a{version}"));
            scribe.note_by(EntryKind::Answer, acknowledgement(by), Vec::new(), Some(by.to_owned()));
            Ok(Answered::Changed(Box::new(next), scribe.finish()))
        }
    }
}

/// When the incident was first acknowledged, by its record.
pub fn acknowledged_at(timeline: &[Entry]) -> Option<Timestamp> {
    let is_one =
        |entry: &&Entry| entry.kind == EntryKind::Answer && entry.by.as_ref().is_some_and(|by| entry.text == acknowledgement(by));
    timeline.iter().filter(is_one).map(|entry| entry.at).min()
}

fn acknowledgement(by: &str) -> String {
    format!("{by} acknowledged")
}

/// Somebody says that it is over.
///
/// # Errors
/// [`Unanswerable`] when the incident is over.
pub fn resolve(
    now: Timestamp,
    incident: &Incident,
    version: u64,
    by: &str,
    linger: crate::span::Span,
) -> Result<Answered, Unanswerable> {
    match &incident.status {
        Status::Resolved { .. } | Status::Closed { .. } => Err(Unanswerable::Over(incident.id.clone())),
        Status::Acknowledged { .. } | Status::Triggered => {
            let mut next = incident.clone();
            next.status =
                Status::Resolved { at: now, how: Resolution::By(by.to_owned()), told: false, linger_until: linger.after(now) };
            let mut scribe = Scribe::new(now, format!("a{version}"));
            scribe.note_by(EntryKind::Answer, format!("{by} resolved the incident"), Vec::new(), Some(by.to_owned()));
            Ok(Answered::Changed(Box::new(next), scribe.finish()))
        }
    }
}
