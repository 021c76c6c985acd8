//! How much would people have been told, and when? Counts of what was decided.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Assumed;
use crate::id::IncidentId;
use crate::notice::NoticeKind;
use crate::policy::{Address, Class, Policy};
use crate::priority::Priority;
use crate::rehearsal::{Heard, Note, Sent};
use crate::span::Span;
use crate::timeline::EntryKind;

/// A night begins at this hour by the clock on the wall.
const NIGHT_FROM: i8 = 22;
/// And ends at this one.
const NIGHT_UNTIL: i8 = 7;
/// The team of alerts that have none.
const NO_TEAM: &str = "no team";

/// One person or receiver, told once by a way that wakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Arc<str>,
    /// What it is about: the alert that opened the incident.
    pub what: Arc<str>,
    /// How urgent.
    pub priority: Priority,
}

/// What one person or receiver got.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// Whether it is a person.
    pub is_person: bool,
    /// Pages.
    pub n_pages: usize,
    /// Messages of all classes.
    pub n_told: usize,
    /// Nights with a page, by the evening's date.
    pub nights: BTreeSet<Date>,
}

/// An incident, as far as it is counted.
#[derive(Debug)]
struct About {
    team: Arc<str>,
    what: Arc<str>,
    last_page: Option<(u32, BTreeSet<Arc<str>>)>,
}

/// What was counted.
#[derive(Debug)]
pub struct Tally {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Pages altogether: each person or receiver once for each round of messages,
    /// by however many ways.
    pub n_pages: usize,
    /// Messages of all classes.
    pub n_told: usize,
    /// Messages to the topic of last resort.
    pub n_failsafe: usize,
    /// Pages by team.
    pub by_team: BTreeMap<Arc<str>, usize>,
    /// Pages by priority.
    pub by_priority: BTreeMap<Priority, usize>,
    /// Everybody who was told anything.
    pub by_who: BTreeMap<String, Who>,
    /// Messages by class.
    pub by_class: BTreeMap<Class, usize>,
    /// Pages by day of the week, from Monday, and hour.
    pub hours: [[usize; 24]; 7],
    /// What became of the alarms that came in: `opens`, `joins` and so on.
    pub verbs: BTreeMap<&'static str, usize>,
    /// Why nobody was told, and how often that held an incident back.
    pub held: BTreeMap<String, usize>,
    /// What would have been mended, and how often.
    pub remediations: BTreeMap<String, usize>,
    /// Which alarms opened incidents, and how often.
    pub openers: BTreeMap<Arc<str>, usize>,
    /// Every page, if they are remembered.
    pub pages: Vec<Page>,
    zone: TimeZone,
    zones: BTreeMap<String, TimeZone>,
    keeps_pages: bool,
    incidents: HashMap<IncidentId, About>,
    names: BTreeSet<Arc<str>>,
}

impl Tally {
    pub(super) fn new(policy: &Policy, assumed: &Assumed, from: Timestamp) -> Tally {
        let mut zones = BTreeMap::new();
        for schedule in policy.schedules.values().filter(|_| !assumed.nights_in_zone) {
            for user in schedule.layers.iter().flat_map(|layer| &layer.users) {
                zones.entry(user.clone()).or_insert_with(|| schedule.time_zone.clone());
            }
        }
        let people = policy.users.keys().map(|name| (name.clone(), Who { is_person: true, ..Who::default() }));
        Tally {
            from,
            until: from,
            n_pages: 0,
            n_told: 0,
            n_failsafe: 0,
            by_team: BTreeMap::new(),
            by_priority: BTreeMap::new(),
            by_who: people.collect(),
            by_class: BTreeMap::new(),
            hours: [[0; 24]; 7],
            verbs: BTreeMap::new(),
            held: BTreeMap::new(),
            remediations: BTreeMap::new(),
            openers: BTreeMap::new(),
            pages: Vec::new(),
            zone: assumed.zone.clone(),
            zones,
            keeps_pages: assumed.keeps_pages,
            incidents: HashMap::new(),
            names: BTreeSet::new(),
        }
    }

    /// The same text is kept once.
    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        self.names.insert(Arc::clone(&new));
        new
    }

    pub(super) fn heard(&mut self, alert: &str, heard: &Heard) {
        *self.verbs.entry(heard.verb).or_default() += 1;
        if heard.verb != "opens" {
            return;
        }
        for remediation in &heard.classification.remediations {
            *self.remediations.entry(remediation.clone()).or_default() += 1;
        }
        let team = self.name(heard.classification.labels.find("team").unwrap_or(NO_TEAM));
        let what = self.name(alert);
        *self.openers.entry(Arc::clone(&what)).or_default() += 1;
        if let Some(id) = &heard.incident {
            self.incidents.insert(id.clone(), About { team, what, last_page: None });
        }
    }

    /// Counts a message, and says whether it is a page that was not counted yet.
    pub(super) fn sent(&mut self, sent: &Sent) -> bool {
        self.n_told += 1;
        if let NoticeKind::Failsafe { .. } = sent.kind {
            self.n_failsafe += 1;
        }
        // Nobody in particular: that it is over is told there, too.
        if sent.address == Address::Failsafe {
            return false;
        }
        *self.by_class.entry(sent.class).or_default() += 1;
        match self.by_who.get_mut(&sent.to) {
            Some(who) => who.n_told += 1,
            None => drop(self.by_who.insert(sent.to.clone(), Who { n_told: 1, ..Who::default() })),
        }
        sent.class == Class::Page && sent.kind.opens() && self.page(sent)
    }

    fn page(&mut self, sent: &Sent) -> bool {
        let to = self.name(&sent.to);
        let Some(about) = self.incidents.get_mut(&sent.incident) else { return false };
        let (round, told) = about.last_page.get_or_insert_with(|| (sent.round, BTreeSet::new()));
        if *round != sent.round {
            (*round, *told) = (sent.round, BTreeSet::new());
        }
        if !told.insert(Arc::clone(&to)) {
            return false;
        }
        let (team, what) = (Arc::clone(&about.team), Arc::clone(&about.what));
        self.n_pages += 1;
        *self.by_team.entry(team).or_default() += 1;
        *self.by_priority.entry(sent.priority).or_default() += 1;
        let local = self.zone.to_datetime(sent.at);
        let (day, hour) = (local.weekday().to_monday_zero_offset(), local.hour());
        if let Some(count) =
            self.hours.get_mut(usize::from(day.unsigned_abs())).and_then(|day| day.get_mut(usize::from(hour.unsigned_abs())))
        {
            *count += 1;
        }
        let night = self.night(&sent.to, sent.at);
        if let Some(who) = self.by_who.get_mut(&sent.to) {
            who.n_pages += 1;
            who.nights.extend(night.filter(|_| who.is_person));
        }
        if self.keeps_pages {
            self.pages.push(Page { at: sent.at, who: to, what, priority: sent.priority });
        }
        true
    }

    /// The evening of the night in which this moment lies where somebody lives.
    fn night(&self, who: &str, at: Timestamp) -> Option<Date> {
        let local = self.zones.get(who).unwrap_or(&self.zone).to_datetime(at);
        if local.hour() >= NIGHT_FROM {
            Some(local.date())
        } else if local.hour() < NIGHT_UNTIL {
            local.date().yesterday().ok()
        } else {
            None
        }
    }

    pub(super) fn noted(&mut self, note: &Note) {
        if note.kind == EntryKind::Held && note.text.starts_with("nobody is told") {
            let reasons: BTreeSet<String> = note.because.iter().map(|reason| general(reason)).collect();
            for reason in reasons {
                *self.held.entry(reason).or_default() += 1;
            }
        }
    }

    pub(super) fn finish(mut self, until: Timestamp) -> Tally {
        self.until = until;
        self.incidents = HashMap::new();
        self
    }

    /// How many weeks were played; never less than one, so that a rate of a short
    /// history is not made of too little.
    pub fn weeks(&self) -> f64 {
        let seconds = u32::try_from(Span::between(self.from, self.until).as_seconds()).unwrap_or(u32::MAX);
        (f64::from(seconds) / f64::from(7 * 86_400)).max(1.0)
    }

    /// How often an alarm that came in did this.
    pub fn n(&self, verb: &str) -> usize {
        self.verbs.get(verb).copied().unwrap_or_default()
    }

    /// How many nights were disturbed, of all people together.
    pub fn n_nights(&self) -> usize {
        self.by_who.values().map(|who| who.nights.len()).sum()
    }
}

/// A reason without its moments and incidents: the same reason of another day is the
/// same reason.
fn general(reason: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for word in reason.split_whitespace() {
        let bare = word.trim_matches([',', ';', ':', '.', '(', ')']);
        let is_digits = |mark: char| bare.contains(mark) && bare.chars().all(|ch| ch.is_ascii_digit() || ch == mark);
        let is_moment = is_digits('-') || is_digits(':');
        let is_incident = bare.len() == 11 && bare.matches('-').count() == 2 && bare.parse::<IncidentId>().is_ok();
        let follows = out.last().is_some_and(|last| *last == "…");
        if is_moment || is_incident {
            if !follows {
                out.push("…");
            }
        } else if !(follows && bare == "UTC") {
            out.push(word);
        }
    }
    let text = out.join(" ");
    text.trim_end_matches(" until …").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_reason_of_another_day_is_the_same_reason() {
        for (reason, wanted) in [
            ("maintenance window `move` until 2026-12-05 23:00:00 UTC", "maintenance window `move`"),
            ("inhibited by rule `r`: its cause is incident 0K3-M9Q-F7T", "inhibited by rule `r`: its cause is incident …"),
            (
                "remediation scale is being tried first, until 2026-12-05 23:00:00 UTC at the latest",
                "remediation scale is being tried first, until … at the latest",
            ),
            ("interval night, 3 of 4", "interval night, 3 of 4"),
        ] {
            assert_eq!(general(reason), wanted);
        }
    }
}
