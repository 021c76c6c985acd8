//! Editors are told of the keys that there are.

use std::collections::BTreeSet;

use super::*;
use crate::probe::source::schema;

/// Notes which keys of the schema a document has, and which there are at such places.
fn walk(root: &Value, at: &Value, name: &str, value: Option<&Value>, seen: &mut [BTreeSet<String>; 2], depth: usize) {
    if depth > 12 {
        return;
    }
    if let Some(name) = at["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
        return walk(root, &root["$defs"][name], name, value, seen, depth + 1);
    }
    for choice in ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| at[*key].as_array()).flatten() {
        walk(root, choice, name, value, seen, depth + 1);
    }
    if let Some(properties) = at["properties"].as_object() {
        for (key, below) in properties.iter().filter(|(key, _)| *key != "heartbeats") {
            seen[0].insert(format!("{name}.{key}"));
            let member = value.and_then(|value| value.get(key));
            if member.is_some() {
                seen[1].insert(format!("{name}.{key}"));
            }
            walk(root, below, &format!("{name}.{key}"), member, seen, depth + 1);
        }
    }
    if at["additionalProperties"].is_object() {
        for member in value.and_then(Value::as_object).into_iter().flat_map(serde_json::Map::values) {
            walk(root, &at["additionalProperties"], name, Some(member), seen, depth + 1);
        }
    }
    for item in value.and_then(Value::as_array).into_iter().flatten() {
        walk(root, &at["items"], name, Some(item), seen, depth + 1);
    }
}

#[test]
fn every_key_of_the_schema_is_understood() {
    let schema = schema();
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    right(&good());
    walk(&schema, &schema, "", Some(&good()), &mut seen, 0);
    let untried: Vec<&String> = seen[0].difference(&seen[1]).collect();
    assert!(seen[1].len() > 80, "{}", seen[1].len());
    assert!(untried.is_empty(), "the good file has not {untried:?}");
    let document = std::fs::read_to_string(format!("{}/../../docs/probes.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for key in seen[0].iter().filter_map(|path| path.rsplit('.').next()) {
        let is_told = ["`", ".", "{", " "]
            .iter()
            .any(|before| ["`", ":", ".", ",", "}"].iter().any(|after| document.contains(&format!("{before}{key}{after}"))));
        assert!(is_told, "docs/probes.md does not tell of {key}");
    }
}
