//! What does a probes file look like? The types that it is read into.
//!
//! Nothing is required by the types themselves: what is missing is said by the compiler,
//! which knows what it is for. Unknown keys are errors: a misspelt expectation is one
//! that nobody checks.

mod llm;
#[cfg(feature = "schema")]
mod schema;
mod step;
mod words;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::heartbeat::HeartbeatSource;
use crate::policy::AllowSource;
use crate::policy::source::labels;
use crate::priority::Priority;
use crate::span::Span;

pub use self::llm::*;
#[cfg(feature = "schema")]
pub use self::schema::schema;
pub use self::step::*;
pub use self::words::*;

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ProbesSource {
    /// What holds for every flow that does not say otherwise.
    pub defaults: DefaultsSource,
    /// Where each secret is, by the name that `${secret.NAME}` has:
    /// `secretsmanager:ID`, `secretsmanager:ID#KEY` for a member of a JSON object, and
    /// where flows are run by hand `env:NAME` and `file:PATH`.
    pub secrets: BTreeMap<String, String>,
    /// What is tried when a step could not reach its target, each `host:port`: if these
    /// cannot be reached either, nothing is known of the target.
    pub control: Vec<String>,
    /// Over what time the flows of a run begin, at most 40s: 20s unless said otherwise, and
    /// less if there are few. `0s` has them begin together.
    pub spread: Option<Span>,
    /// What users do.
    pub flows: Vec<FlowSource>,
    /// The dead man's switches.
    pub heartbeats: Vec<HeartbeatSource>,
    /// What all of it may cost in a month, in dollars, before the check warns; 100 unless
    /// said otherwise.
    pub budget_dollars_per_month: Option<f64>,
    /// Warnings of the check that are known and accepted.
    pub allow_warnings: Vec<AllowSource>,
}

/// What holds for every flow that does not say otherwise.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DefaultsSource {
    /// How often a flow is run: whole minutes, from 1m to 1d; 1m unless said otherwise.
    pub every: Option<Span>,
    /// Longest that a step may take, at most 60s; 10s unless said otherwise.
    pub timeout: Option<Span>,
    /// Header fields of every request.
    #[serde(deserialize_with = "labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, labels::Text>"))]
    pub headers: BTreeMap<String, String>,
    /// When people hear of a flow.
    pub alert: AlertSource,
    /// Where flows are run.
    #[serde(deserialize_with = "words::regions")]
    pub regions: RegionsSource,
    /// What is done with a redirect: `follow` up to 10 unless said otherwise.
    pub redirects: Option<RedirectsSource>,
    /// Networks that flows may reach although they are not public, in CIDR notation.
    pub allow_cidrs: Vec<String>,
}

/// When people hear of a flow: that many runs must be down, of so many.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AlertSource {
    /// That many runs must be down …; 3 unless said otherwise.
    pub failures: Option<u32>,
    /// … of the last so many in a Region, at most 20; 5 unless said otherwise.
    pub of: Option<u32>,
    /// So many good runs in a row end it, at most 20; 2 unless said otherwise.
    pub recover: Option<u32>,
}

/// Where a flow is run.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RegionsSource {
    /// AWS Regions; the one of the deployment unless said otherwise.
    pub run: Option<Vec<String>>,
    /// In how many of them it must be down before people hear of it; more than half of
    /// them unless said otherwise.
    pub quorum: Option<u32>,
}

/// A synthetic user journey.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct FlowSource {
    /// Its name: letters, digits, `-`, `_` and `.`, 1 to 64 of them.
    pub id: String,
    /// The service of the policy's catalogue that it is about.
    pub service: Option<String>,
    /// How urgent it is when it fails; by the rules of the policy unless said otherwise.
    pub priority: Option<Priority>,
    /// How often it is run.
    pub every: Option<Span>,
    /// Longest that a step may take.
    pub timeout: Option<Span>,
    /// Where it is run.
    #[serde(deserialize_with = "words::regions")]
    pub regions: RegionsSource,
    /// When people hear of it.
    pub alert: AlertSource,
    /// What share of its runs must be good.
    pub slo: Option<ObjectiveSource>,
    /// Networks that it may reach although they are not public, instead of those of the
    /// defaults.
    pub allow_cidrs: Option<Vec<String>>,
    /// Header fields of its requests, besides those of the defaults.
    #[serde(deserialize_with = "labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, labels::Text>"))]
    pub headers: BTreeMap<String, String>,
    /// What is done with a redirect.
    pub redirects: Option<RedirectsSource>,
    /// What is done, in order, until one fails.
    pub steps: Vec<StepSource>,
    /// What is done afterwards, whatever happened before.
    pub cleanup: Vec<StepSource>,
}

/// What share of a flow's runs must be good.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ObjectiveSource {
    /// In percent, more than 0 and less than 100: 99.9.
    pub target: Option<f64>,
    /// Over which time, 1d to 90d; 30d unless said otherwise.
    pub window: Option<Span>,
    /// Fewer bad runs than these are never an alert; 3 unless said otherwise.
    pub min_bad: Option<u32>,
}
