//! One alert: judge it, see what is known, decide, store, start.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws::store::{ArrivalRows, CommitError, Expect, Row, Stored, Write};
use domain::alert::Alert;
use domain::arrival::{Arrival, Known, Start, Verdict, With, arrive, cause_keys, judge};
use domain::id::IncidentId;
use domain::incident::Pointer;
use domain::inhibit::{Causes, SourceKey};
use domain::policy::Policy;
use domain::probe::tell;
use runtime::{Event, Failure, conflict_pause, seed_of};
use tracing::{info, warn};

use crate::Classifier;

/// How often a decision is taken anew because others wrote meanwhile.
const ATTEMPTS_MAX: u32 = 8;

impl Classifier {
    /// Takes one alert to its end.
    pub(crate) async fn take(&self, event: &Event, alert: Alert) -> Result<(), Failure> {
        let seed = seed_of(&event.request_id) ^ seed_of(alert.fingerprint.as_str());
        let mut lost_race: Option<(ArrivalRows, Stored<Pointer>)> = None;
        for attempt in 0..ATTEMPTS_MAX {
            let (policy, rows, verdict) = match lost_race.take() {
                // Whoever opened the incident first has told us of it: join it.
                Some((rows, pointer)) => {
                    let policy = self.orders.latest().await?.file;
                    let verdict = judge(&policy, &alert);
                    (policy, ArrivalRows { pointer: Some(pointer), ..rows }, verdict)
                }
                None => self.look_up(&alert).await?,
            };
            let known = Known {
                record: rows.record.as_ref().map(|stored| &stored.value),
                pointer: rows.pointer.as_ref().map(|stored| &stored.value),
            };
            let arrival = arrive(event.now, &policy, known, told(&alert, &rows), verdict, attempt);
            match self.store_and_start(&policy, &rows, &arrival).await {
                Ok(()) => {
                    log(&alert, &arrival);
                    return Ok(());
                }
                Err(CommitError::Conflict { pointer: Some(pointer) }) if rows.pointer.is_none() => {
                    lost_race = Some((rows, *pointer));
                }
                Err(CommitError::Conflict { .. }) => tokio::time::sleep(conflict_pause(attempt, seed)).await,
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(Failure::new("Later", format!("{}: others kept writing the same rows; it will be delivered again", alert.name)))
    }

    /// The policy in force, what the table knows, and the verdict. The policy that
    /// this process has says where to look; what is found there says whether it
    /// is still in force.
    async fn look_up(&self, alert: &Alert) -> Result<(Arc<Policy>, ArrivalRows, Verdict), Failure> {
        let known = self.orders.latest().await?;
        let mut verdict = judge(&known.file, alert);
        let mut rows = self.read(&known.file, alert, &verdict).await?;
        let in_force = self.orders.in_force(rows.control.as_ref().map(|stored| &stored.value)).await?;
        for trouble in [known.trouble, in_force.trouble].into_iter().flatten() {
            self.tell_trouble(&in_force.file, &trouble).await;
        }
        if in_force.file.version != known.file.version {
            let newer = judge(&in_force.file, alert);
            if newer != verdict {
                rows = self.read(&in_force.file, alert, &newer).await?;
                verdict = newer;
            }
        }
        self.keep_group(&mut rows, &mut verdict).await?;
        Ok((in_force.file, rows, verdict))
    }

    async fn read(&self, policy: &Policy, alert: &Alert, verdict: &Verdict) -> Result<ArrivalRows, Failure> {
        Ok(self
            .store
            .arrival(&alert.fingerprint, &verdict.routed.group, &cause_keys(policy, verdict), tell::flow_of(alert))
            .await?)
    }

    /// An alert that is firing stays with its incident, although a newer policy
    /// would group it otherwise.
    async fn keep_group(&self, rows: &mut ArrivalRows, verdict: &mut Verdict) -> Result<(), Failure> {
        let Some(record) = rows.record.as_ref().map(|stored| &stored.value) else { return Ok(()) };
        if !record.is_firing() || record.group == verdict.routed.group {
            return Ok(());
        }
        let pointer = self.store.pointer(&record.group).await?;
        if let Some(pointer) = pointer.filter(|pointer| Some(&pointer.value.incident) == record.incident.as_ref()) {
            verdict.routed.group = record.group.clone();
            rows.pointer = Some(pointer);
        }
        Ok(())
    }

    async fn store_and_start(&self, policy: &Policy, rows: &ArrivalRows, arrival: &Arrival) -> Result<(), CommitError> {
        let writes = writes(rows, arrival);
        self.store.commit(writes).await?;
        if let Some(start) = &arrival.start {
            self.start(policy, start).await?;
        }
        Ok(())
    }

    async fn start(&self, policy: &Policy, start: &Start) -> Result<(), CommitError> {
        self.aws.start_clock(&policy.deployment.state_machine, start).await?;
        Ok(())
    }

    /// Tells the failsafe, once, that the newest policy cannot be used.
    pub(crate) async fn tell_trouble(&self, policy: &Policy, trouble: &str) {
        if !self.is_news(trouble) {
            return;
        }
        let message = aws::topics::TopicMessage {
            subject: "Watchkeeper: the newest policy cannot be used".to_owned(),
            short: format!("Watchkeeper: {trouble}"),
            long: format!("{trouble}\n\nCheck the policy with `watchkeeper policy check` and apply it again.\n"),
            attributes: Vec::new(),
        };
        if let Err(error) = self.aws.publish(&policy.deployment.failsafe_topic, &message).await {
            warn!("the failsafe could not be told of a bad policy: {error}");
        }
    }
}

/// The alert with what the table knows of the flow that it is about.
fn told(alert: &Alert, rows: &ArrivalRows) -> Alert {
    let mut told = alert.clone();
    if let Some(flow) = tell::flow_of(alert) {
        tell::annotate(&mut told, flow, rows.flow.as_ref());
    }
    told
}

fn writes(rows: &ArrivalRows, arrival: &Arrival) -> Vec<Write> {
    let mut writes = Vec::new();
    if let Some(record) = &arrival.record {
        writes.push(Write::over(Row::Alert(Box::new(record.clone())), rows.record.as_ref()));
    }
    match &arrival.with {
        With::Nothing => {}
        With::SamePointer => {
            if let Some(pointer) = &rows.pointer {
                writes.push(Write::CheckPointer(pointer.value.group.clone(), pointer.version));
            }
        }
        With::Causes(incident, keys) => writes.extend(causes(rows, incident, keys)),
        With::Incident(opening) => {
            let incident = &opening.incident;
            if let Some(pointer) = incident.pointer() {
                writes.push(Write::over(Row::Pointer(pointer), rows.pointer.as_ref()));
            }
            writes.push(Write::Put(Row::Incident(Box::new(incident.clone())), Expect::Absent));
            for remedy in &opening.remedies {
                writes.push(Write::Put(Row::Remedy(incident.id.clone(), Box::new(remedy.clone())), Expect::Absent));
            }
            for entry in &opening.entries {
                writes.push(Write::Put(Row::Entry(incident.id.clone(), entry.clone()), Expect::Anything));
            }
            writes.extend(causes(rows, &incident.id, &incident.causes));
        }
    }
    writes
}

/// Notes an incident as a cause under its keys.
fn causes(rows: &ArrivalRows, incident: &IncidentId, keys: &[(SourceKey, bool)]) -> Vec<Write> {
    keys.iter()
        .map(|(key, one_sided)| {
            let stored = rows.causes.iter().find(|stored| stored.value.key == *key);
            let mut causes =
                stored.map_or_else(|| Causes { key: key.clone(), incidents: BTreeMap::new() }, |stored| stored.value.clone());
            causes.incidents.insert(incident.clone(), *one_sided);
            Write::over(Row::Causes(causes), stored)
        })
        .collect()
}

fn log(alert: &Alert, arrival: &Arrival) {
    let incident_id = arrival.record.as_ref().and_then(|record| record.incident.as_ref()).map(ToString::to_string);
    info!(
        alarm_name = alert.name,
        state = %alert.state,
        incident_id,
        verb = arrival.verb,
        because = arrival.because.join("; "),
        "{} {} {}",
        alert.name,
        alert.state,
        arrival.verb,
    );
}
