//! Who is next? Climbing an escalation policy until somebody answers.

use crate::text::instant;
use jiff::Timestamp;

use super::Ticking;
use crate::incident::{Ladder, Status};
use crate::notice::NoticeKind;
use crate::policy::{EscalationPolicy, EscalationRule, OnExhausted, TargetKind};
use crate::span::Span;
use crate::timeline::EntryKind;

impl Ticking<'_> {
    /// The escalation policy of the first receiver that is told at this hour and has
    /// one.
    pub(super) fn escalation_policy(&self) -> Option<EscalationPolicy> {
        self.awake()
            .iter()
            .filter_map(|name| self.policy.receivers.get(name)?.escalation_policy.as_ref())
            .find_map(|name| self.policy.escalation_policies.get(name))
            .cloned()
    }

    /// Begins the climb at the first rule, if this priority climbs.
    pub(super) fn start_climb(&mut self) {
        let climbs = self.policy.rules(self.incident.priority).escalate && self.escalation_policy().is_some();
        self.set_ladder(if climbs { Ladder::Climbing { n_loops: 0, next_rule: 0, next_at: self.now } } else { Ladder::Off });
        self.climb();
    }

    fn set_ladder(&mut self, ladder: Ladder) {
        if let Some(told) = &mut self.incident.told {
            told.ladder = ladder;
        }
    }

    /// Takes every rung that is due. A rung on which nobody can be told is
    /// passed at once.
    pub(super) fn climb(&mut self) {
        if self.incident.status != Status::Triggered {
            return;
        }
        let Some(policy) = self.escalation_policy() else { return };
        // Each rule at most once in a tick: should nobody be on call anywhere,
        // the rest of the loops wait for their delay.
        for _ in 0..=policy.rules.len() {
            let Some(told) = &self.incident.told else { return };
            match told.ladder.clone() {
                Ladder::Off => return,
                Ladder::Spent { again_at } if self.now < again_at => {
                    self.wakes.push(again_at);
                    return;
                }
                Ladder::Spent { .. } => {
                    self.set_ladder(Ladder::Climbing { n_loops: 0, next_rule: 0, next_at: self.now });
                }
                Ladder::Climbing { next_at, .. } if self.now < next_at => {
                    self.wakes.push(next_at);
                    return;
                }
                Ladder::Climbing { n_loops, next_rule, .. } => self.take_rung(&policy, n_loops, next_rule),
            }
        }
        self.wakes.extend(self.incident.told.as_ref().and_then(|told| told.ladder.due_at()));
    }

    fn take_rung(&mut self, policy: &EscalationPolicy, n_loops: u32, next_rule: usize) {
        let Some(rule) = policy.rules.get(next_rule) else {
            self.end_of_ladder(policy, n_loops);
            return;
        };
        let is_passed_over = match rule.muting.muted(&self.policy.time_intervals, self.now) {
            Some(muted) => {
                let place = format!("rule {} of {} in {}", next_rule + 1, policy.rules.len(), policy.name);
                self.scribe.note(EntryKind::Held, format!("{place} is passed over"), vec![muted.in_words()]);
                self.n_skipped += 1;
                true
            }
            None => !self.page(policy, rule, next_rule) && policy.skip_empty,
        };
        let next_at = if is_passed_over { self.now } else { rule.delay.after(self.now) };
        self.set_ladder(Ladder::Climbing { n_loops, next_rule: next_rule + 1, next_at });
    }

    /// The last rule has been passed: once more from the first, or help from
    /// outside.
    fn end_of_ladder(&mut self, policy: &EscalationPolicy, n_loops: u32) {
        if n_loops < policy.num_loops {
            self.scribe.note(
                EntryKind::Notify,
                format!("escalation policy {} starts again", policy.name),
                vec![format!("nobody has answered; loop {} of {}", n_loops + 1, policy.num_loops)],
            );
            // A loop in which there was nobody to tell waits as well, so that the
            // failsafe does not hear the same thing over and over.
            let pause = policy.rules.last().map_or(Span::minutes(1), |rule| rule.delay);
            let is_deserted = self.n_skipped >= policy.rules.len();
            let next_at = if is_deserted { pause.after(self.now) } else { self.now };
            self.set_ladder(Ladder::Climbing { n_loops: n_loops + 1, next_rule: 0, next_at });
            return;
        }
        let round = self.next_round();
        self.failsafe(round, &format!("escalation policy {} is exhausted and nobody has answered", policy.name));
        match policy.on_exhausted {
            OnExhausted::Restart => {
                let again_at = self.incident.settings.repeat_interval.after(self.now);
                self.set_ladder(Ladder::Spent { again_at });
            }
            OnExhausted::Stop => self.set_ladder(Ladder::Off),
        }
    }

    /// Pages whoever a rule names; false if there was nobody to page.
    fn page(&mut self, policy: &EscalationPolicy, rule: &EscalationRule, n_rule: usize) -> bool {
        let round = self.next_round();
        let orders = self.policy;
        let mut paged = Vec::new();
        let mut reasons = Vec::new();
        for target in &rule.targets {
            let found = match target.kind {
                TargetKind::User => Some((target.id.clone(), format!("rule {} names {}", n_rule + 1, target.id))),
                TargetKind::Receiver => Some((target.id.clone(), format!("rule {} names receiver {}", n_rule + 1, target.id))),
                TargetKind::Schedule => self.on_call(&target.id).map(|(user, until, why)| {
                    let because = format!("on call in {} until {} by {why}", target.id, instant(until));
                    (user, because)
                }),
            };
            let Some((user, because)) = found else {
                reasons.push(format!("nobody is on call in {}", target.id));
                continue;
            };
            let all = match target.kind {
                TargetKind::Receiver => orders.receivers.get(&user).map(|receiver| &receiver.channels),
                TargetKind::User | TargetKind::Schedule => orders.users.get(&user).map(|user| &user.channels),
            };
            let channels = all.map(|channels| self.in_use(channels)).unwrap_or_default();
            if channels.is_empty() {
                reasons.push(format!("{user} has no contact method that {} uses", self.incident.priority));
                continue;
            }
            for channel in channels {
                self.push_notice(round, NoticeKind::Page { rule: n_rule + 1 }, &user, channel, &because);
            }
            reasons.push(because);
            paged.push(user);
        }
        let place = format!("rule {} of {} in {}", n_rule + 1, policy.rules.len(), policy.name);
        if paged.is_empty() {
            self.scribe.note(EntryKind::Held, format!("{place} is skipped"), reasons.clone());
            self.failsafe(round, &format!("{place} reaches nobody: {}", reasons.join("; ")));
            self.n_skipped += 1;
            return false;
        }
        self.scribe.note(EntryKind::Notify, format!("page {} ({place})", paged.join(", ")), reasons);
        true
    }

    fn on_call(&self, schedule: &str) -> Option<(String, Timestamp, String)> {
        let overrides = self.view.control.overrides.get(schedule).map(Vec::as_slice).unwrap_or_default();
        let on_call = self.policy.schedules.get(schedule)?.on_call(self.now, overrides)?;
        Some((on_call.user, on_call.until, on_call.because))
    }

    /// An acknowledgement that ran out starts the climb again.
    pub(super) fn answer_ran_out(&mut self) {
        let Status::Acknowledged { by, at, .. } = &self.incident.status else { return };
        let Some(timeout) = self.escalation_policy().and_then(|policy| policy.acknowledgement_timeout) else { return };
        let until = timeout.after(*at);
        if self.now < until {
            self.wakes.push(until);
            return;
        }
        let because = format!("{by} acknowledged {} ago and it is still firing", Span::between(*at, self.now).spoken());
        self.scribe.note(EntryKind::Answer, "the acknowledgement ran out", vec![because.clone()]);
        self.incident.status = Status::Triggered;
        if self.incident.told.is_some() {
            self.tell_receivers(&NoticeKind::Reminder, &because);
            self.was_told();
            self.start_climb();
        }
    }

    /// The channels learn who has answered.
    pub(super) fn tell_of_answer(&mut self) {
        let Status::Acknowledged { by, told, .. } = &mut self.incident.status else { return };
        if *told {
            return;
        }
        *told = true;
        let by = by.clone();
        let because = format!("{by} acknowledged");
        self.tell_the_told(&NoticeKind::Acknowledged { by }, &because);
    }
}

#[cfg(test)]
mod tests;
