//! Is an answer the JSON document that was asked for?

use std::fmt::Write as _;

use domain::probe::secret::Secrets;
use jsonschema::PatternOptions;
use serde_json::Value;

use super::reply::said;

/// How many of the things that are wrong are named.
const NAMED_MAX: usize = 3;

/// The JSON of an answer. Models like to put it in a fence, as for people:
/// ```` ```json ````. A fence around all of it is taken off.
pub(super) fn unfenced(answer: &str) -> &str {
    let answer = answer.trim();
    let inner = answer.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let Some((language, inner)) = inner.and_then(|inner| inner.split_once('\n')) else { return answer };
    let is_json = matches!(language.trim(), "" | "json" | "JSON");
    if is_json && !inner.contains("```") { inner.trim() } else { answer }
}

/// Whether `answer` satisfies `schema`, a JSON Schema of any draft; of the newest if it does
/// not say which. What it refers to must stand in it.
///
/// # Errors
/// A sentence that says what is wrong, and where in the answer.
pub(super) fn check(schema: &Value, answer: &str, secrets: &Secrets) -> Result<(), String> {
    let json = unfenced(answer);
    let document: Value = serde_json::from_str(json).map_err(|error| match json {
        "" => "the answer is empty, not JSON".to_owned(),
        _ => format!("the answer is not JSON ({error}): `{}`", said(json, secrets)),
    })?;
    // Linear in the answer, whatever the pattern: the answer is not ours.
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    let validator = options
        .build(schema)
        .map_err(|error| format!("the step's `schema` cannot be used: {}", said(&error.to_string(), secrets)))?;
    let mut errors = validator.iter_errors(&document);
    let mut sentence = String::new();
    for error in errors.by_ref().take(NAMED_MAX) {
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { "the document".to_owned() } else { format!("`{}`", said(&place, secrets)) };
        let lead = if sentence.is_empty() { "the answer does not satisfy `schema`: " } else { "; " };
        let _ = write!(sentence, "{lead}{place}: {}", said(&error.to_string(), secrets));
    }
    match errors.count() {
        _ if sentence.is_empty() => Ok(()),
        0 => Err(sentence),
        n => Err(format!("{sentence}; and {n} more")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Value {
        json!({
            "type": "object",
            "required": ["city", "people"],
            "properties": {"city": {"type": "string", "pattern": "^[A-Z]"}, "people": {"type": "integer", "minimum": 1}},
            "additionalProperties": false,
        })
    }

    #[test]
    fn what_satisfies_the_schema_does_so_in_a_fence_too() {
        for answer in [
            r#"{"city":"Paris","people":2102650}"#,
            "  {\"city\":\"Paris\",\n\"people\":1}\n",
            "```json\n{\"city\":\"Paris\",\"people\":1}\n```",
            "```\n{\"city\":\"Paris\",\"people\":1}\n```\n",
        ] {
            assert_eq!(check(&schema(), answer, &Secrets::default()), Ok(()), "{answer}");
        }
    }

    #[test]
    fn what_does_not_is_said_with_its_place() {
        let rows = [
            ("", "empty"),
            ("Paris has 2 million people.", "not JSON"),
            ("Sure! ```json\n{\"city\":\"Paris\",\"people\":1}\n```", "not JSON"),
            (r#"{"city":"Paris","people":"#, "not JSON"),
            (r#"{"city":"Paris","people":"many"}"#, "`/people`: \"many\" is not of type \"integer\""),
            (r#"{"city":"Paris"}"#, "the document: \"people\" is a required property"),
            (r#"{"city":"paris","people":0}"#, "`/city`"),
            ("[]", "[] is not of type \"object\""),
        ];
        for (answer, wanted) in rows {
            let why = check(&schema(), answer, &Secrets::default()).unwrap_err();
            assert!(why.contains(wanted), "{answer}: {why}");
        }
        let many = check(&json!({"items": {"type": "string"}}), "[1,2,3,4,5]", &Secrets::default()).unwrap_err();
        assert!(many.ends_with("; and 2 more"), "{many}");
    }

    #[test]
    fn a_schema_that_cannot_be_used_is_said_to_be_the_cause() {
        for schema in [json!({"type": "objekt"}), json!({"$ref": "https://schemas.example/x.json"})] {
            let why = check(&schema, "{}", &Secrets::default()).unwrap_err();
            assert!(why.contains("the step's `schema` cannot be used"), "{why}");
        }
    }
}
