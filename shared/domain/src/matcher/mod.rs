//! Does a set of labels match? Alertmanager's matchers, verbatim.
//!
//! `name="value"`, `name!="value"`, `name=~"regex"`, `name!~"regex"`; regexes
//! are anchored at both ends; a missing label has the empty value. As in
//! Alertmanager's engine (RE2), `\d`, `\w` and `\b` mean ASCII and `.` is not a
//! line's end; unlike it, `(?i)` folds ASCII only and there are no Unicode classes
//! (`\pL`): the check refuses what would be read otherwise.

mod parse;
mod pattern;

use std::fmt;

use crate::labels::Labels;

pub(crate) use self::parse::is_label_name;
pub(crate) use self::pattern::Pattern;

/// One condition on one label.
#[derive(Debug, Clone)]
pub struct Matcher {
    name: String,
    negated: bool,
    pattern: Pattern,
    shown: String,
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
    /// Alertmanager would read the regex in another way.
    #[error("Alertmanager reads `{source_text}` otherwise: {problem}")]
    Otherwise {
        /// The expression as written.
        source_text: String,
        /// What is read otherwise, and what to write.
        problem: &'static str,
    },
}

impl Matcher {
    /// The matcher `name="value"`.
    ///
    /// # Errors
    /// [`MatcherError::Name`] when a label cannot have this name.
    pub fn equal(name: &str, value: &str) -> Result<Matcher, MatcherError> {
        Matcher::new(name, "=", value)
    }

    /// The matcher `name=~"expression"`. Whether the expression is right is for
    /// [`Matcher::check`] to say.
    ///
    /// # Errors
    /// [`MatcherError::Name`] when a label cannot have this name.
    pub fn like(name: &str, expression: &str) -> Result<Matcher, MatcherError> {
        Matcher::new(name, "=~", expression)
    }

    fn new(name: &str, operator: &str, value: &str) -> Result<Matcher, MatcherError> {
        if !is_label_name(name) {
            return Err(MatcherError::Name(name.chars().take(80).collect()));
        }
        Ok(Matcher {
            name: name.to_owned(),
            negated: operator.starts_with('!'),
            pattern: if operator.ends_with('~') { Pattern::of_regex(value) } else { Pattern::Equal(value.to_owned()) },
            shown: format!("{name}{operator}{value:?}"),
        })
    }

    /// The matcher of a label of our own that has exactly one of these words, or
    /// none of them.
    pub(crate) fn one_of(name: &'static str, negated: bool, words: &[&str]) -> Matcher {
        let (operator, value, pattern) = match words {
            [word] => (if negated { "!=" } else { "=" }, (*word).to_owned(), Pattern::Equal((*word).to_owned())),
            words => {
                let escaped: Vec<String> = words.iter().map(|word| pattern::escape(word)).collect();
                (if negated { "!~" } else { "=~" }, escaped.join("|"), Pattern::one_of(words))
            }
        };
        Matcher { name: name.to_owned(), negated, pattern, shown: format!("{name}{operator}{value:?}") }
    }

    /// The label this looks at.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it matches what its pattern does not.
    pub(crate) fn is_negated(&self) -> bool {
        self.negated
    }

    /// What the value is compared with.
    pub(crate) fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// The expression as it is shown: equal ones mean the same.
    pub(crate) fn expression(&self) -> &str {
        self.shown[self.name.len()..].trim_start_matches(['=', '!', '~'])
    }

    /// Whether `labels` fulfil the condition.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.pattern.matches(labels.get(&self.name)) != self.negated
    }

    /// Compiles the expression, if there is one, to see that it can be, and that
    /// Alertmanager would read the same in it.
    ///
    /// # Errors
    /// [`MatcherError::Regex`] when it does not compile or is too large,
    /// [`MatcherError::Otherwise`] when it would mean something else there.
    pub fn check(&self) -> Result<(), MatcherError> {
        self.pattern.check()
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

#[cfg(test)]
mod tests;
