//! Does a set of labels match? Alertmanager's matchers, verbatim.
//!
//! `name="value"`, `name!="value"`, `name=~"regex"`, `name!~"regex"`; regexes
//! are anchored at both ends; a missing label has the empty value. As in
//! Alertmanager's engine (RE2), `\d`, `\w`, `\s` and `\b` mean ASCII; unlike it,
//! `(?i)` folds ASCII only and there are no Unicode classes (`\pL`): the check
//! refuses them.

use std::fmt;
use std::sync::OnceLock;

use regex_lite::{Regex, RegexBuilder};

use crate::labels::Labels;

/// Largest compiled regex, in bytes. A larger one is refused by the policy's
/// check; it bounds time as well, since the engine is linear in it.
const REGEX_SIZE_MAX: usize = 1 << 20;

/// One condition on one label.
#[derive(Debug, Clone)]
pub struct Matcher {
    name: String,
    negated: bool,
    pattern: Pattern,
    shown: String,
}

#[derive(Debug, Clone)]
enum Pattern {
    Equal(String),
    /// A regex that is only an alternation of plain words: no engine needed.
    OneOf(Vec<String>),
    /// `prefix.*`: no engine needed.
    Prefix(String),
    /// Compiled at the first use, since a function that has just started needs
    /// few of a policy's expressions.
    Regex {
        source: String,
        compiled: OnceLock<Option<Regex>>,
    },
}

/// A matcher that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    /// There is no operator, or nothing before it.
    #[error("`{0}` is not a matcher; write for instance service=\"api\" or alertname=~\"api-.*\"")]
    Shape(String),
    /// The label's name has characters that a label cannot have.
    #[error("`{0}` is not a label name; names have letters, digits, `_`, `:`, `.` and `-`, and start with a letter or `_`")]
    Name(String),
    /// A quote was opened and not closed, or text follows the closing one.
    #[error("the quotes of `{0}` do not match")]
    Quotes(String),
    /// The regex does not compile, or is too large.
    #[error("`{source_text}` is not a regular expression: {problem}")]
    Regex {
        /// The expression as written.
        source_text: String,
        /// What the engine said, on one line.
        problem: String,
    },
}

impl Matcher {
    /// Reads one or more matchers separated by commas, in braces or not.
    ///
    /// # Errors
    /// [`MatcherError`] for the first one that is not right.
    pub fn parse_list(text: &str) -> Result<Vec<Matcher>, MatcherError> {
        let inner = text.trim();
        let inner = inner.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(inner);
        split_outside_quotes(inner).into_iter().filter(|part| !part.trim().is_empty()).map(Matcher::parse).collect()
    }

    /// Reads one matcher.
    ///
    /// # Errors
    /// [`MatcherError`] when the text is not `name OP value` or a regex is bad.
    pub fn parse(text: &str) -> Result<Matcher, MatcherError> {
        let text = text.trim();
        let short = || text.chars().take(80).collect::<String>();
        let at = text.find(['=', '!']).ok_or_else(|| MatcherError::Shape(short()))?;
        let name = text[..at].trim();
        let (operator, rest) = ["=~", "!~", "!=", "="]
            .into_iter()
            .find_map(|op| text[at..].strip_prefix(op).map(|rest| (op, rest)))
            .ok_or_else(|| MatcherError::Shape(short()))?;
        if name.is_empty() {
            return Err(MatcherError::Shape(short()));
        }
        if !is_label_name(name) {
            return Err(MatcherError::Name(name.chars().take(80).collect()));
        }
        let value = unquote(rest.trim()).ok_or_else(|| MatcherError::Quotes(short()))?;
        let pattern = match operator {
            "=" | "!=" => Pattern::Equal(value.clone()),
            _ => Pattern::of_regex(&value),
        };
        Ok(Matcher {
            name: name.to_owned(),
            negated: operator.starts_with('!'),
            pattern,
            shown: format!("{name}{operator}{value:?}"),
        })
    }

    /// The label this looks at.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether `labels` fulfil the condition.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.pattern.matches(labels.get(&self.name)) != self.negated
    }

    /// Compiles the expression, if there is one, to see that it can be.
    ///
    /// # Errors
    /// [`MatcherError::Regex`] when it does not compile or is too large.
    pub fn check(&self) -> Result<(), MatcherError> {
        match &self.pattern {
            // By itself first: `a)|(b` is right only inside the anchors' brackets.
            Pattern::Regex { source, .. } => build(source, source).and_then(|_| compile(source)).map(|_| ()),
            Pattern::Equal(_) | Pattern::OneOf(_) | Pattern::Prefix(_) => Ok(()),
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Matcher) -> bool {
        self.shown == other.shown
    }
}

/// Whether all matchers match. An empty list matches everything.
pub fn all_match(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels))
}

/// The matchers as Alertmanager writes them: `{a="b",c=~"d"}`.
pub fn show(matchers: &[Matcher]) -> String {
    let parts: Vec<&str> = matchers.iter().map(|matcher| matcher.shown.as_str()).collect();
    format!("{{{}}}", parts.join(","))
}

impl Pattern {
    fn of_regex(source: &str) -> Pattern {
        let is_plain =
            |part: &str| part.chars().all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '_' | '-' | ' ' | '/' | ':'));
        if source.split('|').all(is_plain) {
            return Pattern::OneOf(source.split('|').map(str::to_owned).collect());
        }
        if let Some(prefix) = source.strip_suffix(".*").filter(|prefix| is_plain(prefix)) {
            return Pattern::Prefix(prefix.to_owned());
        }
        Pattern::Regex { source: source.to_owned(), compiled: OnceLock::new() }
    }

    fn matches(&self, value: &str) -> bool {
        match self {
            Pattern::Equal(wanted) => value == wanted,
            Pattern::OneOf(words) => words.iter().any(|word| word == value),
            Pattern::Prefix(prefix) => value.starts_with(prefix.as_str()),
            // A policy is stored only after `check`; should a bad expression get
            // here all the same, it matches nothing.
            Pattern::Regex { source, compiled } => {
                compiled.get_or_init(|| compile(source).ok()).as_ref().is_some_and(|regex| regex.is_match(value))
            }
        }
    }
}

fn compile(source: &str) -> Result<Regex, MatcherError> {
    build(&format!("^(?:{source})$"), source)
}

/// Compiles `expression`; a mistake is told of `source`.
fn build(expression: &str, source: &str) -> Result<Regex, MatcherError> {
    RegexBuilder::new(expression).size_limit(REGEX_SIZE_MAX).dot_matches_new_line(true).build().map_err(|error| {
        MatcherError::Regex {
            source_text: source.chars().take(80).collect(),
            problem: error.to_string().lines().collect::<Vec<_>>().join(" "),
        }
    })
}

fn is_label_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|ch| ch.is_alphabetic() || ch == '_')
        && chars.all(|ch| ch.is_alphanumeric() || matches!(ch, '_' | ':' | '.' | '-'))
}

fn split_outside_quotes(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, ch) in text.char_indices() {
        match ch {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Takes the quotes off and resolves `\"`, `\\` and `\n`; an unknown escape
/// stays as it is, so that a regex's `\d` needs no doubling.
fn unquote(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else {
        return (!text.contains('"')).then(|| text.to_owned());
    };
    let mut out = String::new();
    let mut chars = inner.chars();
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(out),
            '\\' => match chars.next()? {
                'n' => out.push('\n'),
                ch @ ('"' | '\\') => out.push(ch),
                other => out.extend(['\\', other]),
            },
            ch => out.push(ch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(matcher: &str, pairs: &[(&str, &str)]) -> bool {
        Matcher::parse(matcher).unwrap().matches(&pairs.iter().copied().collect())
    }

    #[test]
    fn the_four_operators_follow_alertmanager() {
        let api = [("service", "api"), ("env", "prod")];
        for (matcher, wanted) in [
            (r#"service="api""#, true),
            ("service=api", true),
            (r#"service!="api""#, false),
            (r#"service=~"api|web""#, true),
            (r#"service=~"ap""#, false),
            (r#"service=~"ap.*""#, true),
            (r#"service=~"a.i""#, true),
            (r#"service!~"a.i""#, false),
            (r#"service!~"worker.*""#, true),
            (r#"team="""#, true),
            (r#"team!="""#, false),
            (r#"team=~".*""#, true),
            (r#"team=~".+""#, false),
            (r#" env = "prod" "#, true),
        ] {
            assert_eq!(matched(matcher, &api), wanted, "{matcher}");
        }
    }

    #[test]
    fn escapes_inside_quotes_are_resolved() {
        assert!(matched(r#"name="a \"b\" \\ c""#, &[("name", r#"a "b" \ c"#)]));
        assert!(matched(r#"name=~"db-\d+""#, &[("name", "db-42")]));
        assert!(!matched(r#"name=~"db-\d+""#, &[("name", "db-x")]));
    }

    #[test]
    fn a_list_is_split_at_commas_outside_quotes() {
        let list = Matcher::parse_list(r#"{a="x,y", b=~"c|d"}"#).unwrap();
        assert_eq!(show(&list), r#"{a="x,y",b=~"c|d"}"#);
        assert!(Matcher::parse_list("").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (matcher, part) in [
            ("service", "is not a matcher"),
            ("=api", "is not a matcher"),
            ("1a=b", "is not a label name"),
            (r#"a="b"#, "quotes"),
            (r#"a=b"c"#, "quotes"),
            (r#"a="b" c"#, "quotes"),
        ] {
            let error = Matcher::parse(matcher).unwrap_err().to_string();
            assert!(error.contains(part), "{matcher}: {error}");
        }
        let bad = Matcher::parse(r#"a=~"(""#).unwrap();
        assert!(bad.check().unwrap_err().to_string().contains("group"));
        assert!(!bad.matches(&Labels::new()), "a bad expression matches nothing");
        let unanchored = Matcher::parse(r#"a=~"x)|(y""#).unwrap();
        assert!(unanchored.check().is_err(), "it would match anything that begins with x");
        let bomb = Matcher::parse(r#"a=~"((a{99}){99}){99}""#).unwrap();
        assert!(bomb.check().unwrap_err().to_string().contains("size"));
    }
}
