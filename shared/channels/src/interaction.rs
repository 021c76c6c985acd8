//! Who has pressed what in Slack, is it really Slack that says so, and what is it told?
//!
//! Slack hands a click to the app's request URL as a form whose field `payload` is
//! JSON. It is signed: HMAC-SHA256 with the app's signing secret over `v0:`, the
//! header `X-Slack-Request-Timestamp`, a colon and the body as it came; in
//! `X-Slack-Signature`, after `v0=`, in hexadecimal. Only who pressed and where to
//! answer is read from the payload, and what the button carries, which its maker has
//! signed; the message in it is shown again and decides nothing.

use domain::text::clean;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::endpoint::Endpoint;
use crate::slack::{escaped, mrkdwn};

/// Where answers to clicks go, and nowhere else.
pub const HOOKS: &str = "https://hooks.slack.com/";

/// How far a request's time may be from ours, in seconds.
const AGE_MAX_SECONDS: u64 = 300;
/// Longest name of whoever pressed, in characters.
const NAME_MAX: usize = 40;
/// Longest sentence about what came of it, in UTF-16 code units.
const SAID_MAX: usize = 1_000;

/// Whether a request was signed by Slack with `secret`, and lately.
pub fn is_genuine(secret: &[u8], timestamp: &str, signature: &str, body: &[u8], now: Timestamp) -> bool {
    let is_number = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let Some(sent_at) = timestamp.parse::<i64>().ok().filter(|_| is_number) else { return false };
    let Some(given) = signature.strip_prefix("v0=").and_then(bytes_of) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    for part in [b"v0:".as_slice(), timestamp.as_bytes(), b":", body] {
        mac.update(part);
    }
    // In constant time, whatever the length.
    mac.verify_slice(&given).is_ok() && now.as_second().abs_diff(sent_at) <= AGE_MAX_SECONDS
}

fn bytes_of(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits = hexadecimal.as_bytes();
    let is_hexadecimal = digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit);
    let pairs = digits.chunks_exact(2).filter(|_| is_hexadecimal);
    let bytes = pairs.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    is_hexadecimal.then(|| bytes.collect())
}

/// A click on a button.
#[derive(Debug, Clone, PartialEq)]
pub struct Click {
    /// Who, as it stands in the record: `slack:` and the user's name or id.
    pub by: String,
    /// What the button carries; none if it only opens a link.
    pub carries: Option<String>,
    /// Where to say what came of it.
    pub response_url: String,
    block_id: String,
    blocks: Vec<Value>,
}

impl Click {
    /// Reads the form's field `payload`; none if it tells of no click on a button.
    pub fn read(payload: &str) -> Option<Click> {
        let mut payload: Value = serde_json::from_str(payload).ok()?;
        if payload["type"] != "block_actions" {
            return None;
        }
        let user = &payload["user"];
        let name = [&user["username"], &user["name"], &user["id"]].into_iter().find_map(|name| plain_name(name.as_str()?))?;
        let action = &payload["actions"][0];
        if action["type"] != "button" {
            return None;
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let carries = text(&action["value"]).filter(|value| !value.is_empty());
        let block_id = text(&action["block_id"]).unwrap_or_default();
        let response_url = text(&payload["response_url"]).unwrap_or_default();
        let blocks = match payload["message"]["blocks"].take() {
            Value::Array(blocks) => blocks,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => Vec::new(),
        };
        Some(Click { by: format!("slack:{name}"), carries, response_url, block_id, blocks })
    }

    /// The message with `said` in the place of the buttons: for everybody who sees it.
    /// Without its blocks, as [`Click::aside`].
    pub fn settled(&self, said: &str) -> Value {
        let said = escaped(&clean(said, SAID_MAX), SAID_MAX);
        let is_pressed = |block: &Value| block["type"] == "actions" && block["block_id"] == self.block_id.as_str();
        if !self.blocks.iter().any(is_pressed) {
            return aside(&said);
        }
        let told = json!({ "type": "section", "text": mrkdwn(&said) });
        let blocks = self.blocks.iter().map(|block| if is_pressed(block) { told.clone() } else { block.clone() });
        json!({ "replace_original": true, "text": said, "blocks": blocks.collect::<Vec<_>>() })
    }

    /// `said` to whoever pressed, and to nobody else; the message stays as it is.
    pub fn aside(&self, said: &str) -> Value {
        aside(&escaped(&clean(said, SAID_MAX), SAID_MAX))
    }
}

fn aside(said: &str) -> Value {
    json!({ "replace_original": false, "response_type": "ephemeral", "text": said })
}

/// A name in letters that mean nothing elsewhere; none if nothing is left of it.
fn plain_name(name: &str) -> Option<String> {
    let is_plain = |ch: &char| ch.is_ascii_alphanumeric() || matches!(ch, '.' | '_' | '-');
    let name: String = name.chars().filter(is_plain).take(NAME_MAX).collect();
    (!name.is_empty()).then_some(name)
}

/// The address for an answer; none if it does not begin with `hooks`, which ends with
/// a slash: a payload must not have requests sent to anywhere else.
pub(crate) fn response_endpoint(url: &str, hooks: &str) -> Option<Endpoint> {
    url.strip_prefix(hooks).filter(|path| !path.is_empty())?;
    Endpoint::parse(url).ok()
}

#[cfg(test)]
mod tests;
