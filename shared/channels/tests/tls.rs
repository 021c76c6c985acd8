//! The channels over TLS: whom they trust, and that they work at all.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use channels::{Client, Destination, Kind, Outgoing, Receipt, SendError, Timing};
use domain::message::Brief;
use domain::notice::NoticeKind;
use domain::priority::Priority;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use self::support::{Act, Play, Role, Stage, serve};

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/authority.pem");
/// The name of the test that runs in a process of its own.
const CHILD: &str = "in_a_process_that_trusts_the_authority";

/// A PagerDuty behind TLS.
async fn secure_play() -> (SocketAddr, Arc<Stage>) {
    let chain = CertificateDer::pem_slice_iter(include_bytes!("tls/server.pem")).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stage = Stage::new(Role::pagerduty(), []);
    let shared = Arc::clone(&stage);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, stage) = (acceptor.clone(), Arc::clone(&shared));
            stage.count_connection();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, stage).await;
                }
            });
        }
    });
    (address, stage)
}

async fn sent(address: SocketAddr) -> Result<Receipt, SendError> {
    let brief = Brief {
        id: "0K3-M9Q-F7T".to_owned(),
        kind: NoticeKind::Opened,
        priority: Priority::P1,
        headline: "database connections".to_owned(),
        service: None,
        facts: Vec::new(),
        asks: Vec::new(),
        link: None,
        runbook: None,
        is_over: false,
        opened_at: "2026-11-21T02:05:00Z".parse().unwrap(),
    };
    let outgoing = Outgoing { brief: &brief, key: "0001-opened", thread: None, now: brief.opened_at, seed: 7 };
    let secret = json!({ "routing_key": "SECRET0123456789SECRET0123456789", "api_url": format!("https://{address}") });
    let destination = Destination::parse(Kind::Pagerduty, &secret.to_string()).unwrap();
    let timing = Timing { backoff_max: Duration::from_millis(1), n_attempts_max: 3, ..Timing::default() };
    Client::with_timing(timing).send(&destination, &outgoing, Duration::from_secs(20)).await
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_not_trusted_and_not_tried_again() {
    let (address, stage) = secure_play().await;
    let wanted = format!(
        "{address} showed a certificate that is not trusted (invalid peer certificate: UnknownIssuer); have it mended, or add its \
         authority to the root certificates"
    );
    let error = SendError::Unavailable { why: wanted, n_attempts: 1, retry_after: None, may_have_arrived: false };
    assert_eq!(sent(address).await, Err(error));
    assert_eq!((stage.n_connections(), stage.seen().len()), (1, 0));
}

#[tokio::test]
async fn a_server_without_tls_gets_nothing_over_https() {
    let play = Play::open(Role::pagerduty(), std::iter::repeat_n(Act::Garbage, 10)).await;
    let error = sent(play.address).await.unwrap_err();
    let SendError::Unavailable { why, n_attempts: 3, may_have_arrived: false, .. } = &error else { panic!("{error:?}") };
    assert!(why.contains("could not be reached (received corrupt message"), "{why}");
    assert!(play.seen().is_empty());
}

/// The loader of root certificates reads `SSL_CERT_FILE` of its process, and a
/// process must not change its own environment while threads run.
#[test]
fn a_message_goes_over_tls_to_whom_the_system_trusts() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD])
        .env("SSL_CERT_FILE", AUTHORITY)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn in_a_process_that_trusts_the_authority() {
    #[expect(clippy::disallowed_methods, reason = "asks whether it was started by its parent")]
    let is_child = std::env::var("SSL_CERT_FILE").is_ok_and(|file| file == AUTHORITY);
    if is_child {
        let (address, stage) = secure_play().await;
        assert_eq!(sent(address).await, Ok(Receipt(Some("0K3-M9Q-F7T".to_owned()))));
        assert_eq!(stage.seen().len(), 1);
    }
}
