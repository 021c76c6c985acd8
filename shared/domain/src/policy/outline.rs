//! Where in the file does a path stand?
//!
//! Functions get the policy as JSON, so that none of them parses YAML. To name a
//! line all the same when `terraform apply` checks a policy, this reads as much of
//! YAML as places need: block mappings and sequences by their indentation, flow
//! style (`{a: b}`, JSON as well) by its brackets. What it does not understand is
//! found at whatever it stands in.

mod cursor;
mod flow;

use std::collections::BTreeMap;

use super::problem::Place;
use cursor::Cursor;

/// Deepest nesting whose places are kept. No policy is nested so deeply; a file
/// that is would need more memory for its paths than for itself.
const DEPTH_MAX: usize = 128;

/// A piece of one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    /// Where it begins.
    pub place: Place,
    /// What stands there; it goes no further than the line.
    pub text: String,
}

impl Mark {
    /// The column after its last character.
    pub fn end_column(&self) -> usize {
        self.place.column + self.text.chars().count()
    }
}

/// What is known of a path.
#[derive(Debug, Clone)]
struct Entry {
    /// Its key, or for an item of a sequence what it begins with.
    key: Mark,
    /// Its value, if that is on one line.
    value: Option<Mark>,
}

/// The keys and values of a YAML file with their places.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    /// By path, as in `route.routes[1].receiver`.
    entries: BTreeMap<String, Entry>,
}

/// A block mapping or sequence that is being read.
struct Level {
    indent: usize,
    path: String,
    n_items: usize,
}

impl Outline {
    /// Reads the outline of a file.
    pub fn of(text: &str) -> Outline {
        let mut reader = Reader { cursor: Cursor::new(text), levels: Vec::new(), outline: Outline::default() };
        while !reader.cursor.is_at_end() {
            reader.line();
            reader.cursor.skip_line();
        }
        reader.outline
    }

    /// The place of `path`'s key, or of the nearest thing above it; the first line
    /// and column for the file.
    pub fn place_of(&self, path: &str) -> Place {
        self.nearest(path).map_or_else(Place::default, |(_, entry)| entry.key.place)
    }

    /// The key of `path`, or of the nearest thing above it.
    pub fn key_of(&self, path: &str) -> Mark {
        self.nearest(path).map_or_else(Mark::default, |(_, entry)| entry.key.clone())
    }

    /// The value of `path` if it stands on one line; otherwise the key that holds it.
    pub fn value_of(&self, path: &str) -> Mark {
        match self.nearest(path) {
            Some((true, Entry { value: Some(value), .. })) => value.clone(),
            Some((_, entry)) => entry.key.clone(),
            None => Mark::default(),
        }
    }

    /// What is known of `path`, or of the nearest thing above it; and whether it is
    /// `path` itself.
    fn nearest(&self, path: &str) -> Option<(bool, &Entry)> {
        let mut above = path;
        loop {
            if let Some(entry) = self.entries.get(above) {
                return Some((above.len() == path.len(), entry));
            }
            above = &above[..above.rfind(['.', '['])?];
        }
    }

    /// Notes a key or an item; of two with one path, the first is meant.
    fn note(&mut self, path: &str, key: Mark, value: Option<Mark>) {
        self.entries.entry(path.to_owned()).or_insert(Entry { key, value });
    }

    fn note_value(&mut self, path: &str, value: Mark) {
        if let Some(entry) = self.entries.get_mut(path) {
            entry.value.get_or_insert(value);
        }
    }
}

/// The path of a key under `parent`.
fn member(parent: &str, key: &str) -> String {
    if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    levels: Vec<Level>,
    outline: Outline,
}

impl Reader<'_> {
    /// Reads a line, and those after it that a value takes.
    fn line(&mut self) {
        self.cursor.skip_blanks();
        let rest = self.cursor.line_rest();
        let is_marker = self.cursor.place().column == 1 && (rest.starts_with("---") || rest.starts_with("..."));
        if rest.is_empty() || rest.starts_with('#') || is_marker {
            return;
        }
        let mut item = None;
        while self.levels.len() <= DEPTH_MAX && self.cursor.is_at_dash() {
            item = Some(self.item());
        }
        if self.levels.len() > DEPTH_MAX {
            return;
        }
        let indent = self.cursor.place().column - 1;
        match self.cursor.key() {
            Some((name, mark)) => {
                let path = self.key(&name, indent);
                self.outline.note(&path, mark, None);
                self.levels.push(Level { indent, path: path.clone(), n_items: 0 });
                self.value(&path, indent);
            }
            None => {
                if let Some((path, dash)) = item {
                    self.value(&path, dash);
                } else if self.levels.is_empty() && self.cursor.is_at_bracket() {
                    flow::read(&mut self.cursor, &mut self.outline, "");
                }
            }
        }
    }

    /// Passes a `- `; answers with the item's path and the dash's indentation.
    fn item(&mut self) -> (String, usize) {
        let dash = self.cursor.place().column - 1;
        // What remains on top is the sequence's key (which may stand at the same
        // indentation) or, for `- - a`, the item around it.
        while self.levels.last().is_some_and(|level| level.indent > dash) {
            self.levels.pop();
        }
        let path = self.levels.last_mut().map_or_else(String::new, |level| {
            level.n_items += 1;
            format!("{}[{}]", level.path, level.n_items - 1)
        });
        self.cursor.bump();
        self.cursor.skip_blanks();
        let mark = Mark { place: self.cursor.place(), text: cursor::without_comment(self.cursor.line_rest()).to_owned() };
        let indent = mark.place.column - 1;
        self.outline.note(&path, mark, None);
        self.levels.push(Level { indent, path: path.clone(), n_items: 0 });
        (path, dash)
    }

    /// The path of a key that stands at `indent`.
    fn key(&mut self, name: &str, indent: usize) -> String {
        let is_item = |path: &str| path.ends_with(']');
        while self.levels.last().is_some_and(|level| level.indent > indent || (level.indent == indent && !is_item(&level.path))) {
            self.levels.pop();
        }
        member(self.levels.last().map_or("", |level| level.path.as_str()), name)
    }

    /// Reads the value of `path`, whose key or dash stands at `indent`.
    fn value(&mut self, path: &str, indent: usize) {
        self.cursor.skip_properties();
        let rest = self.cursor.line_rest();
        if rest.is_empty() || rest.starts_with('#') {
            return;
        }
        if self.cursor.is_at_bracket() {
            flow::read(&mut self.cursor, &mut self.outline, path);
        } else if rest.starts_with(['|', '>']) {
            self.cursor.skip_line();
            while !self.cursor.is_at_end() && self.cursor.is_block_line(indent) {
                self.cursor.skip_line();
            }
            self.cursor.hold_line();
        } else {
            let (mark, _) = self.cursor.scalar(false);
            self.outline.note_value(path, mark);
        }
    }
}

#[cfg(test)]
mod tests;
