//! May it be done? Every guard must allow it; the first that does not says why.

use crate::text::instant;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::facts::{DbFacts, EcsFacts, Facts, Scalable, TargetFacts};
use super::{Plan, Remedy, Target};
use crate::control::Control;
use crate::id::IncidentId;
use crate::incident::AlertRecord;
use crate::policy::{Action, Policy, Remediation};
use crate::span::Span;
use crate::suppress::mending_refused;

/// Only targets with this tag are touched, whatever the policy says.
pub const MANAGED_TAG: (&str, &str) = ("watchkeeper", "managed");

/// Why a guard does not allow it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "is", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant's message says what its fields are")]
pub enum Refusal {
    #[error("the policy has no remediation of this name any more")]
    NotInPolicy,
    #[error("no policy was ever installed, so nobody has allowed anything")]
    NoControl,
    #[error("remediation is stopped by {by} since {}: {why}", instant(*at))]
    Stopped { by: String, at: Timestamp, why: String },
    #[error("the alert names nothing to act on, and its service's catalogue entry neither")]
    NoTarget,
    #[error("the event is {age} old, and at most {limit} is acted on")]
    TooOld { age: String, limit: String },
    #[error("the alert is suppressed: {because}")]
    Suppressed { because: String },
    #[error("{target} does not exist")]
    Missing { target: String },
    #[error("{target} lacks the tag {tag}={value}")]
    NotManaged { target: String, tag: String, value: String },
    #[error("incident {incident} is working on this target with {remediation} since {}", instant(*since))]
    Taken { incident: IncidentId, remediation: String, since: Timestamp },
    #[error("the target is left alone until {} after the last action", instant(*until))]
    CoolingDown { until: Timestamp },
    #[error("{n_failures} actions on this target failed in a row, and after {limit} no more is tried")]
    BreakerOpen { n_failures: u32, limit: u32 },
    #[error("{n_actions} actions began in the last hour, and at most {limit} may")]
    HourlyLimit { n_actions: usize, limit: u32 },
    #[error("it would touch {percent} % of the capacity, and at most {limit} % may be")]
    BlastRadius { percent: u32, limit: u32 },
    #[error("the service is not active")]
    ServiceInactive,
    #[error("the service has no scalable target; register one, or scale by hand")]
    NoScalableTarget,
    #[error("scaling out is suspended on the scalable target")]
    ScalingSuspended,
    #[error("a deployment is in progress")]
    Deploying,
    #[error("{running} of {desired} tasks run and ECS cannot place more: {message}")]
    CannotPlace { running: u32, desired: u32, message: String },
    #[error("no headroom: {running} tasks run, the minimum is {min} and the maximum {max}")]
    NoHeadroom { running: u32, min: u32, max: u32 },
    #[error("the instance is {status}, not available")]
    NotAvailable { status: String },
    #[error("a restart would also apply pending changes: {changes}")]
    PendingChanges { changes: String },
}

/// The guards that need no look at the target.
///
/// # Errors
/// The [`Refusal`] of the first guard that does not allow it.
pub fn before_looking<'p>(
    now: Timestamp,
    policy: &'p Policy,
    control: &Control,
    remedy: &Remedy,
    members: &[AlertRecord],
) -> Result<(&'p Remediation, Target), Refusal> {
    let remediation = policy.remediation(&remedy.name).ok_or(Refusal::NotInPolicy)?;
    if control.policy.is_none() {
        return Err(Refusal::NoControl);
    }
    if let Some(stop) = control.kill.stops(&remedy.name) {
        return Err(Refusal::Stopped { by: stop.by.clone(), at: stop.at, why: stop.why.clone() });
    }
    let target = remedy.target.clone().ok_or(Refusal::NoTarget)?;
    let held = members
        .iter()
        .filter(|member| member.is_firing() && member.alert.name == remedy.alert_name)
        .find_map(|member| mending_refused(now, policy, control, member));
    if let Some(suppression) = held {
        return Err(Refusal::Suppressed { because: suppression.because });
    }
    Ok((remediation, target))
}

/// The guard against events that come late: what was right an hour ago may be
/// wrong now.
///
/// # Errors
/// [`Refusal::TooOld`].
pub fn age(now: Timestamp, remediation: &Remediation, remedy: &Remedy) -> Result<(), Refusal> {
    let age = Span::between(remedy.alert_at, now);
    if age > remediation.max_event_age {
        return Err(Refusal::TooOld { age: age.spoken(), limit: remediation.max_event_age.spoken() });
    }
    Ok(())
}

/// The guards that look at the target; what to do, if all allow it.
///
/// # Errors
/// The [`Refusal`] of the first guard that does not allow it.
pub fn plan(now: Timestamp, remediation: &Remediation, target: &Target, facts: &Facts) -> Result<Plan, Refusal> {
    let tags = match &facts.target {
        TargetFacts::Missing => return Err(Refusal::Missing { target: target.to_string() }),
        TargetFacts::Ecs(ecs) => &ecs.tags,
        TargetFacts::Db(db) => &db.tags,
    };
    let (tag, value) = MANAGED_TAG;
    if tags.get(tag).map(String::as_str) != Some(value) {
        return Err(Refusal::NotManaged { target: target.to_string(), tag: tag.to_owned(), value: value.to_owned() });
    }
    limits(now, remediation, facts)?;
    match (remediation.action, target, &facts.target) {
        (Action::EcsScaleOut { percent }, Target::EcsService { cluster, service }, TargetFacts::Ecs(ecs)) => {
            scale_out(remediation, percent, cluster, service, ecs)
        }
        (Action::RdsConnectionReset { force_failover }, Target::DbInstance { instance }, TargetFacts::Db(db)) => {
            reset(remediation, force_failover, instance, db)
        }
        // The policy changed what this remediation does after it was proposed.
        (Action::EcsScaleOut { .. } | Action::RdsConnectionReset { .. }, _, _) => Err(Refusal::NotInPolicy),
    }
}

fn limits(now: Timestamp, remediation: &Remediation, facts: &Facts) -> Result<(), Refusal> {
    let limits = remediation.limits;
    if let Some(holder) = &facts.lease.holder {
        return Err(Refusal::Taken {
            incident: holder.incident.clone(),
            remediation: holder.remediation.clone(),
            since: holder.since,
        });
    }
    if let Some(until) = facts.lease.cooldown_until.filter(|until| now < *until) {
        return Err(Refusal::CoolingDown { until });
    }
    if facts.lease.n_failures >= limits.consecutive_failures {
        return Err(Refusal::BreakerOpen { n_failures: facts.lease.n_failures, limit: limits.consecutive_failures });
    }
    let n_actions = facts.actions.in_last_hour(now);
    if n_actions >= usize::try_from(limits.per_hour).unwrap_or(usize::MAX) {
        return Err(Refusal::HourlyLimit { n_actions, limit: limits.per_hour });
    }
    Ok(())
}

/// The recipe: a higher minimum, never a lower maximum.
fn scale_out(remediation: &Remediation, percent: u32, cluster: &str, service: &str, ecs: &EcsFacts) -> Result<Plan, Refusal> {
    if !ecs.is_active {
        return Err(Refusal::ServiceInactive);
    }
    let Some(Scalable { min, max, is_out_suspended }) = ecs.scalable else { return Err(Refusal::NoScalableTarget) };
    if is_out_suspended {
        return Err(Refusal::ScalingSuspended);
    }
    if ecs.is_deploying {
        return Err(Refusal::Deploying);
    }
    if let Some(message) = ecs.placement_failure.clone().filter(|_| ecs.running < ecs.desired) {
        return Err(Refusal::CannotPlace { running: ecs.running, desired: ecs.desired, message });
    }
    let wanted = (u64::from(ecs.running) * u64::from(percent)).div_ceil(100);
    let after = u32::try_from(wanted).unwrap_or(u32::MAX).min(max);
    if after <= ecs.running || after <= min {
        return Err(Refusal::NoHeadroom { running: ecs.running, min, max });
    }
    let added = (after - ecs.running).saturating_mul(100).div_ceil(ecs.running.max(1));
    within_blast_radius(remediation, added)?;
    Ok(Plan::RaiseMinimum { cluster: cluster.to_owned(), service: service.to_owned(), before: min, after, running: ecs.running })
}

fn reset(remediation: &Remediation, force_failover: bool, instance: &str, db: &DbFacts) -> Result<Plan, Refusal> {
    if db.status != "available" {
        return Err(Refusal::NotAvailable { status: db.status.clone() });
    }
    if !db.pending.is_empty() {
        return Err(Refusal::PendingChanges { changes: db.pending.join(", ") });
    }
    let instance = instance.to_owned();
    match &db.cluster {
        Some((cluster, n_instances)) if *n_instances > 1 => {
            within_blast_radius(remediation, 100 / u32::try_from(*n_instances).unwrap_or(u32::MAX))?;
            Ok(Plan::Failover { instance, cluster: cluster.clone() })
        }
        Some(_) | None => {
            within_blast_radius(remediation, 100)?;
            Ok(Plan::Reboot { instance, force_failover: force_failover && db.is_multi_az })
        }
    }
}

fn within_blast_radius(remediation: &Remediation, percent: u32) -> Result<(), Refusal> {
    let limit = remediation.limits.blast_radius_percent;
    if percent > limit { Err(Refusal::BlastRadius { percent, limit }) } else { Ok(()) }
}
