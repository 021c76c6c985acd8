//! A beat of the watchdog: told once, and over.

use super::Ticking;
use crate::incident::{Ladder, Status, Told};
use crate::notice::{Delivery, NoticeKind};
use crate::span::Span;
use crate::watchdog::{PATIENCE, RECEIVER};

impl Ticking<'_> {
    /// Tells the checker, and ends the incident once it was told or never will be; true
    /// when it is closed.
    pub(super) fn beat(&mut self) -> bool {
        if matches!(self.incident.status, Status::Closed { .. }) {
            return true;
        }
        let until = PATIENCE.after(self.incident.opened_at);
        if let (None, Some(watchdog)) = (&self.incident.told, &self.policy.watchdog)
            && self.now < until
        {
            let channel = watchdog.channel();
            let round = self.next_round();
            self.push_notice(round, NoticeKind::Opened, RECEIVER, &channel, "the watchdog fires");
            self.incident.told = Some(Told {
                first_at: self.now,
                last_at: self.now,
                ladder: Ladder::Off,
                without: Vec::new(),
                awaiting: Vec::new(),
            });
            self.wakes.push(Span::seconds(1).after(self.now));
            return false;
        }
        let is_pending = self.view.notices.iter().any(|notice| matches!(notice.delivery, Delivery::Pending { .. }));
        if is_pending && self.now < until {
            // When the message is due again is known where it is taken up.
            self.wakes.push(until);
            return false;
        }
        for notice in self.view.notices {
            self.notices.extend(self.cancel(notice));
        }
        self.incident.status = Status::Closed { at: self.now };
        true
    }
}
