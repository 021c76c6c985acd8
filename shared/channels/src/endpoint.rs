//! Where is a message sent? A URL out of a secret, checked.

use std::net::IpAddr;

use hyper::Uri;

/// A URL with a host: https, or http to this very machine. It holds no user name
/// and no password. It may be a secret as a whole, so only its host is ever
/// shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoint(Uri);

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoint({}, …)", self.host())
    }
}

impl Endpoint {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it, in words that do not repeat it.
    pub(crate) fn parse(raw: &str) -> Result<Endpoint, &'static str> {
        let uri: Uri = raw.parse().map_err(|_| "is not a URL")?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err("is not a whole URL: it must begin with https:// and a host");
        };
        if authority.host().is_empty() {
            return Err("has no host");
        }
        if authority.as_str().contains('@') {
            return Err("holds a user name or password before the host; these are not supported");
        }
        match scheme {
            "https" => Ok(Endpoint(uri)),
            "http" if is_loopback(authority.host()) => Ok(Endpoint(uri)),
            "http" => Err("begins with http://; messages are only sent over https:// (http:// is for this machine alone)"),
            _ => Err("must begin with https://"),
        }
    }

    /// The URL `path` below this one.
    ///
    /// # Errors
    /// What is wrong with it, in words that do not repeat it.
    pub(crate) fn below(&self, path: &str) -> Result<Endpoint, &'static str> {
        if self.0.query().is_some() {
            return Err("has a query (`?…`); give the base alone");
        }
        let base = self.0.to_string();
        format!("{}/{path}", base.trim_end_matches('/')).parse().map(Endpoint).map_err(|_| "is not a URL")
    }

    /// The host, with the port if it is not the usual one: what may be shown.
    pub(crate) fn host(&self) -> String {
        let host = self.0.host().unwrap_or_default();
        match (self.0.port_u16(), self.is_https()) {
            (None, _) | (Some(443), true) | (Some(80), false) => host.to_owned(),
            (Some(port), _) => format!("{host}:{port}"),
        }
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Returns the host of `text` if it is, as a whole, a web link of at most `max`
/// characters that no chat or pager stumbles over: what they refuse they refuse
/// together with the message around it.
pub(crate) fn link_host(text: &str, max: usize) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"<>|\"\\^`{}".contains(&byte);
    if text.len() > max || !text.bytes().all(is_plain) {
        return None;
    }
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    text.parse::<Uri>().ok()?;
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let host = authority.rsplit('@').next()?;
    (!host.is_empty() && !host.starts_with(':')).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_reached_without_tls() {
        for (raw, wanted) in [
            ("https://hooks.slack.com/services/T0/B0/x", Ok("hooks.slack.com")),
            ("https://hooks.slack.com:443/x", Ok("hooks.slack.com")),
            ("https://example.com:8443/x?a=b", Ok("example.com:8443")),
            ("HTTPS://EXAMPLE.com", Ok("EXAMPLE.com")),
            ("http://127.0.0.1:8080/x", Ok("127.0.0.1:8080")),
            ("http://127.9.9.9/x", Ok("127.9.9.9")),
            ("http://[::1]:8080/x", Ok("[::1]:8080")),
            ("http://LocalHost/x", Ok("LocalHost")),
            ("http://example.com/x", Err("begins with http://")),
            ("http://10.0.0.1/x", Err("begins with http://")),
            ("http://localhost.example.com/x", Err("begins with http://")),
            ("http://127.0.0.1@example.com/x", Err("user name")),
            ("https://user:pass@example.com/x", Err("user name")),
            ("ftp://example.com/x", Err("https://")),
            ("hooks.slack.com", Err("not a whole URL")),
            ("/services/T0", Err("not a whole URL")),
            ("https://", Err("not a URL")),
            ("https:///x", Err("not a URL")),
            ("https://ex ample.com", Err("not a URL")),
            ("https://bücher.example", Err("not a URL")),
            ("", Err("not a URL")),
        ] {
            match (Endpoint::parse(raw), wanted) {
                (Ok(endpoint), Ok(host)) => assert_eq!(endpoint.host(), host, "{raw}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{raw}: {why}"),
                (got, _) => panic!("{raw}: {got:?}"),
            }
        }
    }

    #[test]
    fn a_base_takes_a_path() {
        for (base, wanted) in [
            ("https://slack.com/api", "https://slack.com/api/chat.postMessage"),
            ("https://slack.com/api/", "https://slack.com/api/chat.postMessage"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9/chat.postMessage"),
        ] {
            let endpoint = Endpoint::parse(base).unwrap().below("chat.postMessage").unwrap();
            assert_eq!(endpoint.uri().to_string(), wanted);
        }
        assert!(Endpoint::parse("https://slack.com/api?x").unwrap().below("y").is_err());
    }

    #[test]
    fn only_plain_web_links_become_links() {
        for (text, wanted) in [
            ("https://wiki.example.com/runbooks/cpu?x=1#top", Some("wiki.example.com")),
            ("http://10.1.2.3:3000/d/abc", Some("10.1.2.3:3000")),
            ("https://good.example@evil.example/", Some("evil.example")),
            ("see https://wiki.example.com", None),
            ("https://wiki.example.com/a b", None),
            ("https://wiki.example.com/<!channel>", None),
            ("https://wiki.example.com/a|b", None),
            ("https://bücher.example/", None),
            ("https://", None),
            ("https:///path", None),
            ("https://:80/", None),
            ("javascript:alert(1)", None),
            ("wiki/CPU", None),
            ("", None),
        ] {
            assert_eq!(link_host(text, 100), wanted, "{text}");
        }
        assert_eq!(link_host("https://example.com/", 10), None);
    }
}
