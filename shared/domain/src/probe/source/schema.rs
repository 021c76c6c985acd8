//! What may a probes file hold? Its JSON Schema, made of the types that it is read
//! into, for editors.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::{HttpVersionSource, ProbesSource, RedirectsSource, Sentence, Values};
use crate::policy::source::schema_of;

/// The schema of a probes file, as of draft 2020-12.
pub fn schema() -> Value {
    schema_of::<ProbesSource>("Watchkeeper's probes")
}

impl JsonSchema for RedirectsSource {
    fn schema_name() -> Cow<'static, str> {
        "Redirects".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string", "enum": ["follow", "stay"]}, {"type": "integer", "minimum": 0, "maximum": 20}]})
    }
}

impl JsonSchema for HttpVersionSource {
    fn schema_name() -> Cow<'static, str> {
        "HttpVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"enum": [1.1, 2, "1.1", "2"]})
    }
}

impl JsonSchema for Sentence {
    fn schema_name() -> Cow<'static, str> {
        "Expectation".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

impl JsonSchema for Values {
    fn schema_name() -> Cow<'static, str> {
        "Values".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = ["string", "integer", "boolean"];
        json_schema!({"anyOf": [{"type": one}, {"type": "array", "items": {"type": one}}]})
    }
}
