//! How is the classifier told of a job? An envelope as EventBridge's.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Change, Heartbeat, Kind, State};
use crate::span::Span;
use crate::text::{instant, shorten};

/// The `source` of the event.
pub const SOURCE: &str = "watchkeeper.heartbeat";
/// Its `detail-type`.
pub const DETAIL_TYPE: &str = "Heartbeat State Change";
/// Most characters of the job's log that are told.
const LOG_TOLD_MAX: usize = 500;

/// The event that tells of a heartbeat's last change; none if there was none. The same
/// change gives the same event. `place` is an ARN of the account and region.
pub fn event(state: &State, heartbeat: Option<&Heartbeat>, place: &str) -> Option<Value> {
    let change = state.change.as_ref()?;
    let part = |n: usize| place.split(':').nth(n).unwrap_or_default();
    Some(json!({
        "version": "0",
        "id": format!("heartbeat-{}-{}", state.id, change.at.as_millisecond()),
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": part(4),
        "region": part(3),
        "time": change.at,
        "resources": [],
        "detail": {
            "heartbeat": state.id,
            "service": heartbeat.and_then(|heartbeat| heartbeat.service.as_deref()),
            "priority": heartbeat.and_then(|heartbeat| heartbeat.priority).map(|priority| priority.to_string()),
            "schedule": heartbeat.map(|heartbeat| heartbeat.schedule.to_string()),
            "is": change.kind.map_or("well", Kind::word),
            "state": {"value": change.state().to_string(), "reason": reason(state, change, heartbeat), "timestamp": change.at},
            "due_at": change.due,
            "last_success_at": change.heard.success.as_ref().map(|success| success.at),
            "exit_code": change.heard.failed().and_then(|failure| failure.exit_code),
        },
    }))
}

/// Why it is over.
fn over(state: &State, change: &Change) -> String {
    let watched_since = state.watched.as_ref().map(|watched| watched.since);
    match (&change.heard.success, state.retired_at) {
        (_, Some(at)) => format!("it was taken out of the file of probes at {}", instant(at)),
        (Some(success), None) if Some(success.at) >= watched_since => format!("it succeeded at {}", instant(success.at)),
        (Some(_) | None, None) => "its schedule was changed".to_owned(),
    }
}

/// What happened, for people.
fn reason(state: &State, change: &Change, heartbeat: Option<&Heartbeat>) -> String {
    let heard = &change.heard;
    let mut text = match change.kind {
        Some(Kind::Late) => match (change.due, heard.running_since()) {
            (Some(due), Some(since)) => {
                format!("a run was due at {} and has not come; the one of {} has not ended", instant(due), instant(since))
            }
            (Some(due), None) => format!("it was due at {} and has not been heard of", instant(due)),
            (None, _) => "it has not been heard of".to_owned(),
        },
        Some(Kind::Overrunning) => {
            let since = heard.running_since().map(instant).unwrap_or_default();
            let at_most = heartbeat.and_then(|heartbeat| heartbeat.at_most).map(Span::spoken).unwrap_or_default();
            format!("it has run since {since}, and should have ended within {at_most}")
        }
        Some(Kind::Failed) => match heard.failed() {
            Some(failure) => {
                let code = failure.exit_code.map(|code| format!(" with exit code {code}")).unwrap_or_default();
                format!("it failed at {}{code}", instant(failure.at))
            }
            None => "it failed".to_owned(),
        },
        None => over(state, change),
    };
    if change.kind.is_some() {
        let last = heard.success.as_ref().map(|success| instant(success.at));
        let _ = write!(text, "; last success: {}", last.as_deref().unwrap_or("never"));
        let log = heard.failed().map(|failure| failure.log.as_str()).unwrap_or_default();
        if !log.is_empty() {
            let _ = write!(text, "; its log begins: {}", shorten(log, LOG_TOLD_MAX));
        }
    }
    text
}
