//! The variables of a flow, as hurl may call them: letters, digits, `_` and `-`, and first a
//! letter.

use std::collections::{BTreeMap, BTreeSet};

use domain::probe::Flow;

use crate::probes::variables::{self, SECRET};

/// Names that are functions of hurl.
const TAKEN: [&str; 3] = ["getEnv", "newDate", "newUuid"];

/// What each variable is called.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_name: BTreeMap<String, String>,
}

impl Names {
    /// Names for the variables of a flow. What is captured keeps its own; a secret does
    /// so, too, unless that is taken.
    pub(super) fn of_flow(flow: &Flow) -> Names {
        let all = || flow.steps.iter().chain(&flow.cleanup);
        let mut names = Names::default();
        let mut taken: BTreeSet<String> = TAKEN.iter().map(|name| (*name).to_owned()).collect();
        for capture in all().flat_map(|step| &step.captures) {
            names.add(&capture.name, &capture.name, &mut taken);
        }
        for variable in variables::of(flow) {
            names.add(&variable, variable.strip_prefix(SECRET).unwrap_or(&variable), &mut taken);
        }
        names
    }

    fn add(&mut self, name: &str, wanted: &str, taken: &mut BTreeSet<String>) {
        if self.by_name.contains_key(name) {
            return;
        }
        let plain = |text: &str| {
            let text = text.replace(|ch: char| !ch.is_ascii_alphanumeric() && ch != '-', "_");
            // A letter is at the beginning of each.
            if text.starts_with(|ch: char| ch.is_ascii_alphabetic()) { text } else { format!("v{text}") }
        };
        let mut chosen = plain(wanted);
        if taken.contains(&chosen) {
            chosen = plain(name);
        }
        while !taken.insert(chosen.clone()) {
            chosen.push('_');
        }
        self.by_name.insert(name.to_owned(), chosen);
    }

    /// What a variable is called.
    pub(super) fn of<'n>(&'n self, name: &'n str) -> &'n str {
        self.by_name.get(name).map_or(name, String::as_str)
    }

    /// The variables that hurl has to be given: whether each is a secret, and its name.
    pub(super) fn given(&self) -> impl Iterator<Item = (bool, &str)> {
        let is_given = |name: &str| name.starts_with(SECRET) || name.starts_with("run.");
        self.by_name.iter().filter(move |(name, _)| is_given(name)).map(|(name, ours)| (name.starts_with(SECRET), ours.as_str()))
    }
}
