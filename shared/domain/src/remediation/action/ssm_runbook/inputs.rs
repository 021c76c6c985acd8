//! What may a runbook be given, and what of its target gets into it?

use serde::Deserialize;

use super::RunbookTarget;
use crate::remediation::Target;

/// Longest name of a document, in characters; an ARN's, too.
const DOCUMENT_MAX: usize = 130;
/// Longest name of a parameter, in characters.
const NAME_MAX: usize = 50;
/// Longest value, in characters.
const VALUE_MAX: usize = 512;
/// Most values of a parameter.
const VALUES_MAX: usize = 50;
/// Longest name of a target that is given to a runbook, in characters.
const TARGET_MAX: usize = 256;

/// A parameter's values, as the policy writes them: one, or a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Values(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a value or a list of values")]
enum Written {
    One(Scalar),
    Many(Vec<Scalar>),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text, a number, true or false")]
enum Scalar {
    Text(String),
    Number(serde_json::Number),
    Flag(bool),
}

impl From<Scalar> for String {
    fn from(scalar: Scalar) -> String {
        match scalar {
            Scalar::Text(text) => text,
            Scalar::Number(number) => number.to_string(),
            Scalar::Flag(flag) => flag.to_string(),
        }
    }
}

impl From<Written> for Values {
    fn from(written: Written) -> Values {
        match written {
            Written::One(scalar) => Values(vec![scalar.into()]),
            Written::Many(scalars) => Values(scalars.into_iter().map(String::from).collect()),
        }
    }
}

impl Values {
    /// The values as texts, nothing filled in.
    pub(super) fn texts(&self) -> &[String] {
        &self.0
    }
}

/// What may be filled in, as it is written between `${` and `}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variable {
    Name,
    Kind,
    Cluster,
    Service,
}

impl Variable {
    fn of(word: &str, kind: RunbookTarget) -> Option<Variable> {
        let is_ecs = kind == RunbookTarget::EcsService;
        match word {
            "target.name" => Some(Variable::Name),
            "target.kind" => Some(Variable::Kind),
            "target.cluster" if is_ecs => Some(Variable::Cluster),
            "target.service" if is_ecs => Some(Variable::Service),
            _ => None,
        }
    }

    fn value(self, target: &Target) -> &str {
        match self {
            Variable::Name => &target.name,
            Variable::Kind => &target.kind,
            Variable::Cluster => target.halves().0,
            Variable::Service => target.halves().1,
        }
    }
}

/// The text up to the first `${…}`, the word in it, and the text after it.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (word, after) = rest.split_once('}')?;
    Some((before, word, after))
}

/// A value with what it asks for of the target. What was filled in is not read again.
pub(super) fn fill(text: &str, kind: RunbookTarget, target: &Target) -> String {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, word, after)) = split(rest) {
        filled.push_str(before);
        match Variable::of(word, kind) {
            Some(variable) => filled.push_str(variable.value(target)),
            None => filled.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// What of these values asks for something that there is not.
pub(super) fn unknown(texts: &[String], kind: RunbookTarget) -> Option<String> {
    texts.iter().find_map(|text| {
        let mut rest = text.as_str();
        while let Some((_, word, after)) = split(rest) {
            if Variable::of(word, kind).is_none() {
                let more = match kind {
                    RunbookTarget::EcsService => ", `${target.cluster}`, `${target.service}`",
                    RunbookTarget::Runbook
                    | RunbookTarget::DbInstance
                    | RunbookTarget::LambdaFunction
                    | RunbookTarget::SqsQueue => "",
                };
                return Some(format!("there is no `${{{word}}}`; there are `${{target.name}}`, `${{target.kind}}`{more}"));
            }
            rest = after;
        }
        None
    })
}

/// Why Systems Manager would not take a parameter, if it would not.
pub(super) fn parameter_problem(name: &str, values: &[String]) -> Option<String> {
    let is_between = |text: &str, max: usize| !text.is_empty() && text.chars().count() <= max;
    if !is_between(name, NAME_MAX) {
        Some(format!("a parameter's name has 1 to {NAME_MAX} characters"))
    } else if values.len() > VALUES_MAX {
        Some(format!("a parameter has at most {VALUES_MAX} values"))
    } else if values.iter().any(|value| !is_between(value, VALUE_MAX)) {
        Some(format!("a value has 1 to {VALUE_MAX} characters"))
    } else {
        None
    }
}

/// Whether this is the name or the ARN of a document.
pub(super) fn is_document(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.:/".contains(c);
    (3..=DOCUMENT_MAX).contains(&text.len()) && text.chars().all(is_allowed)
}

/// Whether this is a version of a document.
pub(super) fn is_version(text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() && !text.starts_with('0');
    is_number || text == "$DEFAULT" || text == "$LATEST"
}

/// Whether this is the ARN of a role.
pub(super) fn is_role(text: &str) -> bool {
    text.starts_with("arn:") && text.contains(":iam::") && text.contains(":role/")
}

/// Whether a target's name may be given to a runbook, which may give it to a shell:
/// nothing that means something there, no option, and no way up a path.
pub(super) fn is_plain(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let is_part = |part: &str| part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(is_allowed);
    name.len() <= TARGET_MAX && name.split('/').all(is_part)
}
