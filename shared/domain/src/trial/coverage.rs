//! What of a policy do its tests try? The rules that set something, and the routes
//! at which an alert ended.

use std::sync::Arc;

use crate::classify::Classification;
use crate::matcher::all_match;
use crate::policy::Policy;
use crate::route::Route;

/// Something that can be tried, and whether it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// A rule's name, or a route's matchers from the root down.
    pub name: String,
    /// Whether a test tried it.
    pub was: bool,
}

/// What was tried so far.
#[derive(Debug, Clone)]
pub struct Coverage {
    policy: Arc<Policy>,
    /// The classification rules, in order.
    pub rules: Vec<Tried>,
    /// The routes, each before those below it.
    pub routes: Vec<Tried>,
}

impl Coverage {
    /// Nothing was tried yet.
    pub fn of(policy: &Arc<Policy>) -> Coverage {
        let rules = policy.classify.iter().map(|rule| Tried { name: rule.name.clone(), was: false }).collect();
        let mut routes = Vec::new();
        walk(&policy.route, &mut |route| routes.push(Tried { name: name(route), was: false }));
        Coverage { policy: Arc::clone(policy), rules, routes }
    }

    /// An alert was found to be this.
    pub(super) fn note(&mut self, found: &Classification) {
        for (rule, tried) in self.policy.classify.iter().zip(&mut self.rules) {
            let said = format!("rule `{}` sets ", rule.name);
            // A runbook is set without a word.
            let is_its_runbook =
                rule.set.runbook.is_some() && rule.set.runbook == found.runbook && all_match(&rule.matchers, &found.labels);
            tried.was |= is_its_runbook || found.because.iter().any(|because| because.starts_with(&said));
        }
        let ends = self.policy.route.matches(&found.labels);
        let mut tried = self.routes.iter_mut();
        walk(&self.policy.route, &mut |route| {
            if let Some(tried) = tried.next() {
                tried.was |= ends.iter().any(|end| std::ptr::eq(*end, route));
            }
        });
    }

    /// Everything that was not tried, the rules first.
    pub fn never(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let rules = self.rules.iter().map(|tried| ("rule", tried));
        let routes = self.routes.iter().map(|tried| ("route", tried));
        rules.chain(routes).filter(|(_, tried)| !tried.was).map(|(what, tried)| (what, tried.name.as_str()))
    }
}

fn walk<'r>(route: &'r Route, each: &mut impl FnMut(&'r Route)) {
    each(route);
    route.routes.iter().for_each(|child| walk(child, each));
}

/// The root's own matchers, which are none, are left out of the others' names.
fn name(route: &Route) -> String {
    match route.path.split_once('/') {
        None => "the root".to_owned(),
        Some((_, below)) => below.to_owned(),
    }
}
