//! What the table knows of flows.

use aws::store::FlowRows;
use domain::policy::unknown;
use domain::probe::watch::{RegionState, RunSeen};
use domain::probe::{Flow, Probes};
use runtime::orders::Orders;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::context::Context;
use crate::fault::{self, Fault};
use crate::show::FlowSeen;

/// The file of probes in force.
///
/// # Errors
/// [`Fault::No`] when none was ever installed, [`Fault::Aws`] when AWS cannot be asked.
pub(super) async fn probes(context: &Context) -> Result<Arc<Probes>, Fault> {
    let orders: Orders<Probes> = Orders::new(context.store.clone());
    Ok(orders.latest().await.map_err(|error| fault::orders(error, context.place()))?.file)
}

/// The flow of that name.
///
/// # Errors
/// [`Fault::No`] when there is none.
pub(super) fn flow<'p>(probes: &'p Probes, id: &str) -> Result<&'p Flow, Fault> {
    let ids = probes.flows.iter().map(|flow| flow.id.as_str());
    probes.flows.iter().find(|flow| flow.id == id).ok_or_else(|| Fault::No(unknown("flow", id, ids)))
}

/// What is known of flows, in their order.
///
/// # Errors
/// [`Fault::Aws`] when AWS cannot be asked.
pub(super) async fn seen<'p>(context: &Context, flows: &[&'p Flow]) -> Result<Vec<FlowSeen<'p>>, Fault> {
    let home = context.place().region.clone();
    let regions = |flow: &Flow| if flow.regions.run.is_empty() { vec![home.clone()] } else { flow.regions.run.clone() };
    let all: Vec<(&Flow, Vec<String>)> = flows.iter().map(|flow| (*flow, regions(flow))).collect();
    let wanted: Vec<(&str, Vec<&str>)> =
        all.iter().map(|(flow, regions)| (flow.id.as_str(), regions.iter().map(String::as_str).collect())).collect();
    let rows = context.store.flows(&wanted).await.map_err(|error| fault::store(error, context.place()))?;
    Ok(flows.iter().zip(all).zip(rows).map(|((flow, (_, regions)), rows)| of(flow, regions, rows)).collect())
}

fn of(flow: &Flow, regions: Vec<String>, mut rows: FlowRows) -> FlowSeen<'_> {
    let state = rows.state.map(|stored| stored.value).unwrap_or_default();
    let regions = regions
        .into_iter()
        .map(|region| {
            let runs = rows.regions.remove(&region).map(|stored| stored.value).unwrap_or_default();
            (region, runs)
        })
        .collect();
    FlowSeen { flow, state, regions }
}

/// What is known of a flow, for other programs.
pub(super) fn answer(seen: &FlowSeen<'_>) -> Value {
    let regions: Vec<Value> = seen.regions.iter().map(|(region, state)| of_region(seen, region, state)).collect();
    json!({
        "flow": seen.flow.id,
        "service": seen.flow.service,
        "is_down": seen.state.is_down,
        "since": seen.state.since,
        "failing": seen.state.failing,
        "regions": regions,
    })
}

fn of_region(seen: &FlowSeen<'_>, region: &str, state: &RegionState) -> Value {
    let of = |share: f64| percentile(state.runs(), share);
    json!({
        "region": region,
        "down_since": state.down_since(),
        "is_silent": seen.state.silent.iter().any(|silent| silent == region),
        "last": state.runs().last(),
        "n_runs": state.runs().len(),
        "p50_ms": of(0.5),
        "p95_ms": of(0.95),
    })
}

/// The duration that such a share of runs did not exceed, in milliseconds: the nearest
/// rank.
pub(crate) fn percentile(runs: &[RunSeen], share: f64) -> Option<f64> {
    let mut durations: Vec<f64> = runs.iter().map(|run| run.duration_ms).collect();
    durations.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "there are few runs, and a share is between 0 and 1"
    )]
    let rank = (share * durations.len() as f64).ceil() as usize;
    durations.get(rank.saturating_sub(1)).copied()
}
