//! Which routes do labels lead to? The answers stand ready, one for each route.

use std::collections::HashMap;

use domain::route::{GroupBy, Route, Router};
use domain::span::Span;
use serde::{Serialize, Serializer};

use super::question::Raw;
use crate::show;

/// The answers about the routes of one policy.
pub(super) struct Routes<'p> {
    router: Router<'p>,
    /// By the route's place in memory: a policy does not move while it is asked.
    texts: HashMap<usize, Box<str>>,
}

impl<'p> Routes<'p> {
    /// Writes the answers about the tree under `root`.
    pub(super) fn of(root: &'p Route) -> Routes<'p> {
        let mut routes = Routes { router: Router::new(root), texts: HashMap::new() };
        routes.add(root);
        routes
    }

    fn add(&mut self, route: &Route) {
        let text = serde_json::to_string(&Shown::of(route)).unwrap_or_default();
        self.texts.insert(place(route), show::escaped(&text).into_boxed_str());
        for child in &route.routes {
            self.add(child);
        }
    }

    /// Writes the answer for these labels.
    pub(super) fn answer(&self, labels: &Raw<'_>, answer: &mut Vec<u8>) {
        answer.extend_from_slice(b"{\"route\":[");
        let mut comma: &[u8] = b"";
        for route in self.router.matches(|name| labels.get(name)) {
            if let Some(text) = self.texts.get(&place(route)) {
                answer.extend_from_slice(comma);
                answer.extend_from_slice(text.as_bytes());
                comma = b",";
            }
        }
        answer.extend_from_slice(b"]}");
    }
}

fn place(route: &Route) -> usize {
    std::ptr::from_ref(route).addr()
}

/// A route as the answer has it.
#[derive(Serialize)]
struct Shown<'r> {
    receiver: &'r str,
    group_by: &'r [String],
    group_by_all: bool,
    group_wait_seconds: Seconds,
    group_interval_seconds: Seconds,
    repeat_interval_seconds: Seconds,
    mute_time_intervals: &'r [String],
    active_time_intervals: &'r [String],
}

impl Shown<'_> {
    fn of(route: &Route) -> Shown<'_> {
        let settings = &route.settings;
        let (group_by, group_by_all): (&[String], bool) = match &settings.group_by {
            GroupBy::Labels(names) => (names, false),
            GroupBy::All => (&[], true),
        };
        Shown {
            receiver: &settings.receiver,
            group_by,
            group_by_all,
            group_wait_seconds: Seconds(settings.group_wait),
            group_interval_seconds: Seconds(settings.group_interval),
            repeat_interval_seconds: Seconds(settings.repeat_interval),
            mute_time_intervals: &settings.muting.mute,
            active_time_intervals: &settings.muting.active,
        }
    }
}

/// A length of time as a number: whole where it can be.
struct Seconds(Span);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = self.0.as_millis();
        if millis.is_multiple_of(1_000) {
            serializer.serialize_u64(millis / 1_000)
        } else {
            #[expect(clippy::cast_precision_loss, reason = "exact up to 285,000 years")]
            serializer.serialize_f64(millis as f64 / 1_000.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_whole_where_they_can_be() {
        for (span, wanted) in [
            (Span::ZERO, "0"),
            (Span::seconds(30), "30"),
            (Span::hours(4), "14400"),
            (Span::millis(500), "0.5"),
            (Span::millis(1), "0.001"),
            (Span::millis(90_250), "90.25"),
        ] {
            assert_eq!(serde_json::to_string(&Seconds(span)).unwrap(), wanted);
        }
    }
}
