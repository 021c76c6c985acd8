//! Takes the steps of synthetic flows: connects, asks, and measures. What it means
//! is decided by [`domain::probe`].
//!
//! | Question | Module |
//! |---|---|
//! | How do many flows run at once? What becomes of one? | `many`, `runner` |
//! | How is each kind of step taken, and what does it need for that? | `steps`, `journey` |
//! | How is a target reached, and may it be? | `dial`, `place`, `guard` |
//! | With whom is TLS spoken, and why is a certificate not good? | `tls`, `certificate` |
//! | Which connection is used, how long does what take, what is kept? | `connections`, `watch`, `recorder` |
//! | Can anything be reached from here? | `control` |
//!
//! What holds for all of them:
//!
//! - Only an address that the guard has seen is connected to; there is no second look-up.
//! - Every handshake is a whole one, every look-up a new one, and no two flows share a
//!   connection: what is measured is what a new visitor waits for.
//! - What a server sends is read up to a cap, decompressed or not.
//! - What is secret goes to the host that a step names and to no other, and leaves the
//!   engine masked.
//! - Nothing runs in a thread of its own: one current-thread runtime carries all flows.

mod certificate;
mod connections;
mod control;
mod dial;
mod failed;
mod guard;
mod journey;
mod many;
mod place;
mod recorder;
mod runner;
mod steps;
mod tls;
mod watch;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use domain::probe::{Flow, FlowReport};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::control::Control;
use crate::dial::Dialer;

pub use crate::many::Start;

/// Runs flows. Made once; it keeps root certificates and the resolver's configuration, and
/// no connection from one run to another.
#[derive(Debug)]
pub struct Engine {
    options: Options,
    dialer: Dialer,
    control: Control,
}

/// How flows are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most bytes of an answer's body that are read, also after decompression.
    pub body_max: usize,
    /// The name server to ask; the system's if none is given. Names of the hosts file are
    /// known in either case.
    pub resolver: Option<SocketAddr>,
    /// Certificates to trust besides the system's, in PEM.
    pub roots: Option<String>,
}

impl Default for Options {
    /// Bodies up to 1 MiB, the system's resolver and certificates.
    fn default() -> Options {
        Options { body_max: 1 << 20, resolver: None, roots: None }
    }
}

/// A run of a flow, to be made.
#[derive(Debug)]
pub struct Run<'a> {
    /// What tells it from others.
    pub id: &'a str,
    /// In which Region.
    pub region: Option<&'a str>,
    /// When it begins.
    pub at: Timestamp,
    /// The secrets of the file, by name.
    pub secrets: &'a BTreeMap<String, String>,
    /// What is tried when a step could not reach its target, each `host:port`: if none of
    /// these can be reached either, nothing is known of the target.
    pub control: &'a [String],
    /// When it must be over: what is not done by then is reported as not run.
    pub deadline: Instant,
    /// By what Amazon Bedrock knows the prober. Without, it is asked with the header fields
    /// of the step alone.
    pub credentials: Option<&'a Credentials>,
    /// Whether requests and answers are kept for whoever wants to read them; without
    /// secrets.
    pub is_recorded: bool,
}

/// By what Amazon Web Services know who asks.
#[derive(Clone)]
pub struct Credentials {
    /// Which key it is; no secret.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
    /// What comes with keys that are temporary.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.access_key_id)
    }
}

/// A run that was made.
#[derive(Debug)]
pub struct Done {
    /// What came of it.
    pub report: FlowReport,
    /// Requests and answers, in order, if they were to be kept.
    pub exchanges: Vec<Exchange>,
}

/// A request over HTTP with its answer; secrets are masked.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The step that made it, from 1.
    pub step: usize,
    /// When it began.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// `HTTP/1.1` or `HTTP/2`.
    pub version: String,
    /// Header fields that were sent.
    pub request_headers: Vec<(String, String)>,
    /// What was sent, as text.
    pub request_body: Option<String>,
    /// The status; none if there was no answer.
    pub status: Option<u16>,
    /// Header fields that came.
    pub response_headers: Vec<(String, String)>,
    /// What came, as text.
    pub response_body: String,
    /// How many bytes came, before decompression.
    pub transferred: u64,
    /// The address that was connected to.
    pub peer: Option<SocketAddr>,
    /// How long it took.
    pub phases: domain::probe::Phases,
    /// Why there was no answer.
    pub error: Option<String>,
}

impl Engine {
    /// An engine.
    ///
    /// # Errors
    /// A sentence when the certificates cannot be used.
    pub fn new(options: Options) -> Result<Engine, String> {
        let dialer = Dialer::new(options.resolver, options.roots.as_deref())?;
        Ok(Engine { options, dialer, control: Control::default() })
    }

    /// Runs a flow, and is done by the run's deadline.
    pub async fn run(&self, flow: &Flow, run: &Run<'_>) -> Done {
        runner::run(self, flow, run).await
    }

    /// Runs flows together, at most `at_once` at a time; what came of them stands in their
    /// order. What did not get to run says so, and is never down.
    pub async fn run_all(&self, starts: Vec<Start<'_>>, at_once: usize) -> Vec<Done> {
        many::run_all(self, starts, at_once).await
    }

    /// A flow that is not run, with the reason: nothing is known of it.
    pub fn not_begun(&self, flow: &Flow, run: &Run<'_>, why: &str) -> Done {
        runner::not_begun(flow, run, why)
    }
}
