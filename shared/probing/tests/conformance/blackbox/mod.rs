//! Does a step come to the verdict that Prometheus's blackbox exporter comes to? Both look
//! at the same servers; what differs by intent is listed, each with its reason.
//!
//! `SEED` repeats the random part, `CASES` says how many of them are tried.

mod exporter;
mod random;
mod table;

use std::fmt::{Display, Write as _};

use domain::probe::{Flow, Step};
use domain::span::Span;
use futures_util::future::join_all;
use probing::Engine;
use serde_json::{Value, json};

use self::exporter::Exporter;
use crate::flows::{Http, flow, run_with, told};

/// What both should say of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// It is up, say both.
    Up,
    /// It is down, say both.
    Down,
    /// It is up here and down there, and why that is so.
    OnlyHere(&'static str),
    /// It is down here and up there, and why that is so.
    OnlyThere(&'static str),
    /// The same, whatever it is.
    Same,
}
use Wanted::{Down, OnlyHere, OnlyThere, Same, Up};

/// A server as both look at it.
struct Case {
    name: String,
    flow: Flow,
    /// Whose module, which says what is done.
    module: Value,
    target: String,
    wanted: Wanted,
}

impl Case {
    fn new(name: impl Into<String>, step: Step, module: Value, target: impl Display, wanted: Wanted) -> Case {
        let flow = Flow { steps: vec![step], ..flow([]) };
        Case { name: name.into(), flow, module: timely(module, "60s"), target: target.to_string(), wanted }
    }

    /// A request, and the part of the module that is about HTTP.
    fn http(name: impl Into<String>, url: impl Into<String>, step: Http, http: Value, wanted: Wanted) -> Case {
        let step = flow([step]).steps.remove(0);
        let mut module = json!({"prober": "http"});
        module["http"] = http;
        Case::new(name, step, module, url.into(), wanted)
    }

    /// With a second of time for each.
    fn brief(mut self) -> Case {
        self.flow.steps[0].timeout = Span::seconds(1);
        self.module = timely(self.module, "1s");
        self
    }
}

/// A module with its time, and the protocol that all servers here speak.
fn timely(mut module: Value, timeout: &str) -> Value {
    module["timeout"] = json!(timeout);
    let prober = module["prober"].as_str().unwrap().to_owned();
    module[&prober]["preferred_ip_protocol"] = json!("ip4");
    module
}

/// Lets both look at all of them at once. Gives how many are up, and which verdicts are not
/// the ones that were wanted.
async fn compare(name: &str, engine: &Engine, cases: &[Case]) -> (usize, String) {
    let modules = cases.iter().enumerate().map(|(n, case)| (format!("case{n}"), case.module.clone())).collect();
    let exporter = Exporter::start(name, &modules);
    let asked = cases.iter().enumerate().map(async |(n, case)| {
        let module = format!("case{n}");
        tokio::join!(run_with(engine, &case.flow, &[]), exporter.probe(&module, &case.target))
    });
    let answers = join_all(asked).await;
    let (mut n_up, mut wrong) = (0, String::new());
    for (case, (done, (there, said))) in cases.iter().zip(answers) {
        let here = match done.report.verdict.word() {
            "up" => true,
            "down" => false,
            other => panic!("{}: {other}", case.name),
        };
        n_up += usize::from(here);
        let is_wanted = match case.wanted {
            Up => here && there,
            Down => !here && !there,
            OnlyHere(_) => here && !there,
            OnlyThere(_) => !here && there,
            Same => here == there,
        };
        if !is_wanted {
            let ours = told(&done);
            let _ = writeln!(wrong, "{}: {:?}\nhere: {ours}\nthere: {there}\n{}\n{said}\n", case.name, case.wanted, case.module);
        }
    }
    (n_up, wrong)
}
