//! What may a policy file hold? Its JSON Schema, made of the types that it is read
//! into, for editors.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::PolicySource;
use super::labels::Text;
use crate::span::Span;

/// The schema of a policy file, as of draft 2020-12. Keys that are not to be written
/// by hand are not in it.
pub fn schema() -> Value {
    schema_of::<PolicySource>("Watchkeeper's standing orders")
}

/// The schema of a kind of file.
pub(crate) fn schema_of<S: JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<S>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // At least one unit, largest first; `0` needs none.
        json_schema!({
            "description": "A length of time: 30s, 5m, 1h30m, 7d.",
            "type": ["string", "integer"],
            "pattern": "^(0|(?=[0-9])([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
            "maximum": 0,
            "minimum": 0,
        })
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "LabelValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer", "boolean"]})
    }
}
