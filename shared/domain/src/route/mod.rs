//! Who gets it, and with what is it grouped? Alertmanager's routing tree.

mod router;
mod tree;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alert::digest;
use crate::labels::Labels;
use crate::mute::Muting;

pub use self::router::Router;
pub use self::tree::{GroupBy, Route, Settings};
pub(crate) use self::tree::{Inherited, Notes};

/// Identifies a group: 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupKey(String);

impl GroupKey {
    /// A key that no route makes.
    pub(crate) fn reserved(text: &str) -> GroupKey {
        GroupKey(text.to_owned())
    }

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
    /// What mutes a receiver on each route that leads to it. A receiver with one
    /// route that nothing mutes is told by that one, and is not here.
    pub muting: BTreeMap<String, Vec<Muting>>,
    /// The settings of the route that owns the incident.
    pub settings: Settings,
    /// Why.
    pub because: String,
}

/// Finds where an alert with these labels goes.
///
/// An alert belongs to one incident, so one route owns it: the last that
/// matches, which is the one that a tree with `continue` was leading to. The
/// receivers of the others are told as well.
pub fn route(root: &Route, labels: &Labels) -> Routed {
    routed(root, &root.matches(labels), labels)
}

/// Where an alert with these labels goes, if it ended at `matched`.
fn routed(root: &Route, matched: &[&Route], labels: &Labels) -> Routed {
    // What no route matches, the root takes: it has no matchers in a checked policy.
    let matched = if matched.is_empty() { &[root] } else { matched };
    let owner = matched.last().copied().unwrap_or(root);
    let group_labels = owner.group_labels(labels);
    let mut receivers: Vec<String> = Vec::new();
    for route in matched {
        if !receivers.contains(&route.settings.receiver) {
            receivers.push(route.settings.receiver.clone());
        }
    }
    Routed {
        group: GroupKey(digest(format!("{}:{group_labels}", owner.path).as_bytes())),
        because: format!("route {} leads to {}", owner.path, receivers.join(", ")),
        group_labels,
        muting: muting(matched),
        receivers,
        settings: owner.settings.clone(),
    }
}

/// The mutes of each receiver that every route mutes which leads to it.
fn muting(matched: &[&Route]) -> BTreeMap<String, Vec<Muting>> {
    let mut muting: BTreeMap<String, Vec<Muting>> = BTreeMap::new();
    for route in matched {
        muting.entry(route.settings.receiver.clone()).or_default().push(route.settings.muting.clone());
    }
    muting.retain(|_, routes| !routes.iter().any(Muting::is_empty));
    muting
}

#[cfg(test)]
mod tests;
