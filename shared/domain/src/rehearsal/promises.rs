//! What every tick promises, tried at each tick of every test.

use jiff::Timestamp;

use super::Rehearsal;
use crate::escalation::{Tick, causes_now};
use crate::id::IncidentId;
use crate::incident::AlertRecord;
use crate::inhibit::{Causes, SourceKey};
use crate::notice::{Delivery, NoticeKind};
use crate::suppress::suppression;

impl Rehearsal {
    /// The same tick on what it gave decides nothing new. Where it changed what the
    /// incident is a cause of, it may wait for something else.
    pub(super) fn same_again(&self, id: &IncidentId, seq: i64, causes: &[(SourceKey, bool)], wake_at: Option<Timestamp>) {
        let Some(again) = self.decision(id, seq) else { return };
        assert!(again.notices.is_empty(), "the same tick again sends: {:?}", again.notices);
        assert!(again.entries.is_empty(), "the same tick again notes: {:?}", again.entries);
        if self.incidents[id].incident.causes == causes {
            assert_eq!(again.wake_at, wake_at, "the same tick again waits for something else");
        }
        assert!(wake_at.is_none_or(|wake_at| wake_at > self.now), "a tick wakes later");
    }

    /// Whoever is told that something is wrong is told of an alert that fires and is
    /// not suppressed, at an hour at which they are told.
    pub(super) fn nobody_hears_of_what_is_suppressed(&self, id: &IncidentId, tick: &Tick) {
        let noted: Vec<Causes> = self.causes.values().cloned().collect();
        let played = &self.incidents[id];
        let members: Vec<AlertRecord> =
            played.members.iter().filter_map(|fingerprint| self.records.get(fingerprint)).cloned().collect();
        let causes = causes_now(&self.policy, id, &members, &noted);
        let is_told_of = |notice: &crate::notice::Notice| match notice.kind {
            NoticeKind::Opened
            | NoticeKind::Page { .. }
            | NoticeKind::Updated
            | NoticeKind::Reminder
            | NoticeKind::Asks { .. } => matches!(notice.delivery, Delivery::Pending { .. }),
            NoticeKind::Mended | NoticeKind::Acknowledged { .. } | NoticeKind::Resolved | NoticeKind::Failsafe { .. } => false,
        };
        for notice in tick.notices.iter().filter(|notice| is_told_of(notice)) {
            let mut speaking = members
                .iter()
                .filter(|member| member.is_firing())
                .filter(|member| suppression(self.now, &self.policy, &self.control, &causes, member).is_none());
            assert!(speaking.next().is_some(), "{notice:?} is sent, and all of its alerts are suppressed");
            if let Some(routes) = played.incident.muting.get(&notice.to) {
                let is_muted = routes.iter().all(|route| route.muted(&self.policy.time_intervals, self.now).is_some());
                assert!(!is_muted, "{notice:?} is sent to a receiver that is muted");
            }
        }
    }
}
