//! Who is told at this hour? Time intervals that mute receivers and priorities.
//!
//! What is muted with `defer` is told when the mute ends, if it still holds. What
//! came in while a receiver was muted with `drop` is never told there.

use jiff::Timestamp;

use super::Ticking;
use crate::incident::AlertRecord;
use crate::mute::{Muted, Muting};
use crate::notice::NoticeKind;
use crate::policy::WhenMuted;
use crate::timeline::EntryKind;

impl Ticking<'_> {
    /// Why a receiver is told nothing at `at`, if so.
    fn muted_at(&self, receiver: &str, at: Timestamp, which: impl Fn(&Muting) -> bool) -> Option<Muted> {
        let intervals = &self.policy.time_intervals;
        let of_priority = &self.policy.rules(self.incident.priority).muting;
        if which(of_priority)
            && let Some(muted) = of_priority.muted(intervals, at)
        {
            return Some(Muted { because: format!("{} is {}", self.incident.priority, muted.because), ..muted });
        }
        // One route that tells is enough.
        let routes = self.incident.muting.get(receiver).filter(|routes| !routes.is_empty())?;
        let mut muted: Option<Muted> = None;
        for route in routes {
            let this = route.muted(intervals, at).filter(|_| which(route))?;
            let before = muted.and_then(|muted| muted.until);
            let until = before.into_iter().chain(this.until).min();
            muted = Some(Muted { because: format!("{receiver} is {}", this.because), until });
        }
        muted
    }

    /// Why a receiver is told nothing now, if so.
    pub(super) fn muted(&self, receiver: &str) -> Option<Muted> {
        self.muted_at(receiver, self.now, |_| true)
    }

    /// Why a receiver never hears of an alert, if so: it came in while the receiver
    /// was muted, and what comes in then is dropped.
    fn dropped(&self, receiver: &str, member: &AlertRecord) -> Option<Muted> {
        self.muted_at(receiver, member.heard_at()?, |muting| muting.when_muted == WhenMuted::Drop)
    }

    /// The receivers that are told now, of those that hear of any of `active`.
    pub(super) fn awake(&self) -> Vec<String> {
        self.incident.receivers.iter().filter(|receiver| self.is_awake(receiver)).cloned().collect()
    }

    fn is_awake(&self, receiver: &str) -> bool {
        self.muted(receiver).is_none() && self.hears(receiver)
    }

    /// Whether a receiver hears of any alert that is firing, sooner or later.
    fn hears(&self, receiver: &str) -> bool {
        let mut firing = self.view.members.iter().filter(|member| member.is_firing()).peekable();
        firing.peek().is_none() || firing.any(|member| self.dropped(receiver, member).is_none())
    }

    /// Nobody is told at this hour: true if so, with the reason noted.
    pub(super) fn is_off_hours(&mut self, active: &[&AlertRecord]) -> bool {
        let receivers = self.incident.receivers.clone();
        let mut reasons = Vec::new();
        let mut is_anybody_awake = false;
        for receiver in &receivers {
            match self.muted(receiver) {
                Some(muted) => {
                    let look_at = muted.until.unwrap_or_else(|| super::LOOK_AGAIN.after(self.now));
                    self.wakes.push(look_at);
                    reasons.push(muted.in_words());
                }
                None if self.hears(receiver) => is_anybody_awake = true,
                None => {
                    let dropped = active.iter().find_map(|member| self.dropped(receiver, member));
                    reasons.extend(dropped.map(|muted| format!("it came in while {}, and is dropped then", muted.because)));
                }
            }
        }
        if is_anybody_awake || reasons.is_empty() {
            return false;
        }
        self.hold_because(active.iter().copied(), reasons);
        true
    }

    /// Receivers that were muted when others were told hear of it now.
    pub(super) fn tell_the_awakened(&mut self) {
        let Some(told) = &self.incident.told else { return };
        let awakened: Vec<String> = told.awaiting.iter().filter(|receiver| self.is_awake(receiver)).cloned().collect();
        if awakened.is_empty() {
            return;
        }
        let round = self.next_round();
        let because = "the hours in which it was muted are over";
        let policy = self.policy;
        for name in &awakened {
            let Some(receiver) = policy.receivers.get(name) else { continue };
            for channel in self.in_use(&receiver.channels) {
                self.push_notice(round, NoticeKind::Opened, name, channel, because);
            }
        }
        let text = format!("tell {} ({})", awakened.join(", "), NoticeKind::Opened.word());
        self.scribe.note(EntryKind::Notify, text, vec![because.to_owned()]);
        if let Some(told) = &mut self.incident.told {
            told.awaiting.retain(|receiver| !awakened.contains(receiver));
        }
    }
}

#[cfg(test)]
mod tests;
