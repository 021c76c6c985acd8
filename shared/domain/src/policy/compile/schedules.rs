//! The part about schedules: who is on call when?

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::Reader;
use crate::policy::source::{LayerSource, OverrideSource, RotationSource, ScheduleSource};
use crate::schedule::{Layer, Schedule, Turn};

impl Reader<'_> {
    pub(super) fn schedules(&mut self) -> BTreeMap<String, Schedule> {
        let source = self.source;
        let users: Vec<String> = source.users.iter().map(|user| user.id.clone()).collect();
        let mut schedules = BTreeMap::new();
        for (n, schedule) in source.schedules.iter().enumerate() {
            let path = format!("schedules[{n}]");
            let time_zone = TimeZone::get(&schedule.time_zone).unwrap_or_else(|_| {
                self.problem(
                    format!("{path}.time_zone"),
                    format!("`{}` is not a time zone; write for instance Europe/Berlin, Asia/Tokyo or UTC", schedule.time_zone),
                );
                TimeZone::UTC
            });
            let layers = self.layers(schedule, &users, &path);
            self.overrides(&schedule.overrides, &users, &path);
            schedules.insert(
                schedule.name.clone(),
                Schedule { name: schedule.name.clone(), time_zone, layers, overrides: schedule.overrides.clone() },
            );
        }
        schedules
    }

    fn overrides(&mut self, overrides: &[OverrideSource], users: &[String], path: &str) {
        for (n, exception) in overrides.iter().enumerate() {
            self.must_be_known("user", &exception.user, users, &format!("{path}.overrides[{n}].user"));
            if exception.end <= exception.start {
                self.problem(
                    format!("{path}.overrides[{n}].end"),
                    format!("the override ends at {}, before it starts", exception.end),
                );
            }
        }
    }

    fn layers(&mut self, schedule: &ScheduleSource, users: &[String], path: &str) -> Vec<Layer> {
        let mut layers = Vec::new();
        for (n, layer) in schedule.schedule_layers.iter().enumerate() {
            let place = format!("{path}.schedule_layers[{n}]");
            for (m, user) in layer.users.iter().enumerate() {
                self.must_be_known("user", user, users, &format!("{place}.users[{m}]"));
            }
            if layer.users.is_empty() {
                self.problem(format!("{place}.users"), "a layer needs at least one user");
            }
            if layer.rotation == RotationSource::Hours(0) {
                self.problem(format!("{place}.rotation"), "a turn of 0 hours never ends; write 1 or more");
            }
            layers.push(layer_of(layer));
        }
        layers
    }
}

fn layer_of(source: &LayerSource) -> Layer {
    Layer {
        name: source.name.clone(),
        start: source.start,
        turn: match source.rotation {
            RotationSource::Weekly => Turn::Days(7),
            RotationSource::Daily => Turn::Days(1),
            RotationSource::Hours(hours) => Turn::Hours(hours.max(1)),
            RotationSource::Days(days) => Turn::Days(days.max(1)),
            RotationSource::Weeks(weeks) => Turn::Days(weeks.clamp(1, 520) * 7),
        },
        users: source.users.clone(),
    }
}
