//! Is it worth waking somebody? Alerts that recover by themselves, that flap, and
//! that come by the dozen.

use jiff::Timestamp;

use super::{NAMED_MAX, Ticking, named};
use crate::alert::{AlertState, Fingerprint, Transition};
use crate::incident::{AlertRecord, Incident, Status};
use crate::notice::NoticeKind;
use crate::policy::{Flapping, Storm};
use crate::span::Span;
use crate::timeline::EntryKind;

/// How often an alert changed between OK and ALARM within `within` before the last
/// time that it did.
fn n_changes(member: &AlertRecord, within: Span) -> usize {
    let decided: Vec<&Transition> =
        member.history.transitions().iter().filter(|transition| transition.state != AlertState::InsufficientData).collect();
    let Some(last) = decided.last() else { return 0 };
    let since = within.before(last.state_at);
    let changes = decided.windows(2).filter(|pair| pair[0].state != pair[1].state && pair[1].state_at >= since).count();
    // The first that is remembered was a change, too: nobody alarms from nothing.
    changes + usize::from(decided[0].state_at >= since)
}

/// Whether an alert is flapping.
fn is_flapping(member: &AlertRecord, flapping: &Flapping) -> bool {
    n_changes(member, flapping.within) >= usize::try_from(flapping.transitions).unwrap_or(usize::MAX)
}

/// Incidents that opened together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gale<'i> {
    /// The one that speaks for all: the most urgent, and of these the oldest.
    pub leader: &'i Incident,
    /// How many there are.
    pub n_incidents: usize,
}

/// The storm that an incident is part of, if it is: enough open incidents with the
/// same labels that opened within the storm's time of this one.
pub fn storm<'i>(storm: &Storm, incident: &'i Incident, others: &[&'i Incident]) -> Option<Gale<'i>> {
    let is_open = |other: &&'i Incident| matches!(other.status, Status::Triggered | Status::Acknowledged { .. });
    let is_like = |other: &&'i Incident| storm.by.iter().all(|name| other.labels.get(name) == incident.labels.get(name));
    let is_near = |other: &&'i Incident| {
        let (first, last) = (incident.opened_at.min(other.opened_at), incident.opened_at.max(other.opened_at));
        Span::between(first, last) <= storm.within
    };
    let together: Vec<&'i Incident> = others
        .iter()
        .copied()
        .filter(|other| other.id != incident.id && !other.is_watchdog())
        .filter(is_open)
        .filter(is_like)
        .filter(is_near)
        .chain(std::iter::once(incident))
        .collect();
    let n_incidents = together.len();
    let leader = together.into_iter().min_by(|a, b| (a.priority, a.opened_at, &a.id).cmp(&(b.priority, b.opened_at, &b.id)))?;
    (n_incidents >= usize::try_from(storm.incidents).unwrap_or(usize::MAX)).then_some(Gale { leader, n_incidents })
}

impl Ticking<'_> {
    /// Until when the first notification waits for the alerts to recover.
    pub(super) fn wait_for_recovery(&mut self, active: &[&AlertRecord]) -> Option<Timestamp> {
        let priority = self.incident.priority;
        let wait = *self.policy.noise.self_recovery.get(&priority)?;
        let since = active.iter().filter_map(|member| member.heard_at()).min().unwrap_or(self.incident.opened_at);
        let until = wait.after(since);
        (self.now < until && wait > Span::ZERO).then(|| {
            let reason = format!("{priority} is given {} to recover by itself", wait.spoken());
            self.wait_for(EntryKind::Held, "nobody is told yet", reason);
            until
        })
    }

    /// The firing alerts that flap.
    fn flapping(&self, members: &[&AlertRecord]) -> Vec<Fingerprint> {
        let Some(flapping) = &self.policy.noise.flapping else { return Vec::new() };
        let is_it = |member: &&&AlertRecord| is_flapping(member, flapping);
        members.iter().filter(is_it).map(|member| member.alert.fingerprint.clone()).collect()
    }

    /// Says once that an alert flaps; from then on its changes are no news.
    pub(super) fn tell_of_flapping(&mut self, active: &[&AlertRecord]) {
        let Some(flapping) = self.policy.noise.flapping else { return };
        let now_flapping = self.flapping(active);
        let new: Vec<&AlertRecord> = active
            .iter()
            .filter(|member| now_flapping.contains(&member.alert.fingerprint))
            .filter(|member| !self.incident.flapping.contains(&member.alert.fingerprint))
            .copied()
            .collect();
        if new.is_empty() {
            return;
        }
        self.incident.flapping.extend(new.iter().map(|member| member.alert.fingerprint.clone()));
        let because = format!(
            "{} is flapping: {} changes or more within {}; this incident ends once it has been quiet for {}",
            named(new.iter().copied()),
            flapping.transitions,
            flapping.within.spoken(),
            flapping.quiet.spoken()
        );
        self.scribe.note(EntryKind::Alert, "flapping", vec![because.clone()]);
        if self.incident.told.is_some() {
            self.tell_receivers(&NoticeKind::Updated, &because);
            self.was_told();
        }
    }

    /// How long all must be well before it is over: longer where an alert flaps.
    pub(super) fn quiet_time(&mut self) -> Span {
        let usual = self.policy.noise.resolve_wait;
        let Some(flapping) = self.policy.noise.flapping else { return usual };
        let members: Vec<&AlertRecord> = self.view.members.iter().collect();
        let flaps = self.flapping(&members);
        if flaps.is_empty() || flapping.quiet <= usual {
            return usual;
        }
        let names = named(members.into_iter().filter(|member| flaps.contains(&member.alert.fingerprint)));
        let reason = format!("{names} is flapping, and must be quiet for {}", flapping.quiet.spoken());
        self.wait_for(EntryKind::Held, "not resolved yet", reason);
        flapping.quiet
    }

    /// Whether another incident speaks for this one in a storm; what it says then.
    pub(super) fn is_led(&mut self) -> bool {
        let policy = self.policy;
        let Some(rules) = &policy.noise.storm else { return false };
        // As it is now: its priority may just have been raised.
        let incident = self.incident.clone();
        let Some(gale) = storm(rules, &incident, self.view.others) else { return false };
        let shared: Vec<String> = rules.by.iter().map(|name| format!("{name} {}", self.incident.labels.get(name))).collect();
        let of = if shared.is_empty() { String::new() } else { format!(" of {}", shared.join(", ")) };
        let n_incidents = gale.n_incidents;
        let storm = format!("a storm: {n_incidents} incidents{of} within {}", rules.within.spoken());
        let leader = gale.leader.id.clone();
        if leader == self.incident.id {
            if self.incident.storm.is_none() {
                self.incident.storm = Some(u32::try_from(n_incidents).unwrap_or(u32::MAX));
                self.scribe.note(EntryKind::Incident, "speaks for a storm", vec![storm.clone()]);
                if self.incident.told.is_some() {
                    self.tell_receivers(&NoticeKind::Updated, &format!("{storm}; this one speaks for all"));
                    self.was_told();
                }
            }
            return false;
        }
        if self.incident.told.is_some() {
            return false;
        }
        let reason = format!("part of {storm}; incident {leader} speaks for all");
        self.release_at = Some(self.recheck_at());
        let held = format!("incident {leader} speaks for a storm{of}");
        if self.incident.suppressed.as_ref() != Some(&held) {
            let names = named(self.view.members.iter().filter(|member| member.is_firing()).take(NAMED_MAX));
            self.scribe.note(EntryKind::Held, format!("nobody is told of {names}"), vec![reason]);
            self.incident.suppressed = Some(held);
        }
        true
    }
}

#[cfg(test)]
mod tests;
