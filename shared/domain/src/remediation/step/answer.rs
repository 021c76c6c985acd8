//! What does a person's yes or no do?

use crate::text::instant;
use jiff::Timestamp;

use crate::alert::digest;
use crate::remediation::{Outcome, Remedy, Stage};
use crate::timeline::{Entry, EntryKind, Scribe};

/// Somebody agrees to what was asked.
///
/// # Errors
/// A sentence, when there is no open question.
pub fn approve(now: Timestamp, remedy: &Remedy, version: u64, by: &str) -> Result<(Remedy, Vec<Entry>), String> {
    answer(now, remedy, version, by, "approved", |by| (Stage::Approved { by, at: now }, Some(now)))
}

/// Somebody does not agree.
///
/// # Errors
/// A sentence, when there is no open question.
pub fn decline(now: Timestamp, remedy: &Remedy, version: u64, by: &str) -> Result<(Remedy, Vec<Entry>), String> {
    answer(now, remedy, version, by, "declined", |by| (Stage::Over { at: now, outcome: Outcome::Declined { by } }, None))
}

fn answer(
    now: Timestamp,
    remedy: &Remedy,
    version: u64,
    by: &str,
    verb: &str,
    next: impl FnOnce(String) -> (Stage, Option<Timestamp>),
) -> Result<(Remedy, Vec<Entry>), String> {
    let Stage::Asked { expires_at, plan } = &remedy.stage else {
        return Err(format!("{} does not wait for approval: {}", remedy.name, remedy.stage.sentence()));
    };
    if now >= *expires_at {
        return Err(format!("the request for approval of {} ran out at {}", remedy.name, instant(*expires_at)));
    }
    let mut scribe = Scribe::new(now, format!("r{}-{version}", &digest(remedy.name.as_bytes())[..6]));
    let text = format!("{by} {verb} {}: {}", remedy.name, plan.sentence());
    scribe.note_by(EntryKind::Answer, text, Vec::new(), Some(by.to_owned()));
    let (stage, wake_at) = next(by.to_owned());
    Ok((Remedy { stage, wake_at, ..remedy.clone() }, scribe.finish()))
}
