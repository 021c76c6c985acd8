use domain::probe::Probes;
use serde_json::{Value, json};

use super::*;

/// A flow with everything that hurl has a word for, and some that it has none for.
const FLOW: &str = include_str!("shop.yaml");
/// The same in hurl's words; hurl 8.1 reads it.
const WANTED: &str = include_str!("shop.hurl");

#[test]
fn a_flow_is_written_in_hurls_words_and_what_it_cannot_say_is_told() {
    let content: Value = serde_saphyr::from_str(FLOW).unwrap();
    let probes = Probes::check(&content).unwrap_or_else(|problems| panic!("{problems}"));
    let Exported { text, beside, left_out } = export(&probes.flows[0]).expect("it has a request");
    assert_eq!(text, WANTED, "{text}");
    assert_eq!(beside, [("re port.csv".to_owned(), "a,b\n".to_owned())]);
    assert_eq!(
        left_out,
        [
            "shop step 1: `csrf`, which is captured by a CSS selector; give it with --variable csrf=…",
            "shop step 1: time.ttfb < 300ms",
            "shop step 1: json $.state in [\"open\", \"new\"]",
            "shop step 3: a step of the kind tcp",
        ]
    );
}

#[test]
fn a_flow_without_a_request_over_http_is_not_written() {
    let probes = Probes::check(&json!({"flows": [{"id": "db", "steps": [{"tcp": "db.example.com:5432"}]}]})).unwrap();
    assert!(export(&probes.flows[0]).is_none());
}

/// The text of a flow of one step.
fn written(step: &Value) -> String {
    let content = json!({"secrets": {"1st": "env:FIRST"}, "flows": [{"id": "one", "steps": [step]}]});
    let probes = Probes::check(&content).unwrap_or_else(|problems| panic!("{problems}"));
    export(&probes.flows[0]).unwrap().text
}

#[test]
fn what_would_mean_something_else_to_hurl_is_written_so_that_it_does_not() {
    let part = |part: Value| json!({"post": "https://a.example/", "multipart": [part]});
    for (step, line) in [
        (part(json!({"name": "a", "content": "file,x;"})), "a: \\u{66}ile,x;"),
        (part(json!({"name": "a", "content": "", "file_name": "[1] {2}.txt"})), "a: file,\\u{5b}1]\\ \\{2\\}.txt;"),
        (json!({"get": "https://a.example/${secret.1st}"}), "GET https://a.example/{{v1st}}"),
        (json!({"get": "https://a.example/", "http": 1.1}), "HTTP *"),
        (json!({"get": "https://a.example/", "http": 2}), "HTTP/2 *"),
        (json!({"post": "https://a.example/", "json": {"k\\": ["`", {}]}}), "`{\"k\\\\\\\\\": [\"\\`\",{}]}`"),
        (json!({"post": "https://a.example/", "json": {"k\\": 1}}), "Content-Type: application/json"),
        (
            json!({"request": {"method": "M-SEARCH", "url": "https://a.example/"}}),
            "# Not for hurl: a request with the method M-SEARCH",
        ),
    ] {
        let text = written(&step);
        assert!(text.lines().any(|found| found == line), "{line}:\n{text}");
    }
}

#[test]
fn an_expression_has_a_group_or_is_made_one() {
    for (pattern, wanted) in [
        ("id=(\\d+)", true),
        ("id=\\d+", false),
        ("id=\\(\\d+\\)", false),
        ("[(]x[)]", false),
        ("(?:a|b)", false),
        ("(?i)abc", false),
        ("(?P<id>\\d+)", true),
        ("(?:a)(b)", true),
    ] {
        assert_eq!(has_group(pattern), wanted, "{pattern}");
    }
}
