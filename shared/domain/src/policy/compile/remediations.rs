//! The part about remediations: what may be mended, within which limits?

use serde_json::Value;

use super::{Reader, shape};
use crate::policy::source::{Approval, Check, ClassifySource, LimitsSource, Mode, RemediationSource, VerifySource};
use crate::policy::{Limits, Remediation, Verify};
use crate::remediation::Action;
use crate::span::Span;

impl Reader<'_> {
    pub(super) fn remediations(&mut self) -> Vec<Remediation> {
        let source = self.source;
        let numbered = source.remediations.iter().enumerate();
        numbered.filter_map(|(n, remediation)| self.remediation(remediation, &format!("remediations[{n}]"))).collect()
    }

    /// Reads a remediation; none if its action cannot be read.
    fn remediation(&mut self, source: &RemediationSource, path: &str) -> Option<Remediation> {
        let is_set = |rule: &ClassifySource| rule.set.remediation.as_ref() == Some(&source.name);
        if source.matchers.is_empty() && !self.source.classify.iter().any(is_set) {
            let why = "a remediation needs matchers, so that it acts only where it was meant to";
            self.problem(format!("{path}.matchers"), why);
        }
        if (source.mode, source.approval) == (Mode::Ask, Some(Approval::None)) {
            let why = "`mode: ask` asks for approval, `approval: none` does without; use `mode: act` for the latter";
            self.problem(format!("{path}.approval"), why);
        }
        if source.revert.never && source.revert.hold_down.is_some() {
            let why = "`never` puts nothing back, `hold_down` says when it is put back; take one of them out";
            self.problem(format!("{path}.revert.never"), why);
        }
        let matchers = self.matchers(&source.matchers, &format!("{path}.matchers"));
        self.blackout_is_known(&source.blackout, path);
        let limits = self.limits(&source.limits, path);
        let verify = self.verify(&source.verify, path);
        let action = self.action(source, path)?;
        Some(Remediation {
            name: source.name.clone(),
            matchers,
            target_from: source.target,
            action,
            mode: source.mode,
            approval: source.approval,
            approval_expires: self.scaled(source.approval_expires, Span::hours(4)),
            hold: self.scaled(source.hold, Span::minutes(5)),
            verify,
            hold_down: (!source.revert.never).then(|| self.scaled(source.revert.hold_down, Span::minutes(10))),
            blackout: source.blackout.clone(),
            max_event_age: source.max_event_age.unwrap_or(Span::minutes(15)),
            limits,
        })
    }

    /// A waiting time, shortened in a drill.
    fn scaled(&self, given: Option<Span>, default: Span) -> Span {
        given.unwrap_or(default).shortened(self.scale)
    }

    fn blackout_is_known(&mut self, names: &[String], path: &str) {
        let source = self.source;
        let intervals = source.time_intervals.iter().chain(&source.mute_time_intervals);
        let known: Vec<String> = intervals.map(|interval| interval.name.clone()).collect();
        for (n, name) in names.iter().enumerate() {
            self.must_be_known("time interval", name, &known, &format!("{path}.blackout[{n}]"));
        }
    }

    fn limits(&mut self, source: &LimitsSource, path: &str) -> Limits {
        let limits = Limits {
            cooldown: self.scaled(source.cooldown, Span::minutes(30)),
            per_hour: source.per_hour.unwrap_or(4),
            blast_radius_percent: source.blast_radius_percent.unwrap_or(100),
            consecutive_failures: source.consecutive_failures.unwrap_or(3),
        };
        if limits.consecutive_failures == 0 {
            let why = "0 would never try anything; write 1 or more, or `mode: observe`";
            self.problem(format!("{path}.limits.consecutive_failures"), why);
        }
        limits
    }

    fn verify(&mut self, source: &VerifySource, path: &str) -> Verify {
        let is_wanted = |check| source.that.as_ref().is_none_or(|that| that.contains(&check));
        let verify = Verify {
            within: self.scaled(source.within, Span::minutes(10)),
            alarm_ok: is_wanted(Check::AlarmOk),
            in_place: is_wanted(Check::InPlace),
        };
        if !verify.alarm_ok && !verify.in_place {
            self.problem(format!("{path}.verify.that"), "name `alarm-ok`, `in-place`, or both: what helped must be seen");
        }
        verify
    }

    fn action(&mut self, source: &RemediationSource, path: &str) -> Option<Action> {
        let path = format!("{path}.parameters");
        match Action::read(source.action, &Value::Object(source.parameters.clone())) {
            Ok(action) => {
                for (parameter, why) in action.problems() {
                    self.problem(format!("{path}.{parameter}"), why);
                }
                Some(action)
            }
            Err(error) => {
                let mut problem = shape::problem(&error);
                problem.path = match problem.path.as_str() {
                    "" | "." => path,
                    below => format!("{path}.{below}"),
                };
                self.problems.push(problem);
                None
            }
        }
    }
}
