//! Tests of a policy, as they went.

use anstyle::Style;
use domain::policy::Class;
use domain::trial::{Coverage, Line, Outcome, Seen, Tried};

use super::say;
use super::text::{BOLD, DIM, GREEN, RED, paint, wrapped};
use crate::policy::test::Ran;

/// Columns before what a test says.
const INDENT: usize = 6;
/// Columns before the reason of a notification.
const BECAUSE_INDENT: usize = 10;
/// Most columns that a person's or receiver's name takes before the others give way.
const TO_MAX: usize = 24;

/// Shows how the tests went; what they never tried as well, if that is known.
pub(crate) fn trials(policy: &str, ran: &[Ran], coverage: Option<&Coverage>) {
    if ran.is_empty() {
        let sentence = format!(
            "There are no tests: {policy} has none under `tests`, and no file *_test.yaml stands beside it. \
             See `watchkeeper policy test --help` for how one looks."
        );
        say!("{}", wrapped(&sentence, 0));
        return;
    }
    let mut file = "";
    for ran in ran {
        if ran.file != file {
            file = &ran.file;
            say!("{}", paint(BOLD, &wrapped(file, 0)));
        }
        let name = wrapped(&ran.outcome.name, INDENT);
        if ran.outcome.passed() {
            say!("  {}  {name}", paint(GREEN, "ok"));
        } else {
            say!("  {}  {}", paint(RED, "no"), paint(BOLD, &name));
            say!("      {}", paint(DIM, &format!("{}:{}", ran.file, ran.line)));
            for line in trial_difference(&ran.outcome) {
                say!("{line}");
            }
        }
    }
    let n_passed = ran.iter().filter(|ran| ran.outcome.passed()).count();
    let sentence = match (n_passed, ran.len()) {
        (1, 1) => "The test passed.".to_owned(),
        (_, 1) => "The test did not pass.".to_owned(),
        (passed, all) if passed == all => format!("All {all} tests passed."),
        (passed, all) => format!("{passed} of {all} tests passed."),
    };
    say!("\n{sentence}");
    if let Some(coverage) = coverage {
        covered(coverage);
    }
}

fn covered(coverage: &Coverage) {
    let count = |tried: &[Tried], what: &str| {
        let n = tried.iter().filter(|tried| tried.was).count();
        format!("{n} of {} {what}", tried.len())
    };
    let never: Vec<String> = coverage.never().map(|(what, name)| format!("{what} {name}")).collect();
    let tried = format!("Tried: {}, {}", count(&coverage.rules, "rules"), count(&coverage.routes, "routes"));
    if never.is_empty() {
        say!("{tried}.");
        return;
    }
    say!("{tried}; never tried:");
    for name in never {
        say!("  {}", wrapped(&name, 4));
    }
}

/// What was expected of a test beside what was seen: `-` is missing, `+` was not
/// expected.
pub(crate) fn trial_difference(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    for alert in &outcome.alerts {
        lines.push(format!("    {}", paint(RED, &format!("! {}", wrapped(alert, INDENT)))));
    }
    let is_right = outcome.lines.iter().all(|line| matches!(line, Line::Both(_)));
    if is_right {
        return lines;
    }
    let kinds = outcome.lines.iter().map(|line| Cells::of(line).kind.len()).max().unwrap_or(0);
    let names = outcome.lines.iter().map(|line| Cells::of(line).to.chars().count()).max().unwrap_or(0).min(TO_MAX);
    for line in &outcome.lines {
        let cells = Cells::of(line);
        let text = format!("{} +{:<9} {:<kinds$}  {:<names$}  {}", cells.sign, cells.after, cells.kind, cells.to, cells.class);
        lines.push(format!("    {}", paint(cells.style, text.trim_end())));
        if let Some(because) = cells.because {
            let because = wrapped(&format!("because {because}"), BECAUSE_INDENT);
            lines.push(format!("{}{}", " ".repeat(BECAUSE_INDENT), paint(DIM, &because)));
        }
    }
    lines
}

/// A line of the difference, in columns.
struct Cells<'l> {
    sign: char,
    style: Style,
    after: String,
    kind: &'l str,
    to: &'l str,
    class: &'static str,
    because: Option<&'l str>,
}

impl Cells<'_> {
    fn of(line: &Line) -> Cells<'_> {
        let of_seen = |seen: &Seen| (seen.after.to_string(), word(seen.class));
        match line {
            Line::Both(seen) => {
                let (after, class) = of_seen(seen);
                Cells { sign: ' ', style: Style::new(), after, kind: seen.kind, to: &seen.to, class, because: None }
            }
            Line::Unexpected(seen) => {
                let (after, class) = of_seen(seen);
                let because = (!seen.because.is_empty()).then_some(seen.because.as_str());
                Cells { sign: '+', style: GREEN, after, kind: seen.kind, to: &seen.to, class, because }
            }
            Line::Missing(expected) => Cells {
                sign: '-',
                style: RED,
                after: expected.after.to_string(),
                kind: expected.kind.as_deref().unwrap_or("any"),
                to: expected.to.as_deref().unwrap_or("anybody"),
                class: expected.class.map(word).unwrap_or_default(),
                because: expected.because.as_deref(),
            },
        }
    }
}

/// By which way, in a word.
pub(super) fn word(class: Class) -> &'static str {
    match class {
        Class::Page => "page",
        Class::Email => "email",
        Class::Chat => "chat",
        Class::Ticket => "ticket",
    }
}
