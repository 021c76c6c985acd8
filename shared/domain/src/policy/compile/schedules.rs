//! The part about schedules: who is on call when?

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::Reader;
use crate::policy::source::{LayerSource, OverrideSource, RestrictionSource, RotationSource, ScheduleSource};
use crate::schedule::{Hours, Layer, Restriction, Schedule, Turn};

impl Reader<'_> {
    pub(super) fn schedules(&mut self) -> BTreeMap<String, Schedule> {
        let source = self.source;
        let users: Vec<String> = source.users.iter().map(|user| user.id.clone()).collect();
        let mut schedules = BTreeMap::new();
        for (n, schedule) in source.schedules.iter().enumerate() {
            let path = format!("schedules[{n}]");
            let time_zone = self.zone(&schedule.time_zone, &format!("{path}.time_zone"));
            let layers = self.layers(schedule, &time_zone, &users, &path);
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

    fn layers(&mut self, schedule: &ScheduleSource, time_zone: &TimeZone, users: &[String], path: &str) -> Vec<Layer> {
        let mut layers = Vec::new();
        for (n, layer) in schedule.schedule_layers.iter().enumerate() {
            let place = format!("{path}.schedule_layers[{n}]");
            for (m, user) in layer.users.iter().enumerate() {
                self.must_be_known("user", user, users, &format!("{place}.users[{m}]"));
            }
            if layer.users.is_empty() {
                self.problem(format!("{place}.users"), "a layer needs at least one user");
            }
            layers.push(self.layer(layer, time_zone, &place));
        }
        layers
    }

    fn layer(&mut self, layer: &LayerSource, time_zone: &TimeZone, place: &str) -> Layer {
        if let Some(end) = layer.end
            && end <= layer.start
        {
            self.problem(format!("{place}.end"), format!("the layer ends at {end}, before it starts at {}", layer.start));
        }
        let time_zone = match &layer.time_zone {
            Some(name) => self.zone(name, &format!("{place}.time_zone")),
            None => time_zone.clone(),
        };
        let restrictions = layer.restrictions.iter().enumerate();
        let restrictions =
            restrictions.filter_map(|(n, source)| self.restriction(source, &format!("{place}.restrictions[{n}]"))).collect();
        Layer {
            name: layer.name.clone(),
            time_zone,
            start: layer.start,
            end: layer.end,
            turn: self.turn(layer.rotation, &format!("{place}.rotation")),
            users: layer.users.clone(),
            hours: Hours::new(restrictions, self.holiday_rule(&layer.holidays, &layer.except_holidays, place)),
        }
    }

    fn turn(&mut self, rotation: RotationSource, path: &str) -> Turn {
        let (n, unit, turn) = match rotation {
            RotationSource::Weekly => return Turn::Days(7),
            RotationSource::Daily => return Turn::Days(1),
            RotationSource::Hours(hours) => (hours, "hours", Turn::Hours(hours)),
            RotationSource::Days(days) => (days, "days", Turn::Days(days)),
            RotationSource::Weeks(weeks) => (weeks, "weeks", Turn::Days(weeks.saturating_mul(7))),
        };
        if n == 0 {
            self.problem(path, format!("a turn of 0 {unit} never ends; write 1 or more"));
        }
        turn
    }

    fn restriction(&mut self, source: &RestrictionSource, path: &str) -> Option<Restriction> {
        let weekdays = self.weekdays(&source.weekdays, &format!("{path}.weekdays"));
        let start = source.start_time.as_deref().unwrap_or("00:00");
        let end = source.end_time.as_deref().unwrap_or("24:00");
        let start_minute = self.minute(start, &format!("{path}.start_time"));
        let end_minute = self.minute(end, &format!("{path}.end_time"));
        if start_minute == Some(24 * 60) {
            self.problem(format!("{path}.start_time"), "24:00 is where a day ends; write 00:00, with the weekdays after these");
            return None;
        }
        Some(Restriction { weekdays, start_minute: start_minute?, end_minute: end_minute? })
    }
}
