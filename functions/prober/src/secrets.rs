//! The secrets of the probes file, read when flows need them, and kept for some minutes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use aws::Aws;
use domain::probe::flow::SecretSource;
use domain::probe::{Flow, Probes};
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// For how long a secret is not read again: as long as a rotated one may fail.
const FRESH: SignedDuration = SignedDuration::from_mins(5);
/// Secrets that are read at the same time.
const AT_ONCE: usize = 8;

/// The secrets that this process has read, by name or ARN.
#[derive(Debug)]
pub(crate) struct Secrets {
    aws: Aws,
    read: Mutex<BTreeMap<String, (Timestamp, Secret)>>,
}

/// The text of a secret.
#[derive(Clone)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What the flows of a round need: values by name, or why there is none.
pub(crate) struct Values(BTreeMap<String, Result<String, String>>);

impl Secrets {
    pub(crate) fn new(aws: Aws) -> Secrets {
        Secrets { aws, read: Mutex::default() }
    }

    /// The secrets that these flows need.
    pub(crate) async fn read<'a>(&self, now: Timestamp, probes: &Probes, flows: impl Iterator<Item = &'a Flow>) -> Values {
        let names: BTreeSet<String> = flows.flat_map(Flow::secrets).collect();
        let sources: Vec<(String, Option<SecretSource>)> =
            names.into_iter().map(|name| (name.clone(), probes.secrets.get(&name).cloned())).collect();
        let ids: BTreeSet<String> = sources
            .iter()
            .filter_map(|(_, source)| match source {
                Some(SecretSource::SecretsManager { id, .. }) => Some(id.clone()),
                Some(SecretSource::Environment(_) | SecretSource::File(_)) | None => None,
            })
            .collect();
        let texts: BTreeMap<String, Result<Secret, String>> = stream::iter(ids)
            .map(|id| async move { (id.clone(), self.text(now, &id).await) })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        Values(sources.into_iter().map(|(name, source)| (name, value(source.as_ref(), &texts))).collect())
    }

    async fn text(&self, now: Timestamp, id: &str) -> Result<Secret, String> {
        let known = self.lock().get(id).filter(|(at, _)| now.duration_since(*at) < FRESH).map(|(_, secret)| secret.clone());
        if let Some(secret) = known {
            return Ok(secret);
        }
        let secret = Secret(self.aws.secret(id).await.map_err(|error| error.to_string())?);
        self.lock().insert(id.to_owned(), (now, secret.clone()));
        Ok(secret)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Timestamp, Secret)>> {
        // Nothing panics while it is held; and an entry is whole or not there.
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Values {
    /// What a flow needs.
    ///
    /// # Errors
    /// Why a secret cannot be read: nothing can be said of the flow then.
    pub(crate) fn of(&self, flow: &Flow) -> Result<BTreeMap<String, String>, String> {
        flow.secrets()
            .into_iter()
            .map(|name| match self.0.get(&name) {
                Some(Ok(value)) => Ok((name, value.clone())),
                Some(Err(why)) => Err(format!("secret `{name}`: {why}")),
                None => Err(format!("secret `{name}` is not among `secrets` of the probes file")),
            })
            .collect()
    }
}

fn value(source: Option<&SecretSource>, texts: &BTreeMap<String, Result<Secret, String>>) -> Result<String, String> {
    let (id, key) = match source {
        Some(SecretSource::SecretsManager { id, key }) => (id, key),
        Some(SecretSource::Environment(_) | SecretSource::File(_)) => {
            return Err("is read only where flows are run by hand; the prober reads `secretsmanager:…`".to_owned());
        }
        None => return Err("is not among `secrets` of the probes file".to_owned()),
    };
    let text = texts.get(id).cloned().unwrap_or_else(|| Err("was not read".to_owned()))?.0;
    let Some(key) = key else { return Ok(text) };
    let content: Value =
        serde_json::from_str(&text).map_err(|_| format!("secret {id} is no JSON object, so it has no `{key}`"))?;
    match content.get(key) {
        Some(Value::String(value)) => Ok(value.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) => Err(format!("`{key}` of secret {id} is no text")),
        None => Err(format!("secret {id} has no `{key}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_text_or_a_part_of_it_or_why_not() {
        let texts = BTreeMap::from([
            ("plain".to_owned(), Ok(Secret("pass word".into()))),
            ("object".to_owned(), Ok(Secret(r#"{"user": "u", "pin": 12, "list": []}"#.into()))),
            ("gone".to_owned(), Err("not found".to_owned())),
        ]);
        let of = |id: &str, key: Option<&str>| {
            let source = SecretSource::SecretsManager { id: id.into(), key: key.map(str::to_owned) };
            value(Some(&source), &texts).unwrap_or_else(|why| format!("no: {why}"))
        };
        for (id, key, wanted) in [
            ("plain", None, "pass word"),
            ("object", Some("user"), "u"),
            ("object", Some("pin"), "12"),
            ("object", Some("list"), "no: `list` of secret object is no text"),
            ("object", Some("other"), "no: secret object has no `other`"),
            ("plain", Some("user"), "no: secret plain is no JSON object, so it has no `user`"),
            ("gone", None, "no: not found"),
        ] {
            assert_eq!(of(id, key), wanted, "{id} {key:?}");
        }
        assert!(value(Some(&SecretSource::Environment("X".into())), &texts).unwrap_err().contains("by hand"));
        assert!(!format!("{texts:?}").contains("pass word"));
    }
}
