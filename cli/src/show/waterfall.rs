//! A run of a flow: what came of it, and where the time of each step went.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use domain::probe::{FlowReport, Phases, StepReport, Verdict};
use textwrap::core::display_width;

use super::text::{BLUE, BOLD, DIM, GREEN, RED, YELLOW, paint, shortened, wrapped_to};

/// Columns before what belongs to a step.
const INDENT: usize = 5;
/// Columns of the name of a phase, with the blank after it.
const LABEL: usize = 8;
/// Columns of a figure, with the blanks after it.
const FIGURE: usize = 11;
/// Most columns of a bar: beyond, it is no easier to read.
const BAR_MAX: usize = 60;
/// Most lines of evidence.
const EVIDENCE_MAX: usize = 12;

/// A part of a step's time.
struct Phase {
    name: &'static str,
    style: Style,
    from: Duration,
    length: Duration,
}

/// The parts of a step's time, one after the other.
fn parts(phases: &Phases) -> Vec<Phase> {
    let known = [
        ("dns", BLUE, phases.dns),
        ("connect", YELLOW, phases.connect),
        ("tls", AnsiColor::Magenta.on_default(), phases.tls),
        ("ttfb", GREEN, phases.ttfb),
    ];
    let mut from = Duration::ZERO;
    let mut parts = Vec::new();
    for (name, style, length) in known {
        if let Some(length) = length {
            parts.push(Phase { name, style, from, length });
            from += length;
        }
    }
    let rest = phases.total.unwrap_or_default().saturating_sub(from);
    if !rest.is_zero() {
        // What none of the phases took was reading; or waiting, if nothing ever came.
        let name = if phases.ttfb.is_some() { "read" } else { "wait" };
        parts.push(Phase { name, style: AnsiColor::Blue.on_default(), from, length: rest });
    }
    parts
}

/// A time as a figure: `12.3 ms`, `4.56 s`.
pub(super) fn figure(length: Duration) -> String {
    let ms = length.as_secs_f64() * 1_000.0;
    if ms < 999.95 { format!("{ms:.1} ms") } else { format!("{:.2} s", length.as_secs_f64()) }
}

/// The colour of a verdict.
pub(super) const fn verdict_style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Up => GREEN,
        Verdict::Degraded | Verdict::Unknown => YELLOW,
        Verdict::Down => RED,
    }
}

const fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Up => "✓",
        Verdict::Degraded => "~",
        Verdict::Down => "✗",
        Verdict::Unknown => "?",
    }
}

/// A run, drawn for so many columns. What `after` says of a step stands below it.
pub(super) fn drawn(report: &FlowReport, columns: usize, after: impl Fn(usize) -> String) -> String {
    let mut out = format!("{}\n", headline(report, columns));
    let unsaid = |because: &&String| !report.steps.iter().any(|step| step.because.iter().any(|said| because.contains(said)));
    for because in report.because.iter().filter(unsaid) {
        let _ = writeln!(out, "  {}", paint(verdict_style(report.verdict), &wrapped_to(because, 2, columns)));
    }
    let all = report.steps.iter().chain(&report.cleanup);
    let widest = all.filter_map(|step| step.phases_ms.total).max().unwrap_or_default();
    for step in &report.steps {
        out.push_str(&step_drawn(step, widest, columns));
        out.push_str(&after(step.step));
    }
    if !report.cleanup.is_empty() {
        let _ = writeln!(out, "  {}", paint(DIM, "cleanup"));
    }
    for step in &report.cleanup {
        out.push_str(&step_drawn(step, widest, columns));
        out.push_str(&after(step.step));
    }
    out
}

fn headline(report: &FlowReport, columns: usize) -> String {
    let took = figure(Duration::try_from_secs_f64(report.duration_ms / 1_000.0).unwrap_or_default());
    let at = report.failed_step.map(|step| format!(" at step {step}")).unwrap_or_default();
    let state = format!("{} {}", mark(report.verdict), report.verdict.word());
    let rest = format!("{at}, {took}");
    let room = columns.saturating_sub(display_width(&state) + 2 + display_width(&rest));
    let name = shortened(&report.flow, room.max(8));
    format!("{} {}{rest}", paint(verdict_style(report.verdict), &state), paint(BOLD, &name))
}

/// A step, its phases as bars to the scale of the `widest` step.
pub(super) fn step_drawn(step: &StepReport, widest: Duration, columns: usize) -> String {
    let style = match (step.ok, step.slow) {
        (_, true) => YELLOW,
        (true, false) => GREEN,
        (false, false) => RED,
    };
    let status = step.status.map(|status| format!("{status}  ")).unwrap_or_default();
    let right = format!("{status}{:>8}", step.phases_ms.total.map(figure).unwrap_or_default());
    let number = format!("{:>3}", step.step);
    let room = columns.saturating_sub(INDENT + right.len() + 2);
    let name = shortened(&super::text::harmless(&step.name.replace('\n', " ")), room);
    let gap = " ".repeat(room.saturating_sub(display_width(&name)) + 2);
    let mut out = format!("{}  {}{gap}{right}\n", paint(style, &number), paint(BOLD, &name));
    let room = columns.saturating_sub(INDENT + LABEL + FIGURE).min(BAR_MAX);
    for phase in parts(&step.phases_ms) {
        let (before, bar) = bar(&phase, widest, room);
        let _ = writeln!(
            out,
            "{}{} {:>9}  {}{}",
            " ".repeat(INDENT),
            paint(DIM, &format!("{:<7}", phase.name)),
            figure(phase.length),
            " ".repeat(before),
            paint(phase.style, &bar),
        );
    }
    for because in &step.because {
        let _ = writeln!(out, "{}{}", " ".repeat(INDENT), paint(style, &wrapped_to(because, INDENT, columns)));
    }
    if let Some(evidence) = &step.evidence {
        out.push_str(&block("| ", evidence, columns, EVIDENCE_MAX));
    }
    out
}

/// How many columns stand before a bar of at most `room` columns, and the bar. What is
/// too short for a column is a thin line, so that no phase is missing.
fn bar(phase: &Phase, widest: Duration, room: usize) -> (usize, String) {
    let column = |at: Duration| {
        let share = at.as_secs_f64() / widest.as_secs_f64().max(f64::MIN_POSITIVE);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of some columns is a small number"
        )]
        let column = (share.clamp(0.0, 1.0) * room as f64).round() as usize;
        column
    };
    let (from, to) = (column(phase.from), column(phase.from + phase.length));
    if to > from { (from, "█".repeat(to - from)) } else { (from.min(room.saturating_sub(1)), "▏".to_owned()) }
}

/// Lines of somebody else, each behind a sign, below a step.
pub(super) fn block(sign: &str, text: &str, columns: usize, n_max: usize) -> String {
    let room = columns.saturating_sub(INDENT + sign.len()).max(8);
    // A tabulator is a control character that text may have; so is the return.
    let text = text.replace("\r\n", "\n").replace('\t', "    ");
    let lines: Vec<String> = text.lines().flat_map(|line| split(line, room)).collect();
    let mut out = String::new();
    for line in lines.iter().take(n_max) {
        let _ = writeln!(out, "{}{}{}", " ".repeat(INDENT), paint(DIM, sign), super::text::harmless(line));
    }
    if lines.len() > n_max {
        let more = format!("and {} more lines", lines.len() - n_max);
        let _ = writeln!(out, "{}{}", " ".repeat(INDENT), paint(DIM, &format!("{sign}… {more}")));
    }
    out
}

/// A line in pieces of so many columns; nothing is left out, blanks neither.
fn split(line: &str, room: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut taken = 0;
    for ch in line.chars() {
        let wide = display_width(ch.encode_utf8(&mut [0; 4])).max(1);
        if taken + wide > room {
            pieces.push(String::new());
            taken = 0;
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(ch);
        }
        taken += wide;
    }
    pieces
}

#[cfg(test)]
mod tests;
