//! Which element of a page? CSS selectors.

use std::fmt;

use scraper::{Html, Selector};

use super::super::pattern::beginning;
use crate::text::clean;

/// Longest selector, in bytes.
const SELECTOR_MAX: usize = 256;
/// How much of a page is read, in bytes.
const PAGE_MAX: usize = 256 << 10;
/// How many tags of a page are read. Each may have to look through all that are open, so
/// that a page of nothing but beginnings costs the square of their number: with so many,
/// about a second.
const TAGS_MAX: usize = 10_000;

/// An element of a page, and what of it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Css {
    text: String,
    selector: Selector,
    attribute: Option<String>,
}

impl Css {
    /// Reads a selector, for an attribute of the element or for its text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(selector: &str, attribute: Option<&str>) -> Result<Css, String> {
        let shown = clean(selector, 80);
        if selector.len() > SELECTOR_MAX {
            return Err(format!("the selector `{shown}` is longer than {SELECTOR_MAX} bytes"));
        }
        if let Some(name) = attribute
            && (name.is_empty() || name.contains(|ch: char| ch.is_whitespace() || ch.is_control() || "\"'>/=".contains(ch)))
        {
            return Err(format!("`{}` is no name of an attribute; `value`, `href` and `content` are", clean(name, 40)));
        }
        let parsed = Selector::parse(selector)
            .map_err(|_| format!("`{shown}` is no CSS selector; write for instance `form input[name=csrf]` or `#total`"))?;
        let attribute = attribute.map(str::to_ascii_lowercase);
        Ok(Css { text: selector.to_owned(), selector: parsed, attribute })
    }

    /// The selector as it was written.
    pub fn selector(&self) -> &str {
        &self.text
    }

    /// The attribute that is meant; the element's text if there is none.
    pub fn attribute(&self) -> Option<&str> {
        self.attribute.as_deref()
    }

    /// What it finds in a page: of the first element that is selected.
    pub(super) fn take(&self, page: &str) -> Result<String, String> {
        let read = readable(page);
        let html = Html::parse_document(read);
        let Some(element) = html.select(&self.selector).next() else {
            let is_cut = read.len() < page.len();
            let far = if is_cut { format!(" in the first {} bytes of the body", read.len()) } else { " in the body".to_owned() };
            return Err(format!("no element `{}`{far}", clean(&self.text, 120)));
        };
        match &self.attribute {
            None => Ok(element.text().collect::<String>().trim().to_owned()),
            Some(name) => element.attr(name).map(str::to_owned).ok_or_else(|| {
                format!(
                    "`{}` is a <{}> without the attribute `{name}`",
                    clean(&self.text, 120),
                    clean(element.value().name(), 40)
                )
            }),
        }
    }
}

/// The beginning of a page that is read.
fn readable(page: &str) -> &str {
    let page = beginning(page, PAGE_MAX);
    page.match_indices('<').nth(TAGS_MAX).map_or(page, |(end, _)| &page[..end])
}

impl fmt::Display for Css {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.attribute {
            None => f.write_str(&self.text),
            Some(attribute) => write!(f, "{} @{attribute}", self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_page_only_so_much_is_read() {
        assert_eq!(readable("<p>all</p>"), "<p>all</p>");
        assert_eq!(readable(&"é".repeat(PAGE_MAX)).len(), PAGE_MAX);
        assert_eq!(readable(&"<p>".repeat(TAGS_MAX + 1)).len(), 3 * TAGS_MAX);
    }
}
