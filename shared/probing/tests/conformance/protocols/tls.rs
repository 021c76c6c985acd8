//! Handshakes, for the certificates.

use std::net::SocketAddr;
use std::sync::Arc;

use domain::probe::flow::TlsStep;
use domain::probe::{Flow, StepKind};
use probing::{Done, Engine, Options};
use rustls::ServerConfig;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use super::{alone, only, tls};
use crate::certificates::{Authority, Day, authority, self_signed};
use crate::flows::{assert_down, assert_up, run_with, template};
use crate::servers::{Then, does, end};

const PAST: Day = (2020, 1, 1);
const FUTURE: Day = (2038, 1, 1);

/// A server that does nothing but handshakes.
async fn shakes(config: Arc<ServerConfig>) -> SocketAddr {
    let server = does(move |stream, _| {
        let acceptor = TlsAcceptor::from(Arc::clone(&config));
        async move {
            let _ = acceptor.accept(stream).await;
        }
    })
    .await;
    server.address
}

async fn taken(authority: &Authority, step: TlsStep, expect: &[&str]) -> Done {
    let engine = Engine::new(Options { roots: Some(authority.pem.clone()), ..Options::default() }).unwrap();
    let flow: Flow = alone(StepKind::Tls(step), expect);
    run_with(&engine, &flow, &[]).await
}

#[tokio::test]
async fn a_good_certificate_is_seen() {
    let trusted = authority("An Authority");
    let config = trusted.issue(&["shop.example.com", "127.0.0.1"], PAST, FUTURE).sent_with(&trusted).config(&[]);
    let address = shakes(config).await;
    let expect = [
        "tls.days_left > 14",
        "tls.chain == 2",
        "tls.names contains 'shop.example.com'",
        "tls.version == 'TLSv1.3'",
        "tls.issuer contains 'An Authority'",
    ];
    let done = taken(&trusted, tls(address), &expect).await;
    assert_up(&done);
    let phases = only(&done).phases_ms;
    assert!(phases.connect.is_some() && phases.tls.is_some() && phases.ttfb.is_none(), "{phases:?}");
    let named = TlsStep { server_name: Some(template("shop.example.com")), ..tls(address) };
    assert_up(&taken(&trusted, named, &["tls.days_left > 14"]).await);
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_good_until_more_is_expected() {
    let trusted = authority("An Authority");
    // Runs begin on 2026-11-21 at noon.
    let address = shakes(trusted.issue(&["127.0.0.1"], PAST, (2026, 12, 1)).config(&[])).await;
    assert_up(&taken(&trusted, tls(address), &["tls.days_left == 9"]).await);
    assert_down(&taken(&trusted, tls(address), &["tls.days_left > 14"]).await, "9");
}

#[tokio::test]
async fn a_certificate_that_is_not_good_is_down_and_seen_all_the_same() {
    let (trusted, other) = (authority("An Authority"), authority("A Stranger"));
    let rows = [
        (trusted.issue(&["127.0.0.1"], PAST, (2026, 11, 1)), "ended 20 days ago"),
        (trusted.issue(&["127.0.0.1"], (2026, 12, 1), FUTURE), "begins to be good only on 2026-12-01"),
        (trusted.issue(&["other.example.com"], PAST, FUTURE), "is for other.example.com, not for 127.0.0.1"),
        (other.issue(&["127.0.0.1"], PAST, FUTURE), "was issued by `CN=A Stranger`, which is not trusted"),
        (self_signed(&["127.0.0.1"]), "is signed by itself"),
    ];
    for (identity, because) in rows {
        let done = taken(&trusted, tls(shakes(identity.config(&[])).await), &[]).await;
        assert_eq!(done.report.verdict.word(), "down");
        let report = only(&done);
        let evidence = report.evidence.as_deref().unwrap_or_default();
        let told = format!("{} {evidence}", report.because.join("; "));
        assert!(told.contains(because), "`{because}` is not in {told}");
        assert!(!evidence.is_empty(), "{told}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_down() {
    let talker = does(|mut stream, _| async move {
        stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").await.unwrap();
        end(stream, Then::Close).await;
    })
    .await;
    assert_down(&taken(&authority("An Authority"), tls(talker.address), &[]).await, "does not speak TLS on this port");
}
