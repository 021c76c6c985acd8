//! A policy file: read, with every mistake at its place.

use std::io::ErrorKind;
use std::path::Path;

use domain::policy::{Place, Policy, Problem, Problems};
use serde_json::Value;

use crate::fault::Fault;

/// A file with its text and what it holds.
#[derive(Debug)]
pub(crate) struct PolicyFile {
    /// As it was named.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
}

impl PolicyFile {
    /// Reads a file's text.
    ///
    /// # Errors
    /// [`Fault::Usage`] when it is not there or cannot be read.
    pub(crate) fn open(path: &Path) -> Result<PolicyFile, Fault> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Fault::Usage(format!("there is no file {name}")),
            _ => Fault::Usage(format!("{name} cannot be read: {error}")),
        })?;
        Ok(PolicyFile { name, text })
    }

    /// What it holds.
    ///
    /// # Errors
    /// [`Problems`] when it is not YAML.
    pub(crate) fn content(&self) -> Result<Value, Problems> {
        read(&self.text)
    }

    /// The policy, with every check.
    ///
    /// # Errors
    /// All [`Problems`] found.
    pub(crate) fn policy(&self) -> Result<Policy, Problems> {
        self.content().and_then(|content| Policy::check(&content))
    }

    /// The policy for a command that needs it to be right.
    ///
    /// # Errors
    /// [`Fault::No`] with all problems, each on a line with its place.
    pub(crate) fn right_policy(&self) -> Result<Policy, Fault> {
        self.policy().map_err(|problems| Fault::No(problems.show(&self.name, &self.text)))
    }
}

/// Reads YAML. What is not YAML has no paths: the parser itself says where.
fn read(text: &str) -> Result<Value, Problems> {
    serde_saphyr::from_str(text).map_err(|error| {
        let error = error.without_snippet();
        let message = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
        // The place stands in front of the line already.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let message = format!("this is not YAML: {message}");
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let place = error.location().map(|at| Place { line: number(at.line()), column: number(at.column()) });
        Problems(vec![place.map_or_else(|| Problem::new("", message.clone()), |place| Problem::at(place, message.clone()))])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_yaml_is_told_as_any_other_mistake_where_it_stands() {
        for (text, wanted) in [
            ("a: b\nc: [1, 2\nd: e\n", "policy.yaml:3:2: this is not YAML: illegal placement of ':' indicator"),
            ("route:\n\t- b\n", "policy.yaml:2:2: this is not YAML: tabs disallowed within this context (block indentation)"),
            ("a: 1\nb: 2\na: 3\n", "policy.yaml:3:1: this is not YAML: duplicate mapping key: a not allowed here"),
            ("a: b: c\n", "policy.yaml:1:5: this is not YAML: mapping values are not allowed in this context"),
        ] {
            assert_eq!(read(text).unwrap_err().show("policy.yaml", text), wanted);
        }
    }
}
