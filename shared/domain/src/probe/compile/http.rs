//! Is a request over HTTP right?

use std::collections::BTreeMap;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use super::scope::Scope;
use super::step::Surroundings;
use super::{Reader, address};
use crate::probe::flow::{Body, HttpStep, HttpVersion, Part, StepKind};
use crate::probe::source::{HttpVersionSource, PartSource, StepSource, Values};
use crate::probe::template::{Template, encoded};

/// Largest body that is sent, in bytes, as the file has it.
const BODY_MAX: usize = 64 * 1024;
/// Most header fields, and most parts of a form.
const FIELDS_MAX: usize = 50;
/// Header fields that say how a message is framed; the prober writes them itself.
const FRAMING: [&str; 7] =
    ["connection", "content-length", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

impl Reader<'_> {
    pub(super) fn http(
        &mut self,
        verb: &'static str,
        source: &StepSource,
        path: &str,
        around: &Surroundings,
        scope: &Scope<'_>,
    ) -> HttpStep {
        let (method, address, place) = match (&source.request, verb) {
            (Some(request), "request") => {
                self.method(&request.method, &format!("{path}.request.method"));
                (request.method.clone(), Some(&request.url), format!("{path}.request.url"))
            }
            (_, verb) => (verb.to_ascii_uppercase(), address_of(verb, source), format!("{path}.{verb}")),
        };
        let mut url = self.url(address.map_or("", String::as_str), &place, &["http", "https"], scope);
        self.query(&mut url, &source.query, &format!("{path}.query"), scope);
        let mut own = self.headers(&source.headers, &format!("{path}.headers"), scope);
        let body = self.body(source, path, scope);
        own.extend(self.content_type(source, &own, path, scope));
        HttpStep {
            method,
            url,
            headers: over(&around.headers, &own),
            body,
            redirects: self.redirects(source.redirects, around.redirects, path),
            version: source.http.map(|version| match version {
                HttpVersionSource::Http1 => HttpVersion::Http1,
                HttpVersionSource::Http2 => HttpVersion::Http2,
            }),
            verify_tls: source.verify_tls.unwrap_or(true),
        }
    }

    fn method(&mut self, method: &str, path: &str) {
        if method.is_empty() {
            self.problem(path, "the method is missing; write for instance PROPFIND");
        } else if method.eq_ignore_ascii_case("CONNECT") {
            self.problem(path, "CONNECT asks a proxy for a way elsewhere, and flows go only where the file says; take it out");
        } else if method.len() > 20 || !method.chars().all(|ch| ch.is_ascii_uppercase() || ch == '-') {
            self.problem(path, format!("`{method}` is not a method; write it in capitals, such as PROPFIND"));
        }
    }

    /// Reads an address with one of these schemes.
    pub(super) fn url(&mut self, text: &str, path: &str, schemes: &[&str], scope: &Scope<'_>) -> Template {
        let n_before = self.problems.len();
        let template = self.template(text, path, scope);
        // What has variables that are not known looks like nothing.
        if self.problems.len() == n_before {
            self.noted(address::url(&template, schemes, scope), path);
        }
        template
    }

    fn query(&mut self, url: &mut Template, query: &BTreeMap<String, Values>, path: &str, scope: &Scope<'_>) {
        let mut has_query = url.with("").contains('?');
        if url.with("").contains('#') && !query.is_empty() {
            self.problem(path, "the address has a `#`, which nothing can stand behind; take it out, as it is never sent");
            return;
        }
        for (name, value) in self.fields(query, path, scope) {
            url.push(if has_query { "&" } else { "?" });
            has_query = true;
            url.push(&encoded(&name));
            url.push("=");
            url.push_encoded(value);
        }
    }

    /// Reads names with their values, in a line for each value.
    fn fields(&mut self, fields: &BTreeMap<String, Values>, path: &str, scope: &Scope<'_>) -> Vec<(String, Template)> {
        let mut read = Vec::new();
        for (name, Values(values)) in fields {
            for (n, value) in values.iter().enumerate() {
                let place = if values.len() == 1 { format!("{path}.{name}") } else { format!("{path}.{name}[{n}]") };
                read.push((name.clone(), self.template(value, &place, scope)));
            }
        }
        read
    }

    /// Reads header fields.
    pub(super) fn headers(
        &mut self,
        fields: &BTreeMap<String, String>,
        path: &str,
        scope: &Scope<'_>,
    ) -> Vec<(String, Template)> {
        self.at_most(fields.len(), FIELDS_MAX, "header fields", path);
        let mut headers = Vec::new();
        for (name, value) in fields {
            let place = format!("{path}.{name}");
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                self.problem(&place, format!("`{name}` is not the name of a header field; write letters, digits and `-`"));
            } else if FRAMING.contains(&name.to_ascii_lowercase().as_str()) {
                self.problem(&place, format!("the prober writes `{name}` itself, as it sends the message; take it out"));
            }
            let template = self.template(value, &place, scope);
            if HeaderValue::from_str(&template.with("")).is_err() {
                let why = "a header field stands on one line and has no control characters; take them out";
                self.problem(&place, why);
            }
            headers.push((name.clone(), template));
        }
        headers
    }

    fn body(&mut self, source: &StepSource, path: &str, scope: &Scope<'_>) -> Body {
        let bodies = [
            ("json", source.json.is_some()),
            ("form", source.form.is_some()),
            ("body", source.body.is_some()),
            ("multipart", source.multipart.is_some()),
        ];
        let mut given = bodies.into_iter().filter(|(_, is_given)| *is_given).map(|(key, _)| key);
        let first = given.next();
        for other in given {
            let why =
                format!("a request has one body, and there is `{}` already; take one of them out", first.unwrap_or_default());
            self.problem(format!("{path}.{other}"), why);
        }
        let Some(key) = first else { return Body::None };
        let place = format!("{path}.{key}");
        let (body, size) = match (&source.json, &source.form, &source.body, &source.multipart) {
            (Some(json), ..) => {
                self.document(json, &place, scope);
                (Body::Json(json.clone()), json.to_string().len())
            }
            (None, Some(form), ..) => {
                let fields = self.fields(form, &place, scope);
                let size = form.values().flat_map(|values| &values.0).map(String::len).sum();
                (Body::Form(fields), size)
            }
            (None, None, Some(body), _) => (Body::Raw(self.template(body, &place, scope)), body.len()),
            (None, None, None, Some(parts)) => {
                self.at_most(parts.len(), FIELDS_MAX, "parts", &place);
                let numbered = parts.iter().enumerate();
                let read = numbered.map(|(n, part)| self.part(part, &format!("{place}[{n}]"), scope)).collect();
                (Body::Multipart(read), parts.iter().map(|part| part.content.len()).sum())
            }
            (None, None, None, None) => (Body::None, 0),
        };
        if size > BODY_MAX {
            self.refusal(place, format!("{size} bytes are too many to send in each run; write at most {BODY_MAX}"));
        }
        body
    }

    fn part(&mut self, source: &PartSource, path: &str, scope: &Scope<'_>) -> Part {
        let is_plain = |text: &str| !text.is_empty() && !text.chars().any(|ch| ch.is_control() || ch == '"');
        if !is_plain(&source.name) {
            self.problem(format!("{path}.name"), "a part needs the name of its field, on one line and without quotes");
        }
        if source.file_name.as_ref().is_some_and(|name| !is_plain(name)) {
            self.problem(format!("{path}.file_name"), "write the name of the file on one line and without quotes");
        }
        if let Some(content_type) = &source.content_type {
            self.media_type(content_type, &format!("{path}.content_type"));
        }
        Part {
            name: source.name.clone(),
            file_name: source.file_name.clone(),
            content_type: source.content_type.clone(),
            content: self.template(&source.content, &format!("{path}.content"), scope),
        }
    }

    /// The header field that says what a raw body is.
    fn content_type(
        &mut self,
        source: &StepSource,
        headers: &[(String, Template)],
        path: &str,
        scope: &Scope<'_>,
    ) -> Option<(String, Template)> {
        let content_type = source.content_type.as_ref()?;
        let path = format!("{path}.content_type");
        if source.body.is_none() {
            self.problem(&path, "`content_type` says what `body` is; `json`, `form` and `multipart` have types of their own");
        } else if headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str())) {
            self.problem(&path, "there is a header field `Content-Type` already; take one of them out");
        }
        self.media_type(content_type, &path);
        Some(("Content-Type".to_owned(), self.template(content_type, &path, scope)))
    }

    fn media_type(&mut self, text: &str, path: &str) {
        let is_type = text.split_once('/').is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty());
        if !is_type || HeaderValue::from_str(text).is_err() {
            self.problem(
                path,
                format!("`{}` is not a type of content; write for instance text/csv", crate::text::clean(text, 40)),
            );
        }
    }
}

/// The address that stands at a method's own key.
fn address_of<'s>(verb: &str, step: &'s StepSource) -> Option<&'s String> {
    let addresses = [
        ("get", &step.get),
        ("post", &step.post),
        ("put", &step.put),
        ("patch", &step.patch),
        ("delete", &step.delete),
        ("head", &step.head),
        ("options", &step.options),
    ];
    addresses.into_iter().find(|(method, _)| *method == verb).and_then(|(_, address)| address.as_ref())
}

/// Header fields of which the inner ones take the place of outer ones of the same name.
pub(super) fn over(outer: &[(String, Template)], inner: &[(String, Template)]) -> Vec<(String, Template)> {
    let is_new = |name: &str| !inner.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    outer.iter().filter(|(name, _)| is_new(name)).cloned().chain(inner.iter().cloned()).collect()
}

/// The host, and the port if it is written, to which a step sends header fields.
pub(super) fn authority(kind: &StepKind) -> Option<String> {
    let url = match kind {
        StepKind::Http(step) => &step.url,
        StepKind::WebSocket(step) => &step.url,
        StepKind::Grpc(step) => &step.url,
        StepKind::Llm(step) => &step.url,
        StepKind::Tcp(_) | StepKind::Dns(_) | StepKind::Tls(_) => return None,
    };
    let uri: http::Uri = url.with("x").parse().ok()?;
    Some(uri.authority()?.as_str().to_ascii_lowercase())
}
