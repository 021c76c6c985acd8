//! A mistake of a file, as a compiler shows it: where it is, what it is, and the
//! line on which it stands with a mark under it.

use anstyle::Style;
use domain::policy::Mark;
use textwrap::core::display_width;

use super::say;
use super::text::{BOLD, DIM, RED, YELLOW, harmless, paint};

/// Widest that a line of the file is shown, with its number.
const WIDTH: usize = 80;
/// Columns before the text of the file: its number, and a bar.
const MARGIN: usize = 9;
/// Most columns of a long line that are shown before its mark.
const BEFORE_MAX: usize = 24;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, but is probably not what was meant.
    Warning,
}

impl Severity {
    const fn style(self) -> Style {
        match self {
            Severity::Error => RED,
            Severity::Warning => YELLOW,
        }
    }
}

/// Shows one thing that is wrong with `text`, the content of `file`. The first line
/// is for editors, which go to the place that it names.
pub(crate) fn finding(severity: Severity, file: &str, text: &str, mark: &Mark, message: &str) {
    say!("{} {}", paint(BOLD, &format!("{file}:{}:", mark.place)), harmless(&message.replace('\n', " ")));
    let Some(line) = text.lines().nth(mark.place.line - 1).filter(|line| !line.trim().is_empty()) else { return };
    let Excerpt { shown, before, under } = Excerpt::of(line, mark);
    let bar = paint(DIM, "|");
    say!("{} {bar} {shown}", paint(DIM, &format!("{:>6}", mark.place.line)));
    say!("       {bar} {}{}", " ".repeat(before), paint(severity.style(), &"^".repeat(under)));
}

/// As much of a line as can be shown.
#[derive(Debug, PartialEq, Eq)]
struct Excerpt {
    /// The text.
    shown: String,
    /// Columns before the mark.
    before: usize,
    /// Columns of the mark.
    under: usize,
}

impl Excerpt {
    fn of(line: &str, mark: &Mark) -> Excerpt {
        const ROOM: usize = WIDTH - MARGIN;
        let start = mark.place.column - 1;
        // No more of a line of a million characters than can matter.
        let plain = |text: &str, n: usize| harmless(&text.replace('\t', " ")).chars().take(n).collect::<String>();
        let from = line.char_indices().nth(start).map_or(line.len(), |(at, _)| at);
        let near = line[..from].char_indices().rev().nth(ROOM).map_or(0, |(at, _)| at);
        let mut head = plain(&line[near..from], ROOM + 1);
        let tail = plain(&line[from..], ROOM + 1);
        let whole = display_width(&head) + display_width(&tail);
        if (near > 0 || whole > ROOM) && display_width(&head) > BEFORE_MAX {
            while display_width(&head) > BEFORE_MAX - 1 {
                head.remove(0);
            }
            head.insert(0, '…');
        }
        let before = display_width(&head);
        let shown_tail = cut(&tail, ROOM - before);
        let marked: String = shown_tail.chars().take(mark.text.chars().count()).collect();
        Excerpt { under: display_width(&marked).max(1), shown: format!("{head}{shown_tail}"), before }
    }
}

/// `text` in at most so many columns, with an ellipsis where more was.
fn cut(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let mut out = text.to_owned();
    while display_width(&out) >= columns && out.pop().is_some() {}
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use domain::policy::Place;

    use super::*;

    fn check(line: &str, column: usize, text: &str, wanted: &str) {
        let mark = Mark { place: Place { line: 1, column }, text: text.to_owned() };
        let Excerpt { shown, before, under } = Excerpt::of(line, &mark);
        assert_eq!(format!("{shown}\n{}{}", " ".repeat(before), "^".repeat(under)), wanted, "{line}");
        assert!(display_width(&shown) + MARGIN <= WIDTH && before + under + MARGIN <= WIDTH, "{shown}");
    }

    #[test]
    fn the_mark_stands_under_what_is_wrong_and_long_lines_are_cut_around_it() {
        check("  reciever: all", 3, "reciever", "  reciever: all\n  ^^^^^^^^");
        check("  監視: [誰か, x]", 8, "誰か", "  監視: [誰か, x]\n         ^^^^");
        check("\ta: \u{1b}[31mred", 2, "a", " a: \u{fffd}[31mred\n ^");
        check("a: b", 9, "", "a: b\n    ^");
        let long = format!("{}wrong {}", "x".repeat(90), "y".repeat(90));
        check(&long, 91, "wrong", &format!("…{}wrong {}…\n{}^^^^^", "x".repeat(23), "y".repeat(40), " ".repeat(24)));
        let long = format!("a: {}", "監".repeat(100));
        check(&long, 4, &"監".repeat(100), &format!("a: {}…\n   {}", "監".repeat(33), "^".repeat(67)));
        check(&"z".repeat(1_000_000), 999_999, "zz", &format!("…{}\n{}^^", "z".repeat(25), " ".repeat(24)));
    }
}
