//! Who tells what is being played: aloud for people, or not at all.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use anstream::{print, println};
use anstyle::{AnsiColor, Style};

use crate::stack::Outcome;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();

/// Tells of steps as they begin and end.
#[derive(Debug, Clone, Copy)]
pub struct Narrator {
    is_heard: bool,
    is_terminal: bool,
}

impl Narrator {
    /// Tells on standard output.
    pub fn aloud() -> Narrator {
        Narrator { is_heard: true, is_terminal: std::io::stdout().is_terminal() }
    }

    /// Says nothing.
    pub const fn silent() -> Narrator {
        Narrator { is_heard: false, is_terminal: false }
    }

    /// Whether colour is wanted.
    pub fn in_color(self) -> bool {
        self.is_terminal && !matches!(anstream::ColorChoice::global(), anstream::ColorChoice::Never)
    }

    /// Begins a chapter.
    pub fn title(self, text: &str) {
        if self.is_heard {
            println!("\n{BOLD}{text}{BOLD:#}");
        }
    }

    /// Shows a text of several lines.
    pub fn show(self, text: &str) {
        if self.is_heard {
            println!();
            for line in text.trim_end().lines() {
                println!("  {DIM}│{DIM:#} {line}");
            }
            println!();
        }
    }

    /// Does something, as a step with a name.
    ///
    /// # Errors
    /// The step's name, and why it failed.
    pub async fn step<T>(self, what: &str, deed: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        let begun = Instant::now();
        self.begin(what);
        let result = deed.await;
        self.end(what, begun.elapsed(), result.is_ok());
        result.map_err(|why| format!("{what}: {why}"))
    }

    /// A plain line.
    pub fn line(self, text: &str) {
        if self.is_heard {
            println!("  {text}");
        }
    }

    /// A step begins; on a terminal its line is written over when it ends.
    fn begin(self, what: &str) {
        if self.is_heard && self.is_terminal {
            print!("  {DIM}· {what} …{DIM:#}");
            let _ = std::io::stdout().flush();
        }
    }

    fn end(self, what: &str, took: Duration, is_well: bool) {
        if !self.is_heard {
            return;
        }
        let back = if self.is_terminal { "\r\x1b[2K" } else { "" };
        let (style, mark) = if is_well { (GREEN, "✓") } else { (RED, "✗") };
        let took = took.as_secs_f64();
        println!("{back}  {style}{mark}{style:#} {what} {DIM}{took:.1} s{DIM:#}");
    }
}
