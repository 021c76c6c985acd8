//! What is asked? A line read strictly, and refused with what would be right.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use domain::labels::Labels;
use domain::policy::unknown;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The requests by name, each with one that is right.
const EXAMPLES: [(&str, &str); 6] = [
    ("route", r#"{"route":{"labels":{"team":"api"}}}"#),
    ("interval", r#"{"interval":{"name":"night","at":"2026-03-29T01:30:00Z"}}"#),
    ("inhibit", r#"{"inhibit":{"labels":{"team":"api"},"firing":[{"team":"database"}]}}"#),
    ("classify", r#"{"classify":{"event":{"AlarmName":"cpu"},"at":"2026-03-29T01:30:00Z"}}"#),
    ("oncall", r#"{"oncall":{"schedule":"primary","at":"2026-03-29T01:30:00Z"}}"#),
    ("timeline", r#"{"timeline":{"labels":{"alertname":"cpu"},"at":"2026-03-29T01:30:00Z"}}"#),
];

/// Labels for which there is room at once.
const LABELS: usize = 16;

/// A request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Question<'q> {
    /// Which routes do labels lead to?
    #[serde(borrow)]
    Route(RouteQuestion<'q>),
    /// Does a moment lie in a time interval?
    #[serde(borrow)]
    Interval(IntervalQuestion<'q>),
    /// Is an alert held back by others?
    Inhibit(InhibitQuestion),
    /// What is an event about?
    #[serde(borrow)]
    Classify(ClassifyQuestion<'q>),
    /// Who is on call?
    #[serde(borrow)]
    Oncall(OncallQuestion<'q>),
    /// Who is told when?
    Timeline(TimelineQuestion),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct RouteQuestion<'q> {
    #[serde(borrow)]
    pub(super) labels: Raw<'q>,
}

/// Labels as they stand in the line, so that a request about them copies nothing.
#[derive(Debug)]
pub(super) struct Raw<'q>(Vec<(Cow<'q, str>, Cow<'q, str>)>);

impl Raw<'_> {
    /// The value of `name`; of one that comes twice it is the last.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.as_ref())
    }
}

impl<'de: 'q, 'q> Deserialize<'de> for Raw<'q> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw<'q>, D::Error> {
        struct Pairs<'q>(PhantomData<Raw<'q>>);
        impl<'de: 'q, 'q> Visitor<'de> for Pairs<'q> {
            type Value = Raw<'q>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'q>, A::Error> {
                let mut labels = Vec::with_capacity(LABELS);
                while let Some((Text(name), Text(value))) = map.next_entry()? {
                    labels.push((name, value));
                }
                Ok(Raw(labels))
            }
        }
        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

/// Text as it stands in the line, unless it is written with escapes.
struct Text<'q>(Cow<'q, str>);

impl<'de: 'q, 'q> Deserialize<'de> for Text<'q> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'q>, D::Error> {
        struct Either<'q>(PhantomData<Text<'q>>);
        impl<'de: 'q, 'q> Visitor<'de> for Either<'q> {
            type Value = Text<'q>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Text<'q>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text<'q>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Either(PhantomData))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct IntervalQuestion<'q> {
    #[serde(borrow)]
    pub(super) name: Cow<'q, str>,
    #[serde(deserialize_with = "moment")]
    pub(super) at: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct InhibitQuestion {
    pub(super) labels: Labels,
    pub(super) firing: Vec<Labels>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct ClassifyQuestion<'q> {
    /// As it was written: whatever is in it is for the intake to judge.
    #[serde(borrow)]
    pub(super) event: &'q RawValue,
    #[serde(default, deserialize_with = "some_moment")]
    pub(super) at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct OncallQuestion<'q> {
    #[serde(borrow)]
    pub(super) schedule: Cow<'q, str>,
    #[serde(deserialize_with = "moment")]
    pub(super) at: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct TimelineQuestion {
    pub(super) labels: Labels,
    #[serde(deserialize_with = "moment")]
    pub(super) at: Timestamp,
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        let short: String = text.chars().take(40).collect();
        D::Error::custom(format!("`{short}` is not a moment with its zone"))
    })
}

fn some_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    moment(deserializer).map(Some)
}

/// Reads a line.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub(super) fn read(line: &[u8]) -> Result<Question<'_>, String> {
    match serde_json::from_slice(line) {
        Ok(question) if asks_with_an_object(line) => Ok(question),
        Ok(_) => Err(complaint(line, &serde_json::Error::custom("what is asked about stands in an object"))),
        Err(error) => Err(complaint(line, &error)),
    }
}

/// Whether what follows the name of a request is an object: a list of the values in
/// their order would be read as well.
fn asks_with_an_object(line: &[u8]) -> bool {
    let after = line.iter().position(|byte| *byte == b':').map_or(line, |colon| &line[colon + 1..]);
    after.trim_ascii_start().starts_with(b"{")
}

/// Why a line is no request, for who wrote it.
fn complaint(line: &[u8], error: &serde_json::Error) -> String {
    let any = EXAMPLES[0].1;
    if line.trim_ascii().is_empty() {
        return format!("the line is empty; write one request on each, for instance {any}");
    }
    if let Err(error) = std::str::from_utf8(line) {
        return format!("the line is not UTF-8 from byte {} on", error.valid_up_to() + 1);
    }
    let raw: &RawValue = match serde_json::from_slice(line) {
        Ok(raw) => raw,
        Err(error) => return format!("the line is not JSON: {}; write for instance {any}", at_column(&error)),
    };
    let Ok(Pairs(pairs)) = serde_json::from_str(raw.get()) else {
        return format!("a request is an object; write for instance {any}");
    };
    match pairs.as_slice() {
        [] => format!("the object is empty; write for instance {any}"),
        [name] => match EXAMPLES.iter().find(|(known, _)| known == name) {
            Some((_, example)) => format!("{name}: {}; write for instance {example}", at_column(error)),
            None => unknown("request", name, EXAMPLES.iter().map(|(known, _)| *known)),
        },
        [first, second, ..] => {
            format!("the line has more than one request, `{first}` and `{second}`; write each on a line of its own")
        }
    }
}

/// An error of the one line that there is.
fn at_column(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line 1 column ") {
        Some((what, column)) => format!("{what} (column {column})"),
        None => text,
    }
}

/// The names in an object, in order, also one that comes twice.
struct Pairs(Vec<String>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Pairs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut names = Vec::new();
                while let Some((name, _)) = map.next_entry::<String, &RawValue>()? {
                    names.push(name.chars().take(40).collect());
                }
                Ok(Pairs(names))
            }
        }
        deserializer.deserialize_map(Names)
    }
}
