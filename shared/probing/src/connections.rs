//! Over which connection does a request go? A flow keeps those that its steps may use
//! again; no two flows share one.

use std::net::SocketAddr;

use bytes::Bytes;
use domain::probe::flow::HttpVersion;
use domain::probe::seen::TlsSeen;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::AbortHandle;

use crate::failed::{Failed, causes};
use crate::journey::Journey;
use crate::place::Place;
use crate::tls::TlsAsk;

/// Most bytes of an answer's header fields.
const HEADERS_MAX: u16 = u16::MAX;

/// What a connection must be like to be used for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// Whether TLS is spoken.
    pub(crate) is_tls: bool,
    /// With whom.
    pub(crate) place: Place,
    /// The version that must be spoken.
    pub(crate) version: Option<HttpVersion>,
    /// Whether its certificate must be good.
    pub(crate) verify_tls: bool,
}

/// The connections of a flow that nobody uses at the moment.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    idle: Vec<(Key, Kept)>,
}

#[derive(Debug)]
struct Kept {
    sender: Sender,
    peer: SocketAddr,
    tls: Option<TlsSeen>,
    /// What drives the connection.
    driver: AbortHandle,
}

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// A connection that is being used. It is closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    key: Key,
    kept: Option<Kept>,
}

/// A request that got no answer.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Whether any of it may have gone out.
    pub(crate) was_sent: bool,
    /// Why.
    pub(crate) error: hyper::Error,
}

impl Connections {
    /// A connection that can be used again, if there is one.
    pub(crate) async fn idle(&mut self, key: &Key) -> Option<Lease> {
        if self.idle.is_empty() {
            return None;
        }
        // The drivers take notice of connections that were closed meanwhile.
        tokio::task::yield_now().await;
        while let Some(at) = self.idle.iter().position(|(known, _)| known == key) {
            let (key, kept) = self.idle.swap_remove(at);
            let is_open = match &kept.sender {
                Sender::Http1(sender) => !sender.is_closed() && sender.is_ready(),
                Sender::Http2(sender) => !sender.is_closed() && sender.is_ready(),
            };
            if is_open {
                return Some(Lease { key, kept: Some(kept) });
            }
        }
        None
    }
}

impl Lease {
    /// Who is at the other end.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.kept.as_ref().map(|kept| kept.peer)
    }

    /// What was seen of TLS when the connection was made.
    pub(crate) fn tls(&self) -> Option<&TlsSeen> {
        self.kept.as_ref().and_then(|kept| kept.tls.as_ref())
    }

    /// Whether HTTP/2 is spoken; HTTP/1.1 otherwise.
    pub(crate) fn is_http2(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| matches!(kept.sender, Sender::Http2(_)))
    }

    /// Sends a request, and waits for the head of its answer.
    ///
    /// # Errors
    /// What became of it instead.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Refused> {
        let sent = match self.kept.as_mut().map(|kept| &mut kept.sender) {
            Some(Sender::Http1(sender)) => sender.try_send_request(request).await,
            Some(Sender::Http2(sender)) => sender.try_send_request(request).await,
            // Only a lease that was given back has none, and it is gone with that.
            None => std::future::pending().await,
        };
        sent.map_err(|mut refused| {
            let was_sent = refused.take_message().is_none();
            Refused { was_sent, error: refused.into_error() }
        })
    }

    /// Leaves the connection to the steps after: its answer was read to the end.
    pub(crate) fn give_back(mut self, with: &mut Journey<'_>) {
        if let Some(kept) = self.kept.take() {
            with.connections.idle.push((self.key.clone(), kept));
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(kept) = &self.kept {
            kept.driver.abort();
        }
    }
}

/// Makes a connection.
///
/// # Errors
/// Why there is none.
pub(crate) async fn open(with: &mut Journey<'_>, key: &Key) -> Result<Lease, Failed> {
    let ask = key.is_tls.then(|| TlsAsk {
        server_name: key.place.server_name(),
        alpn: match key.version {
            None => vec![b"h2", b"http/1.1"],
            Some(HttpVersion::Http1) => vec![b"http/1.1"],
            Some(HttpVersion::Http2) => vec![b"h2"],
        },
        verify: key.verify_tls,
    });
    let connection = with.dial(&key.place, ask.as_ref()).await?;
    let is_http2 = match (&ask, key.version) {
        (Some(_), Some(HttpVersion::Http2)) if connection.protocol.as_deref() != Some(b"h2") => {
            let because = format!("{} does not speak HTTP/2: it did not choose `h2` in the TLS handshake", key.place);
            return Err(Failed::new(because).with_tls(connection.tls));
        }
        (Some(_), _) => connection.protocol.as_deref() == Some(b"h2"),
        (None, version) => version == Some(HttpVersion::Http2),
    };
    let io = TokioIo::new(connection.stream);
    let begun = |error: hyper::Error| Failed::network(format!("no HTTP with {}: {}", key.place, causes(&error)));
    let (sender, driver) = if is_http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.max_header_list_size(u32::from(HEADERS_MAX));
        let (sender, connection) = builder.handshake(io).await.map_err(begun)?;
        let driver = tokio::spawn(async move {
            // Whoever waits for an answer hears of it.
            let _ = connection.await;
        });
        (Sender::Http2(sender), driver)
    } else {
        let mut builder = http1::Builder::new();
        builder.max_header_size(usize::from(HEADERS_MAX));
        let (sender, connection) = builder.handshake(io).await.map_err(begun)?;
        let driver = tokio::spawn(async move {
            let _ = connection.await;
        });
        (Sender::Http1(sender), driver)
    };
    let kept = Kept { sender, peer: connection.peer, tls: connection.tls, driver: driver.abort_handle() };
    Ok(Lease { key: key.clone(), kept: Some(kept) })
}
