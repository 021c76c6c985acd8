//! What people read.

use proptest::prelude::*;
use serde_json::json;

use super::phone::{GSM_MAX, UCS2_MAX, gsm_width};
use super::{Brief, SUBJECT_MAX, brief, text};
use crate::incident::Incident;
use crate::law::law;
use crate::notice::NoticeKind;
use crate::question::Question;
use crate::remediation::Remedy;
use crate::script::{Script, policy};
use crate::span::Span;

const LINK: &str = "https://abc.lambda-url.eu-central-1.on.aws/i/0V1-VR0-000?k=ann.6a1e2f00.c2lnbmF0dXJlc2lnbmF0dQ";

/// Two alerts of one service, ten minutes old; the incident has a name that does
/// not change.
fn story() -> (Script, Incident) {
    let mut script = Script::new(policy(|content| {
        content["services"] = json!([{"name": "checkout", "runbook": "https://wiki.example.com/checkout",
            "dashboard": "https://dash.example.com/checkout"}]);
    }));
    let labels = [("group", "g"), ("service", "checkout")];
    for name in ["critical-error-rate", "critical-latency"] {
        let mut alert = script.alert(name, crate::alert::AlertState::Alarm, &labels);
        alert.summary = "Payments fail".into();
        alert.reason = "Threshold crossed: 12.5 > 5".into();
        script.arrives(alert);
    }
    script.wait(Span::minutes(10));
    let mut incident = script.newest().unwrap().clone();
    incident.id = "0V1-VR0-000".parse().unwrap();
    (script, incident)
}

fn told(script: &Script, incident: &Incident, kind: &NoticeKind, because: &str) -> Brief {
    told_of(script, incident, &[], kind, because)
}

fn told_of(script: &Script, incident: &Incident, remedies: &[Remedy], kind: &NoticeKind, because: &str) -> Brief {
    brief(script.now(), script.policy(), incident, &script.members(), remedies, kind, because, Some(LINK.into()))
}

/// [`story`] with a remediation that asks, and its question.
fn story_with_question() -> (Script, Incident, Vec<Remedy>, NoticeKind) {
    let (mut script, incident) = story();
    script.asks("reset-db", Span::minutes(30));
    let remedies = vec![script.first_remedy().1];
    let question = Question::open(script.now(), &remedies[0]).unwrap();
    (script, incident, remedies, NoticeKind::Asks { question, others: vec!["bob".into(), "team".into()] })
}

/// Subject, text for a phone and text for mail, the link written as `LINK`.
fn shown(kind: &NoticeKind, because: &str) -> String {
    let (script, incident) = story();
    let text = text(&told(&script, &incident, kind, because));
    format!("{}\n--\n{}\n--\n{}", text.subject, text.short, text.long).replace(LINK, "LINK")
}

#[test]
fn an_incident_that_opens_says_what_where_since_when_and_until_when_to_answer() {
    assert_eq!(
        shown(&NoticeKind::Opened, "2 alerts are firing"),
        "\
[0V1-VR0-000] P1 critical-error-rate (checkout)
--
P1 critical-error-rate (checkout) 0V1-VR0-000
LINK
--
P1 critical-error-rate (checkout)
Incident 0V1-VR0-000 (critical)

Why now: 2 alerts are firing
About: Payments fail
Reason: Threshold crossed: 12.5 > 5
Alerts: 2 of 2 firing: critical-error-rate, critical-latency
Opened: 2026-06-01 00:00 UTC (10 min ago)
Answer by: 2026-06-01 00:15 UTC
Work on it by: 2026-06-01 00:30 UTC
Dashboard: https://dash.example.com/checkout
Runbook: https://wiki.example.com/checkout

See it and answer: LINK
"
    );
}

#[test]
fn a_page_asks_for_an_answer_and_says_why_this_person() {
    assert_eq!(
        shown(&NoticeKind::Page { rule: 2 }, "on call in rota until 2026-06-08T00:00:00Z by layer weekly"),
        "\
[0V1-VR0-000] P1 Please answer: critical-error-rate (checkout)
--
P1 Please answer: critical-error-rate (checkout) 0V1-VR0-000
LINK
--
P1 Please answer: critical-error-rate (checkout)
Incident 0V1-VR0-000 (critical)

Why now: on call in rota until 2026-06-08T00:00:00Z by layer weekly
About: Payments fail
Reason: Threshold crossed: 12.5 > 5
Alerts: 2 of 2 firing: critical-error-rate, critical-latency
Opened: 2026-06-01 00:00 UTC (10 min ago)
Answer by: 2026-06-01 00:15 UTC
Work on it by: 2026-06-01 00:30 UTC
Dashboard: https://dash.example.com/checkout
Runbook: https://wiki.example.com/checkout

See it and answer: LINK
"
    );
}

#[test]
fn every_kind_says_in_its_first_words_what_is_wanted() {
    let (script, incident) = story();
    for (kind, wanted) in [
        (NoticeKind::Opened, "P1 critical-error-rate (checkout)"),
        (NoticeKind::Page { rule: 1 }, "P1 Please answer: critical-error-rate (checkout)"),
        (NoticeKind::Updated, "P1 More of: critical-error-rate (checkout)"),
        (NoticeKind::Reminder, "P1 Still unanswered: critical-error-rate (checkout)"),
        (NoticeKind::Mended, "P1 Mended: critical-error-rate (checkout)"),
        (NoticeKind::Acknowledged { by: "ann".into() }, "P1 ann has taken: critical-error-rate (checkout)"),
        (NoticeKind::Resolved, "P1 Resolved: critical-error-rate (checkout)"),
        (NoticeKind::Failsafe { why: "x".into() }, "P1 Nobody was reached: critical-error-rate (checkout)"),
    ] {
        let text = text(&told(&script, &incident, &kind, "because"));
        assert_eq!(text.subject, format!("[0V1-VR0-000] {wanted}"));
        assert_eq!(text.short, format!("{wanted} 0V1-VR0-000\n{LINK}"));
        assert!(text.long.starts_with(&format!("{wanted}\n")), "{}", text.long);
    }
}

#[test]
fn a_question_says_what_would_be_done_until_when_and_who_else_is_asked() {
    let (script, incident, remedies, kind) = story_with_question();
    let brief = told_of(&script, &incident, &remedies, &kind, "remediation reset-db needs a person's approval");
    let text = text(&brief);
    assert_eq!(text.subject, "[0V1-VR0-000] P1 Approve? reboot db-1: critical-error-rate (checkout)");
    assert_eq!(text.short, format!("P1 Approve? reboot db-1: critical-error-rate (checkout) 0V1-VR0-000\n{LINK}"));
    let wanted = "\
P1 Approve? reboot db-1: critical-error-rate (checkout)
Incident 0V1-VR0-000 (critical)

Would do: reboot db-1 (reset-db)
Answer until: 2026-06-01 00:40 UTC
Also asked: bob, team
Why now: remediation reset-db needs a person's approval
About: Payments fail
";
    assert!(text.long.starts_with(wanted), "{}", text.long);
    assert!(text.long.ends_with("See it and answer: LINK\n".replace("LINK", LINK).as_str()), "{}", text.long);
    assert_eq!(brief.asks.len(), 1);
}

#[test]
fn whatever_tells_of_trouble_carries_the_open_questions() {
    let (script, incident, remedies, _) = story_with_question();
    for kind in [NoticeKind::Opened, NoticeKind::Page { rule: 1 }, NoticeKind::Updated, NoticeKind::Reminder] {
        let brief = told_of(&script, &incident, &remedies, &kind, "because");
        assert!(brief.headline.ends_with("critical-error-rate (checkout); approve? reboot db-1"), "{}", brief.headline);
        assert_eq!(brief.facts[0], ("Approve?".into(), "reboot db-1 (reset-db), until 2026-06-01 00:40 UTC".into()));
        assert!(brief.facts.iter().all(|(name, _)| name != "Remediation"), "{:?}", brief.facts);
        assert_eq!(brief.asks.len(), 1);
    }
    for kind in [NoticeKind::Resolved, NoticeKind::Acknowledged { by: "ann".into() }] {
        let brief = told_of(&script, &incident, &remedies, &kind, "because");
        assert!(brief.asks.is_empty() && !brief.headline.contains("approve"), "{}", brief.headline);
    }
}

#[test]
fn what_is_over_asks_nobody_to_approve() {
    let (mut script, mut incident, remedies, kind) = story_with_question();
    script.wait(Span::minutes(30));
    assert_eq!(told_of(&script, &incident, &remedies, &kind, "because").asks, []);
    let (mut script, _, remedies, kind) = story_with_question();
    script.resolves("ann");
    incident.status = script.newest().unwrap().status.clone();
    assert_eq!(told_of(&script, &incident, &remedies, &kind, "because").asks, []);
    let (mut script, incident, remedies, kind) = story_with_question();
    for name in ["critical-error-rate", "critical-latency"] {
        script.recovers(name, &[("group", "g"), ("service", "checkout")]);
    }
    assert_eq!(told_of(&script, &incident, &remedies, &kind, "because").asks, []);
}

#[test]
fn what_is_answered_or_over_asks_nobody_to_answer() {
    let (mut script, _) = story();
    let of = |script: &Script, kind: &NoticeKind| told(script, script.newest().unwrap(), kind, "because");
    let asks = |brief: &Brief| brief.facts.iter().any(|(name, _)| name == "Answer by");
    assert!(asks(&of(&script, &NoticeKind::Reminder)));
    let is_due = |brief: &Brief| brief.facts.iter().any(|(name, _)| name == "Work on it by");
    assert!(is_due(&of(&script, &NoticeKind::Updated)));
    assert!(!asks(&of(&script, &NoticeKind::Updated)));
    script.acknowledges("ann");
    let acknowledged = of(&script, &NoticeKind::Acknowledged { by: "ann".into() });
    assert!(!asks(&acknowledged) && !acknowledged.is_over);
    script.resolves("ann");
    let resolved = of(&script, &NoticeKind::Resolved);
    assert!(!asks(&resolved) && !is_due(&resolved) && resolved.is_over);
}

#[test]
fn of_many_alerts_eight_are_named() {
    let mut script = Script::new(policy(|_| {}));
    for n in 0..12 {
        script.fires(&format!("a{n:02}"), &[("group", "g")]);
    }
    script.wait(Span::seconds(1));
    script.recovers("a11", &[("group", "g")]);
    let brief = told(&script, script.newest().unwrap(), &NoticeKind::Opened, "x");
    let alerts = brief.facts.iter().find(|(name, _)| name == "Alerts").unwrap();
    assert_eq!(alerts.1, "11 of 12 firing: a00, a01, a02, a03, a04, a05, a06, a07 and 3 more");
}

#[test]
fn a_phone_gets_one_alphabet_and_a_text_that_fits_it() {
    for (title, wanted) in [
        ("db — “slow” …", "P1 db - \"slow\" ... 0V1-VR0-000"),
        ("Größe > 5 €", "P1 Größe > 5 € 0V1-VR0-000"),
        ("監視アラーム", "P1 監視アラーム 0V1-VR0-000"),
        ("`rm -rf` <b>", "P1 'rm -rf' <b> 0V1-VR0-000"),
    ] {
        let (script, mut incident) = story();
        incident.title = title.into();
        incident.labels.set("service", "");
        let text = text(&told(&script, &incident, &NoticeKind::Opened, ""));
        assert_eq!(text.short.lines().next().unwrap(), wanted);
    }
    let (script, mut incident) = story();
    incident.title = "x".repeat(200);
    let text = text(&told(&script, &incident, &NoticeKind::Opened, ""));
    let line = text.short.lines().next().unwrap();
    assert_eq!(line.len(), GSM_MAX);
    assert!(line.ends_with("xxx... 0V1-VR0-000"), "{line}");
    assert!(text.subject.len() == SUBJECT_MAX && text.subject.ends_with("x..."), "{}", text.subject);
}

proptest! {
    #![proptest_config(law())]

    /// Whatever an alarm is called, and whoever says that they have taken it.
    #[test]
    fn every_message_fits_and_is_plain(title in "\\PC{0,300}|[\\x00-\\x20a-z<>&*\u{202e}\u{200b}]{0,40}", by in any::<String>(), page in any::<bool>()) {
        let (script, mut incident) = story();
        incident.title.clone_from(&title);
        incident.reason = title;
        let kind = if page { NoticeKind::Page { rule: 1 } } else { NoticeKind::Acknowledged { by: by.clone() } };
        let brief = told(&script, &incident, &kind, &by);
        let text = text(&brief);
        prop_assert!(text.subject.len() <= SUBJECT_MAX, "{}", text.subject);
        prop_assert!(text.subject.chars().all(|ch| ch.is_ascii_graphic() || ch == ' '), "{}", text.subject);
        let (line, link) = text.short.split_once('\n').unwrap();
        prop_assert_eq!(link, LINK);
        prop_assert!(line.starts_with("P1 ") && line.ends_with("0V1-VR0-000"), "{line}");
        match line.chars().map(gsm_width).sum::<Option<usize>>() {
            Some(width) => prop_assert!(width <= GSM_MAX, "{line}"),
            None => prop_assert!(line.encode_utf16().count() <= UCS2_MAX, "{line}"),
        }
        let n_lines = brief.facts.len() + 6;
        prop_assert_eq!(text.long.lines().count(), n_lines, "a name cannot make lines of its own: {}", text.long);
        for part in [&text.subject, &text.short, &text.long] {
            let is_hostile = |ch: char| (ch.is_control() && ch != '\n') || matches!(ch, '\u{202a}'..='\u{202e}' | '\u{200b}');
            prop_assert!(!part.chars().any(is_hostile), "{part:?}");
        }
    }
}
