//! What is wrong with a policy, where, and what would be right?

use std::fmt;

use super::outline::{Mark, Outline};

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl Default for Place {
    /// The beginning of the file.
    fn default() -> Place {
        Place { line: 1, column: 1 }
    }
}

impl fmt::Display for Place {
    /// Writes `line:column`, as compilers and editors do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a path: `route.routes[1].receiver`. Empty for the whole file.
    pub path: String,
    /// What is wrong, and what would be right.
    pub message: String,
    /// Where in the file, if whoever found it knows better than the path says.
    pub at: Option<Place>,
    /// Whether the key at `path` is wrong, and not its value.
    pub is_of_key: bool,
}

impl Problem {
    /// Something wrong with what stands at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { path: path.into(), message: message.into(), at: None, is_of_key: false }
    }

    /// Something wrong with the key itself that `path` ends with.
    pub fn of_key(path: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { is_of_key: true, ..Problem::new(path, message) }
    }

    /// Something wrong with the file's text, before it has any paths.
    pub fn at(place: Place, message: impl Into<String>) -> Problem {
        Problem { at: Some(place), ..Problem::new("", message) }
    }

    /// What is wrong in the file with this outline, and where.
    pub fn mark(&self, outline: &Outline) -> Mark {
        match self.at {
            Some(place) => Mark { place, text: String::new() },
            None if self.is_of_key => outline.key_of(&self.path),
            None => outline.value_of(&self.path),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// All that is wrong; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// A single problem.
    pub fn one(path: impl Into<String>, message: impl Into<String>) -> Problems {
        Problems(vec![Problem::new(path, message)])
    }

    /// One line for each problem, with the file's name and its place in `text`,
    /// the file's content: `policy.yaml:12:5: route.receiver: …`.
    pub fn show(&self, file: &str, text: &str) -> String {
        let outline = Outline::of(text);
        let lines: Vec<String> =
            self.0.iter().map(|problem| format!("{file}:{}: {problem}", problem.mark(&outline).place)).collect();
        lines.join("\n")
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// A sentence for who wrote a name that nothing has: `there is no schedule `x`; did
/// you mean `y`?`, or else what there is.
pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().filter(|name| !name.is_empty()).collect();
    known.sort_unstable();
    known.dedup();
    let hint = match (did_you_mean(name, known.iter().copied()), known.as_slice()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => format!("there is no {what} at all"),
        (None, [only]) => format!("there is only `{only}`"),
        (None, _) => format!("there are {}", known.join(", ")),
    };
    format!("there is no {what} `{name}`; {hint}")
}

/// The name in `known` that `wanted` was probably meant to be: the only one that
/// is nearest, and near enough.
pub(crate) fn did_you_mean<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near_enough = wanted.chars().count().div_ceil(3).max(1);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .map(|name| (distance(wanted, name), name))
        .filter(|(distance, name)| *distance <= near_enough && !name.is_empty())
        .collect();
    near.sort_unstable();
    near.dedup();
    match near.as_slice() {
        [(first, _), (second, _), ..] if first == second => None,
        [(_, name), ..] => Some(name),
        [] => None,
    }
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
        assert_eq!(did_you_mean("P5", ["P1", "P2", "P3"]), None, "one is as near as another");
        assert_eq!(did_you_mean("P2x", ["P1", "P2", "P2"]), Some("P2"), "the same name twice is one name");
        assert_eq!(did_you_mean("x", [""]), None);
    }
}
