use std::time::Duration;

use domain::probe::{FlowReport, StepReport, Verdict};

use super::*;

#[expect(clippy::unnecessary_wraps, reason = "a phase may be missing")]
fn ms(ms: u64) -> Option<Duration> {
    Some(Duration::from_millis(ms))
}

fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + second).unwrap()
}

/// A request with everything.
fn exchange() -> Exchange {
    Exchange {
        step: 1,
        at: at(2),
        method: "POST".to_owned(),
        url: "https://api.example.com/token?a=1&b=two%20words&a=3#part".to_owned(),
        version: "HTTP/2".to_owned(),
        request_headers: fields(&[("content-type", "application/json"), ("cookie", "sid=7; theme=dark")]),
        request_body: Some("{\"user\":\"probe\"}".to_owned()),
        status: Some(302),
        response_headers: fields(&[
            ("Content-Type", "text/html; charset=utf-8"),
            ("Location", "/next"),
            ("Set-Cookie", "sid=8; Path=/; HttpOnly; Secure; Max-Age=60"),
        ]),
        response_body: "<html></html>".to_owned(),
        transferred: 11,
        peer: Some("192.0.2.7:443".parse().unwrap()),
        phases: Phases { dns: ms(1), connect: ms(10), tls: ms(20), ttfb: ms(100), total: ms(140) },
        error: None,
    }
}

/// One that had no answer, on a connection that was used before.
fn unanswered() -> Exchange {
    let phases = Phases { total: Some(Duration::from_nanos(1_234_567)), ..Phases::default() };
    let error = Some("the connection was reset".to_owned());
    let none = Exchange { status: None, peer: None, request_body: None, phases, error, at: at(1), step: 2, ..exchange() };
    Exchange { response_headers: Vec::new(), response_body: String::new(), transferred: 0, ..none }
}

fn run(exchanges: Vec<Exchange>) -> Done {
    let step = StepReport {
        step: 1,
        name: "log in".to_owned(),
        kind: "http".to_owned(),
        ok: false,
        slow: false,
        status: Some(302),
        phases_ms: Phases::default(),
        captures: Vec::new(),
        because: vec!["status == 200: it was 302".to_owned()],
        evidence: None,
    };
    let report = FlowReport {
        flow: "login".to_owned(),
        run: "r".to_owned(),
        region: None,
        at: at(0),
        verdict: Verdict::Down,
        failed_step: Some(1),
        because: vec!["step 1: status == 200: it was 302".to_owned()],
        duration_ms: 140.0,
        steps: vec![step],
        cleanup: Vec::new(),
    };
    Done { report, exchanges }
}

#[test]
fn connecting_holds_the_handshake_and_the_timings_add_up() {
    let (timings, time) = timings(&exchange());
    assert_eq!(
        timings,
        json!({"blocked": -1.0, "dns": 1.0, "connect": 30.0, "ssl": 20.0, "send": 0.0, "wait": 100.0, "receive": 9.0})
    );
    assert!((time - 140.0).abs() < f64::EPSILON, "{time}");
    let (timings, time) = super::timings(&unanswered());
    assert_eq!(
        timings,
        json!({"blocked": -1.0, "dns": -1.0, "connect": -1.0, "ssl": -1.0, "send": 0.0, "wait": 1.234, "receive": 0.0})
    );
    assert!((time - 1.234).abs() < f64::EPSILON, "{time}");
}

#[test]
fn requests_stand_in_order_of_time_below_the_page_of_their_flow() {
    let archive = archive(&[run(vec![exchange(), unanswered()])]);
    let log = &archive["log"];
    assert_eq!(log["pages"][0]["title"], "login: down at step 1");
    assert_eq!(log["pages"][0]["startedDateTime"], "2026-02-02T02:40:00.000Z");
    let entries = log["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    let [first, second] = [&entries[0], &entries[1]];
    assert_eq!((&first["response"]["status"], &first["response"]["_error"]), (&json!(0), &json!("the connection was reset")));
    assert_eq!(second["comment"], "step 1: log in");
    assert_eq!(second["serverIPAddress"], "192.0.2.7");
    assert_eq!(
        second["request"]["url"], "https://api.example.com/token?a=1&b=two%20words&a=3",
        "an address without its fragment"
    );
    assert_eq!(
        second["request"]["queryString"],
        json!([{"name": "a", "value": "1"}, {"name": "b", "value": "two words"}, {"name": "a", "value": "3"}])
    );
    assert_eq!(second["request"]["cookies"], json!([{"name": "sid", "value": "7"}, {"name": "theme", "value": "dark"}]));
    assert_eq!(second["request"]["postData"]["mimeType"], "application/json");
    assert_eq!(
        second["response"]["cookies"],
        json!([{"name": "sid", "value": "8", "path": "/", "httpOnly": true, "secure": true}])
    );
    assert_eq!((&second["response"]["redirectURL"], &second["response"]["bodySize"]), (&json!("/next"), &json!(11)));
}
