//! What holds of every expectation, and of every answer.

use proptest::prelude::*;

use crate::law::law;
use crate::probe::expect::{BECAUSE_MAX, Expectation};
use crate::probe::secret::Secrets;
use crate::probe::seen::Seen;
use crate::probe::template::Values;

/// The expectations of the table that can be read.
fn known() -> Vec<Expectation> {
    include_str!("table.txt").lines().filter_map(|line| Expectation::parse(line).ok()).collect()
}

/// Pieces of expectations, in any order: most are nothing, some come near to something.
fn babble() -> impl Strategy<Value = String> {
    let words = [
        "status",
        "time.ttfb",
        "header",
        "x-a",
        "json",
        "$",
        ".a",
        "[0]",
        "[?",
        "@.b",
        "]",
        "(",
        "body",
        "not",
        "==",
        "!=",
        "<",
        ">=",
        "in",
        "contains",
        "matches",
        "exists",
        "[",
        ",",
        "\"",
        "'",
        "\\",
        "\\u",
        "1",
        "-",
        ".5",
        "e9",
        "ms",
        "kB",
        "${",
        "}",
        "é",
        "\u{0}",
        " ",
        "null",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..16).prop_map(|words| words.concat())
}

/// Literals of any text.
fn literal() -> impl Strategy<Value = String> {
    let text = "[ -~é\n\t\u{7}\u{85}]{0,12}".prop_map(|text| {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$ {");
        format!("\"{escaped}\"")
    });
    let scalar = prop_oneof![
        text,
        any::<i64>().prop_map(|number| number.to_string()),
        (-1e9..1e9).prop_map(|number: f64| number.to_string()),
        Just("true".to_owned()),
        Just("null".to_owned()),
    ];
    let list = prop::collection::vec(scalar.clone(), 1..4).prop_map(|members| format!("[{}]", members.join(", ")));
    prop_oneof![scalar, list]
}

fn judged(expectation: &Expectation, body: Vec<u8>, is_cut: bool, secrets: &Secrets) -> Option<String> {
    let size = body.len() as u64;
    let headers = vec![("x-count".to_owned(), String::from_utf8_lossy(&body).into_owned())];
    let seen = Seen { status: Some(200), body, is_cut, size, headers, ..Seen::default() };
    expectation.judge(&seen, secrets).err().map(|unmet| unmet.because)
}

#[test]
fn what_is_written_reads_back_as_the_same() {
    let known = known();
    assert!(known.len() > 100);
    for expectation in known {
        let written = expectation.to_string();
        assert_eq!(Expectation::parse(&written), Ok(expectation), "{written}");
    }
}

#[test]
fn a_variable_in_quotes_is_what_was_captured() {
    let values = Values::from([("order".to_owned(), "A.17".to_owned())]);
    let body = |text: &str| text.as_bytes().to_vec();
    for (text, seen, is_met) in [
        ("json $.id == \"${order}\"", r#"{"id": "A.17"}"#, true),
        ("json $.id == \"${order}\"", r#"{"id": "A-17"}"#, false),
        ("json $.id in [\"x\", \"no. ${order}\"]", r#"{"id": "no. A.17"}"#, true),
        ("body contains \"${order}\"", "order A.17 of 18", true),
        ("body contains \"$${order}\"", "what ${order} means", true),
        ("body matches \"^order ${order}$\"", "order A.17", true),
        ("body matches \"^order ${order}$\"", "order A-17", false),
    ] {
        let expectation = Expectation::parse(text).unwrap();
        let filled = expectation.filled(&values).unwrap();
        assert_eq!(judged(&filled, body(seen), false, &Secrets::default()).is_none(), is_met, "{text} of {seen}");
    }
    let expectation = Expectation::parse("body in [\"${a}\", \"${b.c} ${a}\"]").unwrap();
    assert_eq!(expectation.variables(), ["a", "b.c", "a"]);
    assert_eq!(expectation.filled(&values), Err("a".to_owned()));
    assert!(Expectation::parse("body == \"${a b}\"").unwrap_err().contains("names no variable"));
    assert!(Expectation::parse("body matches \"${a}(\"").unwrap_err().contains("is no regular expression"));
}

#[test]
fn expressions_and_paths_that_cost_too_much_are_refused() {
    for text in [
        format!("body matches \"{}\"", "(a{100}){100}"),
        format!("body matches \"{}\"", "a".repeat(1_500)),
        format!("body matches \"{}a{}\"", "(".repeat(40), ")".repeat(40)),
        format!("json $[?{}@.a{}] exists", "(".repeat(40), ")".repeat(40)),
        format!("json ${} exists", "[*,*]".repeat(9)),
        format!("json $.{} exists", "a".repeat(600)),
        format!("json $.a == {}1{}", "[".repeat(100), "]".repeat(100)),
        format!("body == \"{}\"", "a".repeat(3_000)),
    ] {
        assert!(Expectation::parse(&text).is_err(), "{text}");
    }
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = Expectation::parse(&text);
    }

    #[test]
    fn what_is_read_of_anything_is_written_so_that_it_reads_back(text in babble()) {
        if let Ok(expectation) = Expectation::parse(&text) {
            let written = expectation.to_string();
            prop_assert_eq!(Expectation::parse(&written), Ok(expectation), "{} was {}", written, text);
        }
    }

    #[test]
    fn every_literal_reads_back(literal in literal()) {
        let expectation = Expectation::parse(&format!("json $.a == {literal}")).unwrap();
        let written = expectation.to_string();
        prop_assert_eq!(Expectation::parse(&written), Ok(expectation), "{} was {}", written, literal);
    }

    #[test]
    fn no_answer_makes_the_judge_panic_or_say_too_much(body in any::<Vec<u8>>(), is_cut in any::<bool>()) {
        for expectation in known() {
            if let Some(because) = judged(&expectation, body.clone(), is_cut, &Secrets::default()) {
                prop_assert!(because.chars().count() <= BECAUSE_MAX);
                prop_assert!(!because.chars().any(char::is_control), "{because:?}");
            }
        }
    }

    #[test]
    fn no_secret_is_said(secret in "[a-zA-Z0-9/+ é\"&<\u{200b}]{4,40}", before in "[ -~]{0,300}", is_json in any::<bool>(), n_times in 1..500_usize) {
        // What is shorter is masked where it stands alone, and here it may be what quotes it.
        prop_assume!(crate::text::clean(&secret, 100).chars().count() >= 4);
        let mut secrets = Secrets::default();
        secrets.add(&secret);
        let text = format!("{before}{}", secret.repeat(n_times));
        let body = if is_json { serde_json::json!({"a": [text], "b": text}).to_string() } else { text };
        for text in ["body == 'x'", "json $.a == 'x'", "json $.b == 'x'", "json $.* == 'x'", "header x-count == 'x'"] {
            let because = judged(&Expectation::parse(text).unwrap(), body.clone().into_bytes(), false, &secrets);
            let because = because.unwrap();
            prop_assert!(!because.contains(&secret) && !because.contains(&crate::text::clean(&secret, 100)), "{because}");
        }
    }

    #[test]
    fn an_expectation_and_its_opposite_are_never_both_met(n in 0..10_i64, body in "[0-9a-c\"\\[\\],]{0,8}") {
        for (one, other) in [("==", "!="), ("<", ">="), (">", "<="), ("in", "not in")] {
            let literal = if one == "in" { format!("[{n}, {}]", n + 1) } else { n.to_string() };
            let both = [one, other].map(|operator| {
                judged(&Expectation::parse(&format!("json $ {operator} {literal}")).unwrap(), body.clone().into_bytes(), false, &Secrets::default())
            });
            prop_assert!(both.iter().any(Option::is_some));
            let is_number = serde_json::from_str::<serde_json::Number>(&body).is_ok();
            prop_assert_eq!(both.iter().any(Option::is_none), is_number, "{} {}", body, literal);
        }
    }
}
