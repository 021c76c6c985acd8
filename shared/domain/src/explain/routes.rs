//! Which routes were looked at, and what became of each?

use serde::Serialize;

use super::Mismatch;
use crate::labels::Labels;
use crate::matcher::show;
use crate::route::{GroupBy, Route, Routed};
use crate::span::Span;

/// A route that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteSeen {
    /// Its matchers.
    pub matchers: String,
    /// The first that was not fulfilled; none if the route matched.
    pub failed: Option<Mismatch>,
    /// Who is told of what ends here.
    pub receiver: String,
    /// Whether the alert ends here: it matched, and no route below it did.
    pub ends_here: bool,
    /// Whether the next route beside it is tried although it matched.
    pub proceeds: bool,
    /// The routes below it that were looked at, in order.
    pub routes: Vec<RouteSeen>,
    /// How many more below it were not, since one had taken the alert.
    pub n_not_reached: usize,
}

/// Looks at a tree as the router does.
pub(super) fn seen(route: &Route, labels: &Labels) -> RouteSeen {
    let failed = Mismatch::first(&route.matchers, labels);
    let mut routes = Vec::new();
    if failed.is_none() {
        for child in &route.routes {
            let below = seen(child, labels);
            let takes = below.failed.is_none() && !child.proceed;
            routes.push(below);
            if takes {
                break;
            }
        }
    }
    let n_not_reached = if failed.is_none() { route.routes.len() - routes.len() } else { 0 };
    RouteSeen {
        matchers: show(&route.matchers),
        ends_here: failed.is_none() && routes.iter().all(|below| below.failed.is_some()),
        failed,
        receiver: route.settings.receiver.clone(),
        proceeds: route.proceed,
        routes,
        n_not_reached,
    }
}

/// What an alert is grouped with, and what happens to the group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// The names of the labels that make it; none, if all do.
    pub by: Option<Vec<String>>,
    /// Those of them that the alert has.
    pub labels: Labels,
    /// Who is told, in order.
    pub receivers: Vec<String>,
    /// How long the first notification waits for more.
    pub group_wait: Span,
    /// How long one of new members waits after the last.
    pub group_interval: Span,
    /// After how long an unanswered one is sent again.
    pub repeat_interval: Span,
}

impl Group {
    pub(super) fn of(routed: &Routed) -> Group {
        let settings = &routed.settings;
        Group {
            by: match &settings.group_by {
                GroupBy::Labels(names) => Some(names.clone()),
                GroupBy::All => None,
            },
            labels: routed.group_labels.clone(),
            receivers: routed.receivers.clone(),
            group_wait: settings.group_wait,
            group_interval: settings.group_interval,
            repeat_interval: settings.repeat_interval,
        }
    }
}
