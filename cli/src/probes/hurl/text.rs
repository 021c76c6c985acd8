//! Text as hurl reads it: what would mean something to it is escaped, and variables
//! are its placeholders.
//!
//! <https://hurl.dev/docs/grammar.html>

use std::fmt::Write as _;

use domain::probe::template::{Part, Template};
use serde_json::Value;

use super::names::Names;

/// Where text stands, which decides what has to be escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// Nothing: it goes on to the end of the line.
    Nothing,
    /// Double quotes.
    Quotes,
    /// Backticks, as a body of one line.
    Backticks,
    /// Double quotes, in a JSON document.
    Json,
}

/// A template, escaped, with placeholders for its variables.
pub(super) fn template(template: &Template, names: &Names, around: Around) -> String {
    let mut parts = template.parts().peekable();
    let mut out = String::new();
    while let Some(part) = parts.next() {
        match part {
            Part::Text(text) => {
                let is_before_variable = matches!(parts.peek(), Some(Part::Variable(_)));
                out.push_str(&escaped(text, around, is_before_variable));
            }
            Part::Variable(name) => {
                let _ = write!(out, "{{{{{}}}}}", names.of(name));
            }
        }
    }
    if around == Around::Nothing { with_blanks(&out) } else { out }
}

/// Text without variables, escaped.
pub(super) fn plain(text: &str, around: Around) -> String {
    let out = escaped(text, around, false);
    if around == Around::Nothing { with_blanks(&out) } else { out }
}

/// Text in double quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(text, Around::Quotes))
}

/// A name before a colon: a header field, a field of a form.
pub(super) fn key(name: &str) -> String {
    let mut out = String::new();
    for (n, ch) in name.chars().enumerate() {
        // At its beginning a bracket would open a section.
        let is_plain = ch.is_alphanumeric() || matches!(ch, '_' | '-' | '.' | '@' | '$') || (n > 0 && matches!(ch, '[' | ']'));
        if is_plain {
            out.push(ch);
        } else {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(ch));
        }
    }
    out
}

/// Text on one line, for a comment.
pub(super) fn comment(text: &str) -> String {
    domain::text::clean(text, 1_000)
}

fn escaped(text: &str, around: Around, is_before_variable: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(ch) = chars.next() {
        let next_is_brace = chars.peek().map_or(is_before_variable, |next| *next == '{');
        let is_special = matches!(
            (around, ch),
            (Around::Nothing, '#') | (Around::Quotes | Around::Json, '"') | (Around::Backticks, '`' | '#') | (_, '\\')
        );
        match ch {
            // Two of them would begin a placeholder.
            '{' if next_is_brace => out.push_str(&code('{', around)),
            _ if is_special => out.extend(['\\', ch]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if ch.is_control() => out.push_str(&code(ch, around)),
            _ => out.push(ch),
        }
    }
    out
}

/// A character by its code, which is never more than 16 bits here.
fn code(ch: char, around: Around) -> String {
    match around {
        Around::Json => format!("\\u{:04x}", u32::from(ch)),
        Around::Nothing | Around::Quotes | Around::Backticks => format!("\\u{{{:x}}}", u32::from(ch)),
    }
}

/// Blanks at both ends, which hurl takes away, by their code.
fn with_blanks(text: &str) -> String {
    let inner = text.trim_matches(' ');
    if inner.is_empty() {
        return "\\u{20}".repeat(text.len());
    }
    let before = text.len() - text.trim_start_matches(' ').len();
    let after = text.len() - text.trim_end_matches(' ').len();
    format!("{}{inner}{}", "\\u{20}".repeat(before), "\\u{20}".repeat(after))
}

/// A JSON document as a body; a variable that its strings name becomes a placeholder.
pub(super) fn json(value: &Value, names: &Names) -> String {
    let mut out = String::new();
    write_json(&mut out, value, names, 0);
    out
}

/// Whether a key of the document needs an escape: hurl (8.0) sends keys without.
pub(super) fn has_escaped_key(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        Value::Array(items) => items.iter().any(has_escaped_key),
        Value::Object(members) => {
            members.iter().any(|(name, member)| plain(name, Around::Json) != *name || has_escaped_key(member))
        }
    }
}

/// A JSON document as a body of text, on one line.
pub(super) fn json_as_text(value: &Value, names: &Names) -> String {
    let document: String = json(value, names).lines().map(str::trim_start).collect();
    let mut out = String::from("`");
    for ch in document.chars() {
        if matches!(ch, '\\' | '`' | '#') {
            out.push('\\');
        }
        out.push(ch);
    }
    out.push('`');
    out
}

fn write_json(out: &mut String, value: &Value, names: &Names, depth: usize) {
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let _ = write!(out, "{value}");
        }
        Value::String(text) => {
            // What is no template was refused when the file was checked.
            let text = Template::parse(text).map_or_else(|_| plain(text, Around::Json), |it| template(&it, names, Around::Json));
            let _ = write!(out, "\"{text}\"");
        }
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n > 0 { "," } else { "" });
                line(out, depth + 1);
                write_json(out, item, names, depth + 1);
            }
            if !items.is_empty() {
                line(out, depth);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (n, (name, member)) in members.iter().enumerate() {
                out.push_str(if n > 0 { "," } else { "" });
                line(out, depth + 1);
                let _ = write!(out, "\"{}\": ", plain(name, Around::Json));
                write_json(out, member, names, depth + 1);
            }
            if !members.is_empty() {
                line(out, depth);
            }
            out.push('}');
        }
    }
}
