//! Is the file of the right shape? What the deserializer found, in the words of
//! whoever wrote the file.

use serde_path_to_error::Error;

use crate::policy::problem::{Problem, did_you_mean};

/// The problem that a deserializer's error tells of.
pub(crate) fn problem(error: &Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    // Inside of a choice the path is not known; what is above it is.
    let known = path.split('?').next().unwrap_or_default().trim_end_matches('.');
    Problem::new(known, plainly(&error.inner().to_string()))
}

/// Leaves out the names of our own types, and adds what was probably meant.
fn plainly(message: &str) -> String {
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("{field} is missing");
    }
    let message = match message.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected a mapping"),
        None => message.to_owned(),
    };
    let mut words = message.split('`').skip(1).step_by(2);
    let is_unknown = message.starts_with("unknown ");
    match words.next().filter(|_| is_unknown).and_then(|wrong| did_you_mean(wrong, words)) {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None => message,
    }
}
