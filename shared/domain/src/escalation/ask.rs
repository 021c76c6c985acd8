//! Who is asked to approve a remediation? Whoever was told of the incident, once a
//! question.
//!
//! Once a person who can be reached has acknowledged, that person is asked and the
//! channels that wake nobody; until then, everybody who was told. Whoever hears of the
//! incident in the same tick has the question in that message.

use std::collections::BTreeSet;

use crate::incident::{AlertRecord, Status};
use crate::notice::{Notice, NoticeKind};
use crate::policy::{Address, Channel, Class};
use crate::question::Question;
use crate::text::instant;
use crate::timeline::EntryKind;

use super::Ticking;

impl Ticking<'_> {
    /// What waits for approval now; nothing, once nothing is firing any more.
    pub(super) fn questions(&self) -> Vec<Question> {
        let is_open = matches!(self.incident.status, Status::Triggered | Status::Acknowledged { .. });
        if !is_open || !self.view.members.iter().any(AlertRecord::is_firing) {
            return Vec::new();
        }
        self.view.remedies.iter().filter_map(|remedy| Question::open(self.now, remedy)).collect()
    }

    /// Puts every question that was not told yet. As long as nobody was told of the
    /// incident the first message will carry it.
    pub(super) fn put_questions(&mut self) {
        let questions = self.questions();
        self.incident.asked.retain(|asked| questions.contains(asked));
        if self.incident.told.is_none() && self.incident.status == Status::Triggered {
            return;
        }
        for question in questions {
            if !self.incident.asked.contains(&question) && self.put(&question) {
                self.incident.asked.push(question);
            }
        }
    }

    /// Puts a question; false if nobody can be asked at this hour.
    fn put(&mut self, question: &Question) -> bool {
        let hears_now: BTreeSet<&Address> =
            self.notices.iter().filter(|notice| notice.kind.opens()).map(|notice| &notice.address).collect();
        let mut places = self.whom_to_ask();
        let is_heard = !places.is_empty() || !hears_now.is_empty();
        places.retain(|(_, channel)| !hears_now.contains(&channel.address));
        if places.is_empty() {
            return is_heard;
        }
        let names: BTreeSet<&str> = places.iter().map(|(to, _)| to.as_str()).collect();
        let because = format!("remediation {} needs a person's approval", question.remediation);
        let all = names.iter().copied().collect::<Vec<_>>().join(", ");
        self.scribe.note(
            EntryKind::Notify,
            format!("ask {all} whether to {}", question.does),
            vec![because.clone(), format!("it can be answered until {}", instant(question.expires_at))],
        );
        let round = self.next_round();
        for (to, channel) in &places {
            let others = names.iter().filter(|other| *other != to).map(|other| (*other).to_owned()).collect();
            self.push_notice(round, NoticeKind::Asks { question: question.clone(), others }, to, channel, &because);
        }
        true
    }

    fn whom_to_ask(&self) -> Vec<(String, Channel)> {
        let holder = self.reachable_holder();
        let mut places: Vec<(String, Channel)> = holder.clone().map(|(_, channels)| channels).unwrap_or_default();
        let mut known: BTreeSet<Address> = places.iter().map(|(_, channel)| channel.address.clone()).collect();
        let wants_it = |notice: &Notice| match &holder {
            _ if self.incident.receivers.contains(&notice.to) && self.muted(&notice.to).is_some() => false,
            Some((by, _)) if *by == notice.to => true,
            Some(_) => notice.class != Class::Page && !self.policy.users.contains_key(&notice.to),
            None => true,
        };
        let mut more = self.places_told(wants_it);
        if more.is_empty() && holder.is_none() && self.incident.told.is_none() {
            // Somebody has it whom no channel is known of, and nobody else was told.
            more = self.channels_awake();
        }
        more.retain(|(_, channel)| known.insert(channel.address.clone()));
        places.append(&mut more);
        places
    }

    /// Who has acknowledged, with the channels that this priority uses, if that is a
    /// person of the policy who has any.
    fn reachable_holder(&self) -> Option<(String, Vec<(String, Channel)>)> {
        let Status::Acknowledged { by, .. } = &self.incident.status else { return None };
        let channels = self.in_use(&self.policy.users.get(by)?.channels);
        let places: Vec<(String, Channel)> = channels.into_iter().map(|channel| (by.clone(), channel.clone())).collect();
        (!places.is_empty()).then(|| (by.clone(), places))
    }

    fn channels_awake(&self) -> Vec<(String, Channel)> {
        let mut places = Vec::new();
        for name in self.awake() {
            let Some(receiver) = self.policy.receivers.get(&name) else { continue };
            places.extend(self.in_use(&receiver.channels).into_iter().map(|channel| (name.clone(), channel.clone())));
        }
        places
    }
}

#[cfg(test)]
mod tests;
