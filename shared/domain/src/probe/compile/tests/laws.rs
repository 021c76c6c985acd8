//! Laws of the file.

use proptest::prelude::*;

use super::*;
use crate::law::law;
use crate::policy::tests::yaml;

/// JSON in which keys and texts of the file are frequent.
fn documents() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "flows",
        "steps",
        "id",
        "get",
        "tcp",
        "dns",
        "tls",
        "llm",
        "json",
        "expect",
        "capture",
        "every",
        "1m",
        "https://a.example/${x}",
        "status == 200",
        "${run.id}",
        "a.example:1",
        "secret",
        "defaults",
        "headers",
        "regions",
        "run",
        "quorum",
        "",
        "${",
        "::",
    ]);
    let leaf = prop_oneof![
        words.clone().prop_map(|word| json!(word)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        any::<bool>().prop_map(|is| json!(is)),
        Just(Value::Null),
        any::<String>().prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(5, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((words.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
        ]
    })
}

/// The paths of everything in a document.
fn paths(content: &Value, path: &str, found: &mut Vec<String>) {
    match content {
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            found.push(path.clone());
            paths(value, &path, found);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| {
            let path = format!("{path}[{n}]");
            found.push(path.clone());
            paths(item, &path, found);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The good file with something else at some place.
fn spoilt() -> impl Strategy<Value = Value> {
    let mut places = Vec::new();
    paths(&good(), "", &mut places);
    (prop::sample::select(places), documents()).prop_map(|(place, value)| with(&place, value))
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn whatever_the_file_has_it_is_read_or_refused(content in prop_oneof![documents(), spoilt()]) {
        match (Probes::check(&content), Probes::load(&content)) {
            (Ok(checked), loaded) => prop_assert_eq!(checked.version, loaded.unwrap().version),
            (Err(problems), _) => {
                prop_assert!(!problems.0.is_empty());
                prop_assert!(problems.0.len() <= crate::policy::PROBLEMS_MAX);
                let mut text = String::new();
                yaml(&content, 0, &mut text);
                prop_assert!(!problems.show("probes.yaml", &text).is_empty());
            }
        }
    }

    #[test]
    fn what_is_right_has_a_cost_and_warnings_of_known_kinds(content in spoilt()) {
        if let Ok((probes, warnings)) = Probes::check_with_warnings(&content) {
            let cost = crate::probe::cost::of(&probes);
            prop_assert!(cost.total.is_finite() && cost.total >= 0.0);
            for warning in warnings {
                prop_assert!(crate::probe::lint::KINDS.iter().any(|kind| kind.id == warning.id));
            }
        }
    }

    #[test]
    fn an_alert_rule_is_one_that_can_be_met(failures in 0_u32..25, of in 0_u32..25, recover in 0_u32..25) {
        let content = with("flows[0].alert", json!({"failures": failures, "of": of, "recover": recover}));
        let is_right = (1..=of).contains(&failures) && (1..=20).contains(&of) && (1..=20).contains(&recover);
        prop_assert_eq!(Probes::check(&content).is_ok(), is_right);
    }
}
