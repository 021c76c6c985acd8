//! How does a remediation fare, and should it go further than it does?
//!
//! Whoever starts a remediation in `observe` wants to know one day whether `act` would
//! have been right. Each time that it was called for is one [`Call`], with the path
//! that it took; [`report`] counts them, and `advice` says what follows.

mod advice;
mod count;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Remedy;
use crate::policy::{Mode, Remediation};
use crate::span::Span;

pub use self::advice::{Advice, ENOUGH, Verdict};

/// One time that a remediation was called for.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// What came of it.
    pub remedy: &'a Remedy,
    /// When a person first acknowledged its incident, if one did.
    pub acknowledged_at: Option<Timestamp>,
}

/// What the policy in force says of a remediation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orders {
    /// How far it may go.
    pub mode: Mode,
    /// Whether its first step needs a person's approval in `mode: act`, too.
    pub asks_in_act: bool,
    /// Least time between two actions on one target.
    pub cooldown: Span,
}

impl Orders {
    /// What the policy says of `remediation`.
    pub fn of(remediation: &Remediation) -> Orders {
        let in_act = Remediation { mode: Mode::Act, ..remediation.clone() };
        Orders { mode: remediation.mode, asks_in_act: in_act.needs_approval(0), cooldown: remediation.limits.cooldown }
    }
}

/// How a remediation fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// Its mode in the policy in force; none if that has it no more.
    pub mode: Option<Mode>,
    /// How often it was called for.
    pub n_called: usize,
    /// How often all was well before anything was done or asked.
    pub n_withdrawn: usize,
    /// Guards that refused it, those that did so most often first.
    pub refused: Vec<Refused>,
    /// Where it only said what it would do.
    pub observed: Observed,
    /// Where a person was asked.
    pub asked: Asked,
    /// Where it acted.
    pub acted: Acted,
    /// What follows.
    pub advice: Advice,
}

/// How often a guard refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The guard's name: [`super::Refusal::guard`].
    pub guard: String,
    /// How often.
    pub n: usize,
    /// What it said last.
    pub latest: String,
}

/// A reason with how often it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The reason.
    pub why: String,
    /// How often.
    pub n: usize,
}

/// What came of those times that it only said what it would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Observed {
    /// How often every guard would have allowed it.
    pub n_allowed: usize,
    /// Of these, how often it is still waited for what people do.
    pub n_under_way: usize,
    /// People did just that.
    pub same: Ended,
    /// People did something else.
    pub different: Ended,
    /// What they did then, most often first; at most three phrases.
    pub changes: Vec<Reason>,
    /// Nothing was changed, and it recovered all the same: it was not needed.
    pub unneeded: Ended,
    /// How often it would have been refused because another action on the target came
    /// within the cooldown before it: the alarm flaps.
    pub n_within_cooldown: usize,
    /// How often a person acknowledged the incident.
    pub n_acknowledged: usize,
    /// Median time from when it would have begun until a person acknowledged: how much
    /// sooner it would have been. In seconds for programs.
    #[serde(rename = "acknowledged_after_seconds", serialize_with = "seconds")]
    pub acknowledged_after: Option<Span>,
}

/// How often something ended in one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// How often.
    pub n: usize,
    /// Median time from when it would have begun until all was well. In seconds for
    /// programs.
    #[serde(rename = "calm_after_seconds", serialize_with = "seconds")]
    pub calm_after: Option<Span>,
}

/// What came of its questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// How often it asked.
    pub n: usize,
    /// Of these, how often it still waits.
    pub n_open: usize,
    /// How often a person agreed.
    pub n_approved: usize,
    /// How often a person did not.
    pub n_declined: usize,
    /// How often nobody answered in time.
    pub n_expired: usize,
    /// How often it was not needed, or not allowed, any more before anybody answered.
    pub n_overtaken: usize,
    /// How many people answered.
    pub n_people: usize,
    /// Median time to an answer. In seconds for programs.
    #[serde(rename = "answered_after_seconds", serialize_with = "seconds")]
    pub answered_after: Option<Span>,
}

/// What came of its actions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Acted {
    /// How often it acted, or took part in what another incident had done.
    pub n: usize,
    /// Of these, how often it is not settled yet whether it helped.
    pub n_under_way: usize,
    /// How often it took part in what another incident had done.
    pub n_shared: usize,
    /// How often it helped.
    pub n_recovered: usize,
    /// How often it did not.
    pub n_not_recovered: usize,
    /// How often it could not be done.
    pub n_failed: usize,
    /// Why not.
    pub failed: Vec<Reason>,
    /// How often what was changed was put back.
    pub n_reverted: usize,
    /// How often that was left to another incident.
    pub n_handed_on: usize,
    /// How often what was changed was not put back.
    pub n_kept: usize,
    /// Why not.
    pub kept: Vec<Reason>,
    /// Median time from its beginning until it had helped. In seconds for programs.
    #[serde(rename = "recovered_after_seconds", serialize_with = "seconds")]
    pub recovered_after: Option<Span>,
}

/// Counts what came of a remediation's calls. `orders` is what the policy says of it;
/// none if it has it no more.
pub fn report(name: &str, orders: Option<Orders>, calls: &[Call<'_>]) -> Report {
    let mut calls = calls.to_vec();
    calls.sort_by_key(|call| call.remedy.proposed_at);
    let remedies: Vec<&Remedy> = calls.iter().map(|call| call.remedy).collect();
    let mut report = Report {
        name: name.to_owned(),
        mode: orders.map(|orders| orders.mode),
        n_called: calls.len(),
        n_withdrawn: count::withdrawn(&remedies),
        refused: count::refused(&remedies),
        observed: count::observed(&calls, orders.map_or(Span::ZERO, |orders| orders.cooldown)),
        asked: count::asked(&remedies),
        acted: count::acted(&remedies),
        advice: Advice::default(),
    };
    report.advice = advice::advice(&report, orders);
    report
}

/// A time as a person says it; from a minute on to the nearest minute, as it is the
/// middle of several.
pub fn about(span: Span) -> String {
    let minute = Span::minutes(1).as_millis();
    if span.as_millis() < minute {
        return span.spoken();
    }
    Span::millis((span.as_millis() + minute / 2) / minute * minute).spoken()
}

#[expect(clippy::ref_option, reason = "serde passes it so")]
fn seconds<S: Serializer>(span: &Option<Span>, serializer: S) -> Result<S::Ok, S::Error> {
    span.map(Span::as_seconds).serialize(serializer)
}

#[cfg(test)]
mod tests;
