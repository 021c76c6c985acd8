//! What went out, and what came in? Kept for whoever wants to read it.

use std::net::SocketAddr;
use std::time::Duration;

use domain::probe::Phases;
use domain::probe::secret::Secrets;
use jiff::Timestamp;

use crate::Exchange;

/// Requests with their answers, if they are kept.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    kept: Option<Vec<Exchange>>,
    /// The phases of the step before the exchange at hand, while that is not over.
    before: Option<Phases>,
    /// Of which exchanges only the beginning of the body is kept, from 0.
    cut: Vec<usize>,
}

/// A request that goes out.
#[derive(Debug)]
pub(crate) struct Sent {
    /// The step that makes it, from 1.
    pub(crate) step: usize,
    /// When.
    pub(crate) at: Timestamp,
    /// How long the step has taken until now.
    pub(crate) before: Phases,
    /// The method.
    pub(crate) method: String,
    /// The address.
    pub(crate) url: String,
    /// Header fields.
    pub(crate) headers: Vec<(String, String)>,
    /// What is sent, as text.
    pub(crate) body: Option<String>,
}

impl Recorder {
    /// One that keeps what it is told, or not.
    pub(crate) fn new(is_on: bool) -> Recorder {
        Recorder { kept: is_on.then(Vec::new), ..Recorder::default() }
    }

    /// Whether anything is kept.
    pub(crate) const fn is_on(&self) -> bool {
        self.kept.is_some()
    }

    /// A request goes out.
    pub(crate) fn begin(&mut self, sent: Option<Sent>) {
        let (Some(kept), Some(sent)) = (&mut self.kept, sent) else { return };
        self.before = Some(sent.before);
        kept.push(Exchange {
            step: sent.step,
            at: sent.at,
            method: sent.method,
            url: sent.url,
            version: "HTTP/1.1".to_owned(),
            request_headers: sent.headers,
            request_body: sent.body,
            status: None,
            response_headers: Vec::new(),
            response_body: String::new(),
            transferred: 0,
            peer: None,
            phases: Phases::default(),
            error: None,
        });
    }

    /// The exchange at hand, if there is one.
    fn open(&mut self) -> Option<&mut Exchange> {
        self.before?;
        self.kept.as_mut()?.last_mut()
    }

    /// Its connection stands.
    pub(crate) fn reached(&mut self, peer: Option<SocketAddr>, is_http2: bool) {
        if let Some(exchange) = self.open() {
            exchange.peer = peer;
            if is_http2 {
                "HTTP/2".clone_into(&mut exchange.version);
            }
        }
    }

    /// Its answer began to come.
    pub(crate) fn answered(&mut self, status: u16, headers: Vec<(String, String)>) {
        if let Some(exchange) = self.open() {
            exchange.status = Some(status);
            exchange.response_headers = headers;
        }
    }

    /// Only the beginning of its answer's body will be kept.
    pub(crate) fn cut_off(&mut self) {
        if self.open().is_some() {
            self.cut.extend(self.kept.as_ref().map(|kept| kept.len() - 1));
        }
    }

    /// Its answer has come; `phases` are those of the step by now.
    pub(crate) fn finished(&mut self, body: &[u8], transferred: u64, phases: Phases) {
        if let Some(exchange) = self.open() {
            exchange.response_body = String::from_utf8_lossy(body).into_owned();
            exchange.transferred = transferred;
        }
        self.end(phases);
    }

    /// The step failed; so did the exchange at hand, if there is one.
    pub(crate) fn failed(&mut self, because: &str, phases: Phases) {
        if let Some(exchange) = self.open() {
            exchange.error = Some(because.to_owned());
        }
        self.end(phases);
    }

    fn end(&mut self, phases: Phases) {
        let before = self.before.unwrap_or_default();
        if let Some(exchange) = self.open() {
            exchange.phases = Phases {
                dns: since(before.dns, phases.dns),
                connect: since(before.connect, phases.connect),
                tls: since(before.tls, phases.tls),
                ttfb: since(before.ttfb, phases.ttfb),
                total: since(before.total, phases.total),
            };
        }
        self.before = None;
    }

    /// All that was kept, without secrets.
    pub(crate) fn masked(self, secrets: &Secrets) -> Vec<Exchange> {
        let mut kept = self.kept.unwrap_or_default();
        for (n, exchange) in kept.iter_mut().enumerate() {
            if self.cut.contains(&n) {
                exchange.response_body = secrets.mask_beginning(&exchange.response_body);
            }
            // A server may say anything, also in the name of a field.
            let fields = exchange.request_headers.iter_mut().chain(&mut exchange.response_headers);
            let fields = fields.flat_map(|(name, value)| [name, value]);
            let texts = [&mut exchange.url, &mut exchange.response_body];
            let maybe = [exchange.request_body.as_mut(), exchange.error.as_mut()];
            for text in fields.chain(texts).chain(maybe.into_iter().flatten()) {
                *text = secrets.mask(text);
            }
        }
        kept
    }
}

/// How much a phase has grown; none if it has not been entered since.
fn since(before: Option<Duration>, now: Option<Duration>) -> Option<Duration> {
    let grown = now?.saturating_sub(before.unwrap_or_default());
    (before.is_none() || !grown.is_zero()).then_some(grown)
}
