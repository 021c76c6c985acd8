//! The part about remediations: what may be mended, within which limits?

use serde_json::{Map, Value};

use super::Reader;
use crate::matcher::Matcher;
use crate::policy::problem::Problem;
use crate::policy::source::{ActionKind, Approval, ClassifySource, Mode, RemediationSource};
use crate::policy::{Action, Limits, Remediation};
use crate::span::Span;

impl Reader<'_> {
    pub(super) fn remediations(&mut self) -> Vec<Remediation> {
        let source = self.source;
        let mut remediations = Vec::new();
        for (n, remediation) in source.remediations.iter().enumerate() {
            let path = format!("remediations[{n}]");
            let is_set = |rule: &ClassifySource| rule.set.remediation.as_ref() == Some(&remediation.name);
            if remediation.matchers.is_empty() && !source.classify.iter().any(is_set) {
                self.problem(
                    format!("{path}.matchers"),
                    "a remediation needs matchers, so that it acts only where it was meant to",
                );
            }
            let matchers = self.matchers(&remediation.matchers, &format!("{path}.matchers"));
            remediations.push(compile(remediation, matchers, &path, self.scale, &mut self.problems));
        }
        remediations
    }
}

/// Reads a remediation; `scale` divides its waiting times.
fn compile(
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
            problems.push(Problem::new(
                format!("{path}.approval"),
                "`mode: ask` asks for approval, `approval: none` does without; use `mode: act` for the latter",
            ));
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
        problems.push(Problem::new(
            format!("{path}.limits.consecutive_failures"),
            "0 would never try anything; write 1 or more, or `mode: observe`",
        ));
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
        problems.push(Problem::new(
            format!("{path}.parameters.{name}"),
            format!("this action has no parameter `{name}`; it has {}", known.join(", ")),
        ));
    }
    match kind {
        ActionKind::EcsScaleOut => Action::EcsScaleOut { percent: percent(parameters.get("factor"), path, problems) },
        ActionKind::RdsConnectionReset => {
            let force_failover = match parameters.get("force_failover") {
                None => false,
                Some(Value::Bool(value)) => *value,
                Some(_) => {
                    problems.push(Problem::new(format!("{path}.parameters.force_failover"), "write true or false"));
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
            problems.push(Problem::new(
                format!("{path}.parameters.factor"),
                format!("`{value}` is not a factor from 1.01 to 10; 1.5 is half as much again"),
            ));
            DEFAULT
        }
    }
}
