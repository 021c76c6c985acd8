//! gRPC's health service.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use domain::probe::StepKind;
use domain::probe::flow::GrpcStep;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use probing::{Engine, Options};
use tokio_rustls::TlsAcceptor;

use super::{alone, grpc, only, taken};
use crate::certificates::authority;
use crate::flows::{assert_down, assert_up, run_with, template};
use crate::servers::{Server, Speaks, does, reply, web, web_that_speaks};

/// What a gRPC server answers.
#[derive(Clone)]
pub(crate) struct Says {
    pub(crate) message: Option<&'static [u8]>,
    pub(crate) code: &'static str,
    pub(crate) said: &'static str,
}

const SERVING: Says = Says { message: Some(&[0, 0, 0, 0, 2, 8, 1]), code: "0", said: "" };

/// A request that came: its path, its message, and its metadata.
pub(crate) type Came = Arc<Mutex<Option<(String, Bytes, HeaderMap)>>>;

async fn serve(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static, says: Says, came: Came) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (says, came) = (says.clone(), Arc::clone(&came));
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            *came.lock().unwrap() = Some((head.uri.path().to_owned(), body, head.headers));
            let mut status = HeaderMap::new();
            status.insert("grpc-status", says.code.parse().unwrap());
            if !says.said.is_empty() {
                status.insert("grpc-message", says.said.parse().unwrap());
            }
            let mut answer = Response::builder().header("content-type", "application/grpc");
            let frames: Vec<Result<Frame<Bytes>, Infallible>> = if let Some(message) = says.message {
                vec![Ok(Frame::data(Bytes::from_static(message))), Ok(Frame::trailers(status))]
            } else {
                answer.headers_mut().unwrap().extend(status);
                Vec::new()
            };
            Ok::<_, Infallible>(answer.body(StreamBody::new(stream::iter(frames))).unwrap())
        }
    });
    let io = TokioIo::new(stream);
    let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await;
}

pub(crate) async fn server(says: Says) -> (Server, Came) {
    let came = Came::default();
    let kept = Arc::clone(&came);
    let server = does(move |stream, _| serve(stream, says.clone(), Arc::clone(&kept))).await;
    (server, came)
}

async fn asked(says: Says, expect: &[&str]) -> probing::Done {
    let (server, _) = server(says).await;
    let step = GrpcStep { service: Some(template("shop.Cart")), ..grpc(server.url("")) };
    taken(StepKind::Grpc(step), expect).await
}

#[tokio::test]
async fn a_server_that_serves_is_up() {
    let (server, came) = server(SERVING).await;
    let step = GrpcStep {
        service: Some(template("shop.Cart")),
        headers: vec![("x-tenant".to_owned(), template("${run.id}"))],
        ..grpc(server.url("/"))
    };
    let done = taken(StepKind::Grpc(step), &["body == 'SERVING'", "status == 200", "header grpc-status == '0'"]).await;
    assert_up(&done);
    let phases = only(&done).phases_ms;
    assert!(phases.connect.is_some() && phases.ttfb.is_some(), "{phases:?}");
    let (path, message, headers) = came.lock().unwrap().take().unwrap();
    assert_eq!(path, "/grpc.health.v1.Health/Check");
    assert_eq!(message.as_ref(), b"\0\0\0\0\x0b\x0a\x09shop.Cart");
    assert_eq!(headers["content-type"], "application/grpc");
    assert_eq!(headers["te"], "trailers");
    assert_eq!(headers["x-tenant"], "run-1");
    let timeout = headers["grpc-timeout"].to_str().unwrap();
    assert!(timeout.strip_suffix('m').is_some_and(|ms| (1..=60_000).contains(&ms.parse::<u64>().unwrap())), "{timeout}");
    assert_up(&taken(StepKind::Grpc(grpc(server.url(""))), &[]).await);
    assert_eq!(came.lock().unwrap().take().unwrap().1.as_ref(), [0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_server_that_does_not_serve_is_down_unless_that_is_expected() {
    let not_serving = Says { message: Some(&[0, 0, 0, 0, 2, 8, 2]), ..SERVING };
    assert_down(&asked(not_serving.clone(), &[]).await, "says that `shop.Cart` is NOT_SERVING, not SERVING");
    // What is expected of other things leaves that as it is.
    assert_down(&asked(not_serving.clone(), &["time.total < 1m"]).await, "NOT_SERVING");
    assert_up(&asked(not_serving, &["body == 'NOT_SERVING'"]).await);
}

#[tokio::test]
async fn what_grpc_says_instead_of_an_answer_is_a_sentence() {
    let refuses = |code, said| Says { message: None, code, said };
    let rows = [
        (
            refuses("5", "unknown%20service%20%22K%C3%B6ln%22"),
            "answered NOT_FOUND: its health service does not know `shop.Cart`: unknown service \"Köln\"",
        ),
        (refuses("12", ""), "answered UNIMPLEMENTED: it has no health service; register `grpc.health.v1.Health`"),
        (refuses("16", "no token"), "answered UNAUTHENTICATED: it did not let the prober in"),
        (refuses("14", "draining"), "answered UNAVAILABLE: its health service failed: draining"),
        (refuses("99", ""), "answered 99"),
        (Says { message: Some(&[0, 0, 0, 0, 2, 8, 1]), code: "13", said: "oh" }, "answered INTERNAL"),
        (Says { message: Some(&[0, 0, 0, 0, 9, 8]), ..SERVING }, "an answer that cannot be read: it ends after 6 bytes"),
        (Says { message: Some(&[]), ..SERVING }, "sent no message in its answer"),
    ];
    for (says, because) in rows {
        assert_down(&asked(says, &[]).await, because);
    }
    assert_up(&asked(refuses("5", ""), &["body == 'NOT_FOUND'", "header grpc-status == '5'"]).await);
}

#[tokio::test]
async fn a_server_of_something_else_is_said_to_be_one() {
    let page = web_that_speaks(Speaks::Http2, |_| reply(404, &[("content-type", "text/html")], "<h1>gone</h1>")).await;
    assert_down(
        &taken(StepKind::Grpc(grpc(page.url(""))), &[]).await,
        "the status 404 and the type `text/html`, which is not gRPC",
    );
    assert_up(&taken(StepKind::Grpc(grpc(page.url(""))), &["status == 404"]).await);
    let old = web(|_| reply(200, &[], "")).await;
    assert_down(&taken(StepKind::Grpc(grpc(old.url(""))), &[]).await, "HTTP/2");
}

#[tokio::test]
async fn over_tls_http2_must_be_agreed_on() {
    let trusted = authority("An Authority");
    let identity = |alpn: &[&str]| trusted.issue(&["127.0.0.1"], (2020, 1, 1), (2038, 1, 1)).config(alpn);
    let engine = Engine::new(Options { roots: Some(trusted.pem.clone()), ..Options::default() }).unwrap();
    for (alpn, because) in [(vec!["h2"], None), (vec!["http/1.1"], Some("TLS")), (vec![], Some("does not speak HTTP/2"))] {
        let acceptor = TlsAcceptor::from(identity(&alpn));
        let server = does(move |stream, _| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, SERVING, Came::default()).await;
                }
            }
        })
        .await;
        let flow = alone(StepKind::Grpc(grpc(format!("https://{}", server.address))), &[]);
        let done = run_with(&engine, &flow, &[]).await;
        match because {
            None => assert_up(&done),
            Some(because) => assert_down(&done, because),
        }
    }
}
