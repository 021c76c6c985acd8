//! The part about time: named intervals and holidays.

use std::collections::BTreeMap;

use super::Reader;
use crate::interval::TimeInterval;

impl Reader<'_> {
    pub(super) fn time_intervals(&mut self) -> BTreeMap<String, TimeInterval> {
        let source = self.source;
        source
            .time_intervals
            .iter()
            .chain(&source.mute_time_intervals)
            .map(|interval| (interval.name.clone(), TimeInterval { name: interval.name.clone(), parts: Vec::new() }))
            .collect()
    }
}
