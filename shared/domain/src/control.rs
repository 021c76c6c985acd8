//! What have operators changed at run time? Silences, planned work, stand-ins,
//! the kill switch, and which policy is in force: one row, read with every event.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::labels::Labels;
use crate::matcher::{Matcher, all_match};
use crate::policy::OverrideSource;

/// Largest number of silences and windows together: the row must stay small,
/// since it is read with every event.
pub const ENTRIES_MAX: usize = 400;

/// What operators have changed at run time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Control {
    /// Which policy is in force.
    pub policy: Option<PolicyInForce>,
    /// Silences and maintenance windows by name.
    pub silences: BTreeMap<String, Silence>,
    /// Stand-ins, by schedule.
    pub overrides: BTreeMap<String, Vec<OverrideSource>>,
    /// Whether remediation is stopped.
    pub kill: KillSwitch,
}

/// Which policy is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyInForce {
    /// Its version.
    pub version: String,
    /// The one before, used should this one turn out unusable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Since when.
    pub installed_at: Timestamp,
}

/// A silence, or a window of planned work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Which of the two.
    pub kind: SilenceKind,
    /// Which alerts; all must match.
    pub matchers: Vec<String>,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when, exclusive.
    pub ends_at: Timestamp,
    /// Who made it.
    pub by: String,
    /// Why.
    pub why: String,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SilenceKind {
    /// Somebody does not want to hear of these alerts.
    Silence,
    /// These alerts are expected: work is going on.
    Maintenance,
}

impl SilenceKind {
    /// The kind in a sentence.
    pub const fn word(self) -> &'static str {
        match self {
            SilenceKind::Silence => "silence",
            SilenceKind::Maintenance => "maintenance window",
        }
    }
}

impl Silence {
    /// Whether it covers an alert with these labels at `now`.
    pub fn covers(&self, now: Timestamp, labels: &Labels) -> bool {
        self.starts_at <= now && now < self.ends_at && {
            let matchers: Option<Vec<Matcher>> = self.matchers.iter().map(|text| Matcher::parse(text).ok()).collect();
            // Matchers are checked before they are stored. Should one be
            // unreadable all the same, the silence covers nothing: better a page
            // too many than one too few.
            matchers.is_some_and(|matchers| !matchers.is_empty() && all_match(&matchers, labels))
        }
    }
}

/// Whether remediation is stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KillSwitch {
    /// All of it.
    pub all: Option<Stop>,
    /// Single remediations by name.
    pub names: BTreeMap<String, Stop>,
}

/// Who stopped it, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

impl KillSwitch {
    /// The stop that holds for a remediation, if any.
    pub fn stops(&self, name: &str) -> Option<&Stop> {
        self.all.as_ref().or_else(|| self.names.get(name))
    }
}

impl Control {
    /// Takes out what ended before `now`, and says whether anything did.
    pub fn prune(&mut self, now: Timestamp) -> bool {
        let before = (self.silences.len(), self.overrides.values().map(Vec::len).sum::<usize>());
        self.silences.retain(|_, silence| silence.ends_at > now);
        for overrides in self.overrides.values_mut() {
            overrides.retain(|exception| exception.end > now);
        }
        self.overrides.retain(|_, overrides| !overrides.is_empty());
        before != (self.silences.len(), self.overrides.values().map(Vec::len).sum::<usize>())
    }
}
