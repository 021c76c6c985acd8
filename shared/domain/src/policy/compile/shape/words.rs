//! What does the deserializer mean? In words of the file, without names of our own
//! types.

use serde_path_to_error::Error;

use crate::policy::problem::{Problem, did_you_mean};

/// Keys that are ours and nobody's to write.
const INTERNAL: [&str; 2] = ["time_scale", "deployment"];

/// What is said of keys that there are not: the keys, how the path ends that they
/// stand at, or nothing for the top, and what to do instead.
pub(crate) type Instead = (&'static [&'static str], &'static str, &'static str);

/// The problem that a deserializer's error tells of.
/// It is told at `path`, which may begin otherwise than the error's own.
pub(super) fn problem(error: &Error<serde_json::Error>, path: &str, instead: &[Instead]) -> Problem {
    // Inside of a choice the path is not known; what is above it is.
    let known = path.split('?').next().unwrap_or_default().trim_end_matches('.');
    let known = if known == "." { "" } else { known };
    let message = error.inner().to_string();
    if message.starts_with("unknown field ") {
        return Problem::of_key(known, unknown_key(&message, known, instead));
    }
    Problem::new(known, plainly(&message))
}

/// The path of what is not there and must be.
pub(super) fn missing(error: &Error<serde_json::Error>) -> Option<String> {
    let message = error.inner().to_string();
    let field = quoted(message.strip_prefix("missing field ")?).next()?.to_owned();
    Some(format!("{}.{field}", error.path()))
}

/// What stands between backquotes.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message.split('`').skip(1).step_by(2)
}

fn unknown_key(message: &str, path: &str, instead: &[Instead]) -> String {
    let mut words = quoted(message);
    let key = words.next().unwrap_or_default();
    let known: Vec<&str> = words.filter(|known| !INTERNAL.contains(known)).collect();
    let above = path.rsplit_once('.').map_or("", |(above, _)| above).trim_end_matches(|ch: char| "[]0123456789".contains(ch));
    let holds = |holder: &str| if holder.is_empty() { above.is_empty() } else { above.ends_with(holder) };
    if let Some((_, _, advice)) = instead.iter().find(|(keys, holder, _)| keys.contains(&key) && holds(holder)) {
        return format!("unknown key `{key}`: {advice}");
    }
    match did_you_mean(key, known.iter().copied()) {
        Some(near) => format!("unknown key `{key}`; did you mean `{near}`?"),
        None if known.is_empty() => format!("unknown key `{key}`; there is none to write here"),
        None => format!("unknown key `{key}`; there are {}", known.join(", ")),
    }
}

/// A message of serde's in words of the file.
fn plainly(message: &str) -> String {
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("{field} is missing");
    }
    if message.starts_with("unknown variant ") {
        let mut words = quoted(message);
        let wrong = words.next().unwrap_or_default();
        let known: Vec<&str> = words.collect();
        let hint = did_you_mean(wrong, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
        return format!("`{wrong}` is not one of {}{}", known.join(", "), hint.unwrap_or_default());
    }
    if message.starts_with("data did not match any variant of untagged enum RangeSource") {
        return "write a number, a name, or a range as `first:last`".to_owned();
    }
    let given = |rest: &str, kind: &str| {
        let (found, wanted) = rest.split_once(", expected ")?;
        Some(format!("{} {kind}; write {}", found_words(found), wanted_words(wanted)))
    };
    let told = message
        .strip_prefix("invalid type: ")
        .and_then(|rest| given(rest, "stands here"))
        .or_else(|| message.strip_prefix("invalid value: ").and_then(|rest| given(rest, "cannot be")));
    told.unwrap_or_else(|| message.to_owned())
}

/// What was found.
fn found_words(found: &str) -> String {
    let (kind, value) = found.split_once(' ').unwrap_or((found, ""));
    match kind {
        "map" => "a mapping".to_owned(),
        "sequence" => "a list".to_owned(),
        "null" | "unit" => "nothing".to_owned(),
        "string" => value.replace('"', "`"),
        "integer" | "boolean" => value.trim_matches('`').to_owned(),
        "floating" => value.trim_start_matches("point ").trim_matches('`').to_owned(),
        _ => found.to_owned(),
    }
}

/// What there should be.
fn wanted_words(wanted: &str) -> String {
    match wanted {
        "a sequence" => "a list: `[a, b]`, or a line `- a` for each".to_owned(),
        "a map" => "a mapping: `{name: value}`, or a line for each".to_owned(),
        "a string" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" | "i64" => "a whole number".to_owned(),
        "f64" => "a number".to_owned(),
        _ if wanted.starts_with("struct ") => "a mapping: `{name: value}`, or a line for each".to_owned(),
        _ if wanted.contains("enum ") => "one of the words that are possible here".to_owned(),
        _ => wanted.to_owned(),
    }
}
