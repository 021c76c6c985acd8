//! With whom is TLS spoken? The handshake, and what its certificates say.
//!
//! A certificate that is refused is seen all the same: the handshake is led to its end,
//! and the connection is given up before anything is said on it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use domain::probe::seen::TlsSeen;
use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificate::{self, Chain};
use crate::failed::{Failed, causes};

/// What is asked of a handshake.
#[derive(Debug, Clone)]
pub(crate) struct TlsAsk {
    /// The name that is asked for, and must stand in the certificate; an address is
    /// written without brackets.
    pub(crate) server_name: String,
    /// The protocols that are offered, the best first: `h2`, `http/1.1`. None are offered
    /// if it is empty.
    pub(crate) alpn: Vec<&'static [u8]>,
    /// Whether a certificate that is not good is a failure.
    pub(crate) verify: bool,
}

/// Leads handshakes. Made once: it holds the certificates to trust.
#[derive(Debug)]
pub(crate) struct Trust {
    base: ClientConfig,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Trust {
    /// Trusts what the system does and `roots`, certificates in PEM.
    ///
    /// # Errors
    /// A sentence when there is nothing to trust, or `roots` cannot be read.
    pub(crate) fn new(roots: Option<&str>) -> Result<Trust, String> {
        let mut store = RootCertStore::empty();
        let native = rustls_native_certs::load_native_certs();
        store.add_parsable_certificates(native.certs);
        for root in CertificateDer::pem_slice_iter(roots.unwrap_or_default().as_bytes()) {
            let root = root.map_err(|error| format!("the certificates to trust are not PEM: {error}"))?;
            store.add(root).map_err(|error| format!("a certificate to trust cannot be used: {error}"))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider))
            .build()
            .map_err(|error| format!("there are no root certificates on this system: {error}; name some in `SSL_CERT_FILE`"))?;
        let mut base = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::<WebPkiServerVerifier>::clone(&verifier))
            .with_no_client_auth();
        // Every handshake is a whole one: a shortened one shows no certificates, and is not
        // what a new visitor waits for.
        base.resumption = Resumption::disabled();
        Ok(Trust { base, verifier })
    }

    /// Leads a handshake over `stream`, at the time `now`.
    ///
    /// # Errors
    /// Why there is no TLS, with the certificates if they came.
    pub(crate) async fn handshake(
        &self,
        stream: TcpStream,
        ask: &TlsAsk,
        now: Timestamp,
    ) -> Result<(TlsStream<TcpStream>, TlsSeen), Failed> {
        let name = ServerName::try_from(ask.server_name.clone())
            .map_err(|_| Failed::new(format!("`{}` is not a name that a certificate could be for", ask.server_name)))?;
        let witness = Arc::new(Witness { inner: Arc::clone(&self.verifier), now, saw: Mutex::default() });
        let mut config = self.base.clone();
        config.alpn_protocols = ask.alpn.iter().map(|protocol| protocol.to_vec()).collect();
        config.dangerous().set_certificate_verifier(Arc::<Witness>::clone(&witness));
        let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let Saw { chain, refusal } = std::mem::take(&mut *witness.saw.lock().unwrap_or_else(PoisonError::into_inner));
        let chain = Chain::read(&chain);
        let stream = match shaken {
            Ok(stream) => stream,
            Err(error) => return Err(broken(&error, ask).with_tls(chain.map(|chain| chain.seen(now, "")))),
        };
        let Some(chain) = chain else {
            return Err(Failed::new(format!("{} sent a certificate that cannot be read", ask.server_name)));
        };
        let seen = chain.seen(now, version(&stream));
        match refusal {
            Some(refusal) if ask.verify => {
                let because = certificate::refused(&refusal, &chain, &ask.server_name, now);
                Err(Failed::new(because).with_tls(Some(seen)))
            }
            _ => Ok((stream, seen)),
        }
    }
}

fn version(stream: &TlsStream<TcpStream>) -> &'static str {
    match stream.get_ref().1.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "",
    }
}

/// Why a handshake broke off.
fn broken(error: &io::Error, ask: &TlsAsk) -> Failed {
    let name = &ask.server_name;
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match (inner, error.kind()) {
        (Some(rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)), _) => {
            Failed::new(format!("{name} speaks nothing that was offered in the TLS handshake: {}", offered(&ask.alpn)))
        }
        (Some(rustls::Error::AlertReceived(alert)), _) => {
            Failed::new(format!("{name} refused the TLS handshake: it sent the alert {alert:?}"))
        }
        (Some(rustls::Error::InvalidMessage(_)), _) => Failed::new(format!("{name} does not speak TLS on this port")),
        (Some(rustls::Error::PeerIncompatible(why)), _) => {
            Failed::new(format!("{name} speaks no TLS that can be accepted: {why:?}"))
        }
        (Some(error), _) => Failed::new(format!("the TLS handshake with {name} failed: {}", causes(error))),
        (None, io::ErrorKind::UnexpectedEof) => Failed::network(format!("{name} closed the connection during the TLS handshake")),
        (None, io::ErrorKind::ConnectionReset) => {
            Failed::network(format!("{name} reset the connection during the TLS handshake"))
        }
        (None, _) => Failed::network(format!("the TLS handshake with {name} failed: {}", causes(error))),
    }
}

/// Protocols as people call them.
fn offered(alpn: &[&[u8]]) -> String {
    let names = alpn.iter().map(|&protocol| match protocol {
        b"h2" => "HTTP/2".into(),
        b"http/1.1" => "HTTP/1.1".into(),
        other => String::from_utf8_lossy(other),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Keeps the certificates that come and what is wrong with them, and lets the handshake go
/// on.
#[derive(Debug)]
struct Witness {
    inner: Arc<WebPkiServerVerifier>,
    now: Timestamp,
    saw: Mutex<Saw>,
}

#[derive(Debug, Default)]
struct Saw {
    chain: Vec<CertificateDer<'static>>,
    refusal: Option<rustls::Error>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let seconds = u64::try_from(self.now.as_second()).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let verdict = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let mut saw = self.saw.lock().unwrap_or_else(PoisonError::into_inner);
        saw.chain = std::iter::once(end_entity).chain(intermediates).map(|der| der.clone().into_owned()).collect();
        saw.refusal = verdict.err();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
