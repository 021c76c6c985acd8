//! One remediation, driven as far as it goes: what was decided is stored, then done,
//! then told.

use aws::events::Event;
use aws::store::{CommitError, Expect, Row, StoreError, Stored, Write};
use domain::remediation::event::{DETAIL_TYPE, SOURCE};
use domain::remediation::guard::Facts;
use domain::remediation::step::{self, Act, ActResult, Change, Step, acted, retry_at, step};
use domain::remediation::{Actions, Lease, Remedy};
use jiff::Timestamp;
use runtime::{Failure, conflict_pause};
use serde_json::json;
use tracing::{info, warn};

use crate::{Read, Remediator, Request, actions};

/// How often one tick starts anew because others wrote meanwhile.
const CONFLICTS_MAX: u32 = 6;
/// How many changes and looks one tick may come to.
const STEPS_MAX: u32 = 24;

/// A look at a target, with the versions of the rows that go with it.
struct Seen {
    facts: Facts,
    lease: Option<Stored<Lease>>,
    actions: Option<Stored<Actions>>,
}

impl Remediator {
    /// Drives one remediation until it waits or is over; reads again what others
    /// have changed meanwhile.
    pub(crate) async fn drive(
        &self,
        read: &mut Read,
        request: &Request,
        name: &str,
        seed: u64,
    ) -> Result<Option<Timestamp>, Failure> {
        for attempt in 0..CONFLICTS_MAX {
            let Some(mut remedy) = read.rows.remedies.iter().find(|remedy| remedy.value.name == name).cloned() else {
                return Ok(None);
            };
            if request.seq < remedy.value.clock {
                info!(incident_id = %request.incident_id, "a later clock drives this remediation; this one ends");
                return Ok(None);
            }
            match self.steps(read, &mut remedy).await {
                Ok(wake_at) => return Ok(wake_at),
                Err(CommitError::Conflict { .. }) => tokio::time::sleep(conflict_pause(attempt, seed)).await,
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
            match self.read(read.now, request).await? {
                Some(again) => *read = again,
                None => return Ok(None),
            }
        }
        Err(Failure::new("Later", format!("{name}: others kept writing the same rows")))
    }

    /// Passes from stage to stage until there is something to wait for.
    async fn steps(&self, read: &Read, remedy: &mut Stored<Remedy>) -> Result<Option<Timestamp>, CommitError> {
        let mut seen: Option<Seen> = None;
        for _ in 0..STEPS_MAX {
            match step(read.situation(remedy), seen.as_ref().map(|seen| &seen.facts)) {
                Step::Done => return self.rest(read, remedy, None).await,
                Step::Wait(until) => return self.rest(read, remedy, Some(until)).await,
                Step::Look(look) => seen = Some(self.look(&look).await?),
                Step::Change(change) => {
                    let due = self.change(read, remedy, &mut seen, *change).await?;
                    if due.is_some() {
                        return self.rest(read, remedy, due).await;
                    }
                }
            }
        }
        self.rest(read, remedy, Some(retry_at(read.situation(remedy)))).await
    }

    /// Looks at a target, and at who works on it.
    async fn look(&self, look: &step::Look) -> Result<Seen, StoreError> {
        let (rows, target) = tokio::join!(self.store.lease_and_actions(&look.target), actions::look(&self.aws, look));
        let (lease, actions) = rows?;
        let facts = Facts {
            target: target?,
            lease: lease.as_ref().map_or_else(|| Lease::free(look.target.clone()), |stored| stored.value.clone()),
            actions: actions.as_ref().map(|stored| stored.value.clone()).unwrap_or_default(),
        };
        Ok(Seen { facts, lease, actions })
    }

    /// Stores a change, and carries out its act; gives a moment if the act has to
    /// wait until then.
    async fn change(
        &self,
        read: &Read,
        remedy: &mut Stored<Remedy>,
        seen: &mut Option<Seen>,
        change: Change,
    ) -> Result<Option<Timestamp>, CommitError> {
        let act = change.act.clone();
        self.store_change(read, remedy, seen.as_mut(), change).await?;
        let (Some(act), Some(current)) = (act, seen.as_ref()) else {
            // A new stage deserves a new look.
            *seen = None;
            return Ok(None);
        };
        let lease = current.lease.as_ref().map_or_else(|| current.facts.lease.clone(), |stored| stored.value.clone());
        let result = self.carry_out(&act).await;
        if let ActResult::NotNow(why) = &result {
            warn!(incident_id = %read.rows.incident.value.id, remediation = remedy.value.name, "not done yet: {why}");
        }
        match acted(read.situation(remedy), &lease, &result) {
            Some(change) => {
                self.store_change(read, remedy, seen.as_mut(), change).await?;
                *seen = None;
                Ok(None)
            }
            None => Ok(Some(retry_at(read.situation(remedy)))),
        }
    }

    async fn carry_out(&self, act: &Act) -> ActResult {
        match actions::carry_out(&self.aws, act).await {
            Ok(()) => ActResult::Done,
            Err(error) if error.may_pass() => ActResult::NotNow(error.to_string()),
            Err(error) => ActResult::Impossible(error.to_string()),
        }
    }

    /// Stores a change in one transaction, and with it whether the escalation is to look.
    /// One that is followed by an act is stored only if the kill switch is as it was read:
    /// either nothing is done, or it was begun before anybody stopped it.
    async fn store_change(
        &self,
        read: &Read,
        remedy: &mut Stored<Remedy>,
        seen: Option<&mut Seen>,
        change: Change,
    ) -> Result<(), CommitError> {
        let id = &read.rows.incident.value.id;
        let mut next = change.remedy;
        next.nudge_due |= change.nudge;
        let mut writes = vec![Write::Put(Row::Remedy(id.clone(), Box::new(next.clone())), Expect::Version(remedy.version))];
        writes.extend(change.entries.iter().map(|entry| Write::Put(Row::Entry(id.clone(), entry.clone()), Expect::Anything)));
        let (lease, actions) = match &seen {
            Some(seen) => (seen.lease.as_ref(), seen.actions.as_ref()),
            None => (None, None),
        };
        writes.extend(change.lease.iter().map(|next| Write::over(Row::Lease(Box::new(next.clone())), lease)));
        writes.extend(change.actions.iter().map(|next| Write::over(Row::Actions(next.clone()), actions)));
        if let (Some(act), Some(control)) = (&change.act, &read.control)
            && !act.is_undoing
        {
            writes.push(Write::CheckControl(control.version));
        }
        self.store.commit(writes).await?;
        for entry in &change.entries {
            info!(incident_id = %id, because = entry.because.join("; "), "{}", entry.text);
        }
        *remedy = Stored { value: next, version: remedy.version + 1 };
        if let Some(seen) = seen {
            if let Some(next) = change.lease {
                seen.lease = Some(Stored { value: next, version: seen.lease.as_ref().map_or(1, |stored| stored.version + 1) });
            }
            if let Some(next) = change.actions {
                seen.actions =
                    Some(Stored { value: next, version: seen.actions.as_ref().map_or(1, |stored| stored.version + 1) });
            }
        }
        Ok(())
    }

    /// Tells what has changed, has the escalation look if it is to, and notes when this
    /// remediation is due, so that the sweeper sees it overdue. Without `due` it is over,
    /// once all is told.
    async fn rest(
        &self,
        read: &Read,
        remedy: &mut Stored<Remedy>,
        due: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, CommitError> {
        let is_quiet = remedy.value.outbox.is_empty() && !remedy.value.nudge_due;
        if due.is_none() && remedy.value.wake_at.is_none() && is_quiet {
            return Ok(None);
        }
        let is_told = self.tell(read, &remedy.value).await;
        // The last thing before it is noted: the clock that this starts ticks for this
        // remediation, too, and would find it not noted yet.
        let is_nudged = !remedy.value.nudge_due || self.nudge(read).await;
        let mut next = remedy.value.clone();
        if is_told {
            next.outbox.clear();
        }
        next.nudge_due = !is_nudged;
        let again = (!is_told || !is_nudged).then(|| retry_at(read.situation(remedy)));
        let wake_at = [due, again].into_iter().flatten().min();
        (next.wake_at, next.clock) = (wake_at, read.seq.max(next.clock));
        if next != remedy.value {
            let id = read.rows.incident.value.id.clone();
            self.store.commit(vec![Write::Put(Row::Remedy(id, Box::new(next.clone())), Expect::Version(remedy.version))]).await?;
            *remedy = Stored { value: next, version: remedy.version + 1 };
        }
        Ok(wake_at)
    }

    /// Publishes what has changed and was not published yet; whether that worked.
    async fn tell(&self, read: &Read, remedy: &Remedy) -> bool {
        let incident = &read.rows.incident.value;
        let events: Vec<Event> = remedy
            .outbox
            .iter()
            .map(|announcement| Event {
                at: announcement.at,
                source: SOURCE,
                detail_type: DETAIL_TYPE,
                detail: json!({
                    "reference": announcement.reference,
                    "incident_id": incident.id,
                    "service": incident.service(),
                    "priority": incident.priority,
                    "remediation": remedy.name,
                    "action": read.policy.remediation(&remedy.name).map(|remediation| remediation.action.name()),
                    "target": remedy.target.as_ref().map(ToString::to_string),
                    "stage": announcement.stage,
                    "sentence": announcement.sentence,
                    "because": announcement.because,
                    "by": announcement.by,
                    "at": announcement.at,
                }),
            })
            .collect();
        if events.is_empty() {
            return true;
        }
        match self.aws.put_events(&events).await {
            Ok(()) => true,
            Err(error) => {
                warn!(incident_id = %incident.id, remediation = remedy.name, "what was done is not told yet: {error}");
                false
            }
        }
    }
}
