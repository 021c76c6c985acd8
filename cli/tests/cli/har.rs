//! Is it an HTTP Archive? The structure of HAR 1.2, checked by hand.
//!
//! <http://www.softwareishard.com/blog/har-12-spec/>

use jiff::Timestamp;
use serde_json::Value;

/// What a field is.
#[derive(Clone, Copy)]
enum Is {
    Text,
    Number,
    /// A number that is not negative.
    Measure,
    Moment,
    Bool,
    List(&'static [Field]),
    Object(&'static [Field]),
}

/// A field: its name, whether it must be there, and what it is.
type Field = (&'static str, bool, Is);

const PAIR: &[Field] = &[("name", true, Is::Text), ("value", true, Is::Text), ("comment", false, Is::Text)];
const COOKIE: &[Field] = &[
    ("name", true, Is::Text),
    ("value", true, Is::Text),
    ("path", false, Is::Text),
    ("domain", false, Is::Text),
    ("expires", false, Is::Moment),
    ("httpOnly", false, Is::Bool),
    ("secure", false, Is::Bool),
    ("comment", false, Is::Text),
];
const POST: &[Field] =
    &[("mimeType", true, Is::Text), ("params", true, Is::List(PAIR)), ("text", true, Is::Text), ("comment", false, Is::Text)];
const REQUEST: &[Field] = &[
    ("method", true, Is::Text),
    ("url", true, Is::Text),
    ("httpVersion", true, Is::Text),
    ("cookies", true, Is::List(COOKIE)),
    ("headers", true, Is::List(PAIR)),
    ("queryString", true, Is::List(PAIR)),
    ("postData", false, Is::Object(POST)),
    ("headersSize", true, Is::Number),
    ("bodySize", true, Is::Number),
    ("comment", false, Is::Text),
];
const CONTENT: &[Field] = &[
    ("size", true, Is::Measure),
    ("compression", false, Is::Number),
    ("mimeType", true, Is::Text),
    ("text", false, Is::Text),
    ("encoding", false, Is::Text),
    ("comment", false, Is::Text),
];
const RESPONSE: &[Field] = &[
    ("status", true, Is::Measure),
    ("statusText", true, Is::Text),
    ("httpVersion", true, Is::Text),
    ("cookies", true, Is::List(COOKIE)),
    ("headers", true, Is::List(PAIR)),
    ("content", true, Is::Object(CONTENT)),
    ("redirectURL", true, Is::Text),
    ("headersSize", true, Is::Number),
    ("bodySize", true, Is::Number),
    ("comment", false, Is::Text),
];
const TIMINGS: &[Field] = &[
    ("blocked", false, Is::Number),
    ("dns", false, Is::Number),
    ("connect", false, Is::Number),
    ("send", true, Is::Measure),
    ("wait", true, Is::Measure),
    ("receive", true, Is::Measure),
    ("ssl", false, Is::Number),
    ("comment", false, Is::Text),
];
const ENTRY: &[Field] = &[
    ("pageref", false, Is::Text),
    ("startedDateTime", true, Is::Moment),
    ("time", true, Is::Measure),
    ("request", true, Is::Object(REQUEST)),
    ("response", true, Is::Object(RESPONSE)),
    ("cache", true, Is::Object(&[])),
    ("timings", true, Is::Object(TIMINGS)),
    ("serverIPAddress", false, Is::Text),
    ("connection", false, Is::Text),
    ("comment", false, Is::Text),
];
const PAGE: &[Field] = &[
    ("startedDateTime", true, Is::Moment),
    ("id", true, Is::Text),
    ("title", true, Is::Text),
    ("pageTimings", true, Is::Object(&[("onContentLoad", false, Is::Number), ("onLoad", false, Is::Number)])),
    ("comment", false, Is::Text),
];
const CREATOR: &[Field] = &[("name", true, Is::Text), ("version", true, Is::Text), ("comment", false, Is::Text)];
const LOG: &[Field] = &[
    ("version", true, Is::Text),
    ("creator", true, Is::Object(CREATOR)),
    ("browser", false, Is::Object(CREATOR)),
    ("pages", false, Is::List(PAGE)),
    ("entries", true, Is::List(ENTRY)),
    ("comment", false, Is::Text),
];

/// Checks an archive.
#[track_caller]
pub(crate) fn check(archive: &Value) {
    assert_eq!(archive.as_object().map(serde_json::Map::len), Some(1), "an archive has a log and nothing else");
    let log = &archive["log"];
    check_object("log", log, LOG);
    assert_eq!(log["version"], "1.2");
    let pages: Vec<&Value> = log["pages"].as_array().expect("a list").iter().map(|page| &page["id"]).collect();
    let entries = log["entries"].as_array().expect("a list");
    for entry in entries {
        assert!(pages.contains(&&entry["pageref"]), "{}: no such page", entry["pageref"]);
        check_times(entry);
        let url = entry["request"]["url"].as_str().expect("text");
        assert!(url.contains("://") && !url.contains('#'), "{url}");
    }
    let starts: Vec<Timestamp> = entries.iter().map(|entry| moment(&entry["startedDateTime"])).collect();
    assert!(starts.is_sorted(), "{starts:?}");
}

/// The parts add up to the whole, where `ssl` is in `connect`.
fn check_times(entry: &Value) {
    let time = |name: &str| entry["timings"][name].as_f64().unwrap_or(-1.0);
    for name in ["blocked", "dns", "connect", "ssl"] {
        assert!(time(name) >= 0.0 || (time(name) + 1.0).abs() < f64::EPSILON, "{name}: {}", time(name));
    }
    assert!(time("connect") >= time("ssl"), "{}", entry["timings"]);
    let sum: f64 = ["blocked", "dns", "connect", "send", "wait", "receive"].iter().map(|name| time(name).max(0.0)).sum();
    assert!((sum - entry["time"].as_f64().expect("a number")).abs() < 0.000_1, "{sum}: {entry}");
}

fn check_object(path: &str, value: &Value, fields: &[Field]) {
    let object = value.as_object().unwrap_or_else(|| panic!("{path} is no object: {value}"));
    for (name, is_required, is) in fields {
        match object.get(*name) {
            Some(value) => check_value(&format!("{path}.{name}"), value, *is),
            None => assert!(!is_required, "{path}.{name} is missing"),
        }
    }
    for name in object.keys() {
        assert!(name.starts_with('_') || fields.iter().any(|(known, ..)| known == name), "{path}.{name} is not of HAR 1.2");
    }
}

fn check_value(path: &str, value: &Value, is: Is) {
    let is_right = match is {
        Is::Text => value.is_string(),
        Is::Number => value.is_number(),
        Is::Measure => value.as_f64().is_some_and(|number| number >= 0.0),
        Is::Bool => value.is_boolean(),
        Is::Moment => {
            moment(value);
            true
        }
        Is::List(fields) => {
            let items = value.as_array().unwrap_or_else(|| panic!("{path} is no list: {value}"));
            items.iter().enumerate().for_each(|(n, item)| check_object(&format!("{path}[{n}]"), item, fields));
            true
        }
        Is::Object(fields) => {
            check_object(path, value, fields);
            true
        }
    };
    assert!(is_right, "{path}: {value}");
}

/// A moment of ISO 8601, with its zone.
fn moment(value: &Value) -> Timestamp {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no moment: {value}"))
}
