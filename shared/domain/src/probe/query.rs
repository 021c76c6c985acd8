//! Where in a JSON document? Paths of RFC 9535, bounded in what they can cost.
//!
//! A path is written by whoever watches, but what it is asked of comes from outside: a
//! body of brackets in which every level is searched anew for each level above it would
//! take more memory than a function has. So a path searches a whole document once at most.
//! The functions `match` and `search` in filters are refused: there are expectations for
//! that.

use std::fmt;

use serde_json::Value;
use serde_json_path::JsonPath;

/// Longest path, in bytes.
const PATH_MAX: usize = 512;

/// A path of RFC 9535.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    text: String,
    path: JsonPath,
    is_singular: bool,
}

/// What a path finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Found<'a> {
    /// Nothing.
    Nothing,
    /// What a path names that can name one value only.
    One(&'a Value),
    /// All that a path finds that could find several: perhaps one.
    Several(Vec<&'a Value>),
}

impl Query {
    /// Reads a path: `$.items[0].id`.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Query, String> {
        let shown = crate::text::clean(text, 80);
        if text.len() > PATH_MAX {
            return Err(format!("the path `{shown}` is longer than {PATH_MAX} bytes"));
        }
        if !text.starts_with('$') {
            return Err(format!("`{shown}` is no JSON path: it begins with `$`, as in `$.id` or `$['first name']`"));
        }
        let bare = outside_quotes(text);
        if bare.matches("..").count() > 1 {
            return Err(format!("`{shown}` searches the document more than once; one `..` is the most"));
        }
        if bare.matches('?').count() > 2 {
            return Err(format!("`{shown}` has more than two filters"));
        }
        if let Some(at) = bare.find('?')
            && let Some(root) = bare[at..].find('$')
            && bare[at + root..].contains(['*', '?', ':'])
        {
            return Err(format!(
                "`{shown}` searches the whole document for each candidate of its filter; `$` in a filter names one value"
            ));
        }
        if bare.matches(',').count() > 8 || bare.matches('(').count() > 8 {
            return Err(format!("`{shown}` has more than eight commas or brackets `(`"));
        }
        if bare.contains("match(") || bare.contains("search(") {
            return Err(format!("`{shown}` uses `match` or `search`; find the value, and expect that it `matches`"));
        }
        let path = JsonPath::parse(text).map_err(|err| {
            format!(
                "`{shown}` is no JSON path (RFC 9535): {} at character {}",
                crate::text::clean(err.message(), 80),
                err.position()
            )
        })?;
        Ok(Query { text: text.to_owned(), path, is_singular: is_singular(&bare) })
    }

    /// What it finds in a document.
    pub fn find<'a>(&self, document: &'a Value) -> Found<'a> {
        let found = self.path.query(document).all();
        match (self.is_singular, found.as_slice()) {
            (_, []) => Found::Nothing,
            (true, [one, ..]) => Found::One(one),
            (false, _) => Found::Several(found),
        }
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it can name one value only.
    pub fn is_singular(&self) -> bool {
        self.is_singular
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The path with every quoted name as `''`.
fn outside_quotes(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(ch) = chars.next() {
        match quote {
            Some(_) if ch == '\\' => {
                chars.next();
            }
            Some(open) if ch == open => {
                quote = None;
                bare.push('\'');
            }
            Some(_) => {}
            None if matches!(ch, '\'' | '"') => {
                quote = Some(ch);
                bare.push('\'');
            }
            None => bare.push(ch),
        }
    }
    bare
}

/// Whether a path whose quoted names are empty names one value at most: names and single
/// indexes only (RFC 9535, section 2.3.5.1).
fn is_singular(bare: &str) -> bool {
    !bare.contains("..") && !bare.contains(['*', '?', ':', ','])
}
