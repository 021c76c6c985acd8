//! Do the types of an expectation fit? As far as they are known without an answer.

use super::{Check, Expectation, Literal, Relation, Subject, TlsPart};
use crate::probe::pattern::Pattern;
use crate::probe::template::{Template, Values};
use crate::text::clean;

/// The type of what an expectation looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Number,
    Time,
    Size,
    Text,
    Texts,
    /// Whatever the document has.
    Json,
}

impl Type {
    pub(super) const fn of(subject: &Subject) -> Type {
        match subject {
            Subject::Status | Subject::TokensIn | Subject::TokensOut | Subject::Cost | Subject::Similarity => Type::Number,
            Subject::Time(_) => Type::Time,
            Subject::Size => Type::Size,
            Subject::Tls(part) => match part {
                TlsPart::DaysLeft | TlsPart::Chain => Type::Number,
                TlsPart::Subject | TlsPart::Issuer | TlsPart::Version => Type::Text,
                TlsPart::Names => Type::Texts,
            },
            Subject::Header(_) | Subject::Cookie(_) | Subject::Body => Type::Text,
            Subject::Json(_) => Type::Json,
        }
    }

    /// The type with its article.
    const fn spoken(self) -> &'static str {
        match self {
            Type::Number => "a number",
            Type::Time => "a time",
            Type::Size => "a size",
            Type::Text => "text",
            Type::Texts => "a list",
            Type::Json => "JSON",
        }
    }
}

/// The type of a literal, with its article.
pub(super) const fn spoken(literal: &Literal) -> &'static str {
    match literal {
        Literal::Number(_) => "a number",
        Literal::Time(_) => "a time",
        Literal::Size(_) => "a size",
        Literal::Text(_) => "text",
        Literal::Bool(_) => "a boolean",
        Literal::Null => "null",
        Literal::List(_) => "a list",
    }
}

/// Whether the types fit, and all expressions and variables can be read.
pub(super) fn check(expectation: &Expectation) -> Result<(), String> {
    for text in expectation.texts() {
        Template::parse(text)?;
    }
    let subject = &expectation.subject;
    match &expectation.check {
        Check::Compare(relation, literal) => compare(subject, *relation, literal),
        Check::Contains { literal, .. } => contains(subject, literal),
        Check::Matches { .. } => match Type::of(subject) {
            Type::Text | Type::Json => Ok(()),
            Type::Texts => Err(format!("`matches` looks at text, and {subject} is a list; write `{subject} contains \"…\"`")),
            other @ (Type::Number | Type::Time | Type::Size) => Err(format!(
                "`matches` looks at text, and {subject} is {}; compare it with `==`, `<`, `>` or `in`",
                other.spoken()
            )),
        },
        Check::Exists { .. } => Ok(()),
        Check::In { members, .. } => is_in(subject, members),
    }
}

fn compare(subject: &Subject, relation: Relation, literal: &Literal) -> Result<(), String> {
    if Type::of(subject) == Type::Texts {
        return Err(format!("{subject} is a list; write `{subject} contains \"…\"`"));
    }
    fits(subject, literal)?;
    if matches!(relation, Relation::Equal | Relation::Unequal) {
        return Ok(());
    }
    let orders = format!("`{}` orders numbers, times and sizes", relation.symbol());
    match (Type::of(subject), literal) {
        (Type::Json, Literal::Null) => Err(format!("{orders}, and null has no order; compare it with `==` or `!=`")),
        (Type::Json, Literal::Bool(_) | Literal::List(_)) => {
            Err(format!("{orders}, and {} is {}; compare it with `==` or `!=`", shown(literal), spoken(literal)))
        }
        (Type::Text, _) if *subject != Subject::Tls(TlsPart::Version) => {
            Err(format!("{orders}, and {subject} is text; compare it with `==`, `contains` or `matches`"))
        }
        _ => Ok(()),
    }
}

fn contains(subject: &Subject, literal: &Literal) -> Result<(), String> {
    let looks = "`contains` looks into text and lists";
    match (Type::of(subject), literal) {
        (kind @ (Type::Number | Type::Time | Type::Size), _) => {
            Err(format!("{looks}, and {subject} is {}; compare it with `==`, `<`, `>` or `in`", kind.spoken()))
        }
        (Type::Text | Type::Texts, Literal::Text(_)) => Ok(()),
        (Type::Text | Type::Texts, _) => Err(format!(
            "{subject} has text in it, and {} is {}; write `\"{}\"` for text",
            shown(literal),
            spoken(literal),
            shown(literal)
        )),
        (Type::Json, Literal::List(_)) => {
            Err(format!("{looks} for one value, and {} is a list; expect each of them", shown(literal)))
        }
        (Type::Json, _) => fits(subject, literal),
    }
}

fn is_in(subject: &Subject, members: &[Literal]) -> Result<(), String> {
    if members.is_empty() {
        return Err("nothing is in an empty list; write for instance `[200, 204]`".to_owned());
    }
    if Type::of(subject) == Type::Texts {
        return Err(format!("{subject} is a list; write `{subject} contains \"…\"`"));
    }
    members.iter().try_for_each(|member| fits(subject, member))
}

/// Whether a literal is of the subject's type.
fn fits(subject: &Subject, literal: &Literal) -> Result<(), String> {
    let kind = Type::of(subject);
    let right = match (kind, literal) {
        (Type::Number, Literal::Number(_))
        | (Type::Time, Literal::Time(_))
        | (Type::Size, Literal::Size(_) | Literal::Number(_))
        | (Type::Text, Literal::Text(_))
        | (Type::Json, Literal::Number(_) | Literal::Text(_) | Literal::Bool(_) | Literal::Null) => return Ok(()),
        (Type::Json, Literal::List(members)) => return members.iter().try_for_each(|member| fits(subject, member)),
        (Type::Json, Literal::Time(_) | Literal::Size(_)) => {
            return Err(format!("JSON has no times and no sizes, and {} is {}; write a number", shown(literal), spoken(literal)));
        }
        (_, Literal::Null) => {
            return Err(format!(
                "{subject} is {}, and null is something that only JSON has; write `{subject} not exists` if there must be none",
                kind.spoken()
            ));
        }
        (Type::Number, Literal::Text(text)) if serde_json::from_str::<serde_json::Number>(text).is_ok() => {
            format!("without quotes, `{}`", clean(text, 40))
        }
        (Type::Number | Type::Text, Literal::List(_)) => format!("`{subject} in {}`", shown(literal)),
        (Type::Number, _) => format!("a number, as in `{subject} {}`", example(subject)),
        (Type::Time, Literal::Number(number)) => format!("`{number}ms`"),
        (Type::Time, _) => "a time, as in `800ms` or `1.5s`".to_owned(),
        (Type::Size, _) => "a size, as in `10kB`, `1MiB` or `512` for bytes".to_owned(),
        (Type::Text | Type::Texts, _) => format!("`\"{}\"`", shown(literal)),
    };
    Err(format!("{subject} is {}, and {} is {}; write {right}", kind.spoken(), shown(literal), spoken(literal)))
}

/// What would be right to ask of a number.
const fn example(subject: &Subject) -> &'static str {
    match subject {
        Subject::Status => "== 200",
        Subject::Cost => "< 0.01",
        Subject::Similarity => ">= 0.8",
        Subject::Tls(_) => ">= 2",
        Subject::TokensIn
        | Subject::TokensOut
        | Subject::Time(_)
        | Subject::Header(_)
        | Subject::Cookie(_)
        | Subject::Json(_)
        | Subject::Body
        | Subject::Size => "<= 1000",
    }
}

/// A literal as a message shows it.
pub(super) fn shown(literal: &Literal) -> String {
    clean(&literal.to_string(), 80)
}

/// Compiles the expression of an expectation, if there is one and no variable is left in
/// it.
pub(super) fn compiled(mut expectation: Expectation) -> Result<Expectation, String> {
    if let Check::Matches { source, pattern, .. } = &mut expectation.check {
        let template = Template::parse(source)?;
        let is_whole = template.variables().next().is_none();
        // With something for each variable, to see that the rest is right.
        let values: Values = template.variables().map(|name| (name.to_owned(), "x".to_owned())).collect();
        let tried = Pattern::parse(&template.fill(&values)?)?;
        *pattern = is_whole.then_some(tried);
    }
    Ok(expectation)
}

/// The expectation with what its variables stand for.
pub(super) fn filled(expectation: &Expectation, values: &Values) -> Result<Expectation, String> {
    let mut filled = expectation.clone();
    match &mut filled.check {
        Check::Compare(_, literal) | Check::Contains { literal, .. } => fill(literal, values)?,
        Check::In { members, .. } => members.iter_mut().try_for_each(|member| fill(member, values))?,
        Check::Matches { source, pattern, .. } if pattern.is_none() => {
            let escaped = values.iter().map(|(name, value)| (name.clone(), regex_lite::escape(value))).collect();
            *source = Template::parse(source)?.fill(&escaped)?;
            *pattern = Some(Pattern::parse(source)?);
        }
        Check::Matches { .. } | Check::Exists { .. } => {}
    }
    Ok(filled)
}

fn fill(literal: &mut Literal, values: &Values) -> Result<(), String> {
    match literal {
        Literal::Text(text) => {
            *text = Template::parse(text)?.fill(values)?;
            Ok(())
        }
        Literal::List(members) => members.iter_mut().try_for_each(|member| fill(member, values)),
        Literal::Number(_) | Literal::Time(_) | Literal::Size(_) | Literal::Bool(_) | Literal::Null => Ok(()),
    }
}
