//! Values of the file that may be written in more than one way.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::RegionsSource;
use crate::policy::source::labels::Text;

/// What is done with a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectsSource {
    /// It is followed, and so are some after it.
    Follow,
    /// It is the answer.
    Stay,
    /// It is followed, at most so often.
    AtMost(u64),
}

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpVersionSource {
    /// `1.1`.
    Http1,
    /// `2`.
    Http2,
}

/// An expectation as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence(pub String);

/// A value, or several under the same name; numbers and truth values need no quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(pub Vec<String>);

/// Where flows are run, which people write as a list without its key.
pub(super) fn regions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RegionsSource, D::Error> {
    struct Mapping;
    impl<'de> Visitor<'de> for Mapping {
        type Value = RegionsSource;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a mapping: `{run: [eu-west-1, us-east-1], quorum: 2}`")
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<RegionsSource, A::Error> {
            RegionsSource::deserialize(MapAccessDeserializer::new(members))
        }
    }
    deserializer.deserialize_any(Mapping)
}

impl<'de> Deserialize<'de> for RedirectsSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RedirectsSource, D::Error> {
        struct Word;
        impl Visitor<'_> for Word {
            type Value = RedirectsSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`follow`, `stay`, or the most that are followed, such as 3")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RedirectsSource, E> {
                match text {
                    "follow" => Ok(RedirectsSource::Follow),
                    "stay" => Ok(RedirectsSource::Stay),
                    other => Err(E::unknown_variant(other, &["follow", "stay"])),
                }
            }

            fn visit_u64<E: Error>(self, n: u64) -> Result<RedirectsSource, E> {
                Ok(RedirectsSource::AtMost(n))
            }
        }
        deserializer.deserialize_any(Word)
    }
}

impl<'de> Deserialize<'de> for HttpVersionSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<HttpVersionSource, D::Error> {
        struct Version;
        impl Visitor<'_> for Version {
            type Value = HttpVersionSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("1.1 or 2")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<HttpVersionSource, E> {
                match text {
                    "1.1" => Ok(HttpVersionSource::Http1),
                    "2" => Ok(HttpVersionSource::Http2),
                    other => Err(E::unknown_variant(other, &["1.1", "2"])),
                }
            }

            fn visit_u64<E: Error>(self, n: u64) -> Result<HttpVersionSource, E> {
                self.visit_str(&n.to_string())
            }

            fn visit_f64<E: Error>(self, n: f64) -> Result<HttpVersionSource, E> {
                self.visit_str(&n.to_string())
            }
        }
        deserializer.deserialize_any(Version)
    }
}

impl<'de> Deserialize<'de> for Sentence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sentence, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Sentence;

            // A colon with a space makes a mapping of it, a bracket in a list in brackets
            // a list.
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an expectation such as status == 201, in quotes where it has a colon, a comma or brackets")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Sentence, E> {
                Ok(Sentence(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Words)
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Values, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Values, E> {
                Ok(Values(vec![text.to_owned()]))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Values, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Values, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Values, E> {
                self.visit_str(&value.to_string())
            }

            // How it was written is not known any more: 1.10 would become 1.1.
            fn visit_f64<E: Error>(self, _: f64) -> Result<Values, E> {
                Err(E::custom("write this number in quotes, exactly as it is to be sent"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(Text(value)) = list.next_element()? {
                    values.push(value);
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}
