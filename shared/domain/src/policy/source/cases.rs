//! The file's part that says what it is meant to do: tests of the policy.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::span::Span;

/// A test: what happens, and what people should then have been told.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TestSource {
    /// What is tested, as a sentence.
    pub name: String,
    /// When it begins, with a zone.
    #[serde(deserialize_with = "super::time::moment")]
    pub at: Timestamp,
    /// What happens, in order.
    pub steps: Vec<StepSource>,
    /// Every notification that is sent until the last step, in order of time. Not
    /// checked, unless this is given.
    #[serde(default)]
    pub expect: Option<Vec<ExpectSource>>,
    /// What the alerts are found to be, by alert name.
    #[serde(default)]
    pub expect_alerts: Vec<ExpectAlertSource>,
}

/// One thing that happens: exactly one of these.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepSource {
    /// An alert with these labels goes to ALARM; `alertname` is needed. Alarms that
    /// follow each other without a wait come in at the same moment.
    #[serde(deserialize_with = "super::labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, super::labels::Text>"))]
    Alarm(BTreeMap<String, String>),
    /// An alert that fired before goes to OK: the only one with these labels.
    #[serde(deserialize_with = "super::labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, super::labels::Text>"))]
    Ok(BTreeMap<String, String>),
    /// Time passes.
    Wait(Span),
    /// Somebody acknowledges all open incidents.
    Acknowledge(String),
    /// Somebody resolves all open incidents.
    Resolve(String),
    /// Somebody adds a silence.
    Silence(SilenceStepSource),
}

/// A silence in a test.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SilenceStepSource {
    /// Which alerts. All must match.
    pub matchers: Vec<String>,
    /// For how long.
    #[serde(rename = "for")]
    pub length: Span,
}

/// A notification that is expected. What it does not say may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExpectSource {
    /// How long after the test began.
    pub after: Span,
    /// The receiver or the person.
    #[serde(default)]
    pub to: Option<String>,
    /// What it says: `opened`, `page`, `updated`, `reminder`, `mended`,
    /// `acknowledged`, `resolved` or `failsafe`.
    #[serde(default)]
    pub kind: Option<String>,
    /// By which way it goes: `page`, `email`, `chat` or `ticket`. Unless this is
    /// given, it stands for all ways of that round to that receiver or person.
    #[serde(default)]
    pub class: Option<super::Class>,
    /// Part of the reason that is given.
    #[serde(default)]
    pub because: Option<String>,
}

/// What an alert is expected to be found to be. What it does not say may be
/// anything.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExpectAlertSource {
    /// Which alert.
    pub alertname: String,
    /// How urgent.
    #[serde(default)]
    pub priority: Option<crate::priority::Priority>,
    /// Labels that it has.
    #[serde(default, deserialize_with = "super::labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, super::labels::Text>"))]
    pub labels: BTreeMap<String, String>,
    /// Why nobody is told, or part of it; empty if it must not be held back.
    #[serde(default)]
    pub suppressed: Option<String>,
}

/// A warning of the check that is known and accepted.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AllowSource {
    /// The warning's id, for instance `mute-hides-p1`.
    pub warning: String,
    /// Where, as the warning says: a path or the start of one; everywhere, unless
    /// this is given.
    #[serde(default)]
    pub at: Option<String>,
    /// Why it is right as it is.
    pub because: String,
}
