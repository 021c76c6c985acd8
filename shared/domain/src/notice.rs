//! What was sent to whom, and how did it end?

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::digest;
use crate::policy::{Address, Channel, Class};
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

    /// Whether it may have reached somebody.
    pub fn may_have_arrived(&self) -> bool {
        match &self.delivery {
            Delivery::Pending { .. } | Delivery::Sent { .. } => true,
            Delivery::Failed { .. } => false,
            Delivery::Cancelled { why, .. } => why == CANCELLED_UNSURE,
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
