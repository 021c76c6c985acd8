//! How is a matcher written? As in Alertmanager's configuration, with more names:
//! CloudWatch's dimensions have dots, dashes and letters of every script.

use super::{Matcher, MatcherError};

impl Matcher {
    /// Reads one or more matchers separated by commas, in braces or not.
    ///
    /// # Errors
    /// [`MatcherError`] for the first one that is not right.
    pub fn parse_list(text: &str) -> Result<Vec<Matcher>, MatcherError> {
        // Either brace may stand without the other, and an unquoted value's own
        // brace at the end is taken for one: so does Alertmanager.
        let inner = text.trim_start();
        let inner = inner.strip_prefix('{').unwrap_or(inner);
        let inner = inner.strip_suffix('}').unwrap_or(inner).trim_end();
        split_outside_quotes(inner).into_iter().filter(|part| !part.trim().is_empty()).map(Matcher::parse).collect()
    }

    /// Reads one matcher.
    ///
    /// # Errors
    /// [`MatcherError`] when the text is not `name OP value`.
    pub fn parse(text: &str) -> Result<Matcher, MatcherError> {
        let short = || text.trim().chars().take(80).collect::<String>();
        let at = text.find(['=', '!']).ok_or_else(|| MatcherError::Shape(short()))?;
        let name = text[..at].trim();
        let (operator, rest) = ["=~", "!~", "!=", "="]
            .into_iter()
            .find_map(|op| text[at..].strip_prefix(op).map(|rest| (op, rest)))
            .ok_or_else(|| MatcherError::Shape(short()))?;
        if name.is_empty() {
            return Err(MatcherError::Shape(short()));
        }
        let value = unquote(rest.trim_matches(|ch: char| ch.is_ascii_whitespace()));
        Matcher::new(name, operator, &value.ok_or_else(|| MatcherError::Quotes(short()))?)
    }
}

/// Whether a label can have this name.
pub(crate) fn is_label_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|ch| ch.is_alphabetic() || matches!(ch, '_' | ':'))
        && chars.all(|ch| ch.is_alphanumeric() || matches!(ch, '_' | ':' | '.' | '-'))
}

fn split_outside_quotes(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, ch) in text.char_indices() {
        match ch {
            // A comma outside of quotes separates even after a backslash.
            ',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Takes the quotes off, if there are any, and resolves `\"`, `\\` and `\n`; an
/// unknown escape stays as it is, so that a regex's `\d` needs no doubling. None if
/// a quote stands elsewhere than at both ends.
fn unquote(text: &str) -> Option<String> {
    let (is_quoted, inner) = text.strip_prefix('"').map_or((false, text), |inner| (true, inner));
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(ch) = chars.next() {
        match ch {
            '"' => return (is_quoted && chars.next().is_none()).then_some(out),
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some(ch @ ('"' | '\\')) => out.push(ch),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            ch => out.push(ch),
        }
    }
    (!is_quoted).then_some(out)
}
