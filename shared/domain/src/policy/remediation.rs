//! What may be mended without people, and within which limits?

use serde_json::{Map, Value};

use super::problem::Problem;
use super::source::{ActionKind, Approval, Mode, RemediationSource};
use crate::matcher::Matcher;
use crate::span::Span;

/// A remediation, ready to use.
#[derive(Debug, Clone)]
pub struct Remediation {
    /// Its name.
    pub name: String,
    /// Which alerts call for it.
    pub matchers: Vec<Matcher>,
    /// What is done.
    pub action: Action,
    /// How far it may go.
    pub mode: Mode,
    /// Whether a person must approve.
    pub needs_approval: bool,
    /// How long an unanswered request for approval stands.
    pub approval_expires: Span,
    /// How long the first notification waits for it.
    pub hold: Span,
    /// Within which time it must have helped.
    pub verify_within: Span,
    /// How long all must be well before what was changed is put back.
    pub revert_after_ok: Span,
    /// Alerts older than this are not acted on. Never shortened by a drill: it
    /// is about the world outside.
    pub max_event_age: Span,
    /// What bounds it.
    pub limits: Limits,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Raises the minimum capacity of an ECS service's scalable target to
    /// `percent` of what runs.
    EcsScaleOut {
        /// 150 is half as much again.
        percent: u32,
    },
    /// Ends all connections of an RDS instance by restarting it.
    RdsConnectionReset {
        /// Fail over to the standby, if there is one: quicker.
        force_failover: bool,
    },
}

impl Action {
    /// Whether it interrupts what works. Such actions need approval unless the
    /// policy says otherwise.
    pub const fn is_disruptive(self) -> bool {
        match self {
            Action::EcsScaleOut { .. } => false,
            Action::RdsConnectionReset { .. } => true,
        }
    }
}

/// What bounds a remediation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Least time between two actions on one target.
    pub cooldown: Span,
    /// Most actions in an hour, over the whole account.
    pub per_hour: u32,
    /// Most of a service's capacity that may be added or interrupted, in percent.
    pub blast_radius_percent: u32,
    /// After how many failures in a row no more is tried.
    pub consecutive_failures: u32,
}

/// Reads a remediation; `scale` divides its waiting times.
pub(super) fn compile(
    source: &RemediationSource,
    matchers: Vec<Matcher>,
    path: &str,
    scale: u32,
    problems: &mut Vec<Problem>,
) -> Remediation {
    let action = action(source.action, &source.parameters, path, problems);
    let span = |given: Option<Span>, default: Span| given.unwrap_or(default).shortened(scale);
    let needs_approval = match (source.mode, source.approval) {
        (Mode::Ask, Some(Approval::None)) => {
            problems.push(Problem {
                path: format!("{path}.approval"),
                message: "`mode: ask` asks for approval, `approval: none` does without; use `mode: act` for the latter".into(),
            });
            true
        }
        (Mode::Ask, _) | (Mode::Observe | Mode::Act, Some(Approval::Required)) => true,
        (Mode::Observe | Mode::Act, Some(Approval::None)) => false,
        (Mode::Observe | Mode::Act, None) => action.is_disruptive(),
    };
    let limits = Limits {
        cooldown: span(source.limits.cooldown, Span::minutes(30)),
        per_hour: source.limits.per_hour.unwrap_or(4),
        blast_radius_percent: source.limits.blast_radius_percent.unwrap_or(100),
        consecutive_failures: source.limits.consecutive_failures.unwrap_or(3),
    };
    if limits.consecutive_failures == 0 {
        problems.push(Problem {
            path: format!("{path}.limits.consecutive_failures"),
            message: "0 would never try anything; write 1 or more, or `mode: observe`".into(),
        });
    }
    Remediation {
        name: source.name.clone(),
        matchers,
        action,
        mode: source.mode,
        needs_approval,
        approval_expires: span(source.approval_expires, Span::hours(4)),
        hold: span(source.hold, Span::minutes(5)),
        verify_within: span(source.verify_within, Span::minutes(10)),
        revert_after_ok: span(source.revert_after_ok, Span::minutes(10)),
        max_event_age: source.max_event_age.unwrap_or(Span::minutes(15)),
        limits,
    }
}

fn action(kind: ActionKind, parameters: &Map<String, Value>, path: &str, problems: &mut Vec<Problem>) -> Action {
    let known: &[&str] = match kind {
        ActionKind::EcsScaleOut => &["factor"],
        ActionKind::RdsConnectionReset => &["force_failover"],
    };
    for name in parameters.keys().filter(|name| !known.contains(&name.as_str())) {
        problems.push(Problem {
            path: format!("{path}.parameters.{name}"),
            message: format!("this action has no parameter `{name}`; it has {}", known.join(", ")),
        });
    }
    match kind {
        ActionKind::EcsScaleOut => Action::EcsScaleOut { percent: percent(parameters.get("factor"), path, problems) },
        ActionKind::RdsConnectionReset => {
            let force_failover = match parameters.get("force_failover") {
                None => false,
                Some(Value::Bool(value)) => *value,
                Some(_) => {
                    problems.push(Problem {
                        path: format!("{path}.parameters.force_failover"),
                        message: "write true or false".into(),
                    });
                    false
                }
            };
            Action::RdsConnectionReset { force_failover }
        }
    }
}

/// A factor from 1.01 to 10 as whole percent.
fn percent(factor: Option<&Value>, path: &str, problems: &mut Vec<Problem>) -> u32 {
    const DEFAULT: u32 = 150;
    let Some(value) = factor else { return DEFAULT };
    match value.as_f64() {
        Some(factor) if (1.01..=10.0).contains(&factor) => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked: 101 to 1,000")]
            let percent = (factor * 100.0).round() as u32;
            percent
        }
        _ => {
            problems.push(Problem {
                path: format!("{path}.parameters.factor"),
                message: format!("`{value}` is not a factor from 1.01 to 10; 1.5 is half as much again"),
            });
            DEFAULT
        }
    }
}
