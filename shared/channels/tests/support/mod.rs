//! Servers on loopback that play Slack, PagerDuty and a receiver of webhooks.
//!
//! A [`Play`] performs the [`Act`]s it was given, one for each request, and then
//! its [`Role`]: what the real service would do. It keeps what it has seen.

#![allow(dead_code, reason = "each test program uses a part of it")]

mod act;
mod role;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

pub(crate) use self::act::Act;
use self::act::PlayBody;
pub(crate) use self::role::Role;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A server that ends with this value.
pub(crate) struct Play {
    pub(crate) address: SocketAddr,
    stage: Arc<Stage>,
    task: AbortHandle,
}

/// What all connections of a server share.
pub(crate) struct Stage {
    acts: Mutex<VecDeque<Act>>,
    role: Mutex<Role>,
    seen: Mutex<Vec<Seen>>,
    n_connections: AtomicUsize,
    n_bytes_of_body: Arc<AtomicUsize>,
}

impl Play {
    /// Opens a server that performs `acts`, then `role`.
    pub(crate) async fn open(role: Role, acts: impl IntoIterator<Item = Act>) -> Play {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stage = Stage::new(role, acts);
        let task = tokio::spawn(accept(listener, Arc::clone(&stage))).abort_handle();
        Play { address, stage, task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.stage.seen()
    }

    pub(crate) fn n_connections(&self) -> usize {
        self.stage.n_connections()
    }

    /// How much was given away by endless bodies.
    pub(crate) fn n_bytes_of_body(&self) -> usize {
        self.stage.n_bytes_of_body.load(Ordering::SeqCst)
    }

    /// Looks at what the role has come to.
    pub(crate) fn role<T>(&self, look: impl FnOnce(&Role) -> T) -> T {
        look(&self.stage.role.lock().unwrap())
    }
}

impl Stage {
    pub(crate) fn new(role: Role, acts: impl IntoIterator<Item = Act>) -> Arc<Stage> {
        Arc::new(Stage {
            acts: Mutex::new(acts.into_iter().collect()),
            role: Mutex::new(role),
            seen: Mutex::default(),
            n_connections: AtomicUsize::new(0),
            n_bytes_of_body: Arc::default(),
        })
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count_connection(&self) {
        self.n_connections.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn n_connections(&self) -> usize {
        self.n_connections.load(Ordering::SeqCst)
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, stage: Arc<Stage>) {
    while let Ok((stream, _)) = listener.accept().await {
        stage.count_connection();
        tokio::spawn(meet(stream, Arc::clone(&stage)));
    }
}

async fn meet(mut stream: TcpStream, stage: Arc<Stage>) {
    let next = stage.acts.lock().unwrap().front().cloned();
    match next {
        Some(Act::Garbage) => {
            stage.acts.lock().unwrap().pop_front();
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
        }
        Some(Act::Reset) => {
            // Closing now sends a reset instead of an orderly end.
            stream.set_zero_linger().unwrap();
            serve(stream, stage).await;
        }
        Some(_) | None => serve(stream, stage).await,
    }
}

/// Serves one connection; while there are acts, with one request each.
pub(crate) async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, stage: Arc<Stage>) {
    let is_role = stage.acts.lock().unwrap().is_empty();
    let service = service_fn(|request| answer(request, Arc::clone(&stage)));
    // A broken connection is part of the play.
    let _ = http1::Builder::new().keep_alive(is_role).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, stage: Arc<Stage>) -> Result<Response<PlayBody>, &'static str> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "the request broke off")?.to_bytes().to_vec();
    let seen = Seen { method: head.method.to_string(), path: head.uri.to_string(), headers: head.headers, body };
    stage.seen.lock().unwrap().push(seen.clone());
    let act = stage.acts.lock().unwrap().pop_front();
    let act = act.unwrap_or_else(|| stage.role.lock().unwrap().perform(&seen));
    act.perform(Arc::clone(&stage.n_bytes_of_body)).await
}
