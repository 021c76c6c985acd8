//! How is an endpoint spoken to that takes `chat/completions` as OpenAI's does?
//!
//! Whole answers and pieces of one have nearly the same form: what is `message` in the
//! one is `delta` in the other. See
//! <https://platform.openai.com/docs/api-reference/chat>.

use domain::probe::secret::Secrets;
use serde::Deserialize;
use serde_json::{Value, json};

use super::reply::{End, Problem, Reply, said};

/// What stands for the end of the pieces.
const END: &str = "[DONE]";

/// The document that asks `prompt`.
pub(super) fn request(host: &str, model: &str, system: Option<&str>, prompt: &str, max_tokens: u32, stream: bool) -> Value {
    let mut messages = Vec::new();
    if let Some(system) = system {
        messages.push(json!({"role": "system", "content": system}));
    }
    messages.push(json!({"role": "user", "content": prompt}));
    let mut document = json!({"model": model, "messages": messages, limit_key(host): max_tokens});
    if stream {
        document["stream"] = json!(true);
        document["stream_options"] = json!({"include_usage": true});
    }
    document
}

/// The key for the most tokens. OpenAI's newer models refuse `max_tokens`, many of those who
/// took over its API know nothing else.
fn limit_key(host: &str) -> &'static str {
    let is_its_own = host == "api.openai.com" || host.ends_with(".openai.azure.com");
    if is_its_own { "max_completion_tokens" } else { "max_tokens" }
}

#[derive(Deserialize)]
struct Document {
    choices: Option<Vec<Choice>>,
    usage: Option<Usage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(alias = "message")]
    delta: Option<Message>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<Content>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

impl Reply {
    /// Takes a piece of an answer, or all of it. Returns whether no more will come.
    ///
    /// # Errors
    /// A sentence, when it is no answer.
    pub(super) fn take_openai(&mut self, data: &str, secrets: &Secrets) -> Result<bool, String> {
        if data.trim() == END {
            return Ok(true);
        }
        let document: Document = serde_json::from_str(data)
            .map_err(|error| format!("the endpoint's answer is no chat completion ({error}): `{}`", said(data, secrets)))?;
        if let Some(error) = &document.error {
            return Err(problem(error).amid(secrets));
        }
        if document.choices.is_none() && document.usage.is_none() {
            return Err(format!("the endpoint's answer has no `choices`: `{}`", said(data, secrets)));
        }
        if let Some(usage) = document.usage {
            self.tokens_in = usage.prompt_tokens.or(self.tokens_in);
            self.tokens_out = usage.completion_tokens.or(self.tokens_out);
        }
        // Only one choice was asked for; a piece with the filter's verdict on the prompt, or
        // with the count of tokens, has none.
        if let Some(choice) = document.choices.into_iter().flatten().next() {
            self.take_choice(choice);
        }
        Ok(false)
    }

    fn take_choice(&mut self, choice: Choice) {
        let message = choice.delta.unwrap_or(Message { content: None, refusal: None });
        match message.content {
            Some(Content::Text(text)) => self.text.push_str(&text),
            Some(Content::Parts(parts)) => {
                parts.iter().filter_map(|part| part.text.as_deref()).for_each(|text| self.text.push_str(text));
            }
            None => {}
        }
        match (message.refusal, &mut self.end) {
            (Some(words), Some(End::Refused(before))) => before.push_str(&words),
            (Some(words), end) if !words.is_empty() => *end = Some(End::Refused(words)),
            (Some(_) | None, _) => {}
        }
        let is_refusal = matches!(self.end, Some(End::Refused(_)));
        if let Some(reason) = choice.finish_reason.filter(|_| !is_refusal) {
            self.end = Some(match reason.as_str() {
                "stop" => End::Done,
                "length" => End::Length,
                "content_filter" => End::Filtered(reason),
                _ => End::Other(reason),
            });
        }
    }
}

/// What the endpoint said in an answer with a status that means failure. Those who took the
/// API over write it in many ways.
pub(super) fn problem_of(body: &[u8]) -> Problem {
    match serde_json::from_slice::<Value>(body) {
        Ok(document) => problem(document.get("error").unwrap_or(&document)),
        Err(_) if body.is_empty() => Problem::default(),
        Err(_) => Problem { code: None, message: Some(String::from_utf8_lossy(body).into_owned()) },
    }
}

fn problem(error: &Value) -> Problem {
    let text = |key: &str| error.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let message = match error {
        Value::String(text) => Some(text.clone()),
        _ => text("message").or_else(|| text("detail")).or_else(|| error.get("detail").map(Value::to_string)),
    };
    Problem { code: text("code").or_else(|| text("type")), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(pieces: &[&str]) -> Result<Reply, String> {
        let mut reply = Reply::default();
        for piece in pieces {
            if reply.take_openai(piece, &Secrets::default())? {
                break;
            }
        }
        Ok(reply)
    }

    #[test]
    fn the_pieces_of_an_answer_make_the_answer() {
        let reply = taken(&[
            r#"{"choices":[],"prompt_filter_results":[]}"#,
            r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
            r#"{"choices":[{"delta":{"content":"Par"}}]}"#,
            r#"{"choices":[{"delta":{"content":"is"}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#,
            "[DONE]",
            "not looked at",
        ])
        .unwrap();
        let wanted =
            Reply { text: "Paris".to_owned(), end: Some(End::Done), tokens_in: Some(9), tokens_out: Some(2), first_token: None };
        assert_eq!(reply, wanted);
    }

    #[test]
    fn a_whole_answer_is_read_as_its_pieces_are() {
        let whole = r#"{"choices":[{"message":{"role":"assistant","content":"Paris","refusal":null},"finish_reason":"length"}],
            "usage":{"prompt_tokens":9,"completion_tokens":1}}"#;
        let reply = taken(&[whole]).unwrap();
        assert_eq!((reply.text.as_str(), reply.end, reply.tokens_out), ("Paris", Some(End::Length), Some(1)));
        let parts = r#"{"choices":[{"message":{"content":[{"type":"text","text":"Pa"},{"type":"text","text":"ris"}]}}]}"#;
        assert_eq!(taken(&[parts]).unwrap().text, "Paris");
    }

    #[test]
    fn a_refusal_is_one_although_the_model_stopped() {
        let pieces = [
            r#"{"choices":[{"delta":{"refusal":"I can"}}]}"#,
            r#"{"choices":[{"delta":{"refusal":"not."}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
        ];
        assert_eq!(taken(&pieces).unwrap().end, Some(End::Refused("I cannot.".to_owned())));
        let filtered = r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#;
        assert_eq!(taken(&[filtered]).unwrap().end, Some(End::Filtered("content_filter".to_owned())));
    }

    #[test]
    fn what_is_no_answer_is_said_to_be_none() {
        let why = |piece: &str| taken(&[piece]).unwrap_err();
        assert!(why("<html>").contains("no chat completion"));
        assert!(why(r#"{"status":"ok"}"#).contains("no `choices`"));
        assert_eq!(
            why(r#"{"error":{"message":"Overloaded","type":"server_error","code":null}}"#),
            "the endpoint broke the answer off: server_error: Overloaded"
        );
    }

    #[test]
    fn problems_are_read_however_they_are_written() {
        let rows = [
            (r#"{"error":{"message":"no","type":"a","code":"b"}}"#, Some("b"), Some("no")),
            (r#"{"error":"no"}"#, None, Some("no")),
            (r#"{"message":"no"}"#, None, Some("no")),
            (r#"{"detail":"no"}"#, None, Some("no")),
            ("<h1>no</h1>", None, Some("<h1>no</h1>")),
            ("", None, None),
            ("{}", None, None),
        ];
        for (body, code, message) in rows {
            let problem = problem_of(body.as_bytes());
            assert_eq!((problem.code.as_deref(), problem.message.as_deref()), (code, message), "{body}");
        }
    }

    #[test]
    fn the_most_tokens_are_said_in_the_word_that_the_endpoint_knows() {
        let asked = |host| request(host, "m", Some("be brief"), "hello", 7, true);
        assert_eq!(asked("api.openai.com")["max_completion_tokens"], 7);
        let other = asked("llm.example.com");
        let wanted = json!({
            "model": "m",
            "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}],
            "max_tokens": 7,
            "stream": true,
            "stream_options": {"include_usage": true},
        });
        assert_eq!(other, wanted);
    }
}
