//! Where is it? A host with a port.

use std::fmt;

use url::{Host, Url};

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// A name in lower case and ASCII, or an address. Addresses in odd forms, such as
    /// `0x7f.1` or `2130706433`, are addresses by now.
    pub(crate) host: Host,
    /// The port.
    pub(crate) port: u16,
}

impl Place {
    /// Reads `host:port`; an IPv6 address stands in brackets.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Place, String> {
        let bad = || format!("`{text}` is not `host:port`, such as `db.example.com:5432` or `[2001:db8::1]:5432`");
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let host = Host::parse(host).map_err(|_| bad())?;
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(bad)?;
        Ok(Place { host, port })
    }

    /// Where an address of the web leads; none if it has no host, or a port that nobody
    /// knows.
    pub(crate) fn of(url: &Url) -> Option<Place> {
        let host = match url.host()? {
            // Only schemes of the web have their hosts read as such.
            Host::Domain(name) => Host::parse(name).ok()?,
            Host::Ipv4(ip) => Host::Ipv4(ip),
            Host::Ipv6(ip) => Host::Ipv6(ip),
        };
        Some(Place { host, port: url.port_or_known_default()? })
    }

    /// The host as TLS asks for it: an IPv6 address without brackets.
    pub(crate) fn server_name(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_odd_forms_are_read_as_what_they_are() {
        for (text, place) in [
            ("Example.COM:443", "example.com:443"),
            ("0x7f.1:80", "127.0.0.1:80"),
            ("2130706433:80", "127.0.0.1:80"),
            ("0177.0.0.1:80", "127.0.0.1:80"),
            ("[::FFFF:10.0.0.1]:80", "[::ffff:a00:1]:80"),
            ("bücher.example:80", "xn--bcher-kva.example:80"),
        ] {
            assert_eq!(Place::parse(text).unwrap().to_string(), place);
        }
        for (url, place) in
            [("http://0x7f.1/", "127.0.0.1:80"), ("https://a.example/", "a.example:443"), ("wss://2130706433/", "127.0.0.1:443")]
        {
            assert_eq!(Place::of(&Url::parse(url).unwrap()).unwrap().to_string(), place);
        }
    }

    #[test]
    fn what_is_no_place_says_what_one_looks_like() {
        for text in ["", "example.com", "example.com:", "example.com:0", "example.com:70000", ":80", "a b:80", "::1:80"] {
            assert!(Place::parse(text).unwrap_err().contains("host:port"), "{text}");
        }
    }
}
