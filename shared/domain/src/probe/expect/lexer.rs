//! What is an expectation made of? A cursor over its text: words, paths, operators and
//! literals.

use super::unit;
use crate::probe::expect::Literal;
use crate::text::clean;

/// How deep lists may stand in lists.
const DEPTH_MAX: usize = 8;

/// What is left of an expectation's text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { rest: text.trim_start() }
    }

    /// What is left, without what stands around it.
    pub(super) fn rest(self) -> &'a str {
        self.rest.trim()
    }

    /// What is left, as a message shows it.
    pub(super) fn shown(self) -> String {
        clean(self.rest, 40)
    }

    /// Takes the bytes up to `end`, and the space after them.
    fn take(&mut self, end: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        taken
    }

    /// A word of letters, digits, `_`, `-` and `.`; empty if there is none.
    pub(super) fn word(&mut self) -> &'a str {
        let is_part = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '_' | '-' | '.');
        let end = self.rest.find(|ch| !is_part(ch)).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// The word `word`, if it is the next.
    pub(super) fn takes(&mut self, word: &str) -> bool {
        let mut ahead = *self;
        let is_next = ahead.word() == word;
        if is_next {
            *self = ahead;
        }
        is_next
    }

    /// The symbols of an operator: the longest run of `=!<>~`.
    pub(super) fn symbols(&mut self) -> &'a str {
        let end = self.rest.find(|ch| !"=!<>~".contains(ch)).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// A name, bare or in quotes.
    pub(super) fn name(&mut self) -> Result<String, String> {
        if self.rest.starts_with(['"', '\'']) { self.quoted() } else { Ok(self.word().to_owned()) }
    }

    /// A JSON path: up to the first space or operator that stands in no brackets and no
    /// quotes.
    pub(super) fn path(&mut self) -> &'a str {
        let mut depth = 0_usize;
        let mut quote = None;
        let mut is_escaped = false;
        let end = self.rest.find(|ch: char| {
            if let Some(open) = quote {
                let is_end = ch == open && !is_escaped;
                is_escaped = ch == '\\' && !is_escaped;
                if is_end {
                    quote = None;
                }
                return false;
            }
            match ch {
                '\'' | '"' if depth > 0 => quote = Some(ch),
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                _ => return depth == 0 && (ch.is_whitespace() || "=!<>~".contains(ch)),
            }
            false
        });
        self.take(end.unwrap_or(self.rest.len()))
    }

    /// Text in quotes of either kind.
    pub(super) fn quoted(&mut self) -> Result<String, String> {
        let whole = *self;
        let unclosed = || format!("the quotes of {} are not closed", whole.shown());
        let quote = self.rest.chars().next().ok_or_else(unclosed)?;
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        while let Some((at, ch)) = chars.next() {
            if ch == quote {
                self.take(at + 1);
                return Ok(text);
            }
            if ch != '\\' {
                text.push(ch);
                continue;
            }
            match chars.peek().map(|(_, next)| *next) {
                Some(next @ ('"' | '\'' | '\\' | '/')) => text.push(next),
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some('u') => {
                    let digits =
                        whole.rest.get(at + 2..at + 6).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
                    let escaped = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
                    text.push(escaped.ok_or_else(|| "`\\u` stands before four hexadecimal digits, as in `\\u0041`".to_owned())?);
                    chars.by_ref().take(4).for_each(drop);
                }
                // Any other `\` stands for itself: `\d` in an expression.
                _ => {
                    text.push('\\');
                    continue;
                }
            }
            chars.next();
        }
        Err(unclosed())
    }

    /// A literal.
    pub(super) fn literal(&mut self, depth: usize) -> Result<Literal, String> {
        match self.rest.chars().next() {
            None => Err("a value is missing at the end, such as `200`, `800ms` or `\"text\"`".to_owned()),
            Some('"' | '\'') => self.quoted().map(Literal::Text),
            Some('[') if depth < DEPTH_MAX => self.list(depth + 1).map(Literal::List),
            Some('[') => Err(format!("lists stand in lists more than {DEPTH_MAX} deep")),
            Some(ch) if ch.is_ascii_digit() || matches!(ch, '-' | '+' | '.') => unit::parse(self.number()),
            Some(_) => {
                let before = *self;
                match self.word() {
                    "true" => Ok(Literal::Bool(true)),
                    "false" => Ok(Literal::Bool(false)),
                    "null" => Ok(Literal::Null),
                    "" => Err(format!("`{}` is no value; write for instance `200`, `800ms` or `\"text\"`", before.shown())),
                    word => Err(format!("`{}` is no value; text stands in quotes: `\"{}\"`", clean(word, 40), clean(word, 40))),
                }
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Literal>, String> {
        let unclosed = format!("the list `{}` is not closed; write for instance `[200, 201]`", self.shown());
        self.take(1);
        let mut members = Vec::new();
        loop {
            if self.rest.starts_with(']') {
                self.take(1);
                return Ok(members);
            }
            if self.rest.is_empty() {
                return Err(unclosed);
            }
            members.push(self.literal(depth)?);
            match self.rest.chars().next() {
                Some(',') => {
                    self.take(1);
                }
                Some(']') => {}
                Some(_) => return Err(format!("`,` or `]` is missing before `{}`", self.shown())),
                None => return Err(unclosed),
            }
        }
    }

    /// A number, with what stands on it.
    fn number(&mut self) -> &'a str {
        let mut before = ' ';
        let end = self.rest.find(|ch: char| {
            let is_sign = matches!(ch, '+' | '-') && matches!(before, ' ' | 'e' | 'E');
            before = ch;
            !(ch.is_alphanumeric() || matches!(ch, '.' | '%' | '_') || is_sign)
        });
        self.take(end.unwrap_or(self.rest.len()))
    }
}
