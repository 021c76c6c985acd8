//! Users' jobs that are waited for.

use std::collections::BTreeMap;

use domain::heartbeat::check::due;
use domain::heartbeat::{self, Heartbeat, State, Verdict};
use domain::link::LinkKey;
use domain::policy::unknown;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::args::HeartbeatCommand;
use crate::context::Context;
use crate::fault::{self, Fault};
use crate::show;

pub(crate) async fn run(context: &Context, command: HeartbeatCommand) -> Result<(), Fault> {
    match command {
        HeartbeatCommand::List => list(context).await,
        HeartbeatCommand::Url { id } => url(context, &id).await,
    }
}

/// A heartbeat with what is known of it.
pub(crate) struct Job {
    pub(crate) heartbeat: Heartbeat,
    pub(crate) state: State,
    pub(crate) verdict: Verdict,
    /// When it must be heard of next.
    pub(crate) due: Option<Timestamp>,
}

impl Job {
    fn of(now: Timestamp, heartbeat: Heartbeat, state: Option<State>) -> Job {
        let state = state.unwrap_or_else(|| State::new(&heartbeat.id));
        let since = state.watched.as_ref().map_or(now, |watched| watched.since);
        Job { verdict: state.check(now, &heartbeat), due: due(&heartbeat, &state.heard, since), heartbeat, state }
    }

    /// When its last run succeeded.
    pub(crate) fn success(&self) -> Option<Timestamp> {
        self.state.heard.success.as_ref().map(|success| success.at)
    }

    fn json(&self) -> Value {
        let failed = self.state.heard.failed();
        json!({
            "id": self.heartbeat.id,
            "service": self.heartbeat.service,
            "schedule": self.heartbeat.schedule.to_string(),
            "grace": self.heartbeat.grace.to_string(),
            "state": self.verdict.word(),
            "due_at": self.due,
            "started_at": self.state.heard.start,
            "succeeded_at": self.success(),
            "failed_at": failed.map(|failure| failure.at),
            "exit_code": failed.and_then(|failure| failure.exit_code),
            "log": failed.map(|failure| &failure.log),
        })
    }
}

async fn list(context: &Context) -> Result<(), Fault> {
    let heartbeats = in_force(context).await?;
    let stored = context.store.heartbeats().await.map_err(|error| fault::store(error, context.place()))?;
    let mut stored: BTreeMap<String, State> = stored.into_iter().map(|stored| (stored.value.id.clone(), stored.value)).collect();
    let mut jobs: Vec<Job> = heartbeats
        .into_iter()
        .map(|heartbeat| {
            let state = stored.remove(&heartbeat.id);
            Job::of(context.now, heartbeat, state)
        })
        .collect();
    jobs.sort_by_key(|job| !matches!(job.verdict, Verdict::Wrong { .. }));
    if context.json {
        show::json(&json!({"heartbeats": jobs.iter().map(Job::json).collect::<Vec<_>>()}));
    } else {
        show::heartbeats(&jobs);
    }
    Ok(())
}

/// The heartbeats of the file in force.
async fn in_force(context: &Context) -> Result<Vec<Heartbeat>, Fault> {
    let Some(probes) = context.control().await?.value.probes else { return Ok(Vec::new()) };
    let stored = context.store.probes(&probes.version).await.map_err(|error| fault::store(error, context.place()))?;
    let file = stored.ok_or_else(|| Fault::No("the file of probes is missing; run `terraform apply` again".to_owned()))?;
    heartbeat::load(&file).map_err(|problems| {
        Fault::No(format!(
            "the file of probes cannot be used: {problems}\nis this an older version of the tool than what is deployed?"
        ))
    })
}

async fn url(context: &Context, id: &str) -> Result<(), Fault> {
    let heartbeats = in_force(context).await?;
    if !heartbeats.iter().any(|heartbeat| heartbeat.id == id) {
        let names = heartbeats.iter().map(|heartbeat| heartbeat.id.as_str());
        return Err(Fault::No(unknown("heartbeat", id, names)));
    }
    let policy = context.policy().await?;
    let deployment = &policy.deployment;
    if deployment.link_key.is_empty() {
        return Err(Fault::No(
            "the deployment does not say which secret holds the link key; run `terraform apply` again".to_owned(),
        ));
    }
    let text = context.aws.secret(&deployment.link_key).await.map_err(|error| Fault::of(&error, context.place()))?;
    let key =
        LinkKey::new(text.trim().as_bytes()).map_err(|error| Fault::No(format!("secret {}: {error}", deployment.link_key)))?;
    let address = format!("{}ping/{id}/{}", deployment.console_url, key.heartbeat(id));
    if context.json {
        show::json(&json!({"id": id, "url": address}));
    } else {
        show::heartbeat_url(&address);
    }
    Ok(())
}
