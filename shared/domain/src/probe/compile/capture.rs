//! What is kept of an answer?

use super::Reader;
use super::secrets::is_name;
use super::step::is_http;
use crate::probe::capture::{Capture, From};
use crate::probe::source::{CaptureSource, StepSource};

/// Most captures of a step.
const CAPTURES_MAX: usize = 20;
/// Names that belong to the prober.
const RESERVED: [&str; 2] = ["secret", "run"];

impl Reader<'_> {
    pub(super) fn captures(&mut self, step: &StepSource, verb: Option<&str>, path: &str) -> Vec<Capture> {
        let path = format!("{path}.capture");
        self.at_most(step.capture.len(), CAPTURES_MAX, "captures", &path);
        let mut captures = Vec::new();
        for (name, source) in &step.capture {
            let path = format!("{path}.{name}");
            if !is_name(name) {
                self.problem(&path, format!("`{name}` is not a name; write letters, digits, `-` and `_`, 1 to 64 of them"));
            } else if RESERVED.contains(&name.as_str()) {
                self.problem(&path, format!("`${{{name}.…}}` is the prober's own; write another name"));
            }
            if let Some(from) = self.place(source, verb, &path) {
                captures.push(Capture { name: name.clone(), is_secret: source.secret, from });
            }
        }
        captures
    }

    /// Where a value is found; none if that is not said, or cannot be read.
    fn place(&mut self, source: &CaptureSource, verb: Option<&str>, path: &str) -> Option<From> {
        let places = [
            ("json", &source.json),
            ("header", &source.header),
            ("cookie", &source.cookie),
            ("regex", &source.regex),
            ("css", &source.css),
        ];
        let mut given = places.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?)));
        let Some((key, text)) = given.next() else {
            self.problem(
                path,
                "say where the value is found; write one of json, header, cookie, regex, css, such as `{json: $.id}`",
            );
            return None;
        };
        for (other, _) in given {
            self.problem(format!("{path}.{other}"), format!("a value is found in one place, and there is `{key}` already"));
        }
        if source.attribute.is_some() && key != "css" {
            self.problem(format!("{path}.attribute"), "only what `css` finds has attributes; take it out");
        }
        let has_headers = verb.is_none_or(|verb| is_http(verb) || verb == "websocket");
        if matches!(key, "header" | "cookie") && !has_headers {
            let verb = verb.unwrap_or_default();
            self.problem(
                format!("{path}.{key}"),
                format!("an answer to `{verb}` has no {key}; `json` and `regex` look at what it says"),
            );
        }
        let place = format!("{path}.{key}");
        if text.trim().is_empty() {
            self.problem(place, format!("`{key}` is empty; say what to look for"));
            return None;
        }
        self.noted(from(key, text, source.attribute.as_deref()), &place)
    }
}

/// Reads where a value is found.
fn from(key: &str, text: &str, attribute: Option<&str>) -> Result<From, String> {
    match key {
        "json" => From::json(text),
        "header" => From::header(text),
        "cookie" => From::cookie(text),
        "regex" => From::regex(text),
        _ => From::css(text, attribute),
    }
}
