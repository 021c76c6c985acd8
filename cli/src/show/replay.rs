//! What a replay found, on a page; and how far it is meanwhile.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};

use anstyle::Style;
use domain::replay::{Differences, Page, Tally, compare};
use domain::span::Span;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::say;
use super::text::{BOLD, DIM, GREEN, RED, Table, YELLOW, paint, wrapped};
use super::trial::word;
use crate::policy::replay::{Played, Report};

/// Most lines of differences that are listed.
const DIFFERENCES_MAX: usize = 50;
/// Most reasons and alarms that are listed.
const LISTED_MAX: usize = 6;
/// Columns of the progress bar.
const BAR: usize = 30;
/// The days of the week as the table of hours has them.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Shows everything.
pub(crate) fn replay(report: &Report) {
    header(report);
    pages(&report.here);
    hours(&report.here.tally, &report.assumed.zone);
    incidents(&report.here.tally);
    if let Some(there) = &report.there {
        differences(&report.here, there, &report.assumed.zone);
    }
}

fn header(report: &Report) {
    let Report { here, history, assumed, .. } = report;
    let date = |at: Timestamp| at.to_zoned(assumed.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let first_to_last = history.first().zip(history.last());
    let lasted = first_to_last.map(|(first, last)| Span::between(first, last).spoken()).unwrap_or_default();
    say!("{}", paint(BOLD, &wrapped(&here.name, 0)));
    let sentence = format!(
        "Played: {} of {} from {} to {} ({lasted}), times in {}.",
        count(history.changes().len(), "change"),
        count(history.names.len(), "alarm"),
        first_to_last.map(|(first, _)| date(first)).unwrap_or_default(),
        first_to_last.map(|(_, last)| date(last)).unwrap_or_default(),
        zone_name(&assumed.zone),
    );
    say!("{}", wrapped(&sentence, 0));
    let answers = match assumed.acknowledge_after {
        Some(after) => format!("somebody acknowledges all that is open {} after a page", after.spoken()),
        None => "nobody acknowledges".to_owned(),
    };
    say!("{}", paint(DIM, &wrapped(&format!("Assumed: {answers}; nothing is mended."), 0)));
    if report.n_unknown > 0 {
        let hint = if report.has_definitions { "they were deleted or renamed" } else { "give their definitions with --alarms" };
        let sentence = format!(
            "Only the names of {} are known, so that no rule can match on their dimensions: {hint}.",
            count(report.n_unknown, "alarm")
        );
        say!("{}", paint(YELLOW, &wrapped(&sentence, 0)));
    }
    if history.n_other > 0 {
        say!("{}", wrapped(&format!("Left out: {} that change no state.", count(history.n_other, "item")), 0));
    }
    if history.n_unreadable > 0 {
        let why = history.unreadable.join("; ");
        let sentence = format!("Left out: {} that could not be read: {why}.", count(history.n_unreadable, "item"));
        say!("{}", paint(YELLOW, &wrapped(&sentence, 0)));
    }
    for note in &report.notes {
        say!("{}", paint(YELLOW, &wrapped(note, 0)));
    }
}

fn pages(played: &Played) {
    let tally = &played.tally;
    let sentence = format!(
        "{} ({} a week), {} disturbed",
        count(tally.n_pages, "page"),
        rate(tally.n_pages, tally),
        count(tally.n_nights(), "night")
    );
    say!("\n{}", paint(BOLD, &sentence));
    let mut table = Table::new(&["to", "", "pages", "a week", "nights", "messages"]);
    let mut told: Vec<_> = tally.by_who.iter().filter(|(_, who)| who.n_told > 0).collect();
    told.sort_by_key(|(name, who)| (!who.is_person, std::cmp::Reverse(who.n_pages), *name));
    for (name, who) in told {
        let nights = if who.is_person { who.nights.len().to_string() } else { "-".to_owned() };
        let style = if who.nights.is_empty() { Style::new() } else { YELLOW };
        let kind = if who.is_person { "person" } else { "receiver" };
        let numbers = [who.n_pages.to_string(), rate(who.n_pages, tally), nights, who.n_told.to_string()];
        table.row(style, &[&[name.clone(), kind.to_owned()][..], &numbers].concat());
    }
    if tally.n_told > 0 {
        say!("{table}");
    }
    line("By team", tally.by_team.iter().map(|(team, n)| format!("{team} {n}")));
    line("By priority", tally.by_priority.iter().map(|(priority, n)| format!("{priority} {n}")));
    line("Messages", tally.by_class.iter().map(|(class, n)| format!("{} {n}", word(*class))));
    if tally.n_failsafe > 0 {
        let sentence = format!("The failsafe topic would have heard {} times that nobody was reached.", tally.n_failsafe);
        say!("{}", paint(RED, &wrapped(&sentence, 0)));
    }
}

fn line(name: &str, parts: impl Iterator<Item = String>) {
    let parts: Vec<String> = parts.collect();
    if !parts.is_empty() {
        say!("{} {}", paint(DIM, &format!("{name}:")), wrapped(&parts.join(", "), name.len() + 2));
    }
}

/// Seven days of 24 hours, a number in each.
fn hours(tally: &Tally, zone: &TimeZone) {
    if tally.n_pages == 0 {
        return;
    }
    say!("\n{}", paint(BOLD, &format!("Pages by hour, times in {}", zone_name(zone))));
    let head: String = (0..24).map(|hour| format!("{hour:>3}")).collect::<Vec<_>>().concat();
    say!("   {}", paint(DIM, &head));
    let most = tally.hours.iter().flatten().copied().max().unwrap_or(1).max(1);
    for (day, hours) in DAYS.iter().zip(&tally.hours) {
        let cells: String = hours
            .iter()
            .map(|n| {
                let (style, text) = match *n {
                    0 => (DIM, "·".to_owned()),
                    n if n >= 1_000 => (RED, format!("{}k", (n / 1_000).min(9))),
                    n if n > 99 => (RED, n.to_string()),
                    n if 3 * n > 2 * most => (RED, n.to_string()),
                    n if 3 * n > most => (YELLOW, n.to_string()),
                    n => (Style::new(), n.to_string()),
                };
                paint(style, &format!("{text:>3}"))
            })
            .collect();
        say!("{day}{cells}");
    }
}

fn incidents(tally: &Tally) {
    let opened = tally.n("opens");
    say!("\n{}", paint(BOLD, &format!("{} opened", count(opened, "incident"))));
    let words = [
        ("joins", "joined an open one"),
        ("reopens", "reopened one"),
        ("recovers", "recovered"),
        ("missing-data", "without data"),
        ("duplicate", "known already"),
        ("older", "older than what was known"),
        ("noted", "changed nothing"),
    ];
    line(
        "Other changes",
        words.iter().filter(|(verb, _)| tally.n(verb) > 0).map(|(verb, words)| format!("{} {words}", tally.n(verb))),
    );
    let openers: BTreeMap<String, usize> = tally.openers.iter().map(|(name, n)| (name.to_string(), *n)).collect();
    top("Most often opened by", &openers);
    top("Held back, because of", &tally.held);
    top("Would have been mended by", &tally.remediations);
}

/// The most frequent of what was counted.
fn top(name: &str, counts: &BTreeMap<String, usize>) {
    if counts.is_empty() {
        return;
    }
    say!("{}", paint(DIM, &format!("{name}:")));
    let mut sorted: Vec<(&String, &usize)> = counts.iter().collect();
    sorted.sort_by_key(|(name, n)| (std::cmp::Reverse(**n), *name));
    for (name, n) in sorted.iter().take(LISTED_MAX) {
        say!("  {n:>6}  {}", wrapped(name, 10));
    }
    if sorted.len() > LISTED_MAX {
        let rest: usize = sorted.iter().skip(LISTED_MAX).map(|(_, n)| **n).sum();
        say!("  {rest:>6}  {}", paint(DIM, &format!("{} others", sorted.len() - LISTED_MAX)));
    }
}

/// A page of one policy that the other sends at another time, or not at all.
struct Row<'d> {
    at: Timestamp,
    sign: char,
    style: Style,
    page: &'d Page,
    moved: String,
}

fn differences(here: &Played, there: &Played, zone: &TimeZone) {
    let found = compare(&here.tally.pages, &there.tally.pages);
    let Differences { n_same, only_first, only_second, moved } = &found;
    say!("\n{}", paint(BOLD, &wrapped(&format!("Compared with {}", there.name), 0)));
    let sentence = format!(
        "{} here, {} there: {n_same} the same, {} only here (+), {} only there (-), {} at another time (~). \
         Nights disturbed: {} here, {} there.",
        count(here.tally.n_pages, "page"),
        there.tally.n_pages,
        only_first.len(),
        only_second.len(),
        moved.len(),
        here.tally.n_nights(),
        there.tally.n_nights(),
    );
    say!("{}", wrapped(&sentence, 0));
    let mut rows: Vec<Row<'_>> = Vec::new();
    rows.extend(only_first.iter().map(|page| Row { at: page.at, sign: '+', style: GREEN, page, moved: String::new() }));
    rows.extend(only_second.iter().map(|page| Row { at: page.at, sign: '-', style: RED, page, moved: String::new() }));
    rows.extend(moved.iter().map(|(page, there)| {
        let (by, word) = if page.at > *there {
            (Span::between(*there, page.at), "later")
        } else {
            (Span::between(page.at, *there), "earlier")
        };
        Row { at: page.at, sign: '~', style: YELLOW, page, moved: format!("{} {word} here", by.spoken()) }
    }));
    rows.sort_by_key(|row| row.at);
    if rows.is_empty() {
        return;
    }
    let mut table = Table::new(&["", "at", "to", "", "alarm"]);
    for row in rows.iter().take(DIFFERENCES_MAX) {
        let at = row.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        let what = if row.moved.is_empty() { row.page.what.to_string() } else { format!("{} ({})", row.page.what, row.moved) };
        let cells = [row.sign.to_string(), at, row.page.who.to_string(), row.page.priority.to_string(), what];
        table.row(row.style, &cells);
    }
    say!("{table}");
    if rows.len() > DIFFERENCES_MAX {
        say!("{}", paint(DIM, &format!("and {} more; --json has all of them", rows.len() - DIFFERENCES_MAX)));
    }
}

/// A number with thousands told apart, and what it counts.
fn count(n: usize, what: &str) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out} {what}{}", if n == 1 { "" } else { "s" })
}

fn rate(n: usize, tally: &Tally) -> String {
    format!("{:.1}", f64::from(u32::try_from(n).unwrap_or(u32::MAX)) / tally.weeks())
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().map_or_else(|| "local time".to_owned(), str::to_owned)
}

/// Shows how far something is, where somebody looks.
pub(crate) fn progress(what: &str, n: usize, all: usize) {
    if !std::io::stderr().is_terminal() || all == 0 {
        return;
    }
    let filled = (n.min(all) * BAR) / all;
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled));
    let _ = write!(anstream::stderr(), "\r{what} {bar} {:>3}%", n.min(all) * 100 / all);
}

/// Shows how much there is so far, where nobody knows how much it will be.
pub(crate) fn progress_count(what: &str, n: usize) {
    if std::io::stderr().is_terminal() {
        let _ = write!(anstream::stderr(), "\r{} {what}", count(n, "change"));
    }
}

/// Takes the last line of it away.
pub(crate) fn progress_over() {
    if std::io::stderr().is_terminal() {
        let _ = write!(anstream::stderr(), "\r{}\r", " ".repeat(60));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_number_can_be_read() {
        for (n, wanted) in
            [(0, "0 pages"), (1, "1 page"), (999, "999 pages"), (1_000, "1,000 pages"), (1_234_567, "1,234,567 pages")]
        {
            assert_eq!(count(n, "page"), wanted);
        }
    }
}
