//! How does a request go out, and its answer come in? Over a connection of the flow that
//! is idle, or a new one; HTTP/1.1 or HTTP/2.

use std::error::Error as _;
use std::io;

use bytes::Bytes;
use domain::probe::flow::HttpVersion;
use domain::probe::seen::TlsSeen;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap};
use hyper::http::response;
use hyper::{Method, Request, Response, Uri, Version};
use url::Url;

use crate::connections::{Key, Lease, Refused};
use crate::failed::{Failed, causes};
use crate::journey::Journey;
use crate::place::Place;
use crate::recorder::Sent;
use crate::watch::Part;

/// What is asked.
#[derive(Debug)]
pub(in crate::steps) struct Asking<'a> {
    /// The method.
    pub(in crate::steps) method: &'a Method,
    /// `http` or `https`.
    pub(in crate::steps) url: &'a Url,
    /// All fields but `Host` and those for the body's length.
    pub(in crate::steps) headers: &'a HeaderMap,
    /// What is sent.
    pub(in crate::steps) body: Option<&'a Bytes>,
    /// The version that must be spoken.
    pub(in crate::steps) version: Option<HttpVersion>,
    /// Whether a certificate that is not good is a failure.
    pub(in crate::steps) verify_tls: bool,
}

/// An answer whose body has yet to come.
#[derive(Debug)]
pub(in crate::steps) struct Answer {
    /// Status and header fields.
    pub(in crate::steps) head: response::Parts,
    /// The body.
    pub(in crate::steps) body: Incoming,
    /// What was seen of TLS, be it on an earlier request of the connection.
    pub(in crate::steps) tls: Option<TlsSeen>,
    /// The connection. It is closed when this is dropped, and used again by the steps
    /// after when it is given back once the body was read.
    pub(in crate::steps) lease: Lease,
}

/// A body that was read.
#[derive(Debug)]
pub(in crate::steps) struct Read {
    /// What came.
    pub(in crate::steps) bytes: Vec<u8>,
    /// Whether there is more of it than may be read.
    pub(in crate::steps) is_cut: bool,
}

/// Asks, and waits until the answer begins to come. The watch is in `Reading` then.
///
/// # Errors
/// Why there is no answer.
pub(in crate::steps) async fn ask(with: &mut Journey<'_>, asking: &Asking<'_>) -> Result<Answer, Failed> {
    with.recorder.begin(sent(with, asking));
    let key = key(asking)?;
    let mut reused = with.connections.idle(&key).await;
    loop {
        let is_reused = reused.is_some();
        let mut lease = match reused.take() {
            Some(lease) => lease,
            None => crate::connections::open(with, &key).await?,
        };
        with.recorder.reached(lease.peer(), lease.is_http2());
        let request = request(asking, lease.is_http2())?;
        with.watch.enter(Part::FirstByte);
        match lease.send(request).await {
            Ok(response) => {
                with.watch.enter(Part::Reading);
                let (head, body) = Response::into_parts(response);
                with.recorder.answered(head.status.as_u16(), written(&head.headers));
                return Ok(Answer { head, body, tls: lease.tls().cloned(), lease });
            }
            // A connection that was closed while nobody spoke on it says nothing about the
            // server. A request that may have had an effect is not repeated.
            Err(Refused { was_sent, error }) if is_reused && is_gone(&error) && (!was_sent || asking.method.is_idempotent()) => {
                with.watch.enter(Part::Own);
            }
            Err(Refused { error, .. }) => return Err(no_answer(&error, &key, asking).with_tls(lease.tls().cloned())),
        }
    }
}

/// Reads a body up to the cap.
///
/// # Errors
/// Why it did not come whole.
pub(in crate::steps) async fn read(body: &mut Incoming, with: &Journey<'_>) -> Result<Read, Failed> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broke_off(&error, bytes.len()))?;
        let Ok(piece) = frame.into_data() else { continue };
        if bytes.len() + piece.len() > with.body_max {
            bytes.extend_from_slice(&piece[..with.body_max - bytes.len()]);
            return Ok(Read { bytes, is_cut: true });
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Read { bytes, is_cut: false })
}

/// Header fields as text, in order.
pub(in crate::steps) fn written(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn key(asking: &Asking<'_>) -> Result<Key, Failed> {
    let place = Place::of(asking.url).ok_or_else(|| Failed::new(format!("`{}` names no host", asking.url)))?;
    Ok(Key { is_tls: asking.url.scheme() == "https", place, version: asking.version, verify_tls: asking.verify_tls })
}

fn sent(with: &Journey<'_>, asking: &Asking<'_>) -> Option<Sent> {
    with.recorder.is_on().then(|| Sent {
        step: with.step,
        at: with.now(),
        before: with.watch.phases(),
        method: asking.method.to_string(),
        url: asking.url.to_string(),
        headers: written(asking.headers),
        body: asking.body.map(|body| String::from_utf8_lossy(body).into_owned()),
    })
}

/// The request as the version wants it.
fn request(asking: &Asking<'_>, is_http2: bool) -> Result<Request<Full<Bytes>>, Failed> {
    let bad = |error: &dyn std::fmt::Display| Failed::new(format!("`{}` cannot be asked for: {error}", asking.url));
    let url = asking.url;
    let authority = url.host_str().map(|host| url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")));
    let authority = authority.unwrap_or_default();
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut headers = asking.headers.clone();
    let body = Full::new(asking.body.cloned().unwrap_or_default());
    let (uri, version) = if is_http2 {
        let named = headers.remove(header::HOST).and_then(|host| host.to_str().ok().map(str::to_owned));
        headers.remove(header::CONNECTION);
        let uri = Uri::builder().scheme(url.scheme()).authority(named.unwrap_or(authority)).path_and_query(target).build();
        (uri.map_err(|error| bad(&error))?, Version::HTTP_2)
    } else {
        if !headers.contains_key(header::HOST) {
            headers.insert(header::HOST, authority.parse().map_err(|error| bad(&error))?);
        }
        (target.parse().map_err(|error| bad(&error))?, Version::HTTP_11)
    };
    let is_expected = matches!(*asking.method, Method::POST | Method::PUT | Method::PATCH);
    if asking.body.is_none() && is_expected && !is_http2 {
        headers.insert(header::CONTENT_LENGTH, header::HeaderValue::from_static("0"));
    }
    let mut request = Request::new(body);
    (*request.method_mut(), *request.uri_mut(), *request.version_mut()) = (asking.method.clone(), uri, version);
    *request.headers_mut() = headers;
    Ok(request)
}

/// Whether a connection was closed before anything came on it.
fn is_gone(error: &hyper::Error) -> bool {
    let io = io_kind(error);
    error.is_canceled()
        || error.is_closed()
        || error.is_incomplete_message()
        || io.is_some_and(is_closing)
        || is_going_away(error)
}

fn is_closing(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::NotConnected
    )
}

fn is_going_away(error: &hyper::Error) -> bool {
    h2(error).is_some_and(|error| error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
}

fn h2(error: &hyper::Error) -> Option<&h2::Error> {
    error.source().and_then(|source| source.downcast_ref())
}

/// What the system says of a connection.
fn io_kind(error: &hyper::Error) -> Option<io::ErrorKind> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        if let Some(error) = error.downcast_ref::<h2::Error>().and_then(h2::Error::get_io) {
            return Some(error.kind());
        }
        cause = error.source();
    }
    None
}

/// Why no answer began to come.
fn no_answer(error: &hyper::Error, key: &Key, asking: &Asking<'_>) -> Failed {
    let place = &key.place;
    // Where it is not agreed on by TLS, HTTP/2 is spoken to whoever is there.
    let is_guess = asking.version == Some(HttpVersion::Http2) && !key.is_tls;
    let hint = if is_guess { "; does it speak HTTP/2 without TLS?" } else { "" };
    if error.is_parse_too_large() {
        return Failed::new(format!("{place} answers with too many or too long header fields: more than 100, or 64 KiB in all"));
    }
    if error.is_parse() {
        return Failed::new(format!("{place} answers with something that is not HTTP: {}", causes(error)));
    }
    match io_kind(error) {
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
            return Failed::network(format!("{place} reset the connection before it answered{hint}"));
        }
        Some(io::ErrorKind::UnexpectedEof) => {
            return Failed::network(format!("{place} closed the connection without an answer{hint}"));
        }
        _ => {}
    }
    if let Some(error) = h2(error) {
        // What is wrong with one stream is said by, or of, someone who speaks it.
        let hint = match (error.is_reset(), error.is_library()) {
            (true, true) => "; its answer has more than 64 KiB of header fields, or breaks the rules of HTTP/2",
            (true, false) => "",
            (false, _) => hint,
        };
        return Failed::new(format!("{place} broke off HTTP/2 without an answer: {error}{hint}"));
    }
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return Failed::network(format!("{place} closed the connection without an answer{hint}"));
    }
    Failed::network(format!("no answer from {place}: {}{hint}", causes(error)))
}

/// Why a body did not come whole.
fn broke_off(error: &hyper::Error, n_bytes: usize) -> Failed {
    if error.is_incomplete_message() || io_kind(error).is_some_and(is_closing) {
        return Failed::new(format!("the answer broke off after {n_bytes} bytes of its body"));
    }
    Failed::new(format!("the answer broke off after {n_bytes} bytes of its body: {}", causes(error)))
}
