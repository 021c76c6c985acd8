use domain::message::{Ask, Brief, Buttons};
use domain::notice::NoticeKind;
use domain::priority::Priority;
use domain::question::Question;
use jiff::Timestamp;

use super::*;

fn brief() -> Brief {
    Brief {
        id: "0K3-M9Q-F7T".to_owned(),
        kind: NoticeKind::Opened,
        priority: Priority::P1,
        headline: "database connections".to_owned(),
        service: None,
        facts: Vec::new(),
        asks: vec![Ask {
            question: Question { remediation: "reset".to_owned(), does: "reboot db-1".to_owned(), expires_at: Timestamp::MAX },
            buttons: Some(Buttons { approve: "approve-SECRET".to_owned(), decline: "decline-SECRET".to_owned() }),
        }],
        link: Some("https://console.example/i/0K3?s=SECRET".to_owned()),
        runbook: None,
        is_over: false,
        opened_at: "2026-11-21T02:05:00Z".parse().unwrap(),
    }
}

fn place(kind: &str) -> Destination {
    let (kind, secret) = match kind {
        "hook" => (Kind::Slack, r#"{"webhook_url":"https://hooks.slack.com/services/SECRET"}"#),
        "bot" => (Kind::Slack, r#"{"bot_token":"xoxb-SECRET","channel":"C1"}"#),
        "pager" => (Kind::Pagerduty, r#"{"routing_key":"SECRET"}"#),
        "webhook" => (Kind::Webhook, r#"{"url":"https://example.com/in","signing_key":"SECRET0123456789SECRET0123456789"}"#),
        _ => panic!("{kind}"),
    };
    Destination::parse(kind, secret).unwrap()
}

/// Judges an answer and says it in short.
fn verdict(kind: &str, shape: Shape, answer: Result<Answer, Silence>) -> String {
    let brief = brief();
    let now = "2026-11-21T02:06:00Z".parse().unwrap();
    let outgoing = Outgoing { brief: &brief, key: "0001-page", thread: None, now, seed: 1 };
    match judge(&place(kind), &outgoing, shape, answer) {
        Verdict::Taken(Receipt(None)) => "taken".to_owned(),
        Verdict::Taken(Receipt(Some(name))) => format!("taken as {name}"),
        Verdict::Reshape { shape, .. } if !shape.has_blocks => "without blocks".to_owned(),
        Verdict::Reshape { .. } => "without thread".to_owned(),
        Verdict::Failed(Failure { why, remedy }) => {
            assert!(!why.contains("SECRET"), "{why}");
            match remedy {
                Remedy::Never => format!("never: {why}"),
                Remedy::Later => format!("later: {why}"),
                Remedy::Again { retry_after, may_have_arrived } => {
                    let after = retry_after.map(|time| format!(" after {} s", time.as_secs())).unwrap_or_default();
                    format!("again{after}{}: {why}", if may_have_arrived { " (unsure)" } else { "" })
                }
            }
        }
    }
}

fn check(kind: &str, status: u16, headers: &[(&str, &str)], body: &str, wanted: &str) {
    let header = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    let answer = Answer {
        status: StatusCode::from_u16(status).unwrap(),
        retry_after: header("retry-after"),
        date: header("date"),
        body: body.as_bytes().to_vec(),
    };
    assert_eq!(verdict(kind, Shape::FULL, Ok(answer)), wanted);
}

#[test]
fn a_success_is_taken_with_the_name_that_the_channel_gives() {
    check("bot", 200, &[], r#"{"ok":true,"channel":"C1","ts":"1.2","message":{"ts":"3.4","ok":false}}"#, "taken as 1.2");
    check("bot", 200, &[], r#"{"ok":true,"channel":"C1"}"#, "taken");
    // The answer repeats the message and may be cut.
    check("bot", 200, &[], r#"{"ok":true,"channel":"C1","ts":"1.2","message":{"text":"long lo"#, "taken as 1.2");
    check("hook", 200, &[], "ok", "taken");
    check("hook", 200, &[], r#"{"ok":true}"#, "taken");
    check("hook", 200, &[], "", "taken");
    check("pager", 202, &[], r#"{"status":"success","dedup_key":"x"}"#, "taken as 0K3-M9Q-F7T");
    check("pager", 202, &[], "", "taken as 0K3-M9Q-F7T");
    check("webhook", 204, &[], "", "taken");
}

#[test]
fn the_words_of_slack_say_who_has_to_do_what() {
    let check = |error: &str, wanted: &str| {
        check("bot", 200, &[], &format!(r#"{{"ok":false,"error":"{error}"}}"#), wanted);
    };
    check(
        "invalid_auth",
        "never: slack.com refused the message: invalid_auth; install the Slack app anew and put its bot token into the secret",
    );
    check(
        "channel_not_found",
        "never: slack.com refused the message: channel_not_found; invite the Slack app to the channel, and check the channel in \
         the secret",
    );
    check(
        "something_new",
        "never: slack.com refused the message: something_new; check the secret, and that the Slack app may post to the channel",
    );
    check("ratelimited", "again: slack.com did not take the message: ratelimited; if this lasts, see https://slack-status.com");
    check(
        "internal_error",
        "again (unsure): slack.com did not take the message: internal_error; if this lasts, see https://slack-status.com",
    );
    check("invalid_blocks", "without blocks");
    check("cannot_reply_to_message", "without thread");
    check("", "never: slack.com refused the message; check the secret, and that the Slack app may post to the channel");
}

#[test]
fn a_form_that_was_given_up_is_not_given_up_twice() {
    let answer = |error: &str| {
        let body = format!(r#"{{"ok":false,"error":"{error}"}}"#).into_bytes();
        Ok(Answer { status: StatusCode::OK, retry_after: None, date: None, body })
    };
    let bare = Shape { has_blocks: false, has_thread: false };
    for error in ["invalid_blocks", "thread_not_found"] {
        let told = verdict("bot", bare, answer(error));
        assert!(told.starts_with("never: ") && told.ends_with("this is a fault of Watchkeeper: please report it"), "{told}");
    }
    assert_eq!(verdict("bot", Shape { has_thread: false, ..Shape::FULL }, answer("invalid_blocks")), "without blocks");
}

#[test]
fn the_status_of_a_webhook_of_slack_comes_with_a_word() {
    check("hook", 400, &[], "invalid_blocks", "without blocks");
    check(
        "hook",
        404,
        &[],
        "no_service\n",
        "never: hooks.slack.com refused the message: 404 Not Found: no_service; the incoming webhook is gone: make a new one and \
         put its address into the secret",
    );
    check(
        "hook",
        410,
        &[],
        "channel_is_archived",
        "never: hooks.slack.com refused the message: 410 Gone: channel_is_archived; the channel is archived: restore it, or put \
         another one into the secret",
    );
    check(
        "hook",
        500,
        &[],
        "rollup_error",
        "again (unsure): hooks.slack.com did not take the message: 500 Internal Server Error: rollup_error; if this lasts, see \
         https://slack-status.com",
    );
    check(
        "hook",
        302,
        &[],
        "<html>moved</html>",
        "never: hooks.slack.com refused the message: 302 Found; redirects are not followed: put the final address into \
         `webhook_url` or `api_url` of the secret",
    );
    check(
        "hook",
        200,
        &[],
        r#"{"ok":false,"error":"no_team"}"#,
        "never: hooks.slack.com refused the message: no_team; the incoming webhook is gone: make a new one and put its address \
         into the secret",
    );
}

#[test]
fn a_bot_that_gets_no_answer_of_the_api_is_unsure() {
    for body in ["<html>welcome</html>", "", "{}", r#"{"ok":"yes"}"#, "[true]"] {
        check(
            "bot",
            200,
            &[],
            body,
            "again (unsure): slack.com did not take the message: this is no answer of Slack's API; if this lasts, see \
             https://slack-status.com",
        );
    }
}

#[test]
fn statuses_tell_whether_it_may_have_arrived() {
    for (status, wanted) in [
        (301, "never"),
        (304, "never"),
        (400, "never"),
        (401, "never"),
        (404, "never"),
        (408, "again"),
        (413, "never"),
        (425, "again"),
        (429, "again"),
        (500, "again (unsure)"),
        (501, "again (unsure)"),
        (502, "again (unsure)"),
        (503, "again"),
        (504, "again (unsure)"),
        (599, "again (unsure)"),
        (600, "never"),
    ] {
        for kind in ["hook", "bot", "pager", "webhook"] {
            let answer =
                Answer { status: StatusCode::from_u16(status).unwrap(), retry_after: None, date: None, body: b"no".to_vec() };
            let told = verdict(kind, Shape::FULL, Ok(answer));
            assert_eq!(told.split(':').next(), Some(wanted), "{kind} {status}");
        }
    }
}

#[test]
fn how_long_to_stay_away_is_read_from_the_answer() {
    let quiet = |seconds: &str, spoken: &str| {
        format!(
            "again after {seconds} s: events.pagerduty.com did not take the message: 429 Too Many Requests, asking for {spoken} of \
             quiet; if this lasts, see https://status.pagerduty.com"
        )
    };
    check("pager", 429, &[("retry-after", "90")], "", &quiet("90", "1 min 30 s"));
    let at = ("retry-after", "Sat, 21 Nov 2026 02:07:00 GMT");
    check("pager", 429, &[at, ("date", "Sat, 21 Nov 2026 02:06:50 GMT")], "", &quiet("10", "10 s"));
    // Without a date of its own it is measured from the message's.
    check("pager", 429, &[at], "", &quiet("60", "1 min"));
    check("pager", 429, &[at, ("date", "yesterday")], "", &quiet("60", "1 min"));
    check(
        "bot",
        429,
        &[("retry-after", "30")],
        r#"{"ok":false,"error":"ratelimited"}"#,
        "again after 30 s: slack.com did not take the message: 429 Too Many Requests: ratelimited, asking for 30 s of quiet; if \
         this lasts, see https://slack-status.com",
    );
}

#[test]
fn what_the_other_side_says_is_shown_without_secrets_and_short() {
    check(
        "pager",
        400,
        &[],
        r#"{"status":"invalid event","message":"Event object is invalid","errors":["'routing_key' SECRET is bad"]}"#,
        "never: events.pagerduty.com refused the message: 400 Bad Request: Event object is invalid; 'routing_key' … is bad; check \
         `routing_key` and `api_url` in the secret",
    );
    check(
        "webhook",
        422,
        &[],
        "you sent\n\u{1b}[31m SECRET0123456789SECRET0123456789 to /in with https://console.example/i/0K3?s=SECRET",
        "never: example.com refused the message: 422 Unprocessable Entity: you sent [31m … to … with …; check `url` and \
         `signing_key` in the secret",
    );
    let long = "x".repeat(70_000);
    let answer = Answer { status: StatusCode::BAD_REQUEST, retry_after: None, date: None, body: long.into_bytes() };
    assert!(verdict("webhook", Shape::FULL, Ok(answer)).len() < 400);
    let bytes = Answer { status: StatusCode::BAD_REQUEST, retry_after: None, date: None, body: vec![0xff, 0xfe, 0] };
    assert!(verdict("hook", Shape::FULL, Ok(bytes)).starts_with("never: "));
}

#[test]
fn silence_names_the_host_and_what_to_look_at() {
    for (silence, wanted) in [
        (
            Silence::Unreached("Connection refused (os error 111)".to_owned()),
            "again: example.com could not be reached (Connection refused (os error 111)); check the host in the secret and the way \
             out of the network",
        ),
        (
            Silence::SlowConnect(Duration::from_secs(3)),
            "again: example.com could not be reached within 3 s; check the way out of the network",
        ),
        (
            Silence::SlowAnswer(Duration::from_secs(5)),
            "again (unsure): example.com did not answer within 5 s; if this lasts, see to the receiver at example.com",
        ),
        (
            Silence::Broken("connection reset".to_owned()),
            "again (unsure): example.com broke off before it answered (connection reset); if this lasts, see to the receiver at \
             example.com",
        ),
        (
            Silence::BadCertificate("Expired".to_owned()),
            "later: example.com showed a certificate that is not trusted (Expired); have it mended, or add its authority to the root \
             certificates",
        ),
        (
            Silence::NoRoots("none".to_owned()),
            "later: no root certificates were found to check example.com with (none); install them or set SSL_CERT_FILE",
        ),
    ] {
        assert_eq!(verdict("webhook", Shape::FULL, Err(silence)), wanted);
    }
    let hostile = Silence::BadCertificate(format!("only for \u{1b}[31m{}", "x".repeat(1_000)));
    let told = verdict("webhook", Shape::FULL, Err(hostile));
    assert!(told.contains("(only for [31mxxx") && told.len() < 400, "{told}");
}
