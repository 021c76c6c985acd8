//! How does one request go over the wire? One attempt: connection, request,
//! answer; no redirect is followed and no more than a cap is read.

use std::error::Error;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{DATE, HeaderMap, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::rt::TokioExecutor;
use tokio::time::{Instant, timeout_at};

use crate::destination::Letter;
use crate::endpoint::Endpoint;

/// The most that is read of an answer's body, in bytes.
const BODY_MAX: usize = 64 * 1024;
/// How long a connection is kept for the next message. A function that was put
/// to sleep for longer finds it dead.
const KEEP: Duration = Duration::from_secs(5);

type Http = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The connections, made when they are first needed: loading the system's root
/// certificates costs time that a function which sends nothing need not spend.
#[derive(Default)]
pub(crate) struct Wire {
    tls: OnceLock<Http>,
    plain: OnceLock<Http>,
}

/// What came back, as far as it was read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Why no answer came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// There are no root certificates on this system.
    NoRoots(String),
    /// The other side's certificate is not good.
    BadCertificate(String),
    /// No connection was made.
    Unreached(String),
    /// The time was up before there was a connection.
    SlowConnect(Duration),
    /// The time was up before there was an answer.
    SlowAnswer(Duration),
    /// The connection broke, or what came is not HTTP.
    Broken(String),
}

impl Wire {
    /// Sends a letter and waits for the answer for at most `time`.
    pub(crate) async fn exchange(
        &self,
        endpoint: &Endpoint,
        letter: &Letter,
        time: Duration,
        connect: Duration,
    ) -> Result<Answer, Silence> {
        let deadline = Instant::now() + time;
        let http = self.http(endpoint.is_https(), connect)?;
        let mut request = Request::new(Full::new(letter.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = letter.uri.clone();
        *request.headers_mut() = letter.headers.clone();
        let connection = capture_connection(&mut request);
        match timeout_at(deadline, http.request(request)).await {
            Ok(Ok(response)) => Ok(read(response, deadline).await),
            Ok(Err(error)) => Err(silence(&error, connect)),
            Err(_) if connection.connection_metadata().is_some() => Err(Silence::SlowAnswer(time)),
            Err(_) => Err(Silence::SlowConnect(time)),
        }
    }

    fn http(&self, is_https: bool, connect: Duration) -> Result<&Http, Silence> {
        let place = if is_https { &self.tls } else { &self.plain };
        if let Some(http) = place.get() {
            return Ok(http);
        }
        let tls = if is_https {
            // The provider is named because rustls cannot choose by itself once any
            // crate of the program brings a second one.
            HttpsConnectorBuilder::new()
                .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
                .map_err(|error| Silence::NoRoots(error.to_string()))?
        } else {
            // Plain HTTP goes to this machine alone and trusts nobody's certificate.
            let config = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
                .with_safe_default_protocol_versions()
                .map_err(|error| Silence::NoRoots(error.to_string()))?
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            HttpsConnectorBuilder::new().with_tls_config(config)
        };
        let mut tcp = HttpConnector::new();
        // The schemes are checked by the connector around it.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect));
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        let http = legacy::Client::builder(TokioExecutor::new()).pool_idle_timeout(KEEP).build(connector);
        Ok(place.get_or_init(|| http))
    }
}

/// Reads the body as far as the cap and the time allow: the status has been said
/// in any case.
async fn read(response: Response<Incoming>, deadline: Instant) -> Answer {
    let (head, mut incoming) = response.into_parts();
    let mut body = Vec::new();
    while let Ok(Some(Ok(frame))) = timeout_at(deadline, incoming.frame()).await {
        let Ok(piece) = frame.into_data() else { continue };
        let room = BODY_MAX - body.len();
        body.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() >= room {
            break;
        }
    }
    Answer { status: head.status, retry_after: text_of(&head.headers, &RETRY_AFTER), date: text_of(&head.headers, &DATE), body }
}

fn text_of(headers: &HeaderMap, name: &hyper::header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn silence(error: &legacy::Error, connect: Duration) -> Silence {
    let mut cause: &(dyn Error + 'static) = error;
    let mut is_certificate = false;
    let mut is_slow = false;
    loop {
        is_certificate |= matches!(cause.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)));
        // An I/O error names as its source not the error inside it, but that one's.
        let io = cause.downcast_ref::<io::Error>();
        is_slow |= io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut);
        let inside = io.and_then(io::Error::get_ref);
        cause = match (inside, cause.source()) {
            (Some(inside), _) => inside,
            (None, Some(source)) => source,
            (None, None) => break,
        };
    }
    let cause = cause.to_string();
    if is_certificate {
        Silence::BadCertificate(cause)
    } else if error.is_connect() && is_slow {
        Silence::SlowConnect(connect)
    } else if error.is_connect() {
        Silence::Unreached(cause)
    } else {
        Silence::Broken(cause)
    }
}
