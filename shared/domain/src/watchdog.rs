//! Does an alert get through at all? The watchdog, which always fires.
//!
//! At an interval an event comes in by EventBridge as any other does, and is stored,
//! clocked and told as any other is: to a checker outside, by an address that its owner
//! gave. When beats stop to arrive there, that checker tells people, by ways of its own.
//!
//! What differs: each beat is an incident by itself that nobody but the checker is told
//! of, that nothing holds back (no silence, storm or hour), that holds back nothing, is in
//! no list, and ends as soon as it was told. Its rows are kept for a day.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::alert::{Alert, Fingerprint, Source};
use crate::arrival::Verdict;
use crate::classify::Classification;
use crate::labels::Labels;
use crate::mute::Muting;
use crate::policy::{Address, Channel, Class, Policy};
use crate::priority::Priority;
use crate::route::{GroupBy, GroupKey, Routed, Settings};
use crate::span::Span;

/// The name of its alerts, and their label `alertname`.
pub const NAME: &str = "WatchkeeperWatchdog";
/// The `source` of its events.
pub const SOURCE: &str = "watchkeeper.watchdog";
/// Their `detail-type`.
pub const DETAIL_TYPE: &str = "Watchdog";
/// Who its incidents are for, as they are shown.
pub const RECEIVER: &str = "watchdog";
/// A beat that is older when it comes in is not passed on: it would say that all is well
/// while events are kept waiting.
const STALE: Span = Span::minutes(5);
/// How long a beat may take to be told. Then the next one will soon be there.
pub(crate) const PATIENCE: Span = Span::minutes(10);

/// The watchdog of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watchdog {
    /// How often it fires: whole minutes, 1 to 1,440 of them.
    pub every: Span,
    /// The name of the secret with the checker's address.
    pub secret: String,
}

impl Watchdog {
    /// The checker as a channel. There is no other to turn to: that nothing comes is
    /// what it waits for.
    pub(crate) fn channel(&self) -> Channel {
        let address = Address::Checker(self.secret.clone());
        Channel { class: Class::Ticket, fallback: address.clone(), address, send_resolved: false }
    }
}

impl Alert {
    /// Whether it is a beat of the watchdog. Nothing else that comes in can look so: the
    /// label says which event it was read from.
    pub fn is_watchdog(&self) -> bool {
        self.source == Source::Event && self.name == NAME && self.labels.get("event_source") == SOURCE
    }

    /// Whether it is a beat that comes too late to say anything.
    pub(crate) fn is_stale_beat(&self, now: Timestamp) -> bool {
        self.is_watchdog() && STALE.after(self.claimed_at) < now
    }
}

impl GroupKey {
    /// The group of one beat: no route makes such a key.
    fn of_beat(fingerprint: &Fingerprint) -> GroupKey {
        GroupKey::reserved(&format!("watchdog-{fingerprint}"))
    }

    /// Whether it is the group of a beat.
    pub fn is_watchdog(&self) -> bool {
        self.as_str().starts_with("watchdog-")
    }
}

/// What is said of a beat, whatever the rules and routes of the policy are.
pub(crate) fn verdict(policy: &Policy, alert: &Alert) -> Verdict {
    let because = match &policy.watchdog {
        Some(watchdog) => format!("the watchdog fires every {}", watchdog.every),
        None => "the policy has no watchdog, so that its beat is told to nobody".to_owned(),
    };
    let classification = Classification {
        labels: alert.labels.clone(),
        priority: Priority::P4,
        runbook: None,
        remediations: Vec::new(),
        because: vec![because.clone()],
    };
    let settings = Settings {
        receiver: RECEIVER.to_owned(),
        group_by: GroupBy::All,
        group_wait: Span::ZERO,
        group_interval: PATIENCE,
        repeat_interval: PATIENCE,
        muting: Muting::default(),
    };
    let routed = Routed {
        group: GroupKey::of_beat(&alert.fingerprint),
        group_labels: Labels::new(),
        receivers: vec![RECEIVER.to_owned()],
        muting: BTreeMap::new(),
        settings,
        because,
    };
    Verdict { classification, routed }
}
