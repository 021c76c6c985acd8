//! Ports, and what is said on them.

use std::time::Duration;

use domain::probe::StepKind;
use domain::probe::flow::TcpStep;
use domain::span::Span;
use probing::{Engine, Options};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{alone, only, taken, tcp};
use crate::flows::{SHORT, assert_down, assert_up, run, run_with, template, told};
use crate::servers::{Server, Then, does, end, nobody};

/// Says back what it hears, and never ends by itself.
async fn echo() -> Server {
    does(|mut stream, _| async move {
        let mut heard = [0; 64];
        while let Ok(n) = stream.read(&mut heard).await {
            if n == 0 || stream.write_all(&heard[..n]).await.is_err() {
                break;
            }
        }
    })
    .await
}

#[tokio::test]
async fn what_is_said_comes_back_and_the_pause_after_it_is_not_measured() {
    let server = echo().await;
    let kind = StepKind::Tcp(TcpStep { send: Some(template("PING ${run.id}\r\n")), ..tcp(server.address) });
    let done = taken(kind, &["body == 'PING run-1\r\n'", "size == 12"]).await;
    assert_up(&done);
    let phases = only(&done).phases_ms;
    assert!(phases.connect.is_some() && phases.ttfb.is_some() && phases.dns.is_none() && phases.tls.is_none(), "{phases:?}");
    // The server stays silent and the step ends all the same; the silence took 300 ms.
    let paused = Duration::from_secs_f64(done.report.duration_ms / 1_000.0).saturating_sub(phases.total.unwrap());
    assert!(paused >= Duration::from_millis(295), "{paused:?}");
}

#[tokio::test]
async fn a_banner_that_comes_late_is_waited_for_and_measured() {
    let late = Duration::from_millis(60);
    let server = does(move |mut stream, _| async move {
        tokio::time::sleep(late).await;
        stream.write_all(b"220 mail.example.com ESMTP\r\n").await.unwrap();
        end(stream, Then::Close).await;
    })
    .await;
    let done = taken(StepKind::Tcp(tcp(server.address)), &["body contains '220 '"]).await;
    assert_up(&done);
    // Most of the time from the connection on, less what it took to be noticed on both sides.
    let ttfb = only(&done).phases_ms.ttfb.unwrap();
    assert!(ttfb >= late * 2 / 3, "{ttfb:?}");
}

#[tokio::test]
async fn without_reading_a_connection_is_enough() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let kind = StepKind::Tcp(TcpStep { read: false, ..tcp(listener.local_addr().unwrap()) });
    assert_up(&taken(kind, &[]).await);
}

#[tokio::test]
async fn a_port_that_is_closed_or_says_nothing_is_down() {
    let address = nobody().await;
    assert_down(&taken(StepKind::Tcp(tcp(address)), &[]).await, &format!("connection to {address} refused"));
    let mute = does(|stream, _| end(stream, Then::Close)).await;
    let wanted = format!("{} closed the connection without saying anything", mute.address);
    assert_down(&taken(StepKind::Tcp(tcp(mute.address)), &[]).await, &wanted);
    let hanging = does(|stream, _| end(stream, Then::Hang)).await;
    let mut flow = alone(StepKind::Tcp(tcp(hanging.address)), &[]);
    flow.steps[0].timeout = SHORT;
    assert_down(&run(&flow).await, "waiting for the answer to begin");
}

#[tokio::test]
async fn what_is_read_has_a_cap() {
    let server = does(|mut stream, _| async move { while stream.write_all(&[b'x'; 4096]).await.is_ok() {} }).await;
    let engine = Engine::new(Options { body_max: 1000, ..Options::default() }).unwrap();
    let done = run_with(&engine, &alone(StepKind::Tcp(tcp(server.address)), &["size == 1000"]), &[]).await;
    assert_up(&done);
}

#[tokio::test]
async fn a_secret_that_comes_back_is_masked() {
    let server = echo().await;
    let kind = StepKind::Tcp(TcpStep { send: Some(template("AUTH ${secret.key}\r\n")), ..tcp(server.address) });
    let mut flow = alone(kind, &["body == 'OK'"]);
    flow.steps[0].timeout = Span::seconds(60);
    let done = run_with(&Engine::new(Options::default()).unwrap(), &flow, &[("key", "tr0ub4dor")]).await;
    assert_down(&done, "***");
    let all = format!("{} {:?}", told(&done), done.report);
    assert!(!all.contains("tr0ub4dor"), "{all}");
}

#[tokio::test]
async fn an_address_without_a_port_is_said_to_be_none() {
    assert_down(&taken(StepKind::Tcp(tcp("localhost")), &[]).await, "not `host:port`");
}
