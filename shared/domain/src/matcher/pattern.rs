//! What must a label's value look like? Words and a few shapes around them are
//! compared without an engine; most expressions of a policy are of that kind.

use std::sync::OnceLock;

use regex_lite::{Regex, RegexBuilder};

use super::MatcherError;

/// Largest compiled regex, in bytes. A larger one is refused by the policy's
/// check; it bounds time as well, since the engine is linear in it.
const REGEX_SIZE_MAX: usize = 1 << 20;

/// What a value is compared with.
#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    Equal(String),
    /// A regex that is only an alternation of words, each perhaps with anything
    /// before or after it.
    Words(Vec<Word>),
    /// Compiled at the first use, since a function that has just started needs
    /// few of a policy's expressions.
    Regex {
        source: String,
        /// What every value that matches begins with, and what it contains.
        needs: (String, String),
        compiled: OnceLock<Option<Regex>>,
    },
}

/// A word and what may stand around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    before: Gap,
    text: String,
    after: Gap,
}

/// What may stand beside a word: nothing, `.*` or `.+`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Gap {
    #[default]
    Nothing,
    Anything,
    Something,
}

impl Gap {
    fn takes(self, rest: &str) -> bool {
        match self {
            Gap::Nothing => rest.is_empty(),
            Gap::Anything => !rest.contains('\n'),
            Gap::Something => !rest.is_empty() && !rest.contains('\n'),
        }
    }
}

impl Word {
    /// The word, if nothing else matches.
    pub(crate) fn alone(&self) -> Option<&str> {
        (self.before == Gap::Nothing && self.after == Gap::Nothing).then_some(self.text.as_str())
    }

    fn matches(&self, value: &str) -> bool {
        match (self.before, self.after) {
            (Gap::Nothing, Gap::Nothing) => value == self.text,
            (Gap::Nothing, after @ (Gap::Anything | Gap::Something)) => {
                value.strip_prefix(self.text.as_str()).is_some_and(|rest| after.takes(rest))
            }
            (before @ (Gap::Anything | Gap::Something), Gap::Nothing) => {
                value.strip_suffix(self.text.as_str()).is_some_and(|rest| before.takes(rest))
            }
            (before @ (Gap::Anything | Gap::Something), after @ (Gap::Anything | Gap::Something)) => {
                let mut chars = value.chars();
                let has_first = before == Gap::Anything || chars.next().is_some();
                let has_last = after == Gap::Anything || chars.next_back().is_some();
                has_first && has_last && chars.as_str().contains(self.text.as_str()) && !value.contains('\n')
            }
        }
    }
}

impl Pattern {
    pub(super) fn of_regex(source: &str) -> Pattern {
        words(source).map_or_else(
            || Pattern::Regex { source: source.to_owned(), needs: needs(source), compiled: OnceLock::new() },
            Pattern::Words,
        )
    }

    pub(super) fn one_of(words: &[&str]) -> Pattern {
        let word = |text: &&str| Word { before: Gap::Nothing, text: (*text).to_owned(), after: Gap::Nothing };
        Pattern::Words(words.iter().map(word).collect())
    }

    pub(crate) fn matches(&self, value: &str) -> bool {
        match self {
            Pattern::Equal(wanted) => value == wanted,
            Pattern::Words(words) => words.iter().any(|word| word.matches(value)),
            // A policy is stored only after `check`; should a bad expression get
            // here all the same, it matches nothing.
            Pattern::Regex { source, needs: (prefix, part), compiled } => {
                value.starts_with(prefix.as_str())
                    && value.contains(part.as_str())
                    && compiled.get_or_init(|| compile(source).ok()).as_ref().is_some_and(|regex| regex.is_match(value))
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), MatcherError> {
        match self {
            // By itself first: `a)|(b` is right only inside the anchors' brackets.
            Pattern::Regex { source, .. } => {
                build(source, source)?;
                compile(source)?;
                read_otherwise(source)
                    .map_or(Ok(()), |problem| Err(MatcherError::Otherwise { source_text: short(source), problem }))
            }
            Pattern::Equal(_) | Pattern::Words(_) => Ok(()),
        }
    }
}

/// Whether a character stands for itself in every regex, outside of classes.
fn is_plain(ch: char) -> bool {
    !ch.is_control() && !matches!(ch, '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$')
}

/// The word as an expression that only it matches.
pub(super) fn escape(word: &str) -> String {
    word.chars().flat_map(|ch| (!is_plain(ch)).then_some('\\').into_iter().chain([ch])).collect()
}

/// The words of an expression that is only an alternation of them.
fn words(source: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut word = Word { before: Gap::Nothing, text: String::new(), after: Gap::Nothing };
    let mut chars = source.chars();
    let mut is_first = true;
    while let Some(ch) = chars.next() {
        let ends_here = word.after != Gap::Nothing;
        match ch {
            '|' => {
                words.push(std::mem::replace(&mut word, Word { before: Gap::Nothing, text: String::new(), after: Gap::Nothing }));
                is_first = true;
                continue;
            }
            _ if ends_here => return None,
            '.' => {
                let gap = match chars.next()? {
                    '*' => Gap::Anything,
                    '+' => Gap::Something,
                    _ => return None,
                };
                *(if is_first { &mut word.before } else { &mut word.after }) = gap;
            }
            '\\' => word.text.push(chars.next().filter(|ch| ch.is_ascii_punctuation() && !matches!(ch, '<' | '>'))?),
            ch if is_plain(ch) => word.text.push(ch),
            _ => return None,
        }
        is_first = false;
    }
    words.push(word);
    Some(words)
}

/// What every value that matches this expression begins with, and the longest text
/// that it contains, as far as that is plain to see: most values that do not match
/// lack it, and the engine need not be asked.
fn needs(source: &str) -> (String, String) {
    let (mut prefix, mut longest, mut run) = (String::new(), String::new(), String::new());
    let mut is_start = true;
    let mut rest = source;
    while let Some(ch) = rest.chars().next() {
        let length = match ch {
            '(' => group(rest),
            '[' => class(rest),
            '{' => rest.find('}').map_or(1, |at| at + 1),
            '\\' => rest.chars().take(2).map(char::len_utf8).sum(),
            ch => ch.len_utf8(),
        };
        let after = &rest[length..];
        // Flags change what comes after them, a bar says that this may be another, and
        // some letters after a backslash take more with them.
        let takes_more = |after: char| after.is_alphanumeric() && !matches!(after, 'd' | 'D' | 'w' | 'W' | 's' | 'S');
        if rest.starts_with("(?") || ch == '|' || (ch == '\\' && rest[1..].starts_with(takes_more)) {
            return (String::new(), String::new());
        }
        let is_kept = is_plain(ch) && !after.starts_with(['*', '?', '{']);
        if is_kept {
            run.push(ch);
        }
        if !is_kept || after.is_empty() {
            if is_start {
                prefix.clone_from(&run);
            }
            if run.len() > longest.len() {
                longest.clone_from(&run);
            }
            run.clear();
            is_start = false;
        }
        rest = after;
    }
    (prefix, longest)
}

/// How long the bracketed group is that begins here.
fn group(text: &str) -> usize {
    let mut n_open = 0;
    let mut at = 0;
    while let Some(ch) = text[at..].chars().next() {
        match ch {
            '(' => n_open += 1,
            ')' => n_open -= 1,
            _ => {}
        }
        at += match ch {
            '[' => class(&text[at..]),
            '\\' => text[at..].chars().take(2).map(char::len_utf8).sum(),
            ch => ch.len_utf8(),
        };
        if n_open == 0 {
            break;
        }
    }
    at
}

/// How long the class of characters is that begins here.
fn class(text: &str) -> usize {
    let mut at = 1;
    at += usize::from(text[at..].starts_with('^'));
    at += usize::from(text[at..].starts_with(']'));
    while let Some(ch) = text[at..].chars().next() {
        at += match ch {
            ']' => return at + 1,
            '\\' => text[at..].chars().take(2).map(char::len_utf8).sum(),
            '[' if text[at..].starts_with("[:") => text[at..].find(":]").map_or(1, |length| length + 2),
            ch => ch.len_utf8(),
        };
    }
    at
}

/// What Alertmanager's engine takes for something else, although both take it.
fn read_otherwise(source: &str) -> Option<&'static str> {
    let folds = source.split("(?").skip(1).any(|flags| flags.split([':', ')', '-']).next().unwrap_or("").contains('i'));
    if folds && !source.is_ascii() {
        return Some("here `(?i)` folds the letters a to z only; write both cases, for instance [äÄ]");
    }
    let mut chars = source.chars().peekable();
    while let Some(ch) = chars.next() {
        let problem = match (ch, chars.peek()) {
            ('\\', Some('<' | '>')) => Some("`\\<` and `\\>` are plain characters there; write them without the backslash"),
            ('\\', Some('b' | 'B')) => {
                chars.next();
                (chars.peek() == Some(&'{')).then_some("there are no kinds of `\\b` there; write it without braces")
            }
            ('\\', Some(_)) => {
                chars.next();
                None
            }
            ('{', Some(_)) => chars
                .clone()
                .take_while(|ch| *ch != '}')
                .any(char::is_whitespace)
                .then_some("a count with spaces is plain text there; write it without them"),
            _ => None,
        };
        if problem.is_some() {
            return problem;
        }
    }
    None
}

fn compile(source: &str) -> Result<Regex, MatcherError> {
    build(&format!("^(?:{source})$"), source)
}

/// Compiles `expression`; a mistake is told of `source`.
fn build(expression: &str, source: &str) -> Result<Regex, MatcherError> {
    RegexBuilder::new(expression).size_limit(REGEX_SIZE_MAX).build().map_err(|error| MatcherError::Regex {
        source_text: short(source),
        problem: error.to_string().lines().collect::<Vec<_>>().join(" "),
    })
}

fn short(source: &str) -> String {
    source.chars().take(80).collect()
}
