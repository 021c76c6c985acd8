//! Flow style: `{a: b, c: [d]}`, on one line or several, and JSON.

use super::cursor::Cursor;
use super::{DEPTH_MAX, Mark, Outline, member};

/// A mapping or sequence whose bracket is open.
struct Open<'t> {
    path: String,
    /// What its bracket and what is after it look like, and where.
    mark: Mark,
    rest: &'t str,
    holds: Holds,
}

enum Holds {
    /// A mapping, with the path whose value comes next.
    Members(Option<String>),
    /// A sequence, with the number of the next item.
    Items(usize),
}

/// Reads the value of `path`, from its bracket to the one that closes it.
pub(super) fn read<'t>(cursor: &mut Cursor<'t>, outline: &mut Outline, path: &str) {
    let mut open: Vec<Open<'t>> = Vec::new();
    let mut n_too_deep = 0_usize;
    while let Some(ch) = cursor.peek() {
        match ch {
            '{' | '[' if open.len() >= DEPTH_MAX => {
                n_too_deep += 1;
                cursor.bump();
            }
            '{' | '[' => {
                let path = open.last_mut().map_or_else(|| path.to_owned(), Open::next_path);
                let rest = cursor.line_rest();
                let mark = Mark { place: cursor.place(), text: ch.to_string() };
                outline.note(&path, mark.clone(), None);
                let holds = if ch == '{' { Holds::Members(None) } else { Holds::Items(0) };
                open.push(Open { path, mark, rest, holds });
                cursor.bump();
            }
            '}' | ']' if n_too_deep > 0 => {
                n_too_deep -= 1;
                cursor.bump();
            }
            '}' | ']' => {
                cursor.bump();
                if let Some(closed) = open.pop() {
                    closed.note(cursor, outline);
                }
                if open.is_empty() {
                    return;
                }
            }
            ',' => {
                if let Some(inner) = open.last_mut() {
                    inner.ends_value();
                }
                cursor.bump();
            }
            '#' => drop(cursor.bump().map(|_| cursor.skip_line())),
            ':' | '?' => drop(cursor.bump()),
            ch if ch.is_whitespace() => drop(cursor.bump()),
            _ => scalar(cursor, outline, open.last_mut().filter(|_| n_too_deep == 0)),
        }
    }
}

/// Reads a key, a value or an item.
fn scalar(cursor: &mut Cursor<'_>, outline: &mut Outline, inner: Option<&mut Open<'_>>) {
    cursor.skip_properties();
    let before = cursor.place();
    let (mark, text) = cursor.scalar(true);
    if cursor.place() == before {
        // Something that begins no scalar: pass it, so that this comes to an end.
        cursor.bump();
        return;
    }
    let Some(inner) = inner else { return };
    match &mut inner.holds {
        Holds::Members(key @ None) => {
            let path = member(&inner.path, &text);
            outline.note(&path, mark, None);
            *key = Some(path);
        }
        Holds::Members(Some(path)) => outline.note_value(path, mark),
        Holds::Items(n) => outline.note(&format!("{}[{n}]", inner.path), mark, None),
    }
}

impl Open<'_> {
    /// The path of the mapping or sequence that begins here.
    fn next_path(&mut self) -> String {
        match &mut self.holds {
            Holds::Members(key) => key.clone().unwrap_or_else(|| self.path.clone()),
            Holds::Items(n) => format!("{}[{n}]", self.path),
        }
    }

    /// A comma: the next key or item comes.
    fn ends_value(&mut self) {
        match &mut self.holds {
            Holds::Members(key) => *key = None,
            Holds::Items(n) => *n += 1,
        }
    }

    /// Notes what stood between the brackets, if it was on one line.
    fn note(self, cursor: &Cursor<'_>, outline: &mut Outline) {
        let (start, end) = (self.mark.place, cursor.place());
        if start.line == end.line {
            let text = self.rest.chars().take(end.column - start.column).collect();
            outline.note_value(&self.path, Mark { place: start, text });
        }
    }
}
