//! What does a step do, and do its keys go together?

use super::Reader;
use super::scope::Scope;
use crate::probe::expect::{Expectation, Part, Subject};
use crate::probe::flow::{Redirects, Step, StepKind};
use crate::probe::source::StepSource;
use crate::probe::template::Template;
use crate::span::Span;
use crate::text::{NAME_MAX, clean};

/// Most expectations of a step.
const EXPECT_MAX: usize = 50;
/// The keys of the methods that have one.
const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// What holds for a step that does not say otherwise.
pub(super) struct Surroundings {
    pub(super) timeout: Span,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) redirects: Redirects,
}

impl Reader<'_> {
    /// Reads a step; none if it does not say what it does.
    pub(super) fn step(&mut self, source: &StepSource, path: &str, around: &Surroundings, scope: &Scope<'_>) -> Option<Step> {
        let timeout = self.timeout(source.timeout, around.timeout, path);
        let verb = self.verb(source, path);
        if let Some(verb) = verb {
            self.keys_go_with(verb, source, path);
        }
        let captures = self.captures(source, verb, path);
        let expect = self.expectations(source, verb, path, scope);
        let name = source.name.as_ref().map(|name| clean(name, NAME_MAX));
        if name.as_ref().is_some_and(String::is_empty) {
            self.problem(format!("{path}.name"), "a name cannot be empty; without one the step goes by what it does");
        }
        let kind = self.kind(verb?, source, path, around, scope);
        let name = name.unwrap_or_else(|| clean(&what(&kind), NAME_MAX));
        Some(Step { name, timeout, kind, captures, expect })
    }

    /// The one key that says what the step does.
    fn verb(&mut self, source: &StepSource, path: &str) -> Option<&'static str> {
        let mut given = verbs(source).into_iter().filter(|(_, is_given)| *is_given).map(|(verb, _)| verb);
        let Some(verb) = given.next() else {
            let all = verbs(source).map(|(verb, _)| verb).join(", ");
            self.problem(
                path,
                format!("a step says what it does; write one of {all}, such as `get: https://api.example.com/health`"),
            );
            return None;
        };
        for other in given {
            self.problem(
                format!("{path}.{other}"),
                format!("a step does one thing, and there is `{verb}` already; make two steps of it"),
            );
        }
        Some(verb)
    }

    fn keys_go_with(&mut self, verb: &str, source: &StepSource, path: &str) {
        let rows = keys(source);
        for (key, _, _) in rows.iter().filter(|(_, is_given, verbs)| *is_given && !goes_with(verbs, verb)) {
            let fitting: Vec<&str> = rows.iter().filter(|(_, _, verbs)| goes_with(verbs, verb)).map(|(key, _, _)| *key).collect();
            let hint = match (*key, verb) {
                ("headers", "llm") => "write it under `llm`, beside `url`".to_owned(),
                (_, _) if fitting.is_empty() => {
                    "only what every step has does: `name`, `timeout`, `capture`, `expect`".to_owned()
                }
                (_, _) => format!("besides what every step has, there are {}", fitting.join(", ")),
            };
            self.problem(format!("{path}.{key}"), format!("`{key}` does not go with `{verb}`; {hint}"));
        }
    }

    fn expectations(&mut self, source: &StepSource, verb: Option<&str>, path: &str, scope: &Scope<'_>) -> Vec<Expectation> {
        self.at_most(source.expect.len(), EXPECT_MAX, "expectations", &format!("{path}.expect"));
        let mut expect = Vec::new();
        for (n, sentence) in source.expect.iter().enumerate() {
            let place = format!("{path}.expect[{n}]");
            let Some(expectation) = self.noted(Expectation::parse(&sentence.0), &place) else { continue };
            self.variables_are_known(expectation.variables().iter().map(String::as_str), &place, scope);
            if let Some(verb) = verb.filter(|verb| !has(expectation.subject(), verb)) {
                let subject = sentence.0.split_whitespace().next().unwrap_or_default();
                self.problem(&place, format!("an answer to `{verb}` has no `{subject}`; take it out, or look at something else"));
            }
            expect.push(expectation);
        }
        expect
    }

    fn kind(
        &mut self,
        verb: &'static str,
        source: &StepSource,
        path: &str,
        around: &Surroundings,
        scope: &Scope<'_>,
    ) -> StepKind {
        match verb {
            "tcp" => StepKind::Tcp(self.tcp(source, path, scope)),
            "dns" => StepKind::Dns(self.dns(source, path, scope)),
            "tls" => StepKind::Tls(self.tls(source, path, scope)),
            "websocket" => StepKind::WebSocket(self.websocket(source, path, around, scope)),
            "grpc" => StepKind::Grpc(self.grpc(source, path, around, scope)),
            "llm" => StepKind::Llm(self.llm(source, path, around, scope)),
            method => StepKind::Http(self.http(method, source, path, around, scope)),
        }
    }
}

/// Which verbs there are, and whether they stand in a step.
fn verbs(step: &StepSource) -> [(&'static str, bool); 14] {
    [
        ("get", step.get.is_some()),
        ("post", step.post.is_some()),
        ("put", step.put.is_some()),
        ("patch", step.patch.is_some()),
        ("delete", step.delete.is_some()),
        ("head", step.head.is_some()),
        ("options", step.options.is_some()),
        ("request", step.request.is_some()),
        ("tcp", step.tcp.is_some()),
        ("dns", step.dns.is_some()),
        ("tls", step.tls.is_some()),
        ("websocket", step.websocket.is_some()),
        ("grpc", step.grpc.is_some()),
        ("llm", step.llm.is_some()),
    ]
}

/// A key, whether a step has it, and the verbs that it goes with: `http` is any method.
type Key = (&'static str, bool, &'static [&'static str]);

fn keys(step: &StepSource) -> [Key; 15] {
    [
        ("headers", !step.headers.is_empty(), &["http", "websocket", "grpc"]),
        ("query", !step.query.is_empty(), &["http"]),
        ("json", step.json.is_some(), &["http"]),
        ("form", step.form.is_some(), &["http"]),
        ("body", step.body.is_some(), &["http"]),
        ("content_type", step.content_type.is_some(), &["http"]),
        ("multipart", step.multipart.is_some(), &["http"]),
        ("redirects", step.redirects.is_some(), &["http"]),
        ("http", step.http.is_some(), &["http"]),
        ("verify_tls", step.verify_tls.is_some(), &["http"]),
        ("send", step.send.is_some(), &["tcp", "websocket"]),
        ("read", step.read.is_some(), &["tcp"]),
        ("type", step.record.is_some(), &["dns"]),
        ("resolver", step.resolver.is_some(), &["dns"]),
        ("server_name", step.server_name.is_some(), &["tls"]),
    ]
}

fn goes_with(verbs: &[&str], verb: &str) -> bool {
    verbs.contains(&if is_http(verb) { "http" } else { verb })
}

/// Whether a verb is a request over HTTP.
pub(super) fn is_http(verb: &str) -> bool {
    METHODS.contains(&verb) || verb == "request"
}

/// Whether what is looked at is there after a step of this verb.
fn has(subject: &Subject, verb: &str) -> bool {
    match subject {
        Subject::Status | Subject::Header(_) => is_http(verb) || matches!(verb, "websocket" | "grpc" | "llm"),
        Subject::Cookie(_) => is_http(verb),
        Subject::Time(Part::FirstToken) | Subject::TokensIn | Subject::TokensOut | Subject::Cost | Subject::Similarity => {
            verb == "llm"
        }
        Subject::Tls(_) => !matches!(verb, "tcp" | "dns"),
        Subject::Time(_) | Subject::Json(_) | Subject::Body | Subject::Size => true,
    }
}

/// What a step does, in a line.
fn what(kind: &StepKind) -> String {
    match kind {
        StepKind::Http(step) => format!("{} {}", step.method, step.url),
        StepKind::Tcp(step) => format!("TCP {}", step.address),
        StepKind::Dns(step) => format!("DNS {} {}", step.record, step.name),
        StepKind::Tls(step) => format!("TLS {}", step.address),
        StepKind::WebSocket(step) => format!("WebSocket {}", step.url),
        StepKind::Grpc(step) => format!("gRPC {}", step.url),
        StepKind::Llm(step) => format!("LLM {} {}", step.model, step.url),
    }
}
