//! What came in? One alarm's state, normalised, and its history.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::labels::Labels;
use crate::span::Span;

/// Transitions remembered for one alert.
pub const HISTORY_MAX: usize = 24;
/// How far ahead of our clock an event's own time may be before it is not
/// believed. A time in the far future would otherwise win over every later one.
const SKEW_MAX: Span = Span::minutes(5);

/// Identifies one alarm (or one contributor of it, or one Prometheus alert)
/// over all its states: 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of whatever tells this alert from all others: an alarm's
    /// ARN with its contributor, or a Prometheus alert's labels.
    pub fn of(identity: &str) -> Fingerprint {
        Fingerprint(digest(identity.as_bytes()))
    }

    /// The 32 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first 128 bits of the SHA-256 of `bytes`, as 32 hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().take(16).fold(String::with_capacity(32), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The state of an alarm, in CloudWatch's words. The order decides between two
/// transitions of the same moment: the worse one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlertState {
    /// All is well again.
    Ok,
    /// Not enough data to tell; neither well nor ill.
    InsufficientData,
    /// Something is wrong.
    Alarm,
}

impl std::fmt::Display for AlertState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            AlertState::Ok => "OK",
            AlertState::InsufficientData => "INSUFFICIENT_DATA",
            AlertState::Alarm => "ALARM",
        })
    }
}

/// Where an alert came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A CloudWatch alarm, by whichever envelope.
    Cloudwatch,
    /// Prometheus Alertmanager.
    Prometheus,
    /// An event of another AWS service.
    Event,
    /// Something that could not be read.
    Unclassified,
}

impl Source {
    /// The value of the `source` label.
    pub const fn label(self) -> &'static str {
        match self {
            Source::Cloudwatch => "cloudwatch",
            Source::Prometheus => "prometheus",
            Source::Event => "event",
            Source::Unclassified => "unclassified",
        }
    }
}

/// One alarm's state as it came in, normalised. All text is clean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Which alarm this is, whatever its state.
    pub fingerprint: Fingerprint,
    /// Where it came from.
    pub source: Source,
    /// The alarm's name; also the label `alertname`.
    pub name: String,
    /// The CloudWatch alarm's ARN, to compare with `DescribeAlarms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Everything that rules can match on.
    pub labels: Labels,
    /// What the alarm is about, in the words of who made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Why the state changed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The state.
    pub state: AlertState,
    /// When the state began, as the event says.
    pub claimed_at: Timestamp,
    /// Set when the source itself mutes the alarm's actions: by what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_by: Option<Mute>,
    /// What people read first, where more is known than the alarm's name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
}

impl Alert {
    /// An alert that is known by its labels alone, as in a test of the policy: the
    /// same labels are the same alert.
    pub fn of_labels(labels: &Labels, state: AlertState, at: Timestamp) -> Alert {
        let mut labels = labels.clone();
        labels.set_default("alertname", "unnamed");
        Alert {
            fingerprint: Fingerprint::of(&labels.to_string()),
            source: Source::Cloudwatch,
            name: labels.get("alertname").to_owned(),
            arn: None,
            labels,
            summary: String::new(),
            reason: String::new(),
            state,
            claimed_at: at,
            muted_by: None,
            headline: None,
        }
    }
}

/// What mutes an alarm at its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// By what.
    pub by: String,
    /// Until when, if the source says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// One change of state of one alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The state it changed to.
    pub state: AlertState,
    /// When, for ordering: the event's own time unless that lies in the future.
    pub state_at: Timestamp,
    /// When, as the event says: with the state it tells duplicates.
    pub claimed_at: Timestamp,
    /// When we heard of it.
    pub received_at: Timestamp,
    /// Why, in the source's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Transition {
    /// The transition that `alert` reports, heard at `now`.
    pub fn of(alert: &Alert, now: Timestamp) -> Transition {
        Transition {
            state: alert.state,
            state_at: if alert.claimed_at > SKEW_MAX.after(now) { now } else { alert.claimed_at },
            claimed_at: alert.claimed_at,
            received_at: now,
            reason: alert.reason.clone(),
        }
    }

    /// The order of the history. Two transitions of one moment, as our clock makes
    /// of any in the future, are told apart by what they claim.
    fn rank(&self) -> (Timestamp, AlertState, Timestamp) {
        (self.state_at, self.state, self.claimed_at)
    }
}

/// What adding a transition to a history did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is the newest now.
    Newest,
    /// A newer one was known already; it was put in its place.
    Older,
    /// It was known already.
    Duplicate,
}

/// The last transitions of one alert, oldest first.
///
/// The history is a function of the *set* of transitions that came in: their
/// order of arrival and repetitions change nothing. It holds the newest
/// [`HISTORY_MAX`], and always the one that decides whether the alert is firing,
/// however often data went missing since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(Vec<Transition>);

impl History {
    /// Puts a transition in its place.
    pub fn add(&mut self, new: Transition) -> Added {
        if self.0.iter().any(|known| known.state == new.state && known.claimed_at == new.claimed_at) {
            return Added::Duplicate;
        }
        let at = self.0.partition_point(|known| known.rank() <= new.rank());
        let added = if at == self.0.len() { Added::Newest } else { Added::Older };
        self.0.insert(at, new);
        if self.0.len() > HISTORY_MAX {
            let oldest_decides = self.deciding().is_some_and(|deciding| deciding.rank() == self.0[0].rank());
            self.0.remove(usize::from(oldest_decides));
        }
        added
    }

    /// The newest transition.
    pub fn newest(&self) -> Option<&Transition> {
        self.0.last()
    }

    /// All transitions, oldest first.
    pub fn transitions(&self) -> &[Transition] {
        &self.0
    }

    /// Whether the alert is firing. INSUFFICIENT_DATA alone decides nothing: what
    /// was firing before goes on firing, what was not does not begin.
    pub fn is_firing(&self) -> bool {
        self.deciding().is_some_and(|transition| transition.state == AlertState::Alarm)
    }

    /// The newest transition that is not INSUFFICIENT_DATA.
    pub fn deciding(&self) -> Option<&Transition> {
        self.0.iter().rev().find(|transition| transition.state != AlertState::InsufficientData)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::law::law;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn transition(state: AlertState, second: i64) -> Transition {
        Transition { state, state_at: at(second), claimed_at: at(second), received_at: at(0), reason: String::new() }
    }

    #[test]
    fn the_newest_state_wins_whatever_the_order() {
        let mut history = History::default();
        assert_eq!(history.add(transition(AlertState::Ok, 20)), Added::Newest);
        assert_eq!(history.add(transition(AlertState::Alarm, 10)), Added::Older);
        assert_eq!(history.add(transition(AlertState::Alarm, 10)), Added::Duplicate);
        assert!(!history.is_firing());
        assert_eq!(history.add(transition(AlertState::Alarm, 30)), Added::Newest);
        assert!(history.is_firing());
    }

    #[test]
    fn an_alarm_that_fires_again_is_not_a_duplicate() {
        let mut history = History::default();
        history.add(transition(AlertState::Alarm, 10));
        assert_eq!(history.add(transition(AlertState::Alarm, 40)), Added::Newest);
    }

    #[test]
    fn missing_data_neither_raises_nor_clears() {
        let mut history = History::default();
        history.add(transition(AlertState::InsufficientData, 5));
        assert!(!history.is_firing());
        history.add(transition(AlertState::Alarm, 10));
        history.add(transition(AlertState::InsufficientData, 20));
        assert!(history.is_firing());
        history.add(transition(AlertState::Ok, 30));
        history.add(transition(AlertState::InsufficientData, 40));
        assert!(!history.is_firing());
    }

    #[test]
    fn a_time_in_the_far_future_is_not_believed() {
        let mut alert = Alert {
            fingerprint: Fingerprint::of("x"),
            source: Source::Cloudwatch,
            name: "x".into(),
            arn: None,
            labels: Labels::new(),
            summary: String::new(),
            reason: String::new(),
            state: AlertState::Alarm,
            claimed_at: Timestamp::MAX,
            muted_by: None,
            headline: None,
        };
        assert_eq!(Transition::of(&alert, at(0)).state_at, at(0));
        alert.claimed_at = at(60);
        assert_eq!(Transition::of(&alert, at(0)).state_at, at(60));
    }

    #[test]
    fn an_alarm_goes_on_firing_however_often_data_goes_missing() {
        let mut history = History::default();
        history.add(transition(AlertState::Alarm, 0));
        for second in 1..100 {
            history.add(transition(AlertState::InsufficientData, second));
            assert!(history.is_firing(), "{second} times");
        }
        assert_eq!(history.transitions().len(), HISTORY_MAX);
        history.add(transition(AlertState::Ok, 100));
        assert!(!history.is_firing());
        assert_eq!(history.transitions()[0].state, AlertState::InsufficientData);
    }

    fn any_transitions() -> impl Strategy<Value = Vec<Transition>> {
        let states = [AlertState::Ok, AlertState::InsufficientData, AlertState::InsufficientData, AlertState::Alarm];
        let one = (proptest::sample::select(states.to_vec()), 0i64..60).prop_map(|(state, second)| transition(state, second));
        proptest::collection::vec(one, 0..80)
    }

    fn history_of(transitions: &[Transition]) -> History {
        let mut history = History::default();
        for transition in transitions {
            history.add(transition.clone());
        }
        history
    }

    proptest! {
        #![proptest_config(law())]

        /// Also when there are more than are remembered.
        #[test]
        fn the_history_is_a_function_of_the_set(
            (transitions, shuffled) in any_transitions().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        ) {
            prop_assert_eq!(history_of(&transitions), history_of(&shuffled));
        }

        #[test]
        fn a_repetition_changes_nothing(transitions in any_transitions(), again in any::<prop::sample::Index>()) {
            let before = history_of(&transitions);
            if let Some(again) = transitions.get(again.index(transitions.len().max(1))) {
                let mut after = before.clone();
                prop_assert_ne!(after.add(again.clone()), Added::Newest);
                prop_assert_eq!(after, before);
            }
        }

        /// What is forgotten never decides.
        #[test]
        fn whether_it_fires_is_what_the_newest_deciding_state_says(transitions in any_transitions()) {
            let deciding = transitions
                .iter()
                .filter(|transition| transition.state != AlertState::InsufficientData)
                .max_by_key(|transition| transition.rank());
            let wanted = deciding.is_some_and(|transition| transition.state == AlertState::Alarm);
            prop_assert_eq!(history_of(&transitions).is_firing(), wanted);
        }
    }
}
