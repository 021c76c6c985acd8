//! Clocks that are overdue.

use std::collections::BTreeMap;

use aws::store::{CommitError, Expect, OpenRow, Row, Write};
use domain::arrival::Start;
use domain::id::IncidentId;
use domain::policy::Policy;
use domain::span::Span;
use domain::timeline::{EntryKind, Scribe};
use jiff::Timestamp;
use runtime::Failure;
use tracing::{error, warn};

use crate::Sweeper;

/// By how much a wake-up may be late before its clock is taken for dead.
const LATE: Span = Span::minutes(2);
/// The same in a drill, whose times are shortened, at least: a tick takes its time.
const LATE_MIN: Span = Span::seconds(5);
/// The longest pause between two restarts of one clock.
const PAUSE_MAX: Span = Span::minutes(30);
/// Most clocks started in one run.
const RESTARTS_MAX: usize = 100;

impl Sweeper {
    /// Starts every overdue clock again, and says so on the incident's record.
    pub(crate) async fn restart_overdue(&self, now: Timestamp, policy: &Policy) -> Result<usize, Failure> {
        let mut overdue: BTreeMap<IncidentId, Timestamp> = BTreeMap::new();
        let late = LATE.shortened(policy.time_scale).max(LATE_MIN);
        for row in self.store.open_rows(Some(late.before(now))).await? {
            let (id, due) = match row {
                OpenRow::Incident(stored) => (stored.value.id.clone(), stored.value.wake_at),
                OpenRow::Remedy(id, stored) => (id, stored.value.wake_at.unwrap_or(now)),
            };
            let known = overdue.entry(id).or_insert(due);
            *known = (*known).min(due);
        }
        let mut n_restarted = 0;
        for (id, due) in overdue.into_iter().take(RESTARTS_MAX) {
            match self.restart(now, policy, &id, due).await {
                Ok(true) => n_restarted += 1,
                // Its clock has just moved.
                Ok(false) => {}
                Err(failure) => error!(incident_id = %id, error_type = failure.kind, "{}", failure.message),
            }
        }
        Ok(n_restarted)
    }

    /// Starts one clock again. A clock that keeps dying is started ever more
    /// seldom.
    async fn restart(&self, now: Timestamp, policy: &Policy, id: &IncidentId, due: Timestamp) -> Result<bool, Failure> {
        let Some(rows) = self.store.incident(id).await? else { return Ok(false) };
        let mut incident = rows.incident.value.clone();
        let since = if incident.clock.confirmed { "was due" } else { "should have started" };
        incident.clock.n_restarts = incident.clock.n_restarts.saturating_add(1);
        let pause =
            Span::minutes(1u64 << incident.clock.n_restarts.min(5)).min(PAUSE_MAX).shortened(policy.time_scale).max(LATE_MIN);
        incident.wake_at = pause.after(now);
        let mut scribe = Scribe::new(now, format!("s{}", rows.incident.version));
        scribe.note(
            EntryKind::Clock,
            "the clock is started again",
            vec![format!("it {since} at {}, {} ago", domain::text::instant(due), Span::between(due, now).spoken())],
        );
        let mut writes = vec![Write::Put(Row::Incident(Box::new(incident.clone())), Expect::Version(rows.incident.version))];
        for stored in rows.remedies.into_iter().filter(|stored| stored.value.wake_at.is_some_and(|at| at < now)) {
            let mut remedy = stored.value;
            remedy.wake_at = Some(incident.wake_at);
            writes.push(Write::Put(Row::Remedy(id.clone(), Box::new(remedy)), Expect::Version(stored.version)));
        }
        writes.extend(scribe.finish().into_iter().map(|entry| Write::Put(Row::Entry(id.clone(), entry), Expect::Anything)));
        match self.store.commit(writes).await {
            Ok(()) => {}
            Err(CommitError::Conflict { .. }) => return Ok(false),
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
        warn!(incident_id = %id, "the clock was overdue and is started again");
        self.aws.start_clock(&policy.deployment.state_machine, &Start::at(id, now, incident.has_remedies)).await?;
        Ok(true)
    }
}
