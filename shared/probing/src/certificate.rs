//! What does a chain of certificates say, and why is it not good?

use domain::probe::seen::TlsSeen;
use domain::text::clean;
use jiff::Timestamp;
use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// Longest name that is kept, in characters.
const NAME_MAX: usize = 256;
/// Most names of a certificate that are kept.
const NAMES_MAX: usize = 100;
/// Most certificates of a chain that are read.
const CHAIN_MAX: usize = 16;
const SECONDS_A_DAY: i64 = 86_400;

/// The certificates that a server sent, its own first.
#[derive(Debug)]
pub(crate) struct Chain {
    own: Certificate,
    others: Vec<Certificate>,
    /// How many there were, those that cannot be read among them.
    n_sent: usize,
}

#[derive(Debug)]
struct Certificate {
    subject: String,
    issuer: String,
    names: Vec<String>,
    begins: i64,
    ends: i64,
}

impl Chain {
    /// Reads certificates; none if there are none, or the server's own cannot be read.
    pub(crate) fn read(ders: &[CertificateDer<'_>]) -> Option<Chain> {
        let (own, others) = ders.split_first()?;
        let others = others.iter().take(CHAIN_MAX).filter_map(Certificate::read).collect();
        Some(Chain { own: Certificate::read(own)?, others, n_sent: ders.len() })
    }

    fn all(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.own).chain(&self.others)
    }

    /// What is seen of it at `now`, over a connection that speaks `version`.
    pub(crate) fn seen(&self, now: Timestamp, version: &str) -> TlsSeen {
        let ends = self.all().map(|certificate| certificate.ends).fold(i64::MAX, i64::min);
        TlsSeen {
            days_left: (ends - now.as_second()).div_euclid(SECONDS_A_DAY),
            subject: self.own.subject.clone(),
            issuer: self.own.issuer.clone(),
            names: self.own.names.clone(),
            chain: self.n_sent,
            version: version.to_owned(),
        }
    }
}

impl Certificate {
    fn read(der: &CertificateDer<'_>) -> Option<Certificate> {
        let (_, read) = X509Certificate::from_der(der).ok()?;
        let names = read.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|names| &names.value.general_names);
        Some(Certificate {
            subject: clean(&read.subject().to_string(), NAME_MAX),
            issuer: clean(&read.issuer().to_string(), NAME_MAX),
            names: names.filter_map(written).take(NAMES_MAX).collect(),
            begins: read.validity().not_before.timestamp(),
            ends: read.validity().not_after.timestamp(),
        })
    }
}

/// A name that a certificate is good for; none if it is of a kind that hosts do not have.
fn written(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(clean(name, NAME_MAX)),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}

/// Why a chain was refused, for whoever must mend it.
pub(crate) fn refused(refusal: &rustls::Error, chain: &Chain, name: &str, now: Timestamp) -> String {
    let rustls::Error::InvalidCertificate(why) = refusal else {
        return format!("the certificate of {name} is not good: {refusal}");
    };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => ended(chain, name, now),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the certificate of {name} begins to be good only on {}", date(chain.own.begins))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate of {name} is for {}, not for {name}", listed(&chain.own.names))
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature if chain.own.subject == chain.own.issuer => {
            format!("the certificate of {name} is signed by itself")
        }
        CertificateError::UnknownIssuer => {
            let hint = if chain.n_sent == 1 { "; the server sent no certificate between them" } else { "" };
            format!("the certificate of {name} was issued by `{}`, which is not trusted{hint}", chain.issuer())
        }
        CertificateError::Revoked => format!("the certificate of {name} was revoked"),
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            format!("the certificate of {name} is signed by itself: it is one for issuing others")
        }
        other => format!("the certificate of {name} is not good: {other}"),
    }
}

impl Chain {
    /// Who issued the last certificate of the chain.
    fn issuer(&self) -> &str {
        &self.others.last().unwrap_or(&self.own).issuer
    }
}

/// Which certificate of the chain has ended, and when.
fn ended(chain: &Chain, name: &str, now: Timestamp) -> String {
    let is_own = chain.own.ends < now.as_second();
    let Some(certificate) = chain.all().find(|certificate| certificate.ends < now.as_second()) else {
        return format!("a certificate that {name}'s was issued by has ended");
    };
    let whose = if is_own {
        format!("the certificate of {name}")
    } else {
        format!("the certificate of {name} was issued by `{}`, whose own", certificate.subject)
    };
    let ago = match (now.as_second() - certificate.ends) / SECONDS_A_DAY {
        0 => "less than a day ago".to_owned(),
        1 => "1 day ago".to_owned(),
        n => format!("{n} days ago"),
    };
    format!("{whose} ended {ago} ({})", date(certificate.ends))
}

/// A day in UTC: `2026-11-18`.
fn date(second: i64) -> String {
    Timestamp::from_second(second)
        .map_or_else(|_| "a day beyond the calendar".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

/// Names as people list them: all of up to four, or the first three.
fn listed(names: &[String]) -> String {
    match names {
        [] => "no name at all".to_owned(),
        [one] => one.clone(),
        [a, b, c, _, _, ..] => format!("{a}, {b}, {c} and {} more", names.len() - 3),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_as_people_list_them() {
        for (names, text) in [
            (&[][..], "no name at all"),
            (&["a"], "a"),
            (&["a", "b"], "a and b"),
            (&["a", "b", "c"], "a, b and c"),
            (&["a", "b", "c", "d"], "a, b, c and d"),
            (&["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
        ] {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(listed(&names), text);
        }
    }
}
