//! Which variables are known where?

use std::collections::BTreeMap;

use crate::probe::source::{FlowSource, ProbesSource};

/// What the prober itself says of a run.
const OF_RUN: [&str; 3] = ["run.id", "run.region", "run.at"];

/// The variables that are known at a place of the file.
#[derive(Debug)]
pub(super) struct Scope<'s> {
    secrets: Vec<String>,
    /// Captures of steps before, with whether they are secret.
    captured: BTreeMap<&'s str, bool>,
    /// Captures of the whole flow, with the path of the first step that has them.
    later: BTreeMap<&'s str, String>,
}

/// What a variable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Something that nobody may read.
    Secret,
    /// Something that an answer said.
    Captured,
    /// Something that the prober says itself.
    OfRun,
}

impl<'s> Scope<'s> {
    /// What is known everywhere in the file.
    pub(super) fn of_file(source: &'s ProbesSource) -> Scope<'s> {
        let secrets = source.secrets.keys().map(|name| format!("secret.{name}")).collect();
        Scope { secrets, captured: BTreeMap::new(), later: BTreeMap::new() }
    }

    /// What is known at the beginning of a flow, which stands at `path`.
    pub(super) fn of_flow(source: &'s ProbesSource, flow: &'s FlowSource, path: &str) -> Scope<'s> {
        let mut scope = Scope::of_file(source);
        for (list, steps) in [("steps", &flow.steps), ("cleanup", &flow.cleanup)] {
            for (n, step) in steps.iter().enumerate() {
                for name in step.capture.keys() {
                    scope.later.entry(name).or_insert_with(|| format!("{path}.{list}[{n}]"));
                }
            }
        }
        scope
    }

    /// Adds what a step captures. What was secret once is so for ever.
    pub(super) fn add(&mut self, name: &'s str, is_secret: bool) {
        *self.captured.entry(name).or_default() |= is_secret;
    }

    /// What a variable is, if it is known.
    pub(super) fn known(&self, name: &str) -> Option<Known> {
        if self.secrets.iter().any(|secret| secret == name) {
            return Some(Known::Secret);
        }
        if OF_RUN.contains(&name) {
            return Some(Known::OfRun);
        }
        self.captured.get(name).map(|is_secret| if *is_secret { Known::Secret } else { Known::Captured })
    }

    /// All that is known.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(String::as_str).chain(OF_RUN).chain(self.captured.keys().copied())
    }

    /// The path of the step that captures it later on.
    pub(super) fn later(&self, name: &str) -> Option<&str> {
        self.later.get(name).map(String::as_str)
    }
}
