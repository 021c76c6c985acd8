//! Channels that stay open: `ws` and `wss`.

use std::sync::{Arc, Mutex};

use domain::probe::StepKind;
use domain::probe::flow::WebSocketStep;
use futures_util::{SinkExt as _, StreamExt as _};
use probing::{Engine, Options};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::{WebSocketStream, accept_async, accept_hdr_async};

use super::{alone, only, taken, websocket};
use crate::certificates::authority;
use crate::flows::{assert_down, assert_up, run_with, template};
use crate::servers::{Server, Then, does, end, read_head, reply, says, web};

/// A server that opens a WebSocket on each connection and does something with each.
async fn opens<F>(act: impl Fn(WebSocketStream<TcpStream>) -> F + Send + Sync + Clone + 'static) -> Server
where
    F: Future<Output = ()> + Send + 'static,
{
    does(move |stream, _| {
        let act = act.clone();
        async move {
            if let Ok(socket) = accept_async(stream).await {
                act(socket).await;
            }
        }
    })
    .await
}

fn to(server: &Server) -> WebSocketStep {
    websocket(format!("ws://{}/room?x=1", server.address))
}

async fn echo<S>(mut socket: WebSocketStream<S>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() {
            socket.send(message).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_said_comes_back() {
    let server = opens(echo).await;
    let done =
        taken(StepKind::WebSocket(to(&server)), &["status == 101", "body == 'hello'", "header upgrade == 'websocket'"]).await;
    assert_up(&done);
    let phases = only(&done).phases_ms;
    assert!(phases.connect.is_some() && phases.ttfb.is_some() && phases.tls.is_none(), "{phases:?}");
    assert_eq!(only(&done).status, Some(101));
}

#[tokio::test]
async fn without_anything_to_say_it_is_enough_that_it_opens() {
    let server = opens(|socket| async move {
        let _open = socket;
        std::future::pending::<()>().await;
    })
    .await;
    let done = taken(StepKind::WebSocket(WebSocketStep { send: None, ..to(&server) }), &["body == ''"]).await;
    assert_up(&done);
}

#[tokio::test]
async fn the_request_carries_the_steps_header_fields_and_no_secret_is_told() {
    let came = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&came);
    let server = does(move |stream, _| {
        let kept = Arc::clone(&kept);
        async move {
            #[expect(clippy::result_large_err, reason = "the shape that the library calls")]
            let look = move |request: &Request, answer: Response| -> Result<Response, ErrorResponse> {
                let field = request.headers()["authorization"].to_str().unwrap().to_owned();
                *kept.lock().unwrap() = format!("{} {field}", request.uri());
                Ok(answer)
            };
            echo(accept_hdr_async(stream, look).await.unwrap()).await;
        }
    })
    .await;
    let step = WebSocketStep { headers: vec![("Authorization".to_owned(), template("Bearer ${secret.key}"))], ..to(&server) };
    let step = WebSocketStep { send: Some(template("key ${secret.key}")), ..step };
    let flow = alone(StepKind::WebSocket(step), &["body == 'ok'"]);
    let done = run_with(&Engine::new(Options::default()).unwrap(), &flow, &[("key", "tr0ub4dor")]).await;
    assert_eq!(*came.lock().unwrap(), "/room?x=1 Bearer tr0ub4dor");
    assert_down(&done, "key ***");
    assert!(!format!("{:?}", done.report).contains("tr0ub4dor"));
}

#[tokio::test]
async fn pings_are_answered_on_the_way() {
    let server = opens(|mut socket| async move {
        socket.send(Message::Ping("are you there".into())).await.unwrap();
        let mut n_pongs = 0;
        while let Some(Ok(message)) = socket.next().await {
            match message {
                Message::Pong(_) => n_pongs += 1,
                Message::Text(_) => socket.send(Message::Ping("still".into())).await.unwrap(),
                _ => break,
            }
            if n_pongs == 2 {
                socket.send(Message::binary(b"two pongs".to_vec())).await.unwrap();
            }
        }
    })
    .await;
    assert_up(&taken(StepKind::WebSocket(to(&server)), &["body == 'two pongs'"]).await);
}

#[tokio::test]
async fn a_server_that_closes_it_is_down_with_its_reason() {
    let server = opens(|mut socket| async move {
        socket.next().await;
        let frame = CloseFrame { code: CloseCode::Policy, reason: "no\u{202e} session".into() };
        socket.close(Some(frame)).await.unwrap();
        while socket.next().await.is_some() {}
    })
    .await;
    let done = taken(StepKind::WebSocket(to(&server)), &[]).await;
    assert_down(&done, "closed the WebSocket before it answered, with the code 1008: no session");
    assert_eq!(only(&done).status, Some(101));
    let rude = opens(|mut socket| async move {
        socket.next().await;
        let stream = socket.into_inner();
        end(stream, Then::Close).await;
    })
    .await;
    assert_down(&taken(StepKind::WebSocket(to(&rude)), &[]).await, "broke the connection off before it answered");
}

#[tokio::test]
async fn a_server_that_does_not_open_it_is_down_unless_that_is_expected() {
    let server = web(|_| reply(401, &[("www-authenticate", "Bearer")], "log in first")).await;
    let done = taken(StepKind::WebSocket(to(&server)), &[]).await;
    assert_down(&done, "it answered with the status 401 instead of 101");
    assert_eq!(only(&done).evidence.as_deref().map(|evidence| evidence.contains("log in first")), Some(true));
    assert_up(&taken(StepKind::WebSocket(to(&server)), &["status == 401", "header www-authenticate exists"]).await);
    // What a server answers that takes the request for one of a page.
    let page = web(|_| reply(StatusCode::OK.as_u16(), &[], "<html>")).await;
    assert_down(&taken(StepKind::WebSocket(to(&page)), &[]).await, "the status 200 instead of 101");
}

#[tokio::test]
async fn what_is_no_websocket_is_said_to_be_none() {
    let rows = [
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
            "Sec-WebSocket-Accept",
        ),
        ("220 mail.example.com\r\n\r\n", "not HTTP/1.1"),
        ("", "closed the connection before it answered"),
    ];
    for (answer, because) in rows {
        let server = says(answer, Then::Close).await;
        assert_down(&taken(StepKind::WebSocket(to(&server)), &[]).await, because);
    }
    let liar = does(|mut stream, _| async move {
        let head = read_head(&mut stream).await;
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        // A frame of a kind that does not exist.
        stream.write_all(&[0x83, 0]).await.unwrap();
        end(stream, Then::Close).await;
    })
    .await;
    assert_down(&taken(StepKind::WebSocket(to(&liar)), &[]).await, "does not keep to the WebSocket protocol");
}

#[tokio::test]
async fn a_message_has_a_cap() {
    let server = opens(|mut socket| async move {
        socket.next().await;
        let _ = socket.send(Message::text("x".repeat(5000))).await;
        while socket.next().await.is_some() {}
    })
    .await;
    let engine = Engine::new(Options { body_max: 1000, ..Options::default() }).unwrap();
    let done = run_with(&engine, &alone(StepKind::WebSocket(to(&server)), &[]), &[]).await;
    assert_down(&done, "sent a message of 5000 bytes, more than the 1000 that are read");
}

#[tokio::test]
async fn a_message_in_many_frames_has_the_same_cap() {
    let server = opens(|mut socket| async move {
        socket.next().await;
        for n in 0..5 {
            let code = if n == 0 { OpCode::Data(Data::Text) } else { OpCode::Data(Data::Continue) };
            let frame = Frame::message("x".repeat(400), code, n == 4);
            let _ = socket.send(Message::Frame(frame)).await;
        }
        while socket.next().await.is_some() {}
    })
    .await;
    let engine = Engine::new(Options { body_max: 1000, ..Options::default() }).unwrap();
    let done = run_with(&engine, &alone(StepKind::WebSocket(to(&server)), &[]), &[]).await;
    assert_down(&done, "more than the 1000 that are read");
}

#[tokio::test]
async fn it_is_opened_over_tls_too() {
    let trusted = authority("An Authority");
    let acceptor = TlsAcceptor::from(trusted.issue(&["127.0.0.1"], (2020, 1, 1), (2038, 1, 1)).config(&["http/1.1"]));
    let server = does(move |stream, _| {
        let acceptor = acceptor.clone();
        async move { echo(accept_async(acceptor.accept(stream).await.unwrap()).await.unwrap()).await }
    })
    .await;
    let engine = Engine::new(Options { roots: Some(trusted.pem), ..Options::default() }).unwrap();
    let step = websocket(format!("wss://{}/", server.address));
    let flow = alone(StepKind::WebSocket(step), &["body == 'hello'", "tls.days_left > 14"]);
    assert_up(&run_with(&engine, &flow, &[]).await);
}
