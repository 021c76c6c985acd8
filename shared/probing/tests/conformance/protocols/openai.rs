//! Language models behind endpoints like OpenAI's.

use std::time::Duration;

use domain::probe::StepKind;
use domain::probe::flow::{Drift, Embeddings, LlmStep, Price};
use probing::{Engine, Options};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::{alone, llm, only, taken};
use crate::flows::{assert_down, assert_up, run_with, template, told};
use crate::servers::{Came, Reply, Server, Then, does, end, read_head, reply, web};

/// A server that streams `pieces` after the head of its answer, each after a time.
async fn streams(pieces: Vec<(u64, Vec<u8>)>) -> Server {
    does(move |mut stream, _| {
        let pieces = pieces.clone();
        async move {
            read_head(&mut stream).await;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            for (ms, piece) in pieces {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                if stream.write_all(&piece).await.is_err() {
                    return;
                }
            }
            end(stream, Then::Close).await;
        }
    })
    .await
}

fn event(document: &Value) -> String {
    format!("data: {document}\n\n")
}

fn token(text: &str) -> String {
    event(&json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]}))
}

fn stop(reason: &str) -> String {
    event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
}

fn usage(input: u64, output: u64) -> String {
    event(&json!({"choices": [], "usage": {"prompt_tokens": input, "completion_tokens": output}}))
}

const DONE: &str = "data: [DONE]\n\n";

fn ask(server: &Server) -> LlmStep {
    llm(server.url("/v1/chat/completions"))
}

async fn streamed(events: &[String], expect: &[&str]) -> probing::Done {
    let server = streams(vec![(0, events.concat().into_bytes())]).await;
    taken(StepKind::Llm(ask(&server)), expect).await
}

/// A whole answer.
fn whole(text: &str) -> Reply {
    let document = json!({
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1_000, "completion_tokens": 500},
    });
    reply(200, &[("content-type", "application/json")], document.to_string())
}

async fn answered(text: &'static str, change: impl FnOnce(LlmStep) -> LlmStep, expect: &[&str]) -> probing::Done {
    let server = web(move |_| whole(text)).await;
    taken(StepKind::Llm(change(LlmStep { stream: false, ..ask(&server) })), expect).await
}

#[tokio::test]
async fn an_answer_is_taken_as_it_comes_wherever_it_is_cut() {
    let events = [": hello\n\n", &token(""), &token("Zür"), &token("ich 🏔"), &stop("stop"), &usage(12, 5), DONE].concat();
    // One byte at a time: inside lines, events and characters.
    let server = streams(events.bytes().map(|byte| (0, vec![byte])).collect()).await;
    let expect = ["body == 'Zürich 🏔'", "tokens.in == 12", "tokens.out == 5", "status == 200", "time.first_token exists"];
    assert_up(&taken(StepKind::Llm(ask(&server)), &expect).await);
    assert_down(&taken(StepKind::Llm(ask(&server)), &["cost < 1"]).await, "cost");
}

#[tokio::test]
async fn the_first_token_has_a_time_of_its_own() {
    let server = streams(vec![
        (60, token("").into_bytes()),
        (60, token("Paris").into_bytes()),
        (1_000, [stop("stop"), DONE.to_owned()].concat().into_bytes()),
    ])
    .await;
    let expect = ["time.first_token >= 100ms", "time.first_token < 900ms", "time.ttfb < 900ms", "time.total >= 1s"];
    let done = taken(StepKind::Llm(ask(&server)), &expect).await;
    assert_up(&done);
    let phases = only(&done).phases_ms;
    assert!(phases.ttfb.unwrap() + Duration::from_millis(900) < phases.total.unwrap(), "{phases:?}");
}

#[tokio::test]
async fn an_answer_that_is_not_whole_is_down_with_the_reason() {
    let rows = [
        (vec![token("Par"), stop("length"), DONE.to_owned()], "cut off after `max_tokens: 32`"),
        (vec![token("Par"), stop("content_filter")], "withheld by the endpoint's filter (content_filter)"),
        (vec![stop("tool_calls")], "ended with `tool_calls`"),
        (vec![token("Par")], "broke off before the model was done"),
        (vec![stop("stop"), DONE.to_owned()], "the model answered nothing"),
        (
            vec![token("Par"), event(&json!({"error": {"message": "Overloaded", "type": "server_error"}}))],
            "broke the answer off: server_error: Overloaded",
        ),
        (vec!["data: oops\n\n".to_owned()], "no chat completion"),
    ];
    for (events, because) in rows {
        let done = streamed(&events, &[]).await;
        assert_down(&done, because);
        assert_eq!(done.report.because.len(), 1, "{}", told(&done));
        let evidence = only(&done).evidence.clone().unwrap_or_default();
        assert!(evidence.contains("Which city?"), "{because}: {evidence}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_end_has_a_cap() {
    let server = does(|mut stream, _| async move {
        read_head(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        while stream.write_all(token("again and again ").as_bytes()).await.is_ok() {}
    })
    .await;
    let engine = Engine::new(Options { body_max: 20_000, ..Options::default() }).unwrap();
    let done = run_with(&engine, &alone(StepKind::Llm(ask(&server)), &[]), &[]).await;
    assert_down(&done, "longer than the 20000 bytes that are read of one");
}

#[tokio::test]
async fn a_whole_answer_has_a_cost() {
    let price = Price { input: 3.0, output: 15.0 };
    let expect = ["cost == 0.0105", "tokens.in == 1000", "body == 'Paris'", "time.first_token not exists"];
    assert_up(&answered("Paris", |step| LlmStep { price: Some(price), ..step }, &expect).await);
    // An endpoint that was asked for pieces may give the whole.
    assert_up(&answered("Paris", |step| LlmStep { stream: true, ..step }, &["body == 'Paris'"]).await);
}

#[tokio::test]
async fn what_is_asked_is_what_the_step_says() {
    let server = web(|_| whole("Paris")).await;
    let step = LlmStep {
        system: Some(template("Answer in one word.")),
        headers: vec![("Authorization".to_owned(), template("Bearer ${secret.key}"))],
        ..ask(&server)
    };
    let flow = alone(StepKind::Llm(step), &["body == 'London'"]);
    let done = run_with(&Engine::new(Options::default()).unwrap(), &flow, &[("key", "sk-tr0ub4dor")]).await;
    assert_down(&done, "London");
    assert!(!format!("{:?} {:?}", done.report, done.exchanges).contains("tr0ub4dor"));
    let came: Came = server.came().remove(0);
    assert_eq!((came.method.as_str(), came.target.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(came.header("authorization"), Some("Bearer sk-tr0ub4dor"));
    assert_eq!(came.header("content-type"), Some("application/json"));
    assert_eq!(came.header("accept-encoding"), Some("identity"));
    let wanted = json!({
        "model": "small",
        "messages": [
            {"role": "system", "content": "Answer in one word."},
            {"role": "user", "content": "Which city?"},
        ],
        "max_tokens": 32,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    assert_eq!(serde_json::from_slice::<Value>(&came.body).unwrap(), wanted);
}

#[tokio::test]
async fn a_refusal_is_down_with_what_to_do_unless_it_is_expected() {
    let rows = [
        (
            401,
            json!({"error": {"message": "Incorrect API key: sk-tr0ub4dor", "code": "invalid_api_key"}}),
            "did not let the prober in (401",
        ),
        (
            429,
            json!({"error": {"message": "Rate limit", "code": "rate_limit_exceeded"}}),
            "rate_limit_exceeded: Rate limit; it asks to wait: `Retry-After: 20`",
        ),
        (404, json!({"error": {"message": "The model `small` does not exist"}}), "does not know the model"),
        (400, json!({"error": {"message": "filtered", "code": "content_filter"}}), "content filter stood against the prompt"),
        (503, json!("down"), "the endpoint failed (503)"),
    ];
    for (status, body, because) in rows {
        let server = web(move |_| reply(status, &[("retry-after", "20")], body.to_string())).await;
        let headers = vec![("Authorization".to_owned(), template("Bearer ${secret.key}"))];
        let engine = Engine::new(Options::default()).unwrap();
        let step = || StepKind::Llm(LlmStep { headers: headers.clone(), ..ask(&server) });
        let done = run_with(&engine, &alone(step(), &[]), &[("key", "sk-tr0ub4dor")]).await;
        assert_down(&done, because);
        assert_eq!(only(&done).status, Some(status));
        assert!(!format!("{:?}", done.report).contains("tr0ub4dor"), "{}", told(&done));
        let expected = format!("status == {status}");
        assert_up(&run_with(&engine, &alone(step(), &[&expected]), &[("key", "sk-tr0ub4dor")]).await);
    }
}

#[tokio::test]
async fn an_answer_is_checked_against_its_schema_in_a_fence_too() {
    let schema = json!({"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}});
    let with = |step| LlmStep { schema: Some(schema.clone()), ..step };
    assert_up(&answered("```json\n{\"city\": \"Paris\"}\n```", with, &["json $.city == 'Paris'"]).await);
    assert_down(&answered("{\"city\": 75}", with, &[]).await, "does not satisfy `schema`: `/city`: 75 is not of type \"string\"");
    let done = answered("Paris", with, &["time.total < 1m", "tokens.out == 1"]).await;
    assert_down(&done, "the answer is not JSON");
    // All that is wrong is said.
    assert_down(&done, "tokens.out == 1");
}

fn drift(approved: &[&str], least: f64, embeddings: Option<Embeddings>) -> Drift {
    Drift { approved: approved.iter().map(|text| (*text).to_owned()).collect(), least, embeddings }
}

#[tokio::test]
async fn an_answer_that_has_drifted_is_down_with_the_figure_and_what_it_was_compared_to() {
    let approved = ["Paris is the capital of France.", "It is Paris."];
    let with = |least| move |step| LlmStep { drift: Some(drift(&approved, least, None)), ..step };
    assert_up(&answered("The capital of France is Paris.", with(0.8), &["similarity == 1"]).await);
    let done = answered("I think it is Lyon.", with(0.8), &["similarity < 0.8"]).await;
    assert_down(&done, "(by words)");
    assert_down(&done, "is 0.50, less than 0.8; that one begins with `It is Paris.`");
}

/// An endpoint that gives the embeddings that stand for texts, in another order.
async fn embeds(status: u16) -> Server {
    web(move |came| {
        let asked: Value = serde_json::from_slice(&came.body).unwrap();
        let of = |text: &Value| if text.as_str().unwrap().contains("Paris") { json!([0.6, 0.8]) } else { json!([1.0, 0.0]) };
        let inputs = asked["input"].as_array().unwrap().iter().enumerate();
        let data: Vec<Value> = inputs.rev().map(|(index, text)| json!({"index": index, "embedding": of(text)})).collect();
        reply(status, &[], json!({"data": data}).to_string())
    })
    .await
}

#[tokio::test]
async fn with_an_endpoint_for_embeddings_meaning_is_compared() {
    let server = embeds(200).await;
    let embeddings = |server: &Server| Embeddings {
        url: template(&server.url("/v1/embeddings")),
        headers: vec![("Authorization".to_owned(), template("Bearer ${run.id}"))],
        model: template("small-embedding"),
    };
    let with = |least, server: &Server| {
        let drift = drift(&["Paris!", "Rome."], least, Some(embeddings(server)));
        move |step| LlmStep { drift: Some(drift), ..step }
    };
    assert_up(&answered("C'est Paris", with(0.99, &server), &["similarity > 0.99"]).await);
    let came = server.came().remove(0);
    assert_eq!(came.header("authorization"), Some("Bearer run-1"));
    let asked: Value = serde_json::from_slice(&came.body).unwrap();
    assert_eq!(
        asked,
        json!({"model": "small-embedding", "input": ["C'est Paris", "Paris!", "Rome."], "encoding_format": "float"})
    );
    let failing = embeds(500).await;
    let done = answered("C'est Paris", with(0.5, &failing), &[]).await;
    assert_down(&done, "how far the answer has drifted is not known: of the embeddings, the endpoint failed (500)");
    assert_eq!(only(&done).status, Some(200));
}

#[tokio::test]
async fn the_embeddings_endpoint_is_guarded_and_its_time_is_not_the_models() {
    let endpoint = does(|mut stream, _| async move {
        read_head(&mut stream).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        let body = json!({"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0]}]}).to_string();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        end(stream, Then::Close).await;
    })
    .await;
    let to =
        |url: String| drift(&["Paris"], 0.5, Some(Embeddings { url: template(&url), headers: Vec::new(), model: template("m") }));
    let slow = to(endpoint.url("/"));
    let done = answered("Paris", |step| LlmStep { drift: Some(slow), ..step }, &["similarity == 1"]).await;
    assert_up(&done);
    let measured = only(&done).phases_ms.total.unwrap().as_secs_f64() * 1_000.0;
    assert!(done.report.duration_ms - measured >= 390.0, "{} {measured}", done.report.duration_ms);
    let elsewhere = to("http://10.0.0.1/".to_owned());
    let done = answered("Paris", |step| LlmStep { drift: Some(elsewhere), ..step }, &[]).await;
    assert_down(&done, "10.0.0.1 is a private address");
}
