//! Lambda, as a function's process sees it: the Runtime API on loopback.
//!
//! Each process has one of its own, so what comes in needs no further sign of
//! whom it comes from.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tests::stack::Outcome;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// How long an invocation may take, in milliseconds.
const LIMIT_MS: i64 = 30_000;
/// The function's ARN, as Lambda says it.
const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:watchkeeper-bench";

/// What the process did.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It asked for an event, at this moment.
    Poll(Instant),
    /// It answered the event that it was handed last, or says why it cannot.
    Answer(Answer),
}

/// An answer to an event.
#[derive(Debug)]
pub(crate) struct Answer {
    /// When it was complete.
    pub(crate) at: Instant,
    /// From handing out the event until then.
    pub(crate) took: Duration,
    /// The answer, or the function's error.
    pub(crate) result: Outcome<String>,
}

/// The Runtime API for one process; it ends when this is dropped.
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    events: UnboundedSender<String>,
    seen: UnboundedReceiver<Seen>,
    server: JoinHandle<()>,
}

struct Shared {
    events: tokio::sync::Mutex<UnboundedReceiver<String>>,
    seen: UnboundedSender<Seen>,
    handed: Mutex<(u64, Instant)>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Outcome<RuntimeApi> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| format!("no port on loopback: {error}"))?;
        let address = listener.local_addr().map_err(|error| format!("a port without an address: {error}"))?;
        let (events, handed_out) = unbounded_channel();
        let (witness, seen) = unbounded_channel();
        let handed = Mutex::new((0, Instant::now()));
        let shared = Arc::new(Shared { events: tokio::sync::Mutex::new(handed_out), seen: witness, handed });
        Ok(RuntimeApi { address, events, seen, server: tokio::spawn(serve(listener, shared)) })
    }

    /// Puts an event where the process takes it from.
    pub(crate) fn hand_out(&self, payload: String) {
        // The other side is dropped only with this one.
        let _ = self.events.send(payload);
    }

    /// The next that the process does.
    pub(crate) async fn next(&mut self) -> Option<Seen> {
        self.seen.recv().await
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(take(&shared, request).await) }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn take(shared: &Shared, request: Request<Incoming>) -> Response<Full<Bytes>> {
    if request.method() == Method::GET && request.uri().path() == "/2018-06-01/runtime/invocation/next" {
        let _ = shared.seen.send(Seen::Poll(Instant::now()));
        return match shared.events.lock().await.recv().await {
            Some(payload) => shared.invocation(payload),
            None => with_status(StatusCode::GONE),
        };
    }
    let is_answer = request.uri().path().ends_with("/response");
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let at = Instant::now();
    let body = String::from_utf8_lossy(&body).into_owned();
    let took = at.duration_since(shared.handed().1);
    let result = if is_answer { Ok(body) } else { Err(body) };
    let _ = shared.seen.send(Seen::Answer(Answer { at, took, result }));
    with_status(StatusCode::ACCEPTED)
}

impl Shared {
    fn handed(&self) -> std::sync::MutexGuard<'_, (u64, Instant)> {
        // Nothing panics while it is held.
        self.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn invocation(&self, payload: String) -> Response<Full<Bytes>> {
        let deadline = runtime::now().as_millisecond() + LIMIT_MS;
        let mut handed = self.handed();
        let mut response = with_status(StatusCode::OK);
        let id = format!("8476a536-e9f4-11e8-9739-{:012x}", handed.0);
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("lambda-runtime-aws-request-id", id),
            ("lambda-runtime-deadline-ms", deadline.to_string()),
            ("lambda-runtime-invoked-function-arn", ARN.to_owned()),
            ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".to_owned()),
        ];
        for (name, value) in headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        *response.body_mut() = Full::new(Bytes::from(payload));
        *handed = (handed.0 + 1, Instant::now());
        response
    }
}

fn with_status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
