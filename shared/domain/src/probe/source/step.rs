//! The file's part about a step. Which keys go together is checked by the compiler.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{HttpVersionSource, LlmSource, RedirectsSource, Sentence, Values};
use crate::policy::source::labels;
use crate::span::Span;

/// One step: what it does is said by one key of `get`, `post`, `put`, `patch`, `delete`,
/// `head`, `options`, `request`, `tcp`, `dns`, `tls`, `websocket`, `grpc`, `llm`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct StepSource {
    /// What people call it; what it does unless said otherwise.
    pub name: Option<String>,
    /// Longest that it may take, at most 60s.
    pub timeout: Option<Span>,
    /// What is kept of its answer, by the names that `${NAME}` has in steps after it.
    pub capture: BTreeMap<String, CaptureSource>,
    /// What must be true of its answer: `status == 201`, `time.total < 500ms`.
    pub expect: Vec<Sentence>,
    /// Sends a GET request to an address.
    pub get: Option<String>,
    /// Sends a POST request to an address.
    pub post: Option<String>,
    /// Sends a PUT request to an address.
    pub put: Option<String>,
    /// Sends a PATCH request to an address.
    pub patch: Option<String>,
    /// Sends a DELETE request to an address.
    pub delete: Option<String>,
    /// Sends a HEAD request to an address.
    pub head: Option<String>,
    /// Sends an OPTIONS request to an address.
    pub options: Option<String>,
    /// Sends a request with any other method.
    pub request: Option<RequestSource>,
    /// Connects to `host:port`.
    pub tcp: Option<String>,
    /// Asks a name server for a name; each answer is a line of the body.
    pub dns: Option<String>,
    /// Looks at the certificates of `host:port`; port 443 unless said otherwise.
    pub tls: Option<String>,
    /// Opens a WebSocket at a `ws` or `wss` address.
    pub websocket: Option<String>,
    /// Asks the standard health service of gRPC at an address.
    pub grpc: Option<String>,
    /// Sends a prompt to a language model.
    pub llm: Option<LlmSource>,
    /// Header fields, or gRPC's metadata.
    #[serde(deserialize_with = "labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, labels::Text>"))]
    pub headers: BTreeMap<String, String>,
    /// What is added to the address: `?name=value`.
    pub query: BTreeMap<String, Values>,
    /// What is sent, as JSON; variables may stand in its texts.
    #[serde(deserialize_with = "given")]
    pub json: Option<Value>,
    /// What is sent, as a form.
    pub form: Option<BTreeMap<String, Values>>,
    /// What is sent, as it is.
    pub body: Option<String>,
    /// The type of `body`, such as `text/csv`.
    pub content_type: Option<String>,
    /// What is sent, as the parts of a form with files.
    pub multipart: Option<Vec<PartSource>>,
    /// What is done with a redirect: `follow`, `stay`, or the most that are followed.
    pub redirects: Option<RedirectsSource>,
    /// The version of HTTP that must be spoken.
    pub http: Option<HttpVersionSource>,
    /// Whether the certificate is checked; it is unless said otherwise.
    pub verify_tls: Option<bool>,
    /// What is sent once the connection stands; of `tcp` and `websocket`.
    pub send: Option<String>,
    /// Whether an answer is read from the connection; it is if something is sent, unless
    /// said otherwise.
    pub read: Option<bool>,
    /// The type of records; `A` unless said otherwise.
    #[serde(rename = "type")]
    pub record: Option<String>,
    /// Which name server is asked, `address` or `address:port`; the system's unless said
    /// otherwise.
    pub resolver: Option<String>,
    /// The name that must stand in the certificate; the host's unless said otherwise.
    pub server_name: Option<String>,
    /// Of which gRPC service; of the whole server unless said otherwise.
    pub service: Option<String>,
}

/// A request with any method.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RequestSource {
    /// The method, in capitals.
    pub method: String,
    /// The address.
    pub url: String,
}

/// A part of a form with files.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct PartSource {
    /// The name of the field.
    pub name: String,
    /// The name of the file, if it is one.
    pub file_name: Option<String>,
    /// Its type, such as `text/csv`.
    pub content_type: Option<String>,
    /// Its content.
    pub content: String,
}

/// Where a value is found: one key of `json`, `header`, `cookie`, `regex`, `css`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CaptureSource {
    /// In the JSON of the body: `$.items[0].id`.
    pub json: Option<String>,
    /// In a header field, by name.
    pub header: Option<String>,
    /// In a cookie, by name.
    pub cookie: Option<String>,
    /// In the body: what the first group of a regular expression matches, or all of it.
    pub regex: Option<String>,
    /// In the HTML of the body: the first element that a CSS selector matches.
    pub css: Option<String>,
    /// Which attribute of that element; its text unless said otherwise.
    pub attribute: Option<String>,
    /// Whether nobody may read it.
    pub secret: bool,
}

/// What was written, `null` among it.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
