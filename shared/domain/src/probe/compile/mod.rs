//! How does a file's content become flows? Every variable is looked up, every address
//! and expectation read, and all problems are collected before anything is refused.

mod address;
mod capture;
mod connect;
mod defaults;
mod flow;
mod form;
mod http;
mod llm;
mod scope;
mod secrets;
mod step;
mod variables;

use serde_json::Value;

use super::flow::{Probes, SecretSource};
use super::lint::{KINDS, lint};
use super::source::ProbesSource;
use super::timetable;
use crate::heartbeat;
use crate::policy::{PROBLEMS_MAX, Problem, Problems, Warning, allowances, members, shape, version_of};
use crate::span::Span;

/// Most flows of a file.
pub const FLOWS_MAX: usize = 500;
/// Longest time over which the flows of a run begin.
const SPREAD_MAX: Span = Span::seconds(40);
/// Most control targets of a file.
const CONTROL_MAX: usize = 8;

impl Probes {
    /// Reads the content of a probes file, with every check.
    ///
    /// # Errors
    /// All that is wrong, each with its path.
    pub fn check(content: &Value) -> Result<Probes, Problems> {
        compile(content, true).map(|(probes, _)| probes)
    }

    /// Reads the content of a probes file with every check, and says what is probably not
    /// what was meant.
    ///
    /// # Errors
    /// All that is wrong, each with its path.
    pub fn check_with_warnings(content: &Value) -> Result<(Probes, Vec<Warning>), Problems> {
        let (probes, source) = compile(content, true)?;
        let warnings = lint(&source, &probes);
        Ok((probes, warnings))
    }

    /// Reads the content of a probes file that was checked when it was installed.
    ///
    /// # Errors
    /// What makes it unusable.
    pub fn load(content: &Value) -> Result<Probes, Problems> {
        compile(content, false).map(|(probes, _)| probes)
    }

    /// What stands in the way of running these flows in AWS, although they may be run by
    /// hand: secrets that only the machine in front of a person has.
    pub fn installable(&self) -> Vec<Problem> {
        let local = self.secrets.iter().filter_map(|(name, source)| match source {
            SecretSource::SecretsManager { .. } => None,
            SecretSource::Environment(_) => Some((name, "env:")),
            SecretSource::File(_) => Some((name, "file:")),
        });
        local
            .map(|(name, scheme)| {
                let why = format!(
                    "`{scheme}` is only for runs by hand: the prober in AWS has neither your environment nor your files; \
                     write `secretsmanager:ID` or `secretsmanager:ID#KEY`"
                );
                Problem::new(format!("secrets.{name}"), why)
            })
            .collect()
    }
}

/// Reads `content`. With `strict`, what would stop a file in force after an update is
/// checked, too.
fn compile(content: &Value, strict: bool) -> Result<(Probes, ProbesSource), Problems> {
    let members = members(content, "probes file", "it has `flows`, `heartbeats`, or both: `flows: []` for none")?;
    let source: ProbesSource = shape::read(members, &form::PROBES).map_err(Problems)?;
    let mut reader = Reader { strict, problems: Vec::new(), source: &source };
    let probes = reader.read(version_of(content));
    let problems = reader.problems;
    if problems.is_empty() { Ok((probes, source)) } else { Err(Problems(problems)) }
}

struct Reader<'s> {
    strict: bool,
    problems: Vec<Problem>,
    source: &'s ProbesSource,
}

impl Reader<'_> {
    fn read(&mut self, version: String) -> Probes {
        let source = self.source;
        if self.strict {
            self.problems.extend(allowances(&source.allow_warnings, &KINDS));
        }
        if source.budget_dollars_per_month.is_some_and(|budget| !(budget.is_finite() && budget >= 0.0)) {
            self.problem("budget_dollars_per_month", "write dollars, 0 or more");
        }
        let spread = source.spread.unwrap_or(timetable::SPREAD);
        if spread > SPREAD_MAX {
            let max = SPREAD_MAX.spoken();
            self.refusal(
                "spread",
                format!("{} is too long; write at most {max}, so that the last can end within its minute", spread.spoken()),
            );
        }
        let secrets = self.secrets();
        let control = self.control();
        let defaults = self.defaults();
        self.at_most(source.flows.len(), FLOWS_MAX, "flows", "flows");
        let flows = (0..source.flows.len()).map(|n| self.flow(n, &defaults)).collect();
        let (heartbeats, problems) = heartbeat::compile(&source.heartbeats);
        self.problems.extend(problems);
        self.problems.truncate(PROBLEMS_MAX);
        Probes { version, secrets, control, spread, flows, heartbeats }
    }

    fn control(&mut self) -> Vec<String> {
        let source = self.source;
        self.at_most(source.control.len(), CONTROL_MAX, "control targets", "control");
        let mut control = Vec::new();
        for (n, text) in source.control.iter().enumerate() {
            match address::plain_host_and_port(text) {
                Ok(()) => control.push(text.clone()),
                Err(why) => self.problem(format!("control[{n}]"), why),
            }
        }
        control
    }

    /// Notes something that is wrong.
    fn problem(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem::new(path, message));
        }
    }

    /// Notes something that a new file may not have; one in force may.
    fn refusal(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if self.strict {
            self.problem(path, message);
        }
    }

    /// What was read, or else a note of why it could not be.
    fn noted<T>(&mut self, read: Result<T, String>, path: &str) -> Option<T> {
        read.map_err(|why| self.problem(path, why)).ok()
    }

    /// Notes when there are more than may be.
    fn at_most(&mut self, n: usize, max: usize, what: &str, path: &str) {
        if n > max {
            self.refusal(path, format!("{n} {what} are too many; write at most {max}"));
        }
    }
}

/// Whether a text is the name of a flow or a heartbeat: letters, digits, `-`, `_` and `.`,
/// 1 to 64 of them.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests;
