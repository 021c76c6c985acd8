//! What is wrong with a policy, where, and what would be right?

use std::fmt;

use super::outline::Outline;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a path: `route.routes[1].receiver`. Empty for the whole file.
    pub path: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// All that is wrong; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// A single problem.
    pub fn one(path: impl Into<String>, message: impl Into<String>) -> Problems {
        Problems(vec![Problem { path: path.into(), message: message.into() }])
    }

    /// One line for each problem, with the file's name and the line in it:
    /// `policy.yaml:12: route.receiver: …`.
    pub fn show(&self, file: &str, text: &str) -> String {
        let outline = Outline::of(text);
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|problem| {
                let line = outline.line_of(&problem.path);
                if problem.path.is_empty() {
                    format!("{file}:{line}: {}", problem.message)
                } else {
                    format!("{file}:{line}: {}: {}", problem.path, problem.message)
                }
            })
            .collect();
        lines.join("\n")
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            if problem.path.is_empty() {
                f.write_str(&problem.message)?;
            } else {
                write!(f, "{}: {}", problem.path, problem.message)?;
            }
        }
        Ok(())
    }
}

/// The name in `known` that `wanted` was probably meant to be.
pub(super) fn did_you_mean<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (distance(wanted, name), name))
        .filter(|(distance, _)| *distance <= wanted.chars().count().div_ceil(3).max(1))
        .min()
        .map(|(_, name)| name)
}

/// How many insertions, deletions and replacements lie between two words
/// (Levenshtein), up to 64 characters of each.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let known = ["api-team", "database-team", "everyone"];
        assert_eq!(did_you_mean("api-taem", known), Some("api-team"));
        assert_eq!(did_you_mean("evryone", known), Some("everyone"));
        assert_eq!(did_you_mean("zzz", known), None);
    }
}
