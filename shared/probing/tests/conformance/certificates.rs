//! Certificates, good and bad, and those who issue them.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A day: year, month, day.
pub(crate) type Day = (i32, u8, u8);

/// Someone who issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    pub(crate) pem: String,
}

/// A certificate with its key, and those that lead to the one who issued it.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

fn params(name: &str, names: &[&str], from: Day, until: Day) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(from.0, from.1, from.2);
    params.not_after = date_time_ymd(until.0, until.1, until.2);
    params
}

fn authority_params(name: &str, until: Day) -> CertificateParams {
    let mut params = params(name, &[], (2020, 1, 1), until);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// An authority that trusts itself.
pub(crate) fn authority(name: &str) -> Authority {
    let (params, key) = (authority_params(name, (2040, 1, 1)), KeyPair::generate().unwrap());
    let certificate = params.self_signed(&key).unwrap();
    Authority { der: certificate.der().clone(), pem: certificate.pem(), issuer: Issuer::new(params, key) }
}

impl Authority {
    /// One that this one trusts.
    pub(crate) fn under(&self, name: &str, until: Day) -> Authority {
        let (params, key) = (authority_params(name, until), KeyPair::generate().unwrap());
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Authority { der: certificate.der().clone(), pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    /// A server's certificate.
    pub(crate) fn issue(&self, names: &[&str], from: Day, until: Day) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params(names[0], names, from, until).signed_by(&key, &self.issuer).unwrap();
        Identity { chain: vec![certificate.der().clone()], key }
    }
}

impl Identity {
    /// With the certificate of who issued it.
    pub(crate) fn sent_with(mut self, authority: &Authority) -> Identity {
        self.chain.push(authority.der.clone());
        self
    }

    /// How a server is set up with it.
    pub(crate) fn config(self, alpn: &[&str]) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain, key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

/// A certificate that was signed with its own key.
pub(crate) fn self_signed(names: &[&str]) -> Identity {
    let key = KeyPair::generate().unwrap();
    let certificate = params(names[0], names, (2020, 1, 1), (2040, 1, 1)).self_signed(&key).unwrap();
    Identity { chain: vec![certificate.der().clone()], key }
}
