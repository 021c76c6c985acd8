//! What is kept of an answer, for the steps after?
//!
//! | Where | What it finds |
//! |---|---|
//! | `json: $.id` | a value by a path of RFC 9535; text as it is, anything else as JSON |
//! | `header: location` | the value of a header field |
//! | `cookie: session` | the value of a cookie |
//! | `regex: id=(\d+)` | the first group of the first match in the body, or the whole match |
//! | `css: input[name=csrf]` | an attribute of the first element that is selected, or its text |

mod css;

use std::borrow::Cow;

use serde_json::Value;

pub use self::css::Css;
use super::pattern::{self, Pattern};
use super::query::{Found, Query};
use super::seen::{Seen, View};

/// Longest value that is kept, in bytes. A longer one is refused: half of a token is none.
pub const VALUE_MAX: usize = 16 << 10;

/// A value that is kept under a name.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The variable.
    pub name: String,
    /// Whether nobody may read it.
    pub is_secret: bool,
    /// Where it is found.
    pub from: From,
}

/// Where a value is found.
#[derive(Debug, Clone, PartialEq)]
pub enum From {
    /// In a header field, by name.
    Header(String),
    /// In a cookie, by name.
    Cookie(String),
    /// In the body as JSON, by path.
    Json(Query),
    /// In the body as text: the first group of the first match, or the whole match.
    Regex(Pattern),
    /// In the body as HTML.
    Css(Css),
}

impl From {
    /// The value of a header field.
    ///
    /// # Errors
    /// If no field can have this name.
    pub fn header(name: &str) -> Result<From, String> {
        if is_token(name) {
            Ok(From::Header(name.to_owned()))
        } else {
            Err(format!("`{}` is no name of a header field; letters, digits and `-` make one", crate::text::clean(name, 80)))
        }
    }

    /// The value of a cookie.
    ///
    /// # Errors
    /// If no cookie can have this name.
    pub fn cookie(name: &str) -> Result<From, String> {
        if is_token(name) {
            Ok(From::Cookie(name.to_owned()))
        } else {
            Err(format!("`{}` is no name of a cookie; letters, digits, `-` and `_` make one", crate::text::clean(name, 80)))
        }
    }

    /// A value of the body as JSON, by a path of RFC 9535.
    ///
    /// # Errors
    /// What is wrong with the path.
    pub fn json(path: &str) -> Result<From, String> {
        Query::parse(path).map(From::Json)
    }

    /// The first group of the first match in the body, or the whole match.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn regex(source: &str) -> Result<From, String> {
        Pattern::parse(source).map(From::Regex)
    }

    /// An attribute, or the text, of the first element of the body that is selected.
    ///
    /// # Errors
    /// What is wrong with the selector or the attribute's name.
    pub fn css(selector: &str, attribute: Option<&str>) -> Result<From, String> {
        Css::parse(selector, attribute).map(From::Css)
    }
}

impl Capture {
    /// The value.
    ///
    /// # Errors
    /// Why there is none.
    pub fn take(&self, seen: &Seen) -> Result<String, String> {
        self.take_of(&View::of(seen))
    }

    /// The value, of a step of which other values are asked, too.
    ///
    /// # Errors
    /// Why there is none.
    pub fn take_of(&self, view: &View) -> Result<String, String> {
        let value = match &self.from {
            From::Header(name) => {
                view.seen().header(name).map(Cow::into_owned).ok_or_else(|| format!("there is no header {name}"))
            }
            From::Cookie(name) => view.seen().cookie(name).map(str::to_owned).ok_or_else(|| format!("there is no cookie {name}")),
            From::Json(query) => json(query, view),
            From::Regex(pattern) => regex(pattern, view.text()),
            From::Css(css) => css.take(view.text()),
        };
        match value {
            Ok(value) if value.len() > VALUE_MAX => Err(format!(
                "nothing was captured as `{}`: the value has {} bytes, and {VALUE_MAX} are the most",
                self.name,
                value.len()
            )),
            Ok(value) => Ok(value),
            Err(why) => Err(format!("nothing was captured as `{}`: {why}", self.name)),
        }
    }
}

fn json(query: &Query, view: &View) -> Result<String, String> {
    match query.find(view.json()?) {
        Found::Nothing => Err(format!("there is nothing at {query}")),
        Found::One(Value::String(text)) => Ok(text.clone()),
        Found::One(value) => Ok(value.to_string()),
        Found::Several(found) => match found.as_slice() {
            [Value::String(text)] => Ok(text.clone()),
            [value] => Ok(value.to_string()),
            several => Err(format!("{query} finds {} values; name one, as in `[0]`", several.len())),
        },
    }
}

fn regex(pattern: &Pattern, text: &str) -> Result<String, String> {
    pattern.first(text).map(str::to_owned).ok_or_else(|| {
        let far =
            if text.len() > pattern::TEXT_MAX { format!(" in its first {} KiB", pattern::TEXT_MAX >> 10) } else { String::new() };
        format!("the body does not match `{}`{far}", crate::text::clean(pattern.as_str(), 120))
    })
}

/// Whether it is a token of RFC 9110, as names of fields and cookies are.
pub(super) fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests;
