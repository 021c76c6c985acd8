//! Every expectation of `table.txt`, and what comes of it.
//!
//! A line `= name` says what was seen from there on; below an expectation stands, after
//! `->`, `met`, `refused:` with why it cannot be read, or `not met:` (`slow:` if only time
//! is the matter) with what is said.

use std::time::Duration;

use crate::probe::expect::Expectation;
use crate::probe::report::Phases;
use crate::probe::secret::Secrets;
use crate::probe::seen::{LlmSeen, Seen, TlsSeen};

const ORDER: &str = r#"{"id": "A-17", "state": "open", "total": "12", "count": 3, "price": 9.5, "paid": false, "note": null,
    "big": 9007199254740993, "tags": ["new", "web"], "numbers": [1, 2, 3], "mixed": [1, "1", true, null],
    "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}], "customer": {"name": "Zoë", "first name": "Z"},
    "at": "2026-11-21T10:00:00Z", "token": "s3cr3t-value", "empty": "", "none": []}"#;

/// What each name of the table stands for.
fn seen(name: &str) -> Seen {
    let ms = |ms| Some(Duration::from_micros(ms));
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let order = Seen {
        status: Some(201),
        headers: [
            ("Content-Type", "application/json"),
            ("X-Count", "12"),
            ("Vary", "a"),
            ("vary", "b"),
            ("X-Key", "s3cr3t-value"),
        ]
        .map(pair)
        .to_vec(),
        cookies: [("session", "abc"), ("theme", "dark")].map(pair).to_vec(),
        body: ORDER.as_bytes().to_vec(),
        is_cut: false,
        size: 12_000,
        phases: Phases { dns: ms(350), connect: ms(12_000), tls: None, ttfb: ms(812_000), total: ms(1_234_000) },
        tls: None,
        llm: None,
    };
    let body = |text: &str| Seen { body: text.as_bytes().to_vec(), ..order.clone() };
    match name {
        "order" => order,
        "page" => body("<p>all is well</p>\nline two \u{1b}[31m\u{202e}s3cr3t-value and s3cr3t\u{200b}-value"),
        "long" => body(&"long ".repeat(1_000)),
        "cut" => Seen { is_cut: true, ..body("{\"ok\": true, \"rest\": \"abc") },
        "empty" => body(""),
        "tcp" => Seen { phases: Phases { connect: ms(5_000), total: ms(9_000), ..Phases::default() }, ..Seen::default() },
        "tls" => Seen {
            tls: Some(TlsSeen {
                days_left: 9,
                subject: "CN=api.example.com".to_owned(),
                issuer: "CN=R11, O=Let's Encrypt, C=US".to_owned(),
                names: vec!["api.example.com".to_owned(), "*.example.com".to_owned()],
                chain: 2,
                version: "TLSv1.3".to_owned(),
            }),
            ..Seen::default()
        },
        "llm" => Seen {
            llm: Some(LlmSeen {
                first_token: ms(420_000),
                tokens_in: Some(25),
                tokens_out: Some(180),
                cost: Some(0.0042),
                similarity: Some(0.62),
            }),
            ..order
        },
        other => panic!("nothing is called {other}"),
    }
}

fn came_of(text: &str, seen: &Seen) -> String {
    let mut secrets = Secrets::default();
    secrets.add("s3cr3t-value");
    match Expectation::parse(text) {
        Err(why) => format!("refused: {why}"),
        Ok(expectation) => match expectation.judge(seen, &secrets) {
            Ok(()) => "met".to_owned(),
            Err(unmet) if unmet.is_slow => format!("slow: {}", unmet.because),
            Err(unmet) => format!("not met: {}", unmet.because),
        },
    }
}

#[test]
fn every_expectation_comes_to_what_the_table_says() {
    let table = include_str!("table.txt");
    let mut now = Seen::default();
    let mut text = "";
    let (mut n_rows, mut n_refused, mut printed, mut wrong) = (0, 0, String::new(), Vec::new());
    for line in table.lines() {
        if let Some(name) = line.strip_prefix("= ") {
            now = seen(name);
        } else if let Some(wanted) = line.strip_prefix("    -> ") {
            let is = came_of(text, &now);
            n_rows += 1;
            n_refused += usize::from(is.starts_with("refused: "));
            if is != wanted {
                wrong.push(format!("{text}\n    is: {is}\n    not: {wanted}"));
            }
            printed.extend(["    -> ", &is, "\n"]);
            continue;
        } else {
            text = line;
        }
        printed.extend([line, "\n"]);
    }
    assert!(wrong.is_empty(), "{} differ:\n{}\n\nall of it, as it is:\n{printed}", wrong.len(), wrong.join("\n"));
    assert!(n_rows >= 150 && n_refused >= 50, "{n_rows} rows, {n_refused} of them refused");
}
