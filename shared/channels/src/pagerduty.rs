//! What is told to PagerDuty? An event of its Events API v2.
//!
//! The incident's name is the `dedup_key`: however often it is triggered, it is
//! one alert there, and it is closed by the same key.
//!
//! | Kind of message | Event |
//! |---|---|
//! | opened, page, updated, reminder, asks, failsafe | `trigger` |
//! | acknowledged | `acknowledge` |
//! | resolved, and any kind once the incident is over | `resolve` |
//! | mended | none |
//!
//! *Mended* is for information: people are told again when the incident is
//! resolved. A `trigger` for it would page anew if the alert had been closed in
//! PagerDuty meanwhile, and PagerDuty has no event that only adds a note.
//!
//! *Any kind once it is over*: a message that was held up must not open an alert
//! that nobody will close. A `resolve` for which there is no open alert is
//! dropped there.
//!
//! Limits (PagerDuty's documentation of the Events API v2): summary 1,024
//! characters, `dedup_key` 255, the event 512 KB.

use domain::message::Brief;
use domain::notice::NoticeKind;
use domain::priority::Priority;
use domain::text::shorten;
use serde_json::{Map, Value, json};

use crate::endpoint::link_host;

/// The path that takes events, below the base of the API.
pub(crate) const PATH: &str = "v2/enqueue";

const SUMMARY_MAX: usize = 1_024;
const DEDUP_KEY_MAX: usize = 255;
const NAME_MAX: usize = 255;
const LINK_MAX: usize = 2_000;
/// Longest fact, in characters.
const FACT_MAX: usize = 4_000;
/// All facts together, in bytes of JSON; the rest of an event stays far below
/// what is left of 512 KB.
const FACTS_MAX: usize = 400_000;

/// Writes the event, without its `routing_key`; none for what PagerDuty need not
/// hear of.
pub fn event(brief: &Brief) -> Option<Value> {
    let key = dedup_key(brief);
    Some(match (&brief.kind, brief.is_over) {
        (NoticeKind::Resolved, _) | (_, true) => json!({ "event_action": "resolve", "dedup_key": key }),
        (NoticeKind::Mended, false) => return None,
        (NoticeKind::Acknowledged { .. }, false) => json!({ "event_action": "acknowledge", "dedup_key": key }),
        (
            NoticeKind::Opened
            | NoticeKind::Page { .. }
            | NoticeKind::Updated
            | NoticeKind::Reminder
            | NoticeKind::Asks { .. }
            | NoticeKind::Failsafe { .. },
            false,
        ) => trigger(brief, &key),
    })
}

/// The name of the alert in PagerDuty.
pub(crate) fn dedup_key(brief: &Brief) -> String {
    brief.id.chars().take(DEDUP_KEY_MAX).collect()
}

fn trigger(brief: &Brief, key: &str) -> Value {
    let service = brief.service.as_deref().map(|service| shorten(service, NAME_MAX));
    let mut payload = json!({
        "summary": shorten(&format!("{} {}", brief.priority, brief.headline), SUMMARY_MAX),
        "source": service.as_deref().unwrap_or("watchkeeper"),
        "severity": severity(brief.priority),
        "timestamp": brief.opened_at.to_string(),
        "custom_details": details(brief),
    });
    if let Some(service) = service {
        payload["component"] = Value::from(service);
    }
    let mut event = json!({
        "event_action": "trigger",
        "dedup_key": key,
        "client": "Watchkeeper",
        "payload": payload,
    });
    let link = usable(brief.link.as_ref()).map(|href| json!({ "href": href, "text": "See it and answer" }));
    let runbook = usable(brief.runbook.as_ref()).map(|href| json!({ "href": href, "text": "Runbook" }));
    let links: Vec<Value> = link.into_iter().chain(runbook).collect();
    if !links.is_empty() {
        event["links"] = Value::Array(links);
    }
    if let Some(link) = usable(brief.link.as_ref()) {
        event["client_url"] = Value::from(link);
    }
    event
}

/// A link that PagerDuty takes: it refuses an event with a bad one as a whole.
fn usable(link: Option<&String>) -> Option<&str> {
    link.map(String::as_str).filter(|link| link_host(link, LINK_MAX).is_some())
}

const fn severity(priority: Priority) -> &'static str {
    match priority {
        Priority::P1 => "critical",
        Priority::P2 => "error",
        Priority::P3 => "warning",
        Priority::P4 => "info",
    }
}

/// The facts by name; facts of one name stand below each other.
fn details(brief: &Brief) -> Value {
    let mut details: Map<String, Value> = Map::new();
    let mut room = FACTS_MAX;
    let id = ("Incident", brief.id.as_str());
    // A runbook that is no link would be lost otherwise.
    let runbook = brief.runbook.iter().map(|runbook| ("Runbook", runbook.as_str()));
    let facts = brief.facts.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in std::iter::once(id).chain(runbook).chain(facts) {
        let name = shorten(name, NAME_MAX);
        let value = shorten(value, FACT_MAX);
        // Escapes in JSON take at most six bytes for one.
        let size = 6 * (name.len() + value.len() + 2);
        if size > room {
            details.insert("Left out".to_owned(), Value::from("there are more facts than an event can hold"));
            break;
        }
        room -= size;
        match details.get_mut(&name) {
            Some(Value::String(present)) => {
                present.push('\n');
                present.push_str(&value);
            }
            Some(_) | None => {
                details.insert(name, Value::String(value));
            }
        }
    }
    Value::Object(details)
}

#[cfg(test)]
mod tests;
