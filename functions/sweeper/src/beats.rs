//! Users' jobs: which has not been heard of, has failed or does not end?
//!
//! A change is stored before the classifier is handed its event, and marked as told
//! afterwards. What a run that was cut off has left pending, the next one tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws::store::{CommitError, Expect, Row, Stored, Write};
use domain::control::Control;
use domain::heartbeat::{self, Heartbeat, State, settle};
use domain::policy::Policy;
use jiff::Timestamp;
use runtime::Failure;
use tracing::{error, warn};

use crate::Sweeper;

/// The heartbeats of a file of probes, by its version.
#[derive(Debug, Default)]
pub(crate) struct Known {
    version: String,
    heartbeats: Arc<Vec<Heartbeat>>,
}

impl Sweeper {
    /// Looks at every heartbeat of the file in force; gives of how many changes the
    /// classifier was told.
    pub(crate) async fn look_at_heartbeats(&self, now: Timestamp, policy: &Policy, control: &Control) -> Result<usize, Failure> {
        let Some(probes) = &control.probes else { return Ok(0) };
        if policy.deployment.classifier.is_empty() {
            return Ok(0);
        }
        let heartbeats = self.heartbeats(&probes.version).await?;
        let mut stored: BTreeMap<String, Stored<State>> =
            self.store.heartbeats().await?.into_iter().map(|stored| (stored.value.id.clone(), stored)).collect();
        let mut n_told = 0;
        let mut failure = None;
        let watched = heartbeats.iter().map(|heartbeat| (Some(heartbeat), stored.remove(&heartbeat.id))).collect::<Vec<_>>();
        let gone = stored.into_values().map(|stored| (None, Some(stored)));
        for (heartbeat, row) in watched.into_iter().chain(gone) {
            match self.settle(now, policy, heartbeat, row).await {
                Ok(is_told) => n_told += usize::from(is_told),
                // The others are looked at all the same.
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(n_told), Err)
    }

    /// The heartbeats of a version, read once.
    async fn heartbeats(&self, version: &str) -> Result<Arc<Vec<Heartbeat>>, Failure> {
        let mut known = self.known.lock().await;
        if known.version != version {
            let unusable =
                |why: String| Failure::new("UnusableProbes", format!("probes {version}: {why}; no heartbeat is watched"));
            let content = self.store.probes(version).await?.ok_or_else(|| unusable("their row is missing".to_owned()))?;
            let heartbeats = heartbeat::load(&content).map_err(|problems| unusable(problems.to_string()))?;
            *known = Known { version: version.to_owned(), heartbeats: Arc::new(heartbeats) };
        }
        Ok(Arc::clone(&known.heartbeats))
    }

    /// Looks at one; whether the classifier was told of something.
    async fn settle(
        &self,
        now: Timestamp,
        policy: &Policy,
        heartbeat: Option<&Heartbeat>,
        row: Option<Stored<State>>,
    ) -> Result<bool, Failure> {
        let (state, version) = match settle(now, heartbeat, row.as_ref().map(|row| &row.value)) {
            Some(next) => {
                match self.store.commit(vec![Write::over(Row::Heartbeat(Box::new(next.clone())), row.as_ref())]).await {
                    Ok(()) => (next, row.map_or(1, |row| row.version + 1)),
                    // It was heard of just now: the next run looks at what is there then.
                    Err(CommitError::Conflict { .. }) => return Ok(false),
                    Err(CommitError::Store(error)) => return Err(error.into()),
                }
            }
            None => match row {
                Some(row) => (row.value, row.version),
                None => return Ok(false),
            },
        };
        self.tell(policy, heartbeat, state, version).await
    }

    async fn tell(&self, policy: &Policy, heartbeat: Option<&Heartbeat>, state: State, version: u64) -> Result<bool, Failure> {
        let Some(change) = state.change.clone().filter(|change| change.pending) else { return Ok(false) };
        let deployment = &policy.deployment;
        let Some(event) = heartbeat::event::event(&state, heartbeat, &deployment.classifier_arn) else { return Ok(false) };
        let is = change.kind.map_or("well", heartbeat::Kind::word);
        warn!(heartbeat = state.id, is, "a job is {is}: the classifier is told");
        self.aws.invoke_event(&deployment.classifier, &event).await?;
        let id = state.id.clone();
        let told = Row::Heartbeat(Box::new(state.told(change.at)));
        match self.store.commit(vec![Write::Put(told, Expect::Version(version))]).await {
            // If it was heard of meanwhile it is told once more, which is the same alert.
            Ok(()) | Err(CommitError::Conflict { .. }) => Ok(true),
            Err(CommitError::Store(error)) => {
                error!(heartbeat = id, "that the classifier was told could not be stored, so it is told again: {error}");
                Ok(true)
            }
        }
    }
}
