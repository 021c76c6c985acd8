//! Which cookies go out, and which come in? By RFC 6265, within one flow.

use cookie_store::RawCookie;
use hyper::header::{self, HeaderMap, HeaderValue};
use url::Url;

use super::redirect::holds_secret;
use super::request::Outgoing;
use crate::journey::Journey;

/// Most cookies of one answer that are kept.
const COOKIES_MAX: usize = 50;
/// Below the domains of countries these are registries', as in `co.uk`. The whole list of
/// public suffixes would make the function a tenth larger, for hosts that the file names.
const REGISTRIES: [&str; 16] =
    ["ac", "co", "com", "edu", "go", "gob", "gov", "ltd", "mil", "ne", "net", "nom", "or", "org", "plc", "sch"];

/// The header fields of a request, the flow's cookies among them. Fields that the step
/// itself gives stand before those. `named` is the address that the step names: a cookie
/// with a secret in it follows no redirect to another host, or to where anybody on the way
/// can read it.
pub(super) fn sent(outgoing: &Outgoing, named: &Url, with: &Journey<'_>) -> HeaderMap {
    let mut headers = outgoing.headers.clone();
    let own = headers.get(header::COOKIE).and_then(|own| own.to_str().ok()).map(str::to_owned);
    let is_readable = named.scheme() == "https" && outgoing.url.scheme() != "https";
    let is_elsewhere = is_readable || outgoing.url.host() != named.host();
    let kept = with.cookies.get_request_values(&outgoing.url).map(|(name, value)| format!("{name}={value}"));
    let kept = kept.filter(|cookie| !(is_elsewhere && holds_secret(cookie, &with.secrets)));
    let all: Vec<String> = own.into_iter().chain(kept).collect();
    if let Ok(value) = HeaderValue::from_str(&all.join("; "))
        && !value.is_empty()
    {
        headers.insert(header::COOKIE, value);
    }
    headers
}

/// Keeps the cookies of an answer that came from `url`.
pub(super) fn keep(headers: &HeaderMap, url: &Url, with: &mut Journey<'_>) {
    for field in headers.get_all(header::SET_COOKIE).iter().take(COOKIES_MAX) {
        let Ok(cookie) = RawCookie::parse(String::from_utf8_lossy(field.as_bytes()).into_owned()) else { continue };
        let domain = cookie.domain().map(|domain| domain.trim_matches('.').to_ascii_lowercase());
        let is_host = domain.is_some() && domain.as_deref() == url.host_str();
        if domain.is_some_and(|domain| is_public(&domain)) && !is_host {
            // A domain below which everybody may have a name is nobody's.
            continue;
        }
        // One that is refused is not sent again: that is all a browser says of it, too.
        let _ = with.cookies.insert_raw(&cookie, url);
    }
}

/// Whether names below a domain belong to many.
fn is_public(domain: &str) -> bool {
    domain.split_once('.').is_none_or(|(registry, country)| country.len() == 2 && REGISTRIES.contains(&registry))
}

/// The cookies that the flow has for an address.
pub(super) fn known(url: &Url, with: &Journey<'_>) -> Vec<(String, String)> {
    with.cookies.get_request_values(url).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_a_registry_belongs_to_many() {
        for domain in ["com", "uk", "localhost", "co.uk", "com.au", "ne.jp"] {
            assert!(is_public(domain), "{domain}");
        }
        for domain in ["example.com", "t.co", "go.com", "shop.co.uk", "x.ai", "co.example", "uk.com"] {
            assert!(!is_public(domain), "{domain}");
        }
    }
}
