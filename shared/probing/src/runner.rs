//! What becomes of a flow? Its steps are taken in order until one is not right, then it is
//! cleaned up, whatever happened.

use std::time::Duration;

use cookie_store::CookieStore;
use domain::probe::report::to_ms;
use domain::probe::secret::Secrets;
use domain::probe::seen::{Seen, TlsSeen, View};
use domain::probe::template::Values;
use domain::probe::verdict::{self, ControlSeen, Ending};
use domain::probe::{Flow, FlowReport, Phases, Step, StepReport};
use domain::text::{clean, shorten};
use tokio::time::{Instant, timeout_at};

use crate::connections::Connections;
use crate::failed::Failed;
use crate::guard::Guard;
use crate::journey::Journey;
use crate::recorder::Recorder;
use crate::steps;
use crate::watch::{Part, Watch};
use crate::{Done, Engine, Run};

/// Longest reason that is told, in characters.
const BECAUSE_MAX: usize = 600;
/// Longest evidence that is kept, in characters, …
const EVIDENCE_MAX: usize = 1_000;
/// … what was asked among it, …
const ASKED_MAX: usize = 300;
/// … and from how many bytes of the answer it is made.
const EVIDENCE_FROM: usize = 64 << 10;
/// What part of a run's time is kept for its cleanup, if it has one: one in so many.
const CLEANUP_SHARE: u32 = 3;

/// Runs a flow.
pub(crate) async fn run(engine: &Engine, flow: &Flow, run: &Run<'_>) -> Done {
    let mut journey = journey(engine, flow, run);
    let begun = journey.begun;
    let steps_end = run.deadline.checked_sub(for_cleanup(flow, run.deadline)).unwrap_or(begun);
    let (steps, ending) = take_steps(flow, &mut journey, steps_end).await;
    let duration = begun.elapsed();
    let guard = journey.guard.clone();
    let (control, cleanup) = tokio::join!(
        async {
            match ending {
                Ending::Failed { is_network: true } => engine.control.ask(engine, run, &guard).await,
                Ending::Failed { is_network: false } | Ending::Complete | Ending::OutOfTime | Ending::NotBegun(_) => {
                    ControlSeen::NotAsked
                }
            }
        },
        clean_up(flow, &mut journey, run.deadline),
    );
    let Journey { secrets, recorder, .. } = journey;
    done(flow, run, Made { steps, cleanup, ending, control, duration, secrets, recorder })
}

/// A flow that does not begin, and why.
pub(crate) fn not_begun(flow: &Flow, run: &Run<'_>, why: &str) -> Done {
    let made = Made {
        steps: Vec::new(),
        cleanup: Vec::new(),
        ending: Ending::NotBegun(why.to_owned()),
        control: ControlSeen::NotAsked,
        duration: Duration::ZERO,
        secrets: secrets(run),
        recorder: Recorder::new(run.is_recorded),
    };
    done(flow, run, made)
}

/// A run, as it went.
struct Made {
    steps: Vec<StepReport>,
    cleanup: Vec<StepReport>,
    ending: Ending,
    control: ControlSeen,
    duration: Duration,
    secrets: Secrets,
    recorder: Recorder,
}

/// What leaves: without secrets, also those that were learned late.
fn done(flow: &Flow, run: &Run<'_>, made: Made) -> Done {
    let Made { mut steps, mut cleanup, mut ending, control, duration, secrets, recorder } = made;
    for step in steps.iter_mut().chain(&mut cleanup) {
        for text in step.because.iter_mut().chain(&mut step.evidence) {
            *text = secrets.mask(text);
        }
    }
    if let Ending::NotBegun(why) = &mut ending {
        *why = clean(&secrets.mask(why), BECAUSE_MAX);
    }
    let concluded = verdict::conclude(flow.steps.len(), &steps, &cleanup, &ending, control);
    let report = FlowReport {
        flow: flow.id.clone(),
        run: run.id.to_owned(),
        region: run.region.map(str::to_owned),
        at: run.at,
        verdict: concluded.verdict,
        failed_step: concluded.failed_step,
        because: concluded.because,
        duration_ms: to_ms(duration),
        steps,
        cleanup,
    };
    Done { report, exchanges: recorder.masked(&secrets) }
}

fn secrets(run: &Run<'_>) -> Secrets {
    let mut secrets = Secrets::default();
    for value in run.secrets.values() {
        secrets.add(value.as_str());
    }
    secrets
}

fn journey<'a>(engine: &'a Engine, flow: &Flow, run: &Run<'a>) -> Journey<'a> {
    let mut values: Values = run.secrets.iter().map(|(name, value)| (format!("secret.{name}"), value.clone())).collect();
    values.insert("run.id".to_owned(), run.id.to_owned());
    values.insert("run.region".to_owned(), run.region.unwrap_or("local").to_owned());
    values.insert("run.at".to_owned(), run.at.to_string());
    Journey {
        dialer: &engine.dialer,
        body_max: engine.options.body_max,
        guard: Guard::new(&flow.allow_cidrs),
        values,
        secrets: secrets(run),
        cookies: CookieStore::default(),
        step: 0,
        limit: run.deadline,
        watch: Watch::start(),
        at: run.at,
        begun: Instant::now(),
        connections: Connections::default(),
        recorder: Recorder::new(run.is_recorded),
        credentials: run.credentials,
        faults: Vec::new(),
        asked: None,
    }
}

/// How much of the time that is left belongs to the cleanup.
fn for_cleanup(flow: &Flow, deadline: Instant) -> Duration {
    let wanted = flow.cleanup.iter().map(|step| Duration::from_millis(step.timeout.as_millis())).sum::<Duration>();
    wanted.min(deadline.saturating_duration_since(Instant::now()) / CLEANUP_SHARE)
}

/// Takes steps until one is not right, or time is over at `end`.
async fn take_steps(flow: &Flow, journey: &mut Journey<'_>, end: Instant) -> (Vec<StepReport>, Ending) {
    let mut reports = Vec::with_capacity(flow.steps.len());
    for (at, step) in flow.steps.iter().enumerate() {
        let taken = match take(step, at + 1, journey, end).await {
            Ok(taken) => taken,
            Err(OutOfTime) => return (reports, Ending::OutOfTime),
        };
        let Taken { report, failed } = taken;
        if let Some(Failed { unfilled: Some(name), because, .. }) = &failed
            && is_secret(name)
        {
            return (reports, Ending::NotBegun(because.clone()));
        }
        let goes_on = report.ok || report.slow;
        reports.push(report);
        if !goes_on {
            return (reports, Ending::Failed { is_network: failed.is_some_and(|failed| failed.is_network) });
        }
    }
    (reports, Ending::Complete)
}

/// Takes the steps of the cleanup, each whatever becomes of the others.
async fn clean_up(flow: &Flow, journey: &mut Journey<'_>, end: Instant) -> Vec<StepReport> {
    let mut reports = Vec::with_capacity(flow.cleanup.len());
    for (at, step) in flow.cleanup.iter().enumerate() {
        let n = flow.steps.len() + at + 1;
        let report = match take(step, n, journey, end).await {
            Ok(Taken { mut report, failed: Some(Failed { unfilled: Some(name), .. }) }) if !is_secret(&name) => {
                // Nothing was made that would have to be cleaned up.
                report.ok = true;
                report.because = vec![format!("not done: `${{{name}}}` was never captured")];
                report
            }
            Ok(Taken { report, .. }) => report,
            Err(OutOfTime) => StepReport { because: vec!["not done: the run's time was over".to_owned()], ..blank(step, n) },
        };
        reports.push(report);
    }
    reports
}

/// Whether a variable is a secret of the file, not something that a step captures.
fn is_secret(variable: &str) -> bool {
    variable.starts_with("secret.")
}

/// A step that was taken.
struct Taken {
    report: StepReport,
    /// Why it came to no answer, if it did not.
    failed: Option<Failed>,
}

/// The run's time was over before the step's was.
struct OutOfTime;

/// Takes a step, and judges what came of it.
async fn take(step: &Step, n: usize, journey: &mut Journey<'_>, end: Instant) -> Result<Taken, OutOfTime> {
    let begun = Instant::now();
    if begun >= end {
        return Err(OutOfTime);
    }
    let own_end = begun + Duration::from_millis(step.timeout.as_millis());
    (journey.step, journey.limit, journey.watch) = (n, own_end.min(end), Watch::start());
    (journey.faults, journey.asked) = (Vec::new(), None);
    let outcome = timeout_at(journey.limit, Box::pin(steps::take(&step.kind, journey))).await;
    let phases = journey.watch.phases();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(_) if end < own_end => {
            journey.recorder.failed("the run's time was over", phases);
            return Err(OutOfTime);
        }
        Err(_) => Err(too_late(step, journey.watch.part())),
    };
    Ok(match outcome {
        Ok(mut seen) => {
            seen.phases = phases;
            Taken { report: judge(step, n, &seen, journey), failed: None }
        }
        Err(failed) => {
            journey.recorder.failed(&failed.because, phases);
            // First masked, then cut: nobody would know half a secret again.
            let because = vec![clean(&journey.secrets.mask(&failed.because), BECAUSE_MAX)];
            let asked =
                || journey.asked.as_deref().map(|asked| clean(&format!("asked: {}", journey.secrets.mask(asked)), ASKED_MAX));
            let evidence = failed.tls.as_deref().map(certificates).or_else(asked);
            Taken { report: StepReport { phases_ms: phases, because, evidence, ..blank(step, n) }, failed: Some(failed) }
        }
    })
}

fn too_late(step: &Step, part: Part) -> Failed {
    let because = format!("no answer within {}: it was still {}", step.timeout, part.doing());
    match part {
        Part::Dns | Part::Connect | Part::Tls | Part::FirstByte => Failed::network(because),
        Part::Own | Part::Reading => Failed::new(because),
    }
}

/// A step of which nothing is known yet.
fn blank(step: &Step, n: usize) -> StepReport {
    StepReport {
        step: n,
        name: step.name.clone(),
        kind: step.kind.word().to_owned(),
        ok: false,
        slow: false,
        status: None,
        phases_ms: Phases::default(),
        captures: Vec::new(),
        because: Vec::new(),
        evidence: None,
    }
}

/// Keeps what is to be kept of an answer, and says all that is not right with it.
fn judge(step: &Step, n: usize, seen: &Seen, journey: &mut Journey<'_>) -> StepReport {
    let view = View::of(seen);
    let mut report = StepReport { status: seen.status, phases_ms: seen.phases, ..blank(step, n) };
    let mut is_wrong = false;
    for capture in &step.captures {
        match capture.take_of(&view) {
            Ok(value) => {
                if capture.is_secret {
                    journey.secrets.add(value.as_str());
                }
                journey.values.insert(capture.name.clone(), value);
                report.captures.push(capture.name.clone());
            }
            Err(why) => {
                is_wrong = true;
                report.because.push(why);
            }
        }
    }
    let by_itself = steps::wrong_by_itself(step, seen);
    let faults = std::mem::take(&mut journey.faults).into_iter().filter(|fault| fault.is_one(&step.expect));
    let by_itself: Vec<String> = by_itself.into_iter().chain(faults.map(|fault| fault.because)).collect();
    is_wrong |= !by_itself.is_empty();
    report.because.splice(0..0, by_itself);
    for expectation in &step.expect {
        let filled = match expectation.filled(&journey.values) {
            Ok(filled) => filled,
            Err(why) => {
                is_wrong = true;
                report.because.push(format!("`{expectation}`: {why}"));
                continue;
            }
        };
        if let Err(unmet) = filled.judge_of(&view, &journey.secrets) {
            is_wrong |= !unmet.is_slow;
            report.slow |= unmet.is_slow;
            report.because.push(unmet.because);
        }
    }
    report.ok = !is_wrong && !report.slow;
    report.slow &= !is_wrong;
    for because in &mut report.because {
        *because = clean(&journey.secrets.mask(because), BECAUSE_MAX);
    }
    report.evidence = is_wrong.then(|| evidence(seen, journey.asked.as_deref(), &journey.secrets)).flatten();
    report
}

/// The beginning of an answer, for whoever looks for the cause, after what was asked if
/// that does not say itself.
fn evidence(seen: &Seen, asked: Option<&str>, secrets: &Secrets) -> Option<String> {
    let begin = &seen.body[..seen.body.len().min(EVIDENCE_FROM)];
    let is_cut = seen.is_cut || seen.body.len() > begin.len();
    let text = String::from_utf8_lossy(begin);
    let text = clean(&if is_cut { secrets.mask_beginning(&text) } else { secrets.mask(&text) }, EVIDENCE_MAX);
    let text = if seen.body.len() > begin.len() { shorten(&format!("{text}…"), EVIDENCE_MAX) } else { text };
    let Some(asked) = asked.map(|asked| clean(&secrets.mask(asked), ASKED_MAX)) else {
        return Some(text).filter(|text| !text.is_empty());
    };
    Some(shorten(&format!("asked: {asked}; answered: {text}"), EVIDENCE_MAX))
}

/// What certificates say, as evidence.
fn certificates(seen: &TlsSeen) -> String {
    let names = seen.names.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    let text = format!(
        "certificate of {}, issued by {}, for {names}; the first of a chain of {}, {} days left",
        seen.subject, seen.issuer, seen.chain, seen.days_left
    );
    clean(&text, EVIDENCE_MAX)
}
