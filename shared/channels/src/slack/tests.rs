use domain::question::Question;
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
        asks: Vec::new(),
        link: Some("https://console.example/i/0K3M9QF7T?s=abc&x=1".to_owned()),
        runbook: Some("https://wiki.example.com/db".to_owned()),
        is_over: false,
        opened_at: "2026-11-21T02:05:00Z".parse().unwrap(),
    }
}

fn button(button: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let style = button.get("style").map(|style| format!(", {}", text(style))).unwrap_or_default();
    let label = text(&button["text"]["text"]);
    if let Some(url) = button.get("url") {
        return format!("[{label}] -> {}{style}", text(url));
    }
    let dialog = &button["confirm"];
    let (title, says) = (text(&dialog["title"]["text"]), text(&dialog["text"]["text"]));
    format!("[{label}] = {}{style} ({title} {says})", text(&button["value"]))
}

fn ask(n: usize) -> Ask {
    Ask {
        question: Question {
            remediation: format!("reset-{n}"),
            does: format!("reboot <db-{n}>"),
            expires_at: "2026-11-21T02:35:00Z".parse().unwrap(),
        },
        buttons: Some(Buttons { approve: format!("yes-{n}"), decline: format!("no-{n}") }),
    }
}

fn asks(n: usize) -> Brief {
    let kind = NoticeKind::Asks { question: ask(n).question, others: Vec::new() };
    Brief { asks: vec![ask(n)], facts: Vec::new(), runbook: None, ..brief(kind) }
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
            "actions" => block["elements"].as_array().unwrap().iter().map(button).collect::<Vec<_>>().join(" "),
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
fn a_question_has_buttons_and_each_says_again_what_it_does() {
    let drawn = drawn(&message(&asks(1), None, Shape::FULL));
    let wanted = "\
[Approve] = yes-1, primary (Approve reset-1? Watchkeeper will reboot &lt;db-1&gt; (reset-1, incident 0K3-M9Q-F7T)) \
[Decline] = no-1, danger (Decline reset-1? Watchkeeper will not reboot &lt;db-1&gt; (reset-1, incident 0K3-M9Q-F7T))
[Open] -> https://console.example/i/0K3M9QF7T?s=abc&x=1
small:";
    assert!(drawn.starts_with("notification: ✋ P1"), "{drawn}");
    assert!(drawn.contains(wanted), "{drawn}");
}

#[test]
fn of_several_questions_each_has_buttons_of_its_own() {
    let brief = Brief { asks: (1..=5).map(ask).collect(), ..brief(NoticeKind::Opened) };
    let message = message(&brief, None, Shape::FULL);
    let drawn = drawn(&message);
    for n in 1..=5 {
        assert_eq!(drawn.contains(&format!("[Approve reset-{n}] = yes-{n}")), n <= ASKS_MAX, "{drawn}");
    }
    let blocks = message["blocks"].as_array().unwrap();
    assert_eq!(blocks.iter().filter(|block| block["type"] == "actions").count(), ASKS_MAX + 1);
    let of_block =
        |block: &Value| block["elements"].as_array().unwrap().iter().map(|it| it["action_id"].clone()).collect::<Vec<_>>();
    let first = blocks.iter().find(|block| block["type"] == "actions").unwrap();
    assert_eq!(of_block(first), ["approve", "decline"], "ids in a block differ");
}

#[test]
fn without_interactivity_or_with_something_too_long_to_carry_only_the_link_is_there() {
    let without = Ask { buttons: None, ..ask(1) };
    let long = Ask { buttons: Some(Buttons { approve: "x".repeat(VALUE_MAX + 1), decline: "no".to_owned() }), ..ask(1) };
    for ask in [without, long] {
        let drawn = drawn(&message(&Brief { asks: vec![ask], ..asks(1) }, None, Shape::FULL));
        assert!(!drawn.contains("[Approve]") && drawn.contains("[Open] -> https://console.example/"), "{drawn}");
    }
    let plain = message(&asks(1), None, Shape { has_blocks: false, has_thread: true }).to_string();
    assert!(!plain.contains("yes-1"), "{plain}");
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
        (asks(1).kind, false, Priority::P1, "✋ P1"),
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
        (asks(1).kind, true),
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
            "actions" => {
                for button in block["elements"].as_array().unwrap() {
                    check(&button["text"], LABEL_MAX);
                    assert!(button["url"].as_str().unwrap_or_default().len() <= URL_MAX);
                    assert!(units(button["value"].as_str().unwrap_or_default()) <= VALUE_MAX);
                    assert!(units(button["accessibility_label"].as_str().unwrap()) <= LABEL_MAX);
                    if let Some(dialog) = button.get("confirm") {
                        check(&dialog["title"], DIALOG_TITLE_MAX);
                        check(&dialog["text"], DIALOG_MAX);
                        check(&dialog["confirm"], 30);
                        check(&dialog["deny"], 30);
                    }
                }
            }
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
        asked in prop::collection::vec((texts(), texts(), texts()), 0..6),
    ) {
        let asks = asked.into_iter().map(|(remediation, does, carries)| Ask {
            question: Question { remediation, does, ..ask(1).question },
            buttons: Some(Buttons { approve: carries.clone(), decline: carries }),
        });
        let brief = Brief { id, headline, facts, link, runbook, asks: asks.collect(), ..brief(NoticeKind::Opened) };
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
