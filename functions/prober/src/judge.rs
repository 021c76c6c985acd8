//! Which flow is down, of all Regions together: what the prober at home says.

use std::collections::BTreeSet;

use aws::store::{CommitError, FlowRows, Row, Write};
use domain::probe::watch::{FlowState, judge};
use domain::probe::{Flow, Probes};
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use runtime::Failure;
use tracing::{info, warn};

use crate::{Prober, lines};

/// Flows whose state is written at the same time.
const WRITES_AT_ONCE: usize = 16;

/// What the Regions say together.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// The flows that are down.
    pub(crate) down: Vec<String>,
    /// The Regions of which nothing is heard.
    pub(crate) silent: Vec<String>,
}

impl Prober {
    /// Judges every flow, keeps what changed, and says all of it.
    ///
    /// First kept, then said: whoever takes the alarm in finds what fails in the table.
    pub(crate) async fn judge(&self, now: Timestamp, probes: &Probes) -> Result<Judged, Failure> {
        let wanted: Vec<(&str, Vec<&str>)> = probes.flows.iter().map(|flow| (flow.id.as_str(), self.regions(flow))).collect();
        let rows = self.store.flows(&wanted).await?;
        let judged: Vec<(FlowState, Option<Failure>)> = stream::iter(probes.flows.iter().zip(rows))
            .map(|(flow, rows)| self.judge_flow(now, flow, rows))
            .buffered(WRITES_AT_ONCE)
            .collect()
            .await;
        let (mut down, mut silent) = (Vec::new(), BTreeSet::new());
        for (flow, (state, _)) in probes.flows.iter().zip(&judged) {
            lines::tell_down(now, flow, state.is_down, &state.down);
            down.extend(state.is_down.then(|| flow.id.clone()));
            silent.extend(state.silent.iter().cloned());
        }
        let silent: Vec<String> = silent.into_iter().collect();
        if !probes.flows.is_empty() {
            lines::tell_silent(now, &self.place.function, &silent);
        }
        match judged.into_iter().find_map(|(_, failure)| failure) {
            Some(failure) => Err(failure),
            None => Ok(Judged { down, silent }),
        }
    }

    async fn judge_flow(&self, now: Timestamp, flow: &Flow, rows: FlowRows) -> (FlowState, Option<Failure>) {
        let regions: Vec<(&str, _)> = self
            .regions(flow)
            .into_iter()
            .map(|region| (region, rows.regions.get(region).map(|stored| stored.value.clone())))
            .collect();
        let before = rows.state.as_ref().map(|stored| stored.value.clone()).unwrap_or_default();
        let state = judge(now, flow, &regions, &before);
        if rows.state.is_some() && state == before {
            return (state, None);
        }
        if state.is_down != before.is_down {
            let word = if state.is_down { "down" } else { "up" };
            info!(flow = flow.id, down_in = state.down.join(", "), "{} is {word}", flow.id);
        }
        let row = Row::Flow(flow.id.clone(), Box::new(state.clone()));
        let failure = match self.store.commit(vec![Write::over(row, rows.state.as_ref())]).await {
            Ok(()) => None,
            Err(CommitError::Conflict { .. }) => {
                // Another round has judged meanwhile, by the same rows; the next one sees both.
                warn!(flow = flow.id, "another round has judged {} meanwhile", flow.id);
                None
            }
            Err(CommitError::Store(error)) => Some(error.into()),
        };
        (state, failure)
    }
}
