//! Language models behind Amazon Bedrock, and who asks them.

use std::collections::BTreeMap;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use domain::probe::StepKind;
use domain::probe::flow::{LlmApi, LlmStep};
use hmac::{Hmac, KeyInit as _, Mac as _};
use probing::{Credentials, Done, Run};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{alone, llm, only};
use crate::flows::{a_run, assert_down, assert_up, engine, template};
use crate::servers::{Came, Reply, Server, reply, web};

const MODEL: &str = "eu.example.small-v1:0";

fn credentials() -> Credentials {
    Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "tr0ub4dor".to_owned(),
        session_token: Some("a-token".to_owned()),
    }
}

fn ask(server: &Server) -> LlmStep {
    let api = LlmApi::Bedrock { region: "eu-west-1".to_owned() };
    LlmStep { api, model: template(MODEL), ..llm(server.url("/")) }
}

async fn taken(step: LlmStep, credentials: Option<&Credentials>, expect: &[&str]) -> Done {
    let secrets = BTreeMap::new();
    let run = Run { credentials, ..a_run(&secrets) };
    engine().run(&alone(StepKind::Llm(step), expect), &run).await
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// The signature that a request must have, computed as AWS writes it down: "Create a signed
/// AWS API request" of the IAM User Guide.
fn signature(came: &Came, credentials: &Credentials) -> String {
    let authorization = came.header("authorization").unwrap();
    let signed = authorization.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    let field = |name: &str| format!("{name}:{}\n", came.header(name).unwrap().trim());
    let fields = signed.split(';').map(field).collect::<Vec<_>>().concat();
    // The path is escaped once more, as all services but S3 want it.
    let path = came.target.replace('%', "%25");
    let canonical = format!("{}\n{path}\n\n{fields}\n{signed}\n{}", came.method, hex(&Sha256::digest(&came.body)));
    let moment = came.header("x-amz-date").unwrap();
    let day = &moment[..8];
    let scope = format!("{day}/eu-west-1/bedrock/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let key = format!("AWS4{}", credentials.secret_access_key);
    let key = ["eu-west-1", "bedrock", "aws4_request"].iter().fold(hmac(key.as_bytes(), day), |key, part| hmac(&key, part));
    hex(&hmac(&key, &text))
}

fn is_signed(came: &Came) -> bool {
    let authorization = came.header("authorization").unwrap_or_default();
    authorization.ends_with(&format!("Signature={}", signature(came, &credentials())))
}

fn converse(text: &str, reason: &str) -> Reply {
    let document = json!({
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": reason,
        "usage": {"inputTokens": 9, "outputTokens": 2, "totalTokens": 11},
    });
    reply(200, &[("content-type", "application/json")], document.to_string())
}

fn message(headers: &[(&'static str, &'static str)], payload: &Value, to: &mut Vec<u8>) {
    let message = Message::new(Bytes::from(payload.to_string()));
    let message = headers
        .iter()
        .fold(message, |message, (name, value)| message.add_header(Header::new(*name, HeaderValue::String((*value).into()))));
    write_message_to(&message, to).unwrap();
}

fn event(kind: &'static str, payload: &Value, to: &mut Vec<u8>) {
    message(&[(":message-type", "event"), (":event-type", kind), (":content-type", "application/json")], payload, to);
}

fn stream(body: Vec<u8>) -> Reply {
    reply(200, &[("content-type", "application/vnd.amazon.eventstream")], body)
}

#[tokio::test]
async fn the_probers_own_credentials_sign_the_request() {
    let server = web(|came| if is_signed(came) { converse("Paris", "end_turn") } else { reply(403, &[], "{}") }).await;
    let step = LlmStep { stream: false, system: Some(template("One word.")), ..ask(&server) };
    let done = taken(step.clone(), Some(&credentials()), &["body == 'Paris'", "tokens.in == 9", "tokens.out == 2"]).await;
    assert_up(&done);
    let came = server.came().remove(0);
    assert_eq!(came.target, "/model/eu.example.small-v1%3A0/converse");
    assert_eq!(came.header("x-amz-security-token"), Some("a-token"));
    assert_eq!(came.header("x-amz-date").map(|moment| &moment[..11]), Some("20261121T12"));
    let wanted = json!({
        "messages": [{"role": "user", "content": [{"text": "Which city?"}]}],
        "system": [{"text": "One word."}],
        "inferenceConfig": {"maxTokens": 32},
    });
    assert_eq!(serde_json::from_slice::<Value>(&came.body).unwrap(), wanted);
    let told = format!("{:?} {:?}", done.report, done.exchanges);
    assert!(!told.contains("tr0ub4dor") && !told.contains("a-token"), "{told}");
    let wrong = Credentials { secret_access_key: "other".to_owned(), ..credentials() };
    assert_down(&taken(step, Some(&wrong), &[]).await, "(403; its role must allow `bedrock:InvokeModel` for the model)");
}

#[tokio::test]
async fn a_bearer_token_of_the_step_goes_before_the_probers_credentials() {
    let server = web(|_| converse("Paris", "end_turn")).await;
    let headers = vec![("Authorization".to_owned(), template("Bearer a-key"))];
    let step = LlmStep { stream: false, headers, ..ask(&server) };
    for credentials in [None, Some(&credentials())] {
        assert_up(&taken(step.clone(), credentials, &[]).await);
        let came = server.came().pop().unwrap();
        assert_eq!((came.header("authorization"), came.header("x-amz-date")), (Some("Bearer a-key"), None));
    }
    let unsigned = LlmStep { headers: Vec::new(), ..step };
    assert_down(&taken(unsigned, None, &[]).await, "no AWS credentials here to sign the request to Bedrock with");
    assert_eq!(server.came().len(), 2);
}

#[tokio::test]
async fn an_answer_is_taken_as_it_comes() {
    let server = web(|came| {
        assert_eq!(came.target, "/model/eu.example.small-v1%3A0/converse-stream");
        let mut body = Vec::new();
        event("messageStart", &json!({"role": "assistant"}), &mut body);
        event("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": {"text": "Zür"}}), &mut body);
        event("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": {"text": "ich"}}), &mut body);
        event("messageStop", &json!({"stopReason": "end_turn"}), &mut body);
        event("metadata", &json!({"usage": {"inputTokens": 8, "outputTokens": 3}}), &mut body);
        if is_signed(came) { stream(body) } else { reply(403, &[], "{}") }
    })
    .await;
    let expect = ["body == 'Zürich'", "tokens.out == 3", "time.first_token exists"];
    let done = taken(ask(&server), Some(&credentials()), &expect).await;
    assert_up(&done);
    assert!(only(&done).phases_ms.ttfb.is_some());
}

#[tokio::test]
async fn what_bedrock_says_instead_of_an_answer_is_a_sentence() {
    let mut throttled = Vec::new();
    event("contentBlockDelta", &json!({"delta": {"text": "Zür"}}), &mut throttled);
    let exception = [(":message-type", "exception"), (":exception-type", "throttlingException")];
    message(&exception, &json!({"message": "Too many tokens"}), &mut throttled);
    let mut cut = throttled.clone();
    cut.truncate(cut.len() - 5);
    let mut changed = throttled.clone();
    *changed.last_mut().unwrap() ^= 1;
    let kind = [("x-amzn-errortype", "ValidationException:http://internal.amazon.com/coral/")];
    let rows = [
        (stream(throttled), "broke the answer off: throttlingException: Too many tokens"),
        (stream(cut), "broke off before the model was done"),
        (stream(changed), "no event stream of AWS"),
        (converse("", "guardrail_intervened"), "withheld by the endpoint's filter (guardrail_intervened)"),
        (converse("Zür", "max_tokens"), "cut off after `max_tokens: 32`"),
        (reply(400, &kind, "{\"message\":\"bad model\"}"), "did not take the request (400): ValidationException: bad model"),
        (reply(200, &[], "<html>"), "none of `Converse`"),
    ];
    for (answer, because) in rows {
        let server = web(move |_| answer.clone()).await;
        assert_down(&taken(ask(&server), Some(&credentials()), &[]).await, because);
    }
}
