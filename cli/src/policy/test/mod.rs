//! Run the tests of a policy.

mod files;
mod junit;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use domain::trial::{self, Coverage, Line, Outcome, Seen};
use serde_json::{Value, json};

use self::files::TestFile;
use crate::args::Global;
use crate::checked::Checked;
use crate::fault::Fault;
use crate::file::{Kind, SourceFile};
use crate::show;

pub(crate) const ABOUT: &str = "\
Each test is played on a simulated clock by the code that decides in earnest.
Tests stand under `tests` in the policy, and in files named *_test.yaml beside
it, which hold nothing else:

  tests:
    - name: a slow API is told to its team, then to whoever is on call
      at: 2026-06-01T03:00:00+09:00
      steps:
        - alarm: {alertname: vitascope-api-high-latency, service: api}
        - wait: 10m
        - acknowledge: ben
      expect:              # every message, in order of time; [] if none
        - {after: 30s, to: api-team, kind: opened}
        - {after: 30s, to: aiko, kind: page, class: email}
        - {after: 10m, kind: acknowledged, to: api-team}
        - {after: 10m, kind: acknowledged, to: aiko}
      expect_alerts:
        - {alertname: vitascope-api-high-latency, priority: P2}

Other steps are `ok: {labels}`, `resolve: ben`, and
`silence: {matchers: ['service=\"api\"'], for: 2h}`. Alarms without a `wait`
between them come in at the same moment. After the last step time stands still.
What an expectation does not say may be anything; one without `class` stands
for all ways by which that person is told then.

The exit code is 0 if all pass, 1 if one fails or a file has mistakes, 2 if the
command line is not right.

Examples:
  watchkeeper policy test infra/policy/policy.yaml
  watchkeeper policy test policy.yaml nights.yaml --only wakes --junit out.xml";

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// The policy, in YAML or JSON.
    pub(crate) file: PathBuf,
    /// Files of tests that do not stand beside it or have other names.
    #[arg(value_name = "TEST-FILE")]
    pub(crate) tests: Vec<PathBuf>,
    /// Only tests whose names hold this.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) only: Option<String>,
    /// Write the results as JUnit XML, for a CI system.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}

/// A test that was run, with where it stands.
pub(crate) struct Ran {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) outcome: Outcome,
}

pub(crate) fn run(global: &Global, args: &TestArgs) -> Result<(), Fault> {
    let file = SourceFile::open(&args.file, Kind::Policy)?;
    let files = files::all(&args.file, &args.tests)?;
    let read = file.policy().and_then(|policy| {
        let own = TestFile::of_policy(&file, &policy)?;
        Ok((Arc::new(policy), own))
    });
    let (policy, own) = read.map_err(|problems| unusable(global, &file, &problems))?;
    let mut sources = vec![own];
    for other in &files {
        sources.push(TestFile::of(other, &policy).map_err(|problems| unusable(global, other, &problems))?);
    }
    let mut coverage = Coverage::of(&policy);
    let mut ran = Vec::new();
    for source in &sources {
        for (test, line) in source.tests.iter().zip(&source.lines) {
            if args.only.as_ref().is_none_or(|part| test.name.contains(part.as_str())) {
                let outcome = trial::run(&policy, test, &mut coverage);
                ran.push(Ran { file: source.name.clone(), line: *line, outcome });
            }
        }
    }
    if let Some(part) = args.only.as_ref().filter(|_| ran.is_empty()) {
        return Err(none_of_that_name(part, &sources));
    }
    if let Some(path) = &args.junit {
        junit::write(path, &ran)?;
    }
    if global.json {
        show::json(&answer(&file.name, &ran, &coverage));
    } else {
        // Of a part one cannot say what all of them never try.
        show::trials(&file.name, &ran, args.only.is_none().then_some(&coverage));
    }
    let n_failed = ran.iter().filter(|ran| !ran.outcome.passed()).count();
    match n_failed {
        0 => Ok(()),
        n => Err(Fault::No(format!("{n} of {} test{} failed", ran.len(), if ran.len() == 1 { "" } else { "s" }))),
    }
}

/// Tells the mistakes of a file as `policy check` does.
fn unusable(global: &Global, file: &SourceFile, problems: &domain::policy::Problems) -> Fault {
    if !global.json {
        Checked::new(global, file, false).show_all(problems);
    }
    let n = problems.0.len();
    let sentence = format!("{} has {n} problem{}, so that no test was run", file.name, if n == 1 { "" } else { "s" });
    if global.json {
        return Fault::No(format!("{sentence}:\n{}", problems.show(&file.name, &file.text)));
    }
    Fault::No(sentence)
}

fn none_of_that_name(part: &str, sources: &[TestFile]) -> Fault {
    let names: BTreeSet<&str> = sources.iter().flat_map(|source| &source.tests).map(|test| test.name.as_str()).collect();
    let names: Vec<String> = names.into_iter().map(|name| format!("- {name}")).collect();
    if names.is_empty() {
        return Fault::Usage(format!("no test's name holds `{part}`: there are no tests"));
    }
    Fault::Usage(format!("no test's name holds `{part}`; there are:\n{}", names.join("\n")))
}

fn answer(file: &str, ran: &[Ran], coverage: &Coverage) -> Value {
    let count = |tried: &[trial::Tried]| json!({"all": tried.len(), "tried": tried.iter().filter(|tried| tried.was).count()});
    let never: Vec<Value> = coverage.never().map(|(what, name)| json!({"what": what, "name": name})).collect();
    json!({
        "file": file,
        "passed": ran.iter().all(|ran| ran.outcome.passed()),
        "tests": ran.iter().map(|ran| json!({
            "name": ran.outcome.name,
            "file": ran.file,
            "line": ran.line,
            "passed": ran.outcome.passed(),
            "alerts": ran.outcome.alerts,
            "notifications": ran.outcome.lines.iter().map(notification).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "coverage": {"rules": count(&coverage.rules), "routes": count(&coverage.routes), "never_tried": never},
    })
}

fn notification(line: &Line) -> Value {
    let of_seen = |seen: &Seen, result: &str| {
        json!({
            "result": result,
            "after": seen.after,
            "kind": seen.kind,
            "to": seen.to,
            "class": seen.class,
            "incident": seen.incident,
            "priority": seen.priority,
            "because": seen.because,
        })
    };
    match line {
        Line::Both(seen) => of_seen(seen, "expected"),
        Line::Unexpected(seen) => of_seen(seen, "unexpected"),
        Line::Missing(expected) => json!({
            "result": "missing",
            "after": expected.after,
            "kind": expected.kind,
            "to": expected.to,
            "class": expected.class,
            "because": expected.because,
        }),
    }
}
