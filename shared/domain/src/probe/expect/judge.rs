//! Is what was seen as it must be, and what is said if not?

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Number, Value};

use super::types::{shown, spoken};
use super::{BECAUSE_MAX, Check, Expectation, Literal, Part, Relation, Subject, TlsPart, Unmet, unit};
use crate::probe::pattern::{self, Pattern, beginning};
use crate::probe::query::Found;
use crate::probe::secret::Secrets;
use crate::probe::seen::{TlsSeen, View};
use crate::text::{clean, shorten};

/// How much of an expectation and of what was seen is shown, in characters.
const SHOWN_MAX: usize = 200;
/// How much of what was seen is looked at to show it, in bytes.
const READ_MAX: usize = 16 << 10;

/// What was seen of a subject.
enum Actual<'a> {
    Time(Duration),
    Size(u64),
    Text(Cow<'a, str>),
    /// The body, of which there may be more than was read.
    Body {
        text: &'a str,
        is_cut: bool,
    },
    Json(Cow<'a, Value>),
    /// All that a path finds.
    Several(Vec<&'a Value>),
}

/// Why something is not as it must be, before secrets are masked.
enum Wrong {
    /// What was seen.
    Seen,
    /// What was seen is of another type; what would be right.
    Type(String),
    /// It cannot be said, or is to be said in another way: a sentence.
    Said(String),
}

/// Whether what was seen is as it must be.
pub(super) fn judge(expectation: &Expectation, view: &View, secrets: &Secrets) -> Result<(), Unmet> {
    let subject = &expectation.subject;
    let unmet = |what: String, is_slow: bool| {
        let because = format!("expected {}; {what}", shorten(&masked(&expectation.to_string(), secrets), SHOWN_MAX));
        // What was taken out of a secret's midst may have hidden it.
        Unmet { because: clean(&secrets.mask(&clean(&because, BECAUSE_MAX)), BECAUSE_MAX), is_slow }
    };
    let is_about_presence = matches!(expectation.check, Check::Exists { .. });
    let actual = match look(subject, view, is_about_presence) {
        Ok(Some(actual)) => actual,
        Ok(None) if matches!(expectation.check, Check::Exists { not: true }) => return Ok(()),
        Ok(None) => return Err(unmet(missing(subject), false)),
        Err(why) => return Err(unmet(clean(&secrets.mask(why), SHOWN_MAX), false)),
    };
    let wrong = match &expectation.check {
        Check::Exists { not } => (is_there(&actual) != *not).then_some(()).ok_or(Wrong::Seen),
        Check::Compare(relation, literal) => compare(&actual, *relation, literal),
        Check::Contains { not, literal } => contains(&actual, literal, *not),
        Check::Matches { not, pattern, .. } => matches(&actual, pattern.as_ref(), *not),
        Check::In { not, members } => is_in(&actual, members, *not),
    };
    wrong.map_err(|wrong| {
        let is = || {
            format!("{} is {}", shorten(&subject.to_string(), 80), show(&actual, matches!(subject, Subject::Json(_)), secrets))
        };
        match wrong {
            Wrong::Seen => unmet(
                is(),
                matches!(subject, Subject::Time(_)) && matches!(expectation.check, Check::Compare(..) | Check::In { .. }),
            ),
            Wrong::Type(right) => unmet(format!("{}, and {right}", is()), false),
            Wrong::Said(why) => unmet(why, false),
        }
    })
}

/// What was seen of a subject; none if there is none.
fn look<'a>(subject: &Subject, view: &'a View, is_about_presence: bool) -> Result<Option<Actual<'a>>, &'a str> {
    let seen = view.seen();
    let llm = seen.llm.as_ref();
    let number = |number: Option<u64>| number.map(|number| json(Value::from(number)));
    let float = |number: Option<f64>| number.and_then(Number::from_f64).map(|number| json(Value::Number(number)));
    Ok(match subject {
        Subject::Status => number(seen.status.map(u64::from)),
        Subject::Time(part) => time(*part, view, is_about_presence).map(Actual::Time),
        Subject::Tls(part) => seen.tls.as_ref().map(|tls| tls_part(tls, *part)),
        Subject::Header(name) => seen.header(name).map(Actual::Text),
        Subject::Cookie(name) => seen.cookie(name).map(|value| Actual::Text(value.into())),
        Subject::Json(query) => match query.find(view.json()?) {
            Found::Nothing => None,
            Found::One(value) => Some(Actual::Json(Cow::Borrowed(value))),
            Found::Several(values) => Some(Actual::Several(values)),
        },
        Subject::Body => Some(Actual::Body { text: view.text(), is_cut: seen.is_cut }),
        Subject::Size => Some(Actual::Size(seen.size)),
        Subject::TokensIn => number(llm.and_then(|llm| llm.tokens_in)),
        Subject::TokensOut => number(llm.and_then(|llm| llm.tokens_out)),
        Subject::Cost => float(llm.and_then(|llm| llm.cost)),
        Subject::Similarity => float(llm.and_then(|llm| llm.similarity)),
    })
}

fn json<'a>(value: Value) -> Actual<'a> {
    Actual::Json(Cow::Owned(value))
}

/// How long a part took. What there was none of, since the connection stood, took no time,
/// unless it is asked whether there was any.
fn time(part: Part, view: &View, is_about_presence: bool) -> Option<Duration> {
    let phases = &view.seen().phases;
    let none = phases.total.filter(|_| !is_about_presence).map(|_| Duration::ZERO);
    let or_none = |time: Option<Duration>| time.or(none);
    match part {
        Part::Dns => or_none(phases.dns),
        Part::Connect => or_none(phases.connect),
        Part::Tls => or_none(phases.tls),
        Part::Ttfb => phases.ttfb,
        Part::Total => phases.total,
        Part::FirstToken => view.seen().llm.as_ref().and_then(|llm| llm.first_token),
    }
}

fn tls_part(tls: &TlsSeen, part: TlsPart) -> Actual<'_> {
    match part {
        TlsPart::DaysLeft => json(Value::from(tls.days_left)),
        TlsPart::Chain => json(Value::from(tls.chain)),
        TlsPart::Subject => Actual::Text(tls.subject.as_str().into()),
        TlsPart::Issuer => Actual::Text(tls.issuer.as_str().into()),
        TlsPart::Version => Actual::Text(tls.version.as_str().into()),
        TlsPart::Names => json(Value::from(tls.names.clone())),
    }
}

/// Whether there is something: an empty body is none.
fn is_there(actual: &Actual) -> bool {
    !matches!(actual, Actual::Body { text: "", .. } | Actual::Size(0))
}

/// What is said of something that there is none of.
fn missing(subject: &Subject) -> String {
    match subject {
        Subject::Status => "the answer has no status".to_owned(),
        Subject::Time(_) => format!("{subject} was not measured"),
        Subject::Tls(_) => "there was no TLS".to_owned(),
        Subject::Header(name) => format!("there is no header {}", clean(name, 80)),
        Subject::Cookie(name) => format!("there is no cookie {}", clean(name, 80)),
        Subject::Json(query) => format!("there is nothing at {}", clean(query.as_str(), 120)),
        Subject::Body | Subject::Size => "there is no body".to_owned(),
        Subject::TokensIn | Subject::TokensOut | Subject::Cost | Subject::Similarity => format!("{subject} is not known"),
    }
}

fn compare(actual: &Actual, relation: Relation, literal: &Literal) -> Result<(), Wrong> {
    let ordering = match (actual, literal) {
        (Actual::Body { text, is_cut: true }, Literal::Text(wanted)) if wanted.starts_with(text) => return Err(cut(text)),
        (Actual::Time(time), Literal::Time(wanted)) => Some(time.cmp(wanted)),
        (Actual::Size(size), Literal::Size(wanted)) => Some(size.cmp(wanted)),
        (Actual::Size(size), Literal::Number(wanted)) => order(&Number::from(*size), wanted),
        (Actual::Text(text), Literal::Text(wanted)) => Some(text.as_ref().cmp(wanted)),
        (Actual::Body { text, .. }, Literal::Text(wanted)) => Some((*text).cmp(wanted.as_str())),
        (Actual::Json(value), literal) => match (value.as_ref(), literal) {
            (Value::Number(number), Literal::Number(wanted)) => order(number, wanted),
            (Value::String(text), Literal::Text(wanted)) => Some(text.as_str().cmp(wanted)),
            (value, literal) if is_comparable(value, literal) => {
                // Of these there is no order, and none is asked for.
                Some(if equals(value, literal) { Ordering::Equal } else { Ordering::Less })
            }
            (value, literal) => return Err(differs(Some(value), literal)),
        },
        (Actual::Several(values), Literal::List(wanted)) => {
            let is_equal = values.len() == wanted.len() && values.iter().zip(wanted).all(|(value, wanted)| equals(value, wanted));
            Some(if is_equal { Ordering::Equal } else { Ordering::Less })
        }
        (Actual::Several(_), literal) => {
            let right = "a path that could find several values is a list: name one, as in `[0]`, or write `contains`";
            return Err(Wrong::Type(format!("{} is {}; {right}", shown(literal), spoken(literal))));
        }
        _ => return Err(differs(None, literal)),
    };
    let is_met = match relation {
        Relation::Equal => ordering == Some(Ordering::Equal),
        Relation::Unequal => ordering != Some(Ordering::Equal),
        Relation::Less => ordering == Some(Ordering::Less),
        Relation::AtMost => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        Relation::More => ordering == Some(Ordering::Greater),
        Relation::AtLeast => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
    };
    is_met.then_some(()).ok_or(Wrong::Seen)
}

fn contains(actual: &Actual, literal: &Literal, not: bool) -> Result<(), Wrong> {
    let is_in = match (actual, literal) {
        (Actual::Text(text), Literal::Text(wanted)) => text.contains(wanted),
        (Actual::Body { text, is_cut }, Literal::Text(wanted)) => {
            let is_in = text.contains(wanted);
            if *is_cut && !is_in {
                return Err(cut(text));
            }
            is_in
        }
        (Actual::Several(values), literal) => values.iter().any(|value| equals(value, literal)),
        (Actual::Json(value), literal) => match (value.as_ref(), literal) {
            (Value::String(text), Literal::Text(wanted)) => text.contains(wanted),
            (Value::Array(values), literal) => values.iter().any(|value| equals(value, literal)),
            (value @ Value::String(_), literal) => return Err(differs(Some(value), literal)),
            _ => return Err(Wrong::Type("`contains` looks into text and lists".to_owned())),
        },
        _ => return Err(differs(None, literal)),
    };
    (is_in != not).then_some(()).ok_or(Wrong::Seen)
}

fn matches(actual: &Actual, pattern: Option<&Pattern>, not: bool) -> Result<(), Wrong> {
    let Some(pattern) = pattern else {
        return Err(Wrong::Said("its variables were not filled in".to_owned()));
    };
    let (text, is_cut) = match actual {
        Actual::Text(text) => (text.as_ref(), false),
        Actual::Body { text, is_cut } => (*text, *is_cut),
        Actual::Json(Cow::Borrowed(Value::String(text))) => (text.as_str(), false),
        Actual::Json(_) | Actual::Time(_) | Actual::Size(_) | Actual::Several(_) => {
            return Err(Wrong::Type("`matches` looks at text".to_owned()));
        }
    };
    let is_match = pattern.is_in(text);
    if is_cut || text.len() > pattern::TEXT_MAX {
        // A match that ends with what is known of the text may be none in all of it.
        let is_about_end = ["$", "\\b", "\\B", "\\z", "\\>"].iter().any(|end| pattern.as_str().contains(end));
        if !is_match || is_about_end {
            return Err(cut(beginning(text, pattern::TEXT_MAX)));
        }
    }
    (is_match != not).then_some(()).ok_or(Wrong::Seen)
}

fn is_in(actual: &Actual, members: &[Literal], not: bool) -> Result<(), Wrong> {
    let mut last = None;
    let mut n_comparable = 0;
    for member in members {
        match compare(actual, Relation::Equal, member) {
            Ok(()) if not => return Err(Wrong::Seen),
            Ok(()) => return Ok(()),
            Err(Wrong::Seen) => n_comparable += 1,
            Err(other) => last = Some(other),
        }
    }
    match last {
        Some(wrong) if n_comparable == 0 => Err(wrong),
        _ if not => Ok(()),
        _ => Err(Wrong::Seen),
    }
}

/// What is said of a text of which only the beginning is known.
fn cut(text: &str) -> Wrong {
    Wrong::Said(format!("the body is known only to its first {} bytes, in which that cannot be said", text.len()))
}

/// What is said of a literal whose type is another than that of what was seen.
fn differs(value: Option<&Value>, literal: &Literal) -> Wrong {
    let right = match (value, literal) {
        (Some(Value::String(_)), Literal::Number(_) | Literal::Bool(_)) => format!("; write `\"{literal}\"` if it must be text"),
        (Some(Value::Number(_)), Literal::Text(text)) if serde_json::from_str::<Number>(text).is_ok() => {
            format!("; write `{text}` if it must be a number")
        }
        (Some(Value::Bool(_)), Literal::Text(text)) if matches!(text.as_str(), "true" | "false") => {
            format!("; write `{text}` without quotes")
        }
        (Some(Value::Array(_)), Literal::Text(_) | Literal::Number(_)) => "; write `contains` for one of its members".to_owned(),
        _ => String::new(),
    };
    Wrong::Type(format!("{} is {}{right}", shown(literal), spoken(literal)))
}

/// Whether a value may be compared with a literal: if both are of one type, or the literal
/// is `null`.
fn is_comparable(value: &Value, literal: &Literal) -> bool {
    matches!(
        (value, literal),
        (_, Literal::Null)
            | (Value::Bool(_), Literal::Bool(_))
            | (Value::Number(_), Literal::Number(_))
            | (Value::String(_), Literal::Text(_))
            | (Value::Array(_), Literal::List(_))
    )
}

fn equals(value: &Value, literal: &Literal) -> bool {
    match (value, literal) {
        (Value::Null, Literal::Null) => true,
        (Value::Bool(value), Literal::Bool(literal)) => value == literal,
        (Value::Number(value), Literal::Number(literal)) => order(value, literal) == Some(Ordering::Equal),
        (Value::String(value), Literal::Text(literal)) => value == literal,
        (Value::Array(values), Literal::List(literals)) => {
            values.len() == literals.len() && values.iter().zip(literals).all(|(value, literal)| equals(value, literal))
        }
        _ => false,
    }
}

/// How two numbers are ordered: exactly if both are whole.
fn order(a: &Number, b: &Number) -> Option<Ordering> {
    let whole = |number: &Number| number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// What was seen, as a message shows it; with its type, if that is not known from the subject.
fn show(actual: &Actual, is_typed: bool, secrets: &Secrets) -> String {
    match actual {
        Actual::Time(time) => unit::measured(*time),
        Actual::Size(size) => format!("{size} bytes"),
        Actual::Text(text) => text_shown(text, secrets),
        Actual::Body { text: "", .. } => "empty".to_owned(),
        Actual::Body { text, .. } => text_shown(text, secrets),
        Actual::Json(value) => match value.as_ref() {
            Value::Null => "null".to_owned(),
            Value::Bool(is_true) => is_true.to_string(),
            Value::Number(number) if is_typed => format!("number {number}"),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text_shown(text, secrets),
            Value::Array(values) => format!("a list of {}: {}", values.len(), json_shown(value, secrets)),
            Value::Object(_) => format!("an object: {}", json_shown(value, secrets)),
        },
        Actual::Several(values) => {
            let mut text = format!("a list of {}: ", values.len());
            let n_shown = values.len().min(10);
            for value in &values[..n_shown] {
                let _ = write!(text, "{} ", json_shown(value, secrets));
            }
            shorten(text.trim_end(), SHOWN_MAX)
        }
    }
}

fn text_shown(text: &str, secrets: &Secrets) -> String {
    let shown = masked(text, secrets);
    let rest = if shown.chars().count() > SHOWN_MAX { format!(" ({} bytes)", text.len()) } else { String::new() };
    format!("text \"{}\"{rest}", shorten(&shown, SHOWN_MAX))
}

/// The beginning of a text on one line, masked.
fn masked(text: &str, secrets: &Secrets) -> String {
    let read = beginning(text, READ_MAX);
    let masked = if read.len() < text.len() { secrets.mask_beginning(read) } else { secrets.mask(read) };
    secrets.mask(&clean(&masked, READ_MAX))
}

fn json_shown(value: &Value, secrets: &Secrets) -> String {
    let mut written = Bounded(Vec::new());
    let is_whole = serde_json::to_writer(&mut written, value).is_ok();
    let text = String::from_utf8_lossy(&written.0);
    let masked = if is_whole { secrets.mask(&text) } else { secrets.mask_beginning(&text) };
    shorten(&secrets.mask(&clean(&masked, READ_MAX)), SHOWN_MAX)
}

/// Takes the first bytes of what is written, and refuses more.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n_free = READ_MAX - self.0.len();
        if n_free == 0 {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.write(&bytes[..bytes.len().min(n_free)])
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
