//! Who hears what, by which channels? The first notification, news, reminders.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::text::instant;

use super::{Ticking, named};
use crate::incident::{AlertRecord, Ladder, Status, Told};
use crate::notice::{Notice, NoticeKind};
use crate::policy::{Channel, Class};
use crate::priority::Priority;
use crate::remediation::Remedy;
use crate::span::Span;
use crate::timeline::EntryKind;

impl Ticking<'_> {
    /// The first notification, once the group's wait and a remediation's hold
    /// are over.
    pub(super) fn first_notification(&mut self, active: &[&AlertRecord]) {
        if matches!(self.incident.status, Status::Acknowledged { .. }) {
            return;
        }
        let group_wait = self.incident.settings.group_wait;
        let mut due = group_wait.after(self.incident.opened_at);
        if let Some(until) = self.wait_for_recovery(active) {
            due = due.max(until);
        }
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
            None => self.why_first(active),
        };
        self.tell_receivers(&NoticeKind::Opened, &because);
        self.incident.told = Some(Told {
            first_at: self.now,
            last_at: self.now,
            ladder: Ladder::Off,
            without: self.held.clone(),
            awaiting: self.asleep(),
        });
        self.start_climb();
    }

    /// Why people are told of an incident.
    fn why_first(&self, active: &[&AlertRecord]) -> String {
        let mut because = format!("{} alert{} firing", active.len(), if active.len() == 1 { " is" } else { "s are" });
        if !self.incident.flapping.is_empty() {
            because.push_str(", and flapping");
        }
        if let Some(n_incidents) = self.incident.storm {
            let _ = write!(because, "; it speaks for a storm of {n_incidents} incidents");
        }
        because
    }

    /// The receivers that are not told at this hour, but later.
    fn asleep(&self) -> Vec<String> {
        self.incident.receivers.iter().filter(|receiver| self.muted(receiver).is_some()).cloned().collect()
    }

    fn hold_for_remedy(&mut self, remedy: &Remedy, until: Timestamp) {
        let reason = format!("remediation {} is being tried first, until {} at the latest", remedy.name, instant(until));
        self.wait_for(EntryKind::Held, "nobody is told yet", reason);
    }

    /// News for those who were told, the climb, and reminders.
    pub(super) fn later_notifications(&mut self, active: &[&AlertRecord], told: &Told) {
        self.climb();
        let settings = self.incident.settings.clone();
        let news: Vec<&AlertRecord> = active
            .iter()
            .filter(|member| {
                let is_new = member.heard_at().is_some_and(|heard| heard > told.last_at);
                (is_new && !self.incident.flapping.contains(&member.alert.fingerprint))
                    || told.without.contains(&member.alert.fingerprint)
            })
            .copied()
            .collect();
        let flush_at = settings.group_interval.after(told.last_at);
        let repeat_at = settings.repeat_interval.after(told.last_at);
        if !news.is_empty() && self.now >= flush_at {
            let because = format!("new: {}", named(news.iter().copied()));
            self.tell_receivers(&NoticeKind::Updated, &because);
            self.was_told();
        } else if !news.is_empty() {
            self.wakes.push(flush_at);
        } else if self.now >= repeat_at && self.incident.status == Status::Triggered {
            let because = format!("nobody has answered for {}", Span::between(told.first_at, self.now).spoken());
            self.tell_receivers(&NoticeKind::Reminder, &because);
            self.was_told();
        }
    }

    /// When to look for news and whether to remind. New members join without
    /// waking the clock, so the group is looked at once every interval.
    pub(super) fn plan_news(&mut self) {
        let Some(told) = &self.incident.told else { return };
        let settings = &self.incident.settings;
        let flush_at = settings.group_interval.after(told.last_at);
        let next = if self.now < flush_at { flush_at } else { settings.group_interval.after(self.now) };
        self.look_at = Some(next);
        if self.incident.status == Status::Triggered {
            self.wakes.push(settings.repeat_interval.after(told.last_at));
        }
    }

    pub(super) fn was_told(&mut self) {
        let asleep = self.asleep();
        if let Some(told) = &mut self.incident.told {
            told.last_at = self.now;
            told.without.clone_from(&self.held);
            told.awaiting.extend(asleep);
            told.awaiting.sort();
            told.awaiting.dedup();
        }
    }

    /// A member more urgent than the incident raises it, and the climb begins
    /// anew.
    pub(super) fn raise_priority(&mut self, active: &[&AlertRecord]) {
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

    /// Those of some channels that the incident's priority uses.
    pub(super) fn in_use<'c>(&self, channels: &'c [Channel]) -> Vec<&'c Channel> {
        let classes = &self.policy.rules(self.incident.priority).channels;
        channels.iter().filter(|channel| classes.contains(&channel.class)).collect()
    }

    /// Sends `kind` to the channels of all receivers that this priority uses.
    pub(super) fn tell_receivers(&mut self, kind: &NoticeKind, because: &str) {
        let policy = self.policy;
        let classes = &policy.rules(self.incident.priority).channels;
        let mut found = 0;
        let mut gone = Vec::new();
        let round = self.next_round();
        let awake = self.awake();
        for name in awake.clone() {
            let Some(receiver) = policy.receivers.get(&name) else {
                gone.push(name);
                continue;
            };
            for channel in self.in_use(&receiver.channels) {
                self.push_notice(round, kind.clone(), &name, channel, because);
                found += 1;
            }
        }
        // The failsafe hears once in a round, so of all of them together.
        if !gone.is_empty() {
            let (receivers, are) = if gone.len() == 1 { ("receiver", "is") } else { ("receivers", "are") };
            self.failsafe(round, &format!("{receivers} {} {are} not in the policy any more", gone.join(", ")));
        }
        let classes = list(classes.iter().map(|class| class_word(*class)));
        if found > 0 {
            let to = awake.join(", ");
            self.scribe.note(EntryKind::Notify, format!("tell {to} ({}) by {classes}", kind.word()), vec![because.to_owned()]);
        } else if awake.is_empty() {
            // Why nobody is told at this hour was noted.
        } else {
            let to = awake.join(", ");
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

    pub(super) fn next_round(&mut self) -> u32 {
        self.incident.n_rounds += 1;
        self.incident.n_rounds
    }

    pub(super) fn push_notice(&mut self, round: u32, kind: NoticeKind, to: &str, channel: &Channel, because: &str) {
        let notice = Notice::new(self.now, round, self.clock, kind, to, channel, because.to_owned());
        if !self.notices.iter().any(|other| other.id == notice.id) {
            self.notices.push(notice);
        }
    }

    /// Tells the failsafe that the right people cannot be told.
    pub(super) fn failsafe(&mut self, round: u32, why: &str) {
        self.scribe.note(EntryKind::Notify, "tell the failsafe", vec![why.to_owned()]);
        let kind = NoticeKind::Failsafe { why: why.to_owned() };
        self.push_notice(round, kind, "failsafe", &Notice::failsafe_channel(), why);
    }
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
