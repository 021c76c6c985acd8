//! A round: the flows of this Region that are due in a minute are run, counted and kept.

use std::collections::BTreeMap;
use std::time::Duration;

use aws::store::{CommitError, Row, Stored, Write};
use domain::probe::timetable;
use domain::probe::watch::RegionState;
use domain::probe::{Flow, FlowReport, Probes, Verdict};
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use probing::{Run, Start};
use runtime::{Event, Failure, conflict_pause, seed_of};
use tokio::time::{Instant, timeout_at};

use crate::secrets::Values;
use crate::{Prober, lines};

/// What is left of the time for counting, keeping and judging when all runs must be over.
const RESERVE: Duration = Duration::from_secs(8);
/// How long after that runs are still waited for, before all are given up from outside.
const PATIENCE: Duration = Duration::from_secs(2);
/// Flows that are run at the same time.
const FLOWS_AT_ONCE: usize = 256;
/// Rows that are written at the same time.
const WRITES_AT_ONCE: usize = 16;
/// How often a row is written that somebody else writes meanwhile.
const ATTEMPTS_MAX: u32 = 4;

/// What came of a round: how many runs, and of which verdicts.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) runs: usize,
    pub(crate) down: usize,
    pub(crate) unknown: usize,
}

/// A flow that is due.
struct Turn<'a> {
    flow: &'a Flow,
    /// How long after the others' beginning it begins.
    after: Duration,
    run_id: String,
}

type Known = BTreeMap<String, Stored<RegionState>>;

impl Prober {
    /// Runs what is due in the minute that `at` lies in.
    ///
    /// Rows are written one by one, since each is worth something by itself: a
    /// transaction would cost twice as much, and one row in the way would hold up all.
    pub(crate) async fn round(&self, event: &Event, at: Timestamp, probes: &Probes) -> Result<Round, Failure> {
        let deadline = Instant::now() + event.remaining.saturating_sub(RESERVE);
        let here = probes.flows.iter().filter(|flow| self.regions(flow).contains(&self.place.region.as_str()));
        let minute = timetable::minute(at);
        let mut due: Vec<Turn<'_>> = timetable::due(here, minute, probes.spread)
            .into_iter()
            .map(|due| Turn { flow: due.flow, after: due.offset, run_id: self.run_id(due.flow, minute) })
            .collect();
        if due.is_empty() {
            return Ok(Round::default());
        }
        let ids: Vec<&str> = due.iter().map(|turn| turn.flow.id.as_str()).collect();
        let known = self.store.runs_in(&self.place.region, &ids).await?;
        due.retain(|turn| !is_known(&known, turn));
        let secrets = self.secrets.read(event.now, probes, due.iter().map(|turn| turn.flow)).await;
        let runs = self.run(event.now, probes, &due, &secrets, deadline).await?;
        for (_, report) in &runs {
            lines::tell_run(&self.place.region, report);
        }
        self.keep(event, known, runs).await
    }

    /// Runs flows, each from its moment on.
    async fn run<'a>(
        &self,
        now: Timestamp,
        probes: &Probes,
        turns: &'a [Turn<'a>],
        secrets: &Values,
        deadline: Instant,
    ) -> Result<Vec<(&'a Flow, FlowReport)>, Failure> {
        let (nothing, mut ready, mut reports) = (BTreeMap::new(), Vec::new(), Vec::new());
        for turn in turns {
            match secrets.of(turn.flow) {
                Ok(secrets) => ready.push((turn, secrets)),
                Err(why) => {
                    let run = self.run_of(turn, now, probes, &nothing, deadline);
                    reports.push((turn.flow, self.engine.not_begun(turn.flow, &run, &why).report));
                }
            }
        }
        let starts = ready
            .iter()
            .map(|(turn, secrets)| Start {
                flow: turn.flow,
                run: self.run_of(turn, now, probes, secrets, deadline),
                after: turn.after,
            })
            .collect();
        // The engine minds the time itself; should it ever not, that is a fault, and said.
        let done = timeout_at(deadline + PATIENCE, self.engine.run_all(starts, FLOWS_AT_ONCE))
            .await
            .map_err(|_| Failure::new("Stuck", "runs of flows did not end by their time; nothing was kept of this round"))?;
        reports.extend(ready.iter().zip(done).map(|((turn, _), done)| (turn.flow, done.report)));
        Ok(reports)
    }

    fn run_of<'r>(
        &'r self,
        turn: &'r Turn<'_>,
        now: Timestamp,
        probes: &'r Probes,
        secrets: &'r BTreeMap<String, String>,
        deadline: Instant,
    ) -> Run<'r> {
        Run {
            id: &turn.run_id,
            region: Some(&self.place.region),
            at: now,
            secrets,
            control: &probes.control,
            deadline,
            credentials: self.credentials.as_ref(),
            is_recorded: false,
        }
    }

    /// Keeps what came of runs.
    async fn keep(&self, event: &Event, mut known: Known, runs: Vec<(&Flow, FlowReport)>) -> Result<Round, Failure> {
        let seed = seed_of(&event.request_id);
        let runs: Vec<_> = runs.into_iter().map(|(flow, report)| (flow, report, known.remove(&flow.id))).collect();
        let kept: Vec<(Verdict, Option<Failure>)> = stream::iter(runs)
            .map(|(flow, report, known)| async move { (report.verdict, self.keep_run(flow, &report, known, seed).await.err()) })
            .buffer_unordered(WRITES_AT_ONCE)
            .collect()
            .await;
        let count = |wanted| kept.iter().filter(|(verdict, _)| *verdict == wanted).count();
        let round = Round { runs: kept.len(), down: count(Verdict::Down), unknown: count(Verdict::Unknown) };
        match kept.into_iter().find_map(|(_, failure)| failure) {
            Some(failure) => Err(failure),
            None => Ok(round),
        }
    }

    async fn keep_run(
        &self,
        flow: &Flow,
        report: &FlowReport,
        mut known: Option<Stored<RegionState>>,
        seed: u64,
    ) -> Result<(), Failure> {
        let region = &self.place.region;
        for attempt in 0..ATTEMPTS_MAX {
            let mut state = known.as_ref().map(|stored| stored.value.clone()).unwrap_or_default();
            if !state.heard(&flow.alert, report) {
                return Ok(());
            }
            let row = Row::FlowRegion(flow.id.clone(), region.clone(), Box::new(state));
            match self.store.commit(vec![Write::over(row, known.as_ref())]).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Conflict { .. }) => {
                    tokio::time::sleep(conflict_pause(attempt, seed ^ seed_of(&flow.id))).await;
                    known = self.store.runs(&flow.id, region).await?;
                }
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(Failure::new("Later", format!("{}: others kept writing what came of its runs in {region}", flow.id)))
    }

    /// The Regions that a flow is run in.
    pub(crate) fn regions<'a>(&'a self, flow: &'a Flow) -> Vec<&'a str> {
        if flow.regions.run.is_empty() { vec![&self.place.home] } else { flow.regions.run.iter().map(String::as_str).collect() }
    }

    /// What a run of a minute is called: the same, should it be made again.
    fn run_id(&self, flow: &Flow, minute: Timestamp) -> String {
        format!("{}-{}-{}", flow.id, self.place.region, minute.strftime("%Y%m%dT%H%MZ"))
    }
}

/// Whether a run was kept already.
fn is_known(known: &Known, turn: &Turn<'_>) -> bool {
    known.get(&turn.flow.id).is_some_and(|stored| stored.value.runs().iter().any(|run| run.run == turn.run_id))
}
