//! Laws of texts with variables.

use proptest::prelude::*;

use super::*;
use crate::law::law;

fn values(name: &str, value: &str) -> Values {
    [(name.to_owned(), value.to_owned())].into()
}

#[test]
fn a_variable_takes_its_value_and_a_doubled_dollar_is_a_plain_one() {
    for (text, wanted) in [
        ("Bearer ${token}", "Bearer T"),
        ("${token}${ token }", "TT"),
        ("$${token}", "${token}"),
        ("$$${token}", "$${token}"),
        ("$ { } $token", "$ { } $token"),
        ("", ""),
    ] {
        assert_eq!(Template::parse(text).unwrap().fill(&values("token", "T")).unwrap(), wanted, "{text}");
    }
}

#[test]
fn a_value_in_a_query_is_encoded_and_a_value_elsewhere_is_not() {
    let mut url = Template::parse("https://a.example/${v}?q=").unwrap();
    url.push_encoded(Template::parse("a b/${v}").unwrap());
    assert_eq!(url.fill(&values("v", "x&y=1/2")).unwrap(), "https://a.example/x&y=1/2?q=a+b%2Fx%26y%3D1%2F2");
    assert_eq!(url.variables().collect::<Vec<_>>(), ["v", "v"]);
}

#[test]
fn a_variable_without_a_value_is_named_and_one_without_an_end_is_refused() {
    let text = Template::parse("${run.id}-${token}").unwrap();
    assert_eq!(text.fill(&values("run.id", "1")), Err("token".to_owned()));
    for text in ["${token", "${}", "${a b}", "a${$}"] {
        assert!(Template::parse(text).is_err(), "{text}");
    }
}

/// Texts in which the signs of variables are frequent.
fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![
            "[a-z ]{0,3}",
            Just("$".to_owned()),
            Just("${a}".to_owned()),
            Just("{".to_owned()),
            Just("}".to_owned()),
            Just("$${".to_owned())
        ],
        0..12,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn what_is_written_is_read_as_the_same(text in texts()) {
        if let Ok(template) = Template::parse(&text) {
            prop_assert_eq!(Template::parse(&template.to_string()), Ok(template));
        }
    }

    #[test]
    fn what_is_filled_has_no_variables_left(text in "[a-z${} .-]{0,24}", value in "[a-z ]{0,8}") {
        prop_assume!(!text.contains("$${"));
        if let Ok(template) = Template::parse(&text) {
            let values: Values = template.variables().map(|name| (name.to_owned(), value.clone())).collect();
            let filled = template.fill(&values).unwrap();
            prop_assert!(!filled.contains("${"), "{}", filled);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = Template::parse(&text);
    }
}
