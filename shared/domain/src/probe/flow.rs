//! What is a flow made of? The types that a probes file is compiled to.

use std::collections::BTreeMap;

use serde_json::Value;

use super::capture::Capture;
use super::expect::Expectation;
use super::template::Template;
use crate::heartbeat::Heartbeat;
use crate::priority::Priority;
use crate::span::Span;

/// All that a probes file says.
#[derive(Debug, Clone)]
pub struct Probes {
    /// Digest of the content: the same for the same content.
    pub version: String,
    /// Where each secret is, by its name.
    pub secrets: BTreeMap<String, SecretSource>,
    /// What is tried when a step could not reach its target: if these cannot be
    /// reached either, nothing is known of the target. Each is `host:port`.
    pub control: Vec<String>,
    /// Over what time the flows of a run begin.
    pub spread: Span,
    /// The flows, in the file's order.
    pub flows: Vec<Flow>,
    /// The dead man's switches, in the file's order.
    pub heartbeats: Vec<Heartbeat>,
}

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In AWS Secrets Manager, by name or ARN; with a key if the secret is a JSON object.
    SecretsManager {
        /// Name or ARN.
        id: String,
        /// Which member of the JSON object it is.
        key: Option<String>,
    },
    /// In the environment; only where flows are run by hand.
    Environment(String),
    /// The content of a file, without its last line break; only where flows are run by
    /// hand.
    File(String),
}

/// A synthetic user journey.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Its name: letters, digits, `-`, `_` and `.`, 1 to 64 of them.
    pub id: String,
    /// The service of the catalogue that it is about.
    pub service: Option<String>,
    /// How urgent it is when it fails; by the rules of the policy if not given.
    pub priority: Option<Priority>,
    /// How often it is run: whole minutes, at least one.
    pub every: Span,
    /// Where it is run.
    pub regions: Regions,
    /// When people hear of it.
    pub alert: AlertRule,
    /// Its objective, if it has one.
    pub slo: Option<Objective>,
    /// Networks that it may reach although they are not public, in CIDR notation.
    pub allow_cidrs: Vec<String>,
    /// What is done, in order, until one fails.
    pub steps: Vec<Step>,
    /// What is done afterwards, whatever happened before.
    pub cleanup: Vec<Step>,
}

/// Where a flow is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions {
    /// AWS Regions; the one of the deployment if there is none.
    pub run: Vec<String>,
    /// In how many of them it must be down before anybody hears of it; at least one.
    pub quorum: usize,
}

/// When people hear of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertRule {
    /// That many runs must be down …
    pub failures: usize,
    /// … of so many: the last ones in a Region.
    pub of: usize,
    /// So many good runs in a row end it.
    pub recover: usize,
}

/// What share of runs must be good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// In percent, more than 0 and less than 100.
    pub target: f64,
    /// Over which time.
    pub window: Span,
    /// Fewer bad runs than these are never an alert, however few runs there are.
    pub min_bad: u32,
}

/// One step of a flow.
#[derive(Debug, Clone)]
pub struct Step {
    /// What people call it; what it does, if it has no name: `POST https://…`.
    pub name: String,
    /// Longest that it may take.
    pub timeout: Span,
    /// What it does.
    pub kind: StepKind,
    /// What is kept of its answer, in order.
    pub captures: Vec<Capture>,
    /// What must be true of its answer. Empty for none; what is checked then is said by
    /// the kind of step.
    pub expect: Vec<Expectation>,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// A request over HTTP. Without expectations about `status`, a status below 400 is good.
    Http(HttpStep),
    /// A connection, on which something may be said and heard.
    Tcp(TcpStep),
    /// A question to a name server.
    Dns(DnsStep),
    /// A TLS handshake, for the certificates.
    Tls(TlsStep),
    /// A WebSocket that is opened, on which something may be said and heard.
    WebSocket(WebSocketStep),
    /// The standard health service of gRPC. Without expectations, `SERVING` is good.
    Grpc(GrpcStep),
    /// A prompt to a language model.
    Llm(LlmStep),
}

impl StepKind {
    /// The kind as one word: `http`, `tcp`, `dns`, `tls`, `websocket`, `grpc`, `llm`.
    pub const fn word(&self) -> &'static str {
        match self {
            StepKind::Http(_) => "http",
            StepKind::Tcp(_) => "tcp",
            StepKind::Dns(_) => "dns",
            StepKind::Tls(_) => "tls",
            StepKind::WebSocket(_) => "websocket",
            StepKind::Grpc(_) => "grpc",
            StepKind::Llm(_) => "llm",
        }
    }
}

/// A request over HTTP.
#[derive(Debug, Clone)]
pub struct HttpStep {
    /// The method, in capitals.
    pub method: String,
    /// The address: `http` or `https`.
    pub url: Template,
    /// Header fields, the defaults of the file among them.
    pub headers: Vec<(String, Template)>,
    /// What is sent.
    pub body: Body,
    /// What is done with a redirect.
    pub redirects: Redirects,
    /// Which version must be spoken; whichever both sides like best if none is given.
    pub version: Option<HttpVersion>,
    /// Whether the certificate is checked. What follows is still measured if not.
    pub verify_tls: bool,
}

/// What is sent with a request.
#[derive(Debug, Clone)]
pub enum Body {
    /// Nothing.
    None,
    /// A JSON document, in whose strings there may be variables: `${…}`.
    Json(Value),
    /// A form, `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
    /// Text as it is. Its type is a header field.
    Raw(Template),
    /// Parts, `multipart/form-data`.
    Multipart(Vec<Part>),
}

/// A part of a multipart body.
#[derive(Debug, Clone)]
pub struct Part {
    /// The name of the field.
    pub name: String,
    /// The name of the file, if it is one.
    pub file_name: Option<String>,
    /// Its type, such as `text/csv`.
    pub content_type: Option<String>,
    /// Its content.
    pub content: Template,
}

/// What is done with a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// It is the answer.
    Stay,
    /// It is followed, at most so often; one more is a failure.
    Follow(u32),
}

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, also without TLS, by prior knowledge.
    Http2,
}

/// A TCP connection.
#[derive(Debug, Clone)]
pub struct TcpStep {
    /// `host:port`.
    pub address: Template,
    /// What is sent once it stands.
    pub send: Option<Template>,
    /// Whether something is read before it is over: up to the first pause, the end, or
    /// the cap.
    pub read: bool,
}

/// A question to a name server. Its answers are the lines of the body.
#[derive(Debug, Clone)]
pub struct DnsStep {
    /// The name.
    pub name: Template,
    /// The type of records: `A`, `AAAA`, `CNAME`, `MX`, `NS`, `TXT`, `SRV`, `CAA`, `SOA`,
    /// `PTR`.
    pub record: String,
    /// Which server is asked, `address:port`; the system's if none is given.
    pub resolver: Option<Template>,
}

/// A TLS handshake.
#[derive(Debug, Clone)]
pub struct TlsStep {
    /// `host:port`.
    pub address: Template,
    /// The name that is asked for, and must stand in the certificate; the host if none is
    /// given.
    pub server_name: Option<Template>,
}

/// A WebSocket.
#[derive(Debug, Clone)]
pub struct WebSocketStep {
    /// `ws` or `wss`.
    pub url: Template,
    /// Header fields of the opening request.
    pub headers: Vec<(String, Template)>,
    /// What is sent once it is open. The next message is the body.
    pub send: Option<Template>,
}

/// gRPC's standard health service.
#[derive(Debug, Clone)]
pub struct GrpcStep {
    /// `http` or `https`, with host and port.
    pub url: Template,
    /// Of which service; of the server as a whole if none is given.
    pub service: Option<Template>,
    /// Metadata.
    pub headers: Vec<(String, Template)>,
}

/// A prompt to a language model.
#[derive(Debug, Clone)]
pub struct LlmStep {
    /// How the endpoint is spoken to.
    pub api: LlmApi,
    /// Where it is.
    pub url: Template,
    /// Header fields.
    pub headers: Vec<(String, Template)>,
    /// The model's name.
    pub model: Template,
    /// What it is told first.
    pub system: Option<Template>,
    /// What it is asked.
    pub prompt: Template,
    /// Most tokens of the answer.
    pub max_tokens: u32,
    /// Whether the answer is taken as it comes, so that the first token has a time.
    pub stream: bool,
    /// What tokens cost, to say what the answer did.
    pub price: Option<Price>,
    /// The JSON Schema that the answer must satisfy.
    pub schema: Option<Value>,
    /// Answers that are good, to which it is compared.
    pub drift: Option<Drift>,
}

/// How a language model's endpoint is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LlmApi {
    /// As `chat/completions` of OpenAI, which many others take, too.
    OpenAi,
    /// As `Converse` of Amazon Bedrock, signed for a Region by the prober's own role, or
    /// with a bearer token among the header fields.
    Bedrock {
        /// The Region that it is signed for.
        region: String,
    },
}

/// What tokens cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Dollars for a million tokens of the prompt.
    pub input: f64,
    /// Dollars for a million tokens of the answer.
    pub output: f64,
}

/// To what an answer is compared.
#[derive(Debug, Clone)]
pub struct Drift {
    /// Answers that were approved.
    pub approved: Vec<String>,
    /// Least similarity to the most similar of them, from 0 to 1.
    pub least: f64,
    /// An endpoint that gives embeddings, as OpenAI's does; without one the words are
    /// compared.
    pub embeddings: Option<Embeddings>,
}

/// An endpoint for embeddings.
#[derive(Debug, Clone)]
pub struct Embeddings {
    /// Where it is.
    pub url: Template,
    /// Header fields.
    pub headers: Vec<(String, Template)>,
    /// The model's name.
    pub model: Template,
}
