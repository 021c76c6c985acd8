//! What a person types: read strictly, and refused with what would be right.

use std::str::FromStr;

use domain::matcher::{Matcher, MatcherError};
use domain::span::Span;
use domain::text::clean;
use jiff::Timestamp;

/// The longest that a silence may hold. What nobody wants to hear for longer
/// should be an alarm no more.
const LENGTH_MAX: Span = Span::days(90);
/// Characters of a reason.
const REASON_MAX: usize = 200;
/// Characters of a person's name.
const NAME_MAX: usize = 60;

/// Conditions on labels, checked and as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matchers(pub(crate) Vec<String>);

/// Reads matchers: one that was misread would keep back the wrong alerts.
pub(crate) fn matchers(text: &str) -> Result<Matchers, String> {
    let list = Matcher::parse_list(text).map_err(|error| with_example(&error))?;
    if list.is_empty() {
        return Err("it says nothing; to cover every alert, write 'alertname=~\".+\"'".to_owned());
    }
    for matcher in &list {
        matcher.check().map_err(|error| with_example(&error))?;
    }
    Ok(Matchers(list.iter().map(Matcher::to_string).collect()))
}

fn with_example(error: &MatcherError) -> String {
    match error {
        MatcherError::Shape(_) | MatcherError::Otherwise { .. } => error.to_string(),
        MatcherError::Name(_) => format!("{error}: service=\"api\" for instance"),
        MatcherError::Quotes(_) => format!("{error}; write for instance 'service=\"api\"', quoted once more for the shell"),
        MatcherError::Regex { .. } => {
            format!("{error}; write for instance 'alertname=~\"api-.*\"', or with = what is to be taken literally")
        }
    }
}

/// Reads how long a silence is to hold.
pub(crate) fn length(text: &str) -> Result<Span, String> {
    let length: Span = text.parse().map_err(|error: domain::span::SpanError| error.to_string())?;
    if length < Span::seconds(1) || length > LENGTH_MAX {
        return Err(format!("it must be between 1s and {LENGTH_MAX}"));
    }
    Ok(length)
}

/// Reads a moment; without a zone it would be another one for everybody.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        "it is not a moment with its zone; write for instance 2026-12-05T20:00Z or 2026-12-05T20:00+01:00".to_owned()
    })
}

/// Why something is done; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason(pub(crate) String);

impl FromStr for Reason {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Reason, Self::Err> {
        match clean(text, REASON_MAX) {
            empty if empty.is_empty() => Err("say why in a few words: others will wonder"),
            reason => Ok(Reason(reason)),
        }
    }
}

/// A person's name; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(pub(crate) String);

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Name, Self::Err> {
        match clean(text, NAME_MAX) {
            empty if empty.is_empty() => Err("it holds no name"),
            name => Ok(Name(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_are_stored_as_they_are_shown() {
        let read = matchers(r#"{service=batch, priority=~"P3|P4"}"#);
        assert_eq!(read, Ok(Matchers(vec![r#"service="batch""#.to_owned(), r#"priority=~"P3|P4""#.to_owned()])));
    }

    #[test]
    fn a_matcher_that_is_not_right_is_told_with_one_that_is() {
        for text in ["service", "=api", "1a=b", "a=\"b", "a=~\"(\"", ""] {
            let error = matchers(text).unwrap_err();
            assert!(error.contains("=\"") || error.contains("=~\""), "{text}: {error}");
        }
    }

    #[test]
    fn a_silence_has_a_length() {
        assert_eq!(length("2h"), Ok(Span::hours(2)));
        for (text, wanted) in [("0", "between 1s and 90d"), ("1ms", "between"), ("91d", "between"), ("2", "30s, 5m, 1h30m")] {
            let error = length(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }

    #[test]
    fn a_moment_has_a_zone() {
        for (text, wanted) in [("2026-12-05T20:00Z", "2026-12-05T20:00:00Z"), ("2026-12-05T20:00+01:00", "2026-12-05T19:00:00Z")]
        {
            assert_eq!(moment(text).unwrap().to_string(), wanted);
        }
        for text in ["tomorrow", "2026-12-05T20:00", "20:00Z"] {
            assert!(moment(text).unwrap_err().contains("2026-12-05T20:00Z"), "{text}");
        }
    }
}
