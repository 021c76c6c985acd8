//! Servers that are slow, silent, rude or gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::probe::flow::{Body, HttpVersion};
use domain::span::Span;
use tokio::io::AsyncWriteExt as _;

use crate::flows::{LONG, SHORT, assert_down, assert_up, flow, get, post, run, told};
use crate::servers::{Then, does, end, nobody, read_head, says};

#[tokio::test]
async fn silence_is_down_and_says_what_was_waited_for() {
    let waiting = "it was still waiting for the answer to begin";
    let reading = "it was still reading the answer";
    // Some of the answer must have come before the time is over, however busy the machine is.
    let long_enough = Span::seconds(1);
    for (answer, timeout, doing) in [
        ("", SHORT, waiting),
        ("HTTP/1.1 200 OK\r\ncontent-le", SHORT, waiting),
        ("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha", long_enough, reading),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nha\r\n", long_enough, reading),
    ] {
        let server = says(answer, Then::Hang).await;
        let done = run(&flow([get(server.url("/")).timeout(timeout)])).await;
        let because = format!("no answer within {timeout}: {doing}");
        assert_down(&done, &because);
        let phases = done.report.steps[0].phases_ms;
        assert!(phases.total.unwrap().as_millis() >= u128::from(timeout.as_millis()), "{phases:?}");
        assert_eq!(done.exchanges[0].error.as_ref(), Some(&because));
    }
}

#[tokio::test]
async fn an_answer_that_takes_its_time_is_up_and_measured() {
    let server = does(|mut stream, _| async move {
        read_head(&mut stream).await;
        for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow" {
            stream.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        end(stream, Then::Close).await;
    })
    .await;
    assert_up(&run(&flow([get(server.url("/")).expect("body == \"slow\"")])).await);
}

#[tokio::test]
async fn rudeness_is_down_and_says_what_happened() {
    for (answer, then, because) in [
        ("", Then::Close, "closed the connection without an answer"),
        ("", Then::Reset, "reset the connection before it answered"),
        ("HTTP/1.1 200", Then::Close, "closed the connection without an answer"),
        ("SSH-2.0-OpenSSH_9.6\r\n", Then::Close, "answers with something that is not HTTP"),
        ("HTTP/1.1 999999 What\r\n\r\n", Then::Close, "answers with something that is not HTTP"),
    ] {
        let server = says(answer, then).await;
        let done = run(&flow([get(server.url("/"))])).await;
        assert_down(&done, because);
        assert!(told(&done).contains(&server.address.to_string()), "{}", told(&done));
    }
}

#[tokio::test]
async fn a_port_on_which_nobody_listens_is_refused() {
    let address = nobody().await;
    let done = run(&flow([get(format!("http://{address}/"))])).await;
    assert_down(&done, &format!("connection to {address} refused"));
    assert_eq!(done.report.steps[0].status, None);
}

#[tokio::test]
async fn header_fields_without_end_are_down() {
    let many = "x-a: 1\r\n".repeat(200);
    let long = format!("x-long: {}\r\n", "x".repeat(70_000));
    for fields in [many, long] {
        let server = says(format!("HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n"), Then::Close).await;
        assert_down(&run(&flow([get(server.url("/"))])).await, "too many or too long header fields");
    }
}

/// A server of HTTP/2 that leads each request to an end of its own.
async fn http2(act: impl Fn(h2::server::SendResponse<bytes::Bytes>) + Copy + Send + Sync + 'static) -> crate::servers::Server {
    does(move |stream, _| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, respond))) = connection.accept().await {
            act(respond);
        }
    })
    .await
}

#[tokio::test]
async fn http2_that_breaks_off_is_down() {
    let reset = http2(|mut respond| respond.send_reset(h2::Reason::INTERNAL_ERROR)).await;
    let short = http2(|mut respond| {
        let head = hyper::Response::builder().header("content-length", "10").body(()).unwrap();
        let mut body = respond.send_response(head, false).unwrap();
        body.send_data("half".into(), true).unwrap();
    })
    .await;
    let long = http2(|mut respond| {
        let mut head = hyper::Response::new(());
        for n in 0..20 {
            head.headers_mut()
                .insert(hyper::header::HeaderName::try_from(format!("x-{n}")).unwrap(), "x".repeat(5_000).parse().unwrap());
        }
        respond.send_response(head, true).unwrap();
    })
    .await;
    for (server, because) in [
        (reset, "broke off HTTP/2 without an answer"),
        (short, "the answer broke off after"),
        (long, "has more than 64 KiB of header fields"),
    ] {
        let done = run(&flow([get(server.url("/")).version(HttpVersion::Http2)])).await;
        assert_down(&done, because);
    }
}

#[tokio::test]
async fn no_connection_is_left_behind() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = does(move |mut stream, _| {
        let tell = tell.clone();
        async move {
            while !read_head(&mut stream).await.is_empty() {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            }
            tell.send(()).unwrap();
        }
    })
    .await;
    assert_up(&run(&flow([get(server.url("/")), get(server.url("/"))])).await);
    tokio::time::timeout(LONG, told.recv()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_made_anew() {
    for method_is_post in [false, true] {
        let server = does(|mut stream, _| async move {
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            // Promises to stay, and goes.
            drop(stream);
        })
        .await;
        let second = if method_is_post { post(server.url("/"), Body::None) } else { get(server.url("/")) };
        assert_up(&run(&flow([get(server.url("/")), second])).await);
    }
}

/// A server that answers a connection's first request, and on the second does as told.
async fn good_once(then: Then, n_requests: Arc<AtomicUsize>) -> crate::servers::Server {
    does(move |mut stream, connection| {
        let n_requests = Arc::clone(&n_requests);
        async move {
            for n in 1.. {
                if read_head(&mut stream).await.is_empty() {
                    return;
                }
                n_requests.fetch_add(1, Ordering::SeqCst);
                if connection == 1 && n == 2 {
                    return end(stream, then).await;
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            }
        }
    })
    .await
}

#[tokio::test]
async fn what_may_have_had_an_effect_is_not_sent_twice() {
    for then in [Then::Close, Then::Reset] {
        let n_requests = Arc::new(AtomicUsize::new(0));
        let server = good_once(then, Arc::clone(&n_requests)).await;
        let done = run(&flow([get(server.url("/")), post(server.url("/"), Body::None)])).await;
        assert_down(&done, "the connection");
        assert_eq!((done.report.failed_step, n_requests.load(Ordering::SeqCst)), (Some(2), 2), "{then:?}");
    }
}

#[tokio::test]
async fn what_can_be_repeated_is_sent_once_more_over_a_new_connection() {
    for then in [Then::Close, Then::Reset] {
        let n_requests = Arc::new(AtomicUsize::new(0));
        let server = good_once(then, Arc::clone(&n_requests)).await;
        assert_up(&run(&flow([get(server.url("/")), get(server.url("/"))])).await);
        assert_eq!(n_requests.load(Ordering::SeqCst), 3, "{then:?}");
    }
}
