//! Are all names there, and each only once?

use std::collections::BTreeSet;

use super::{PROBLEMS_MAX, Reader};
use crate::policy::lint::{KINDS, Kind};
use crate::policy::problem::{Problem, unknown};
use crate::policy::source::AllowSource;

/// What is wrong with what a file allows of these kinds of warnings.
pub(crate) fn allowances(allowances: &[AllowSource], kinds: &[Kind]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (n, allowance) in allowances.iter().enumerate() {
        let path = format!("allow_warnings[{n}]");
        if !kinds.iter().any(|kind| kind.id == allowance.warning) {
            let why = unknown("warning", &allowance.warning, kinds.iter().map(|kind| kind.id));
            problems.push(Problem::new(format!("{path}.warning"), why));
        }
        if allowance.because.trim().is_empty() {
            problems.push(Problem::new(format!("{path}.because"), "say why it is right as it is"));
        }
    }
    problems
}

impl Reader<'_> {
    /// Notes when `name` is none of `known`, with the nearest one.
    pub(super) fn must_be_known(&mut self, what: &str, name: &str, known: &[String], path: &str) {
        if self.problems.len() >= PROBLEMS_MAX || known.iter().any(|candidate| candidate == name) {
            return;
        }
        self.problem(path, unknown(what, name, known.iter().map(String::as_str)));
    }

    /// Notes allowances of warnings that there are not. A policy in force stays in
    /// force when an update has other warnings.
    pub(super) fn allowances_are_known(&mut self) {
        if self.strict {
            for Problem { path, message, .. } in allowances(&self.source.allow_warnings, &KINDS) {
                self.problem(path, message);
            }
        }
    }

    pub(super) fn names_are_unique(&mut self) {
        let source = self.source;
        let lists: [(&str, &str, Vec<&str>); 10] = [
            ("services", "name", source.services.iter().map(|item| item.name.as_str()).collect()),
            ("classify", "name", source.classify.iter().map(|item| item.name.as_str()).collect()),
            ("receivers", "name", source.receivers.iter().map(|item| item.name.as_str()).collect()),
            ("users", "id", source.users.iter().map(|item| item.id.as_str()).collect()),
            ("schedules", "name", source.schedules.iter().map(|item| item.name.as_str()).collect()),
            ("escalation_policies", "name", source.escalation_policies.iter().map(|item| item.name.as_str()).collect()),
            ("time_intervals", "name", source.time_intervals.iter().map(|item| item.name.as_str()).collect()),
            ("mute_time_intervals", "name", source.mute_time_intervals.iter().map(|item| item.name.as_str()).collect()),
            ("holidays", "name", source.holidays.iter().map(|item| item.name.as_str()).collect()),
            ("remediations", "name", source.remediations.iter().map(|item| item.name.as_str()).collect()),
        ];
        let mut intervals = BTreeSet::new();
        for (list, key, names) in lists {
            // The older list of time intervals shares its names with the newer one.
            let mut of_list = BTreeSet::new();
            let seen = if list.ends_with("time_intervals") { &mut intervals } else { &mut of_list };
            for (n, name) in names.into_iter().enumerate() {
                let path = format!("{list}[{n}].{key}");
                if name.is_empty() {
                    self.problem(path, "a name cannot be empty");
                } else if !seen.insert(name) {
                    self.problem(path, format!("there is another `{name}` above; names must differ"));
                }
            }
        }
        for (n, user) in source.users.iter().enumerate() {
            // The id stands in links, so it must be a plain word there.
            if !user.id.chars().all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_')) || user.id.len() > 40 {
                self.problem(format!("users[{n}].id"), "a user's id has letters, digits, `-` and `_`, at most 40 of them");
            }
        }
    }
}
