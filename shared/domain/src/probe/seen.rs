//! What did a step see? All that expectations and captures can ask for.

use std::borrow::Cow;
use std::sync::OnceLock;

use serde_json::Value;

use super::report::Phases;

/// What a step saw.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The status of the answer: HTTP's, or the one that opened a WebSocket.
    pub status: Option<u16>,
    /// Header fields of the answer, in order, names as they came.
    pub headers: Vec<(String, String)>,
    /// Cookies that the flow has for the address by now.
    pub cookies: Vec<(String, String)>,
    /// What came: decoded, up to the cap.
    pub body: Vec<u8>,
    /// Whether there was more than the cap lets through.
    pub is_cut: bool,
    /// How many bytes the body has, decoded.
    pub size: u64,
    /// How long it took.
    pub phases: Phases,
    /// What was seen of TLS.
    pub tls: Option<TlsSeen>,
    /// What was seen of a language model.
    pub llm: Option<LlmSeen>,
}

impl Seen {
    /// The value of a header field, by its name in any case; those of several fields of
    /// this name are joined with `, `, as RFC 9110 (section 5.3) reads them.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut found =
            self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        let first = Cow::Borrowed(found.next()?);
        Some(found.fold(first, |all, next| Cow::Owned(format!("{all}, {next}"))))
    }

    /// The value of a cookie, by its name, which has a case; the last one if several have
    /// it.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What a step saw, read as text and as JSON at most once each, for all the expectations
/// and captures of the step.
#[derive(Debug)]
pub struct View<'a> {
    seen: &'a Seen,
    text: OnceLock<Cow<'a, str>>,
    json: OnceLock<Result<Value, String>>,
}

impl<'a> View<'a> {
    /// A view of what was seen; nothing is read yet.
    pub fn of(seen: &'a Seen) -> View<'a> {
        View { seen, text: OnceLock::new(), json: OnceLock::new() }
    }

    /// What was seen.
    pub fn seen(&self) -> &'a Seen {
        self.seen
    }

    /// The body as text; what is not UTF-8 in it is shown as U+FFFD.
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| String::from_utf8_lossy(&self.seen.body))
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// Why it is none, as the rest of a sentence: `the body is no JSON: …`.
    pub fn json(&self) -> Result<&Value, &str> {
        let read = || {
            if self.seen.is_cut {
                return Err(format!("the body was cut after {} bytes, so that it cannot be read as JSON", self.seen.body.len()));
            }
            if self.seen.body.is_empty() {
                return Err("the body is empty, and no JSON".to_owned());
            }
            serde_json::from_slice(&self.seen.body).map_err(|err| format!("the body is no JSON: {err}"))
        };
        self.json.get_or_init(read).as_ref().map_err(String::as_str)
    }
}

/// What was seen of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSeen {
    /// Whole days until the first certificate of the chain ends; negative if one has ended.
    pub days_left: i64,
    /// To whom the server's certificate was issued.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// The names that it is good for.
    pub names: Vec<String>,
    /// How many certificates the server sent.
    pub chain: usize,
    /// The version spoken: `TLSv1.2` or `TLSv1.3`.
    pub version: String,
}

/// What was seen of a language model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LlmSeen {
    /// Until the first token came, if it was taken as it came.
    pub first_token: Option<std::time::Duration>,
    /// Tokens of the prompt.
    pub tokens_in: Option<u64>,
    /// Tokens of the answer.
    pub tokens_out: Option<u64>,
    /// Dollars.
    pub cost: Option<f64>,
    /// How similar it is to the most similar approved answer, from 0 to 1.
    pub similarity: Option<f64>,
}
