//! What reaches the terminal: how wide, in which colour, and nothing of others'.

use domain::span::Span;
use serde_json::Value;

use crate::desk::{Desk, NOBODYS, assert_fits};

const LONG: &str = "a-name-that-somebody-found-useful-at-the-time-of-writing-and-that-nobody-has-shortened-since-then";

#[tokio::test]
async fn lists_and_records_fit_where_there_is_no_terminal() {
    let mut desk = Desk::new().await;
    desk.set("COLUMNS", Some("200"));
    desk.set("USER", Some(LONG));
    for name in [LONG, "監視アラーム監視アラーム監視アラーム監視アラーム監視アラーム監視アラーム監視アラーム", &"x".repeat(255)]
    {
        let id = desk.fires(name, Span::hours(30)).await;
        desk.run(&["incident", "ack", id.as_str()]).await.ok();
        assert_fits(&desk.run(&["incident", "show", id.as_str()]).await.ok());
    }
    desk.run(&["silence", "add", &format!("service=\"{LONG}\""), "--for", "2h", "--why", LONG]).await.ok();
    desk.run(&["remediation", "stop", "--all", "--why", &"known to everybody ".repeat(8)]).await.ok();
    let commands: [&[&str]; 4] =
        [&["incident", "list"], &["incident", "list", "--service", "shop"], &["silence", "list"], &["remediation", "status"]];
    for words in commands {
        let said = desk.run(words).await.ok();
        assert_fits(&said);
        assert!(said.lines().count() >= 3, "{said}");
    }
}

#[tokio::test]
async fn there_is_colour_only_where_it_is_asked_for() {
    let mut desk = Desk::new().await;
    let id = desk.asks().await;
    desk.run(&["silence", "add", "service=batch", "--for", "2h", "--why", "known"]).await.ok();
    desk.run(&["remediation", "stop", "--all", "--why", "odd"]).await.ok();
    let commands: [&[&str]; 11] = [
        &["incident", "list"],
        &["incident", "show", id.as_str()],
        &["incident", "show", NOBODYS],
        &["incident", "show", "xyz"],
        &["incident", "show"],
        &["silence", "list"],
        &["remediation", "status"],
        &["remediation", "list"],
        &["remediation", "report"],
        &["--help"],
        &["silence", "add", "--help"],
    ];
    for words in commands {
        // What is asked for counts more than what stands in the environment.
        for (manner, no_color, wanted) in [
            (&[][..], None, false),
            (&["--color=always"], None, true),
            (&["--color", "always"], Some("1"), true),
            (&[], Some("1"), false),
            (&["--color=never"], None, false),
        ] {
            desk.set("NO_COLOR", no_color);
            let said = desk.run(&[manner, words].concat()).await;
            let has_escapes = said.out.contains('\u{1b}') || said.err.contains('\u{1b}');
            assert_eq!(has_escapes, wanted, "{manner:?} {words:?} with {no_color:?}");
        }
    }
}

/// Control characters, a terminal's own escapes, text that runs backwards and
/// text that hides.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;mine\u{7}\r\u{8}\u{9b}31m\u{202e}gnp\u{2066}\u{200b}\u{e0041}";

fn assert_harmless(text: &str) {
    let is_raw = |ch: char| ch != '\n' && (ch.is_control() || HOSTILE.contains(ch) && !ch.is_ascii());
    assert!(!text.chars().any(is_raw), "{text:?}");
}

#[tokio::test]
async fn an_alarm_cannot_talk_to_the_terminal() {
    let desk = Desk::new().await;
    let id = desk.fires(&format!("down {HOSTILE} for good"), Span::minutes(1)).await;
    desk.run(&["incident", "ack", id.as_str(), "--as", &format!("bob {HOSTILE}")]).await.ok();
    let why = format!("known {HOSTILE}");
    desk.run(&["silence", "add", "service=shop", "--for", "2h", "--why", &why, "--as", &why]).await.ok();
    // And should a row hold such things all the same, whoever put them there:
    for row in desk.world.rows().await {
        let row: Value = serde_json::from_str(&row).unwrap();
        let text = |name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
        let raw = serde_json::to_string(HOSTILE).unwrap();
        let doc = text("doc").replace("for good", &format!("for {} good", raw.trim_matches('"')));
        if doc != text("doc") {
            desk.world.overwrite(&text("pk"), &text("sk"), &doc).await;
        }
    }
    let commands: [&[&str]; 5] = [
        &["incident", "list"],
        &["incident", "show", id.as_str()],
        &["incident", "list", "--service", HOSTILE],
        &["silence", "list"],
        &["incident", "show", HOSTILE],
    ];
    for words in commands {
        for manner in [&[][..], &["--json"]] {
            let said = desk.run(&[words, manner].concat()).await;
            assert_harmless(&said.out);
            assert_harmless(&said.err);
            assert!(!said.out.is_empty() || said.code == 2, "{words:?}");
        }
    }
    let shown = desk.run_json(&["incident", "show", id.as_str()]).await.json();
    assert!(shown["incident"]["title"].as_str().unwrap().contains("\u{1b}[2J"), "programs get what is there: {shown}");
    // With colour the tool's own codes are the only ones.
    let painted = desk.run(&["incident", "show", id.as_str(), "--color=always"]).await.ok();
    assert!(!painted.contains("\u{1b}[2J") && !painted.contains("\u{1b}]"), "{painted:?}");
    assert_harmless(&painted.replace('\u{1b}', ""));
}

#[tokio::test]
async fn whoever_looks_away_is_not_told_of_a_panic() {
    let desk = Desk::new().await;
    desk.fires("down", Span::minutes(1)).await;
    let commands: [&[&str]; 3] = [&["incident", "list"], &["incident", "list", "--json"], &["--help"]];
    for words in commands {
        assert_eq!(desk.run_unread(words).await.ok(), "", "{words:?}");
    }
}
