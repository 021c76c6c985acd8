//! What matches, what is refused, and that short cuts take nobody elsewhere.

use proptest::prelude::*;

use super::*;
use crate::law::law_of;

fn matched(matcher: &str, pairs: &[(&str, &str)]) -> bool {
    Matcher::parse(matcher).unwrap().matches(&pairs.iter().copied().collect())
}

#[test]
fn the_four_operators_follow_alertmanager() {
    let api = [("service", "api"), ("env", "prod")];
    for (matcher, wanted) in [
        (r#"service="api""#, true),
        ("service=api", true),
        (r#"service!="api""#, false),
        (r#"service=~"api|web""#, true),
        (r#"service=~"ap""#, false),
        (r#"service=~"ap.*""#, true),
        (r#"service=~"a.i""#, true),
        (r#"service!~"a.i""#, false),
        (r#"service!~"worker.*""#, true),
        (r#"team="""#, true),
        (r#"team!="""#, false),
        (r#"team=~".*""#, true),
        (r#"team=~".+""#, false),
        (r#" env = "prod" "#, true),
    ] {
        assert_eq!(matched(matcher, &api), wanted, "{matcher}");
    }
}

#[test]
fn escapes_inside_quotes_are_resolved() {
    assert!(matched(r#"name="a \"b\" \\ c""#, &[("name", r#"a "b" \ c"#)]));
    assert!(matched(r#"name=~"db-\d+""#, &[("name", "db-42")]));
    assert!(!matched(r#"name=~"db-\d+""#, &[("name", "db-x")]));
}

#[test]
fn a_list_is_split_at_commas_outside_quotes() {
    let list = Matcher::parse_list(r#"{a="x,y", b=~"c|d"}"#).unwrap();
    assert_eq!(show(&list), r#"{a="x,y",b=~"c|d"}"#);
    assert!(Matcher::parse_list("").unwrap().is_empty());
}

#[test]
fn what_is_wrong_is_said() {
    for (matcher, part) in [
        ("service", "is not a matcher"),
        ("=api", "is not a matcher"),
        ("1a=b", "is not a label name"),
        (r#"a="b"#, "quotes"),
        (r#"a=b"c"#, "quotes"),
        (r#"a="b" c"#, "quotes"),
    ] {
        let error = Matcher::parse(matcher).unwrap_err().to_string();
        assert!(error.contains(part), "{matcher}: {error}");
    }
    let bad = Matcher::parse(r#"a=~"(""#).unwrap();
    assert!(bad.check().unwrap_err().to_string().contains("group"));
    assert!(!bad.matches(&Labels::new()), "a bad expression matches nothing");
    let unanchored = Matcher::parse(r#"a=~"x)|(y""#).unwrap();
    assert!(unanchored.check().is_err(), "it would match anything that begins with x");
    let bomb = Matcher::parse(r#"a=~"((a{99}){99}){99}""#).unwrap();
    assert!(bomb.check().unwrap_err().to_string().contains("size"));
}

#[test]
fn a_dot_is_not_a_lines_end() {
    let two_lines = Pattern::of_regex(".*");
    assert!(two_lines.matches("one line") && !two_lines.matches("two\nlines"));
    for expression in ["two.*", ".*lines", ".+o.+", "(two).*"] {
        assert!(!Pattern::of_regex(expression).matches("two\nlines"), "{expression}");
    }
    assert!(Pattern::of_regex("(?s)two.*").matches("two\nlines"));
}

#[test]
fn what_alertmanager_accepts_is_read_as_it_reads_it() {
    for (list, wanted) in [
        ("a = b", r#"{a="b"}"#),
        ("{a=b", r#"{a="b"}"#),
        ("a=b}", r#"{a="b"}"#),
        ("a=~x{2}", r#"{a=~"x{2"}"#),
        (" a=b , c!=d, ", r#"{a="b",c!="d"}"#),
        ("a==b", r#"{a="=b"}"#),
        ("a=", r#"{a=""}"#),
        (":a=b", r#"{:a="b"}"#),
        (r#"a=b\"c"#, r#"{a="b\"c"}"#),
        (r"a=b\", r#"{a="b\\"}"#),
        (r"a=b\nc\d", r#"{a="b\nc\\d"}"#),
        (r"a=b\,c=d", r#"{a="b\\",c="d"}"#),
        (r#"a="x\",y",b=c"#, r#"{a="x\",y",b="c"}"#),
    ] {
        assert_eq!(show(&Matcher::parse_list(list).unwrap()), wanted, "{list}");
    }
}

#[test]
fn what_alertmanager_reads_otherwise_is_refused() {
    for (expression, part) in [
        (r"\<api\>", "plain characters"),
        (r"\b{start}api.*x", "kinds of `\\b`"),
        ("x{1, 2}", "with spaces"),
        ("(?i)straße.?", "(?i)"),
        ("(?s-m)(?mi:straße)", "(?i)"),
        (r"\pL+", "not a regular expression"),
        ("[a&&b]", "not a regular expression"),
    ] {
        let error = Matcher::like("a", expression).unwrap().check().unwrap_err().to_string();
        assert!(error.contains(part), "{expression}: {error}");
    }
    for expression in [r"\\<x.", "(?i)strasse.?", "straße.?", "x{1,2}", r"\bx.y\b"] {
        assert_eq!(Matcher::like("a", expression).unwrap().check(), Ok(()), "{expression}");
    }
}

#[test]
fn a_word_of_ours_is_taken_as_it_stands() {
    let labels = |value: &str| -> Labels { [("service", value)].into_iter().collect() };
    let one = Matcher::one_of("service", false, &["a.b"]);
    assert_eq!(
        (one.to_string().as_str(), one.matches(&labels("a.b")), one.matches(&labels("axb"))),
        ("service=\"a.b\"", true, false)
    );
    let two = Matcher::one_of("service", true, &["a.b", "c|d"]);
    assert_eq!(two.to_string(), r#"service!~"a\\.b|c\\|d""#);
    assert_eq!(["a.b", "c|d", "c", "axb"].map(|value| two.matches(&labels(value))), [false, false, true, true]);
    assert_eq!(two, Matcher::parse(&two.to_string()).unwrap());
}

proptest! {
    #![proptest_config(law_of(2_000))]

    #[test]
    fn what_needs_no_engine_is_as_the_engine_has_it(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "a", "b", "ab", "-", "|", ".*", ".+", ".", "a*", "b?", "a+", "b{2}", "a{1,2}", r"\x41", r"\u0041", r"\b", "(a|b)", "(a)?", "(?:ab)*", "([)]|a)", r"(\)|b)",
            "[ab]", "[^a]", "[]a]", "[^]|]", "[(]", "[a|b]+", "[[:alpha:]|]", r"[\]a]", r"\.", r"\|", r"\-", r"\w", "(?i)B", "(?s:.)",
        ]), 0..5),
        values in proptest::collection::vec(prop_oneof!["[ab]{0,3}", "[aAbB.\\-|\n)]{0,5}"], 8..16),
    ) {
        let expression = parts.concat();
        let pattern = Pattern::of_regex(&expression);
        if let Ok(engine) = regex_lite::Regex::new(&format!("^(?:{expression})$")) {
            for value in values {
                prop_assert_eq!(pattern.matches(&value), engine.is_match(&value), "{:?} and {:?}", pattern, value);
            }
        }
    }
}
