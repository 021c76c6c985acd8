//! May it be done? Every guard must allow it; the first that does not says why.

use jiff::Timestamp;

use super::action::{Attempt, Planned};
use super::{Actions, Holder, Lease, Phase, Plan, Refusal, Remedy, Target, TargetFacts};
use crate::control::Control;
use crate::incident::AlertRecord;
use crate::mute::Muting;
use crate::policy::{Policy, Remediation};
use crate::span::Span;
use crate::suppress::mending_refused;
use crate::text::instant;

/// Only targets with this tag are touched, whatever the policy says.
pub const MANAGED_TAG: (&str, &str) = ("watchkeeper", "managed");

/// What is seen at the target just before a decision, and who works on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The target itself.
    pub target: TargetFacts,
    /// Who works on it.
    pub lease: Lease,
    /// What was done in the last hour.
    pub actions: Actions,
}

/// What all guards together say, if none refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// To do this.
    Act(Planned<Plan>),
    /// To take part in the change that stands for another incident.
    Share(Plan),
    /// Another incident is about to make or to put back the same change: see what
    /// becomes of it.
    Await,
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
    not_stopped(control, &remedy.name)?;
    let target = remedy.target.clone().ok_or(Refusal::NoTarget)?;
    let suppression = members
        .iter()
        .filter(|member| member.is_firing() && member.alert.name == remedy.alert_name)
        .find_map(|member| mending_refused(now, policy, control, member));
    if let Some(suppression) = suppression {
        return Err(Refusal::Suppressed { because: suppression.because });
    }
    blackout(now, policy, remediation)?;
    Ok((remediation, target))
}

/// The kill switch.
///
/// # Errors
/// [`Refusal::Stopped`].
pub fn not_stopped(control: &Control, name: &str) -> Result<(), Refusal> {
    match control.kill.stops(name) {
        Some(stop) => Err(Refusal::Stopped { by: stop.by.clone(), at: stop.at, why: stop.why.clone() }),
        None => Ok(()),
    }
}

fn blackout(now: Timestamp, policy: &Policy, remediation: &Remediation) -> Result<(), Refusal> {
    let holds = remediation.blackout.iter().find_map(|name| {
        let muting = Muting { mute: vec![name.clone()], ..Muting::default() };
        muting.muted(&policy.time_intervals, now).map(|muted| (name.clone(), muted.until))
    });
    match holds {
        Some((interval, until)) => {
            let until = until.map(|until| format!(", until {}", instant(until))).unwrap_or_default();
            Err(Refusal::Blackout { interval, until })
        }
        None => Ok(()),
    }
}

/// The guard against events that come late: what was right an hour ago may be
/// wrong now.
///
/// # Errors
/// [`Refusal::TooOld`].
pub fn age(now: Timestamp, remediation: &Remediation, remedy: &Remedy) -> Result<(), Refusal> {
    let age = Span::between(remedy.alert_at, now);
    // What the steps before took is no delay of the event.
    if remedy.step == 0 && age > remediation.max_event_age {
        return Err(Refusal::TooOld { age: age.spoken(), limit: remediation.max_event_age.spoken() });
    }
    Ok(())
}

/// The guards that look at the target, for `holder` at the step `remedy` is at.
///
/// # Errors
/// The [`Refusal`] of the first guard that does not allow it.
pub fn plan(
    now: Timestamp,
    remediation: &Remediation,
    remedy: &Remedy,
    target: &Target,
    holder: &Holder,
    facts: &Facts,
) -> Result<Allowed, Refusal> {
    managed(target, &facts.target)?;
    if let Some(held) = &facts.lease.held
        && !facts.lease.is_held_by_alone(holder)
    {
        let is_same = held.plan.action() == remediation.action.name() && held.plan.is_put_back();
        return match (is_same, held.phase) {
            (true, Phase::Stands) => Ok(Allowed::Share(held.plan.clone())),
            (true, Phase::Begun | Phase::Reverting) => Ok(Allowed::Await),
            (false, _) => {
                let first = held.by.first().unwrap_or(holder);
                let (incident, remediation) = (first.incident.clone(), first.remediation.clone());
                Err(Refusal::Taken { incident, remediation, since: held.since })
            }
        };
    }
    limits(now, remediation, holder, facts)?;
    fitting(now, remediation, remedy, target, facts).map(Allowed::Act)
}

/// The action's own guards, and the blast radius of what it would do.
///
/// # Errors
/// The [`Refusal`] of the first guard that does not allow it.
pub fn fitting(
    now: Timestamp,
    remediation: &Remediation,
    remedy: &Remedy,
    target: &Target,
    facts: &Facts,
) -> Result<Planned<Plan>, Refusal> {
    let attempt = Attempt { now, alert_at: remedy.alert_at, target, step: remedy.step };
    let planned = remediation.action.plan(attempt, &facts.target)?;
    let (percent, limit) = (planned.touched_percent, remediation.limits.blast_radius_percent);
    if percent > limit { Err(Refusal::BlastRadius { percent, limit }) } else { Ok(planned) }
}

fn managed(target: &Target, facts: &TargetFacts) -> Result<(), Refusal> {
    if let TargetFacts::Hidden(why) = facts {
        return Err(Refusal::hidden(target, why));
    }
    let Some(tags) = facts.tags() else { return Err(Refusal::Missing { target: target.to_string() }) };
    let (tag, value) = MANAGED_TAG;
    if tags.get(tag).map(String::as_str) == Some(value) {
        Ok(())
    } else {
        Err(Refusal::NotManaged { target: target.to_string(), tag: tag.to_owned(), value: value.to_owned() })
    }
}

fn limits(now: Timestamp, remediation: &Remediation, holder: &Holder, facts: &Facts) -> Result<(), Refusal> {
    let (limits, lease) = (remediation.limits, &facts.lease);
    let is_next_step = lease.last.as_ref() == Some(holder);
    if let Some(until) = lease.cooldown_until.filter(|until| now < *until && !is_next_step) {
        return Err(Refusal::CoolingDown { until });
    }
    if lease.n_failures >= limits.consecutive_failures {
        return Err(Refusal::BreakerOpen { n_failures: lease.n_failures, limit: limits.consecutive_failures });
    }
    let n_actions = facts.actions.in_last_hour(now);
    if n_actions >= usize::try_from(limits.per_hour).unwrap_or(usize::MAX) {
        return Err(Refusal::HourlyLimit { n_actions, limit: limits.per_hour });
    }
    Ok(())
}
