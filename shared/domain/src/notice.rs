//! What was sent to whom, and how did it end?

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::digest;
use crate::policy::{Address, Channel, Class};
use crate::question::Question;
use crate::span::Span;

/// How long the tick that decided on a message has it to itself. Longer than the
/// escalation function may run.
pub const CLAIM: Span = Span::seconds(45);

/// One message to one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Unique within the incident; the order of rounds.
    pub id: String,
    /// The round of messages that it belongs to, from 1.
    pub round: u32,
    /// What it says.
    pub kind: NoticeKind,
    /// The receiver or user.
    pub to: String,
    /// What kind of way it takes.
    pub class: Class,
    /// Where it goes.
    pub address: Address,
    /// Where it goes when the channel is down.
    pub fallback: Address,
    /// Whether the end is told there, too.
    pub send_resolved: bool,
    /// When it was decided on.
    pub at: Timestamp,
    /// Why.
    pub because: String,
    /// How it stands.
    pub delivery: Delivery,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum NoticeKind {
    /// There is an incident.
    Opened,
    /// You are on call: answer.
    Page {
        /// The rule of the escalation policy, from 1.
        rule: usize,
    },
    /// More alerts, or a higher priority.
    Updated,
    /// Still nobody has answered.
    Reminder,
    /// A remediation helped.
    Mended,
    /// A remediation waits for approval.
    Asks {
        /// What is asked.
        question: Question,
        /// Who else is asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<String>,
    },
    /// Somebody has answered.
    Acknowledged {
        /// Who.
        by: String,
    },
    /// It is over.
    Resolved,
    /// Something keeps the right people from being told.
    Failsafe {
        /// What.
        why: String,
    },
}

impl NoticeKind {
    /// The kind in one word.
    pub const fn word(&self) -> &'static str {
        match self {
            NoticeKind::Opened => "opened",
            NoticeKind::Page { .. } => "page",
            NoticeKind::Updated => "updated",
            NoticeKind::Reminder => "reminder",
            NoticeKind::Mended => "mended",
            NoticeKind::Asks { .. } => "asks",
            NoticeKind::Acknowledged { .. } => "acknowledged",
            NoticeKind::Resolved => "resolved",
            NoticeKind::Failsafe { .. } => "failsafe",
        }
    }

    /// After how many ticks that could not send it, it is given up. What closes an
    /// incident elsewhere is tried for hours: it stays open there otherwise.
    pub const fn attempts_max(&self) -> u32 {
        if self.opens() { 6 } else { 14 }
    }

    /// Whether whoever gets it must later hear of the end.
    pub const fn opens(&self) -> bool {
        match self {
            NoticeKind::Opened
            | NoticeKind::Page { .. }
            | NoticeKind::Updated
            | NoticeKind::Reminder
            | NoticeKind::Mended
            | NoticeKind::Asks { .. }
            | NoticeKind::Failsafe { .. } => true,
            NoticeKind::Acknowledged { .. } | NoticeKind::Resolved => false,
        }
    }
}

/// How a message stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Delivery {
    /// It is to be sent, or may have been.
    Pending {
        /// How many ticks have tried.
        n_attempts: u32,
        /// Not before this.
        not_before: Timestamp,
        /// The clock whose tick has it.
        clock: i64,
        /// Until when.
        claimed_until: Timestamp,
    },
    /// The channel took it.
    Sent {
        /// When.
        at: Timestamp,
        /// Where it went in the end.
        via: Address,
        /// What the channel calls it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<String>,
    },
    /// No channel took it.
    Failed {
        /// When it was given up.
        at: Timestamp,
        /// Why.
        why: String,
    },
    /// It was not needed any more.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Why.
        why: String,
    },
}

impl Notice {
    /// A new message of round `round`, for the tick of `clock`.
    pub fn new(now: Timestamp, round: u32, clock: i64, kind: NoticeKind, to: &str, channel: &Channel, because: String) -> Notice {
        let place = digest(format!("{to}\n{}\n{}", channel.address, kind.word()).as_bytes());
        Notice {
            id: format!("{round:04}-{}-{}", kind.word(), &place[..8]),
            round,
            kind,
            to: to.to_owned(),
            class: channel.class,
            address: channel.address.clone(),
            fallback: channel.fallback.clone(),
            send_resolved: channel.send_resolved,
            at: now,
            because,
            delivery: Delivery::Pending { n_attempts: 0, not_before: now, clock, claimed_until: CLAIM.after(now) },
        }
    }

    /// Whether it is a beat of the watchdog.
    pub fn is_watchdog(&self) -> bool {
        matches!(self.address, Address::Checker(_))
    }

    /// Whether it may have reached somebody.
    pub fn may_have_arrived(&self) -> bool {
        match &self.delivery {
            Delivery::Pending { .. } | Delivery::Sent { .. } => true,
            Delivery::Failed { .. } => false,
            Delivery::Cancelled { why, .. } => why == CANCELLED_UNSURE || why == CANCELLED_ANSWERED,
        }
    }

    /// The moment at which the tick of `clock` may send it; none if there is
    /// nothing to send.
    pub fn due_at(&self, clock: i64) -> Option<Timestamp> {
        match &self.delivery {
            Delivery::Pending { not_before, clock: owner, claimed_until, .. } => {
                Some(if *owner == clock { *not_before } else { (*not_before).max(*claimed_until) })
            }
            Delivery::Sent { .. } | Delivery::Failed { .. } | Delivery::Cancelled { .. } => None,
        }
    }

    /// The topic of last resort as a channel.
    pub fn failsafe_channel() -> Channel {
        Channel { class: Class::Page, address: Address::Failsafe, fallback: Address::Failsafe, send_resolved: true }
    }
}

/// Why a message was cancelled though it may have been sent.
pub const CANCELLED_UNSURE: &str = "the incident ended before it was known whether this was sent";
/// Why a question was cancelled though it may have been sent.
pub const CANCELLED_ANSWERED: &str = "the question was over before it was known whether this was sent";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::law::law;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn any_kind() -> impl Strategy<Value = NoticeKind> {
        prop_oneof![
            Just(NoticeKind::Opened),
            (1usize..9).prop_map(|rule| NoticeKind::Page { rule }),
            Just(NoticeKind::Updated),
            Just(NoticeKind::Reminder),
            Just(NoticeKind::Mended),
            ("[a-z]{1,6}", prop::collection::vec("[a-z]{1,3}", 0..3)).prop_map(|(remediation, others)| NoticeKind::Asks {
                question: Question { remediation, does: "reboot db-1".into(), expires_at: at(60) },
                others,
            }),
            "[a-z]{1,6}".prop_map(|by| NoticeKind::Acknowledged { by }),
            Just(NoticeKind::Resolved),
            "[a-z ]{1,9}".prop_map(|why| NoticeKind::Failsafe { why }),
        ]
    }

    fn any_address() -> impl Strategy<Value = Address> {
        prop_oneof![
            "[ab]{1,2}".prop_map(Address::Topic),
            "[ab]{1,2}".prop_map(Address::Slack),
            "[ab]{1,2}".prop_map(Address::Pagerduty),
            "[ab]{1,2}".prop_map(Address::Webhook),
            "[ab]{1,2}".prop_map(Address::Checker),
            Just(Address::Failsafe),
        ]
    }

    fn any_notice() -> impl Strategy<Value = Notice> {
        (1u32..12, any_kind(), "[ab]{1,2}", any_address(), 0i64..9).prop_map(|(round, kind, to, address, clock)| {
            let channel = Channel { class: Class::Chat, address, fallback: Address::Failsafe, send_resolved: true };
            Notice::new(at(0), round, clock, kind, &to, &channel, "because".into())
        })
    }

    /// What makes two messages the same one.
    fn identity(notice: &Notice) -> (u32, &'static str, &str, &Address) {
        (notice.round, notice.kind.word(), &notice.to, &notice.address)
    }

    #[test]
    fn a_message_is_its_own_ticks_at_once_and_anothers_once_the_claim_has_run_out() {
        let notice = Notice::new(at(0), 1, 7, NoticeKind::Opened, "team", &Notice::failsafe_channel(), String::new());
        assert_eq!(notice.due_at(7), Some(at(0)));
        assert_eq!(notice.due_at(8), Some(CLAIM.after(at(0))));
    }

    #[test]
    fn what_may_have_arrived_must_be_closed() {
        let mut notice = Notice::new(at(0), 1, 7, NoticeKind::Opened, "team", &Notice::failsafe_channel(), String::new());
        let cancelled = |why: &str| Delivery::Cancelled { at: at(1), why: why.into() };
        for (delivery, wanted) in [
            (notice.delivery.clone(), true),
            (Delivery::Sent { at: at(1), via: Address::Failsafe, receipt: None }, true),
            (Delivery::Failed { at: at(1), why: "403".into() }, false),
            (cancelled(CANCELLED_UNSURE), true),
            (cancelled(CANCELLED_ANSWERED), true),
            (cancelled("the incident ended first"), false),
        ] {
            notice.delivery = delivery;
            assert_eq!(notice.may_have_arrived(), wanted, "{:?}", notice.delivery);
        }
    }

    proptest! {
        #![proptest_config(law())]

        #[test]
        fn a_message_has_one_id_and_no_other_has_it(one in any_notice(), other in any_notice()) {
            prop_assert_eq!(identity(&one) == identity(&other), one.id == other.id);
        }

        #[test]
        fn ids_are_in_the_order_of_rounds(one in any_notice(), other in any_notice()) {
            if one.round < other.round {
                prop_assert!(one.id < other.id);
            }
        }

        #[test]
        fn a_settled_message_is_never_due_and_a_pending_one_always_is(notice in any_notice(), clock in 0i64..9) {
            let due = notice.due_at(clock).unwrap();
            prop_assert!(due >= notice.at && due <= CLAIM.after(notice.at));
            for delivery in [
                Delivery::Sent { at: at(1), via: Address::Failsafe, receipt: None },
                Delivery::Failed { at: at(1), why: String::new() },
                Delivery::Cancelled { at: at(1), why: String::new() },
            ] {
                prop_assert_eq!(Notice { delivery, ..notice.clone() }.due_at(clock), None);
            }
        }

        #[test]
        fn what_is_stored_reads_back(notice in any_notice()) {
            let stored = serde_json::to_string(&notice).unwrap();
            prop_assert_eq!(serde_json::from_str::<Notice>(&stored).unwrap(), notice);
        }

        #[test]
        fn what_opens_is_given_up_before_what_closes(kind in any_kind()) {
            prop_assert_eq!(kind.opens(), kind.attempts_max() < NoticeKind::Resolved.attempts_max());
        }
    }
}
