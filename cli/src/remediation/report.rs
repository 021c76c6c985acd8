//! How did remediations fare, and may they go further?

use std::collections::{BTreeMap, BTreeSet};

use domain::id::IncidentId;
use domain::incident::acknowledged_at;
use domain::remediation::report::{Call, Orders, Report, report};
use domain::remediation::{Outcome, Remedy};
use domain::span::Span;
use jiff::Timestamp;
use serde_json::json;
use tokio::task::JoinSet;

use super::known;
use crate::context::Context;
use crate::fault::{self, Fault};
use crate::show;

/// Records that are read at a time.
const READS_MAX: usize = 8;

pub(super) async fn run(context: &Context, name: Option<&str>, days: u16) -> Result<(), Fault> {
    let policy = context.policy().await?;
    let since = Span::days(days.into()).before(context.now);
    let names: Vec<&str> = match name {
        Some(name) => vec![name],
        None => policy.remediations.iter().map(|remediation| remediation.name.as_str()).collect(),
    };
    let mut reports: Vec<Report> = Vec::new();
    for name in names {
        let remedies = context.store.remedies_of(name, since).await.map_err(|error| fault::store(error, context.place()))?;
        if remedies.is_empty() {
            // One that the policy has no more can still be asked about, if it was called for.
            known(context, name).await?;
        }
        let acknowledged = acknowledgements(context, &remedies).await?;
        let calls: Vec<Call<'_>> = remedies
            .iter()
            .map(|(incident, remedy)| Call { remedy, acknowledged_at: acknowledged.get(incident).copied() })
            .collect();
        reports.push(report(name, policy.remediation(name).map(Orders::of), &calls));
    }
    if context.json {
        show::json(&json!({"since": since, "until": context.now, "days": days, "remediations": reports}));
    } else {
        show::remediation_reports(days, &reports);
    }
    Ok(())
}

/// When a person first acknowledged, for the incidents in which a remediation only
/// said what it would do: there it counts who would have been sooner.
async fn acknowledgements(
    context: &Context,
    remedies: &[(IncidentId, Remedy)],
) -> Result<BTreeMap<IncidentId, Timestamp>, Fault> {
    let is_observed = |remedy: &Remedy| matches!(remedy.stage.outcome(), Some(Outcome::Observed { .. }));
    let observed = remedies.iter().filter(|(_, remedy)| is_observed(remedy));
    let incidents: BTreeSet<IncidentId> = observed.map(|(incident, _)| incident.clone()).collect();
    let mut waiting = incidents.into_iter();
    let mut reading = JoinSet::new();
    let mut found = BTreeMap::new();
    loop {
        for incident in waiting.by_ref().take(READS_MAX - reading.len()) {
            let store = context.store.clone();
            reading.spawn(async move { store.timeline(&incident).await.map(|timeline| (incident, acknowledged_at(&timeline))) });
        }
        let Some(read) = reading.join_next().await else { return Ok(found) };
        // It ends by itself: nobody cancels it, and it does not panic.
        let Ok(read) = read else { continue };
        let (incident, at) = read.map_err(|error| fault::store(error, context.place()))?;
        found.extend(at.map(|at| (incident, at)));
    }
}
