//! What is looked at: a server on loopback that answers every request, at once or after a
//! while.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tests::stack::Outcome;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

/// Connections that wait to be taken: more than come at a time.
const BACKLOG: u32 = 4_096;
/// What it answers.
const BODY: &str = r#"{"id":"o-1","state":"open"}"#;

/// The server; it ends when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// One that answers after `pause`.
    pub(crate) fn start(pause: Duration) -> Outcome<Server> {
        let open = || -> std::io::Result<TcpListener> {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
            socket.listen(BACKLOG)
        };
        let listener = open().map_err(|error| format!("no port on loopback: {error}"))?;
        let address = listener.local_addr().map_err(|error| format!("a port without an address: {error}"))?;
        Ok(Server { address, task: tokio::spawn(serve(listener, pause)) })
    }

    /// An address of it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, pause: Duration) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        tokio::spawn(async move {
            let service = service_fn(move |_| async move {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(BODY.as_bytes()))))
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
