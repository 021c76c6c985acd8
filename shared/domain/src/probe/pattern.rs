//! Does text look like this? Regular expressions, bounded in what they can cost.
//!
//! The engine takes time in proportion to the expression times the text. Both are bounded
//! here, since the text comes from outside: an expression as large as is let through, on as
//! much text as is looked at, takes about a second at worst. The dialect is that of
//! `regex-lite`: `\d`, `\w` and `\b` mean ASCII, `(?i)` folds ASCII, and there are no
//! Unicode classes, no look-around and no references back.

use std::fmt;

use regex_lite::{Regex, RegexBuilder};

use crate::text::clean;

/// Longest expression, in bytes.
const SOURCE_MAX: usize = 1_024;
/// Largest compiled expression, in bytes.
const PROGRAM_MAX: usize = 16 << 10;
/// How much of a text is looked at, in bytes.
pub const TEXT_MAX: usize = 256 << 10;

/// A regular expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(source: &str) -> Result<Pattern, String> {
        let shown = clean(source, 80);
        if source.len() > SOURCE_MAX {
            return Err(format!("the regular expression `{shown}` is longer than {SOURCE_MAX} bytes"));
        }
        let regex = RegexBuilder::new(source)
            .size_limit(PROGRAM_MAX)
            .nest_limit(20)
            .build()
            .map_err(|err| format!("`{shown}` is no regular expression: {}", clean(&err.to_string(), 160)))?;
        Ok(Pattern { regex })
    }

    /// Whether it is found anywhere in the text, or in that beginning of it that is looked
    /// at: [`TEXT_MAX`] bytes.
    pub fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(beginning(text, TEXT_MAX))
    }

    /// The first group of the first match, or the whole match if the expression has no
    /// group; of that beginning of the text that is looked at.
    pub fn first<'a>(&self, text: &'a str) -> Option<&'a str> {
        let found = self.regex.captures(beginning(text, TEXT_MAX))?;
        found.iter().skip(1).flatten().next().or_else(|| found.get(0)).map(|found| found.as_str())
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        self.regex.as_str()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first bytes of a text, at most `max`, up to the end of a character.
pub(super) fn beginning(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}
