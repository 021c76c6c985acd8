//! What does a language model answer, how soon, and for how much?

mod answer;
mod bedrock;
mod drift;
mod openai;
mod reply;
mod schema;
mod sign;

use bytes::Bytes;
use domain::probe::Seen;
use domain::probe::flow::{LlmApi, LlmStep};
use domain::probe::seen::LlmSeen;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use self::reply::Reply;
use super::http::wire::{self, Asking};
use super::{http, target};
use crate::failed::Failed;
use crate::journey::{Counts, Journey};

/// The header field for what comes with keys that are temporary.
const TOKEN: &str = "x-amz-security-token";

/// Takes the step.
///
/// # Errors
/// Why it came to no answer.
pub(super) async fn take(step: &LlmStep, with: &mut Journey<'_>) -> Result<Seen, Failed> {
    let prompt = with.fill(&step.prompt)?;
    let request = Request::of(step, &prompt, with)?;
    with.asked = Some(prompt);
    let mut seen = Seen::default();
    let taken = request.send(step, &mut seen, with).await?;
    if let Some(reply) = taken {
        judge(step, reply, &mut seen, with).await;
    }
    Ok(seen)
}

/// A request that is ready to be sent.
struct Request {
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    /// Whether the prober's own credentials say who asks.
    is_signed: bool,
}

impl Request {
    fn of(step: &LlmStep, prompt: &str, with: &mut Journey<'_>) -> Result<Request, Failed> {
        let (mut url, _) = target::read(&with.fill(&step.url)?, &["http", "https"])?;
        let model = with.fill(&step.model)?;
        let system = step.system.as_ref().map(|text| with.fill(text)).transpose()?;
        let system = system.as_deref();
        let document = match &step.api {
            LlmApi::OpenAi => {
                openai::request(url.host_str().unwrap_or_default(), &model, system, prompt, step.max_tokens, step.stream)
            }
            LlmApi::Bedrock { .. } => {
                let path = format!("{}{}", url.path().trim_end_matches('/'), bedrock::path(&model, step.stream));
                url.set_path(&path);
                bedrock::request(system, prompt, step.max_tokens)
            }
        };
        let mut request = Request::post(url, http::headers(&step.headers, with)?, &document);
        if let (LlmApi::Bedrock { region }, false) = (&step.api, request.headers.contains_key(AUTHORIZATION)) {
            request.sign(region, with)?;
        }
        Ok(request)
    }

    /// A request for a document. What the step says of header fields stands.
    fn post(url: Url, mut headers: HeaderMap, document: &Value) -> Request {
        let mut usual = |name: HeaderName, value: &'static str| {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        };
        usual(CONTENT_TYPE, "application/json");
        usual(ACCEPT, "application/json, text/event-stream, application/vnd.amazon.eventstream");
        // A stream that is compressed comes in larger pieces than tokens.
        usual(ACCEPT_ENCODING, "identity");
        Request { url, headers, body: document.to_string().into(), is_signed: false }
    }

    /// Adds what proves that the prober asks; nobody may read it.
    fn sign(&mut self, region: &str, with: &mut Journey<'_>) -> Result<(), Failed> {
        let credentials = with.credentials.ok_or_else(|| {
            Failed::new("there are no AWS credentials here to sign the request to Bedrock with; give the step an `Authorization` among its `headers`, or run it where there are some")
        })?;
        let signed = sign::sign_post(credentials, region, &self.url, &self.body, with.now()).map_err(Failed::new)?;
        for (name, text) in signed {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(&text)) {
                value.set_sensitive(true);
                if name == AUTHORIZATION || name == TOKEN {
                    with.secrets.add(text);
                }
                self.headers.insert(name, value);
            }
        }
        self.is_signed = true;
        Ok(())
    }

    /// Makes the request. What is seen at once is kept in `seen`.
    async fn make(&self, seen: &mut Seen, with: &mut Journey<'_>) -> Result<wire::Answer, Failed> {
        let asking = Asking {
            method: &Method::POST,
            url: &self.url,
            headers: &self.headers,
            body: Some(&self.body),
            version: None,
            verify_tls: true,
        };
        let answer = wire::ask(with, &asking).await?;
        seen.status = Some(answer.head.status.as_u16());
        seen.headers = wire::written(&answer.head.headers);
        seen.tls.clone_from(&answer.tls);
        Ok(answer)
    }

    /// The reply, unless there was something else: that is kept as what was seen, with what
    /// is wrong with it.
    async fn send(&self, step: &LlmStep, seen: &mut Seen, with: &mut Journey<'_>) -> Result<Option<Reply>, Failed> {
        let mut answer = self.make(seen, with).await?;
        if answer.head.status == StatusCode::OK {
            let (reply, broken) = answer::reply(&mut answer, &step.api, with).await;
            with.watch.stop_at(Instant::now());
            with.recorder.finished(reply.text.as_bytes(), reply.text.len() as u64, with.watch.phases());
            if let Some(because) = broken {
                with.blame(because, Counts::Always);
            }
            return Ok(Some(reply));
        }
        let body = self.rest(&mut answer, with).await?;
        let problem = match step.api {
            LlmApi::OpenAi => openai::problem_of(&body),
            LlmApi::Bedrock { .. } => bedrock::problem_of(&body, seen.header("x-amzn-errortype").as_deref()),
        };
        let status = answer.head.status.as_u16();
        let because = problem.refusal(status, seen.header("retry-after").as_deref(), self.is_signed, &with.secrets);
        with.blame(because, Counts::UnlessStatusIsExpected);
        seen.size = body.len() as u64;
        seen.body = body;
        Ok(None)
    }

    /// All of an answer's body, up to the cap.
    async fn rest(&self, answer: &mut wire::Answer, with: &mut Journey<'_>) -> Result<Vec<u8>, Failed> {
        let read = wire::read(&mut answer.body, with).await.map_err(|failed| failed.with_tls(answer.tls.clone()))?;
        with.watch.stop_at(Instant::now());
        if read.is_cut {
            with.recorder.cut_off();
        }
        with.recorder.finished(&read.bytes, read.bytes.len() as u64, with.watch.phases());
        Ok(read.bytes)
    }
}

/// Keeps what was answered, and notes what is wrong with it.
async fn judge(step: &LlmStep, reply: Reply, seen: &mut Seen, with: &mut Journey<'_>) {
    let is_whole = with.faults.is_empty();
    let cost = step
        .price
        .zip(reply.tokens_in.zip(reply.tokens_out))
        .map(|(price, (input, output))| (tokens(input) * price.input + tokens(output) * price.output) / 1_000_000.0);
    let mut llm = LlmSeen {
        first_token: reply.first_token,
        tokens_in: reply.tokens_in,
        tokens_out: reply.tokens_out,
        cost,
        similarity: None,
    };
    let text = if step.schema.is_some() { schema::unfenced(&reply.text) } else { reply.text.as_str() };
    seen.size = text.len() as u64;
    seen.body = text.as_bytes().to_vec();
    let complaint = match &reply.end {
        Some(end) => end.complaint(step.max_tokens, &with.secrets),
        None if step.stream => Some("the answer broke off before the model was done".to_owned()),
        None => None,
    };
    match complaint {
        Some(because) if is_whole => with.blame(because, Counts::Always),
        None if is_whole && reply.text.trim().is_empty() => with.blame("the model answered nothing", Counts::Always),
        Some(_) | None => {}
    }
    // What is not all of an answer is not compared to one.
    if with.faults.is_empty() {
        if let Some(Err(because)) = step.schema.as_ref().map(|schema| schema::check(schema, &reply.text, &with.secrets)) {
            with.blame(because, Counts::Always);
        }
        if let Some(drift) = &step.drift {
            llm.similarity = drift::measure(drift, &reply.text, with).await;
        }
    }
    seen.llm = Some(llm);
}

#[expect(clippy::cast_precision_loss, reason = "numbers of tokens, far below 2^52")]
fn tokens(n: u64) -> f64 {
    n as f64
}
