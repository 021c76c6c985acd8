//! Who is told now, and when is the clock due again? One tick of an incident.
//!
//! [`tick`] takes all that is known of an incident at a moment and gives its next
//! state, the messages to send and the next wake-up. The same tick run again on
//! what it gave decides nothing new.

mod ladder;
mod recover;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::alert::Fingerprint;
use crate::control::Control;
use crate::incident::{AlertRecord, Incident, Ladder, Status, Told};
use crate::inhibit::{self, Causes, SourceKey};
use crate::notice::{Notice, NoticeKind};
use crate::policy::{Channel, Class, Policy};
use crate::priority::Priority;
use crate::remediation::Remedy;
use crate::span::Span;
use crate::suppress::{Suppression, suppression};
use crate::timeline::{Entry, EntryKind, Scribe};

/// How soon a suppression without a known end is looked at again.
const RECHECK: Span = Span::minutes(1);
/// How many ticks one execution of the state machine may have. Step Functions
/// allows 25,000 history events, and a tick with its wait takes about a dozen.
pub const TICKS_MAX: u32 = 1_500;
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
        incident: view.incident.clone(),
        notices: Vec::new(),
        scribe: Scribe::new(now, format!("t{}", view.version)),
        wakes: Vec::new(),
        held: Vec::new(),
        n_skipped: 0,
    };
    ticking.take_over();
    let is_over = ticking.decide();
    ticking.note_causes();
    ticking.drive_pending();
    ticking.finish(is_over)
}

struct Ticking<'t> {
    now: Timestamp,
    policy: &'t Policy,
    view: View<'t>,
    clock: i64,
    incident: Incident,
    notices: Vec<Notice>,
    scribe: Scribe,
    wakes: Vec<Timestamp>,
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
            match suppression(self.now, self.policy, self.view.control, self.view.causes, member) {
                None => active.push(*member),
                Some(suppression) => held.push((member, suppression)),
            }
        }
        for (_, suppression) in &held {
            self.wakes.push(suppression.until.unwrap_or_else(|| self.recheck_at()));
        }
        self.held = held.iter().map(|(member, _)| member.alert.fingerprint.clone()).take(HELD_MAX).collect();
        if active.is_empty() {
            self.hold(&held);
            return;
        }
        if self.incident.suppressed.take().is_some() {
            self.scribe.note(EntryKind::Held, "no longer held back", Vec::new());
        }
        self.raise_priority(&active);
        self.answer_ran_out();
        if matches!(self.incident.status, Status::Acknowledged { .. }) {
            self.tell_of_answer();
        }
        match self.incident.told.clone() {
            None => self.first_notification(&active),
            Some(told) => self.later_notifications(&active, &told),
        }
        self.plan_news();
    }

    fn recheck_at(&self) -> Timestamp {
        RECHECK.shortened(self.policy.time_scale).after(self.now)
    }

    /// All firing alerts are suppressed: people are told nothing, and why.
    fn hold(&mut self, held: &[(&AlertRecord, Suppression)]) {
        let mut reasons: Vec<String> = held.iter().map(|(_, suppression)| suppression.because.clone()).collect();
        reasons.sort();
        reasons.dedup();
        reasons.truncate(NAMED_MAX);
        let reason = reasons.join("; ");
        if self.incident.suppressed.as_ref() != Some(&reason) {
            let names = named(held.iter().map(|(member, _)| *member));
            self.scribe.note(EntryKind::Held, format!("nobody is told of {names}"), reasons);
            self.incident.suppressed = Some(reason);
        }
    }

    /// The first notification, once the group's wait and a remediation's hold
    /// are over.
    fn first_notification(&mut self, active: &[&AlertRecord]) {
        if matches!(self.incident.status, Status::Acknowledged { .. }) {
            return;
        }
        let group_wait = self.incident.settings.group_wait;
        let mut due = group_wait.after(self.incident.opened_at);
        if self.policy.rules(self.incident.priority).wait_for_remediation {
            for remedy in self.view.remedies {
                if let Some(until) = remedy.holds_until(self.policy, self.incident.opened_at)
                    && until > due
                {
                    due = until;
                    self.hold_for_remedy(remedy, until);
                }
            }
        }
        if self.now < due {
            self.wakes.push(due);
            return;
        }
        self.incident.waiting = None;
        let because = match self.view.remedies.iter().find_map(Remedy::failure) {
            Some(failure) => format!("mending did not help: {failure}"),
            None => format!("{} alert{} firing", active.len(), if active.len() == 1 { " is" } else { "s are" }),
        };
        self.tell_receivers(&NoticeKind::Opened, &because);
        self.incident.told =
            Some(Told { first_at: self.now, last_at: self.now, ladder: Ladder::Off, without: self.held.clone() });
        self.start_climb();
    }

    fn hold_for_remedy(&mut self, remedy: &Remedy, until: Timestamp) {
        let reason = format!("remediation {} is being tried first, until {until} at the latest", remedy.name);
        self.wait_for(EntryKind::Held, "nobody is told yet", reason);
    }

    /// News for those who were told, the climb, and reminders.
    fn later_notifications(&mut self, active: &[&AlertRecord], told: &Told) {
        self.climb();
        let settings = self.incident.settings.clone();
        let news: Vec<&AlertRecord> = active
            .iter()
            .filter(|member| {
                member.heard_at().is_some_and(|heard| heard > told.last_at) || told.without.contains(&member.alert.fingerprint)
            })
            .copied()
            .collect();
        let flush_at = settings.group_interval.after(told.last_at);
        let repeat_at = settings.repeat_interval.after(told.last_at);
        if !news.is_empty() && self.now >= flush_at {
            let because = format!("new: {}", named(news.iter().copied()));
            self.tell_receivers(&NoticeKind::Updated, &because);
            self.was_told();
        } else if self.now >= repeat_at && self.incident.status == Status::Triggered {
            let because = format!("nobody has answered for {}", Span::between(told.first_at, self.now).spoken());
            self.tell_receivers(&NoticeKind::Reminder, &because);
            self.was_told();
        }
    }

    /// When to look for news and whether to remind. New members join without
    /// waking the clock, so the group is looked at once every interval.
    fn plan_news(&mut self) {
        let Some(told) = &self.incident.told else { return };
        let settings = &self.incident.settings;
        let flush_at = settings.group_interval.after(told.last_at);
        let next = if self.now < flush_at { flush_at } else { settings.group_interval.after(self.now) };
        self.wakes.push(next);
        if self.incident.status == Status::Triggered {
            self.wakes.push(settings.repeat_interval.after(told.last_at));
        }
    }

    fn was_told(&mut self) {
        if let Some(told) = &mut self.incident.told {
            told.last_at = self.now;
            told.without.clone_from(&self.held);
        }
    }

    /// Notes a reason for waiting, once.
    fn wait_for(&mut self, kind: EntryKind, what: &str, reason: String) {
        if self.incident.waiting.as_ref() != Some(&reason) {
            self.scribe.note(kind, what, vec![reason.clone()]);
            self.incident.waiting = Some(reason);
        }
    }

    /// A member more urgent than the incident raises it, and the climb begins
    /// anew.
    fn raise_priority(&mut self, active: &[&AlertRecord]) {
        let Some(most) = active.iter().min_by_key(|member| member.classification.priority) else { return };
        let priority: Priority = most.classification.priority;
        if priority >= self.incident.priority {
            return;
        }
        let because = format!("{} is {priority}", most.alert.name);
        self.scribe.note(
            EntryKind::Notify,
            format!("priority raised from {} to {priority}", self.incident.priority),
            vec![because.clone()],
        );
        self.incident.priority = priority;
        if self.incident.told.is_some() {
            self.tell_receivers(&NoticeKind::Updated, &format!("priority raised: {because}"));
            self.was_told();
            if self.incident.status == Status::Triggered {
                self.start_climb();
            }
        } else {
            // Whoever opened the group may have had time to wait; this has not.
            self.incident.settings.group_wait = Span::ZERO;
        }
    }

    /// Sends `kind` to the channels of all receivers that this priority uses.
    fn tell_receivers(&mut self, kind: &NoticeKind, because: &str) {
        let classes = &self.policy.rules(self.incident.priority).channels;
        let mut found = 0;
        let round = self.next_round();
        for name in self.incident.receivers.clone() {
            let Some(receiver) = self.policy.receivers.get(&name) else {
                self.failsafe(round, &format!("receiver {name} is not in the policy any more"));
                continue;
            };
            for channel in receiver.channels.iter().filter(|channel| classes.contains(&channel.class)) {
                self.push_notice(round, kind.clone(), &name, channel, because);
                found += 1;
            }
        }
        let classes = list(classes.iter().map(|class| class_word(*class)));
        if found > 0 {
            let to = self.incident.receivers.join(", ");
            self.scribe.note(EntryKind::Notify, format!("tell {to} ({}) by {classes}", kind.word()), vec![because.to_owned()]);
        } else {
            let to = self.incident.receivers.join(", ");
            self.scribe.note(
                EntryKind::Held,
                format!("{to} has no channel to tell"),
                vec![format!("{} uses {classes}", self.incident.priority)],
            );
            let is_urgent = self.policy.rules(self.incident.priority).escalate;
            if is_urgent && self.escalation_policy().is_none() {
                self.failsafe(
                    round,
                    &format!("{to} has neither a channel nor an escalation policy for {}", self.incident.priority),
                );
            }
        }
    }

    fn next_round(&mut self) -> u32 {
        self.incident.n_rounds += 1;
        self.incident.n_rounds
    }

    fn push_notice(&mut self, round: u32, kind: NoticeKind, to: &str, channel: &Channel, because: &str) {
        let notice = Notice::new(self.now, round, self.clock, kind, to, channel, because.to_owned());
        if !self.notices.iter().any(|other| other.id == notice.id) {
            self.notices.push(notice);
        }
    }

    /// Tells the failsafe that the right people cannot be told.
    fn failsafe(&mut self, round: u32, why: &str) {
        self.scribe.note(EntryKind::Notify, "tell the failsafe", vec![why.to_owned()]);
        let kind = NoticeKind::Failsafe { why: why.to_owned() };
        self.push_notice(round, kind, "failsafe", &Notice::failsafe_channel(), why);
    }

    /// Registers under which keys the incident is a cause now.
    fn note_causes(&mut self) {
        let is_over = !matches!(self.incident.status, Status::Triggered | Status::Acknowledged { .. });
        let mut causes: std::collections::BTreeMap<SourceKey, bool> = std::collections::BTreeMap::new();
        if !is_over {
            for member in self.view.members.iter().filter(|member| member.is_firing()) {
                for part in inhibit::as_source(&self.policy.inhibit_rules, &member.classification.labels) {
                    *causes.entry(part.key).or_default() |= !part.both_sides;
                }
            }
        }
        self.incident.causes = causes.into_iter().collect();
    }

    /// Takes up messages that an earlier tick left, and waits for those that
    /// another may still be sending.
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
            if let crate::notice::Delivery::Pending { clock, claimed_until, .. } = &mut again.delivery {
                *clock = self.clock;
                *claimed_until = crate::notice::CLAIM.after(self.now);
            }
            self.notices.push(again);
        }
    }

    fn finish(mut self, is_over: bool) -> Tick {
        let wake_at = if is_over { None } else { Some(self.next_wake()) };
        if let Some(wake_at) = wake_at {
            self.incident.wake_at = wake_at;
        }
        Tick { incident: self.incident, notices: self.notices, entries: self.scribe.finish(), wake_at }
    }

    /// The earliest of the moments at which something is due; never now, so that
    /// a mistake cannot make the clock race.
    fn next_wake(&self) -> Timestamp {
        let soonest = Span::seconds(1).after(self.now);
        self.wakes.iter().copied().min().unwrap_or_else(|| self.recheck_at()).max(soonest)
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

fn list<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn class_word(class: Class) -> &'static str {
    match class {
        Class::Page => "page",
        Class::Email => "email",
        Class::Chat => "chat",
        Class::Ticket => "ticket",
    }
}

#[cfg(test)]
mod tests;
