//! Flows, written in a few words.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::probe::capture::{Capture, From};
use domain::probe::expect::Expectation;
use domain::probe::flow::{AlertRule, Body, HttpStep, HttpVersion, Redirects, Regions};
use domain::probe::template::Template;
use domain::probe::{Flow, Step, StepKind};
use domain::span::Span;
use jiff::Timestamp;
use probing::{Done, Engine, Options, Run};
use tokio::time::Instant;

/// Longer than anything takes that does not hang.
pub(crate) const LONG: Duration = Duration::from_mins(1);
/// What is waited for what never comes.
pub(crate) const SHORT: Span = Span::millis(50);

/// When all runs here begin.
pub(crate) fn at() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// A step of HTTP that can be changed before it is taken.
pub(crate) struct Http {
    step: HttpStep,
    timeout: Span,
    captures: Vec<Capture>,
    expect: Vec<Expectation>,
}

pub(crate) fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

pub(crate) fn http(method: &str, url: impl AsRef<str>) -> Http {
    let step = HttpStep {
        method: method.to_owned(),
        url: template(url.as_ref()),
        headers: Vec::new(),
        body: Body::None,
        redirects: Redirects::Follow(5),
        version: None,
        verify_tls: true,
    };
    Http { step, timeout: Span::seconds(60), captures: Vec::new(), expect: Vec::new() }
}

pub(crate) fn get(url: impl AsRef<str>) -> Http {
    http("GET", url)
}

pub(crate) fn post(url: impl AsRef<str>, body: Body) -> Http {
    http("POST", url).body(body)
}

impl Http {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Http {
        self.step.headers.push((name.to_owned(), template(value)));
        self
    }

    pub(crate) fn body(mut self, body: Body) -> Http {
        self.step.body = body;
        self
    }

    pub(crate) fn redirects(mut self, redirects: Redirects) -> Http {
        self.step.redirects = redirects;
        self
    }

    pub(crate) fn version(mut self, version: HttpVersion) -> Http {
        self.step.version = Some(version);
        self
    }

    pub(crate) fn unverified(mut self) -> Http {
        self.step.verify_tls = false;
        self
    }

    pub(crate) fn timeout(mut self, timeout: Span) -> Http {
        self.timeout = timeout;
        self
    }

    pub(crate) fn expect(mut self, text: &str) -> Http {
        self.expect.push(Expectation::parse(text).unwrap());
        self
    }

    pub(crate) fn capture(mut self, name: &str, from: From) -> Http {
        self.captures.push(Capture { name: name.to_owned(), is_secret: false, from });
        self
    }

    pub(crate) fn capture_secret(mut self, name: &str, from: From) -> Http {
        self.captures.push(Capture { name: name.to_owned(), is_secret: true, from });
        self
    }

    fn done(self) -> Step {
        let name = format!("{} {}", self.step.method, self.step.url);
        Step { name, timeout: self.timeout, kind: StepKind::Http(self.step), captures: self.captures, expect: self.expect }
    }
}

/// A flow that may reach loopback.
pub(crate) fn flow(steps: impl IntoIterator<Item = Http>) -> Flow {
    Flow {
        id: "flow".to_owned(),
        service: None,
        priority: None,
        every: Span::minutes(1),
        regions: Regions { run: Vec::new(), quorum: 1 },
        alert: AlertRule { failures: 1, of: 1, recover: 1 },
        slo: None,
        allow_cidrs: vec!["127.0.0.0/8".to_owned()],
        steps: steps.into_iter().map(Http::done).collect(),
        cleanup: Vec::new(),
    }
}

/// `flow`, with what is done afterwards.
pub(crate) fn with_cleanup(flow: Flow, cleanup: impl IntoIterator<Item = Http>) -> Flow {
    Flow { cleanup: cleanup.into_iter().map(Http::done).collect(), ..flow }
}

pub(crate) fn engine() -> Engine {
    Engine::new(Options::default()).unwrap()
}

/// A run with a generous deadline.
pub(crate) fn a_run(secrets: &BTreeMap<String, String>) -> Run<'_> {
    Run {
        id: "run-1",
        region: Some("eu-west-1"),
        at: at(),
        secrets,
        credentials: None,
        control: &[],
        deadline: Instant::now() + LONG,
        is_recorded: true,
    }
}

pub(crate) async fn run(flow: &Flow) -> Done {
    run_with(&engine(), flow, &[]).await
}

pub(crate) async fn run_with(engine: &Engine, flow: &Flow, secrets: &[(&str, &str)]) -> Done {
    let secrets = secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    engine.run(flow, &a_run(&secrets)).await
}

/// What a run says, in one line: the verdict, and why.
pub(crate) fn told(done: &Done) -> String {
    let report = &done.report;
    let mut told = report.verdict.word().to_owned();
    for because in &report.because {
        told.push_str("; ");
        told.push_str(because);
    }
    told
}

/// Asserts that a run is down because of something.
#[track_caller]
pub(crate) fn assert_down(done: &Done, because: &str) {
    assert_eq!(done.report.verdict.word(), "down", "{}", told(done));
    assert!(told(done).contains(because), "`{because}` is not in: {}", told(done));
}

/// Asserts that a run is up.
#[track_caller]
pub(crate) fn assert_up(done: &Done) {
    assert_eq!(told(done), "up");
}
