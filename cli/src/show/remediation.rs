//! Remediations: what they may do, what they are about, and how they fared.

use anstyle::Style;
use domain::control::Stop;
use domain::policy::Mode;
use domain::remediation::report::{Acted, Asked, Ended, Observed, Reason, Refused, Report, Verdict, about};
use domain::span::Span;
use textwrap::core::display_width;

use super::say;
use super::text::{BLUE, BOLD, DIM, GREEN, RED, YELLOW, moment, paint, wrapped};
use crate::remediation::{Listed, UnderWay};

/// Columns before what is said of a remediation.
const INDENT: usize = 4;
/// Columns of what a line of a report is about.
const LABEL: usize = 10;
/// Columns before what a report says.
const TEXT_INDENT: usize = INDENT + LABEL;

/// What the policy has, and what is under way.
pub(crate) fn remediations(listed: &[Listed], under_way: &[UnderWay]) {
    if listed.is_empty() {
        say!("The policy has no remediation.");
    }
    for it in listed {
        let style = mode_style(it.mode);
        say!("{}  {}  {}", paint(BOLD, &wrapped(&it.name, 0)), paint(style, mode_word(it.mode)), it.action);
        indented(&format!("on what {} names; {}", place(it.target), approval(it)));
        let limits = &it.limits;
        let failures = if limits.consecutive_failures == 1 { "failure" } else { "failures in a row" };
        indented(&format!(
            "at most {} an hour, {} % of a service, and one in {} on a target; none after {} {failures}",
            limits.per_hour,
            limits.blast_radius_percent,
            limits.cooldown.spoken(),
            limits.consecutive_failures,
        ));
        if let Some(Stop { by, at, why }) = &it.stopped {
            let sentence = wrapped(&format!("stopped by {by} since {}: {why}", moment(*at)), INDENT);
            say!("    {}", paint(RED, &sentence));
        }
    }
    if under_way.is_empty() {
        say!("\nNothing is under way.");
    } else {
        say!("\n{}", paint(BOLD, "Under way"));
        stages(under_way);
    }
}

/// What was stopped, and what goes on.
pub(crate) fn stopped(what: &str, goes_on: &[UnderWay]) {
    let sentence = format!(
        "{what} is stopped: nothing begins from now on, and what waits says so at its next tick. \
         What already acts or stands is finished, checked and put back."
    );
    say!("{}", wrapped(&sentence, 0));
    if goes_on.is_empty() {
        say!("Nothing was under way that goes on.");
    } else {
        say!("\n{}", paint(BOLD, "Not stopped, because it has begun"));
        stages(goes_on);
    }
}

fn stages(under_way: &[UnderWay]) {
    for it in under_way {
        say!("  {}  {}", paint(BLUE, it.incident.as_str()), wrapped(&it.name, it.incident.as_str().len() + INDENT));
        indented(&it.sentence);
    }
}

fn indented(text: &str) {
    say!("    {}", wrapped(text, INDENT));
}

fn place(target: &str) -> &str {
    match target {
        "alarm" => "the alarm",
        "catalogue" => "the catalogue",
        _ => "the alarm, or else the catalogue,",
    }
}

fn approval(listed: &Listed) -> String {
    let asks: Vec<String> =
        (1..).zip(&listed.approval).filter(|(_, asks)| **asks).map(|(n, _): (usize, _)| n.to_string()).collect();
    match (listed.mode, asks.len()) {
        (Mode::Observe, _) => "does nothing, so nobody is asked".to_owned(),
        (Mode::Ask | Mode::Act, 0) => "nobody is asked".to_owned(),
        (Mode::Ask | Mode::Act, n) if n == listed.approval.len() => "a person must approve".to_owned(),
        (Mode::Ask | Mode::Act, _) => format!("a person must approve step {}", asks.join(", ")),
    }
}

const fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Observe => "observe",
        Mode::Ask => "ask",
        Mode::Act => "act",
    }
}

const fn mode_style(mode: Mode) -> Style {
    match mode {
        Mode::Observe => DIM,
        Mode::Ask => YELLOW,
        Mode::Act => GREEN,
    }
}

/// How remediations fared in so many days.
pub(crate) fn remediation_reports(days: u16, reports: &[Report]) {
    if reports.is_empty() {
        say!("The policy has no remediation.");
    }
    for (n, report) in reports.iter().enumerate() {
        if n > 0 {
            say!("");
        }
        let mode = report.mode.map_or("not in the policy", mode_word);
        let style = report.mode.map_or(DIM, mode_style);
        let called = format!("called for {} in {}", times(report.n_called), Span::days(days.into()).spoken());
        say!("{}  {}  {called}", paint(BOLD, &wrapped(&report.name, 0)), paint(style, mode));
        if report.n_withdrawn > 0 {
            line("not needed", &format!("{}: all was well before it began", times(report.n_withdrawn)));
        }
        observed(&report.observed);
        asked(&report.asked);
        acted(&report.acted);
        refused(&report.refused);
        let style = match report.advice.verdict {
            Verdict::GoFurther => GREEN,
            Verdict::Stay => BLUE,
            Verdict::StepBack => RED,
            Verdict::TooFew | Verdict::NotInPolicy => DIM,
        };
        say!("    {}", paint(style, &wrapped(&report.advice.sentence, INDENT)));
    }
}

fn observed(seen: &Observed) {
    if seen.n_allowed == 0 {
        return;
    }
    let under_way = if seen.n_under_way > 0 { format!(", {} of these still under way", seen.n_under_way) } else { String::new() };
    line("observed", &format!("{} allowed by every guard{under_way}", times(seen.n_allowed)));
    let ended = |what: &str, ended: &Ended, more: &str| {
        if let Some(calm_after) = ended.calm_after {
            line("", &format!("{}: {what}; all was well after {}{more}", times(ended.n), about(calm_after)));
        }
    };
    ended("people did the same", &seen.same, "");
    ended("people did something else", &seen.different, &why(": ", &seen.changes));
    ended("nothing was changed, so it was not needed", &seen.unneeded, "");
    if let Some(sooner) = seen.acknowledged_after {
        let text = format!("{} a person acknowledged, {} after it would have begun", times(seen.n_acknowledged), about(sooner));
        line("", &text);
    }
    if seen.n_within_cooldown > 0 {
        line("", &format!("{} the cooldown would have refused it: the alarm flaps", times(seen.n_within_cooldown)));
    }
}

fn asked(asked: &Asked) {
    if asked.n == 0 {
        return;
    }
    let counts = [
        (asked.n_approved, "approved"),
        (asked.n_declined, "declined"),
        (asked.n_expired, "not answered"),
        (asked.n_overtaken, "not needed or allowed any more"),
        (asked.n_open, "open"),
    ];
    line("asked", &format!("{}: {}", times(asked.n), listing(&counts)));
    if let Some(after) = asked.answered_after {
        let people = if asked.n_people == 1 { "1 person".to_owned() } else { format!("{} people", asked.n_people) };
        line("", &format!("answered by {people}, after {}", about(after)));
    }
}

fn acted(acted: &Acted) {
    if acted.n == 0 {
        return;
    }
    let shared = if acted.n_shared > 0 { format!(" ({} with another incident)", acted.n_shared) } else { String::new() };
    let counts = [
        (acted.n_recovered, "helped"),
        (acted.n_not_recovered, "did not help"),
        (acted.n_failed, "failed"),
        (acted.n_under_way, "not known yet"),
    ];
    line("acted", &format!("{}{shared}: {}{}", times(acted.n), listing(&counts), why("; failed: ", &acted.failed)));
    if let Some(after) = acted.recovered_after {
        line("", &format!("it had helped after {}", about(after)));
    }
    let counts = [
        (acted.n_reverted, "put back"),
        (acted.n_handed_on, "left to another incident to put back"),
        (acted.n_kept, "not put back"),
    ];
    let after = listing(&counts);
    if !after.is_empty() {
        line("", &format!("{after}{}", why(": ", &acted.kept)));
    }
}

fn refused(refused: &[Refused]) {
    let n: usize = refused.iter().map(|refused| refused.n).sum();
    if n > 0 {
        line("refused", &times(n));
    }
    for refused in refused {
        line("", &format!("{} by {}: {}", refused.n, refused.guard, refused.latest));
    }
}

/// `what` in front, or nothing, and the text beside it.
fn line(what: &str, text: &str) {
    let blank = " ".repeat(LABEL.saturating_sub(display_width(what)));
    say!("    {}{blank}  {}", paint(DIM, what), wrapped(text, TEXT_INDENT + 2));
}

fn times(n: usize) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

/// Those that are not none.
fn listing(counts: &[(usize, &str)]) -> String {
    let some: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    some.join(", ")
}

fn why(lead: &str, reasons: &[Reason]) -> String {
    let reasons: Vec<String> = reasons.iter().map(|reason| format!("{} ({})", reason.why, reason.n)).collect();
    if reasons.is_empty() { String::new() } else { format!("{lead}{}", reasons.join("; ")) }
}
