//! Is a flow down? What its Regions say together.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::flow::Flow;
use super::region::{BadRun, RegionState};
use crate::span::Span;

/// After how many of its intervals without a run a Region is silent.
pub const SILENT_AFTER: u64 = 3;

/// What is known of a flow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FlowState {
    /// Whether it is down.
    pub is_down: bool,
    /// Since when it is what it is: down, since it was so in enough Regions; up, since
    /// that was first seen. None before any run was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The Regions in which it is down, by name; silent ones too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub down: Vec<String>,
    /// The Regions of which no run was heard for long, or ever, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silent: Vec<String>,
    /// What fails, while it is down in any Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
}

/// What fails, in one of the Regions in which the flow is down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failing {
    /// Which Region.
    pub region: String,
    /// The run, with its first step that was not right.
    #[serde(flatten)]
    pub run: BadRun,
}

/// Decides what a flow is, by what is known of each Region of its file. A deployment
/// without Regions in its file has one.
pub fn judge(now: Timestamp, flow: &Flow, regions: &[(&str, Option<RegionState>)], before: &FlowState) -> FlowState {
    let mut regions: Vec<(&str, Option<&RegionState>)> = regions.iter().map(|(name, state)| (*name, state.as_ref())).collect();
    regions.sort_by_key(|(name, _)| *name);
    regions.dedup_by_key(|(name, _)| *name);
    let heard_from = Span::millis(flow.every.as_millis().saturating_mul(SILENT_AFTER)).before(now);
    let is_silent = |state: Option<&RegionState>| state.and_then(RegionState::last_at).is_none_or(|at| at < heard_from);
    let down: Vec<(&str, Timestamp, bool)> = regions
        .iter()
        .filter_map(|(name, state)| state.and_then(RegionState::down_since).map(|since| (*name, since, is_silent(*state))))
        .collect();
    let quorum = flow.regions.quorum.clamp(1, regions.len().max(1));
    let n_heard_down = down.iter().filter(|(_, _, is_silent)| !is_silent).count();
    let is_down = if before.is_down { down.len() >= quorum } else { n_heard_down >= quorum };
    let is_known = regions.iter().any(|(_, state)| state.is_some_and(|state| state.last_at().is_some()));
    let since = if is_down && !before.is_down {
        // When the Region that made it enough began to be down.
        let mut since: Vec<Timestamp> = down.iter().filter(|(_, _, is_silent)| !is_silent).map(|(_, since, _)| *since).collect();
        since.sort_unstable();
        since.get(quorum - 1).copied()
    } else if is_down == before.is_down && before.since.is_some() {
        before.since
    } else {
        is_known.then_some(now)
    };
    FlowState {
        is_down,
        since,
        down: down.iter().map(|(name, ..)| (*name).to_owned()).collect(),
        silent: regions.iter().filter(|(_, state)| is_silent(*state)).map(|(name, _)| (*name).to_owned()).collect(),
        failing: failing(&regions),
    }
}

/// What fails in the Region in which the flow was down first, of those of which a run that
/// was down is known.
fn failing(regions: &[(&str, Option<&RegionState>)]) -> Option<Failing> {
    let down = regions.iter().filter_map(|(name, state)| {
        let state = (*state)?;
        Some((state.down_since()?, *name, state.last_bad()?))
    });
    let (_, name, run) = down.min_by_key(|(since, name, _)| (*since, *name))?;
    Some(Failing { region: name.to_owned(), run: run.clone() })
}
