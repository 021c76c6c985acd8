//! What does a person's yes or no do?

use crate::text::instant;
use jiff::Timestamp;

use super::prefix;
use crate::id::IncidentId;
use crate::remediation::{Outcome, Plan, Remedy, Stage};
use crate::timeline::{Entry, EntryKind, Scribe};

/// Somebody agrees to what was asked.
///
/// # Errors
/// A sentence, when there is no open question.
pub fn approve(
    now: Timestamp,
    incident: &IncidentId,
    remedy: &Remedy,
    version: u64,
    by: &str,
) -> Result<(Remedy, Vec<Entry>), String> {
    answer(now, incident, remedy, version, by, "approved", |expires_at, plan| Stage::Approved {
        by: by.to_owned(),
        at: now,
        expires_at,
        plan: plan.clone(),
    })
}

/// Somebody does not agree.
///
/// # Errors
/// A sentence, when there is no open question.
pub fn decline(
    now: Timestamp,
    incident: &IncidentId,
    remedy: &Remedy,
    version: u64,
    by: &str,
) -> Result<(Remedy, Vec<Entry>), String> {
    answer(now, incident, remedy, version, by, "declined", |_, _| Stage::Over {
        at: now,
        outcome: Outcome::Declined { by: by.to_owned() },
    })
}

fn answer(
    now: Timestamp,
    incident: &IncidentId,
    remedy: &Remedy,
    version: u64,
    by: &str,
    verb: &str,
    next: impl FnOnce(Timestamp, &Plan) -> Stage,
) -> Result<(Remedy, Vec<Entry>), String> {
    let Stage::Asked { expires_at, plan } = &remedy.stage else {
        return Err(format!("{} does not wait for approval: {}", remedy.name, remedy.stage.sentence()));
    };
    if now >= *expires_at {
        return Err(format!("the request for approval of {} ran out at {}", remedy.name, instant(*expires_at)));
    }
    let mut scribe = Scribe::new(now, prefix(remedy, version));
    let text = format!("{by} {verb} {}: {}", remedy.name, plan.sentence());
    scribe.note_by(EntryKind::Answer, text, Vec::new(), Some(by.to_owned()));
    let mut answered = remedy.clone();
    answered.come_to(next(*expires_at, plan), now, incident, version, &[]);
    // Either way the remediator has something to do: to act, or to say that it does not.
    answered.wake_at = Some(now);
    Ok((answered, scribe.finish()))
}
