//! The kinds of steps besides HTTP.

#![expect(clippy::needless_pass_by_value, reason = "addresses read better without `&`")]

mod bedrock;
pub(crate) mod dns;
pub(crate) mod grpc;
mod openai;
mod tcp;
mod tls;
mod websocket;

use domain::probe::expect::Expectation;
use domain::probe::flow::{DnsStep, GrpcStep, LlmApi, LlmStep, TcpStep, TlsStep, WebSocketStep};
use domain::probe::{Flow, Step, StepKind, StepReport};
use domain::span::Span;
use probing::Done;

use crate::flows::{flow, run, template};

/// A step of any kind.
fn step(kind: StepKind, expect: &[&str]) -> Step {
    let expect = expect.iter().map(|text| Expectation::parse(text).unwrap()).collect();
    Step { name: kind.word().to_owned(), timeout: Span::seconds(60), kind, captures: Vec::new(), expect }
}

/// A flow of one step, which may reach loopback.
fn alone(kind: StepKind, expect: &[&str]) -> Flow {
    Flow { steps: vec![step(kind, expect)], ..flow([]) }
}

async fn taken(kind: StepKind, expect: &[&str]) -> Done {
    run(&alone(kind, expect)).await
}

fn only(done: &Done) -> &StepReport {
    assert_eq!(done.report.steps.len(), 1);
    &done.report.steps[0]
}

fn tcp(address: impl ToString) -> TcpStep {
    TcpStep { address: template(&address.to_string()), send: None, read: true }
}

fn dns(name: &str, record: &str, resolver: impl ToString) -> DnsStep {
    DnsStep { name: template(name), record: record.to_owned(), resolver: Some(template(&resolver.to_string())) }
}

/// The question for the address of a shop.
pub(crate) fn question(resolver: impl ToString) -> DnsStep {
    dns("shop.example.com", "A", resolver)
}

fn tls(address: impl ToString) -> TlsStep {
    TlsStep { address: template(&address.to_string()), server_name: None }
}

fn websocket(url: impl AsRef<str>) -> WebSocketStep {
    WebSocketStep { url: template(url.as_ref()), headers: Vec::new(), send: Some(template("hello")) }
}

fn grpc(url: impl AsRef<str>) -> GrpcStep {
    GrpcStep { url: template(url.as_ref()), service: None, headers: Vec::new() }
}

fn llm(url: impl AsRef<str>) -> LlmStep {
    LlmStep {
        api: LlmApi::OpenAi,
        url: template(url.as_ref()),
        headers: Vec::new(),
        model: template("small"),
        system: None,
        prompt: template("Which city?"),
        max_tokens: 32,
        stream: true,
        price: None,
        schema: None,
        drift: None,
    }
}

#[tokio::test]
async fn no_kind_of_step_goes_where_the_flow_may_not_go() {
    let bedrock = LlmStep {
        api: LlmApi::Bedrock { region: "eu-west-1".to_owned() },
        headers: vec![("Authorization".to_owned(), template("Bearer x"))],
        ..llm("http://169.254.169.254")
    };
    let kinds = [
        (StepKind::Tcp(tcp("127.0.0.1:9")), "a loopback address"),
        (StepKind::Dns(dns("example.com", "A", "10.0.0.2:53")), "a private address"),
        (StepKind::Tls(tls("[::1]:443")), "a loopback address"),
        (StepKind::WebSocket(websocket("ws://0x7f.1/")), "a loopback address"),
        (StepKind::Grpc(grpc("http://[::ffff:10.0.0.1]:50051")), "a private address"),
        (StepKind::Llm(llm("http://169.254.170.2/v1/chat/completions")), "the address of the metadata service"),
        (StepKind::Llm(bedrock), "the address of the metadata service"),
    ];
    for (kind, wanted) in kinds {
        let word = kind.word();
        let done = run(&Flow { allow_cidrs: Vec::new(), ..alone(kind, &[]) }).await;
        let because = done.report.because.join("; ");
        assert!(because.contains(wanted) && because.contains("allow_cidrs"), "{word}: {because}");
        assert_eq!(done.report.verdict.word(), "down", "{word}");
    }
}
