//! What is a routing tree? Routes with everything that they inherit filled in.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::labels::Labels;
use crate::matcher::{Matcher, all_match, is_label_name, show};
use crate::mute::Muting;
use crate::policy::source::RouteSource;
use crate::span::Span;

/// Deepest tree that is read. It bounds recursion; with all that a policy is
/// wrapped in when it is installed, what is as deep can still be read as JSON.
pub(super) const DEPTH_MAX: usize = 56;

/// A node of the routing tree, with everything that it inherits filled in.
#[derive(Debug, Clone)]
pub struct Route {
    /// All must match.
    pub matchers: Vec<Matcher>,
    /// What happens to what ends here.
    pub settings: Settings,
    /// Whether the next sibling is tried as well.
    pub proceed: bool,
    /// The children, tried in order.
    pub routes: Vec<Route>,
    /// The matchers from the root down, in the order of their names: part of the
    /// group's key, so that reordering routes or matchers does not split open groups.
    pub path: String,
    /// Where it stands in the file: `route.routes[1].routes[0]`.
    pub place: String,
}

/// What happens to the alerts of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Who is told.
    pub receiver: String,
    /// What makes a group.
    pub group_by: GroupBy,
    /// How long the first notification of a group waits for more.
    pub group_wait: Span,
    /// How long a notification of new members waits after the last one.
    pub group_interval: Span,
    /// After how long an unanswered notification is sent again.
    pub repeat_interval: Span,
    /// When its receiver is told.
    #[serde(default)]
    pub muting: Muting,
}

/// What makes a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupBy {
    /// Equal values of these labels; none: everything of the route together.
    Labels(Vec<String>),
    /// Equal values of all labels: `...`.
    All,
}

/// What a route takes from the one above it.
pub(crate) struct Inherited {
    settings: Settings,
    path: String,
    depth: usize,
}

impl Inherited {
    /// What the root starts from: Alertmanager's defaults.
    pub(crate) fn root() -> Inherited {
        Inherited {
            settings: Settings {
                receiver: String::new(),
                group_by: GroupBy::Labels(Vec::new()),
                group_wait: Span::seconds(30),
                group_interval: Span::minutes(5),
                repeat_interval: Span::hours(4),
                muting: Muting::default(),
            },
            path: String::new(),
            depth: 0,
        }
    }
}

/// What the routes' compiler needs of the policy's reader.
pub(crate) trait Notes {
    /// Notes what nobody could act by.
    fn problem(&mut self, path: String, message: String);
    /// Notes what a policy in force may have, but a new one may not.
    fn refusal(&mut self, path: String, message: String);
    fn receiver(&mut self, name: &str, path: &str);
    fn read_matchers(&mut self, source: &RouteSource, path: &str) -> Vec<Matcher>;
    fn muting(&mut self, source: &RouteSource, path: &str) -> Muting;
    fn scale(&self) -> u32;
}

impl Route {
    pub(crate) fn compile(source: &RouteSource, place: &str, inherited: &Inherited, notes: &mut impl Notes) -> Route {
        let is_root = inherited.depth == 0;
        if is_root {
            check_root(source, place, notes);
        }
        let matchers = notes.read_matchers(source, place);
        let settings = settings(source, place, inherited, notes);
        let path = if is_root { show_sorted(&matchers) } else { format!("{}/{}", inherited.path, show_sorted(&matchers)) };
        let below = Inherited { settings: settings.clone(), path: path.clone(), depth: inherited.depth + 1 };
        let mut routes = Vec::new();
        if below.depth > DEPTH_MAX && !source.routes.is_empty() {
            notes.problem(format!("{place}.routes"), format!("the tree is deeper than {DEPTH_MAX} routes"));
        } else {
            for (n, child) in source.routes.iter().enumerate() {
                routes.push(Route::compile(child, &format!("{place}.routes[{n}]"), &below, notes));
            }
        }
        Route { matchers, settings, proceed: source.proceed, routes, path, place: place.to_owned() }
    }

    /// The routes that an alert with these labels ends at, in Alertmanager's
    /// order; empty only if this route itself does not match.
    ///
    /// For many alerts, [`Router`](super::Router) answers the same faster.
    pub fn matches<'r>(&'r self, labels: &Labels) -> Vec<&'r Route> {
        let mut found = Vec::new();
        self.collect(labels, &mut found);
        found
    }

    fn collect<'r>(&'r self, labels: &Labels, found: &mut Vec<&'r Route>) -> bool {
        if !all_match(&self.matchers, labels) {
            return false;
        }
        let mut is_deeper = false;
        for child in &self.routes {
            let matched = child.collect(labels, found);
            is_deeper |= matched;
            if matched && !child.proceed {
                break;
            }
        }
        if !is_deeper {
            found.push(self);
        }
        true
    }

    /// The labels that make the group of an alert here.
    pub fn group_labels(&self, labels: &Labels) -> Labels {
        match &self.settings.group_by {
            GroupBy::All => labels.clone(),
            GroupBy::Labels(names) => labels.only(names.iter().map(String::as_str)),
        }
    }
}

/// The root takes whatever no other route takes: nothing may keep it from that.
fn check_root(source: &RouteSource, place: &str, notes: &mut impl Notes) {
    if source.receiver.is_none() {
        notes.problem(format!("{place}.receiver"), "the root route must name a receiver, so that no alert is without one".into());
    }
    if !source.matchers.is_empty() {
        notes.problem(format!("{place}.matchers"), "the root route matches everything; put matchers on its routes".into());
    }
    for (key, is_there) in [("match", !source.equals.is_empty()), ("match_re", !source.match_re.is_empty())] {
        if is_there {
            notes.problem(format!("{place}.{key}"), format!("the root route matches everything; put `{key}` on its routes"));
        }
    }
    for (key, names) in
        [("mute_time_intervals", &source.mute_time_intervals), ("active_time_intervals", &source.active_time_intervals)]
    {
        if !names.is_empty() {
            notes.refusal(
                format!("{place}.{key}"),
                "the root route takes what no other takes, at all times; put time intervals on its routes".into(),
            );
        }
    }
    if source.proceed {
        notes.refusal(
            format!("{place}.continue"),
            "the root route has no sibling to go on to; put `continue` on its routes".into(),
        );
    }
}

fn settings(source: &RouteSource, place: &str, inherited: &Inherited, notes: &mut impl Notes) -> Settings {
    if let Some(receiver) = &source.receiver {
        notes.receiver(receiver, &format!("{place}.receiver"));
    }
    if source.group_interval == Some(Span::ZERO) {
        notes.problem(format!("{place}.group_interval"), "0 would notify without pause; write at least 1s".into());
    }
    if source.repeat_interval == Some(Span::ZERO) {
        notes.problem(format!("{place}.repeat_interval"), "0 would repeat without pause; write at least 1m".into());
    }
    let scale = notes.scale();
    // What is inherited has been shortened already.
    let span = |given: Option<Span>, above: Span| match given {
        Some(given) => given.shortened(scale),
        None if inherited.depth == 0 => above.shortened(scale),
        None => above,
    };
    let above = &inherited.settings;
    Settings {
        receiver: source.receiver.clone().unwrap_or_else(|| above.receiver.clone()),
        group_by: group_by(source.group_by.as_deref().unwrap_or_default(), &format!("{place}.group_by"), notes)
            .unwrap_or_else(|| above.group_by.clone()),
        group_wait: span(source.group_wait, above.group_wait),
        group_interval: span(source.group_interval, above.group_interval),
        repeat_interval: span(source.repeat_interval, above.repeat_interval),
        muting: notes.muting(source, place),
    }
}

/// What these names make a group of; none if that is inherited.
fn group_by(names: &[String], path: &str, notes: &mut impl Notes) -> Option<GroupBy> {
    let is_all = names.iter().any(|name| name == "...");
    let mut seen = BTreeSet::new();
    for (n, name) in names.iter().enumerate().filter(|(_, name)| *name != "...") {
        let place = format!("{path}[{n}]");
        if is_all {
            notes.refusal(place, format!("`...` is every label, `{name}` among them; write one or the other"));
        } else if !is_label_name(name) {
            notes.refusal(place, format!("`{name}` is not a label name; write for instance alertname or service"));
        } else if !seen.insert(name) {
            notes.refusal(place, format!("`{name}` stands above already"));
        }
    }
    match names {
        [] => None,
        _ if is_all => Some(GroupBy::All),
        names => Some(GroupBy::Labels(names.to_vec())),
    }
}

fn show_sorted(matchers: &[Matcher]) -> String {
    let mut sorted = matchers.to_vec();
    sorted.sort_by(|one, other| (one.name(), one.to_string()).cmp(&(other.name(), other.to_string())));
    show(&sorted)
}
