//! Where do messages go, and with which key? What an operator stores in a secret.
//!
//! A secret is a JSON object; fields that are not named here are left alone.
//!
//! | Kind | Fields |
//! |---|---|
//! | [`Kind::Slack`], by incoming webhook | `webhook_url` |
//! | [`Kind::Slack`], by bot (threads; takes precedence) | `bot_token` with the scope `chat:write`, `channel` (its id), `api_url` (default `https://slack.com/api`) |
//! | [`Kind::Pagerduty`] | `routing_key` of an Events API v2 integration, `api_url` (default `https://events.pagerduty.com`; the EU's is `https://events.eu.pagerduty.com`) |
//! | [`Kind::Webhook`] | `url`, `signing_key` of at least 32 bytes |
//! | [`Kind::Checker`] | `url` |

use std::fmt;

use bytes::Bytes;
use hyper::Uri;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use serde_json::{Map, Value};

use crate::client::Outgoing;
use crate::endpoint::Endpoint;
use crate::{pagerduty, slack, webhook};

/// Least length of a webhook's signing key, in bytes.
const SIGNING_KEY_MIN: usize = 32;

const SLACK_API: &str = "https://slack.com/api";
const PAGERDUTY_API: &str = "https://events.pagerduty.com";
const AGENT: &str = concat!("watchkeeper/", env!("CARGO_PKG_VERSION"));
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What kind of channel it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A Slack channel.
    Slack,
    /// A PagerDuty service.
    Pagerduty,
    /// A webhook of the operator's own.
    Webhook,
    /// A checker outside that waits for beats: any `POST` to its address is one.
    Checker,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Slack => "Slack",
            Kind::Pagerduty => "PagerDuty",
            Kind::Webhook => "webhook",
            Kind::Checker => "checker",
        }
    }

    fn looks(self) -> &'static str {
        match self {
            Kind::Slack => r#"{"webhook_url": "https://hooks.slack.com/services/…"} or {"bot_token": "xoxb-…", "channel": "C…"}"#,
            Kind::Pagerduty => r#"{"routing_key": "the 32 characters of the integration key"}"#,
            Kind::Webhook => r#"{"url": "https://…", "signing_key": "at least 32 random characters"}"#,
            Kind::Checker => r#"{"url": "https://…"}"#,
        }
    }
}

/// A secret that cannot be used. The text says what is missing and how it should
/// look, and does not repeat what is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSecret(String);

/// A place for messages, with what it takes to reach it. Showing it shows no
/// secret.
#[derive(Clone)]
pub struct Destination {
    pub(crate) way: Way,
    pub(crate) endpoint: Endpoint,
}

/// How a place is spoken to.
#[derive(Clone)]
pub(crate) enum Way {
    SlackWebhook,
    SlackBot { authorization: HeaderValue, channel: String },
    Pagerduty { routing_key: String },
    Webhook { signing_key: String },
    Checker,
}

/// A request, ready to be sent any number of times.
pub(crate) struct Letter {
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Destination({} at {})", self.kind().name(), self.host())
    }
}

impl Destination {
    /// Reads a secret.
    ///
    /// # Errors
    /// [`BadSecret`] when it is not a JSON object, lacks a field, or has one that
    /// cannot be right.
    pub fn parse(kind: Kind, secret_json: &str) -> Result<Destination, BadSecret> {
        let fields = Fields::parse(kind, secret_json)?;
        match kind {
            Kind::Slack => match fields.find("bot_token")? {
                Some(token) => fields.slack_bot(token),
                None => Ok(Destination { way: Way::SlackWebhook, endpoint: fields.url("webhook_url")? }),
            },
            Kind::Pagerduty => Ok(Destination {
                way: Way::Pagerduty { routing_key: fields.word("routing_key")?.to_owned() },
                endpoint: fields.api(PAGERDUTY_API, pagerduty::PATH)?,
            }),
            Kind::Webhook => {
                let endpoint = fields.url("url")?;
                // Taken as it is: the receiver's copy may have blanks at its ends, too.
                fields.need("signing_key")?;
                let signing_key = fields.fields.get("signing_key").and_then(Value::as_str).unwrap_or_default().to_owned();
                if signing_key.len() < SIGNING_KEY_MIN {
                    return Err(fields.bad("signing_key", &format!("is shorter than {SIGNING_KEY_MIN} bytes")));
                }
                Ok(Destination { way: Way::Webhook { signing_key }, endpoint })
            }
            Kind::Checker => Ok(Destination { way: Way::Checker, endpoint: fields.url("url")? }),
        }
    }

    /// The kind of channel.
    pub fn kind(&self) -> Kind {
        match self.way {
            Way::SlackWebhook | Way::SlackBot { .. } => Kind::Slack,
            Way::Pagerduty { .. } => Kind::Pagerduty,
            Way::Webhook { .. } => Kind::Webhook,
            Way::Checker => Kind::Checker,
        }
    }

    /// The host that messages are sent to, with the port if it is not the usual
    /// one.
    pub fn host(&self) -> String {
        self.endpoint.host()
    }

    /// Whether a message that arrives twice is taken as one.
    pub(crate) fn is_repeatable(&self) -> bool {
        match self.way {
            Way::SlackWebhook | Way::SlackBot { .. } => false,
            Way::Pagerduty { .. } | Way::Webhook { .. } | Way::Checker => true,
        }
    }

    /// Takes the secrets out of a text that came from the other side, should it
    /// repeat what it was sent.
    pub(crate) fn redact(&self, text: &str) -> String {
        let uri = self.endpoint.uri();
        let secrets = match &self.way {
            Way::SlackWebhook => [uri.path(), ""],
            Way::Checker => [uri.path_and_query().map_or("", |path| path.as_str()), uri.path()],
            Way::SlackBot { authorization, .. } => [authorization.to_str().unwrap_or_default().trim_start_matches("Bearer "), ""],
            Way::Pagerduty { routing_key } => [routing_key, ""],
            Way::Webhook { signing_key } => [signing_key.as_str(), uri.path_and_query().map_or("", |path| path.as_str())],
        };
        // The path `/` is no secret.
        let secrets = secrets.into_iter().filter(|secret| secret.len() > 1);
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    }

    /// Writes the request; none if there is nothing to say there.
    pub(crate) fn letter(&self, outgoing: &Outgoing<'_>, shape: slack::Shape) -> Option<Letter> {
        let mut headers = HeaderMap::new();
        let body = match &self.way {
            // Who it is of is in the address alone.
            Way::Checker => "{}".to_owned(),
            Way::SlackWebhook => slack::message(outgoing.brief, None, shape).to_string(),
            Way::SlackBot { authorization, channel } => {
                headers.insert(AUTHORIZATION, authorization.clone());
                let mut message = slack::message(outgoing.brief, outgoing.thread, shape);
                message["channel"] = Value::from(channel.as_str());
                message.to_string()
            }
            Way::Pagerduty { routing_key } => {
                let mut event = pagerduty::event(outgoing.brief)?;
                event["routing_key"] = Value::from(routing_key.as_str());
                event.to_string()
            }
            Way::Webhook { signing_key } => {
                let key = webhook::idempotency_key(outgoing.brief, outgoing.key);
                let body = webhook::Body::new(outgoing.brief, &key).to_json();
                let signature = webhook::signature(signing_key.as_bytes(), outgoing.now, body.as_bytes());
                // Both are written by us in printable ASCII.
                headers.extend(HeaderValue::try_from(key).map(|value| (IDEMPOTENCY_KEY, value)));
                headers.extend(HeaderValue::try_from(signature).map(|value| (webhook::SIGNATURE_HEADER, value)));
                body
            }
        };
        let mut letter = Letter::of_json(&self.endpoint, body);
        letter.headers.extend(headers);
        Some(letter)
    }
}

impl Letter {
    /// A letter with a body in JSON.
    pub(crate) fn of_json(endpoint: &Endpoint, body: String) -> Letter {
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        Letter { uri: endpoint.uri().clone(), headers, body: Bytes::from(body) }
    }
}

/// The fields of a secret.
struct Fields {
    kind: Kind,
    fields: Map<String, Value>,
}

impl Fields {
    fn parse(kind: Kind, secret_json: &str) -> Result<Fields, BadSecret> {
        // The error of serde_json can quote what it found, so it is not passed on.
        match serde_json::from_str(secret_json) {
            Ok(Value::Object(fields)) => Ok(Fields { kind, fields }),
            Ok(_) | Err(_) => {
                Err(BadSecret(format!("the {} secret is not a JSON object; store it as {}", kind.name(), kind.looks())))
            }
        }
    }

    fn bad(&self, field: &str, what: &str) -> BadSecret {
        BadSecret(format!("`{field}` in the {} secret {what}; store it as {}", self.kind.name(), self.kind.looks()))
    }

    /// The text of a field without blanks around it; none if there is no such
    /// field or it is empty.
    fn find(&self, field: &str) -> Result<Option<&str>, BadSecret> {
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(self.bad(field, "is not a text in quotes"))
            }
        }
    }

    fn need(&self, field: &str) -> Result<&str, BadSecret> {
        self.find(field)?.ok_or_else(|| self.bad(field, "is missing"))
    }

    /// A field that is one word of printable ASCII, as tokens and keys are.
    fn word(&self, field: &str) -> Result<&str, BadSecret> {
        let text = self.need(field)?;
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(text)
        } else {
            Err(self.bad(field, "holds blanks or characters that no such key has"))
        }
    }

    fn url(&self, field: &str) -> Result<Endpoint, BadSecret> {
        Endpoint::parse(self.need(field)?).map_err(|what| self.bad(field, what))
    }

    fn api(&self, default: &str, path: &str) -> Result<Endpoint, BadSecret> {
        let base = self.find("api_url")?.unwrap_or(default);
        Endpoint::parse(base).and_then(|base| base.below(path)).map_err(|what| self.bad("api_url", what))
    }

    fn slack_bot(&self, token: &str) -> Result<Destination, BadSecret> {
        let channel = self.word("channel")?.to_owned();
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| self.bad("bot_token", "holds characters that no token has"))?;
        authorization.set_sensitive(true);
        let endpoint = self.api(SLACK_API, slack::PATH)?;
        Ok(Destination { way: Way::SlackBot { authorization, channel }, endpoint })
    }
}

#[cfg(test)]
mod tests;
