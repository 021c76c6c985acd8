#![expect(clippy::format_collect, reason = "the plainest way, and the texts are short")]

use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use super::*;
use crate::law::law;

fn of(values: &[&str]) -> Secrets {
    let mut secrets = Secrets::default();
    for value in values {
        secrets.add(*value);
    }
    secrets
}

/// Every character as `%XX` of its bytes, but for those that an address may have as they
/// are; what that is, encoders do not agree on.
fn percent(value: &str, plain: &str, is_upper: bool) -> String {
    let byte = |byte: u8| if is_upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
    let encode = |ch: char| {
        if ch.is_ascii_alphanumeric() || plain.contains(ch) {
            return ch.to_string();
        }
        ch.to_string().bytes().map(byte).collect()
    };
    value.chars().map(encode).collect()
}

fn html(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#x27;")
}

fn unicode(value: &str) -> String {
    value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

fn hex(value: &str) -> String {
    value.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The forms in which a value comes back.
fn forms(value: &str) -> Vec<String> {
    let json = serde_json::to_string(value).unwrap();
    let json = json[1..json.len() - 1].to_owned();
    let standard = STANDARD.encode(value);
    vec![
        value.to_owned(),
        percent(value, "-_.~", true),
        percent(value, "-_.~", false),
        percent(value, "-_.!~*'()", true),
        percent(value, "", true),
        percent(value, " ", true).replace(' ', "+"),
        json.replace('/', "\\/"),
        json,
        unicode(value),
        html(value),
        value.chars().map(|ch| format!("&#{};", u32::from(ch))).collect(),
        value.chars().map(|ch| format!("&#x{:X};", u32::from(ch))).collect(),
        percent(&standard, "", true),
        standard.trim_end_matches('=').to_owned(),
        standard,
        URL_SAFE.encode(value),
        hex(value),
        hex(value).to_uppercase(),
    ]
}

#[test]
fn every_form_of_a_secret_is_masked() {
    for (value, text, wanted) in [
        ("hunter22", "user=probe&password=hunter22&x=1", "user=probe&password=***&x=1"),
        ("hunter22", "hunter22hunter22 Hunter22", "****** Hunter22"),
        ("p/w +1", "?q=p%2Fw+%2b1&r=p%2fw%20%2B1", "?q=***&r=***"),
        ("a\"b\\c/d", r#"{"k": "a\"b\\c\/d"}"#, r#"{"k": "***"}"#),
        ("<t&k>", "<b>&lt;t&amp;k&#62;</b>", "<b>***</b>"),
        ("Zoë-key", "Zo\\u00eb-key Zo%C3%AB-key Zo&#xEB;-key", "*** *** ***"),
        ("probe:hunter22", "Authorization: Basic cHJvYmU6aHVudGVyMjI=", "Authorization: Basic ***="),
        ("hunter22", "68756E74657232 68756E7465723232 68756e7465723232", "68756E74657232 *** ***"),
        ("line one\nline two\n", "says line one line two!", "says ***!"),
        ("%25%25", "100 %25%25 and %2525%2525", "100 *** and ***"),
        ("🔑🔑🔑🔑", r"\ud83d\udd11\ud83d\udd11\ud83d\udd11\ud83d\udd11", "***"),
    ] {
        assert_eq!(of(&[value]).mask(text), wanted, "{value}");
    }
}

#[test]
fn secrets_that_overlap_leave_nothing_of_each_other() {
    assert_eq!(of(&["abcdef", "defghi"]).mask("-abcdefghi-"), "-***-");
    assert_eq!(of(&["abcd", "abcdefgh"]).mask("abcdefgh abcde"), "*** ***e");
    assert_eq!(of(&["aaaa"]).mask("aaaaaa"), "***");
    // The mask makes a secret of what stands beside it.
    assert_eq!(of(&["x***y", "long-one"]).mask("xlong-oney"), "***");
}

#[test]
fn a_short_value_is_masked_where_it_stands_alone() {
    let secrets = of(&["42", "a", "é1"]);
    assert_eq!(secrets.mask("pin=42, 421, x42 and 42."), "pin=***, 421, x42 and ***.");
    assert_eq!(secrets.mask("a banana, \"a\" \\u0061!"), "*** banana, \"***\" ***!");
    assert_eq!(secrets.mask("%C3%A91 caf\u{e9}1"), "*** caf\u{e9}1");
    assert_eq!(of(&["", "*", "****"]).mask("****"), "****", "what the mask is made of hides nothing");
}

#[test]
fn of_a_text_that_is_cut_the_beginning_of_a_secret_is_masked_too() {
    let secrets = of(&["hunter22", "probe:hunter22"]);
    assert_eq!(secrets.mask_beginning("it was hunte"), "it was ***");
    assert_eq!(secrets.mask_beginning("it was probe:hun"), "it was ***");
    assert_eq!(secrets.mask("it was hunte"), "it was hunte");
    assert_eq!(secrets.mask_beginning("it was hunter22."), "it was ***.");
}

#[test]
fn nothing_of_a_secret_is_in_how_it_is_debugged() {
    assert!(!format!("{:?}", of(&["hunter22"])).contains("hunter"));
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,3}", "[ -~]{4,12}", "[ab*]{4,8}", "[%+&\\\\;2u]{4,8}", "\\PC{4,8}", any::<String>()]
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn after_masking_no_form_of_a_secret_is_in_the_text(
        values in prop::collection::vec(value(), 1..4),
        pieces in prop::collection::vec((0..4_usize, 0..18_usize, "[ -~]{0,4}"), 0..8),
    ) {
        let secrets = of(&values.iter().map(String::as_str).collect::<Vec<_>>());
        let all: Vec<Vec<String>> = values.iter().map(|value| forms(value)).collect();
        let text: String = pieces.iter().map(|(n, form, plain)| format!("{plain}{}", all[n % all.len()][*form])).collect();
        let masked = secrets.mask(&text);
        for (value, forms) in values.iter().zip(&all) {
            let is_long = value.chars().count() >= 4 && !value.chars().all(|ch| ch == '*');
            for form in forms.iter().filter(|_| is_long) {
                prop_assert!(!masked.contains(form.as_str()), "{form:?} of {value:?} is in {masked:?}, of {text:?}");
            }
        }
        prop_assert_eq!(secrets.mask(&masked), masked.clone(), "masking twice changes nothing");
    }

    #[test]
    fn each_form_alone_is_masked(value in "[ -~é]{4,20}".prop_filter("is not of stars", |value| !value.chars().all(|ch| ch == '*'))) {
        for form in forms(&value) {
            let masked = of(&[&value]).mask(&format!("({form})"));
            // What is left of padding, and what a value may have at its ends.
            let rest = masked.trim_start_matches('(').trim_end_matches([')', '=']).replace("%3D", "");
            prop_assert!(rest.chars().all(|ch| ch == '*' || ch.is_whitespace() || "()=+%20".contains(ch)), "{form:?} of {value:?}: {masked:?}");
        }
    }

    #[test]
    fn what_is_no_secret_stays(text in "[g-z ]{0,60}", value in "[0-9]{6,9}") {
        prop_assert_eq!(of(&[&value]).mask(&text), text);
    }

    #[test]
    fn of_the_beginning_of_a_text_no_secret_is_left(value in "[a-z]{8,20}", n in 1..20_usize) {
        let n = n.min(value.len());
        let masked = of(&[&value]).mask_beginning(&format!("-{}", &value[..n]));
        prop_assert_eq!(masked, "-***");
    }
}
