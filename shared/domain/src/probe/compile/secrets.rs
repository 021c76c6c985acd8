//! Where is each secret?

use std::collections::BTreeMap;

use super::Reader;
use crate::probe::flow::SecretSource;

/// Most secrets of a file.
const SECRETS_MAX: usize = 100;
/// What a secret may be written as.
const FORMS: &str = "`secretsmanager:ID`, or `secretsmanager:ID#KEY` for a member of a JSON object; \
                     where flows are run by hand also `env:NAME` or `file:PATH`";

impl Reader<'_> {
    pub(super) fn secrets(&mut self) -> BTreeMap<String, SecretSource> {
        let source = self.source;
        self.at_most(source.secrets.len(), SECRETS_MAX, "secrets", "secrets");
        let mut secrets = BTreeMap::new();
        for (name, text) in &source.secrets {
            let path = format!("secrets.{name}");
            if !is_name(name) {
                self.problem(&path, "a secret's name has letters, digits, `-` and `_`, 1 to 64 of them");
            }
            if let Some(secret) = self.noted(read(text), &path) {
                secrets.insert(name.clone(), secret);
            }
        }
        secrets
    }
}

/// Whether a text is the name of a secret or a capture: without a dot, by which secrets
/// and the run are told from captures.
pub(super) fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_'))
}

/// Reads where a secret is. What is not understood is not shown: it may be the secret
/// itself.
fn read(text: &str) -> Result<SecretSource, String> {
    let Some((scheme, rest)) = text.split_once(':') else {
        return Err(format!("the file says where a secret is, never the secret itself; write {FORMS}"));
    };
    let rest = rest.trim();
    match scheme {
        "secretsmanager" => {
            let (id, key) = match rest.split_once('#') {
                Some((id, key)) => (id, Some(key)),
                None => (rest, None),
            };
            let is_id = |ch: char| ch.is_ascii_alphanumeric() || "/_+=.@!:-".contains(ch);
            if id.is_empty() || id.len() > 512 || !id.chars().all(is_id) {
                let why = "what stands after `secretsmanager:` is no secret's name or ARN; write for instance \
                           `secretsmanager:prod/probe`";
                return Err(why.to_owned());
            }
            if key.is_some_and(str::is_empty) {
                return Err("after `#` stands which member of the JSON object it is; write it, or take `#` out".to_owned());
            }
            Ok(SecretSource::SecretsManager { id: id.to_owned(), key: key.map(str::to_owned) })
        }
        "env" => {
            let is_word = |ch: char| ch.is_ascii_alphanumeric() || ch == '_';
            if rest.is_empty() || !rest.chars().all(is_word) || rest.starts_with(|ch: char| ch.is_ascii_digit()) {
                return Err(
                    "after `env:` stands the name of a variable of the environment, such as `env:PROBE_PASSWORD`".to_owned()
                );
            }
            Ok(SecretSource::Environment(rest.to_owned()))
        }
        "file" if rest.is_empty() => Err("after `file:` stands the path of a file".to_owned()),
        "file" => Ok(SecretSource::File(rest.to_owned())),
        _ => Err(format!("there is no such place for a secret; write {FORMS}")),
    }
}
