//! A file that people write: read, with every mistake at its place.

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use domain::policy::{Place, Problem, Problems};
use serde_json::Value;

use crate::fault::Fault;

/// Longest file that is read, in bytes: more than any policy or probes that can be
/// stored take, with their comments.
const SIZE_MAX: u64 = 1_000_000;
/// Longest history that is read, in bytes.
const LONG_MAX: u64 = 4_000_000_000;
/// Deepest nesting that is read. Routes, the deepest that there is, take two levels
/// each, and 56 of them are read.
const DEPTH_MAX: usize = 124;
/// Stack of the thread that parses, in bytes: some ten times what that depth takes.
const STACK: usize = 32 << 20;
/// Most keys and values, those that aliases repeat among them.
const NODES_MAX: usize = 100_000;

/// What a file is, so that messages can name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A policy, or tests of one.
    Policy,
    /// Flows and heartbeats.
    Probes,
    /// A history, which may be long.
    History,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Kind::Policy => "policy",
            Kind::Probes => "probes file",
            Kind::History => "history",
        }
    }

    /// Whose file it is.
    const fn of(self) -> &'static str {
        match self {
            Kind::Policy => "the policy's",
            Kind::Probes => "the probes'",
            Kind::History => "the history's",
        }
    }

    /// In bytes.
    const fn size_max(self) -> u64 {
        match self {
            Kind::Policy | Kind::Probes => SIZE_MAX,
            Kind::History => LONG_MAX,
        }
    }
}

/// A file with its text.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// As it was named.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
    /// What it is.
    kind: Kind,
}

impl SourceFile {
    /// Reads a file's text.
    ///
    /// # Errors
    /// [`Fault::Usage`] when it is not there or cannot be read, [`Fault::No`] when it
    /// is no text, or too long.
    pub(crate) fn open(path: &Path, kind: Kind) -> Result<SourceFile, Fault> {
        let name = path.display().to_string();
        if path.is_dir() {
            return Err(Fault::Usage(format!("{name} is a folder\nname {} file in it", kind.of())));
        }
        let (size_max, mut bytes) = (kind.size_max(), Vec::new());
        std::fs::File::open(path).and_then(|file| file.take(size_max + 1).read_to_end(&mut bytes)).map_err(
            |error| match error.kind() {
                ErrorKind::NotFound => Fault::Usage(format!("there is no file {name}")),
                _ => Fault::Usage(format!("{name} cannot be read: {error}")),
            },
        )?;
        if bytes.len() as u64 > size_max {
            let word = kind.word();
            return Err(Fault::No(format!("{name} is longer than {size_max} bytes, which no {word} is\nis it the right file?")));
        }
        match String::from_utf8(bytes) {
            // Some editors begin a file with a mark of its encoding.
            Ok(text) => Ok(SourceFile { name, text: text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text), kind }),
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let Place { line, column } = end_of(&String::from_utf8_lossy(good));
                Err(Fault::No(format!("{name}:{line}:{column}: this is not UTF-8\nsave the file in that encoding")))
            }
        }
    }

    /// What it holds.
    ///
    /// # Errors
    /// [`Problems`] when it is not YAML.
    pub(crate) fn content(&self) -> Result<Value, Problems> {
        read(&self.text, self.kind)
    }
}

/// The place after the last character.
fn end_of(text: &str) -> Place {
    let last = text.rsplit('\n').next().unwrap_or_default();
    Place { line: text.matches('\n').count() + 1, column: last.chars().count() + 1 }
}

/// Reads YAML. What is not YAML has no paths: the parser itself says where.
fn read(text: &str, kind: Kind) -> Result<Value, Problems> {
    let is_raw = |ch: char| ch.is_control() && !matches!(ch, '\n' | '\r' | '\t' | '\u{85}');
    if let Some(at) = text.find(is_raw) {
        let code = text[at..].chars().next().map_or(0, u32::from);
        let message = format!("this is not YAML: it holds the control character U+{code:04X}; take it out");
        return Err(Problems(vec![Problem::at(end_of(&text[..at]), message)]));
    }
    // The parser takes much of the stack for each level, where it is not optimized.
    let deep = std::thread::Builder::new().stack_size(STACK);
    std::thread::scope(|scope| match deep.spawn_scoped(scope, || parse(text, kind)) {
        Ok(parser) => parser.join().unwrap_or_else(|_| Err(Problems::one("", "this cannot be read as YAML"))),
        Err(_) => parse(text, kind),
    })
}

fn parse(text: &str, kind: Kind) -> Result<Value, Problems> {
    let mut options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            flow_nesting_limit: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: 4 * NODES_MAX,
            max_documents: 1,
        },
        // `yes` and `on` are text, as they are to Alertmanager where it expects text.
        strict_booleans: true,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::Reject,
    };
    options.alias_limits.max_total_replayed_events = NODES_MAX;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let error = error.without_snippet();
        let message = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
        // The place stands in front of the line already.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let message = limit(message, kind).unwrap_or_else(|| format!("this is not YAML: {message}"));
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let place = error.location().map(|at| Place { line: number(at.line()), column: number(at.column()) });
        Problems(vec![place.map_or_else(|| Problem::new("", message.clone()), |place| Problem::at(place, message.clone()))])
    })
}

/// What there is too much of, if that is the mistake.
fn limit(message: &str, kind: Kind) -> Option<String> {
    let word = kind.word();
    if message.contains("recursion limit") || message.contains("Depth {") {
        return Some(format!("the file is nested deeper than {DEPTH_MAX} levels, which no {word} is"));
    }
    if message.contains("Documents {") {
        return Some(format!("a second document begins here; a {word} is one"));
    }
    message
        .starts_with("YAML document too large")
        .then(|| format!("with what its aliases repeat, the file has more than {NODES_MAX} keys and values, which no {word} has"))
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
            ("a: *x", "policy.yaml:1:4: this is not YAML: reference to unknown value"),
            ("a: &x [*x]", "policy.yaml:1:8: this is not YAML: Recursive reference not allowed here"),
            ("a: 1e999", "policy.yaml:1:4: this is not YAML: value `1e999` is not a finite number"),
            ("a: 1\n---\nb: 2", "policy.yaml:2:1: a second document begins here; a policy is one"),
            ("a:\n  b\0", "policy.yaml:2:4: this is not YAML: it holds the control character U+0000; take it out"),
        ] {
            assert_eq!(read(text, Kind::Policy).unwrap_err().show("policy.yaml", text), wanted);
        }
    }

    #[test]
    fn what_would_take_too_much_is_refused_before_it_does() {
        let repeated = |n: usize| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
        let laughs = format!("a0: &a0 [x]\n{}", (1..12).map(repeated).collect::<Vec<_>>().concat());
        let stairs = |n_steps: usize| (0..n_steps).map(|n| " ".repeat(n) + "a:\n").collect::<String>();
        let deep = "the file is nested deeper than 124 levels, which no policy is";
        for (text, wanted) in [
            ("[".repeat(10_000), deep),
            ("{a: ".repeat(10_000), deep),
            ("- ".repeat(10_000), deep),
            (stairs(200), deep),
            (laughs, "with what its aliases repeat, the file has more than 100000 keys and values, which no policy has"),
            (format!("a: [{}]", "1,".repeat(120_000)), "with what its aliases repeat"),
        ] {
            let said = read(&text, Kind::Policy).unwrap_err().0[0].message.clone();
            assert!(said.starts_with(wanted), "{said}");
        }
        assert!(read(&stairs(120), Kind::Policy).is_ok());
    }
}
