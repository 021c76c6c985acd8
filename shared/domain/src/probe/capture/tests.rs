use proptest::prelude::*;

use super::*;
use crate::law::law;

const ORDER: &str =
    r#"{"id": "A-17", "n": 42, "ok": true, "note": null, "items": [{"sku": "a"}, {"sku": "b"}], "at": {"city": "Zürich"}}"#;
const PAGE: &str = r#"<html><body><form action="/login"><input type="hidden" name="csrf" value="t&amp;1">
    <input name="user"></form><p id="total"> 12 <b>items</b> </p><a class="next" HREF="/2">next</a></body></html>"#;

fn seen(body: &str) -> Seen {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Seen {
        headers: [("Location", "/orders/17"), ("Vary", "a"), ("vary", "b")].map(pair).to_vec(),
        cookies: [("session", "abc"), ("session", "def")].map(pair).to_vec(),
        body: body.as_bytes().to_vec(),
        ..Seen::default()
    }
}

fn taken(from: From, body: &str) -> Result<String, String> {
    Capture { name: "it".to_owned(), is_secret: false, from }.take(&seen(body))
}

#[test]
fn values_are_found_where_they_are_said_to_be() {
    let css = |selector, attribute| From::css(selector, attribute).unwrap();
    for (from, body, wanted) in [
        (From::header("location").unwrap(), "", "/orders/17"),
        (From::header("VARY").unwrap(), "", "a, b"),
        (From::cookie("session").unwrap(), "", "def"),
        (From::json("$.id").unwrap(), ORDER, "A-17"),
        (From::json("$.n").unwrap(), ORDER, "42"),
        (From::json("$.ok").unwrap(), ORDER, "true"),
        (From::json("$.note").unwrap(), ORDER, "null"),
        (From::json("$.at").unwrap(), ORDER, r#"{"city":"Zürich"}"#),
        (From::json("$.items[?@.sku == 'b'].sku").unwrap(), ORDER, "b"),
        (From::json("$..city").unwrap(), ORDER, "Zürich"),
        (From::regex(r"id=(\d+)").unwrap(), "id=17&id=18", "17"),
        (From::regex(r"id=\d+").unwrap(), "id=17&id=18", "id=17"),
        (From::regex(r"(a)|(b)").unwrap(), "xb", "b"),
        (css("input[name=csrf]", Some("value")), PAGE, "t&1"),
        (css("form", Some("ACTION")), PAGE, "/login"),
        (css("a.next", Some("href")), PAGE, "/2"),
        (css("#total", None), PAGE, "12 items"),
        (css("form > input:nth-child(2)", Some("name")), PAGE, "user"),
    ] {
        assert_eq!(taken(from.clone(), body).as_deref(), Ok(wanted), "{from:?}");
    }
}

#[test]
fn what_is_not_there_is_said_with_where_it_was_looked_for() {
    let css = |selector, attribute| From::css(selector, attribute).unwrap();
    let long = format!("\"{}\"", "a".repeat(VALUE_MAX + 1));
    let page = "x".repeat(300_000);
    for (from, body, wanted) in [
        (From::header("x-id").unwrap(), "", "there is no header x-id"),
        (From::cookie("Session").unwrap(), "", "there is no cookie Session"),
        (From::json("$.id").unwrap(), "", "the body is empty, and no JSON"),
        (From::json("$.id").unwrap(), "<html>", "the body is no JSON: expected value at line 1 column 1"),
        (From::json("$.missing").unwrap(), ORDER, "there is nothing at $.missing"),
        (From::json("$.items[*].sku").unwrap(), ORDER, "$.items[*].sku finds 2 values; name one, as in `[0]`"),
        (From::regex(r"id=(\d+)").unwrap(), "none", r"the body does not match `id=(\d+)`"),
        (From::regex(r"id=(\d+)").unwrap(), &page, r"the body does not match `id=(\d+)` in its first 256 KiB"),
        (css("input[name=other]", None), PAGE, "no element `input[name=other]` in the body"),
        (css("#b", None), &page, "no element `#b` in the first 262144 bytes of the body"),
        (css("p", Some("value")), PAGE, "`p` is a <p> without the attribute `value`"),
    ] {
        assert_eq!(taken(from.clone(), body), Err(format!("nothing was captured as `it`: {wanted}")), "{from:?}");
    }
    let wanted = format!("nothing was captured as `it`: the value has {} bytes, and {VALUE_MAX} are the most", VALUE_MAX + 1);
    assert_eq!(taken(From::json("$").unwrap(), &long), Err(wanted));
}

#[test]
fn what_cannot_be_read_is_refused_with_what_would_be_right() {
    for (from, wanted) in [
        (From::header("two words"), "`two words` is no name of a header field"),
        (From::header(""), "`` is no name of a header field"),
        (From::cookie("a=b"), "`a=b` is no name of a cookie"),
        (From::json("id"), "`id` is no JSON path: it begins with `$`"),
        (From::json("$.items["), "`$.items[` is no JSON path (RFC 9535)"),
        (From::json("$..a..b"), "searches the document more than once"),
        (From::regex("("), "`(` is no regular expression"),
        (From::regex("(a{200}){200}"), "is no regular expression"),
        (From::css("p[", None), "`p[` is no CSS selector"),
        (From::css("", None), "`` is no CSS selector"),
        (From::css("p", Some("a b")), "`a b` is no name of an attribute"),
    ] {
        let why = from.unwrap_err();
        assert!(why.contains(wanted), "{why}");
    }
}

#[test]
fn a_flow_may_be_run_on_any_thread() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Capture>();
    is_shared::<View>();
}

#[test]
fn a_hostile_answer_is_read_in_bounded_time() {
    let repeated = |piece: &str, size: usize| piece.repeat(size / piece.len());
    let (large, small) = (1 << 20, 8 << 10);
    for (from, body) in [
        (From::json("$..x"), format!("[{}1]", repeated("[[],[]],", large))),
        (From::json("$..[?@.a == 2]"), format!("[{}1]", repeated("{\"a\":1},", large))),
        (From::json("$"), "[".repeat(large)),
        (From::regex("(a|aa|aab)*c"), repeated("aab", large)),
        (From::css("a b c d", None), repeated("<a><b><c>", small)),
        (From::css("div p div p", None), repeated("<div><p>", small)),
        (From::css("x", None), repeated("<div></p>", small)),
    ] {
        assert!(taken(from.clone().unwrap(), &body).is_err(), "{from:?}");
    }
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn no_text_makes_a_reader_panic(text in any::<String>(), path in "\\$[.\\[\\]*?@'\"a-c0-9,:()=<&|! -]{0,24}", css in "[.#a-c:>+~*\\[\\]=\"' ()0-9-]{0,24}") {
        for from in [From::header(&text), From::cookie(&text), From::json(&text), From::json(&path), From::regex(&text), From::css(&text, Some(&text)), From::css(&css, None)] {
            for body in [ORDER, PAGE, text.as_str()] {
                let _ = from.clone().map(|from| taken(from, body));
            }
        }
    }

    #[test]
    fn text_of_json_is_taken_as_it_is(text in any::<String>().prop_filter("is short", |text| text.len() < 1_000)) {
        let body = serde_json::json!({"a": text}).to_string();
        prop_assert_eq!(taken(From::json("$.a").unwrap(), &body), Ok(text));
    }
}
