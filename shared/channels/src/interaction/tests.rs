use super::*;

/// The example of Slack's documentation, "Verifying requests from Slack".
const SECRET: &[u8] = b"8f742231b10e8888abcd99yyyzzz85a5";
const AT: &str = "1531420618";
const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_531_420_618 + seconds).unwrap()
}

#[test]
fn the_request_of_slacks_documentation_is_genuine_for_five_minutes() {
    for (seconds, wanted) in [(0, true), (300, true), (-300, true), (301, false), (-301, false), (1_000_000_000, false)] {
        assert_eq!(is_genuine(SECRET, AT, SIGNATURE, BODY.as_bytes(), later(seconds)), wanted, "{seconds} s later");
    }
}

#[test]
fn a_request_of_which_anything_was_changed_is_not_genuine() {
    let is = |secret: &[u8], at: &str, signature: &str, body: &str| is_genuine(secret, at, signature, body.as_bytes(), later(0));
    assert!(is(SECRET, AT, SIGNATURE, BODY));
    assert!(!is(b"8f742231b10e8888abcd99yyyzzz85a6", AT, SIGNATURE, BODY));
    assert!(!is(b"", AT, SIGNATURE, BODY));
    for at in ["1531420619", "", "+1531420618", " 1531420618", "01531420618", "1531420618.0", "99999999999999999999", "-1"] {
        assert!(!is(SECRET, at, SIGNATURE, BODY), "{at}");
    }
    for n in 0..SIGNATURE.len() {
        assert!(!is(SECRET, AT, &SIGNATURE[..n], BODY), "{n} characters of the signature");
    }
    let digits = &SIGNATURE[3..];
    for signature in [format!("v1={digits}"), digits.to_owned(), format!("{SIGNATURE}00"), format!("v0={}", "é".repeat(32))] {
        assert!(!is(SECRET, AT, &signature, BODY), "{signature}");
    }
    assert!(!is(SECRET, AT, SIGNATURE, &BODY.replace("roadrunner", "coyote")));
    assert!(!is(SECRET, AT, SIGNATURE, ""));
}

/// A click as Slack reports it, as far as it matters.
fn payload() -> Value {
    json!({
        "type": "block_actions",
        "user": {"id": "U2CERLKJA", "username": "road.runner", "name": "road.runner", "team_id": "T1DC2JH3J"},
        "api_app_id": "A02",
        "token": "Shh_its_a_seekrit",
        "container": {"type": "message", "message_ts": "1548261231.000200", "channel_id": "CBR2V3XEX"},
        "response_url": "https://hooks.slack.com/actions/AABA1ABCD/1232321423432/D09sSasdasdAS9091209",
        "message": {"text": "x", "blocks": [
            {"type": "header", "block_id": "h1", "text": {"type": "plain_text", "text": "Approve? reboot db-1"}},
            {"type": "actions", "block_id": "a1", "elements": [{"type": "button", "action_id": "approve", "value": "v"}]},
            {"type": "actions", "block_id": "a2", "elements": [{"type": "button", "action_id": "open", "url": "https://x"}]},
        ]},
        "actions": [{"type": "button", "action_id": "approve", "block_id": "a1", "value": "signed", "action_ts": "1548426417.8"}],
    })
}

#[test]
fn a_click_says_who_and_what_the_button_carries() {
    let click = Click::read(&payload().to_string()).unwrap();
    assert_eq!((click.by.as_str(), click.carries.as_deref()), ("slack:road.runner", Some("signed")));
    let mut nameless = payload();
    nameless["user"] = json!({"id": "U2CERLKJA", "username": "<>"});
    assert_eq!(Click::read(&nameless.to_string()).unwrap().by, "slack:U2CERLKJA");
    let mut hostile = payload();
    hostile["user"]["username"] = json!(format!("ann\n<!channel>{}", "x".repeat(100)));
    assert_eq!(Click::read(&hostile.to_string()).unwrap().by, format!("slack:annchannel{}", "x".repeat(30)));
}

#[test]
fn a_button_that_only_opens_a_link_carries_nothing() {
    let mut open = payload();
    open["actions"] = json!([{"type": "button", "action_id": "open", "block_id": "a2"}]);
    assert_eq!(Click::read(&open.to_string()).unwrap().carries, None);
}

#[test]
fn what_is_no_click_is_none() {
    let mut submission = payload();
    submission["type"] = json!("view_submission");
    let mut menu = payload();
    menu["actions"][0]["type"] = json!("static_select");
    let mut empty = payload();
    empty["actions"] = json!([]);
    let mut nobody = payload();
    nobody["user"] = json!({});
    for payload in [submission, menu, empty, nobody, json!(null), json!([]), json!({"type": "block_actions"})] {
        assert_eq!(Click::read(&payload.to_string()), None, "{payload}");
    }
    assert_eq!(Click::read("not JSON"), None);
}

#[test]
fn the_buttons_give_way_to_what_was_decided_and_everything_else_stays() {
    let click = Click::read(&payload().to_string()).unwrap();
    let told = click.settled("slack:ann approved <reset>");
    assert_eq!(told["replace_original"], true);
    assert_eq!(told["blocks"][0], payload()["message"]["blocks"][0]);
    assert_eq!(told["blocks"][1]["text"]["text"], "slack:ann approved &lt;reset&gt;");
    assert_eq!(told["blocks"][2], payload()["message"]["blocks"][2]);
    let mut bare = payload();
    bare["message"] = json!({"text": "x"});
    let told = Click::read(&bare.to_string()).unwrap().settled("no");
    assert_eq!((&told["replace_original"], &told["response_type"]), (&json!(false), &json!("ephemeral")));
}

#[test]
fn answers_go_to_slacks_hooks_and_nowhere_else() {
    let good = "https://hooks.slack.com/actions/T0/1/x";
    assert_eq!(response_endpoint(good, HOOKS).unwrap().host(), "hooks.slack.com");
    for bad in [
        "http://hooks.slack.com/actions/T0/1/x",
        "https://hooks.slack.com.evil.example/x",
        "https://hooks.slack.com@evil.example/x",
        "https://hooks.slack.com:8443/x",
        "https://evil.example/https://hooks.slack.com/x",
        "https://HOOKS.slack.com/x",
        "https://hooks.slack.com/ x",
        "https://hooks.slack.com/",
        "https://169.254.169.254/latest",
        "//hooks.slack.com/x",
        "",
    ] {
        assert_eq!(response_endpoint(bad, HOOKS), None, "{bad}");
    }
}
