//! Is the file of the right shape? All that the deserializer finds, in the words of
//! whoever wrote the file.
//!
//! A deserializer stops at the first mistake. So that all are told at once, a file
//! that is wrong is read again in parts, one for each item of a list; and what was
//! found to be wrong in a part is taken out of it before the part is read again.

mod words;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use serde_path_to_error::{Path, Segment};

use crate::policy::problem::Problem;
use crate::policy::source::PolicySource;

/// The problem that a deserializer's error tells of.
pub(crate) fn problem(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    words::problem(error, &error.path().to_string())
}

/// Most mistakes that are told of one part, and of all.
const PART_MAX: usize = 20;
const ALL_MAX: usize = super::PROBLEMS_MAX;
/// Deepest routes that are taken apart. It bounds recursion.
const DEPTH_MAX: usize = 40;
/// What every policy has.
const NEEDED: [&str; 2] = ["route", "receivers"];

/// Reads a file's content into its types.
///
/// # Errors
/// All mistakes of shape that can be told apart; never empty.
pub(super) fn read(content: &Map<String, Value>) -> Result<PolicySource, Vec<Problem>> {
    let whole = Value::Object(content.clone());
    let first = match serde_path_to_error::deserialize::<_, PolicySource>(&whole) {
        Ok(source) => return Ok(source),
        Err(error) => words::problem(&error, &error.path().to_string()),
    };
    let mut problems = Vec::new();
    for (key, value) in content {
        parts(key, value, &mut problems);
    }
    for key in NEEDED.into_iter().filter(|key| !content.contains_key(*key)) {
        problems.push(Problem::new("", format!("`{key}` is missing")));
    }
    // A key that is not known is met with each of its members.
    let mut told = BTreeSet::new();
    problems.retain(|problem| told.insert((problem.path.clone(), problem.message.clone())));
    problems.truncate(ALL_MAX);
    // What goes wrong only as a whole is told as a whole.
    Err(if problems.is_empty() { vec![first] } else { problems })
}

/// Reads one top-level key in as many parts as it has.
fn parts(key: &str, value: &Value, problems: &mut Vec<Problem>) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            for (n, item) in items.iter().enumerate() {
                part(key, &json!([item]), &|path| renumbered(path, key, n), problems);
            }
        }
        Value::Object(_) if key == "route" => route(value, "route", 0, problems),
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                member(key, name, value, problems);
            }
        }
        Value::Object(_) | Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            part(key, value, &str::to_owned, problems);
        }
    }
}

/// Reads one member of a mapping; a priority, as a key, stands in no path.
fn member(key: &str, name: &str, value: &Value, problems: &mut Vec<Problem>) {
    let n_before = problems.len();
    let place = |path: &str| path.replacen(&format!("{key}.?"), &format!("{key}.{name}"), 1);
    part(key, &json!({ name: value }), &place, problems);
    for problem in &mut problems[n_before..] {
        if problem.path == key && problem.message.starts_with(&format!("`{name}` is not one of")) {
            problem.path = format!("{key}.{name}");
            problem.is_of_key = true;
        }
    }
}

/// Reads a route, and then each route below it.
fn route(value: &Value, place: &str, depth: usize, problems: &mut Vec<Problem>) {
    let mut alone = value.clone();
    let below = alone.as_object_mut().and_then(|route| match route.get("routes") {
        Some(Value::Array(_)) => route.remove("routes"),
        Some(_) | None => None,
    });
    part("route", &alone, &|path| path.replacen("route", place, 1), problems);
    if let Some(Value::Array(routes)) = below
        && depth < DEPTH_MAX
    {
        for (n, route_below) in routes.iter().enumerate() {
            route(route_below, &format!("{place}.routes[{n}]"), depth + 1, problems);
        }
    }
}

/// `path` with the number of an item that was read by itself.
fn renumbered(path: &str, key: &str, n: usize) -> String {
    match path.strip_prefix(key).and_then(|rest| rest.strip_prefix("[0]")) {
        Some(rest) => format!("{key}[{n}]{rest}"),
        None => path.to_owned(),
    }
}

/// Reads one part by itself until nothing is wrong with what is left of it.
fn part(key: &str, value: &Value, place: &dyn Fn(&str) -> String, problems: &mut Vec<Problem>) {
    let mut content = json!({"route": {}, "receivers": []});
    content[key] = value.clone();
    let (mut taken_out, n_before) = (Vec::new(), problems.len());
    for _ in 0..PART_MAX {
        if problems.len() >= ALL_MAX {
            return;
        }
        let Err(error) = serde_path_to_error::deserialize::<_, PolicySource>(&content) else { return };
        let missing = words::missing(&error);
        // What was wrong or misspelt is not missing.
        let is_misspelt = |path: &str| {
            let hint = format!("did you mean `{}`?", path.rsplit('.').next().unwrap_or_default());
            problems[n_before..].iter().any(|problem| problem.message.ends_with(&hint))
        };
        if missing.as_ref().is_none_or(|path| !taken_out.contains(path) && !is_misspelt(path)) {
            problems.push(words::problem(&error, &place(&error.path().to_string())));
        }
        // What is missing cannot be taken out.
        if missing.is_some() || !cut(&mut content, error.path(), key) {
            return;
        }
        taken_out.push(error.path().to_string());
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
