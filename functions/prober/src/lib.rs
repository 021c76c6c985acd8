//! A look from outside: one HTTP request, whether it was answered well and how
//! long that took, as metrics.
//!
//! The address comes from `WATCHKEEPER_PROBE_URL`; without one there is nothing to
//! do, and the run says so. Metrics: `Success` (1 or 0) and `Duration`
//! (milliseconds), by host, in the namespace `Watchkeeper`.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use runtime::metrics::{emit, line};
use runtime::{Event, Failure};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use tracing::info;

/// Longest that a request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most of a response that is read, in bytes.
const BODY_MAX: usize = 1 << 20;

/// The prober with what it looks at.
#[derive(Debug)]
pub struct Prober {
    target: Option<Uri>,
}

/// What a look came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it was answered well: a status below 400, with its body.
    pub is_up: bool,
    /// Why.
    pub because: String,
}

impl Prober {
    /// A prober of `url`, if there is one.
    ///
    /// # Errors
    /// A sentence when `url` is not an `http` or `https` address.
    pub fn new(url: Option<&str>) -> Result<Prober, String> {
        let target = url.map(address).transpose()?;
        Ok(Prober { target })
    }

    /// Takes one run.
    ///
    /// # Errors
    /// Never: what is down is a result.
    pub async fn handle(&self, event: Event) -> Result<Value, Failure> {
        let Some(target) = &self.target else {
            info!("there is nothing to look at: WATCHKEEPER_PROBE_URL is not set");
            return Ok(json!({"runs": 0}));
        };
        let begun = Instant::now();
        let budget = TIMEOUT.min(event.remaining.saturating_sub(Duration::from_secs(1)));
        let verdict = look(target, budget).await;
        let duration_ms = begun.elapsed().as_secs_f64() * 1_000.0;
        let host = target.host().unwrap_or_default();
        emit(&line(
            event.now,
            &[("Host", host)],
            &[("Success", "None", f64::from(u8::from(verdict.is_up))), ("Duration", "Milliseconds", duration_ms)],
            &[("because", json!(verdict.because))],
        ));
        Ok(json!({"runs": 1, "up": verdict.is_up, "because": verdict.because}))
    }
}

fn address(url: &str) -> Result<Uri, String> {
    let uri: Uri = url.parse().map_err(|error| format!("WATCHKEEPER_PROBE_URL is not an address: {error}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(uri),
        _ => Err("WATCHKEEPER_PROBE_URL must begin with https:// or http:// and name a host".to_owned()),
    }
}

/// Makes one request.
pub async fn look(target: &Uri, budget: Duration) -> Verdict {
    let down = |because: String| Verdict { is_up: false, because };
    match timeout(budget, request(target)).await {
        Err(_) => down(format!("no answer within {} ms", budget.as_millis())),
        Ok(Err(why)) => down(why),
        Ok(Ok(status)) => Verdict { is_up: status < 400, because: format!("status {status}") },
    }
}

async fn request(target: &Uri) -> Result<u16, String> {
    let client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).build(connector().map_err(|error| format!("no root certificates: {error}"))?);
    let request = Request::get(target.clone())
        .header("user-agent", concat!("watchkeeper-prober/", env!("CARGO_PKG_VERSION")))
        .header("x-synthetic-probe", "watchkeeper")
        .body(Empty::new())
        .map_err(|error| error.to_string())?;
    let response = client.request(request).await.map_err(|error| causes(&error))?;
    let status = response.status().as_u16();
    Limited::new(response.into_body(), BODY_MAX)
        .collect()
        .await
        .map_err(|error| format!("the body did not come whole: {error}"))?;
    Ok(status)
}

fn connector() -> std::io::Result<HttpsConnector<HttpConnector>> {
    Ok(HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build())
}

/// An error with what caused it, on one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    domain::text::clean(&text, 300)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// A server that gives one answer, and then hangs up.
    async fn answering(answer: &'static str) -> Uri {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/health", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1_024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        uri
    }

    #[tokio::test]
    async fn a_good_answer_is_up_and_everything_else_says_why_not() {
        let long = Duration::from_secs(5);
        for (answer, is_up, because) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", true, "status 200"),
            ("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", false, "status 503"),
            ("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\ncut", false, "the body did not come whole"),
            ("nonsense\r\n\r\n", false, "invalid HTTP"),
            ("", false, "connection closed"),
        ] {
            let verdict = look(&answering(answer).await, long).await;
            assert_eq!(verdict.is_up, is_up, "{answer}: {verdict:?}");
            assert!(verdict.because.contains(because), "{answer}: {verdict:?}");
        }
    }

    #[tokio::test]
    async fn silence_is_down_when_its_time_is_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri: Uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let verdict = look(&uri, Duration::from_millis(50)).await;
        assert_eq!(verdict, Verdict { is_up: false, because: "no answer within 50 ms".into() });
    }

    #[test]
    fn only_web_addresses_are_looked_at() {
        assert!(Prober::new(Some("https://example.com/health")).is_ok());
        assert!(Prober::new(None).is_ok());
        for url in ["ftp://example.com", "example.com", "https://", "not an address"] {
            assert!(Prober::new(Some(url)).unwrap_err().contains("WATCHKEEPER_PROBE_URL"), "{url}");
        }
    }
}
