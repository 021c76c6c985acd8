//! Servers on loopback that play Slack, PagerDuty and a receiver of webhooks.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::AbortHandle;

/// What a server does with one request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// Answers with a status and a body.
    Say(u16, &'static str),
    /// Answers with a status, and asks to be left alone for so many seconds.
    Busy(u16, &'static str),
    /// Reads the request and never answers.
    Hang,
    /// Reads the request and resets the connection.
    Reset,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) at: Instant,
}

/// A server that ends with this value.
pub(crate) struct Server {
    address: SocketAddr,
    stage: Arc<Stage>,
    task: AbortHandle,
}

struct Stage {
    acts: Mutex<VecDeque<Act>>,
    usual: Mutex<Act>,
    seen: Mutex<Vec<Seen>>,
}

impl Server {
    /// Opens a server that does `usual` with every request, unless it was told to
    /// do something else.
    pub(crate) async fn open(usual: Act) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stage = Arc::new(Stage { acts: Mutex::default(), usual: Mutex::new(usual), seen: Mutex::default() });
        let task = tokio::spawn(accept(listener, Arc::clone(&stage))).abort_handle();
        Server { address, stage, task }
    }

    /// What is done with the next requests.
    pub(crate) fn expect(&self, acts: &[Act]) {
        self.stage.acts.lock().unwrap().extend(acts);
    }

    /// What is done with every request from now on.
    pub(crate) fn always(&self, act: Act) {
        *self.stage.usual.lock().unwrap() = act;
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.stage.seen.lock().unwrap().clone()
    }

    /// A text of every request so far.
    pub(crate) fn texts(&self, field: &str) -> Vec<String> {
        self.seen().iter().map(|seen| seen.body[field].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// How long after the one before each request came.
    pub(crate) fn pauses(&self) -> Vec<Duration> {
        self.seen().windows(2).map(|pair| pair[1].at - pair[0].at).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An address on which nobody listens as long as this value lives: it holds the
/// port, so that no other server gets it.
pub(crate) struct Nowhere(TcpSocket);

impl Nowhere {
    pub(crate) fn new() -> Nowhere {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Nowhere(socket)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }
}

async fn accept(listener: TcpListener, stage: Arc<Stage>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&stage)));
    }
}

/// One request each connection, so that a reset hits nobody else.
async fn serve(stream: TcpStream, stage: Arc<Stage>) {
    if let Some(Act::Reset) = stage.acts.lock().unwrap().front() {
        // Closing now sends a reset instead of an orderly end.
        stream.set_zero_linger().unwrap();
    }
    let service = service_fn(|request| answer(request, Arc::clone(&stage)));
    // A broken connection is part of the play.
    let _ = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, stage: Arc<Stage>) -> Result<Response<Full<Bytes>>, &'static str> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "the request broke off")?.to_bytes();
    let seen = Seen { headers: head.headers, body: serde_json::from_slice(&body).unwrap_or_default(), at: Instant::now() };
    stage.seen.lock().unwrap().push(seen);
    let act = stage.acts.lock().unwrap().pop_front();
    let act = act.unwrap_or_else(|| *stage.usual.lock().unwrap());
    let response = Response::builder();
    let response = match act {
        Act::Say(status, body) => response.status(status).body(Full::from(body)),
        Act::Busy(status, seconds) => response.status(status).header("retry-after", seconds).body(Full::default()),
        Act::Hang => match std::future::pending::<Infallible>().await {},
        Act::Reset => return Err("reset"),
    };
    Ok(response.unwrap())
}
