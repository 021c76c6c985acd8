//! Colour, columns and moments; and nothing that a terminal would obey.

use std::fmt;
use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};
use domain::priority::Priority;
use domain::span::Span;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const BLUE: Style = AnsiColor::Cyan.on_default();

/// Columns where there is no terminal to ask.
const WIDTH: usize = 80;
/// Least and most columns that are made use of.
const WIDTHS: (usize, usize) = (40, 120);
/// Most columns of any but a table's last column.
const CELL_MAX: usize = 20;

/// Text in a style; where there is no colour the codes are taken out again. Each
/// line has its own codes: pagers forget the style at a line's end.
pub(super) fn paint(style: Style, text: &str) -> String {
    let lines: Vec<String> = harmless(text).split('\n').map(|line| format!("{style}{line}{style:#}")).collect();
    lines.join("\n")
}

/// `text` without what a terminal would obey or what hides. What comes from
/// outside is cleaned before it is stored; but a file or an answer of AWS is not,
/// and another may have written to the table.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|ch| if is_harmful(ch) { char::REPLACEMENT_CHARACTER } else { ch }).collect()
}

/// Whether a character does something, or shows as nothing.
pub(super) fn is_harmful(ch: char) -> bool {
    let is_unseen = || !ch.is_whitespace() && domain::text::clean(ch.encode_utf8(&mut [0; 4]), 1).is_empty();
    ch != '\n' && (ch.is_control() || (!ch.is_ascii() && is_unseen()))
}

pub(super) fn priority_style(priority: Priority) -> Style {
    match priority {
        Priority::P1 => RED,
        Priority::P2 => YELLOW,
        Priority::P3 => BLUE,
        Priority::P4 => DIM,
    }
}

/// How wide lines may be.
pub(super) fn width() -> usize {
    if std::io::stdout().is_terminal() { textwrap::termwidth().clamp(WIDTHS.0, WIDTHS.1) } else { WIDTH }
}

/// A moment in the zone of whoever looks, with its name.
pub(crate) fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// A moment in the zone of whoever looks.
pub(super) fn date_and_clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The time of day of a moment.
pub(super) fn clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string()
}

/// The day of a moment.
pub(super) fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%A %Y-%m-%d, times in %Z").to_string()
}

/// How long ago; from a minute on without seconds.
pub(super) fn age(from: Timestamp, to: Timestamp) -> String {
    let span = Span::between(from, to);
    let unit = if span < Span::minutes(1) { Span::seconds(1) } else { Span::minutes(1) };
    Span::millis(span.as_millis() - span.as_millis() % unit.as_millis()).spoken()
}

/// `text` wrapped to the terminal, every line but the first indented. Names stay
/// whole if a line can hold them, addresses always: people copy both.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    wrapped_to(text, indent, width())
}

/// The same to so many columns.
pub(super) fn wrapped_to(text: &str, indent: usize, columns: usize) -> String {
    let blank = " ".repeat(indent);
    let options = Options::new(columns)
        .initial_indent(&blank)
        .subsequent_indent(&blank)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::Custom(breaks))
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .break_words(!text.contains("://"));
    textwrap::fill(&harmless(text), options).trim_start().to_owned()
}

/// Where a word may be broken: after the dashes of one that is too long to stand
/// on any line by itself, wherever that is.
fn breaks(word: &str) -> Vec<usize> {
    if display_width(word) < WIDTHS.0 {
        return Vec::new();
    }
    let is_inside = |at: usize| at + 1 < word.len();
    word.match_indices('-').map(|(at, _)| at).filter(|at| is_inside(*at)).map(|at| at + 1).collect()
}

/// As much of `text` as fits some columns, an ellipsis where it was cut.
pub(super) fn shortened(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    for ch in text.chars() {
        out.push(ch);
        if display_width(&out) >= columns {
            out.pop();
            break;
        }
    }
    out.push('…');
    out
}

/// Rows whose columns line up; the last column takes what room is left.
pub(super) struct Table {
    heads: Vec<String>,
    rows: Vec<(Style, Vec<String>)>,
}

impl Table {
    pub(super) fn new(heads: &[&str]) -> Table {
        Table { heads: heads.iter().map(|head| (*head).to_owned()).collect(), rows: Vec::new() }
    }

    /// A row whose first cell is painted.
    pub(super) fn row(&mut self, style: Style, cells: &[String]) {
        let last = cells.len().saturating_sub(1);
        let cells = cells.iter().enumerate().map(|(n, cell)| {
            let cell = harmless(cell);
            if n == last { cell } else { shortened(&cell, CELL_MAX) }
        });
        self.rows.push((style, cells.collect()));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.heads.len())
            .map(|n| {
                let cells = self.rows.iter().filter_map(|(_, cells)| cells.get(n)).chain(self.heads.get(n));
                cells.map(|cell| display_width(cell)).max().unwrap_or(0)
            })
            .collect();
        let last = self.heads.len().saturating_sub(1);
        let room = width().saturating_sub(widths.iter().take(last).map(|width| width + 2).sum()).max(12);
        let line = |cells: &[String]| -> Vec<String> {
            cells
                .iter()
                .enumerate()
                .map(|(n, cell)| {
                    if n == last {
                        shortened(cell, room)
                    } else {
                        format!("{cell}{}  ", " ".repeat(widths[n].saturating_sub(display_width(cell))))
                    }
                })
                .collect()
        };
        write!(f, "{}", paint(DIM, line(&self.heads).concat().trim_end()))?;
        for (style, cells) in &self.rows {
            let cells = line(cells);
            let (first, rest) = cells.split_first().map_or(("", Vec::new()), |(first, rest)| (first.as_str(), rest.to_vec()));
            write!(f, "\n{}{}", paint(*style, first), rest.concat())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_to_its_columns_whatever_is_in_it() {
        let mut table = Table::new(&["", "service", "what"]);
        for text in ["cpu", "監視アラーム監視アラーム監視アラーム監視アラーム監視アラーム監視アラーム", &"very-long-".repeat(20)]
        {
            table.row(Style::new(), &["P1".to_owned(), text.to_owned(), text.to_owned()]);
        }
        let lines: Vec<String> = table.to_string().lines().map(|line| anstream::adapter::strip_str(line).to_string()).collect();
        for line in &lines {
            assert!(display_width(line) <= WIDTH, "{line}");
        }
        assert_eq!(lines[1], format!("P1  cpu{}cpu", " ".repeat(CELL_MAX - 1)));
        assert!(lines[2].ends_with('…') && lines[3].ends_with('…'), "{lines:?}");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_printed() {
        for raw in ["\u{1b}[31m", "\u{9b}31m", "\u{202e}gnp", "a\u{7f}", "a\rb", "a\u{8}b", "zero\u{200b}width"] {
            for shown in [harmless(raw), wrapped(raw, 4), anstream::adapter::strip_str(&paint(RED, raw)).to_string()] {
                assert!(shown.contains(char::REPLACEMENT_CHARACTER), "{raw:?}: {shown:?}");
                assert!(!shown.chars().any(is_harmful), "{raw:?}: {shown:?}");
            }
        }
        for plain in ["監視 アラーム", "naïve — text…", "two\nlines", "a\u{a0}b"] {
            assert_eq!(harmless(plain), plain);
        }
    }

    #[test]
    fn names_are_broken_only_where_no_line_holds_them_and_addresses_never() {
        let name = "vitascope-api-high-cpu";
        let text = format!("{} {name}", "x".repeat(70));
        assert_eq!(wrapped(&text, 4).lines().last(), Some(format!("    {name}").as_str()));
        assert!(wrapped(&"x-".repeat(100), 4).lines().all(|line| display_width(line) <= WIDTH));
        let address = format!("https://wiki.example.com/{}", "a/".repeat(60));
        assert_eq!(wrapped(&address, 9), address);
    }

    #[test]
    fn an_age_has_no_seconds_from_a_minute_on() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (seconds, wanted) in [(0, "0 s"), (59, "59 s"), (64, "1 min"), (3_700, "1 h 1 min"), (86_400, "1 d")] {
            assert_eq!(age(at(0), at(seconds)), wanted);
        }
    }
}
