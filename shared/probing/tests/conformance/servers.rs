//! Servers on loopback: those that speak HTTP well, and those that say what they are told.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Came {
    /// Over which connection, from 1.
    pub(crate) connection: usize,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Came {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A server that runs as long as the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Server {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }
}

pub(crate) type Reply = Response<Full<Bytes>>;

/// An answer with a status, header fields and a body.
pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status.try_into().unwrap();
    for (name, value) in headers {
        reply.headers_mut().append(hyper::header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    reply
}

/// What a server speaks.
#[derive(Clone)]
pub(crate) enum Speaks {
    Http1,
    Http2,
    Tls(Arc<ServerConfig>),
}

/// A server of HTTP/1.1.
pub(crate) async fn web(answer: impl Fn(&Came) -> Reply + Send + Sync + 'static) -> Server {
    web_that_speaks(Speaks::Http1, answer).await
}

pub(crate) async fn web_that_speaks(speaks: Speaks, answer: impl Fn(&Came) -> Reply + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let came = Arc::new(Mutex::new(Vec::new()));
    let (kept, answer) = (Arc::clone(&came), Arc::new(answer));
    tokio::spawn(async move {
        for connection in 1.. {
            let (stream, _) = listener.accept().await.unwrap();
            let (speaks, kept, answer) = (speaks.clone(), Arc::clone(&kept), Arc::clone(&answer));
            tokio::spawn(async move {
                match speaks {
                    Speaks::Http1 => serve(stream, false, connection, kept, answer).await,
                    Speaks::Http2 => serve(stream, true, connection, kept, answer).await,
                    Speaks::Tls(config) => {
                        let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
                        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        serve(stream, is_http2, connection, kept, answer).await;
                    }
                }
            });
        }
    });
    Server { address, came }
}

async fn serve<S, A>(stream: S, is_http2: bool, connection: usize, kept: Arc<Mutex<Vec<Came>>>, answer: Arc<A>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(&Came) -> Reply + Send + Sync + 'static,
{
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
        async move {
            let (head, body) = request.into_parts();
            let came = Came {
                connection,
                method: head.method.to_string(),
                target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
                version: head.version,
                headers: head.headers,
                body: body.collect().await.unwrap().to_bytes(),
            };
            let reply = answer(&came);
            kept.lock().unwrap().push(came);
            Ok::<_, Infallible>(reply)
        }
    });
    let io = TokioIo::new(stream);
    // A client that hangs up is part of some tests.
    if is_http2 {
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await;
    } else {
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
    }
}

/// What becomes of a connection once all was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Close,
    Hang,
    Reset,
}

/// A server that reads a request on each connection, says `answer`, whatever it is, and
/// then does as told.
pub(crate) async fn says(answer: impl Into<Vec<u8>>, then: Then) -> Server {
    let answer = answer.into();
    does(move |mut stream, _| {
        let answer = answer.clone();
        async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(&answer).await;
            end(stream, then).await;
        }
    })
    .await
}

/// A server that does something of its own with each connection, which has a number from 1.
pub(crate) async fn does<F>(act: impl Fn(TcpStream, usize) -> F + Send + Sync + 'static) -> Server
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for connection in 1.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(act(stream, connection));
        }
    });
    Server { address, came: Arc::default() }
}

pub(crate) async fn end(mut stream: TcpStream, then: Then) {
    match then {
        Then::Close => {
            let _ = stream.shutdown().await;
            // What still comes is read, so that the end is not a reset.
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
        Then::Hang => std::future::pending().await,
        Then::Reset => {
            stream.set_zero_linger().unwrap();
            drop(stream);
        }
    }
}

/// Reads up to the empty line after a request's header fields.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// An address of loopback on which nobody listens.
pub(crate) async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}
