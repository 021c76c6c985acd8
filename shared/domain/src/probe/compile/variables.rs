//! Is every variable known that a text has?

use serde_json::Value;

use super::Reader;
use super::scope::Scope;
use crate::policy::unknown;
use crate::probe::template::Template;

impl Reader<'_> {
    /// Reads a text with variables, all of which must be known.
    pub(super) fn template(&mut self, text: &str, path: &str, scope: &Scope<'_>) -> Template {
        let template = self.noted(Template::parse(text), path).unwrap_or_default();
        self.variables_are_known(template.variables(), path, scope);
        template
    }

    /// Notes variables that there are not.
    pub(super) fn variables_are_known<'n>(&mut self, names: impl Iterator<Item = &'n str>, path: &str, scope: &Scope<'_>) {
        for name in names.filter(|name| scope.known(name).is_none()) {
            self.problem(path, unknown_variable(name, scope));
        }
    }

    /// Reads such a text, if it is there.
    pub(super) fn some_template(&mut self, text: Option<&String>, path: &str, scope: &Scope<'_>) -> Option<Template> {
        text.map(|text| self.template(text, path, scope))
    }

    /// Looks at the texts of a JSON document.
    pub(super) fn document(&mut self, document: &Value, path: &str, scope: &Scope<'_>) {
        match document {
            Value::String(text) => drop(self.template(text, path, scope)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| self.document(item, &format!("{path}[{n}]"), scope));
            }
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| self.document(value, &format!("{path}.{name}"), scope));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Why a variable is not known, and what might have been meant.
fn unknown_variable(name: &str, scope: &Scope<'_>) -> String {
    if let Some(step) = scope.later(name) {
        return format!("`${{{name}}}` is captured by {step}, which is not over yet here; capture it in a step before");
    }
    let secret = name.strip_prefix("secret.");
    let is_of_run = name.starts_with("run.");
    let known: Vec<&str> = scope
        .names()
        .filter(|known| secret.is_none() || known.starts_with("secret."))
        .filter(|known| !is_of_run || known.starts_with("run."))
        .collect();
    match secret {
        Some(secret) => unknown("secret", secret, known.iter().filter_map(|known| known.strip_prefix("secret."))),
        None => unknown("variable", name, known),
    }
}
