use domain::message::{Ask, Buttons};
use domain::notice::NoticeKind;
use domain::priority::Priority;

use super::*;

fn brief() -> Brief {
    Brief {
        id: "0K3-M9Q-F7T".to_owned(),
        kind: NoticeKind::Acknowledged { by: "ana".to_owned() },
        priority: Priority::P2,
        headline: "ana has taken: high CPU".to_owned(),
        service: None,
        facts: vec![("Reason".to_owned(), "\"95\" > 80".to_owned())],
        asks: vec![Ask {
            question: Question {
                remediation: "reset-db".to_owned(),
                does: "reboot db-1".to_owned(),
                expires_at: "2026-11-21T02:35:00Z".parse().unwrap(),
            },
            buttons: Some(Buttons { approve: "a-credential".to_owned(), decline: "another".to_owned() }),
        }],
        link: Some("https://console.example/i".to_owned()),
        runbook: None,
        is_over: false,
        opened_at: "2026-11-21T02:05:00Z".parse().unwrap(),
    }
}

#[test]
fn the_body_is_version_1() {
    let brief = brief();
    let key = idempotency_key(&brief, "0001-acknowledged-1a2b3c4d");
    let wanted = concat!(
        r#"{"version":1,"notice":"0K3-M9Q-F7T:0001-acknowledged-1a2b3c4d","id":"0K3-M9Q-F7T","kind":"acknowledged","#,
        r#""priority":"P2","headline":"ana has taken: high CPU","service":null,"#,
        r#""facts":[{"name":"Reason","value":"\"95\" > 80"}],"#,
        r#""questions":[{"remediation":"reset-db","does":"reboot db-1","expires_at":"2026-11-21T02:35:00Z"}],"link":"https://console.example/i","runbook":null,"#,
        r#""opened_at":"2026-11-21T02:05:00Z","is_over":false}"#,
    );
    assert_eq!(Body::new(&brief, &key).to_json(), wanted);
}

#[test]
fn the_same_notice_of_two_incidents_has_two_keys() {
    let other = Brief { id: "0K3-M9Q-000".to_owned(), ..brief() };
    assert_ne!(idempotency_key(&brief(), "0001-page"), idempotency_key(&other, "0001-page"));
    assert_eq!(idempotency_key(&brief(), "0001 pa\r\ngeä"), "0K3-M9Q-F7T:0001page");
}

/// Computed with `printf '1795226760.{"a":1}' | openssl dgst -sha256 -hmac …`.
#[test]
fn the_signature_is_what_openssl_computes() {
    let now = Timestamp::from_second(1_795_226_760).unwrap();
    let signed = signature(b"0123456789abcdef0123456789abcdef", now, br#"{"a":1}"#);
    assert_eq!(signed, "t=1795226760,v1=cb791454770032e86e499eceea88b5f73db3866d0d3c150a4d33a0b120ff14e9");
}
