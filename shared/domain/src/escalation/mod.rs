//! Who is told now, and when is the clock due again? One tick of an incident.
//!
//! [`tick`] takes all that is known of an incident at a moment and gives its next
//! state, the messages to send and the next wake-up. The same tick run again on
//! what it gave decides nothing new.

mod ask;
mod hours;
mod ladder;
mod noise;
mod notify;
mod recover;
mod watchdog;

pub use self::noise::{Gale, storm};

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::alert::Fingerprint;
use crate::control::Control;
use crate::id::IncidentId;
use crate::incident::{AlertRecord, Incident, Status};
use crate::inhibit::{self, Causes, SourceKey};
use crate::notice::{CANCELLED_ANSWERED, CLAIM, Delivery, Notice, NoticeKind};
use crate::policy::Policy;
use crate::remediation::Remedy;
use crate::span::Span;
use crate::suppress::{Suppression, suppression};
use crate::timeline::{Entry, EntryKind, Scribe};

/// How soon a suppression without a known end is looked at again.
pub(crate) const RECHECK: Span = Span::minutes(1);

/// How soon a mute whose end is far away is looked at again.
const LOOK_AGAIN: Span = Span::days(1);

/// How many ticks one execution of the state machine may have. Step Functions
/// allows 25,000 history events, a tick with its wait takes about a dozen, and
/// the remediator may tick beside the escalation, as often.
pub const TICKS_MAX: u32 = 800;

/// How many alerts are named in a timeline line.
const NAMED_MAX: usize = 5;

/// How many suppressed alerts are remembered, to be spoken of once they are not
/// suppressed any more.
const HELD_MAX: usize = 100;

/// All that is known of an incident.
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// The incident.
    pub incident: &'v Incident,
    /// Its version, for the timeline's keys.
    pub version: u64,
    /// Its alerts.
    pub members: &'v [AlertRecord],
    /// What was sent.
    pub notices: &'v [Notice],
    /// What is being mended.
    pub remedies: &'v [Remedy],
    /// What operators have changed.
    pub control: &'v Control,
    /// The causes noted under the keys of [`keys_to_look_up`].
    pub causes: &'v [Causes],
    /// The other open incidents; only needed where [`looks_at_others`] says so.
    pub others: &'v [&'v Incident],
}

/// What a tick decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The incident's next state.
    pub incident: Incident,
    /// New messages, and earlier ones that changed.
    pub notices: Vec<Notice>,
    /// What to note.
    pub entries: Vec<Entry>,
    /// When the clock is due again; none when it has run down.
    pub wake_at: Option<Timestamp>,
    /// The same, with looks for news apart; none when it has run down.
    pub wakes: Option<Wakes>,
}

/// When something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wakes {
    /// What happens even if no alert comes in.
    pub at: Option<Timestamp>,
    /// The next look for alerts that joined.
    pub for_news: Option<Timestamp>,
    /// The next look at whether what holds it back still does, where nothing says how
    /// long that will be.
    pub for_release: Option<Timestamp>,
}

/// Whether a tick of this incident needs to know the other open ones.
pub fn looks_at_others(policy: &Policy, incident: &Incident) -> bool {
    policy.noise.storm.is_some() && incident.status == Status::Triggered && incident.storm.is_none() && !incident.is_watchdog()
}

/// Whether the execution `clock` has been replaced by a later one.
pub fn is_superseded(incident: &Incident, clock: i64) -> bool {
    clock < incident.clock.seq
}

/// The keys under which to look for causes before a tick: those that hold the
/// members back, and those that the incident itself is noted under.
pub fn keys_to_look_up(policy: &Policy, incident: &Incident, members: &[AlertRecord]) -> BTreeSet<SourceKey> {
    let targets = members
        .iter()
        .filter(|member| member.is_firing())
        .flat_map(|member| inhibit::as_target(&policy.inhibit_rules, &member.classification.labels))
        .map(|part| part.key);
    let firing_sources = members
        .iter()
        .filter(|member| member.is_firing())
        .flat_map(|member| inhibit::as_source(&policy.inhibit_rules, &member.classification.labels))
        .map(|part| part.key);
    let own = incident.causes.iter().map(|(key, _)| key.clone());
    targets.chain(firing_sources).chain(own).collect()
}

/// Decides what to do now. `clock` is the execution whose tick this is.
pub fn tick(now: Timestamp, policy: &Policy, view: View<'_>, clock: i64) -> Tick {
    let mut ticking = Ticking {
        now,
        policy,
        view,
        clock,
        causes: causes_now(policy, &view.incident.id, view.members, view.causes),
        incident: view.incident.clone(),
        notices: Vec::new(),
        scribe: Scribe::new(now, format!("t{}", view.version)),
        wakes: Vec::new(),
        look_at: None,
        release_at: None,
        held: Vec::new(),
        n_skipped: 0,
    };
    ticking.take_over();
    let is_over = ticking.decide();
    ticking.note_causes();
    ticking.drive_pending();
    ticking.finish(is_over)
}

/// Under which keys an incident with these members is a cause; true where one-sided.
fn own_causes(policy: &Policy, members: &[AlertRecord]) -> BTreeMap<SourceKey, bool> {
    let mut causes: BTreeMap<SourceKey, bool> = BTreeMap::new();
    for member in members.iter().filter(|member| member.is_firing()) {
        for part in inhibit::as_source(&policy.inhibit_rules, &member.classification.labels) {
            *causes.entry(part.key).or_default() |= !part.both_sides;
        }
    }
    causes
}

/// The causes that were looked up, with this incident's own part as it is now: one of
/// its members may have recovered since it was noted.
pub(crate) fn causes_now(policy: &Policy, id: &IncidentId, members: &[AlertRecord], noted: &[Causes]) -> Vec<Causes> {
    let own = own_causes(policy, members);
    let mut causes: Vec<Causes> = noted.to_vec();
    for known in &mut causes {
        known.incidents.remove(id);
    }
    for (key, one_sided) in own {
        match causes.iter_mut().find(|known| known.key == key) {
            Some(known) => drop(known.incidents.insert(id.clone(), one_sided)),
            None => causes.push(Causes { key, incidents: [(id.clone(), one_sided)].into() }),
        }
    }
    causes
}

struct Ticking<'t> {
    now: Timestamp,
    policy: &'t Policy,
    view: View<'t>,
    clock: i64,
    /// What holds back symptoms now.
    causes: Vec<Causes>,
    incident: Incident,
    notices: Vec<Notice>,
    scribe: Scribe,
    wakes: Vec<Timestamp>,
    /// The next look for alerts that joined.
    look_at: Option<Timestamp>,
    /// The next look at whether what holds it back still does.
    release_at: Option<Timestamp>,
    /// Firing alerts that are suppressed now.
    held: Vec<Fingerprint>,
    /// Rungs of the ladder passed in this tick because nobody was there.
    n_skipped: usize,
}

impl<'t> Ticking<'t> {
    /// Notes that this execution drives the incident now.
    fn take_over(&mut self) {
        let clock = &mut self.incident.clock;
        if self.clock > clock.seq {
            clock.seq = self.clock;
            clock.n_ticks = 0;
        }
        clock.confirmed = true;
        clock.n_ticks += 1;
    }

    /// Decides; true when the incident is closed.
    fn decide(&mut self) -> bool {
        if self.incident.is_watchdog() {
            return self.beat();
        }
        match self.incident.status.clone() {
            Status::Closed { .. } => true,
            Status::Resolved { at, linger_until, told, .. } => self.linger(at, linger_until, told),
            Status::Triggered | Status::Acknowledged { .. } => {
                let firing: Vec<&AlertRecord> = self.view.members.iter().filter(|member| member.is_firing()).collect();
                if firing.is_empty() {
                    self.recover();
                } else {
                    self.fire(&firing);
                }
                false
            }
        }
    }

    /// Some alerts are firing.
    fn fire(&mut self, firing: &[&'t AlertRecord]) {
        let mut active = Vec::new();
        let mut held: Vec<(&AlertRecord, Suppression)> = Vec::new();
        for member in firing {
            match suppression(self.now, self.policy, self.view.control, &self.causes, member) {
                None => active.push(*member),
                Some(suppression) => held.push((member, suppression)),
            }
        }
        for (_, suppression) in &held {
            match suppression.until {
                Some(until) => self.wakes.push(until),
                None => self.release_at = Some(self.recheck_at()),
            }
        }
        self.held = held.iter().map(|(member, _)| member.alert.fingerprint.clone()).take(HELD_MAX).collect();
        if active.is_empty() {
            self.hold(&held);
            return;
        }
        self.raise_priority(&active);
        if self.times_out() {
            return;
        }
        if self.is_off_hours(&active) || self.is_led() {
            if matches!(self.incident.status, Status::Acknowledged { .. }) {
                self.tell_of_answer();
                self.put_questions();
            }
            return;
        }
        if self.incident.suppressed.take().is_some() {
            self.scribe.note(EntryKind::Held, "no longer held back", Vec::new());
        }
        self.answer_ran_out();
        self.tell_of_flapping(&active);
        if matches!(self.incident.status, Status::Acknowledged { .. }) {
            self.tell_of_answer();
        }
        match self.incident.told.clone() {
            None => self.first_notification(&active),
            Some(told) => {
                self.tell_the_awakened();
                self.later_notifications(&active, &told);
            }
        }
        self.put_questions();
        self.plan_news();
    }

    fn recheck_at(&self) -> Timestamp {
        RECHECK.shortened(self.policy.time_scale).after(self.now)
    }

    /// All firing alerts are suppressed: people are told nothing, and why.
    fn hold(&mut self, held: &[(&AlertRecord, Suppression)]) {
        let reasons = held.iter().map(|(_, suppression)| suppression.because.clone()).collect();
        self.hold_because(held.iter().map(|(member, _)| *member), reasons);
    }

    /// Notes that nobody is told of these alerts, and why, once.
    fn hold_because<'m>(&mut self, held: impl Iterator<Item = &'m AlertRecord>, mut reasons: Vec<String>) {
        reasons.sort();
        reasons.dedup();
        reasons.truncate(NAMED_MAX);
        let reason = reasons.join("; ");
        if self.incident.suppressed.as_ref() != Some(&reason) {
            let names = named(held);
            self.scribe.note(EntryKind::Held, format!("nobody is told of {names}"), reasons);
            self.incident.suppressed = Some(reason);
        }
    }

    /// Notes a reason for waiting, once.
    fn wait_for(&mut self, kind: EntryKind, what: &str, reason: String) {
        if self.incident.waiting.as_ref() != Some(&reason) {
            self.scribe.note(kind, what, vec![reason.clone()]);
            self.incident.waiting = Some(reason);
        }
    }

    /// Registers under which keys the incident is a cause now.
    fn note_causes(&mut self) {
        let is_over = !matches!(self.incident.status, Status::Triggered | Status::Acknowledged { .. });
        let causes =
            if is_over || self.incident.is_watchdog() { BTreeMap::new() } else { own_causes(self.policy, self.view.members) };
        self.incident.causes = causes.into_iter().collect();
    }

    /// Whether a message asks what needs no answer any more.
    fn is_answered(&self, notice: &Notice) -> bool {
        matches!(&notice.kind, NoticeKind::Asks { question, .. } if !self.questions().contains(question))
    }

    /// Takes up messages that an earlier tick left, and waits for those that
    /// another may still be sending. Nobody is asked what was answered meanwhile.
    fn drive_pending(&mut self) {
        for notice in self.view.notices {
            let Some(due) = notice.due_at(self.clock) else { continue };
            if self.notices.iter().any(|changed| changed.id == notice.id) {
                continue;
            }
            if self.now < due {
                self.wakes.push(due);
                continue;
            }
            let mut again = notice.clone();
            if self.is_answered(notice) {
                again.delivery = Delivery::Cancelled { at: self.now, why: CANCELLED_ANSWERED.to_owned() };
            } else if let Delivery::Pending { clock, claimed_until, .. } = &mut again.delivery {
                *clock = self.clock;
                *claimed_until = CLAIM.after(self.now);
            }
            self.notices.push(again);
        }
    }

    fn finish(mut self, is_over: bool) -> Tick {
        let wakes = (!is_over).then(|| self.next_wakes());
        let wake_at = wakes.and_then(|wakes| wakes.at.into_iter().chain(wakes.for_news).chain(wakes.for_release).min());
        if let Some(wake_at) = wake_at {
            self.incident.wake_at = wake_at;
        }
        Tick { incident: self.incident, notices: self.notices, entries: self.scribe.finish(), wake_at, wakes }
    }

    /// The earliest of the moments at which something is due; never now, so that
    /// a mistake cannot make the clock race. There is always one.
    fn next_wakes(&self) -> Wakes {
        let soonest = Span::seconds(1).after(self.now);
        let for_news = self.look_at.map(|at| at.max(soonest));
        let for_release = self.release_at.map(|at| at.max(soonest));
        let at = self.wakes.iter().copied().min().map(|at| at.max(soonest));
        let is_idle = for_news.is_none() && for_release.is_none();
        Wakes { at: at.or_else(|| is_idle.then(|| self.recheck_at().max(soonest))), for_news, for_release }
    }
}

/// A few alerts by name: `a, b and 38 more`.
fn named<'m>(members: impl Iterator<Item = &'m AlertRecord>) -> String {
    let mut names: Vec<&str> = members.map(|member| member.alert.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let n_more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    if n_more > 0 { format!("{} and {n_more} more", names.join(", ")) } else { names.join(", ") }
}

#[cfg(test)]
mod tests;
