//! Should people not hear of this alert now, and why? What CloudWatch mutes,
//! planned work, silences, and causes that are known already.

use crate::text::instant;
use jiff::Timestamp;

use crate::control::Control;
use crate::incident::AlertRecord;
use crate::inhibit::{self, Causes};
use crate::matcher::all_match;
use crate::policy::{Policy, Window};

/// Why people do not hear of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The reason.
    pub because: String,
    /// Until when, if that is known.
    pub until: Option<Timestamp>,
}

/// The first reason, if any, for which nothing is mended for this alert: it is
/// suppressed, but for work during which remediation may act, and for causes: a
/// symptom may be mended.
pub fn mending_refused(now: Timestamp, policy: &Policy, control: &Control, record: &AlertRecord) -> Option<Suppression> {
    first(now, policy, control, &[], record, |window| !window.allows_remediation)
}

/// The first reason, if any, for which people do not hear of this alert.
pub fn suppression(
    now: Timestamp,
    policy: &Policy,
    control: &Control,
    causes: &[Causes],
    record: &AlertRecord,
) -> Option<Suppression> {
    first(now, policy, control, causes, record, |_| true)
}

fn first(
    now: Timestamp,
    policy: &Policy,
    control: &Control,
    causes: &[Causes],
    record: &AlertRecord,
    counts: impl Fn(&Window) -> bool,
) -> Option<Suppression> {
    let labels = &record.classification.labels;
    if let Some(mute) = record.alert.muted_by.as_ref().filter(|mute| mute.until.is_none_or(|until| now < until)) {
        let until = mute.until.map(|until| format!(" until {}", instant(until))).unwrap_or_default();
        return Some(Suppression {
            because: format!("the alarm's own actions are muted by {}{until}", mute.by),
            until: mute.until,
        });
    }
    for window in &policy.maintenance_windows {
        if counts(window)
            && all_match(&window.matchers, labels)
            && let Some(until) = window.holds(&policy.time_intervals, now)
        {
            let ends = until.map(|until| format!(" until {}", instant(until))).unwrap_or_default();
            return Some(Suppression { because: format!("maintenance window `{}`{ends}", window.name), until });
        }
    }
    if let Some((name, silence)) = control.silences.iter().find(|(_, silence)| silence.covers(now, labels)) {
        return Some(Suppression {
            because: format!(
                "{} {name} by {} until {}: {}",
                silence.kind.word(),
                silence.by,
                instant(silence.ends_at),
                silence.why
            ),
            until: Some(silence.ends_at),
        });
    }
    for part in inhibit::as_target(&policy.inhibit_rules, labels) {
        if let Some(incident) = inhibit::cause(&part, causes) {
            return Some(Suppression {
                because: format!("inhibited by rule `{}`: its cause is incident {incident}", part.rule),
                until: None,
            });
        }
    }
    None
}

#[cfg(test)]
mod tests;
