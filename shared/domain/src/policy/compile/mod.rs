//! How does a file's content become a policy? Every name is looked up, every
//! expression read, and all problems are collected before anything is refused.

mod alerts;
mod escalation;
mod form;
mod inhibit;
mod intervals;
mod names;
mod receivers;
mod remediations;
mod schedules;
pub(crate) mod shape;
mod watchdog;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::problem::{Problem, Problems};
use super::source::{PolicySource, RouteSource};
use super::{Policy, SIZE_MAX, WhenMuted, version_of};
use crate::matcher::{Matcher, MatcherError};
use crate::mute::Muting;
use crate::route::{Inherited, Route};
use crate::span::Span;
use crate::trial;

use self::alerts::severities;
pub(crate) use self::names::allowances;
pub(crate) use self::shape::problem as shape_problem;

/// Most mistakes that are told at once.
pub(crate) const PROBLEMS_MAX: usize = 100;
/// Largest divisor of waiting times.
const TIME_SCALE_MAX: u32 = 10_000;

/// Reads `content`. With `strict`, what costs time or would
/// stop a policy in force after an update is checked, too.
pub(super) fn compile(content: &Value, strict: bool) -> Result<(Policy, PolicySource), Problems> {
    let members = members(content, "policy", "a policy has at least `route` and `receivers`")?;
    let source: PolicySource = shape::read(members, &form::POLICY).map_err(Problems)?;
    let mut reader = Reader { strict, scale: 1, problems: Vec::new(), source: &source };
    let policy = reader.read(version_of(content));
    let mut problems = reader.problems;
    // Tests speak of what the policy names: what is wrong with it is told first.
    if strict && problems.is_empty() {
        problems = trial::check(&policy, &source.tests);
    }
    if problems.is_empty() { Ok((policy, source)) } else { Err(Problems(problems)) }
}

/// The top-level keys of a file's content, if it can be stored; `what` the file is, and
/// what is said of it if it is not a mapping.
pub(crate) fn members<'c>(content: &'c Value, what: &str, least: &str) -> Result<&'c Map<String, Value>, Problems> {
    let size = content.to_string().len();
    if size > SIZE_MAX {
        let why = format!(
            "the {what} has {size} bytes as JSON, and at most {SIZE_MAX} can be stored; split off what another account can hold"
        );
        return Err(Problems::one("", why));
    }
    content.as_object().ok_or_else(|| {
        let is = if content.is_null() { "the file is empty" } else { "the file is not a mapping" };
        Problems::one("", format!("{is}; {least}"))
    })
}

struct Reader<'s> {
    strict: bool,
    scale: u32,
    problems: Vec<Problem>,
    source: &'s PolicySource,
}

impl Reader<'_> {
    fn read(&mut self, version: String) -> Policy {
        let source = self.source;
        self.scale = source.time_scale.unwrap_or(1);
        if !(1..=TIME_SCALE_MAX).contains(&self.scale) {
            self.problem("time_scale", format!("{} is not from 1 to {TIME_SCALE_MAX}", self.scale));
            self.scale = 1;
        }
        self.names_are_unique();
        self.allowances_are_known();
        let inherited = Inherited::root();
        Policy {
            version,
            time_scale: self.scale,
            deployment: source.deployment.clone(),
            services: self.services(),
            dependants: self.dependants(),
            severities: severities(&source.severities),
            classify: self.classify(),
            route: Route::compile(&source.route, "route", &inherited, self),
            inhibit_rules: self.inhibit_rules(),
            raise_causes: source.dependencies.raise_causes,
            time_intervals: self.time_intervals(),
            maintenance_windows: self.windows(),
            noise: self.noise(),
            priorities: self.priorities(),
            receivers: self.receivers(),
            users: self.users(),
            schedules: self.schedules(),
            escalation_policies: self.escalation_policies(),
            remediations: self.remediations(),
            watchdog: self.watchdog(),
            allow_warnings: source.allow_warnings.clone(),
        }
    }

    /// Notes something that is wrong.
    fn problem(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem::new(path, message));
        }
    }

    /// Notes something that a new policy may not have; one in force may.
    fn refusal(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if self.strict {
            self.problem(path, message);
        }
    }

    /// A waiting time, shortened by the drill's scale.
    fn span(&self, given: Option<Span>, default: Span) -> Span {
        given.unwrap_or(default).shortened(self.scale)
    }

    /// The names of time intervals, each of which must be there.
    fn muting(&mut self, active: &[String], mute: &[String], when_muted: WhenMuted, path: &str) -> Muting {
        let source = self.source;
        let known: Vec<String> =
            source.time_intervals.iter().chain(&source.mute_time_intervals).map(|interval| interval.name.clone()).collect();
        for (key, names) in [("active_time_intervals", active), ("mute_time_intervals", mute)] {
            for (n, name) in names.iter().enumerate() {
                self.must_be_known("time interval", name, &known, &format!("{path}.{key}[{n}]"));
            }
        }
        Muting { active: active.to_vec(), mute: mute.to_vec(), when_muted }
    }

    /// Reads matchers; bad ones are noted and left out.
    fn matchers(&mut self, texts: &[String], path: &str) -> Vec<Matcher> {
        let mut matchers = Vec::new();
        for (n, text) in texts.iter().enumerate() {
            matchers.extend(self.checked(Matcher::parse_list(text), &format!("{path}[{n}]")));
        }
        matchers
    }

    /// Reads matchers in Alertmanager's older form: under `path_equal` labels with
    /// their values, under `path_like` labels with expressions.
    fn older_matchers(
        &mut self,
        (equal, path_equal): (&BTreeMap<String, String>, &str),
        (like, path_like): (&BTreeMap<String, String>, &str),
    ) -> Vec<Matcher> {
        let mut matchers = Vec::new();
        for (name, value) in equal {
            let read = Matcher::equal(name, value).map(|matcher| vec![matcher]);
            matchers.extend(self.checked(read, &format!("{path_equal}.{name}")));
        }
        for (name, expression) in like {
            let read = Matcher::like(name, expression).map(|matcher| vec![matcher]);
            matchers.extend(self.checked(read, &format!("{path_like}.{name}")));
        }
        matchers
    }

    fn checked(&mut self, read: Result<Vec<Matcher>, MatcherError>, path: &str) -> Vec<Matcher> {
        let list = read.unwrap_or_else(|error| {
            self.problem(path, error.to_string());
            Vec::new()
        });
        // Compiling costs time, so it is done only for a new policy.
        for error in list.iter().filter(|_| self.strict).filter_map(|matcher| matcher.check().err()).collect::<Vec<_>>() {
            self.problem(path, error.to_string());
        }
        list
    }
}

impl crate::route::Notes for Reader<'_> {
    fn problem(&mut self, path: String, message: String) {
        Reader::problem(self, path, message);
    }

    fn refusal(&mut self, path: String, message: String) {
        Reader::refusal(self, path, message);
    }

    fn receiver(&mut self, name: &str, path: &str) {
        let known = self.source.receivers.iter().map(|receiver| receiver.name.clone()).collect::<Vec<_>>();
        self.must_be_known("receiver", name, &known, path);
    }

    fn read_matchers(&mut self, source: &RouteSource, path: &str) -> Vec<Matcher> {
        let mut matchers = self.matchers(&source.matchers, &format!("{path}.matchers"));
        matchers.extend(
            self.older_matchers((&source.equals, &format!("{path}.match")), (&source.match_re, &format!("{path}.match_re"))),
        );
        matchers
    }

    fn muting(&mut self, source: &RouteSource, path: &str) -> Muting {
        Reader::muting(self, &source.active_time_intervals, &source.mute_time_intervals, source.when_muted, path)
    }

    fn scale(&self) -> u32 {
        self.scale
    }
}
