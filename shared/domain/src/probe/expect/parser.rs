//! How is an expectation read, and written?

use std::fmt;

use super::lexer::Cursor;
use super::{Check, Expectation, Literal, Part, Relation, Subject, TlsPart, unit};
use crate::policy::did_you_mean;
use crate::probe::capture::is_token;
use crate::probe::query::Query;
use crate::text::clean;

/// Subjects that are one word.
const WORDS: [(&str, Subject); 18] = [
    ("status", Subject::Status),
    ("time.dns", Subject::Time(Part::Dns)),
    ("time.connect", Subject::Time(Part::Connect)),
    ("time.tls", Subject::Time(Part::Tls)),
    ("time.ttfb", Subject::Time(Part::Ttfb)),
    ("time.total", Subject::Time(Part::Total)),
    ("time.first_token", Subject::Time(Part::FirstToken)),
    ("tls.days_left", Subject::Tls(TlsPart::DaysLeft)),
    ("tls.subject", Subject::Tls(TlsPart::Subject)),
    ("tls.issuer", Subject::Tls(TlsPart::Issuer)),
    ("tls.names", Subject::Tls(TlsPart::Names)),
    ("tls.chain", Subject::Tls(TlsPart::Chain)),
    ("tls.version", Subject::Tls(TlsPart::Version)),
    ("body", Subject::Body),
    ("size", Subject::Size),
    ("tokens.in", Subject::TokensIn),
    ("tokens.out", Subject::TokensOut),
    ("cost", Subject::Cost),
];
const RELATIONS: [Relation; 6] =
    [Relation::Equal, Relation::Unequal, Relation::Less, Relation::AtMost, Relation::More, Relation::AtLeast];
const OPERATORS: &str = "`==`, `!=`, `<`, `<=`, `>`, `>=`, `contains`, `matches`, `exists` and `in`";

/// Reads an expectation; whether its types fit is not looked at.
pub(super) fn parse(text: &str) -> Result<Expectation, String> {
    let mut cursor = Cursor::new(text);
    if cursor.rest().is_empty() {
        return Err("nothing is expected; write for instance `status == 200`".to_owned());
    }
    let subject = subject(&mut cursor)?;
    let check = check(&subject, &mut cursor)?;
    let rest = cursor.rest();
    if rest.is_empty() {
        return Ok(Expectation { subject, check });
    }
    let is_and = ["and", "or", "&&", "||"].iter().any(|word| rest.starts_with(word));
    let advice = if is_and { "each line expects one thing; write another" } else { "an expectation ends with its value" };
    Err(format!("`{}` is left over: {advice}", cursor.shown()))
}

fn subject(cursor: &mut Cursor) -> Result<Subject, String> {
    let before = *cursor;
    let word = cursor.word();
    match word {
        "header" => Ok(Subject::Header(named(cursor, "header", "content-type")?)),
        "cookie" => Ok(Subject::Cookie(named(cursor, "cookie", "session")?)),
        "json" => {
            let path = cursor.path();
            if path.is_empty() {
                return Err("`json` stands before a path, as in `json $.state == \"open\"`".to_owned());
            }
            Query::parse(path).map(Subject::Json)
        }
        "similarity" => Ok(Subject::Similarity),
        word => match WORDS.iter().find(|(known, _)| *known == word) {
            Some((_, subject)) => Ok(subject.clone()),
            None => Err(unknown(word, before)),
        },
    }
}

/// What to say of a subject that there is none of.
fn unknown(word: &str, before: Cursor) -> String {
    let group = |prefix: &str| {
        let parts: Vec<String> =
            WORDS.iter().filter(|(known, _)| known.starts_with(prefix)).map(|(known, _)| format!("`{known}`")).collect();
        parts.join(", ")
    };
    let shown = clean(word, 40);
    let named = ["header", "cookie", "json", "similarity"].into_iter();
    let known = named.chain(WORDS.iter().map(|(known, _)| *known));
    if let Some(near) = did_you_mean(word, known).filter(|_| !word.is_empty()) {
        return format!("there is no `{shown}`; did you mean `{near}`?");
    }
    match word.split('.').next() {
        Some(first @ ("time" | "tls" | "tokens")) => format!("there is no `{shown}`; there are {}", group(&format!("{first}."))),
        _ if word.is_empty() => format!("`{}` is nothing to look at; write for instance `status == 200`", before.shown()),
        _ => format!(
            "there is no `{shown}`; there are `status`, `time.…`, `tls.…`, `header NAME`, `cookie NAME`, `json PATH`, `body`, `size`, `tokens.in`, `tokens.out`, `cost` and `similarity`"
        ),
    }
}

fn named(cursor: &mut Cursor, what: &str, example: &str) -> Result<String, String> {
    let name = cursor.name()?;
    if is_token(&name) {
        return Ok(name);
    }
    let wrong =
        if name.is_empty() { "a name is missing".to_owned() } else { format!("`{}` is no name of a {what}", clean(&name, 40)) };
    Err(format!("{wrong}; write for instance `{what} {example} exists`"))
}

fn check(subject: &Subject, cursor: &mut Cursor) -> Result<Check, String> {
    let symbols = cursor.symbols();
    if !symbols.is_empty() {
        let Some(relation) = RELATIONS.into_iter().find(|relation| relation.symbol() == symbols) else {
            return Err(match symbols {
                "=" | "===" => format!("`{symbols}` is no operator; write `==`"),
                "!" => "`!` is no operator; write `!=`, or `not` before `contains`, `matches`, `exists` and `in`".to_owned(),
                "=~" | "~" | "!~" => format!("`{symbols}` is no operator; write `matches` or `not matches`"),
                "=<" | "=>" => format!("`{symbols}` is no operator; write `<=` or `>=`"),
                "<>" => "`<>` is no operator; write `!=`".to_owned(),
                _ => format!("`{symbols}` is no operator; there are {OPERATORS}"),
            });
        };
        return Ok(Check::Compare(relation, cursor.literal(0)?));
    }
    let not = cursor.takes("not");
    if not && !cursor.rest().is_empty() && !cursor.symbols().is_empty() {
        return Err(
            "`not` stands before `contains`, `matches`, `exists` and `in`; the opposite of `==` is `!=`, that of `<` is `>=`"
                .to_owned(),
        );
    }
    let before = *cursor;
    match cursor.word() {
        "contains" => Ok(Check::Contains { not, literal: cursor.literal(0)? }),
        "matches" => match cursor.literal(0)? {
            Literal::Text(source) => Ok(Check::Matches { not, source, pattern: None }),
            Literal::Number(_) | Literal::Time(_) | Literal::Size(_) | Literal::Bool(_) | Literal::Null | Literal::List(_) => {
                Err("`matches` stands before a regular expression in quotes, as in `body matches \"^ok\"`".to_owned())
            }
        },
        "exists" => Ok(Check::Exists { not }),
        "in" => match cursor.literal(0)? {
            Literal::List(members) => Ok(Check::In { not, members }),
            Literal::Number(_) | Literal::Time(_) | Literal::Size(_) | Literal::Bool(_) | Literal::Null | Literal::Text(_) => {
                Err("`in` stands before a list, as in `status in [200, 204]`".to_owned())
            }
        },
        "is" | "equals" | "eq" => {
            Err(format!("`{}` is no operator; write `==`", clean(before.rest().split(' ').next().unwrap_or(""), 20)))
        }
        "" if before.rest().is_empty() && not => {
            Err("after `not` an operator is missing: `contains`, `matches`, `exists` or `in`".to_owned())
        }
        "" if before.rest().is_empty() => Err(format!("nothing is asked of `{subject}`; there are {OPERATORS}")),
        _ => Err(format!("`{}` is no operator; there are {OPERATORS}", before.shown())),
    }
}

impl fmt::Display for Expectation {
    /// Writes it so that it reads back as the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.subject)?;
        let word = |not: &bool, word: &str| if *not { format!("not {word}") } else { word.to_owned() };
        match &self.check {
            Check::Compare(relation, literal) => write!(f, "{} {literal}", relation.symbol()),
            Check::Contains { not, literal } => write!(f, "{} {literal}", word(not, "contains")),
            Check::Matches { not, source, .. } => {
                write!(f, "{} ", word(not, "matches"))?;
                quote(source, f)
            }
            Check::Exists { not } => f.write_str(&word(not, "exists")),
            Check::In { not, members } => {
                write!(f, "{} ", word(not, "in"))?;
                list(members, f)
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |f: &mut fmt::Formatter<'_>, what: &str, name: &str| {
            let is_bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
            write!(f, "{what} ")?;
            if is_bare { f.write_str(name) } else { quote(name, f) }
        };
        match self {
            Subject::Header(header) => name(f, "header", header),
            Subject::Cookie(cookie) => name(f, "cookie", cookie),
            Subject::Json(query) => write!(f, "json {query}"),
            Subject::Similarity => f.write_str("similarity"),
            word @ (Subject::Status
            | Subject::Time(_)
            | Subject::Tls(_)
            | Subject::Body
            | Subject::Size
            | Subject::TokensIn
            | Subject::TokensOut
            | Subject::Cost) => f.write_str(WORDS.iter().find(|(_, subject)| subject == word).map_or("", |(word, _)| *word)),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Number(number) => write!(f, "{number}"),
            Literal::Time(time) => unit::write_time(*time, f),
            Literal::Size(size) => unit::write_size(*size, f),
            Literal::Text(text) => quote(text, f),
            Literal::Bool(is_true) => write!(f, "{is_true}"),
            Literal::Null => f.write_str("null"),
            Literal::List(members) => list(members, f),
        }
    }
}

fn list(members: &[Literal], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("[")?;
    for (n, member) in members.iter().enumerate() {
        write!(f, "{}{member}", if n == 0 { "" } else { ", " })?;
    }
    f.write_str("]")
}

/// Text in quotes, so that it reads back as the same.
fn quote(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    let mut chars = text.chars().peekable();
    while let Some(ch) = chars.next() {
        match ch {
            '"' => f.write_str("\\\"")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            // As it stands where nothing is escaped by it, for the sake of `\d`.
            '\\' if chars.peek().is_some_and(|next| !"\"'\\/nrtu".contains(*next) && !next.is_control()) => f.write_str("\\")?,
            '\\' => f.write_str("\\\\")?,
            ch if ch.is_control() => write!(f, "\\u{:04x}", u32::from(ch))?,
            ch => write!(f, "{ch}")?,
        }
    }
    f.write_str("\"")
}
