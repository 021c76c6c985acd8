//! Is it as it must be? A small typed language.
//!
//! ```text
//! status == 201                         time.ttfb < 800ms
//! status in [200, 204]                  tls.days_left > 14
//! header content-type contains "json"   cookie session exists
//! json $.state == "open"                json $.items[*].id contains 7
//! body not contains 'error'             size <= 10kB
//! ```
//!
//! An expectation is a subject, an operator and a literal; `exists` has none. `not` stands
//! before `contains`, `matches`, `exists` and `in`.
//!
//! | Subject | Type |
//! |---|---|
//! | `status`, `tls.days_left`, `tls.chain`, `tokens.in`, `tokens.out`, `cost`, `similarity` | number |
//! | `time.dns`, `.connect`, `.tls`, `.ttfb`, `.total`, `.first_token` | time: `800ms`, `1.5s`, `1m30s` |
//! | `size` | size: `10kB` is 10,000 bytes, `1MiB` 1,048,576; a number is bytes |
//! | `header NAME`, `cookie NAME`, `body`, `tls.subject`, `tls.issuer`, `tls.version` | text |
//! | `tls.names` | list of texts |
//! | `json PATH` | what the document has there: text, number, true or false, null, list or object |
//!
//! Nothing is converted: what is compared with something of another type is not as it must
//! be, with `!=` and `not` as well, and both types are named; where the subject's type is
//! known without an answer, the expectation is refused when it is read. The exceptions:
//! `null` may be compared with every JSON value, and in a list of `in` only one member must
//! be of the type. What is missing is never as it must be, but for `not exists`. A phase
//! that there was none of, since the connection stood, took no time.
//!
//! `<` orders numbers, times and sizes, and text of JSON and `tls.version` by its
//! characters, as RFC 9535 does; a header is text, and `"9"` would come after `"10"` there.
//! `contains` finds text in text, and a member in a list. `matches` finds a regular
//! expression anywhere: `^` and `$` hold it to the ends. A path that could find several
//! values is a list of what it finds. In quotes, `\"`, `\'`, `\\`, `\/`, `\n`, `\r`, `\t`
//! and `\u0041` are escapes, and any other `\` is itself, so that expressions need not double
//! it. `${order}` in quotes is what was captured as `order` ([`Expectation::filled`]).

mod judge;
mod lexer;
mod parser;
mod types;
mod unit;

use super::pattern::Pattern;
use super::query::Query;
use super::secret::Secrets;
use super::seen::{Seen, View};
use super::template::{Template, Values};

/// Longest expectation, in bytes.
const TEXT_MAX: usize = 2_048;

/// Something that must be true of an answer: `status == 201`.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    subject: Subject,
    check: Check,
}

/// What an expectation looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// The status of the answer.
    Status,
    /// How long a part took.
    Time(Part),
    /// Something about TLS.
    Tls(TlsPart),
    /// A header field, by name.
    Header(String),
    /// A cookie, by name.
    Cookie(String),
    /// What the body as JSON has at a path.
    Json(Query),
    /// The body as text.
    Body,
    /// How many bytes the body has, decoded.
    Size,
    /// Tokens of a prompt.
    TokensIn,
    /// Tokens of an answer.
    TokensOut,
    /// Dollars.
    Cost,
    /// How similar an answer is to the most similar approved one, from 0 to 1.
    Similarity,
}

/// A part of a step that has a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// To find the address.
    Dns,
    /// To connect.
    Connect,
    /// To agree on TLS.
    Tls,
    /// Until the answer began to come.
    Ttfb,
    /// All of it.
    Total,
    /// Until the first token of a language model came.
    FirstToken,
}

/// Something about TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsPart {
    /// Days until the chain ends.
    DaysLeft,
    /// To whom the certificate was issued.
    Subject,
    /// Who issued it.
    Issuer,
    /// The names that it is good for.
    Names,
    /// How many certificates there are.
    Chain,
    /// The version spoken.
    Version,
}

/// What is asked of a subject.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// `== != < <= > >=`.
    Compare(Relation, Literal),
    /// `contains`.
    Contains {
        /// Whether it must not.
        not: bool,
        /// The text, or the member.
        literal: Literal,
    },
    /// `matches`.
    Matches {
        /// Whether it must not.
        not: bool,
        /// The expression, as it was written.
        source: String,
        /// The expression; none while there are variables in it.
        pattern: Option<Pattern>,
    },
    /// `exists`.
    Exists {
        /// Whether it must not.
        not: bool,
    },
    /// `in`.
    In {
        /// Whether it must not be.
        not: bool,
        /// The list.
        members: Vec<Literal>,
    },
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// A value as an expectation writes it.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `201`, `0.95`, `-1`, `1e3`.
    Number(serde_json::Number),
    /// `800ms`.
    Time(std::time::Duration),
    /// `10kB`, in bytes.
    Size(u64),
    /// `"open"` or `'open'`.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// `[200, 201]`.
    List(Vec<Literal>),
}

/// Why something is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// What was expected, and what was seen instead; secrets are masked. One line of at
    /// most [`BECAUSE_MAX`] characters.
    pub because: String,
    /// Whether only time is the matter.
    pub is_slow: bool,
}

/// Longest sentence that says why something is not as it must be, in characters.
pub const BECAUSE_MAX: usize = 600;

impl Expectation {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn parse(text: &str) -> Result<Expectation, String> {
        if text.len() > TEXT_MAX {
            return Err(format!("an expectation has at most {TEXT_MAX} bytes, and this has {}", text.len()));
        }
        let expectation = parser::parse(text)?;
        types::check(&expectation)?;
        types::compiled(expectation)
    }

    /// Whether what was seen is as it must be.
    ///
    /// # Errors
    /// What was seen instead.
    pub fn judge(&self, seen: &Seen, secrets: &Secrets) -> Result<(), Unmet> {
        self.judge_of(&View::of(seen), secrets)
    }

    /// Whether what was seen is as it must be, of a step of which more is asked.
    ///
    /// # Errors
    /// What was seen instead.
    pub fn judge_of(&self, view: &View, secrets: &Secrets) -> Result<(), Unmet> {
        judge::judge(self, view, secrets)
    }

    /// Whether it says something about the status, so that nothing is expected of it by
    /// itself.
    pub fn is_about_status(&self) -> bool {
        self.subject == Subject::Status
    }

    /// What it looks at.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What it asks of that.
    pub fn check(&self) -> &Check {
        &self.check
    }

    /// The names of the variables in its texts.
    pub fn variables(&self) -> Vec<String> {
        let mut names = Vec::new();
        for text in self.texts() {
            // It was read as a template when the expectation was.
            let template = Template::parse(text).unwrap_or_default();
            names.extend(template.variables().map(str::to_owned));
        }
        names
    }

    /// The expectation with what its variables stand for. In a regular expression a
    /// variable matches itself only.
    ///
    /// # Errors
    /// The name of a variable that stands for nothing, or what is wrong with what came of
    /// it, as a sentence.
    pub fn filled(&self, values: &Values) -> Result<Expectation, String> {
        types::filled(self, values)
    }

    /// All text in which variables may stand.
    fn texts(&self) -> Vec<&str> {
        fn of(literal: &Literal) -> Vec<&str> {
            match literal {
                Literal::Text(text) => vec![text],
                Literal::List(members) => members.iter().flat_map(of).collect(),
                Literal::Number(_) | Literal::Time(_) | Literal::Size(_) | Literal::Bool(_) | Literal::Null => Vec::new(),
            }
        }
        match &self.check {
            Check::Compare(_, literal) | Check::Contains { literal, .. } => of(literal),
            Check::Matches { source, .. } => vec![source],
            Check::In { members, .. } => members.iter().flat_map(of).collect(),
            Check::Exists { .. } => Vec::new(),
        }
    }
}

impl Relation {
    /// The relation as it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Relation::Equal => "==",
            Relation::Unequal => "!=",
            Relation::Less => "<",
            Relation::AtMost => "<=",
            Relation::More => ">",
            Relation::AtLeast => ">=",
        }
    }
}

#[cfg(test)]
mod tests;
