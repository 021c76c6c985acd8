//! Where does a redirect lead, and what may be sent there?

use domain::probe::secret::Secrets;
use hyper::Method;
use hyper::header::{self, HeaderMap};
use url::Url;

use super::request::{self, Outgoing};
use crate::failed::Failed;

/// Where an answer leads, if it leads anywhere.
pub(super) fn location(status: u16, headers: &HeaderMap) -> Option<String> {
    let leads = matches!(status, 301 | 302 | 303 | 307 | 308);
    let location = headers.get(header::LOCATION).filter(|_| leads)?;
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
}

/// The request that follows a redirect. `named` is the address that the step names: what
/// is secret goes to its host only.
///
/// # Errors
/// Why it is not followed.
pub(super) fn next(before: Outgoing, status: u16, location: &str, named: &Url, secrets: &Secrets) -> Result<Outgoing, Failed> {
    let from = before.url.clone();
    let url = from
        .join(location)
        .map_err(|error| Failed::new(format!("{from} leads to `{location}`, which is not an address: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Failed::new(format!("{from} leads to `{location}`: only http and https are followed")));
    }
    let mut url = request::address(url.as_str())?;
    // What a server writes there is nobody's password.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let mut next = Outgoing { url, ..before };
    if becomes_get(status, &next.method) {
        next.method = Method::GET;
        next.body = None;
        for name in [
            header::CONTENT_TYPE,
            header::CONTENT_LENGTH,
            header::CONTENT_ENCODING,
            header::CONTENT_LANGUAGE,
            header::CONTENT_LOCATION,
        ] {
            next.headers.remove(name);
        }
    }
    if next.url.origin() != named.origin() {
        strip(&mut next, secrets)?;
    }
    Ok(next)
}

/// Whether a request is repeated as a GET, as browsers do (Fetch, HTTP-redirect fetch).
fn becomes_get(status: u16, method: &Method) -> bool {
    match status {
        303 => !matches!(*method, Method::GET | Method::HEAD),
        301 | 302 => *method == Method::POST,
        _ => false,
    }
}

/// Takes from a request what another origin must not hear.
fn strip(next: &mut Outgoing, secrets: &Secrets) -> Result<(), Failed> {
    let place = next.url.origin().ascii_serialization();
    let has_secret = |bytes: &[u8]| holds_secret(&String::from_utf8_lossy(bytes), secrets);
    if holds_secret(next.url.as_str(), secrets) {
        return Err(Failed::new(format!(
            "a redirect to {place} has a secret in its address: not followed, as secrets go only where the step sends them"
        )));
    }
    if next.body.as_ref().is_some_and(|body| has_secret(body)) {
        return Err(Failed::new(format!(
            "a redirect to {place} would send it the request with a secret in it: not followed, as secrets go only where the step sends them"
        )));
    }
    let theirs: Vec<_> = next
        .headers
        .iter()
        .filter(|(name, value)| is_credential(name) || has_secret(value.as_bytes()))
        .map(|(name, _)| name.clone())
        .collect();
    for name in theirs {
        next.headers.remove(name);
    }
    // A name that the step gives is one for where the step leads.
    next.headers.remove(header::HOST);
    Ok(())
}

fn is_credential(name: &header::HeaderName) -> bool {
    matches!(*name, header::AUTHORIZATION | header::COOKIE | header::PROXY_AUTHORIZATION)
}

/// Whether a secret stands in `text`, as it is or as addresses and forms write it.
pub(super) fn holds_secret(text: &str, secrets: &Secrets) -> bool {
    let is_in = |text: &str| secrets.mask(text) != text;
    is_in(text) || is_in(&request::percent(text)) || is_in(&request::percent(&text.replace('+', " ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(url: &str, headers: &[(&'static str, &'static str)], body: &'static str) -> Outgoing {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Outgoing { method: Method::POST, url: Url::parse(url).unwrap(), headers: map, body: Some(body.into()) }
    }

    fn go(before: Outgoing, status: u16, location: &str) -> Result<Outgoing, String> {
        let mut secrets = Secrets::default();
        secrets.add("s3cret value");
        let named = Url::parse("https://a.example/start").unwrap();
        next(before, status, location, &named, &secrets).map_err(|failed| failed.because)
    }

    #[test]
    fn a_redirect_keeps_or_changes_the_method_as_browsers_do() {
        for (status, method, becomes, keeps_body) in [
            (301, "POST", "GET", false),
            (302, "POST", "GET", false),
            (303, "POST", "GET", false),
            (307, "POST", "POST", true),
            (308, "POST", "POST", true),
            (301, "PUT", "PUT", true),
            (302, "DELETE", "DELETE", true),
            (303, "PUT", "GET", false),
            (303, "HEAD", "HEAD", true),
            (301, "GET", "GET", true),
        ] {
            let mut before = post("https://a.example/start", &[("content-type", "text/plain")], "x");
            before.method = method.parse().unwrap();
            let next = go(before, status, "/next").unwrap();
            assert_eq!(next.method.as_str(), becomes, "{status} {method}");
            assert_eq!(next.body.is_some(), keeps_body, "{status} {method}");
            assert_eq!(next.headers.contains_key("content-type"), keeps_body, "{status} {method}");
        }
    }

    #[test]
    fn another_origin_hears_neither_credentials_nor_secrets() {
        let fields =
            [("authorization", "Bearer t"), ("cookie", "a=b"), ("x-key", "s3cret value"), ("x-run", "1"), ("host", "a.example")];
        for (location, hears) in [
            ("/next", &["authorization", "cookie", "host", "x-key", "x-run"][..]),
            ("https://a.example:443/next", &["authorization", "cookie", "host", "x-key", "x-run"]),
            ("https://b.example/next", &["x-run"]),
            ("https://a.example:8443/next", &["x-run"]),
            ("http://a.example/next", &["x-run"]),
            ("//b.example/next", &["x-run"]),
        ] {
            let next = go(post("https://a.example/start", &fields, "plain"), 307, location).unwrap();
            let mut names: Vec<_> = next.headers.keys().map(header::HeaderName::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, hears, "{location}");
        }
    }

    #[test]
    fn credentials_do_not_come_back_by_way_of_another_origin() {
        let away = go(post("https://a.example/start", &[("authorization", "Bearer t")], ""), 307, "https://b.example/").unwrap();
        let back = go(away, 307, "https://a.example/").unwrap();
        assert!(!back.headers.contains_key("authorization"));
    }

    #[test]
    fn a_redirect_that_would_carry_a_secret_away_is_not_followed() {
        for (body, status, location, is_followed) in [
            ("s3cret value", 307, "https://b.example/", false),
            ("field=s3cret+value", 307, "https://b.example/", false),
            ("s3cret value", 303, "https://b.example/", true),
            ("s3cret value", 307, "https://a.example/", true),
            ("", 302, "https://b.example/?key=s3cret%20value", false),
            ("", 302, "https://b.example/?key=s3cret+value", false),
            ("", 302, "https://a.example/?key=s3cret%20value", true),
        ] {
            let next = go(post("https://a.example/start", &[], body), status, location);
            assert_eq!(next.is_ok(), is_followed, "{body} {status} {location}: {next:?}");
        }
    }

    #[test]
    fn only_the_web_is_followed_to() {
        for location in
            ["file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "javascript:alert(1)", "data:,x", "http://"]
        {
            let because = go(post("https://a.example/start", &[], ""), 302, location).unwrap_err();
            assert!(because.starts_with("https://a.example/start leads to"), "{because}");
        }
    }

    #[test]
    fn an_answer_leads_on_only_with_a_status_and_a_location_that_say_so() {
        let mut headers = HeaderMap::new();
        assert_eq!(location(302, &headers), None);
        headers.insert(header::LOCATION, "/next".parse().unwrap());
        for (status, leads) in [
            (301, true),
            (302, true),
            (303, true),
            (307, true),
            (308, true),
            (200, false),
            (201, false),
            (300, false),
            (304, false),
        ] {
            assert_eq!(location(status, &headers).is_some(), leads, "{status}");
        }
    }
}
