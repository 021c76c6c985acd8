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
    /// Which probes are, if any were ever installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<PolicyInForce>,
    /// Silences and maintenance windows by name.
    pub silences: BTreeMap<String, Silence>,
    /// Stand-ins, by schedule.
    pub overrides: BTreeMap<String, Vec<OverrideSource>>,
    /// Whether remediation is stopped.
    pub kill: KillSwitch,
}

/// Which policy, or which file of probes, is in force.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn silence(matchers: &[&str], from: i64, until: i64) -> Silence {
        Silence {
            kind: SilenceKind::Silence,
            matchers: matchers.iter().map(|matcher| (*matcher).to_owned()).collect(),
            starts_at: at(from),
            ends_at: at(until),
            by: "ann".into(),
            why: "known".into(),
        }
    }

    fn api() -> Labels {
        [("service", "api"), ("env", "prod")].into_iter().collect()
    }

    #[test]
    fn a_silence_covers_from_its_start_to_just_before_its_end() {
        let minute = silence(&["service=api"], 0, 60);
        let moment = |nanosecond| Timestamp::from_nanosecond(at(0).as_nanosecond() + nanosecond).unwrap();
        for (now, wanted) in [
            (moment(-1), false),
            (moment(0), true),
            (at(59), true),
            (moment(60_000_000_000 - 1), true),
            (at(60), false),
            (at(61), false),
        ] {
            assert_eq!(minute.covers(now, &api()), wanted, "{now}");
        }
        assert!(!silence(&["service=api"], 60, 60).covers(at(60), &api()), "no time at all");
        assert!(!silence(&["service=api"], 60, 0).covers(at(30), &api()), "the wrong way round");
    }

    #[test]
    fn a_silence_covers_what_all_its_matchers_match() {
        for (matchers, wanted) in [
            (&["service=api"][..], true),
            (&["service=api", "env=prod"], true),
            (&["service=api", "env!=prod"], false),
            (&["service=~\"a.*\""], true),
            // One that is empty or cannot be read covers nothing.
            (&[], false),
            (&["service"], false),
            (&["service=api", "env=~\"(\""], false),
        ] {
            assert_eq!(silence(matchers, 0, 60).covers(at(1), &api()), wanted, "{matchers:?}");
        }
    }

    #[test]
    fn what_has_ended_is_taken_out_and_nothing_else() {
        let stand_in = |until| OverrideSource { user: "ann".into(), start: at(0), end: at(until) };
        let mut control = Control {
            silences: [("old".to_owned(), silence(&["a=b"], 0, 10)), ("new".to_owned(), silence(&["a=b"], 0, 11))].into(),
            overrides: [("one".to_owned(), vec![stand_in(10), stand_in(11)]), ("two".to_owned(), vec![stand_in(5)])].into(),
            ..Control::default()
        };
        assert!(!control.prune(at(4)), "nothing has ended yet");
        assert!(control.prune(at(10)));
        assert_eq!(control.silences.keys().collect::<Vec<_>>(), ["new"]);
        assert_eq!(control.overrides, [("one".to_owned(), vec![stand_in(11)])].into());
        assert!(!control.prune(at(10)), "a second time there is nothing left to do");
    }

    #[test]
    fn the_kill_switch_stops_one_or_all() {
        let stop = |by: &str| Stop { by: by.into(), at: at(0), why: "drill".into() };
        let mut kill = KillSwitch::default();
        assert_eq!(kill.stops("mend"), None);
        kill.names.insert("mend".into(), stop("ann"));
        assert_eq!(kill.stops("mend"), Some(&stop("ann")));
        assert_eq!(kill.stops("other"), None);
        kill.all = Some(stop("bob"));
        assert_eq!(kill.stops("mend"), Some(&stop("bob")));
        assert_eq!(kill.stops("other"), Some(&stop("bob")));
    }
}
