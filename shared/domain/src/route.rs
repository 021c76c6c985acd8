//! Who gets it, and with what is it grouped? Alertmanager's routing tree.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alert::digest;
use crate::labels::Labels;
use crate::matcher::{Matcher, all_match, show};
use crate::mute::Muting;
use crate::policy::source::RouteSource;
use crate::span::Span;

/// Deepest tree that is read. It bounds recursion.
const DEPTH_MAX: usize = 32;

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
    /// The matchers from the root down: part of the group's key, so that
    /// reordering routes does not split open groups.
    pub path: String,
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
    fn problem(&mut self, path: String, message: String);
    fn receiver(&mut self, name: &str, path: &str);
    fn read_matchers(&mut self, texts: &[String], path: &str) -> Vec<Matcher>;
    fn muting(&mut self, source: &RouteSource, path: &str) -> Muting;
    fn scale(&self) -> u32;
}

impl Route {
    pub(crate) fn compile(source: &RouteSource, place: &str, inherited: &Inherited, notes: &mut impl Notes) -> Route {
        let matchers = notes.read_matchers(&source.matchers, &format!("{place}.matchers"));
        if let Some(receiver) = &source.receiver {
            notes.receiver(receiver, &format!("{place}.receiver"));
        }
        let scale = notes.scale();
        // What is inherited has been shortened already.
        let span = |given: Option<Span>, above: Span| given.map_or(above, |span| span.shortened(scale));
        let above = &inherited.settings;
        let top = inherited.depth == 0;
        let default = |span: Span| if top { span.shortened(scale) } else { span };
        let settings = Settings {
            receiver: source.receiver.clone().unwrap_or_else(|| above.receiver.clone()),
            group_by: source.group_by.as_deref().map_or_else(|| above.group_by.clone(), group_by),
            group_wait: span(source.group_wait, default(above.group_wait)),
            group_interval: span(source.group_interval, default(above.group_interval)),
            repeat_interval: span(source.repeat_interval, default(above.repeat_interval)),
            muting: notes.muting(source, place),
        };
        if source.group_interval == Some(Span::ZERO) {
            notes.problem(format!("{place}.group_interval"), "0 would notify without pause; write at least 1s".into());
        }
        if source.repeat_interval == Some(Span::ZERO) {
            notes.problem(format!("{place}.repeat_interval"), "0 would repeat without pause; write at least 1m".into());
        }
        let path = if top { show(&matchers) } else { format!("{}/{}", inherited.path, show(&matchers)) };
        let below = Inherited { settings: settings.clone(), path: path.clone(), depth: inherited.depth + 1 };
        let mut routes = Vec::new();
        if below.depth > DEPTH_MAX && !source.routes.is_empty() {
            notes.problem(format!("{place}.routes"), format!("the tree is deeper than {DEPTH_MAX} routes"));
        } else {
            for (n, child) in source.routes.iter().enumerate() {
                routes.push(Route::compile(child, &format!("{place}.routes[{n}]"), &below, notes));
            }
        }
        Route { matchers, settings, proceed: source.proceed, routes, path }
    }

    /// The routes that an alert with these labels ends at, in Alertmanager's
    /// order; empty only if this route itself does not match.
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

fn group_by(names: &[String]) -> GroupBy {
    if names.iter().any(|name| name == "...") { GroupBy::All } else { GroupBy::Labels(names.to_vec()) }
}

/// Identifies a group: 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupKey(String);

impl GroupKey {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where an alert goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// The group that it belongs to.
    pub group: GroupKey,
    /// The labels that make the group.
    pub group_labels: Labels,
    /// Every receiver that is told, in order, each once.
    pub receivers: Vec<String>,
    /// The settings of the route that owns the incident.
    pub settings: Settings,
    /// When receivers are told that are not always: by receiver, of every route that
    /// leads to it.
    pub muting: BTreeMap<String, Vec<Muting>>,
    /// Why.
    pub because: String,
}

/// Finds where an alert with these labels goes.
///
/// An alert belongs to one incident, so one route owns it: the last that
/// matches, which is the one that a tree with `continue` was leading to. The
/// receivers of the others are told as well.
pub fn route(root: &Route, labels: &Labels) -> Routed {
    let matched = root.matches(labels);
    let owner = matched.last().copied().unwrap_or(root);
    let group_labels = owner.group_labels(labels);
    let mut receivers: Vec<String> = Vec::new();
    for route in &matched {
        if !receivers.contains(&route.settings.receiver) {
            receivers.push(route.settings.receiver.clone());
        }
    }
    if receivers.is_empty() {
        receivers.push(root.settings.receiver.clone());
    }
    Routed {
        group: GroupKey(digest(format!("{}:{group_labels}", owner.path).as_bytes())),
        because: format!("route {} leads to {}", owner.path, receivers.join(", ")),
        group_labels,
        receivers,
        settings: owner.settings.clone(),
        muting: muting(&matched),
    }
}

/// When the receivers of these routes are told, where none of a receiver's routes
/// tells at any time.
fn muting(matched: &[&Route]) -> BTreeMap<String, Vec<Muting>> {
    let mut all: BTreeMap<String, Vec<Muting>> = BTreeMap::new();
    for route in matched {
        all.entry(route.settings.receiver.clone()).or_default().push(route.settings.muting.clone());
    }
    all.retain(|_, routes| routes.iter().all(|muting| !muting.is_empty()));
    all
}

#[cfg(test)]
mod tests;
