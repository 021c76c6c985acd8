use proptest::prelude::*;

use super::*;

fn brief(kind: NoticeKind) -> Brief {
    Brief {
        id: "0K3-M9Q-F7T".to_owned(),
        kind,
        priority: Priority::P1,
        headline: "Please answer: database connections (vitascope-db)".to_owned(),
        service: Some("vitascope-db".to_owned()),
        facts: vec![
            ("Why now".to_owned(), "rule 1 of platform: ana is on call".to_owned()),
            ("Answer by".to_owned(), "2026-11-21 02:10 UTC".to_owned()),
            ("Reason".to_owned(), "Threshold Crossed: 1 datapoint [95.0 (21/11/26 02:04:00)] was > 80.0".to_owned()),
            ("Opened".to_owned(), "2026-11-21 02:05 UTC (2 min ago)".to_owned()),
            ("Dashboard".to_owned(), "https://grafana.example/d/db?a=1&b=2".to_owned()),
        ],
        link: Some("https://console.example/i/0K3M9QF7T?s=abc&x=1".to_owned()),
        runbook: Some("https://wiki.example.com/db".to_owned()),
        is_over: false,
        opened_at: "2026-11-21T02:05:00Z".parse().unwrap(),
    }
}

/// Draws a message as somebody sees it.
fn drawn(message: &Value) -> String {
    let mut out = vec![format!("notification: {}", message["text"].as_str().unwrap())];
    for block in message["blocks"].as_array().into_iter().flatten() {
        let texts = |list: &Value| {
            let texts = list.as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap().replace('\n', " "));
            texts.collect::<Vec<_>>().join(" | ")
        };
        out.push(match block["type"].as_str().unwrap() {
            "header" => format!("# {}", block["text"]["text"].as_str().unwrap()),
            "section" if block.get("fields").is_some() => format!("columns: {}", texts(&block["fields"])),
            "section" => format!("line: {}", block["text"]["text"].as_str().unwrap().replace('\n', " ")),
            "context" => format!("small: {}", texts(&block["elements"])),
            "actions" => {
                let button = &block["elements"][0];
                let style = button.get("style").map(|style| format!(", {}", style.as_str().unwrap())).unwrap_or_default();
                format!("[{}] -> {}{style}", button["text"]["text"].as_str().unwrap(), button["url"].as_str().unwrap())
            }
            other => panic!("{other}"),
        });
    }
    out.join("\n")
}

#[test]
fn a_page_shows_what_where_why_and_a_button() {
    let message = message(&brief(NoticeKind::Page { rule: 1 }), None, Shape::FULL);
    let wanted = "\
notification: 🔴 P1 · Please answer: database connections (vitascope-db) (0K3-M9Q-F7T)
# 🔴 P1 · Please answer: database connections (vitascope-db)
columns: *Why now* rule 1 of platform: ana is on call | *Answer by* 2026-11-21 02:10 UTC
line: *Reason* Threshold Crossed: 1 datapoint [95.0 (21/11/26 02:04:00)] was &gt; 80.0
columns: *Opened* 2026-11-21 02:05 UTC (2 min ago)
line: *Dashboard* <https://grafana.example/d/db?a=1&amp;b=2|Dashboard on grafana.example>
line: *Runbook* <https://wiki.example.com/db|Runbook on wiki.example.com>
[Open] -> https://console.example/i/0K3M9QF7T?s=abc&x=1, primary
small: `0K3-M9Q-F7T` · critical · opened <!date^1795226700^{date_short_pretty} {time}|2026-11-21 02:05 UTC>";
    assert_eq!(drawn(&message), wanted);
    assert_eq!((&message["unfurl_links"], &message["unfurl_media"]), (&Value::from(false), &Value::from(false)));
    assert_eq!(message.get("thread_ts"), None);
}

#[test]
fn the_sign_in_the_header_says_how_it_stands() {
    for (kind, is_over, priority, wanted) in [
        (NoticeKind::Opened, false, Priority::P1, "🔴 P1"),
        (NoticeKind::Opened, false, Priority::P2, "🟠 P2"),
        (NoticeKind::Reminder, false, Priority::P3, "🟡 P3"),
        (NoticeKind::Updated, false, Priority::P4, "🔵 P4"),
        (NoticeKind::Acknowledged { by: "ana".to_owned() }, false, Priority::P1, "👀 P1"),
        (NoticeKind::Mended, false, Priority::P1, "🔧 P1"),
        (NoticeKind::Resolved, true, Priority::P1, "✅ P1"),
        (NoticeKind::Page { rule: 1 }, true, Priority::P1, "✅ P1"),
    ] {
        let message = message(&Brief { is_over, priority, ..brief(kind) }, None, Shape::FULL);
        assert!(message["text"].as_str().unwrap().starts_with(wanted), "{message}");
    }
}

#[test]
fn in_a_thread_what_rings_is_shown_in_the_channel_too() {
    for (kind, wanted) in [
        (NoticeKind::Page { rule: 2 }, true),
        (NoticeKind::Resolved, true),
        (NoticeKind::Updated, false),
        (NoticeKind::Acknowledged { by: "ana".to_owned() }, false),
    ] {
        let message = message(&brief(kind), Some("1.2"), Shape::FULL);
        assert_eq!((&message["thread_ts"], &message["reply_broadcast"]), (&Value::from("1.2"), &Value::from(wanted)));
    }
    let outside = message(&brief(NoticeKind::Updated), Some("1.2"), Shape { has_thread: false, ..Shape::FULL });
    assert_eq!((outside.get("thread_ts"), outside.get("reply_broadcast")), (None, None));
}

#[test]
fn hostile_names_mention_nobody_and_make_no_link() {
    let evil = "<!channel> <@U1> <https://evil.example|bank> & *x*";
    let tame = "&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil.example|bank&gt; &amp; *x*";
    let brief = Brief {
        id: "<!here>".to_owned(),
        headline: evil.to_owned(),
        facts: vec![
            (evil.to_owned(), evil.to_owned()),
            ("Dashboard".to_owned(), format!("https://a.example/{evil}")),
            ("Reason".to_owned(), "https://evil.example/login".to_owned()),
        ],
        runbook: Some("<!everyone>".to_owned()),
        link: Some("javascript:alert(1)".to_owned()),
        ..brief(NoticeKind::Opened)
    };
    let wanted = format!(
        "\
notification: 🔴 P1 · {tame} (&lt;!here&gt;)
# 🔴 P1 · {tame}
columns: *{tame}* {tame}
line: *Dashboard* https://a.example/{tame}
columns: *Reason* https://evil.example/login | *Runbook* &lt;!everyone&gt;
small: `&lt;!here&gt;` · critical · opened <!date^1795226700^{{date_short_pretty}} {{time}}|2026-11-21 02:05 UTC>"
    );
    let message = message(&brief, None, Shape::FULL);
    assert_eq!(drawn(&message), wanted);
    // Nothing is parsed that was not meant to be.
    let text = message.to_string();
    assert_eq!(text.matches(r#""type":"mrkdwn""#).count(), text.matches(r#""verbatim":true"#).count());
}

#[test]
fn a_headline_that_is_too_long_for_the_header_stands_below_it_in_full() {
    let headline = "ä<".repeat(100);
    let message = message(&Brief { headline: headline.clone(), ..brief(NoticeKind::Opened) }, None, Shape::FULL);
    let header = message["blocks"][0]["text"]["text"].as_str().unwrap();
    assert!(header.ends_with("&lt;ä…") || header.ends_with("ä&lt;…") || header.ends_with('…'), "{header}");
    assert!((145..=150).contains(&units(header)), "{header}");
    assert_eq!(message["blocks"][1]["text"]["text"], headline.replace('<', "&lt;"));
}

#[test]
fn without_blocks_the_same_is_said_in_plain_text() {
    let shape = Shape { has_blocks: false, has_thread: true };
    let message = message(&brief(NoticeKind::Page { rule: 1 }), Some("1.2"), shape);
    assert_eq!(message.get("blocks"), None);
    assert_eq!(message["thread_ts"], "1.2");
    let wanted = "\
notification: 🔴 P1 · Please answer: database connections (vitascope-db) (0K3-M9Q-F7T)
Why now: rule 1 of platform: ana is on call
Answer by: 2026-11-21 02:10 UTC
Reason: Threshold Crossed: 1 datapoint [95.0 (21/11/26 02:04:00)] was &gt; 80.0
Opened: 2026-11-21 02:05 UTC (2 min ago)
Dashboard: https://grafana.example/d/db?a=1&amp;b=2
Runbook: https://wiki.example.com/db
<https://console.example/i/0K3M9QF7T?s=abc&amp;x=1|Open>";
    assert_eq!(drawn(&message), wanted);
}

#[test]
fn facts_that_do_not_fit_are_counted() {
    let facts = (0..300).map(|n| (format!("Fact {n}"), "x".repeat(if n % 2 == 0 { 10 } else { 70 }))).collect();
    let message = message(&Brief { facts, ..brief(NoticeKind::Opened) }, None, Shape::FULL);
    let blocks = message["blocks"].as_array().unwrap();
    assert!((BLOCKS_MAX - 1..=BLOCKS_MAX).contains(&blocks.len()), "{}", blocks.len());
    let context = blocks[blocks.len() - 1]["elements"][0]["text"].as_str().unwrap();
    assert!(context.ends_with("more facts are left out here"), "{context}");
}

#[test]
fn cutting_keeps_escapes_whole() {
    for (raw, max, wanted) in [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("a<b", 6, "a&lt;b"),
        ("a<b", 5, "a…"),
        ("a<bc", 6, "a&lt;…"),
        ("&&", 5, "…"),
        ("😀😀", 4, "😀😀"),
        ("😀😀", 3, "😀…"),
        ("", 3, ""),
    ] {
        assert_eq!(escaped(raw, max), wanted, "{raw} cut to {max}");
    }
}

/// Refuses what Slack would refuse.
fn check_limits(message: &Value) {
    let blocks = message["blocks"].as_array().unwrap();
    assert!(blocks.len() <= BLOCKS_MAX);
    let mut n_units = 0;
    let mut check = |text: &Value, max: usize| {
        let text = text["text"].as_str().unwrap();
        assert!(!text.is_empty() && units(text) <= max, "{} of {max}: {text}", units(text));
        n_units += units(text);
    };
    for block in blocks {
        match block["type"].as_str().unwrap() {
            "header" => check(&block["text"], HEADER_MAX),
            "section" => {
                if let Some(fields) = block["fields"].as_array() {
                    assert!((1..=FIELDS_MAX).contains(&fields.len()));
                    for field in fields {
                        check(field, FIELD_MAX);
                    }
                } else {
                    check(&block["text"], SECTION_MAX);
                }
            }
            "actions" => assert!(block["elements"][0]["url"].as_str().unwrap().len() <= URL_MAX),
            "context" => check(&block["elements"][0], SECTION_MAX),
            other => panic!("{other}"),
        }
    }
    assert!(n_units <= TEXT_MAX, "{n_units}");
    assert!(units(message["text"].as_str().unwrap()) <= SECTION_MAX);
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[<>&]{0,80}",
        ("(<|&|x|😀|監)", 0usize..3_100).prop_map(|(piece, n)| piece.repeat(n)),
        "https://[a-z]{1,10}\\.example/[a-z&]{0,3000}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn every_message_keeps_to_the_limits_of_slack(
        id in texts(),
        headline in texts(),
        facts in prop::collection::vec((prop_oneof![texts(), Just("Dashboard".to_owned())], texts()), 0..60),
        link in prop::option::of(texts()),
        runbook in prop::option::of(texts()),
    ) {
        let brief = Brief { id, headline, facts, link, runbook, ..brief(NoticeKind::Opened) };
        check_limits(&message(&brief, None, Shape::FULL));
        let plain = message(&brief, None, Shape { has_blocks: false, has_thread: true });
        prop_assert!(units(plain["text"].as_str().unwrap()) <= PLAIN_MAX);
    }

    #[test]
    fn what_is_escaped_holds_no_control_character(raw in texts(), max in 1usize..300) {
        let out = escaped(&raw, max);
        prop_assert!(units(&out) <= max);
        prop_assert!(!out.contains(['<', '>']));
        let bare = out.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
        prop_assert!(!bare.contains('&'), "{}", out);
    }
}
