//! What is asked? A step's request, with what its variables stand for.

use base64::Engine as _;
use bytes::Bytes;
use domain::probe::flow::{Body, HttpStep, Part};
use domain::probe::template::Template;
use hyper::Method;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use crate::failed::Failed;
use crate::journey::Journey;

/// A request that can be sent.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// `http` or `https`, without user, password and fragment.
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
}

/// The request of a step.
pub(super) fn fill(step: &HttpStep, with: &mut Journey<'_>) -> Result<Outgoing, Failed> {
    let method = Method::from_bytes(step.method.as_bytes())
        .map_err(|_| Failed::new(format!("`{}` is not a method of HTTP", step.method)))?;
    let mut url = address(&with.fill(&step.url)?)?;
    keeps_host(&step.url, &url, with)?;
    let mut headers = headers(&step.headers, with)?;
    let (body, content_type) = body(&step.body, with)?;
    if let Some(content_type) = content_type {
        set_if_missing(&mut headers, hyper::header::CONTENT_TYPE, &content_type)?;
    }
    take_user(&mut url, &mut headers, with)?;
    for (name, value) in [
        (hyper::header::USER_AGENT, concat!("watchkeeper-prober/", env!("CARGO_PKG_VERSION"))),
        (hyper::header::ACCEPT, "*/*"),
        (hyper::header::ACCEPT_ENCODING, "gzip, deflate, br"),
    ] {
        set_if_missing(&mut headers, name, value)?;
    }
    Ok(Outgoing { method, url, headers, body })
}

/// Reads an address of the web.
pub(super) fn address(text: &str) -> Result<Url, Failed> {
    let mut url = Url::parse(text).map_err(|error| Failed::new(format!("`{text}` is not an address: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Failed::new(format!("`{text}` is not an address that begins with http:// or https://")));
    }
    url.set_fragment(None);
    Ok(url)
}

/// Checks that the host is the one that stands in the file, where one does: what a server
/// had captured, such as `@b.example/` after `https://a.example`, must not lead elsewhere.
fn keeps_host(template: &Template, url: &Url, with: &Journey<'_>) -> Result<(), Failed> {
    /// What no address begins with stands for all that was captured.
    const CAPTURED: &str = "\u{1}";
    let is_captured = |name: &str| !name.starts_with("run.") && !name.starts_with("secret.");
    let Some(first) = template.variables().find(|name| is_captured(name)) else { return Ok(()) };
    let values = template.variables().map(|name| {
        let value = if is_captured(name) { CAPTURED } else { with.values.get(name).map_or("", String::as_str) };
        (name.to_owned(), value.to_owned())
    });
    let text = template.fill(&values.collect()).map_err(Failed::unfilled)?;
    let before = text.split(CAPTURED).next().unwrap_or_default();
    let Some((_, authority)) = before.split_once("://") else { return Ok(()) };
    let is_open = !authority.is_empty() && !authority.contains(['/', '?', '#', '\\']);
    if is_open && Url::parse(before).is_ok_and(|named| named.host() != url.host()) {
        let host = url.host_str().unwrap_or_default();
        return Err(Failed::new(format!(
            "`${{{first}}}` would lead from `{before}` to {host}: what is captured may not change the host"
        )));
    }
    Ok(())
}

/// Header fields with what their variables stand for; used by other steps, too.
pub(in crate::steps) fn headers(templates: &[(String, Template)], with: &Journey<'_>) -> Result<HeaderMap, Failed> {
    let mut headers = HeaderMap::new();
    for (name, template) in templates {
        let bad = || Failed::new(format!("`{name}` is not the name of a header field"));
        let known = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        headers.append(known, value(name, &with.fill(template)?)?);
    }
    Ok(headers)
}

fn value(name: &str, text: &str) -> Result<HeaderValue, Failed> {
    HeaderValue::from_str(text)
        .or_else(|_| HeaderValue::from_bytes(text.as_bytes()))
        .map_err(|_| Failed::new(format!("the header field `{name}` cannot hold a line break or another control character")))
}

fn set_if_missing(headers: &mut HeaderMap, name: HeaderName, text: &str) -> Result<(), Failed> {
    if !headers.contains_key(&name) {
        let value = value(name.as_str(), text)?;
        headers.insert(name, value);
    }
    Ok(())
}

/// Moves user and password of an address to the field that is for them.
fn take_user(url: &mut Url, headers: &mut HeaderMap, with: &mut Journey<'_>) -> Result<(), Failed> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(());
    }
    let decoded = |text: &str| percent(text);
    let pair = format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default()));
    let encoded = base64::engine::general_purpose::STANDARD.encode(&pair);
    // Whoever can read this can read the password.
    with.secrets.add(encoded.as_str());
    set_if_missing(headers, hyper::header::AUTHORIZATION, &format!("Basic {encoded}"))?;
    // Neither fails: the address has a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Ok(())
}

/// Text without `%20` and the like.
pub(super) fn percent(text: &str) -> String {
    // A form's decoder takes `+` for a space, which in an address it is not.
    let escaped = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(escaped.as_bytes()).next().map_or_else(|| text.to_owned(), |(_, value)| value.into_owned())
}

/// What is sent, and its type.
fn body(body: &Body, with: &Journey<'_>) -> Result<(Option<Bytes>, Option<String>), Failed> {
    Ok(match body {
        Body::None => (None, None),
        Body::Raw(template) => (Some(with.fill(template)?.into()), None),
        Body::Json(document) => {
            let document = json(document, with)?;
            (Some(document.to_string().into()), Some("application/json".to_owned()))
        }
        Body::Form(fields) => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, template) in fields {
                form.append_pair(name, &with.fill(template)?);
            }
            (Some(form.finish().into()), Some("application/x-www-form-urlencoded".to_owned()))
        }
        Body::Multipart(parts) => {
            let (content, boundary) = multipart(parts, with)?;
            (Some(content.into()), Some(format!("multipart/form-data; boundary={boundary}")))
        }
    })
}

/// A document with what the variables in its strings stand for. They stay strings,
/// whatever stands in them.
fn json(document: &Value, with: &Journey<'_>) -> Result<Value, Failed> {
    Ok(match document {
        Value::String(text) if text.contains("${") => {
            let template = Template::parse(text).map_err(Failed::new)?;
            Value::String(with.fill(&template)?)
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| json(item, with)).collect::<Result<_, _>>()?),
        Value::Object(members) => {
            let filled = members.iter().map(|(name, member)| Ok((name.clone(), json(member, with)?)));
            Value::Object(filled.collect::<Result<_, Failed>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => document.clone(),
    })
}

/// Parts of a form (RFC 7578), and the boundary between them, which stands in none of them.
fn multipart(parts: &[Part], with: &Journey<'_>) -> Result<(String, String), Failed> {
    let contents = parts.iter().map(|part| with.fill(&part.content)).collect::<Result<Vec<_>, _>>()?;
    let mut boundary = "watchkeeper-part".to_owned();
    while contents.iter().any(|content| content.contains(&boundary)) {
        boundary.push('+');
    }
    let mut body = String::new();
    for (part, content) in parts.iter().zip(&contents) {
        body.extend(["--", &boundary, "\r\nContent-Disposition: form-data; name=\"", &quoted(&part.name), "\""]);
        if let Some(name) = &part.file_name {
            body.extend(["; filename=\"", &quoted(name), "\""]);
        }
        if let Some(content_type) = &part.content_type {
            body.extend(["\r\nContent-Type: ", &domain::text::clean(content_type, 200)]);
        }
        body.extend(["\r\n\r\n", content, "\r\n"]);
    }
    body.extend(["--", &boundary, "--\r\n"]);
    Ok((body, boundary))
}

/// A name between quotation marks, as browsers write it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}
