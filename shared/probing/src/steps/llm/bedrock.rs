//! How is an endpoint spoken to that takes `Converse` as Amazon Bedrock's does?
//!
//! What comes piece by piece comes as messages of AWS's event stream. See
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>.

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message;
use bytes::BytesMut;
use domain::probe::secret::Secrets;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::reply::{End, Problem, Reply, said};

/// The type of an answer that comes piece by piece.
pub(super) const STREAM_TYPE: &str = "application/vnd.amazon.eventstream";

/// What need not be escaped in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where the model is asked, below the endpoint's own path. Identifiers of models have
/// colons, those that are ARNs slashes.
pub(super) fn path(model: &str, stream: bool) -> String {
    let operation = if stream { "converse-stream" } else { "converse" };
    format!("/model/{}/{operation}", utf8_percent_encode(model, SEGMENT))
}

/// The document that asks `prompt`.
pub(super) fn request(system: Option<&str>, prompt: &str, max_tokens: u32) -> Value {
    let mut document = json!({
        "messages": [{"role": "user", "content": [{"text": prompt}]}],
        "inferenceConfig": {"maxTokens": max_tokens},
    });
    if let Some(system) = system {
        document["system"] = json!([{"text": system}]);
    }
    document
}

/// Cuts what comes into messages, wherever it is cut when it comes.
#[derive(Debug, Default)]
pub(super) struct Frames {
    waiting: BytesMut,
    decoder: MessageFrameDecoder,
}

impl Frames {
    /// Adds what came.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// The next message, if all of it came.
    ///
    /// # Errors
    /// A sentence, when what came is no message.
    pub(super) fn next(&mut self) -> Result<Option<Message>, String> {
        match self.decoder.decode_frame(&mut self.waiting) {
            Ok(DecodedFrame::Complete(message)) => Ok(Some(message)),
            Ok(DecodedFrame::Incomplete) => Ok(None),
            Err(error) => Err(format!("the endpoint's answer is no event stream of AWS: {error}")),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    output: Output,
    stop_reason: Option<String>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Output {
    message: Option<Said>,
}

#[derive(Deserialize)]
struct Said {
    content: Vec<Block>,
}

/// A block of a message, or a piece of one; other kinds than text have other members.
#[derive(Deserialize)]
struct Block {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    delta: Block,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stop {
    stop_reason: String,
}

#[derive(Deserialize)]
struct Metadata {
    usage: Option<Usage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

impl Reply {
    /// Takes a whole answer.
    ///
    /// # Errors
    /// A sentence, when it is none.
    pub(super) fn take_converse(&mut self, body: &[u8], secrets: &Secrets) -> Result<(), String> {
        let whole: Whole = read(body, secrets)?;
        let blocks = whole.output.message.map(|message| message.content).unwrap_or_default();
        blocks.iter().filter_map(|block| block.text.as_deref()).for_each(|text| self.text.push_str(text));
        self.end = whole.stop_reason.map(end);
        self.count(whole.usage);
        Ok(())
    }

    /// Takes a piece of an answer.
    ///
    /// # Errors
    /// A sentence, when it is none, or says that there will be no more.
    pub(super) fn take_event(&mut self, message: &Message, secrets: &Secrets) -> Result<(), String> {
        let header = |name: &str| {
            let header = message.headers().iter().find(|header| header.name().as_str() == name);
            header.and_then(|header| header.value().as_string().ok()).map(|text| text.as_str().to_owned())
        };
        match header(":message-type").as_deref() {
            Some("event") => {}
            Some("exception") => {
                let mut problem = problem_of(message.payload(), None);
                problem.code = header(":exception-type").or(problem.code);
                return Err(problem.amid(secrets));
            }
            Some("error") => {
                return Err(Problem { code: header(":error-code"), message: header(":error-message") }.amid(secrets));
            }
            Some(_) | None => return Err("the endpoint sent a message that is no event".to_owned()),
        }
        match header(":event-type").as_deref() {
            Some("contentBlockDelta") => {
                let piece: Delta = read(message.payload(), secrets)?;
                self.text.push_str(piece.delta.text.as_deref().unwrap_or_default());
            }
            Some("messageStop") => self.end = Some(end(read::<Stop>(message.payload(), secrets)?.stop_reason)),
            Some("metadata") => self.count(read::<Metadata>(message.payload(), secrets)?.usage),
            // The beginnings and ends of messages and blocks, and what may be added.
            Some(_) | None => {}
        }
        Ok(())
    }

    fn count(&mut self, usage: Option<Usage>) {
        if let Some(usage) = usage {
            self.tokens_in = usage.input_tokens.or(self.tokens_in);
            self.tokens_out = usage.output_tokens.or(self.tokens_out);
        }
    }
}

fn end(reason: String) -> End {
    match reason.as_str() {
        "end_turn" | "stop_sequence" => End::Done,
        "max_tokens" => End::Length,
        "guardrail_intervened" | "content_filtered" => End::Filtered(reason),
        _ => End::Other(reason),
    }
}

fn read<'de, T: Deserialize<'de>>(json: &'de [u8], secrets: &Secrets) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|error| {
        format!("the endpoint's answer is none of `Converse` ({error}): `{}`", said(&String::from_utf8_lossy(json), secrets))
    })
}

/// What the endpoint said in an answer with a status that means failure. `error_type` is
/// the header field `x-amzn-ErrorType`.
pub(super) fn problem_of(body: &[u8], error_type: Option<&str>) -> Problem {
    let document = serde_json::from_slice::<Value>(body);
    let text = |key: &str| document.as_ref().ok()?.get(key)?.as_str().map(str::to_owned);
    let code = error_type.map(str::to_owned).or_else(|| text("__type"));
    // `ThrottlingException:http://internal.amazon.com/…`, `com.amazon.coral.…#ThrottlingException`
    let code = code.map(|code| code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned());
    let message = text("message").or_else(|| text("Message"));
    let whole = || Some(String::from_utf8_lossy(body).into_owned()).filter(|text| !text.is_empty());
    let message = if document.is_err() { whole() } else { message };
    Problem { code, message }
}

#[cfg(test)]
mod tests;
