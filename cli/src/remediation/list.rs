//! What may be mended, and what is being mended?

use aws::store::OpenRow;
use domain::control::{KillSwitch, Stop};
use domain::id::IncidentId;
use domain::policy::{Mode, Remediation};
use domain::span::Span;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::context::Context;
use crate::fault::{self, Fault};
use crate::show;

/// A remediation of the policy.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) action: &'static str,
    pub(crate) mode: Mode,
    pub(crate) target: &'static str,
    /// For each of the action's steps, whether a person must approve it.
    pub(crate) approval: Vec<bool>,
    pub(crate) limits: Limits,
    pub(crate) stopped: Option<Stop>,
}

/// What bounds a remediation.
#[derive(Debug, Serialize)]
pub(crate) struct Limits {
    #[serde(rename = "cooldown_seconds", serialize_with = "seconds")]
    pub(crate) cooldown: Span,
    pub(crate) per_hour: u32,
    pub(crate) blast_radius_percent: u32,
    pub(crate) consecutive_failures: u32,
}

/// A remediation of an incident that is not over.
#[derive(Debug, Serialize)]
pub(crate) struct UnderWay {
    pub(crate) incident: IncidentId,
    pub(crate) name: String,
    pub(crate) target: Option<String>,
    pub(crate) proposed_at: Timestamp,
    pub(crate) stage: &'static str,
    pub(crate) sentence: String,
    pub(crate) can_be_stopped: bool,
}

pub(super) async fn run(context: &Context) -> Result<(), Fault> {
    let policy = context.policy().await?;
    let kill = context.control().await?.value.kill;
    let listed: Vec<Listed> = policy.remediations.iter().map(|remediation| Listed::of(remediation, &kill)).collect();
    let under_way = under_way(context).await?;
    if context.json {
        show::json(&json!({"remediations": listed, "under_way": under_way}));
    } else {
        show::remediations(&listed, &under_way);
    }
    Ok(())
}

/// What is under way in all incidents, the oldest first.
pub(super) async fn under_way(context: &Context) -> Result<Vec<UnderWay>, Fault> {
    let rows = context.store.open_rows(None).await.map_err(|error| fault::store(error, context.place()))?;
    let mut under_way: Vec<UnderWay> = rows
        .into_iter()
        .filter_map(|row| match row {
            OpenRow::Remedy(incident, stored) => Some((incident, stored.value)),
            OpenRow::Incident(_) => None,
        })
        // One that is over is still open until others have heard of its end.
        .filter(|(_, remedy)| remedy.stage.outcome().is_none())
        .map(|(incident, remedy)| UnderWay {
            incident,
            target: remedy.target.as_ref().map(ToString::to_string),
            proposed_at: remedy.proposed_at,
            stage: remedy.stage.word(),
            sentence: remedy.stage.sentence(),
            can_be_stopped: remedy.stage.can_be_stopped(),
            name: remedy.name,
        })
        .collect();
    under_way.sort_by_key(|it| it.proposed_at);
    Ok(under_way)
}

impl Listed {
    fn of(remediation: &Remediation, kill: &KillSwitch) -> Listed {
        let limits = remediation.limits;
        Listed {
            name: remediation.name.clone(),
            action: remediation.action.name(),
            mode: remediation.mode,
            target: remediation.target_from.word(),
            approval: (0..remediation.action.n_steps()).map(|step| remediation.needs_approval(step)).collect(),
            limits: Limits {
                cooldown: limits.cooldown,
                per_hour: limits.per_hour,
                blast_radius_percent: limits.blast_radius_percent,
                consecutive_failures: limits.consecutive_failures,
            },
            stopped: kill.stops(&remediation.name).cloned(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn seconds<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(span.as_seconds())
}
