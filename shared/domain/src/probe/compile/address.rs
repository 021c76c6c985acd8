//! Where does a step go? Only where the file says: no secret and nothing that an answer
//! said has a part in the choice of a host.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::Uri;

use super::scope::{Known, Scope};
use crate::probe::template::{Part, Template};

/// What stands for variables where it is tried what an address looks like.
const STAND_IN: &str = "x";
/// Longest address, in bytes.
const LENGTH_MAX: usize = 8_000;

/// Checks an address with one of these schemes.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn url(address: &Template, schemes: &[&str], scope: &Scope<'_>) -> Result<(), String> {
    let example = format!("{}://api.example.com/health", schemes.last().unwrap_or(&"https"));
    if address.parts().next().is_none() {
        return Err(format!("the address is missing; write for instance {example}"));
    }
    chooses_no_host(authority_variables(address), scope)?;
    let text = address.with(STAND_IN);
    if text.len() > LENGTH_MAX {
        return Err(format!("an address has at most {LENGTH_MAX} bytes"));
    }
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let Some(scheme) = scheme else {
        return Err(format!("`{address}` does not say how to get there; write it whole, such as {example}"));
    };
    if !schemes.contains(&scheme.as_str()) {
        return Err(format!("`{scheme}` does not go with this step; begin with {}", spoken(schemes, "://")));
    }
    let after = text.split_once("://").map_or("", |(_, after)| after);
    let host_part = after.split(['/', '?', '#']).next().unwrap_or_default();
    if !host_part.is_ascii() {
        return labels(host_part);
    }
    if let Some(ch) = text.chars().find(|ch| !ch.is_ascii_graphic() || *ch == '\\') {
        return Err(format!("{} cannot stand in an address; write it percent-encoded", shown(ch)));
    }
    let uri: Uri =
        text.parse().map_err(|error| format!("`{address}` is not an address: {error}; write for instance {example}"))?;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return Err("a name and password before `@` would be in every log; write the header field `Authorization`".to_owned());
    }
    let (name, port) = split(authority);
    host(name)?;
    port.map_or(Ok(()), port_number)
}

/// Checks `host:port`, with variables.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn host_and_port(address: &Template, scope: &Scope<'_>) -> Result<(), String> {
    chooses_no_host(address.variables(), scope)?;
    plain_host_and_port(&address.with(STAND_IN))
}

/// Checks `host:port`.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn plain_host_and_port(text: &str) -> Result<(), String> {
    if text.contains("://") || text.contains('/') {
        return Err(format!("`{text}` is more than a host and a port; write for instance db.example.com:5432"));
    }
    let (name, port) = split(text);
    host(name)?;
    port.map_or_else(|| Err(format!("`{text}` has no port; write for instance {name}:443")), port_number)
}

/// Whether an address without its variables ends in a port.
pub(super) fn has_port(address: &Template) -> bool {
    split(&address.with(STAND_IN)).1.is_some()
}

/// Reads a name server: an address of the Internet Protocol, with port 53 unless it has
/// another.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn resolver(text: &str) -> Result<String, String> {
    let with_port = text.parse::<SocketAddr>().ok();
    let without = || text.trim_matches(['[', ']']).parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
    match with_port.map_or_else(without, Ok) {
        Ok(address) if address.port() > 0 => Ok(address.to_string()),
        _ => Err(format!("`{text}` is not a name server's address; write for instance 9.9.9.9, 9.9.9.9:53 or [2620:fe::fe]:53")),
    }
}

/// Checks a name that a name server is asked for. Unlike a host's it may have `_` at the
/// start of a label, and be the root.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn dns_name(name: &Template, scope: &Scope<'_>) -> Result<(), String> {
    if name.variables().any(|name| scope.known(name) == Some(Known::Secret)) {
        return Err("a secret cannot be part of a name: every name server on the way would learn it".to_owned());
    }
    match name.with(STAND_IN) {
        text if text.is_empty() => Err("the name is missing; write for instance example.com".to_owned()),
        text if text == "." => Ok(()),
        text => labels(&text),
    }
}

/// The variables in what comes before the path of an address.
fn authority_variables(address: &Template) -> impl Iterator<Item = &str> {
    let mut before = String::new();
    address
        .parts()
        .map_while(move |part| {
            let after = before.split_once("://").map(|(_, after)| after);
            if after.is_some_and(|after| after.contains(['/', '?', '#', '\\'])) {
                return None;
            }
            Some(match part {
                Part::Text(text) => {
                    before.push_str(text);
                    None
                }
                Part::Variable(name) => {
                    before.push_str(STAND_IN);
                    Some(name)
                }
            })
        })
        .flatten()
}

fn chooses_no_host<'t>(mut names: impl Iterator<Item = &'t str>, scope: &Scope<'_>) -> Result<(), String> {
    let told = names.find_map(|name| match scope.known(name)? {
        Known::Secret => Some(format!(
            "`${{{name}}}` is secret and cannot be part of the host: the name servers on the way would learn it; write the host out"
        )),
        Known::Captured => Some(format!(
            "`${{{name}}}` comes from an answer and cannot be part of the host: a flow goes only where this file says; write the \
             host out, with a `/` after it"
        )),
        Known::OfRun => None,
    });
    told.map_or(Ok(()), Err)
}

/// The host and the port of an authority.
fn split(authority: &str) -> (&str, Option<&str>) {
    let is_in_brackets = authority.starts_with('[');
    match authority.rsplit_once(':') {
        Some((host, port)) if !is_in_brackets || host.ends_with(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    }
}

fn host(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("the host is missing; write for instance api.example.com".to_owned());
    }
    if let Some(address) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        let read = address.parse::<Ipv6Addr>();
        return read.map(drop).map_err(|_| format!("`{address}` is not an address of IPv6"));
    }
    if name.contains(':') {
        return Err(format!("`{name}` is not a host; an address of IPv6 stands in brackets: `[::1]`"));
    }
    if name.ends_with(|ch: char| ch.is_ascii_digit()) && name.chars().all(|ch| ch.is_ascii_digit() || ch == '.') {
        return name.parse::<IpAddr>().map(drop).map_err(|_| format!("`{name}` is not an address of IPv4"));
    }
    labels(name)
}

fn labels(name: &str) -> Result<(), String> {
    if !name.is_ascii() {
        return Err(format!("`{name}` has letters that names on the network have not; write it as `xn--…` (Punycode)"));
    }
    let bare = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.chars().all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_'))
    };
    if bare.len() <= 253 && bare.split('.').all(is_label) {
        return Ok(());
    }
    Err(format!("`{name}` is not a host's name: words of letters, digits and `-` with a dot between, such as api.example.com"))
}

fn port_number(text: &str) -> Result<(), String> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(()),
        _ => Err(format!("`{text}` is not a port; write 1 to 65535")),
    }
}

fn shown(ch: char) -> String {
    if ch == ' ' {
        "a space".to_owned()
    } else if ch.is_control() {
        "a control character".to_owned()
    } else {
        format!("`{ch}`")
    }
}

fn spoken(words: &[&str], after: &str) -> String {
    words.iter().map(|word| format!("{word}{after}")).collect::<Vec<_>>().join(" or ")
}
