use domain::question::Question;

use super::*;

fn asks() -> NoticeKind {
    let question =
        Question { remediation: "reset-db".to_owned(), does: "reboot db-1".to_owned(), expires_at: jiff::Timestamp::MAX };
    NoticeKind::Asks { question, others: Vec::new() }
}

fn brief(kind: NoticeKind) -> Brief {
    Brief {
        id: "0K3-M9Q-F7T".to_owned(),
        kind,
        priority: Priority::P1,
        headline: "database connections (vitascope-db)".to_owned(),
        service: Some("vitascope-db".to_owned()),
        facts: vec![
            ("Why now".to_owned(), "rule 1 of platform".to_owned()),
            ("Remediation".to_owned(), "rds-reset: waits for approval".to_owned()),
            ("Remediation".to_owned(), "scale-out: refused".to_owned()),
        ],
        asks: Vec::new(),
        link: Some("https://console.example/i/0K3M9QF7T?s=abc".to_owned()),
        runbook: Some("https://wiki.example.com/db".to_owned()),
        is_over: false,
        opened_at: "2026-11-21T02:05:00Z".parse().unwrap(),
    }
}

#[test]
fn a_page_is_a_trigger_with_everything_a_responder_needs() {
    let wanted = json!({
        "event_action": "trigger",
        "dedup_key": "0K3-M9Q-F7T",
        "client": "Watchkeeper",
        "client_url": "https://console.example/i/0K3M9QF7T?s=abc",
        "links": [
            { "href": "https://console.example/i/0K3M9QF7T?s=abc", "text": "See it and answer" },
            { "href": "https://wiki.example.com/db", "text": "Runbook" },
        ],
        "payload": {
            "summary": "P1 database connections (vitascope-db)",
            "source": "vitascope-db",
            "component": "vitascope-db",
            "severity": "critical",
            "timestamp": "2026-11-21T02:05:00Z",
            "custom_details": {
                "Incident": "0K3-M9Q-F7T",
                "Runbook": "https://wiki.example.com/db",
                "Why now": "rule 1 of platform",
                "Remediation": "rds-reset: waits for approval\nscale-out: refused",
            },
        },
    });
    assert_eq!(event(&brief(NoticeKind::Page { rule: 1 })), Some(wanted));
}

#[test]
fn each_kind_of_message_has_its_event() {
    let by = || "ana".to_owned();
    for (kind, open, over) in [
        (NoticeKind::Opened, Some("trigger"), Some("resolve")),
        (NoticeKind::Page { rule: 2 }, Some("trigger"), Some("resolve")),
        (NoticeKind::Updated, Some("trigger"), Some("resolve")),
        (NoticeKind::Reminder, Some("trigger"), Some("resolve")),
        (NoticeKind::Failsafe { why: by() }, Some("trigger"), Some("resolve")),
        (asks(), Some("trigger"), Some("resolve")),
        (NoticeKind::Mended, None, Some("resolve")),
        (NoticeKind::Acknowledged { by: by() }, Some("acknowledge"), Some("resolve")),
        (NoticeKind::Resolved, Some("resolve"), Some("resolve")),
    ] {
        for (is_over, wanted) in [(false, open), (true, over)] {
            let event = event(&Brief { is_over, ..brief(kind.clone()) });
            let action = event.as_ref().map(|event| event["event_action"].as_str().unwrap());
            assert_eq!(action, wanted, "{kind:?}, over: {is_over}");
            assert!(event.is_none_or(|event| event["dedup_key"] == "0K3-M9Q-F7T"));
        }
    }
}

#[test]
fn priorities_are_severities() {
    for (priority, wanted) in
        [(Priority::P1, "critical"), (Priority::P2, "error"), (Priority::P3, "warning"), (Priority::P4, "info")]
    {
        let event = event(&Brief { priority, ..brief(NoticeKind::Opened) }).unwrap();
        assert_eq!(event["payload"]["severity"], wanted);
    }
}

#[test]
fn what_is_missing_is_left_out_and_a_bad_link_does_not_cost_the_page() {
    let bare = Brief {
        service: None,
        facts: Vec::new(),
        link: None,
        runbook: Some("see the wiki, page <b>DB</b>".to_owned()),
        ..brief(NoticeKind::Opened)
    };
    let event = event(&bare).unwrap();
    assert_eq!(event["payload"]["source"], "watchkeeper");
    for field in ["links", "client_url"] {
        assert_eq!(event.get(field), None, "{field}");
    }
    assert_eq!(event["payload"].get("component"), None);
    assert_eq!(event["payload"]["custom_details"]["Runbook"], "see the wiki, page <b>DB</b>");
}

#[test]
fn an_event_keeps_to_the_limits_whatever_is_in_it() {
    let huge = "\u{1}監\"".repeat(3_000);
    let event = event(&Brief {
        id: huge.clone(),
        headline: huge.clone(),
        service: Some(huge.clone()),
        facts: (0..100).map(|n| (format!("{n}"), huge.clone())).collect(),
        link: Some(format!("https://example.com/{huge}")),
        runbook: Some(huge.clone()),
        ..brief(NoticeKind::Opened)
    })
    .unwrap();
    assert!(event.to_string().len() < 500_000, "{}", event.to_string().len());
    assert_eq!(event["payload"]["summary"].as_str().unwrap().chars().count(), SUMMARY_MAX);
    assert_eq!(event["dedup_key"].as_str().unwrap().chars().count(), DEDUP_KEY_MAX);
    assert!(event["payload"]["custom_details"].get("Left out").is_some());
}
