//! The policy is right; but is it what was meant? Warnings of what is probably not.
//!
//! A warning says what was found, why that matters, and what would be right. It is
//! given only where it is certain to be so of the policy, though not that it was not
//! meant: `allow_warnings` of the file says where it was.

mod intervals;
mod pages;
mod people;
mod reach;
mod routes;
mod rules;
mod unused;
mod waits;

use jiff::Timestamp;

pub use self::pages::too_many_pages;
use super::source::{AllowSource, PolicySource};
use super::{Mark, Outline, Policy};
use reach::Tree;

/// Something that is probably not what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Which kind, one of [`KINDS`].
    pub id: &'static str,
    /// Where, as a path: `route.routes[1].receiver`.
    pub path: String,
    /// What was found, why it matters, and what would be right.
    pub message: String,
}

/// A kind of warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name, as `allow_warnings` takes it.
    pub id: &'static str,
    /// What it says, on one line.
    pub meaning: &'static str,
}

/// All kinds of warnings, in the order of their names.
pub const KINDS: [Kind; 16] = [
    kind("allowance-unused", "an entry of `allow_warnings` that allows nothing"),
    kind("escalation-policy-unused", "an escalation policy that no receiver names"),
    kind("group-merges-services", "incidents that mix services of several teams"),
    kind("interval-empty", "a time interval that never holds"),
    kind("interval-unused", "a time interval that nothing names"),
    kind("mute-hides-p1", "a mute that keeps P1 from people"),
    kind("nobody-on-call", "hours in which a schedule has nobody on call"),
    kind("p1-only-chat", "a route from which no P1 wakes anybody"),
    kind("page-after-acknowledge-within", "somebody is woken after the time for an answer"),
    kind("receiver-unused", "a receiver that nothing names"),
    kind("route-never-matches", "a route whose matchers contradict each other"),
    kind("route-shadowed", "a route whose alerts a route above it takes"),
    kind("rule-shadowed", "a rule that sets only what rules above it set"),
    kind("schedule-unused", "a schedule that no escalation policy names"),
    kind("too-many-pages", "more pages a week than --max-pages-per-week"),
    kind("window-without-end", "planned work that goes on for over 90 days"),
];

pub(crate) const fn kind(id: &'static str, meaning: &'static str) -> Kind {
    Kind { id, meaning }
}

impl Warning {
    fn new(id: &'static str, path: impl Into<String>, message: impl Into<String>) -> Warning {
        Warning::of(&KINDS, id, path, message)
    }

    /// A warning of one of these kinds.
    pub(crate) fn of(kinds: &[Kind], id: &'static str, path: impl Into<String>, message: impl Into<String>) -> Warning {
        debug_assert!(kinds.iter().any(|kind| kind.id == id), "{id}");
        Warning { id, path: path.into(), message: message.into() }
    }

    /// What it is about in the file with this outline, and where.
    pub fn mark(&self, outline: &Outline) -> Mark {
        outline.value_of(&self.path)
    }
}

impl std::fmt::Display for Warning {
    /// Writes `warning[id]: path: message`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Warning { id, path, message } = self;
        if path.is_empty() { write!(f, "warning[{id}]: {message}") } else { write!(f, "warning[{id}]: {path}: {message}") }
    }
}

/// All that is probably not what was meant in a policy that is right, as of `now`;
/// without what the file allows.
pub fn lint(source: &PolicySource, policy: &Policy, now: Timestamp) -> Vec<Warning> {
    let tree = Tree::of(policy);
    let mut warnings = Vec::new();
    routes::lint(policy, &tree, &mut warnings);
    rules::lint(policy, &mut warnings);
    people::lint(source, policy, &tree, now, &mut warnings);
    waits::lint(policy, &tree, &mut warnings);
    intervals::lint(source, policy, now, &mut warnings);
    unused::lint(source, &mut warnings);
    allowed(&source.allow_warnings, warnings)
}

/// Warnings without those that are allowed, and with those of allowances that allow
/// nothing.
pub(crate) fn allowed(allowances: &[AllowSource], warnings: Vec<Warning>) -> Vec<Warning> {
    let (known, mut left): (Vec<Warning>, Vec<Warning>) =
        warnings.into_iter().partition(|warning| is_allowed(allowances, warning));
    for (n, allowance) in allowances.iter().enumerate() {
        // Whether there are too many pages is known only with a history.
        if allowance.warning != pages::ID && !known.iter().any(|warning| covers(allowance, warning)) {
            let at = allowance.at.as_ref().map_or_else(String::new, |at| format!(" at `{at}`"));
            left.push(Warning::new(
                "allowance-unused",
                format!("allow_warnings[{n}]"),
                format!("there is no `{}`{at} to allow; take it out, or it would hide the next one", allowance.warning),
            ));
        }
    }
    left
}

/// Whether a file allows a warning. Those that come from elsewhere than [`lint`], such
/// as [`too_many_pages`], are asked of here.
pub fn is_allowed(allowances: &[AllowSource], warning: &Warning) -> bool {
    allowances.iter().any(|allowance| covers(allowance, warning))
}

fn covers(allowance: &AllowSource, warning: &Warning) -> bool {
    allowance.warning == warning.id && allowance.at.as_deref().is_none_or(|at| is_at_or_under(&warning.path, at))
}

/// Whether `path` is `above` or something under it.
fn is_at_or_under(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || above.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests;
