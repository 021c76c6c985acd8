//! Silences and windows of planned work.

use domain::span::Span;
use serde_json::json;

use crate::desk::{Desk, NOBODYS, assert_fits, keys, on_one_line};

const ADD: [&str; 5] = ["service=\"shop\"", "--for", "2h", "--why", "known"];

#[tokio::test]
async fn a_silence_is_added_listed_and_ended() {
    for (command, kind) in [("silence", "silence"), ("maintenance", "maintenance window")] {
        let desk = Desk::new().await;
        assert_eq!(desk.run(&[command, "list"]).await.ok(), format!("There is no {kind}, now or to come.\n"));
        assert_eq!(desk.run_json(&[command, "list"]).await.json(), json!({"silences": []}));
        let said = desk.run(&[&[command, "add"], &ADD[..]].concat()).await.ok();
        assert!(said.starts_with(&format!("{kind} ")) && said.contains(" holds until 20"), "{said}");
        let name = said.trim_start_matches(kind).split_whitespace().next().unwrap();
        let listed = desk.run(&[command, "list"]).await.ok();
        assert!(listed.starts_with(&format!("{name}  for 1 h 59 min more, until 20")), "{listed}");
        assert!(listed.ends_with("UTC\n    service=\"shop\"\n    ann: known\n"), "{listed}");
        let typed = name.replace('-', "").to_lowercase();
        assert_eq!(desk.run(&[command, "expire", &typed]).await.ok(), format!("{kind} {name} is over\n"));
        let again = desk.run(&[command, "expire", name]).await.error(1);
        assert!(again.starts_with(&format!("error: there is no {kind} {name}; `watchkeeper")), "{again}");
        assert_eq!(desk.run_json(&[command, "list"]).await.json(), json!({"silences": []}));
    }
}

#[tokio::test]
async fn answers_for_programs_keep_their_keys() {
    let desk = Desk::new().await;
    let added = desk.run_json(&[&["silence", "add"], &ADD[..]].concat()).await.json();
    assert_eq!(keys(&added), ["name", "silence"]);
    assert_eq!(keys(&added["silence"]), ["by", "ends_at", "kind", "matchers", "starts_at", "why"]);
    assert_eq!(added["silence"]["kind"], "silence");
    let listed = desk.run_json(&["silence", "list"]).await.json();
    assert_eq!(listed, json!({"silences": [added]}));
    let name = added["name"].as_str().unwrap();
    assert_eq!(desk.run_json(&["silence", "expire", name]).await.json(), json!({"name": name}));
    assert!(desk.run_json(&["silence", "expire", name]).await.json_error(1).starts_with("there is no silence "));
    let window = desk.run_json(&[&["maintenance", "add"], &ADD[..]].concat()).await.json();
    assert_eq!(window["silence"]["kind"], "maintenance");
}

#[tokio::test]
async fn a_silence_is_not_ended_as_planned_work_nor_the_other_way_round() {
    let desk = Desk::new().await;
    for (command, other, kind) in [("silence", "maintenance", "silence"), ("maintenance", "silence", "maintenance window")] {
        let added = desk.run_json(&[&[command, "add"], &ADD[..]].concat()).await.json();
        let name = added["name"].as_str().unwrap();
        let said = desk.run_json(&[other, "expire", name]).await.json_error(1);
        assert_eq!(said, format!("{name} is a {kind}; end it with `watchkeeper {command} expire {name}`"));
    }
    for command in ["silence", "maintenance"] {
        for name in [NOBODYS, "nonsense"] {
            let said = desk.run(&[command, "expire", name]).await.error(1);
            assert!(on_one_line(&said).contains(&format!("`watchkeeper {command} list` shows them")), "{said}");
        }
    }
}

#[tokio::test]
async fn what_holds_is_listed_before_what_is_to_come() {
    let desk = Desk::new().await;
    let why = "until the vendor has mended what they promised to mend, which was to be last week, and now is not";
    for (from, length, why) in [
        (Some("2040-01-01T00:00Z"), "2h", why),
        (Some("2030-12-05T20:00+01:00"), "1d", "later"),
        (None, "2d", "b"),
        (None, "1h", "a"),
    ] {
        let from = from.map(|from| ["--from", from]);
        let words = [
            &["silence", "add", "service=\"shop\"", "priority=~\"P3|P4\"", "--for", length, "--why", why][..],
            from.as_ref().map_or(&[][..], |from| from),
        ]
        .concat();
        desk.run(&words).await.ok();
    }
    let listed = desk.run(&["silence", "list"]).await.ok();
    assert_fits(&listed);
    let whys: Vec<&str> = listed.lines().filter_map(|line| line.trim().strip_prefix("ann: ")).map(|why| &why[..1]).collect();
    assert_eq!(whys, ["a", "b", "l", "u"], "{listed}");
    assert!(listed.contains("  from 2030-12-05 19:00:00 UTC until 2030-12-06 19:00:00 UTC\n"), "{listed}");
    assert!(listed.contains("\n    service=\"shop\" priority=~\"P3|P4\"\n"), "{listed}");
}

#[tokio::test]
async fn an_alert_that_is_silenced_is_shown_with_the_reason() {
    let desk = Desk::new().await;
    let id = desk.fires("down", Span::minutes(1)).await;
    desk.run(&[&["silence", "add"], &ADD[..], &["--as", "bob"]].concat()).await.ok();
    let shown = desk.run(&["incident", "show", id.as_str()]).await.ok();
    assert_fits(&shown);
    assert!(on_one_line(&shown).contains(" down not told, because silence "), "{shown}");
}

#[tokio::test]
async fn nothing_can_be_silenced_before_there_is_a_policy() {
    let desk = Desk::bare().await;
    for words in [[&["silence", "add"], &ADD[..]].concat(), vec!["maintenance", "list"], vec!["silence", "expire", NOBODYS]] {
        let said = desk.run(&words).await.error(1);
        assert!(said.starts_with("error: no policy is installed; run `terraform apply`"), "{said}");
    }
}
