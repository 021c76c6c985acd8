//! How does a remediation fare, and should it go further than it does?
//!
//! Whoever starts a remediation in `observe` wants to know one day whether `act` would
//! have been right. Each time that it was called for is one [`Call`], with the path
//! that it took; [`report`] counts them, and [`advice`] says what follows.

mod advice;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{Outcome, Passed, Refusal, Remedy, Stage, Target};
use crate::policy::{Mode, Remediation};
use crate::span::Span;

pub use self::advice::{Advice, ENOUGH, Verdict};

/// Most reasons of one kind that are listed, the most frequent first.
const REASONS_MAX: usize = 3;

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
    /// The guard's name: [`Refusal::guard`].
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
    let is_withdrawn = |remedy: &&&Remedy| {
        matches!(outcome(remedy), Some(Outcome::Withdrawn { .. })) && !has_acted(remedy) && !has_passed(remedy, "asked")
    };
    let mut report = Report {
        name: name.to_owned(),
        mode: orders.map(|orders| orders.mode),
        n_called: calls.len(),
        n_withdrawn: remedies.iter().filter(is_withdrawn).count(),
        refused: refused(&remedies),
        observed: observed(&calls, orders.map_or(Span::ZERO, |orders| orders.cooldown)),
        asked: asked(&remedies),
        acted: acted(&remedies),
        advice: Advice::default(),
    };
    report.advice = advice::advice(&report, orders);
    report
}

fn outcome(remedy: &Remedy) -> Option<&Outcome> {
    match &remedy.stage {
        Stage::Over { outcome, .. } => Some(outcome),
        Stage::Proposed
        | Stage::Observing { .. }
        | Stage::Asked { .. }
        | Stage::Approved { .. }
        | Stage::Claimed { .. }
        | Stage::Acting { .. }
        | Stage::Verifying { .. }
        | Stage::Holding { .. }
        | Stage::Reverting { .. } => None,
    }
}

fn passed<'r>(remedy: &'r Remedy, stage: &str) -> Option<&'r Passed> {
    remedy.path.iter().find(|passed| passed.stage == stage)
}

fn has_passed(remedy: &Remedy, stage: &str) -> bool {
    passed(remedy, stage).is_some()
}

fn refused(remedies: &[&Remedy]) -> Vec<Refused> {
    let mut by_guard: BTreeMap<String, (usize, &Refusal)> = BTreeMap::new();
    for remedy in remedies {
        if let Some(Outcome::Refused { refusal }) = outcome(remedy) {
            let counted = by_guard.entry(refusal.guard().to_owned()).or_insert((0, refusal));
            *counted = (counted.0 + 1, refusal);
        }
    }
    let guards = by_guard.into_iter();
    let mut refused: Vec<Refused> = guards.map(|(guard, (n, latest))| Refused { guard, n, latest: latest.to_string() }).collect();
    refused.sort_by_key(|refused| std::cmp::Reverse(refused.n));
    refused
}

fn observed(calls: &[Call<'_>], cooldown: Span) -> Observed {
    let mut observed = Observed::default();
    let (mut same, mut different, mut unneeded) = (Vec::new(), Vec::new(), Vec::new());
    let (mut changes, mut acknowledged) = (Vec::new(), Vec::new());
    let mut began: BTreeMap<Option<&Target>, Timestamp> = BTreeMap::new();
    for Call { remedy, acknowledged_at } in calls {
        let (at, then) = match (&remedy.stage, outcome(remedy)) {
            (Stage::Observing { at, .. }, _) => (*at, None),
            (_, Some(Outcome::Observed { at, then, .. })) => (*at, Some(then)),
            _ => continue,
        };
        observed.n_allowed += 1;
        let before = began.get(&remedy.target.as_ref());
        if before.is_some_and(|before| at < cooldown.after(*before)) {
            observed.n_within_cooldown += 1;
        } else {
            began.insert(remedy.target.as_ref(), at);
        }
        let Some(then) = then else {
            observed.n_under_way += 1;
            continue;
        };
        acknowledged.extend(acknowledged_at.map(|acknowledged_at| Span::between(at, acknowledged_at)));
        let calm_after = Span::between(at, then.calm_at);
        match (then.is_same, then.changes.is_empty()) {
            (true, _) => same.push(calm_after),
            (false, true) => unneeded.push(calm_after),
            (false, false) => {
                different.push(calm_after);
                changes.extend(then.changes.iter().cloned());
            }
        }
    }
    let ended = |spans: Vec<Span>| Ended { n: spans.len(), calm_after: median(spans) };
    Observed {
        same: ended(same),
        different: ended(different),
        unneeded: ended(unneeded),
        changes: reasons(changes),
        n_acknowledged: acknowledged.len(),
        acknowledged_after: median(acknowledged),
        ..observed
    }
}

fn asked(remedies: &[&Remedy]) -> Asked {
    let mut asked = Asked::default();
    let (mut people, mut waits) = (BTreeSet::new(), Vec::new());
    for remedy in remedies {
        let questions = remedy.path.iter().enumerate().filter(|(_, passed)| passed.stage == "asked");
        for (n, question) in questions {
            asked.n += 1;
            let Some(answer) = remedy.path.get(n + 1) else {
                asked.n_open += 1;
                continue;
            };
            match answer.stage.as_str() {
                "approved" => asked.n_approved += 1,
                "declined" => asked.n_declined += 1,
                "expired" => asked.n_expired += 1,
                _ => asked.n_overtaken += 1,
            }
            if let ("approved" | "declined", Some(by)) = (answer.stage.as_str(), &answer.by) {
                people.insert(by);
                waits.push(Span::between(question.at, answer.at));
            }
        }
    }
    Asked { n_people: people.len(), answered_after: median(waits), ..asked }
}

/// Whether it acted, or took part in what another incident had done.
fn has_acted(remedy: &Remedy) -> bool {
    has_passed(remedy, "acting") || has_passed(remedy, "verifying")
}

fn acted(remedies: &[&Remedy]) -> Acted {
    let mut acted = Acted::default();
    let (mut failed, mut kept, mut spans) = (Vec::new(), Vec::new(), Vec::new());
    for remedy in remedies.iter().filter(|remedy| has_acted(remedy)) {
        acted.n += 1;
        acted.n_shared += usize::from(!has_passed(remedy, "acting"));
        let begun = passed(remedy, "acting").or_else(|| passed(remedy, "verifying"));
        let helped = passed(remedy, "holding").or_else(|| passed(remedy, "recovered"));
        spans.extend(begun.zip(helped).map(|(begun, helped)| Span::between(begun.at, helped.at)));
        match has_helped(remedy) {
            Helped::Unknown => acted.n_under_way += 1,
            Helped::Yes => acted.n_recovered += 1,
            Helped::No => acted.n_not_recovered += 1,
            Helped::Failed(why) => failed.push(why.to_owned()),
        }
        match outcome(remedy) {
            Some(Outcome::Reverted { .. }) => acted.n_reverted += 1,
            Some(Outcome::HandedOn { .. }) => acted.n_handed_on += 1,
            Some(Outcome::Kept { why, .. }) => kept.push(why.clone()),
            _ => {}
        }
    }
    Acted {
        n_failed: failed.len(),
        failed: reasons(failed),
        n_kept: kept.len(),
        kept: reasons(kept),
        recovered_after: median(spans),
        ..acted
    }
}

/// Whether an action helped.
enum Helped<'r> {
    Unknown,
    Yes,
    No,
    Failed(&'r str),
}

fn has_helped(remedy: &Remedy) -> Helped<'_> {
    let known = |recovered| if recovered { Helped::Yes } else { Helped::No };
    match &remedy.stage {
        Stage::Holding { recovered, .. } | Stage::Reverting { recovered, .. } => known(*recovered),
        // A step before it may not have helped, and then this one is under way.
        Stage::Proposed
        | Stage::Observing { .. }
        | Stage::Asked { .. }
        | Stage::Approved { .. }
        | Stage::Claimed { .. }
        | Stage::Acting { .. }
        | Stage::Verifying { .. } => Helped::Unknown,
        Stage::Over { outcome, .. } => match outcome {
            Outcome::Reverted { recovered, .. } | Outcome::HandedOn { recovered, .. } | Outcome::Kept { recovered, .. } => {
                known(*recovered)
            }
            Outcome::Recovered { .. } => Helped::Yes,
            Outcome::Failed { why } => Helped::Failed(why),
            // A step did not help, and the next was not taken.
            Outcome::NotRecovered { .. }
            | Outcome::Observed { .. }
            | Outcome::Refused { .. }
            | Outcome::Declined { .. }
            | Outcome::Expired
            | Outcome::Withdrawn { .. } => Helped::No,
        },
    }
}

/// The most frequent of them; of equally frequent ones, by the alphabet.
fn reasons(all: Vec<String>) -> Vec<Reason> {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for why in all {
        *counted.entry(why).or_default() += 1;
    }
    let mut reasons: Vec<Reason> = counted.into_iter().map(|(why, n)| Reason { why, n }).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.n));
    reasons.truncate(REASONS_MAX);
    reasons
}

/// The middle one; of an even number, the lower of the two in the middle, so that it
/// is one that there was.
fn median(mut spans: Vec<Span>) -> Option<Span> {
    spans.sort_unstable();
    spans.get(spans.len().saturating_sub(1) / 2).copied()
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

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn seconds<S: Serializer>(span: &Option<Span>, serializer: S) -> Result<S::Ok, S::Error> {
    span.map(Span::as_seconds).serialize(serializer)
}

#[cfg(test)]
mod tests;
