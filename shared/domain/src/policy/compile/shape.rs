//! Is the file of the right shape? All that the deserializer finds, in the words of
//! whoever wrote the file.
//!
//! A deserializer stops at the first mistake. So that all are told at once, a file
//! that is wrong is read again in parts, one for each item of a list; and what was
//! found to be wrong in a part is taken out of it before the part is read again.

mod words;

use std::collections::BTreeSet;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use serde_path_to_error::{Path, Segment};

use crate::policy::problem::Problem;

pub(crate) use self::words::Instead;

/// What is known of a kind of file besides the types that it is read into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    /// The keys that every such file has, with the least that can stand there, as JSON.
    pub(crate) needed: &'static [(&'static str, &'static str)],
    /// Lists below the top that are read item by item, too.
    pub(crate) nests: &'static [Nest],
    /// What is said of keys that people know from elsewhere.
    pub(crate) instead: &'static [Instead],
}

/// Lists that stand in a top-level key, or in its items.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nest {
    /// The top-level key.
    pub(crate) key: &'static str,
    /// The lists' keys.
    pub(crate) lists: &'static [&'static str],
    /// Whether items have such lists themselves.
    pub(crate) is_recursive: bool,
}

/// The problem that a deserializer's error tells of.
pub(crate) fn problem(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    words::problem(error, &error.path().to_string(), &[])
}

/// Most mistakes that are told of one part, and of all.
const PART_MAX: usize = 20;
const ALL_MAX: usize = super::PROBLEMS_MAX;
/// Deepest lists that are taken apart. It bounds recursion.
const DEPTH_MAX: usize = 40;

/// Reads a file's content into its types.
///
/// # Errors
/// All mistakes of shape that can be told apart; never empty.
pub(crate) fn read<S: DeserializeOwned>(content: &Map<String, Value>, form: &Form) -> Result<S, Vec<Problem>> {
    let whole = Value::Object(content.clone());
    let first = match serde_path_to_error::deserialize::<_, S>(&whole) {
        Ok(source) => return Ok(source),
        Err(error) => words::problem(&error, &error.path().to_string(), form.instead),
    };
    let mut parts = Parts::<S> { form, problems: Vec::new(), source: PhantomData };
    for (key, value) in content {
        parts.key(key, value);
    }
    let mut problems = parts.problems;
    for (key, _) in form.needed.iter().filter(|(key, _)| !content.contains_key(*key)) {
        problems.push(Problem::new("", format!("`{key}` is missing")));
    }
    // A key that is not known is met with each of its members.
    let mut told = BTreeSet::new();
    problems.retain(|problem| told.insert((problem.path.clone(), problem.message.clone())));
    problems.truncate(ALL_MAX);
    // What goes wrong only as a whole is told as a whole.
    Err(if problems.is_empty() { vec![first] } else { problems })
}

/// A file that is read in parts, with what was found so far.
struct Parts<'f, S> {
    form: &'f Form,
    problems: Vec<Problem>,
    source: PhantomData<S>,
}

impl<S: DeserializeOwned> Parts<'_, S> {
    /// Reads one top-level key in as many parts as it has.
    fn key(&mut self, key: &str, value: &Value) {
        let nest = self.form.nests.iter().find(|nest| nest.key == key);
        match (value, nest) {
            (Value::Array(items), nest) if !items.is_empty() => {
                for (n, item) in items.iter().enumerate() {
                    let place = format!("{key}[{n}]");
                    match nest {
                        Some(nest) => self.nested(nest, item, &|alone| json!([alone]), &format!("{key}[0]"), &place, 0),
                        None => self.part(key, &json!([item]), &|path| moved(path, &format!("{key}[0]"), &place)),
                    }
                }
            }
            (Value::Object(_), Some(nest)) => self.nested(nest, value, &|alone| alone, key, key, 0),
            (Value::Object(members), None) if !members.is_empty() => {
                for (name, value) in members {
                    self.member(key, name, value);
                }
            }
            (Value::Object(_) | Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => {
                self.part(key, value, &str::to_owned);
            }
        }
    }

    /// Reads one member of a mapping; a priority, as a key, stands in no path.
    fn member(&mut self, key: &str, name: &str, value: &Value) {
        let n_before = self.problems.len();
        let place = |path: &str| path.replacen(&format!("{key}.?"), &format!("{key}.{name}"), 1);
        self.part(key, &json!({ name: value }), &place);
        for problem in &mut self.problems[n_before..] {
            if problem.path == key && problem.message.starts_with(&format!("`{name}` is not one of")) {
                problem.path = format!("{key}.{name}");
                problem.is_of_key = true;
            }
        }
    }

    /// Reads what has lists without them, and then each of their items. `wrap` makes the
    /// value of the top-level key of it, in which it stands at `read_at`; in the file it
    /// stands at `place`.
    fn nested(&mut self, nest: &Nest, value: &Value, wrap: &dyn Fn(Value) -> Value, read_at: &str, place: &str, depth: usize) {
        let mut alone = value.clone();
        let mut below = Vec::new();
        if let Some(holder) = alone.as_object_mut() {
            for list in nest.lists {
                if let Some(Value::Array(items)) = holder.get(*list) {
                    below.push((*list, items.clone()));
                    holder.remove(*list);
                }
            }
        }
        self.part(nest.key, &wrap(alone), &|path| moved(path, read_at, place));
        if depth >= DEPTH_MAX {
            return;
        }
        for (list, items) in below {
            for (n, item) in items.iter().enumerate() {
                let wrap = |item: Value| wrap(json!({ list: [item] }));
                let (read_at, place) = (format!("{read_at}.{list}[0]"), format!("{place}.{list}[{n}]"));
                if nest.is_recursive {
                    // However deep it stands, it is read as if it stood at the top.
                    self.nested(nest, item, &|alone| alone, nest.key, &place, depth + 1);
                } else {
                    self.part(nest.key, &wrap(item.clone()), &|path| moved(path, &read_at, &place));
                }
            }
        }
    }

    /// Reads one part by itself until nothing is wrong with what is left of it.
    fn part(&mut self, key: &str, value: &Value, place: &dyn Fn(&str) -> String) {
        let needed =
            self.form.needed.iter().map(|(key, least)| ((*key).to_owned(), serde_json::from_str(least).unwrap_or_default()));
        let mut content = Value::Object(needed.collect());
        content[key] = value.clone();
        let (mut taken_out, n_before) = (Vec::new(), self.problems.len());
        for _ in 0..PART_MAX {
            if self.problems.len() >= ALL_MAX {
                return;
            }
            let Err(error) = serde_path_to_error::deserialize::<_, S>(&content) else { return };
            let missing = words::missing(&error);
            // What was wrong or misspelt is not missing.
            let is_misspelt = |path: &str| {
                let hint = format!("did you mean `{}`?", path.rsplit('.').next().unwrap_or_default());
                self.problems[n_before..].iter().any(|problem| problem.message.ends_with(&hint))
            };
            if missing.as_ref().is_none_or(|path| !taken_out.contains(path) && !is_misspelt(path)) {
                self.problems.push(words::problem(&error, &place(&error.path().to_string()), self.form.instead));
            }
            // What is missing cannot be taken out.
            if missing.is_some() || !cut(&mut content, error.path(), key) {
                return;
            }
            taken_out.push(error.path().to_string());
        }
    }
}

/// `path` with `place` where it was read at `read_at`.
fn moved(path: &str, read_at: &str, place: &str) -> String {
    match path.strip_prefix(read_at) {
        Some(rest) => format!("{place}{rest}"),
        None => path.to_owned(),
    }
}

/// Takes the member at `path` out, or the list in which the item stands; false if
/// the whole part would be gone, or something that must be there.
fn cut(content: &mut Value, path: &Path, key: &str) -> bool {
    let mut steps: Vec<&Segment> = path.iter().collect();
    let is_key = |step: Option<&&Segment>| matches!(step, Some(Segment::Map { .. }));
    while !steps.is_empty() && !is_key(steps.last()) {
        steps.pop();
    }
    let Some((Segment::Map { key: last }, above)) = steps.split_last() else { return false };
    if above.is_empty() && last == key {
        return false;
    }
    let holder = above.iter().try_fold(content, |at, step| match step {
        Segment::Map { key } | Segment::Enum { variant: key } => at.get_mut(key.as_str()),
        Segment::Seq { index } => at.get_mut(*index),
        Segment::Unknown => at.as_object_mut().filter(|map| map.len() == 1)?.values_mut().next(),
    });
    holder.and_then(Value::as_object_mut).and_then(|map| map.remove(last)).is_some()
}
