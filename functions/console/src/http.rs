//! A function URL's requests and responses.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use runtime::Failure;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ping::PING_PATH;

/// Longest form that is read, in bytes.
const FORM_MAX: usize = 8_192;
/// Where Slack hands in clicks.
pub(crate) const SLACK_PATH: &str = "/slack";
/// Longest form that is read from Slack, in bytes: the message with the button is in
/// it, of some 13,000 characters, each up to nine bytes here.
const SLACK_FORM_MAX: usize = 262_144;
/// How much is read of what a job says, in bytes. What is longer is cut, not refused:
/// the ping counts all the same.
const LOG_MAX: usize = 10_240;

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    /// As it came; nothing if it is too long to be read.
    pub(crate) body: String,
    form: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UrlEvent {
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    request_context: UrlContext,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Debug, Deserialize)]
struct UrlContext {
    http: UrlHttp,
}

#[derive(Debug, Deserialize)]
struct UrlHttp {
    method: String,
}

impl Request {
    /// Reads a function URL's event.
    pub(crate) fn read(payload: &str) -> Result<Request, Failure> {
        let raw: UrlEvent = serde_json::from_str(payload)
            .map_err(|error| Failure::new("BadRequest", format!("this is not a request of a function URL: {error}")))?;
        let body = raw.body.unwrap_or_default();
        if raw.raw_path.starts_with(PING_PATH) {
            let body = log(&body, raw.is_base64_encoded);
            return Ok(Request::of(&raw.request_context.http.method, raw.raw_path, "", raw.headers, body, BTreeMap::new()));
        }
        let body = if raw.is_base64_encoded {
            STANDARD.decode(&body).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
        } else {
            body
        };
        let max = if raw.raw_path == SLACK_PATH { SLACK_FORM_MAX } else { FORM_MAX };
        let body = if body.len() > max { String::new() } else { body };
        let form = pairs(&body);
        Ok(Request::of(&raw.request_context.http.method, raw.raw_path, &raw.raw_query_string, raw.headers, body, form))
    }

    fn of(
        method: &str,
        path: String,
        query: &str,
        headers: BTreeMap<String, String>,
        body: String,
        form: BTreeMap<String, String>,
    ) -> Request {
        Request {
            method: method.to_ascii_uppercase(),
            path,
            query: pairs(query),
            headers: headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
            form,
            body,
        }
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A header by its name in lower case; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn form(&self, name: &str) -> Option<&str> {
        self.form.get(name).map(String::as_str)
    }
}

/// The beginning of what a job says, whatever bytes it is made of.
fn log(body: &str, is_base64_encoded: bool) -> String {
    let upto = |max: usize| &body.as_bytes()[..body.len().min(max)];
    if is_base64_encoded {
        // Four characters are three bytes.
        STANDARD
            .decode(upto(LOG_MAX.div_ceil(3) * 4))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    } else {
        String::from_utf8_lossy(upto(LOG_MAX)).into_owned()
    }
}

fn pairs(encoded: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(encoded.as_bytes()).into_owned().collect()
}

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: BTreeMap<&'static str, String>,
    body: String,
}

impl Response {
    /// A page. It loads nothing from elsewhere, is not kept, is not framed, and
    /// does not say where its reader came from: its address is a credential.
    pub(crate) fn page(status: u16, body: String) -> Response {
        let headers = [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-robots-tag", "noindex"),
            (
                "content-security-policy",
                "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            ),
            ("strict-transport-security", "max-age=31536000"),
        ];
        Response { status, headers: headers.map(|(name, value)| (name, value.to_owned())).into(), body }
    }

    pub(crate) fn text(status: u16, body: &str) -> Response {
        let mut response = Response::page(status, body.to_owned());
        response.headers.insert("content-type", "text/plain; charset=utf-8".to_owned());
        response
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Response {
        self.headers.insert(name, value.to_owned());
        self
    }

    pub(crate) fn into_value(self) -> Value {
        json!({"statusCode": self.status, "headers": self.headers, "body": self.body})
    }
}
