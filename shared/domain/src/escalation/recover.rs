//! Is it over? All alerts OK, the end told, and the time in which it may return.

use crate::text::instant;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Ticking, named};
use crate::incident::{AlertRecord, Resolution, Status};
use crate::notice::{CANCELLED_UNSURE, Delivery, Notice, NoticeKind};
use crate::policy::{Address, Channel};
use crate::remediation::Remedy;
use crate::span::Span;
use crate::timeline::EntryKind;

/// How long the end waits for what was changed to be put back.
const REVERT_WAIT: Span = Span::hours(2);
/// Alerts whose history is copied into the timeline when an incident ends.
const COPIED_MAX: usize = 40;

impl Ticking<'_> {
    /// No alert is firing.
    pub(super) fn recover(&mut self) {
        if self.tell_of_mending() {
            // The end would cancel the news; it is told a moment later.
            self.wakes.push(Span::seconds(1).after(self.now));
            return;
        }
        if matches!(self.incident.status, Status::Acknowledged { .. }) {
            self.tell_of_answer();
        }
        let heard = self.view.members.iter().filter_map(AlertRecord::heard_at).max();
        let since = heard.unwrap_or(self.incident.opened_at);
        let ready_at = self.quiet_time().after(since);
        if self.now < ready_at {
            self.wakes.push(ready_at);
            // Whoever joins meanwhile does not wake the clock.
            self.look_at = Some(self.incident.settings.group_interval.after(self.now));
            return;
        }
        let unsettled: Vec<&Remedy> = self.view.remedies.iter().filter(|remedy| remedy.has_changed_something()).collect();
        let give_up_at = REVERT_WAIT.shortened(self.policy.time_scale).after(since);
        if !unsettled.is_empty() && self.now < give_up_at {
            let names: Vec<&str> = unsettled.iter().map(|remedy| remedy.name.as_str()).collect();
            let reason = format!("all alerts are OK; waiting for {} to be put back", names.join(", "));
            self.wait_for(EntryKind::Held, "not resolved yet", reason);
            self.wakes.push(self.recheck_at().min(give_up_at));
            return;
        }
        for remedy in unsettled {
            self.scribe.note(
                EntryKind::Remediation,
                format!("what remediation {} changed has not been put back", remedy.name),
                vec![remedy.stage.sentence(), "look at it yourself".to_owned()],
            );
        }
        let lasted = Span::between(self.incident.opened_at, self.now).spoken();
        let because = format!("all alerts have been OK since {}", instant(since));
        self.end(Resolution::Recovered, &format!("resolved after {lasted}"), &because);
    }

    /// Ends an incident that nobody has resolved for as long as its escalation policy
    /// allows; true if so.
    pub(super) fn times_out(&mut self) -> bool {
        let Some(timeout) = self.escalation_policy().and_then(|policy| policy.auto_resolve_timeout) else { return false };
        let until = timeout.after(self.incident.opened_at);
        if self.now < until {
            self.wakes.push(until);
            return false;
        }
        let because = format!("nobody has resolved it for {}, though it is still firing", timeout.spoken());
        self.end(Resolution::TimedOut, "resolved by itself", &because);
        true
    }

    /// It is over: everyone who was told is told, and it lingers.
    fn end(&mut self, how: Resolution, text: &str, because: &str) {
        self.copy_history();
        self.scribe.note(EntryKind::Incident, text, vec![because.to_owned()]);
        let linger_until = self.policy.noise.linger.after(self.now);
        self.incident.status = Status::Resolved { at: self.now, how, told: true, linger_until };
        self.incident.suppressed = None;
        self.incident.waiting = None;
        self.tell_the_end(because);
        self.wakes.push(linger_until);
    }

    /// It is resolved: tell the end, reopen it, or close it.
    pub(super) fn linger(&mut self, at: Timestamp, linger_until: Timestamp, told: bool) -> bool {
        // Whoever resolves by hand knows what is firing; only what fires later
        // reopens. A recovery was decided on what the index showed, so anything
        // that is firing all the same reopens.
        let by_hand = matches!(&self.incident.status, Status::Resolved { how: Resolution::By(_) | Resolution::TimedOut, .. });
        let returned: Vec<&AlertRecord> = self
            .view
            .members
            .iter()
            .filter(|member| member.is_firing() && (!by_hand || member.heard_at().is_some_and(|heard| heard > at)))
            .collect();
        if !returned.is_empty() {
            let because = format!("{} went to ALARM again", named(returned.iter().copied()));
            self.scribe.note(EntryKind::Incident, "reopened", vec![because]);
            self.incident.status = Status::Triggered;
            self.incident.told = None;
            self.incident.mended_told = false;
            let firing: Vec<&AlertRecord> = self.view.members.iter().filter(|member| member.is_firing()).collect();
            self.fire(&firing);
            return false;
        }
        if !told {
            self.copy_history();
            if let Status::Resolved { told, how, .. } = &mut self.incident.status {
                *told = true;
                let because = match how {
                    Resolution::Recovered => "all alerts are OK".to_owned(),
                    Resolution::By(who) => format!("{who} resolved it"),
                    Resolution::TimedOut => "nobody resolved it in time".to_owned(),
                };
                self.tell_the_end(&because);
            }
        }
        if self.now < linger_until {
            self.wakes.push(linger_until);
            return false;
        }
        // When a message that waits is due is known where it is taken up.
        if self.is_still_sending() {
            return false;
        }
        self.incident.status = Status::Closed { at: self.now };
        true
    }

    /// Whether a message of this incident is still on its way.
    fn is_still_sending(&self) -> bool {
        !self.notices.is_empty() || self.view.notices.iter().any(|notice| matches!(notice.delivery, Delivery::Pending { .. }))
    }

    /// Everyone who was told of the incident is told of its end, whatever
    /// silences hold now; what was not sent yet is not sent any more.
    fn tell_the_end(&mut self, because: &str) {
        let told = self.view.notices.iter().chain(&self.notices);
        let cancelled: Vec<Notice> = told.filter(|notice| notice.kind.opens()).filter_map(|notice| self.cancel(notice)).collect();
        self.tell_the_told(&NoticeKind::Resolved, because);
        for notice in cancelled {
            self.notices.retain(|other| other.id != notice.id);
            self.notices.push(notice);
        }
    }

    pub(super) fn cancel(&self, notice: &Notice) -> Option<Notice> {
        let Delivery::Pending { n_attempts, .. } = &notice.delivery else { return None };
        let is_new = !self.view.notices.iter().any(|known| known.id == notice.id);
        let why = if is_new && *n_attempts == 0 { "the incident ended first" } else { CANCELLED_UNSURE };
        let mut cancelled = notice.clone();
        cancelled.delivery = Delivery::Cancelled { at: self.now, why: why.to_owned() };
        Some(cancelled)
    }

    /// Sends `kind` to every place that has heard of this incident, once each.
    pub(super) fn tell_the_told(&mut self, kind: &NoticeKind, because: &str) {
        let targets = self.places_told(|notice| notice.send_resolved || !matches!(kind, NoticeKind::Resolved));
        if targets.is_empty() {
            return;
        }
        let round = self.next_round();
        let mut names: Vec<String> = targets.iter().map(|(to, _)| to.clone()).collect();
        names.sort();
        names.dedup();
        self.scribe.note(EntryKind::Notify, format!("tell {} ({})", names.join(", "), kind.word()), vec![because.to_owned()]);
        for (to, channel) in &targets {
            self.push_notice(round, kind.clone(), to, channel, because);
        }
    }

    /// Every place that has heard of this incident by a message that `wants_it`, once
    /// each, with whom it belongs to.
    pub(super) fn places_told(&self, wants_it: impl Fn(&Notice) -> bool) -> Vec<(String, Channel)> {
        let mut places: BTreeSet<Address> = BTreeSet::new();
        let mut targets: Vec<(String, Channel)> = Vec::new();
        // Since the last end: a reopened incident is told of anew.
        let last_end =
            self.view.notices.iter().filter(|notice| notice.kind == NoticeKind::Resolved).map(|notice| notice.round).max();
        let heard = self
            .view
            .notices
            .iter()
            .filter(|notice| notice.kind.opens() && notice.may_have_arrived() && Some(notice.round) > last_end);
        for notice in heard {
            // A message that took its fallback is closed where it went.
            let address = match &notice.delivery {
                Delivery::Sent { via, .. } => via.clone(),
                Delivery::Pending { .. } | Delivery::Failed { .. } | Delivery::Cancelled { .. } => notice.address.clone(),
            };
            if wants_it(notice) && places.insert(address.clone()) {
                let channel = Channel {
                    class: notice.class,
                    address,
                    fallback: notice.fallback.clone(),
                    send_resolved: notice.send_resolved,
                };
                targets.push((notice.to.clone(), channel));
            }
        }
        targets
    }

    /// The team's channels learn that a remediation helped, whether or not
    /// anybody had to be woken; true if they learn it now.
    fn tell_of_mending(&mut self) -> bool {
        if self.incident.mended_told {
            return false;
        }
        let Some(success) = self.view.remedies.iter().find_map(Remedy::success) else { return false };
        self.incident.mended_told = true;
        self.tell_receivers(&NoticeKind::Mended, &success);
        true
    }

    /// What the members went through, written down before their rows move on to
    /// later incidents.
    fn copy_history(&mut self) {
        let mut members: Vec<&AlertRecord> = self.view.members.iter().collect();
        members.sort_by_key(|member| {
            (member.history.transitions().first().map(|transition| transition.state_at), member.alert.name.clone())
        });
        let n_more = members.len().saturating_sub(COPIED_MAX);
        for member in members.into_iter().take(COPIED_MAX) {
            let states: Vec<String> = member
                .history
                .transitions()
                .iter()
                .filter(|transition| transition.received_at >= self.incident.opened_at)
                .map(|transition| format!("{} at {}", transition.state, instant(transition.state_at)))
                .collect();
            self.scribe.note(EntryKind::Alert, format!("{}: {}", member.alert.name, states.join(", ")), Vec::new());
        }
        if n_more > 0 {
            self.scribe.note(EntryKind::Alert, format!("and {n_more} more alerts"), Vec::new());
        }
    }
}
