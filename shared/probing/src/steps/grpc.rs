//! What does the health service of gRPC say?

mod message;

use domain::probe::Seen;
use domain::probe::flow::{GrpcStep, HttpVersion};
use domain::probe::secret::Secrets;
use domain::text::clean;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::Method;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TE};
use hyper::http::response;
use percent_encoding::percent_decode_str;
use tokio::time::Instant;

use super::http::wire::{self, Asking};
use super::{http, target};
use crate::failed::{Failed, causes};
use crate::journey::{Counts, Journey};
use crate::place::Place;

/// The method, below the server's address.
const METHOD: &str = "/grpc.health.v1.Health/Check";
/// The status that is good if nothing is expected.
const SERVING: &str = "SERVING";
/// Most bytes of an answer that are read; a good one has seven.
const ANSWER_MAX: usize = 4096;
/// The most that a sentence repeats of what a server said, in characters.
const SAID_MAX: usize = 200;
/// The names of gRPC's status codes, by number.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Takes the step.
///
/// # Errors
/// Why it came to no answer.
pub(super) async fn take(step: &GrpcStep, with: &mut Journey<'_>) -> Result<Seen, Failed> {
    let (mut url, place) = target::read(&with.fill(&step.url)?, &["http", "https"])?;
    url.set_path(&format!("{}{METHOD}", url.path().trim_end_matches('/')));
    url.set_query(None);
    let service = step.service.as_ref().map(|name| with.fill(name)).transpose()?.unwrap_or_default();
    let headers = metadata(step, with)?;
    let body = message::request(&service).into();
    let asking = Asking {
        method: &Method::POST,
        url: &url,
        headers: &headers,
        body: Some(&body),
        version: Some(HttpVersion::Http2),
        verify_tls: true,
    };
    with.asked = Some(format!("the health of {}", called(&service)));
    let wire::Answer { head, body, tls, lease } = wire::ask(with, &asking).await?;
    let mut seen = Seen { status: Some(head.status.as_u16()), headers: wire::written(&head.headers), tls, ..Seen::default() };
    let answer = Answer::read(&head, body, &place, &with.secrets).await.map_err(|failed| failed.with_tls(seen.tls.clone()))?;
    with.watch.stop_at(Instant::now());
    drop(lease);
    seen.headers.extend(wire::written(&answer.trailers));
    let (body, fault) = answer.judge(&place, &service);
    with.recorder.finished(body.as_bytes(), answer.body.len() as u64, with.watch.phases());
    seen.size = body.len() as u64;
    seen.body = body.into_bytes();
    if let Some((because, counts)) = fault {
        with.blame(because, counts);
    }
    Ok(seen)
}

fn metadata(step: &GrpcStep, with: &Journey<'_>) -> Result<HeaderMap, Failed> {
    let mut headers = http::headers(&step.headers, with)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    // So that the server does not go on working for somebody who is gone.
    let left = with.limit.saturating_duration_since(Instant::now()).as_millis().clamp(1, 99_999_999);
    if let Ok(left) = HeaderValue::from_str(&format!("{left}m")) {
        headers.insert(HeaderName::from_static("grpc-timeout"), left);
    }
    Ok(headers)
}

/// An answer, with what stands after it.
struct Answer {
    status: u16,
    content_type: String,
    body: Vec<u8>,
    trailers: HeaderMap,
    code: Option<String>,
    message: String,
}

impl Answer {
    async fn read(head: &response::Parts, body: Incoming, place: &Place, secrets: &Secrets) -> Result<Answer, Failed> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let content_type = head.headers.get(CONTENT_TYPE).map(text).unwrap_or_default();
        let collected = match Limited::new(body, ANSWER_MAX).collect().await {
            Ok(collected) => Some(collected),
            Err(error) if error.is::<LengthLimitError>() => None,
            Err(error) => {
                let why = causes(error.as_ref());
                return Err(Failed::network(format!("{place} broke the connection off inside its answer: {why}")));
            }
        };
        let trailers = collected.as_ref().and_then(|collected| collected.trailers().cloned()).unwrap_or_default();
        // An answer without a message has its status at the front.
        let status_in = |name: &str| trailers.get(name).or_else(|| head.headers.get(name)).map(text);
        let (code, said) = (status_in("grpc-status"), status_in("grpc-message").unwrap_or_default());
        // Masked before it is cut: of a secret that was cut, the beginning would stay.
        let message = clean(&secrets.mask(&percent_decode_str(&said).decode_utf8_lossy()), SAID_MAX);
        let body = collected.map(|collected| collected.to_bytes().to_vec()).unwrap_or_default();
        Ok(Answer { status: head.status.as_u16(), content_type, body, trailers, code, message })
    }

    /// The status that the service gave, or gRPC's code, and what is wrong with it.
    fn judge(&self, place: &Place, service: &str) -> (String, Option<(String, Counts)>) {
        if self.code.is_none() && (self.status != 200 || !self.content_type.starts_with("application/grpc")) {
            let of = clean(&self.content_type, SAID_MAX);
            let because = format!(
                "{place} answered with the status {} and the type `{of}`, which is not gRPC; is it a gRPC server's address?",
                self.status
            );
            return (String::new(), Some((because, Counts::UnlessStatusIsExpected)));
        }
        let Some(code) = &self.code else {
            return (String::new(), Some((format!("{place} ended its answer without a gRPC status"), Counts::Always)));
        };
        let name = code
            .parse()
            .ok()
            .and_then(|code: usize| CODES.get(code))
            .map_or_else(|| clean(code, SAID_MAX), |name| (*name).to_owned());
        if name != "OK" {
            let because = self.refusal(&name, place, service);
            return (name, Some((because, Counts::UnlessBodyIsExpected)));
        }
        match message::status(&self.body) {
            Ok(Some(status)) if status == SERVING => (status, None),
            Ok(Some(status)) => {
                let because = format!("{place} says that {} is {status}, not {SERVING}", called(service));
                (status, Some((because, Counts::UnlessBodyIsExpected)))
            }
            Ok(None) => (String::new(), Some((format!("{place} sent no message in its answer"), Counts::Always))),
            Err(why) => (String::new(), Some((format!("{place} sent an answer that cannot be read: {why}"), Counts::Always))),
        }
    }

    fn refusal(&self, name: &str, place: &Place, service: &str) -> String {
        let what = match name {
            "NOT_FOUND" => format!("its health service does not know {}", called(service)),
            "UNIMPLEMENTED" => "it has no health service; register `grpc.health.v1.Health` in the server".to_owned(),
            "UNAUTHENTICATED" | "PERMISSION_DENIED" => {
                "it did not let the prober in; what proves who asks stands in the step's `headers`".to_owned()
            }
            _ => "its health service failed".to_owned(),
        };
        let said = if self.message.is_empty() { String::new() } else { format!(": {}", self.message) };
        format!("{place} answered {name}: {what}{said}")
    }
}

fn called(service: &str) -> String {
    if service.is_empty() { "the server as a whole".to_owned() } else { format!("`{service}`") }
}
