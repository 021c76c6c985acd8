//! The secrets that flows need, from where the file says they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aws::Aws;
use domain::policy::unknown;
use domain::probe::Probes;
use domain::probe::flow::{Flow, SecretSource};
use runtime::config;
use serde_json::Value;

use super::variables;
use crate::args::Global;
use crate::fault::{Fault, Place};

/// Longest content of a file that is a secret, in bytes.
const SIZE_MAX: u64 = 65_536;

/// Reads the secrets that some flows use, by name; no other is looked at.
///
/// # Errors
/// [`Fault::Usage`] when one is not where it should be, [`Fault::Aws`] when AWS does not
/// give one. No value stands in a message.
pub(super) async fn read(global: &Global, probes: &Probes, flows: &[&Flow]) -> Result<BTreeMap<String, String>, Fault> {
    let needed: BTreeSet<String> = flows.iter().flat_map(|flow| variables::secrets(flow)).collect();
    let mut secrets = BTreeMap::new();
    let mut manager = Manager::default();
    for name in needed {
        let Some(source) = probes.secrets.get(&name) else {
            return Err(Fault::Usage(unknown("secret", &name, probes.secrets.keys().map(String::as_str))));
        };
        let value = match source {
            SecretSource::Environment(variable) => config::variable(variable).ok_or_else(|| unset(&name, variable))?,
            SecretSource::File(path) => file(&name, Path::new(path))?,
            SecretSource::SecretsManager { id, key } => manager.secret(global, &name, id, key.as_deref()).await?,
        };
        secrets.insert(name, value);
    }
    Ok(secrets)
}

fn unset(name: &str, variable: &str) -> Fault {
    Fault::Usage(format!("the secret `{name}` is not there: the environment variable {variable} is not set, or is empty"))
}

/// The content of a file, without its last line break.
fn file(name: &str, path: &Path) -> Result<String, Fault> {
    let shown = path.display();
    let fault = |why: String| Fault::Usage(format!("the secret `{name}` is not there: {why}"));
    let size = std::fs::metadata(path).map_err(|error| fault(format!("{shown} cannot be read: {error}")))?.len();
    if size > SIZE_MAX {
        return Err(fault(format!("{shown} has {size} bytes, and no secret has more than {SIZE_MAX}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| fault(format!("{shown} cannot be read: {error}")))?;
    let value = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if value.is_empty() {
        return Err(fault(format!("{shown} is empty")));
    }
    Ok(value.to_owned())
}

/// Secrets Manager, connected to when it is first needed; each secret is read once.
#[derive(Default)]
struct Manager {
    aws: Option<Aws>,
    read: BTreeMap<String, String>,
}

impl Manager {
    async fn secret(&mut self, global: &Global, name: &str, id: &str, key: Option<&str>) -> Result<String, Fault> {
        if !self.read.contains_key(id) {
            let text = self.text(global, name, id).await?;
            self.read.insert(id.to_owned(), text);
        }
        let text = self.read.get(id).map(String::as_str).unwrap_or_default();
        let Some(key) = key else { return Ok(text.to_owned()) };
        member(text, key).map_err(|why| Fault::Usage(format!("the secret `{name}` is not there: {id} in Secrets Manager {why}")))
    }

    async fn text(&mut self, global: &Global, name: &str, id: &str) -> Result<String, Fault> {
        let aws = match &self.aws {
            Some(aws) => aws,
            None => {
                self.aws.insert(Aws::for_operator(global.profile.as_deref(), global.region.as_deref(), config::variable).await)
            }
        };
        let around =
            |fault: &Fault| Fault::Aws(format!("the secret `{name}` ({id} in Secrets Manager) cannot be read: {}", fault.text()));
        let region = aws.region().ok_or_else(|| around(&Fault::no_region()))?.to_owned();
        let profile = global.profile.clone().or_else(|| config::variable("AWS_PROFILE"));
        let place = Place { table: String::new(), region, profile };
        aws.secret(id).await.map_err(|error| around(&Fault::of(&error, &place)))
    }
}

/// A member of a secret that is a JSON object.
fn member(text: &str, key: &str) -> Result<String, String> {
    let Ok(Value::Object(members)) = serde_json::from_str(text) else {
        return Err(format!("is no JSON object; leave out `#{key}`, or store one with that member"));
    };
    match members.get(key) {
        Some(Value::String(value)) if !value.is_empty() => Ok(value.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(_) => Err(format!("has a member `{key}`, but it is neither text nor a number")),
        None => Err(format!("has another shape: {}", unknown("member", key, members.keys().map(String::as_str)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_of_a_secret_is_taken_and_what_is_missing_is_told_without_a_value() {
        let text = r#"{"user": "probe", "password": "hunter2", "pin": 1234, "list": ["hunter2"], "none": ""}"#;
        assert_eq!(member(text, "password"), Ok("hunter2".to_owned()));
        assert_eq!(member(text, "pin"), Ok("1234".to_owned()));
        for (text, key, wanted) in [
            (text, "pasword", "did you mean `password`?"),
            (text, "list", "neither text nor a number"),
            (text, "none", "neither text nor a number"),
            ("hunter2", "password", "leave out `#password`"),
            ("[1]", "password", "is no JSON object"),
        ] {
            let why = member(text, key).unwrap_err();
            assert!(why.contains(wanted) && !why.contains("hunter2"), "{why}");
        }
    }
}
