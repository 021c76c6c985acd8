//! Can this test be run, and can it hold at all? What its shape does not say.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::matcher::Matcher;
use crate::policy::source::{ExpectSource, StepSource, TestSource};
use crate::policy::{Policy, Problem, Problems};
use crate::policy::{did_you_mean, shape_problem};
use crate::span::Span;

/// What a notification can say.
const KINDS: [&str; 8] = ["opened", "page", "updated", "reminder", "mended", "acknowledged", "resolved", "failsafe"];
/// The last resort's name where people and receivers stand.
const FAILSAFE: &str = "failsafe";
/// The longest that a test may take: rotas repeat within it.
const LASTS_MAX: Span = Span::days(400);

/// The part of a policy that holds its tests.
#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    tests: Vec<TestSource>,
}

/// The tests that stand in a policy's own file.
///
/// # Errors
/// The [`Problems`] of their shape.
pub fn of_policy(content: &Value) -> Result<Vec<TestSource>, Problems> {
    let part: Part = serde_path_to_error::deserialize(content).map_err(|error| Problems(vec![shape_problem(&error)]))?;
    Ok(part.tests)
}

/// The tests of a file that holds nothing else.
///
/// # Errors
/// The [`Problems`] of its shape.
pub fn read(content: &Value) -> Result<Vec<TestSource>, Problems> {
    let Some(keys) = content.as_object().map(|object| object.keys()) else {
        return Err(Problems::one("", "a file of tests is a mapping with the key `tests`"));
    };
    let unknown: Vec<Problem> = keys
        .filter(|key| *key != "tests")
        .map(|key| {
            let near = meaning(key, ["tests"]);
            Problem::new(key, format!("unknown field `{key}`: a file of tests has only `tests`{near}"))
        })
        .collect();
    if !unknown.is_empty() {
        return Err(Problems(unknown));
    }
    of_policy(content)
}

/// Everything for which a test of `policy` could not be run, or could never hold.
pub fn check(policy: &Policy, tests: &[TestSource]) -> Vec<Problem> {
    let mut checker = Checker { policy, problems: Vec::new() };
    for (n, test) in tests.iter().enumerate() {
        let path = format!("tests[{n}]");
        if test.name.trim().is_empty() {
            checker.problem(format!("{path}.name"), "say what is tested, as a sentence");
        } else if tests[..n].iter().any(|other| other.name == test.name) {
            checker.problem(format!("{path}.name"), format!("there is a test `{}` already", test.name));
        }
        checker.test(test, &path);
    }
    checker.problems
}

/// The labels of the one alarm before that is meant by `labels` of an `ok`: the
/// same, or else the only one that has all of them.
pub(super) fn meant<'t>(labels: &BTreeMap<String, String>, before: &'t [StepSource]) -> Option<&'t BTreeMap<String, String>> {
    let mut alarms: Vec<&BTreeMap<String, String>> = Vec::new();
    for step in before {
        if let StepSource::Alarm(alarm) = step
            && labels.iter().all(|(name, value)| alarm.get(name) == Some(value))
            && !alarms.contains(&alarm)
        {
            alarms.push(alarm);
        }
    }
    if let Some(same) = alarms.iter().find(|alarm| **alarm == labels) {
        return Some(same);
    }
    match alarms[..] {
        [only] => Some(only),
        _ => None,
    }
}

struct Checker<'p> {
    policy: &'p Policy,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn problem(&mut self, path: String, message: impl Into<String>) {
        self.problems.push(Problem::new(path, message));
    }

    fn test(&mut self, test: &TestSource, path: &str) {
        let mut lasts = Span::ZERO;
        for (n, step) in test.steps.iter().enumerate() {
            if let StepSource::Wait(span) = step {
                lasts = Span::millis(lasts.as_millis().saturating_add(span.as_millis()));
            }
            self.step(step, &test.steps[..n], &format!("{path}.steps[{n}]"));
        }
        if lasts > LASTS_MAX {
            self.problem(format!("{path}.steps"), format!("it waits for {lasts} altogether; the most is {LASTS_MAX}"));
        }
        if test.expect.is_none() && test.expect_alerts.is_empty() {
            self.problem(path.to_owned(), "it expects nothing; say what in `expect`, or `expect: []` if nobody is to be told");
        }
        let mut latest = Span::ZERO;
        for (n, expected) in test.expect.iter().flatten().enumerate() {
            self.expected(expected, lasts, latest, &format!("{path}.expect[{n}]"));
            latest = latest.max(expected.after);
        }
        let names: Vec<&str> = test.steps.iter().filter_map(alarm_name).collect();
        for (n, expected) in test.expect_alerts.iter().enumerate() {
            let name = expected.alertname.as_str();
            if !names.contains(&name) {
                let near = meaning(name, names.iter().copied());
                self.problem(
                    format!("{path}.expect_alerts[{n}].alertname"),
                    format!("no step of this test has an alert `{name}`{near}"),
                );
            }
        }
    }

    fn step(&mut self, step: &StepSource, before: &[StepSource], path: &str) {
        match step {
            StepSource::Alarm(labels) => {
                if labels.get("alertname").is_none_or(|name| name.trim().is_empty()) {
                    self.problem(format!("{path}.alarm"), "an alert has a name: add the label `alertname`");
                }
            }
            StepSource::Ok(labels) => {
                if meant(labels, before).is_none() {
                    let message = "no step before has an alarm with just these labels, or only one that has them; \
                                   write the labels of the alarm that ends";
                    self.problem(format!("{path}.ok"), message);
                }
            }
            StepSource::Wait(_) => {}
            StepSource::Acknowledge(by) | StepSource::Resolve(by) => {
                if by.trim().is_empty() {
                    self.problem(path.to_owned(), "say who: `acknowledge: ann`");
                }
            }
            StepSource::Silence(silence) => {
                if silence.matchers.is_empty() {
                    self.problem(format!("{path}.silence.matchers"), "a silence without matchers covers nothing");
                }
                for (n, text) in silence.matchers.iter().enumerate() {
                    if let Err(error) = Matcher::parse(text).and_then(|matcher| matcher.check()) {
                        self.problem(format!("{path}.silence.matchers[{n}]"), error.to_string());
                    }
                }
                if silence.length == Span::ZERO {
                    self.problem(format!("{path}.silence.for"), "0 is no time at all; write for instance 2h");
                }
            }
        }
    }

    fn expected(&mut self, expected: &ExpectSource, lasts: Span, latest: Span, path: &str) {
        let after = expected.after;
        if after > lasts {
            let message = format!("the test ends after {lasts}, so that nothing is sent after {after}; add a `wait`");
            self.problem(format!("{path}.after"), message);
        } else if after < latest {
            self.problem(format!("{path}.after"), format!("it stands below one that is sent after {latest}; put them in order"));
        }
        if let Some(kind) = expected.kind.as_deref().filter(|kind| !KINDS.contains(kind)) {
            let near = meaning(kind, KINDS);
            let message = format!("`{kind}` is not what a notification says: one of {}{near}", KINDS.join(", "));
            self.problem(format!("{path}.kind"), message);
        }
        if let Some(to) = expected.to.as_deref() {
            let known = self.policy.receivers.keys().chain(self.policy.users.keys()).map(String::as_str);
            if to != FAILSAFE && !known.clone().any(|name| name == to) {
                let near = meaning(to, known.chain([FAILSAFE]));
                self.problem(format!("{path}.to"), format!("there is no receiver and no person `{to}`{near}"));
            }
        }
    }
}

fn alarm_name(step: &StepSource) -> Option<&str> {
    match step {
        StepSource::Alarm(labels) => labels.get("alertname").map(String::as_str),
        StepSource::Ok(_)
        | StepSource::Wait(_)
        | StepSource::Acknowledge(_)
        | StepSource::Resolve(_)
        | StepSource::Silence(_) => None,
    }
}

/// What was probably meant, to be added to a sentence.
fn meaning<'n>(wrong: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    did_you_mean(wrong, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}
