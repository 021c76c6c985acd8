//! Colour, columns and moments.

use std::fmt;

use anstyle::{AnsiColor, Style};
use domain::priority::Priority;
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const BLUE: Style = AnsiColor::Cyan.on_default();

/// Text in a style; where there is no colour the codes are taken out again.
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

pub(super) fn priority_style(priority: Priority) -> Style {
    match priority {
        Priority::P1 => RED,
        Priority::P2 => YELLOW,
        Priority::P3 => BLUE,
        Priority::P4 => DIM,
    }
}

/// How wide the terminal is; 80 columns where nothing is known.
pub(super) fn width() -> usize {
    textwrap::termwidth().clamp(40, 120)
}

/// A moment in the zone of whoever looks, with its name.
pub(super) fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// The time of day of a moment.
pub(super) fn clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string()
}

/// The day of a moment.
pub(super) fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%A %Y-%m-%d, times in %Z").to_string()
}

/// `text` wrapped to the terminal, every line but the first indented.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    let blank = " ".repeat(indent);
    let options = textwrap::Options::new(width()).initial_indent(&blank).subsequent_indent(&blank).break_words(false);
    textwrap::fill(text, options).trim_start().to_owned()
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
        self.rows.push((style, cells.to_vec()));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.heads.len())
            .map(|n| {
                let cells = self.rows.iter().filter_map(|(_, cells)| cells.get(n)).chain(self.heads.get(n));
                cells.map(|cell| textwrap::core::display_width(cell)).max().unwrap_or(0)
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
                        domain::text::shorten(cell, room)
                    } else {
                        format!("{cell}{}  ", " ".repeat(widths[n].saturating_sub(textwrap::core::display_width(cell))))
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
