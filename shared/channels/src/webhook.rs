//! What does a receiver of our own webhook get, and how does it know that it is
//! ours?
//!
//! # The request
//!
//! A `POST` with a [`Body`] as JSON and these headers:
//!
//! | Header | What |
//! |---|---|
//! | `X-Watchkeeper-Signature` | `t=<unix seconds>,v1=<64 hexadecimal digits>` |
//! | `Idempotency-Key` | the same for every attempt at one message, and as `notice` in the body |
//! | `Content-Type` | `application/json; charset=utf-8` |
//!
//! Any status from 200 to 299 says that the message was taken; its body is not
//! looked at. 408, 425, 429 and 500 to 599 ask for another attempt (`Retry-After`
//! is honoured); everything else, redirects too, says that it will never be taken.
//!
//! # Verifying
//!
//! 1. Split the header at the comma into `t` and `v1`; ignore parts that you do
//!    not know. There may be more than one `v1` one day: one that fits is enough.
//! 2. Compute HMAC-SHA256 with the signing key (the bytes of the text in the
//!    secret) over the text of `t`, a full stop, and the bytes of the body just as
//!    they came, before any parsing.
//! 3. Compare its lower-case hexadecimal digits with `v1` in constant time.
//! 4. Refuse the message if `t` is more than five minutes away from your clock:
//!    somebody may be replaying it.
//! 5. If you have already dealt with this `Idempotency-Key`, answer 200 and do
//!    nothing.
//!
//! In Python:
//!
//! ```text
//! parts = dict(part.split("=", 1) for part in header.split(","))
//! wanted = hmac.new(key, parts["t"].encode() + b"." + body, "sha256").hexdigest()
//! good = hmac.compare_digest(wanted, parts["v1"]) and abs(time.time() - int(parts["t"])) <= 300
//! ```

use std::fmt::Write as _;

use domain::message::Brief;
use domain::question::Question;
use hmac::{Hmac, KeyInit, Mac};
use hyper::header::HeaderName;
use jiff::Timestamp;
use serde::Serialize;
use sha2::Sha256;

/// The header that holds the signature.
pub(crate) const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-watchkeeper-signature");

/// The version of the body. Fields may be added to a version; what is there
/// keeps its name and meaning.
pub const VERSION: u32 = 1;

/// The body, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Body<'a> {
    /// Always 1.
    pub version: u32,
    /// Names this message: the `Idempotency-Key`.
    pub notice: &'a str,
    /// The incident's name: `0K3-M9Q-F7T`.
    pub id: &'a str,
    /// `opened`, `page`, `updated`, `reminder`, `mended`, `asks`, `acknowledged`,
    /// `resolved` or `failsafe`.
    pub kind: &'static str,
    /// `P1` (most urgent) to `P4`.
    pub priority: String,
    /// One line for people: what and where.
    pub headline: &'a str,
    /// The service, or null.
    pub service: Option<&'a str>,
    /// Facts in the order in which people should read them; a name can come more
    /// than once.
    pub facts: Vec<Fact<'a>>,
    /// Remediations that wait for a person's approval; answer behind `link`.
    pub questions: Vec<Asked<'a>>,
    /// Where to see the incident and answer, or null. It holds a signature that
    /// lets its bearer answer: do not log it.
    pub link: Option<&'a str>,
    /// Where to read what to do, or null. Often a link, but any text.
    pub runbook: Option<&'a str>,
    /// When the incident was opened: RFC 3339 in UTC.
    pub opened_at: Timestamp,
    /// Whether the incident is over.
    pub is_over: bool,
}

/// A fact in a [`Body`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact<'a> {
    /// What it is.
    pub name: &'a str,
    /// What it says.
    pub value: &'a str,
}

/// A question in a [`Body`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked<'a> {
    /// The remediation's name.
    pub remediation: &'a str,
    /// What would be done, as the end of a sentence: `reboot db-1`.
    pub does: &'a str,
    /// Until when it can be approved or declined: RFC 3339 in UTC.
    pub expires_at: Timestamp,
}

impl<'a> Body<'a> {
    /// The body of the message that is named `notice`.
    pub fn new(brief: &'a Brief, notice: &'a str) -> Body<'a> {
        Body {
            version: VERSION,
            notice,
            id: &brief.id,
            kind: brief.kind.word(),
            priority: brief.priority.to_string(),
            headline: &brief.headline,
            service: brief.service.as_deref(),
            facts: brief.facts.iter().map(|(name, value)| Fact { name, value }).collect(),
            questions: brief.asks.iter().map(|ask| Asked::new(&ask.question)).collect(),
            link: brief.link.as_deref(),
            runbook: brief.runbook.as_deref(),
            opened_at: brief.opened_at,
            is_over: brief.is_over,
        }
    }

    /// The body as it is sent and signed.
    pub fn to_json(&self) -> String {
        // Only maps with keys that are no text and failing writers can fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl<'a> Asked<'a> {
    fn new(question: &'a Question) -> Asked<'a> {
        Asked { remediation: &question.remediation, does: &question.does, expires_at: question.expires_at }
    }
}

/// The key by which a receiver tells a repetition: a notice's id is unique only
/// within its incident. Printable ASCII without blanks.
pub(crate) fn idempotency_key(brief: &Brief, notice_id: &str) -> String {
    let key = format!("{}:{notice_id}", brief.id);
    key.chars().filter(char::is_ascii_graphic).collect()
}

/// The value of `X-Watchkeeper-Signature` for a body that is sent at `now`.
pub fn signature(signing_key: &[u8], now: Timestamp, body: &[u8]) -> String {
    let t = now.as_second().to_string();
    let mut out = format!("t={t},v1=");
    // HMAC takes keys of every length, so there is always one.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(signing_key) {
        mac.update(t.as_bytes());
        mac.update(b".");
        mac.update(body);
        for byte in mac.finalize().into_bytes() {
            let _ = write!(out, "{byte:02x}");
        }
    }
    out
}

#[cfg(test)]
mod tests;
