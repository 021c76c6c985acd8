//! Who is woken after whom, and who is on call at that moment?

use jiff::Timestamp;
use serde::Serialize;

use super::MutingSeen;
use crate::policy::{EscalationRule, Policy, TargetKind, TargetSource};
use crate::rehearsal::Heard;
use crate::schedule::{OnCall, Schedule};
use crate::span::Span;

/// How far ahead it is looked for somebody who is on call.
const LOOK_AHEAD: Span = Span::days(3_653);

/// Who is on call at a moment, if anybody, and until when that is so, as far as one
/// can see ahead. Stand-ins made at run time are not looked at.
pub fn on_duty(schedule: &Schedule, at: Timestamp) -> (Option<OnCall>, Option<Timestamp>) {
    let on_call = schedule.on_call(at, &[]);
    let until = match &on_call {
        Some(on_call) => Some(on_call.until).filter(|until| *until < Timestamp::MAX),
        None => schedule.next_change(at, &[], LOOK_AHEAD.after(at)),
    };
    (on_call, until)
}

/// The escalation policy of an alert.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Duty {
    /// Its name.
    pub escalation_policy: String,
    /// Whether the alert's priority climbs it.
    pub climbs: bool,
    /// Its rules, in order.
    pub rules: Vec<Rung>,
    /// How often the climb starts again after the last.
    pub num_loops: u32,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rung {
    /// Who is told.
    pub targets: Vec<Target>,
    /// How long an answer is waited for.
    pub delay: Span,
    /// What may mute the rule; none, if nothing does.
    pub muting: Option<MutingSeen>,
}

/// Somebody to tell.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Target {
    /// A person.
    User {
        /// Who.
        name: String,
    },
    /// A receiver.
    Receiver {
        /// Its name.
        name: String,
    },
    /// Whoever is on call.
    Schedule {
        /// The schedule's name.
        name: String,
        /// Who that is at that moment; nobody, if none.
        user: Option<String>,
        /// Until when that is so; none, if not in the next ten years.
        until: Option<Timestamp>,
        /// By which layer or override.
        because: Option<String>,
    },
}

impl Duty {
    /// The escalation policy of the first receiver that is told at this hour and has
    /// one; if there is none, of the first that has one.
    pub(super) fn of(policy: &Policy, heard: &Heard, at: Timestamp) -> Option<Duty> {
        let is_awake = |receiver: &&String| {
            let routes = heard.routed.muting.get(*receiver);
            routes.is_none_or(|routes| routes.iter().any(|muting| muting.muted(&policy.time_intervals, at).is_none()))
        };
        let of = |name: &String| policy.escalation_policies.get(policy.receivers.get(name)?.escalation_policy.as_ref()?);
        let receivers = &heard.routed.receivers;
        let escalation = receivers.iter().filter(is_awake).find_map(of).or_else(|| receivers.iter().find_map(of))?;
        Some(Duty {
            escalation_policy: escalation.name.clone(),
            climbs: policy.rules(heard.classification.priority).escalate,
            rules: escalation.rules.iter().enumerate().map(|(n, rule)| Rung::of(policy, n, rule, at)).collect(),
            num_loops: escalation.num_loops,
        })
    }
}

impl Rung {
    fn of(policy: &Policy, n: usize, rule: &EscalationRule, at: Timestamp) -> Rung {
        Rung {
            targets: rule.targets.iter().map(|target| Target::of(policy, target, at)).collect(),
            delay: rule.delay,
            muting: MutingSeen::of(policy, format!("rule {}", n + 1), &rule.muting, at),
        }
    }
}

impl Target {
    fn of(policy: &Policy, target: &TargetSource, at: Timestamp) -> Target {
        let name = target.id.clone();
        match target.kind {
            TargetKind::User => Target::User { name },
            TargetKind::Receiver => Target::Receiver { name },
            TargetKind::Schedule => {
                let (on_call, until) = policy.schedules.get(&name).map(|schedule| on_duty(schedule, at)).unwrap_or_default();
                let (user, because) = on_call.map(|on_call| (on_call.user, on_call.because)).unzip();
                Target::Schedule { name, user, until, because }
            }
        }
    }
}
