//! What the real services do, as their documentation says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Act, Seen};

/// Whom a server plays.
#[derive(Debug, Clone)]
pub(crate) enum Role {
    /// Slack's `chat.postMessage`, with its token and channel, and an incoming
    /// webhook at `/services/…`. Keeps the messages.
    Slack { token: &'static str, channel: &'static str, messages: Vec<Value> },
    /// PagerDuty's Events API v2. Keeps the alerts by `dedup_key`, and their
    /// states in order.
    Pagerduty { alerts: BTreeMap<String, Vec<&'static str>> },
    /// A receiver of signed webhooks. Keeps the keys of the messages that it has
    /// dealt with.
    Receiver { key: &'static str, now: i64, dealt_with: BTreeSet<String> },
}

impl Role {
    pub(crate) fn slack() -> Role {
        Role::Slack { token: "xoxb-SECRET", channel: "C0123", messages: Vec::new() }
    }

    pub(crate) fn pagerduty() -> Role {
        Role::Pagerduty { alerts: BTreeMap::new() }
    }

    pub(crate) fn receiver(key: &'static str, now: i64) -> Role {
        Role::Receiver { key, now, dealt_with: BTreeSet::new() }
    }

    pub(crate) fn perform(&mut self, seen: &Seen) -> Act {
        if seen.method != "POST" || !seen.header("content-type").starts_with("application/json") {
            return Act::say(405, "");
        }
        match self {
            Role::Slack { messages, .. } if seen.path.starts_with("/services/") => {
                if let Some(error) = slack_refuses(&seen.json()) {
                    return Act::say(400, error);
                }
                messages.push(seen.json());
                Act::say(200, "ok")
            }
            Role::Slack { token, channel, messages } => match slack_api(seen, token, channel) {
                Err(error) => Act::say(200, &json!({ "ok": false, "error": error }).to_string()),
                Ok(message) => {
                    messages.push(message.clone());
                    let ts = format!("1795226700.{:06}", messages.len());
                    let reply = json!({ "ok": true, "channel": channel, "ts": ts, "message": message });
                    Act::say(200, &reply.to_string())
                }
            },
            Role::Pagerduty { alerts } => pagerduty(seen, alerts),
            Role::Receiver { key, now, dealt_with } => {
                if let Err(why) = verify(key.as_bytes(), *now, seen) {
                    return Act::say(401, why);
                }
                dealt_with.insert(seen.header("idempotency-key").to_owned());
                Act::say(204, "")
            }
        }
    }
}

fn slack_api(seen: &Seen, token: &str, channel: &str) -> Result<Value, &'static str> {
    if seen.path != "/api/chat.postMessage" {
        return Err("unknown_method");
    }
    if seen.header("authorization") != format!("Bearer {token}") {
        return Err("invalid_auth");
    }
    let message = seen.json();
    if message["channel"] != channel {
        return Err("channel_not_found");
    }
    slack_refuses(&message).map_or(Ok(message), Err)
}

/// The limits of Block Kit that a message of ours could meet.
fn slack_refuses(message: &Value) -> Option<&'static str> {
    let is_long =
        |text: &Value, max: usize| text["text"].as_str().is_none_or(|text| text.is_empty() || text.chars().count() > max);
    let blocks = message["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_bad = |block: &Value| match block["type"].as_str() {
        Some("header") => is_long(&block["text"], 150) || block["text"]["type"] != "plain_text",
        Some("section") => match block["fields"].as_array() {
            Some(fields) => fields.len() > 10 || fields.iter().any(|field| is_long(field, 2_000)),
            None => is_long(&block["text"], 3_000),
        },
        Some("context") => block["elements"].as_array().is_none_or(|list| list.len() > 10),
        Some("actions") => block["elements"].as_array().is_none_or(|list| {
            list.iter().any(|button| button["url"].as_str().is_none_or(|url| url.len() > 3_000 || !url.starts_with("http")))
        }),
        _ => true,
    };
    if message["text"].as_str().is_none_or(str::is_empty) {
        Some("no_text")
    } else if blocks.len() > 50 || blocks.iter().any(is_bad) {
        Some("invalid_blocks")
    } else {
        None
    }
}

fn pagerduty(seen: &Seen, alerts: &mut BTreeMap<String, Vec<&'static str>>) -> Act {
    let event = seen.json();
    let bad = |what: &str| {
        let reply = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": [what] });
        Act::say(400, &reply.to_string())
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if seen.path != "/v2/enqueue" {
        return Act::say(404, "");
    }
    if text(&event["routing_key"]).len() != 32 {
        return bad("Length of 'routing_key' is incorrect (should be 32 characters)");
    }
    if seen.body.len() > 512 * 1_000 {
        return Act::say(413, "");
    }
    let payload = &event["payload"];
    let key = text(&event["dedup_key"]);
    let is_open = alerts.get(&key).and_then(|states| states.last()).is_some_and(|state| *state != "resolved");
    match event["event_action"].as_str() {
        Some("trigger") => {
            let summary = text(&payload["summary"]).chars().count();
            let severity = text(&payload["severity"]);
            if summary == 0 || summary > 1_024 || payload["source"].as_str().is_none_or(str::is_empty) {
                return bad("'payload' is incomplete");
            }
            if !["critical", "error", "warning", "info"].contains(&severity.as_str()) {
                return bad("'severity' is invalid");
            }
            if !is_open {
                alerts.entry(key.clone()).or_default().push("triggered");
            }
        }
        // What there is no open alert for is dropped.
        Some("acknowledge") if is_open => alerts.entry(key.clone()).or_default().push("acknowledged"),
        Some("resolve") if is_open => alerts.entry(key.clone()).or_default().push("resolved"),
        Some("acknowledge" | "resolve") => {}
        _ => return bad("'event_action' is invalid"),
    }
    Act::say(202, &json!({ "status": "success", "message": "Event processed", "dedup_key": key }).to_string())
}

/// Verifies a signature by the steps in the documentation of `channels::webhook`.
fn verify(key: &[u8], now: i64, seen: &Seen) -> Result<(), &'static str> {
    let parts: BTreeMap<&str, &str> =
        seen.header("x-watchkeeper-signature").split(',').filter_map(|part| part.split_once('=')).collect();
    let t = parts.get("t").ok_or("no time")?;
    let signed = [t.as_bytes(), b".", &seen.body].concat();
    let wanted = hmac_sha256(key, &signed).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    if parts.get("v1") != Some(&wanted.as_str()) {
        return Err("wrong signature");
    }
    let t: i64 = t.parse().map_err(|_| "no time")?;
    if (t - now).abs() <= 300 { Ok(()) } else { Err("too old") }
}

/// HMAC written out (RFC 2104), so that it is not the code under test.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::digest([block.map(|byte| byte ^ 0x36).as_slice(), message].concat());
    Sha256::digest([block.map(|byte| byte ^ 0x5c).as_slice(), inner.as_slice()].concat()).to_vec()
}
