//! Expectations as hurl asserts them.

use domain::probe::expect::{Check, Expectation, Literal, Part, Relation, Subject, TlsPart};
use domain::probe::template::Template;

use super::names::Names;
use super::text::{Around, quoted, template};

/// The status, if it is expected to be just that.
pub(super) fn only_status(expected: &Expectation) -> Option<u64> {
    match (expected.subject(), expected.check()) {
        (Subject::Status, Check::Compare(Relation::Equal, Literal::Number(status))) => status.as_u64(),
        _ => None,
    }
}

/// As hurl asserts it; none if it cannot.
pub(super) fn assert(expected: &Expectation, names: &Names) -> Option<String> {
    let query = query(expected.subject())?;
    let is_time = matches!(expected.subject(), Subject::Time(_));
    let negated = |not: &bool| if *not { "not " } else { "" };
    let predicate = match expected.check() {
        Check::Compare(relation, literal) => format!("{} {}", relation.symbol(), value(literal, is_time, names)?),
        Check::Contains { not, literal } => format!("{}contains {}", negated(not), value(literal, is_time, names)?),
        // With a variable in it hurl would take what it stands for as an expression, too.
        Check::Matches { source, .. } if has_variables(source) => return None,
        Check::Matches { not, source, .. } => format!("{}matches {}", negated(not), quoted(&unescaped(source))),
        Check::Exists { not } => format!("{}exists", negated(not)),
        Check::In { .. } => return None,
    };
    Some(format!("{query} {predicate}"))
}

fn query(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Status => Some("status".to_owned()),
        Subject::Time(Part::Total) => Some("duration".to_owned()),
        Subject::Tls(TlsPart::DaysLeft) => Some("certificate \"Expire-Date\" daysAfterNow".to_owned()),
        Subject::Header(name) => Some(format!("header {}", quoted(name))),
        Subject::Cookie(name) => Some(format!("cookie \"{name}\"")),
        Subject::Json(path) => Some(format!("jsonpath {}", quoted(&path.to_string()))),
        Subject::Body => Some("body".to_owned()),
        Subject::Size => Some("bytes count".to_owned()),
        Subject::Time(Part::Dns | Part::Connect | Part::Tls | Part::Ttfb | Part::FirstToken)
        | Subject::Tls(TlsPart::Subject | TlsPart::Issuer | TlsPart::Names | TlsPart::Chain | TlsPart::Version)
        | Subject::TokensIn
        | Subject::TokensOut
        | Subject::Cost
        | Subject::Similarity => None,
    }
}

/// A value as hurl writes it; a time in milliseconds.
fn value(literal: &Literal, is_time: bool, names: &Names) -> Option<String> {
    match literal {
        // It knows no exponents.
        Literal::Number(number) => Some(number.to_string()).filter(|text| !text.contains(['e', 'E'])),
        Literal::Time(time) => is_time.then(|| (time.as_secs_f64() * 1_000.0).to_string()),
        Literal::Size(bytes) => Some(bytes.to_string()),
        Literal::Text(text) => {
            let text = Template::parse(text).ok()?;
            Some(format!("\"{}\"", template(&text, names, Around::Quotes)))
        }
        Literal::Bool(value) => Some(value.to_string()),
        Literal::Null => Some("null".to_owned()),
        Literal::List(_) => None,
    }
}

fn has_variables(text: &str) -> bool {
    Template::parse(text).is_ok_and(|text| text.variables().next().is_some())
}

/// Text in which `$${` is `${`, without variables.
fn unescaped(text: &str) -> String {
    text.replace("$${", "${")
}
