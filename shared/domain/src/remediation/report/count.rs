//! How often did what happen? Rows in, numbers out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Acted, Asked, Call, Ended, Observed, Reason, Refused};
use crate::remediation::{Outcome, Passed, Refusal, Remedy, Stage, Target};
use crate::span::Span;

/// Most reasons of one kind that are listed, the most frequent first.
const REASONS_MAX: usize = 3;

fn passed<'r>(remedy: &'r Remedy, stage: &str) -> Option<&'r Passed> {
    remedy.path.iter().find(|passed| passed.stage == stage)
}

fn has_passed(remedy: &Remedy, stage: &str) -> bool {
    passed(remedy, stage).is_some()
}

/// How often all was well before anything was done or asked.
pub(super) fn withdrawn(remedies: &[&Remedy]) -> usize {
    let is_withdrawn = |remedy: &&&Remedy| {
        matches!(remedy.stage.outcome(), Some(Outcome::Withdrawn { .. })) && !has_acted(remedy) && !has_passed(remedy, "asked")
    };
    remedies.iter().filter(is_withdrawn).count()
}

pub(super) fn refused(remedies: &[&Remedy]) -> Vec<Refused> {
    let mut by_guard: BTreeMap<String, (usize, &Refusal)> = BTreeMap::new();
    for remedy in remedies {
        if let Some(Outcome::Refused { refusal }) = remedy.stage.outcome() {
            let counted = by_guard.entry(refusal.guard().to_owned()).or_insert((0, refusal));
            *counted = (counted.0 + 1, refusal);
        }
    }
    let guards = by_guard.into_iter();
    let mut refused: Vec<Refused> = guards.map(|(guard, (n, latest))| Refused { guard, n, latest: latest.to_string() }).collect();
    refused.sort_by_key(|refused| Reverse(refused.n));
    refused
}

pub(super) fn observed(calls: &[Call<'_>], cooldown: Span) -> Observed {
    let mut observed = Observed::default();
    let (mut same, mut different, mut unneeded) = (Vec::new(), Vec::new(), Vec::new());
    let (mut changes, mut acknowledged) = (Vec::new(), Vec::new());
    let mut began: BTreeMap<Option<&Target>, Timestamp> = BTreeMap::new();
    for Call { remedy, acknowledged_at } in calls {
        let (at, then) = match &remedy.stage {
            Stage::Observing { at, .. } => (*at, None),
            Stage::Over { outcome: Outcome::Observed { at, then, .. }, .. } => (*at, Some(then)),
            Stage::Proposed
            | Stage::Asked { .. }
            | Stage::Approved { .. }
            | Stage::Claimed { .. }
            | Stage::Acting { .. }
            | Stage::Verifying { .. }
            | Stage::Holding { .. }
            | Stage::Reverting { .. }
            | Stage::Over { .. } => continue,
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

pub(super) fn asked(remedies: &[&Remedy]) -> Asked {
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

pub(super) fn acted(remedies: &[&Remedy]) -> Acted {
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
        match remedy.stage.outcome() {
            Some(Outcome::Reverted { .. }) => acted.n_reverted += 1,
            Some(Outcome::HandedOn { .. }) => acted.n_handed_on += 1,
            Some(Outcome::Kept { why, .. }) => kept.push(why.clone()),
            None
            | Some(
                Outcome::Observed { .. }
                | Outcome::Refused { .. }
                | Outcome::Declined { .. }
                | Outcome::Expired
                | Outcome::Withdrawn { .. }
                | Outcome::Recovered { .. }
                | Outcome::NotRecovered { .. }
                | Outcome::Failed { .. },
            ) => {}
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
    reasons.sort_by_key(|reason| Reverse(reason.n));
    reasons.truncate(REASONS_MAX);
    reasons
}

/// The middle one; of an even number, the lower of the two in the middle, so that it
/// is one that there was.
fn median(mut spans: Vec<Span>) -> Option<Span> {
    spans.sort_unstable();
    spans.get(spans.len().saturating_sub(1) / 2).copied()
}
