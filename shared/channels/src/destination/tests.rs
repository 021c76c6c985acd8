use super::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn good(kind: Kind, secret: &str) -> Destination {
    Destination::parse(kind, secret).unwrap()
}

#[test]
fn the_secrets_of_each_kind_are_read() {
    for (kind, secret, wanted) in [
        (Kind::Slack, r#"{"webhook_url":"https://hooks.slack.com/services/T/B/x"}"#, "https://hooks.slack.com/services/T/B/x"),
        (Kind::Slack, r#"{"bot_token":"xoxb-1","channel":"C1"}"#, "https://slack.com/api/chat.postMessage"),
        (Kind::Slack, r#"{"bot_token":"xoxb-1","channel":"C1","webhook_url":""}"#, "https://slack.com/api/chat.postMessage"),
        (
            Kind::Slack,
            r#"{"bot_token":" xoxb-1\n","channel":"C1","api_url":"http://127.0.0.1:9/api/"}"#,
            "http://127.0.0.1:9/api/chat.postMessage",
        ),
        (Kind::Pagerduty, r#"{"routing_key":"k"}"#, "https://events.pagerduty.com/v2/enqueue"),
        (
            Kind::Pagerduty,
            r#"{"routing_key":"k","api_url":"https://events.eu.pagerduty.com"}"#,
            "https://events.eu.pagerduty.com/v2/enqueue",
        ),
        (Kind::Pagerduty, r#"{"routing_key":"k","api_url":null,"note":1}"#, "https://events.pagerduty.com/v2/enqueue"),
        (
            Kind::Webhook,
            r#"{"url":"https://example.com/hook?a=b","signing_key":"0123456789abcdef0123456789abcdef"}"#,
            "https://example.com/hook?a=b",
        ),
        (Kind::Checker, r#"{"url":"https://hc-ping.com/1f3c"}"#, "https://hc-ping.com/1f3c"),
    ] {
        let destination = good(kind, secret);
        assert_eq!(destination.endpoint.uri().to_string(), wanted);
        assert_eq!(destination.kind(), kind);
    }
}

#[test]
fn a_bad_secret_is_explained_without_being_repeated() {
    for (kind, secret, parts) in [
        (Kind::Slack, "https://hooks.slack.com/services/SECRET", ["not a JSON object", "webhook_url"]),
        (Kind::Slack, r#"["SECRET"]"#, ["not a JSON object", "bot_token"]),
        (Kind::Slack, r#"{"SECRET":"SECRET"}"#, ["`webhook_url` in the Slack secret is missing", "hooks.slack.com"]),
        (Kind::Slack, r#"{"webhook_url":"http://hooks.slack.com/SECRET"}"#, ["http://", "only sent over https"]),
        (Kind::Slack, r#"{"webhook_url":7}"#, ["not a text in quotes", "webhook_url"]),
        (Kind::Slack, r#"{"bot_token":"SECRET"}"#, ["`channel` in the Slack secret is missing", "xoxb"]),
        (Kind::Slack, r#"{"bot_token":"SEC\nRET","channel":"C1"}"#, ["`bot_token`", "no token has"]),
        (Kind::Slack, r#"{"bot_token":"SECRET","channel":"the channel"}"#, ["`channel`", "blanks"]),
        (Kind::Slack, r#"{"bot_token":"SECRET","channel":"C1","api_url":"slack.com"}"#, ["`api_url`", "https://"]),
        (Kind::Pagerduty, r#"{"routing_key":""}"#, ["`routing_key` in the PagerDuty secret is missing", "32 characters"]),
        (Kind::Pagerduty, r#"{"routing_key":"SEC RET"}"#, ["`routing_key`", "blanks"]),
        (Kind::Webhook, r#"{"url":"https://example.com/SECRET"}"#, ["`signing_key` in the webhook secret is missing", "32"]),
        (Kind::Webhook, r#"{"url":"https://example.com/","signing_key":"SECRET"}"#, ["shorter than 32 bytes", "random"]),
        (Kind::Checker, r#"{"address":"SECRET"}"#, ["`url` in the checker secret is missing", "https://"]),
        (Kind::Webhook, r#"{"signing_key":"SECRET"}"#, ["`url` in the webhook secret is missing", "https://"]),
    ] {
        let why = Destination::parse(kind, secret).unwrap_err().to_string();
        for part in parts {
            assert!(why.contains(part), "{secret}: {why}");
        }
        assert!(!why.contains("SECRET"), "{why}");
    }
}

#[test]
fn showing_a_destination_shows_no_secret() {
    for (kind, secret, wanted) in [
        (Kind::Slack, r#"{"webhook_url":"https://hooks.slack.com/services/SECRET"}"#, "Destination(Slack at hooks.slack.com)"),
        (Kind::Slack, r#"{"bot_token":"xoxb-SECRET","channel":"C1"}"#, "Destination(Slack at slack.com)"),
        (Kind::Pagerduty, r#"{"routing_key":"SECRET"}"#, "Destination(PagerDuty at events.pagerduty.com)"),
        (
            Kind::Webhook,
            r#"{"url":"https://example.com:8443/SECRET","signing_key":"SECRETSECRETSECRETSECRETSECRETSECRET"}"#,
            "Destination(webhook at example.com:8443)",
        ),
    ] {
        assert_eq!(format!("{:?}", good(kind, secret)), wanted);
    }
}

#[test]
fn secrets_that_come_back_are_taken_out() {
    for (kind, secret) in [
        (Kind::Slack, r#"{"webhook_url":"https://hooks.slack.com/services/T0/SECRET"}"#.to_owned()),
        (Kind::Slack, r#"{"bot_token":"xoxb-SECRET","channel":"C1"}"#.to_owned()),
        (Kind::Pagerduty, r#"{"routing_key":"SECRET"}"#.to_owned()),
        (Kind::Webhook, format!(r#"{{"url":"https://example.com/","signing_key":"SECRET{KEY}"}}"#)),
    ] {
        let echo = format!("no: /services/T0/SECRET and xoxb-SECRET and SECRET and SECRET{KEY}");
        let shown = good(kind, &secret).redact(&echo);
        assert!(shown.contains('…') && shown.len() < echo.len(), "{shown}");
    }
    let root = good(Kind::Slack, r#"{"webhook_url":"https://example.com/"}"#);
    assert_eq!(root.redact("a/b"), "a/b");
}
