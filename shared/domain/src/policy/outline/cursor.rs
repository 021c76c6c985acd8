//! Where are we in the text, and what stands there?

use super::Mark;
use crate::policy::problem::Place;

/// Longest piece of text that is kept for a mark, in characters.
const TEXT_MAX: usize = 200;

/// A position in the text.
pub(super) struct Cursor<'t> {
    rest: &'t str,
    place: Place,
    /// Whether this line is still to be read, though the one before it ends here.
    holds: bool,
}

/// The part of a line before a comment and its blanks.
pub(super) fn without_comment(line: &str) -> &str {
    line.split(" #").next().unwrap_or_default().trim_end()
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Cursor<'t> {
        // A mark of the byte order is no column.
        Cursor { rest: text.strip_prefix('\u{feff}').unwrap_or(text), place: Place::default(), holds: false }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Passes a character.
    pub(super) fn bump(&mut self) -> Option<char> {
        let ch = self.peek()?;
        self.rest = &self.rest[ch.len_utf8()..];
        self.place = match ch {
            '\n' => Place { line: self.place.line + 1, column: 1 },
            _ => Place { line: self.place.line, column: self.place.column + 1 },
        };
        Some(ch)
    }

    /// What is left of the line.
    pub(super) fn line_rest(&self) -> &'t str {
        self.rest.split('\n').next().unwrap_or_default().trim_end_matches('\r')
    }

    pub(super) fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.bump();
        }
    }

    /// Goes to the beginning of the next line.
    pub(super) fn skip_line(&mut self) {
        if std::mem::take(&mut self.holds) {
            return;
        }
        match self.rest.find('\n') {
            Some(at) => {
                self.rest = &self.rest[at + 1..];
                self.place = Place { line: self.place.line + 1, column: 1 };
            }
            None => self.rest = "",
        }
    }

    /// Stays on this line when the next one is asked for.
    pub(super) fn hold_line(&mut self) {
        self.holds = true;
    }

    /// Whether this line belongs to a block of text under a key at `indent`.
    pub(super) fn is_block_line(&self, indent: usize) -> bool {
        let line = self.line_rest();
        let content = line.trim_start_matches(' ');
        content.trim().is_empty() || line.len() - content.len() > indent
    }

    /// Whether an item of a block sequence begins here.
    pub(super) fn is_at_dash(&self) -> bool {
        self.line_rest().strip_prefix('-').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    }

    pub(super) fn is_at_bracket(&self) -> bool {
        matches!(self.peek(), Some('{' | '['))
    }

    /// Passes an anchor and a tag.
    pub(super) fn skip_properties(&mut self) {
        self.skip_blanks();
        while matches!(self.peek(), Some('&' | '!')) {
            while self.peek().is_some_and(|ch| !ch.is_whitespace()) {
                self.bump();
            }
            self.skip_blanks();
        }
    }

    /// Passes the key that this line begins with, and its colon.
    pub(super) fn key(&mut self) -> Option<(String, Mark)> {
        let line = self.line_rest();
        let end = match line.chars().next()? {
            quote @ ('"' | '\'') => {
                let end = line[1..].find(quote)? + 2;
                line[end..].trim_start().starts_with(':').then_some(end)?
            }
            '{' | '[' | '&' | '*' | '!' | '|' | '>' | '#' => return None,
            _ => without_comment(line)
                .match_indices(':')
                .map(|(at, _)| at)
                .find(|at| line[at + 1..].is_empty() || line[at + 1..].starts_with([' ', '\t']))?,
        };
        let text = line[..end].trim_end();
        let name = text.trim_matches(['"', '\'']).to_owned();
        if name.is_empty() {
            return None;
        }
        let mark = Mark { place: self.place, text: text.to_owned() };
        for _ in line[..end].chars() {
            self.bump();
        }
        self.skip_blanks();
        self.bump();
        Some((name, mark))
    }

    /// Passes a scalar, which in flow style ends at brackets and commas as well;
    /// answers with its first line, and its text without quotes.
    pub(super) fn scalar(&mut self, in_flow: bool) -> (Mark, String) {
        let place = self.place;
        let before = self.rest;
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            Some(_) | None => self.plain(in_flow),
        }
        let text = before[..before.len() - self.rest.len()].trim_end();
        let line = text.lines().next().unwrap_or_default().trim_end();
        let mark = Mark { place, text: line.chars().take(TEXT_MAX).collect() };
        (mark, text.trim_matches(['"', '\'']).to_owned())
    }

    fn quoted(&mut self, quote: char) {
        self.bump();
        while let Some(ch) = self.bump() {
            if ch == '\\' && quote == '"' {
                self.bump();
            } else if ch == quote {
                // A quote twice is one in the text.
                if quote == '\'' && self.peek() == Some('\'') {
                    self.bump();
                } else {
                    return;
                }
            }
        }
    }

    fn plain(&mut self, in_flow: bool) {
        let mut was_blank = false;
        while let Some(ch) = self.peek() {
            let ends_flow = || {
                let after = self.rest[ch.len_utf8()..].chars().next();
                matches!(ch, ',' | '[' | ']' | '{' | '}')
                    || (ch == ':' && after.is_none_or(|after| after.is_whitespace() || ",[]{}".contains(after)))
            };
            if ch == '\n' || (ch == '#' && was_blank) || (in_flow && ends_flow()) {
                return;
            }
            was_blank = ch.is_whitespace();
            self.bump();
        }
    }
}
