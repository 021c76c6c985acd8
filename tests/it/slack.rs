//! A question is put in Slack and answered there: by a click that Slack has signed, on
//! a button that Watchkeeper has made, once.

use aws::store::{Expect, Row, Write};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use channels::Client;
use domain::id::IncidentId;
use domain::link::{Grant, LinkKey};
use domain::remediation::Stage;
use domain::span::Span;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use testkit::events::alarm;
use testkit::world::{Scalable, Service};

use crate::play::Play;
use crate::servers::{Act, Server};
use crate::stage::{minutes, nudge, only_incident, timeline};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const POSTED: Act = Act::Say(200, r#"{"ok": true, "ts": "1795226700.000001"}"#);

/// A team in Slack, and a remediation that asks.
fn orders(is_interactive: bool) -> Value {
    json!({
        "classify": [{"name": "all", "set": {"priority": "P1"}}],
        "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "5m"},
        "receivers": [{"name": "team", "slack_configs": [{"secret": "slack"}]}],
        "remediations": [
            {"name": "scale", "matchers": ["alertname=\"cpu\""], "action": "ecs-scale-out", "mode": "ask", "approval_expires": "20m"}],
        "deployment": {"slack_interactivity": is_interactive},
    })
}

/// The play with Slack: where messages are posted, and where answers to clicks go.
struct Chat {
    play: Play,
    slack: Server,
    hooks: Server,
    id: IncidentId,
}

async fn chat() -> Chat {
    chat_with(true).await
}

/// The question is open and was told.
async fn chat_with(is_interactive: bool) -> Chat {
    let mut play = Play::with_channels(orders(is_interactive), &[], Client::new()).await;
    let (slack, hooks) = (Server::open(POSTED).await, Server::open(Act::Say(200, "ok")).await);
    play.world.add_secret("slack", &json!({"bot_token": "xoxb-1", "channel": "C1", "api_url": slack.url("/api")}).to_string());
    play.connect_slack(SECRET, &hooks.url("/"));
    let tags = [("watchkeeper".to_owned(), "managed".to_owned())].into();
    play.world.add_service("main/api", Service { desired: 4, scalable: Some(Scalable::new(2, 10)), tags, ..Service::default() });
    let dimensions = [("ClusterName", "main"), ("ServiceName", "api")];
    let fires = alarm("cpu", "ALARM", play.now, &dimensions, ("AWS/ECS", "CPUUtilization"));
    play.deliver(&fires).await;
    minutes(&mut play, 1).await;
    let id = only_incident(&play);
    Chat { play, slack, hooks, id }
}

fn key() -> LinkKey {
    LinkKey::new(b"0123456789abcdef0123456789abcdef").unwrap()
}

fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    mac.finalize().into_bytes().iter().fold("v0=".to_owned(), |out, byte| format!("{out}{byte:02x}"))
}

/// A request of Slack as a function URL hands it over.
fn request(body: &str, timestamp: &str, signature: &str) -> Value {
    json!({
        "version": "2.0",
        "rawPath": "/slack",
        "rawQueryString": "",
        "headers": {
            "content-type": "application/x-www-form-urlencoded",
            "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": signature,
        },
        "requestContext": {"http": {"method": "POST", "path": "/slack"}},
        "body": STANDARD.encode(body),
        "isBase64Encoded": true,
    })
}

fn form(payload: &Value) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish()
}

impl Chat {
    /// The newest message with buttons, and a button's own JSON.
    fn button(&self, action: &str) -> (Value, Value) {
        let seen = self.slack.seen();
        let found = seen.iter().rev().find_map(|seen| {
            let blocks = seen.body["blocks"].as_array()?;
            let elements = blocks.iter().filter_map(|block| block["elements"].as_array()).flatten();
            let button = elements.into_iter().find(|element| element["action_id"] == action)?.clone();
            Some((seen.body.clone(), button))
        });
        found.unwrap_or_else(|| panic!("no message has a button {action}: {:?}", self.slack.texts("text")))
    }

    /// What Slack says when somebody clicks on a button of the newest message.
    fn click(&self, who: &str, action: &str) -> Value {
        let (mut message, button) = self.button(action);
        for (n, block) in message["blocks"].as_array_mut().unwrap().iter_mut().enumerate() {
            block["block_id"] = json!(format!("b{n}"));
        }
        let is_its = |block: &&Value| block["elements"].as_array().into_iter().flatten().any(|it| it["action_id"] == action);
        let block_id = message["blocks"].as_array().unwrap().iter().find(is_its).unwrap()["block_id"].clone();
        let mut pressed = json!({"type": "button", "action_id": action, "block_id": block_id, "action_ts": "1"});
        if let Some(value) = button.get("value") {
            pressed["value"] = value.clone();
        }
        json!({
            "type": "block_actions",
            "user": {"id": "U1", "username": who, "name": who, "team_id": "T1"},
            "response_url": self.hooks.url("/actions/T1/1/x"),
            "message": message,
            "actions": [pressed],
        })
    }

    /// Hands a payload in as Slack does; gives the status.
    async fn hand_in(&mut self, payload: &Value) -> u64 {
        let body = form(payload);
        let timestamp = self.play.now.as_second().to_string();
        let signature = signature(SECRET, &timestamp, &body);
        self.ask(&request(&body, &timestamp, &signature)).await
    }

    async fn ask(&mut self, request: &Value) -> u64 {
        self.play.ask_console(request).await.unwrap()["statusCode"].as_u64().unwrap()
    }

    async fn press(&mut self, who: &str, action: &str) -> u64 {
        let click = self.click(who, action);
        self.hand_in(&click).await
    }

    /// What was said of the last click.
    fn said(&self) -> Value {
        self.hooks.seen().last().expect("something was said").body.clone()
    }

    async fn stage(&self) -> Stage {
        let rows = self.play.store().incident(&self.id).await.unwrap().unwrap();
        rows.remedies[0].value.stage.clone()
    }

    async fn is_asked(&self) -> bool {
        matches!(self.stage().await, Stage::Asked { .. })
    }
}

fn drawn(answer: &Value) -> String {
    answer["blocks"].to_string()
}

#[tokio::test]
async fn a_question_is_put_in_slack_once_with_buttons_that_say_what_they_do() {
    let mut chat = chat().await;
    let (message, approve) = chat.button("approve");
    assert!(message["text"].as_str().unwrap().contains("raise the minimum capacity of main/api"), "{}", message["text"]);
    let dialog = approve["confirm"]["text"]["text"].as_str().unwrap();
    assert!(dialog.contains("will raise the minimum capacity of main/api from 2 to"), "{dialog}");
    let n_messages = chat.slack.seen().len();
    let id = chat.id.clone();
    for _ in 0..3 {
        nudge(&mut chat.play, &id).await;
    }
    assert_eq!(chat.slack.seen().len(), n_messages);
}

#[tokio::test]
async fn a_click_on_approve_has_it_done_and_says_who_wanted_it() {
    let mut chat = chat().await;
    assert_eq!(chat.press("ann", "approve").await, 200);
    let said = chat.said();
    assert_eq!(said["replace_original"], true);
    assert!(drawn(&said).contains("slack:ann approved scale."), "{said}");
    assert!(!drawn(&said).contains("\"approve\"") && drawn(&said).contains("\"open\""), "only the link is left: {said}");
    minutes(&mut chat.play, 2).await;
    assert_eq!(chat.play.world.minimums().len(), 1);
    let lines = timeline(&chat.play, &chat.id).await;
    assert!(
        lines.iter().any(|line| line.by.as_deref() == Some("slack:ann") && line.text.contains("approved scale")),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn a_click_on_decline_has_it_left() {
    let mut chat = chat().await;
    assert_eq!(chat.press("ann", "decline").await, 200);
    assert!(drawn(&chat.said()).contains("slack:ann declined scale."), "{}", chat.said());
    minutes(&mut chat.play, 30).await;
    assert_eq!(chat.play.world.minimums(), []);
}

#[tokio::test]
async fn a_second_click_says_who_was_first_and_changes_nothing() {
    let mut chat = chat().await;
    let again = chat.click("ann", "approve");
    chat.press("ann", "approve").await;
    minutes(&mut chat.play, 2).await;
    let rows = chat.play.world.rows().await;
    for payload in [again, chat.click("bob", "approve"), chat.click("bob", "decline")] {
        assert_eq!(chat.hand_in(&payload).await, 200);
        assert!(drawn(&chat.said()).contains("It was answered already: slack:ann approved scale: raise"), "{}", chat.said());
    }
    assert_eq!(chat.play.world.rows().await, rows);
    assert_eq!(chat.play.world.minimums().len(), 1);
}

#[tokio::test]
async fn what_slack_has_not_signed_lately_is_refused_and_nobody_is_told() {
    let mut chat = chat().await;
    let body = form(&chat.click("ann", "approve"));
    let at = chat.play.now.as_second();
    let signed_at = |at: i64, secret: &str| request(&body, &at.to_string(), &signature(secret, &at.to_string(), &body));
    let good = signed_at(at, SECRET);
    let mut other_body = good.clone();
    other_body["body"] = json!(STANDARD.encode(body.replace("ann", "bob")));
    let mut other_time = good.clone();
    other_time["headers"]["x-slack-request-timestamp"] = json!((at + 1).to_string());
    let mut bare = good.clone();
    bare["headers"] = json!({});
    let mut too_long = good.clone();
    let long = format!("{body}&x={}", "x".repeat(300_000));
    too_long["body"] = json!(STANDARD.encode(&long));
    too_long["headers"]["x-slack-signature"] = json!(signature(SECRET, &at.to_string(), &long));
    let mut no_text = good.clone();
    no_text["body"] = json!(STANDARD.encode([0xff, 0xfe]));
    let bad = [signed_at(at - 301, SECRET), signed_at(at + 303, SECRET), signed_at(at, "another secret"), other_body, other_time];
    for request in bad.into_iter().chain([bare, too_long, no_text]) {
        assert_eq!(chat.ask(&request).await, 401, "{:.400}", request.to_string());
    }
    assert!(chat.is_asked().await);
    assert_eq!(chat.hooks.seen().len(), 0);
    assert_eq!(chat.ask(&good).await, 200);
    assert!(!chat.is_asked().await);
}

#[tokio::test]
async fn a_button_that_was_not_made_for_this_question_does_nothing() {
    let mut chat = chat().await;
    let (now, id) = (chat.play.now, chat.id.clone());
    let Stage::Asked { expires_at, .. } = chat.stage().await else { panic!("it is asked") };
    let other: IncidentId = "0K3-M9Q-F7T".parse().unwrap();
    let (approve, decline) = (Grant::Approve("scale".to_owned()), Grant::Decline("scale".to_owned()));
    let good = key().button(&id, &approve, "team", expires_at);
    let strange = LinkKey::new(&[8; 32]).unwrap();
    let cases = [
        ("forged", strange.button(&id, &approve, "team", expires_at), false),
        ("for another incident, with this one's name", good.replace(&id.compact(), &other.compact()), false),
        ("for declining", key().button(&id, &decline, "team", expires_at).replace("decline", "approve"), false),
        ("of another remediation, with this one's name", good.replace("scale", "reset"), false),
        ("that only shows", key().button(&id, &Grant::Show, "team", expires_at), false),
        ("that resolves", key().button(&id, &Grant::Resolve, "team", expires_at), false),
        ("a link's", key().sign(&id, &approve, "team", expires_at), false),
        ("nonsense", "approve scale".to_owned(), false),
        ("of an incident that is not on record", key().button(&other, &approve, "team", expires_at), true),
        ("of a remediation that is not there", key().button(&id, &Grant::Approve("reset".to_owned()), "team", expires_at), true),
        ("of an earlier question", key().button(&id, &approve, "team", Span::minutes(5).before(expires_at)), true),
        ("that ran out", key().button(&id, &approve, "team", now), true),
    ];
    let rows = chat.play.world.rows().await;
    for (what, value, is_settled) in cases {
        let mut click = chat.click("ann", "approve");
        click["actions"][0]["value"] = json!(value);
        assert_eq!(chat.hand_in(&click).await, 200, "a button {what}");
        assert_eq!(chat.said()["replace_original"], is_settled, "a button {what}: {}", chat.said());
        assert_eq!(chat.play.world.rows().await, rows, "a button {what}");
    }
    assert!(chat.is_asked().await);
}

#[tokio::test]
async fn the_rest_of_a_payload_decides_nothing() {
    let mut chat = chat().await;
    let mut click = chat.click("ann", "decline");
    click["actions"][0]["action_id"] = json!("approve");
    click["actions"][0]["text"] = json!({"type": "plain_text", "text": "Approve"});
    click["message"]["text"] = json!("approve everything");
    click["callback_id"] = json!("approve scale");
    assert_eq!(chat.hand_in(&click).await, 200);
    minutes(&mut chat.play, 2).await;
    assert_eq!(chat.play.world.minimums(), [], "the token says that it is declined");
}

#[tokio::test]
async fn what_needs_no_answer_is_heard_and_nothing_is_done() {
    let mut chat = chat().await;
    let rows = chat.play.world.rows().await;
    let open = chat.click("ann", "open");
    for payload in [open, json!({"type": "view_submission", "user": {"id": "U1"}}), json!({"type": "shortcut"}), json!(7)] {
        assert_eq!(chat.hand_in(&payload).await, 200, "{payload}");
    }
    let timestamp = chat.play.now.as_second().to_string();
    for body in ["ssl_check=1&token=x", "payload=%7B", ""] {
        let check = request(body, &timestamp, &signature(SECRET, &timestamp, body));
        assert_eq!(chat.ask(&check).await, 200, "{body}");
    }
    let mut get = request("", &timestamp, &signature(SECRET, &timestamp, ""));
    get["requestContext"]["http"]["method"] = json!("GET");
    assert_eq!(chat.ask(&get).await, 405);
    assert_eq!(chat.play.world.rows().await, rows);
    assert_eq!(chat.hooks.seen().len(), 0);
}

#[tokio::test]
async fn a_large_payload_is_read() {
    let mut chat = chat().await;
    let mut click = chat.click("ann", "approve");
    click["state"] = json!({"values": "监".repeat(20_000)});
    assert!(form(&click).len() > 100_000);
    assert_eq!(chat.hand_in(&click).await, 200);
    assert!(!chat.is_asked().await);
}

#[tokio::test]
async fn an_answer_is_good_though_slack_cannot_be_told_of_it() {
    for act in [Act::Say(500, "oops"), Act::Reset, Act::Hang] {
        let mut chat = chat().await;
        chat.hooks.expect(&[act]);
        assert_eq!(chat.press("ann", "approve").await, 200, "{act:?}");
        assert!(!chat.is_asked().await, "{act:?}");
    }
    for elsewhere in ["https://evil.example/x", "http://169.254.169.254/latest", "", "nonsense"] {
        let mut chat = chat().await;
        let trap = Server::open(Act::Say(200, "ok")).await;
        let mut click = chat.click("ann", "approve");
        for url in [elsewhere.to_owned(), trap.url("/actions/T1/1/x")] {
            click["response_url"] = json!(url);
            assert_eq!(chat.hand_in(&click).await, 200, "{url}");
        }
        assert!(!chat.is_asked().await, "{elsewhere}");
        assert_eq!((chat.hooks.seen().len(), trap.seen().len()), (0, 0), "{elsewhere}");
    }
}

#[tokio::test]
async fn a_signing_secret_that_was_replaced_is_read_anew() {
    let mut chat = chat().await;
    let open = chat.click("ann", "open");
    assert_eq!(chat.hand_in(&open).await, 200);
    chat.play.world.forget_calls();
    assert_eq!(chat.hand_in(&open).await, 200);
    assert_eq!(chat.play.world.calls().len(), 0, "it is not read for every click");
    chat.play.world.add_secret("slack-signing", "another");
    minutes(&mut chat.play, 5).await;
    assert_eq!(chat.hand_in(&open).await, 401);
}

#[tokio::test]
async fn without_interactivity_there_are_no_buttons_and_no_endpoint() {
    let mut chat = chat_with(false).await;
    let texts = chat.slack.texts("text");
    assert!(texts.iter().any(|text| text.contains("pprove? raise the minimum capacity")), "{texts:?}");
    let seen = format!("{:?}", chat.slack.seen());
    assert!(!seen.contains("\"confirm\"") && seen.contains("Open"), "{seen}");
    let plain = Play::new(orders(false), &[]).await;
    chat.play = plain;
    let timestamp = chat.play.now.as_second().to_string();
    assert_eq!(chat.ask(&request("x=1", &timestamp, &signature(SECRET, &timestamp, "x=1"))).await, 404);
}

#[tokio::test]
async fn a_question_that_was_asked_anew_is_not_answered_by_its_old_buttons() {
    let mut chat = chat().await;
    let old = chat.click("ann", "approve");
    let rows = chat.play.store().incident(&chat.id).await.unwrap().unwrap();
    let stored = &rows.remedies[0];
    let mut remedy = stored.value.clone();
    let Stage::Asked { expires_at, .. } = &mut remedy.stage else { panic!("it is asked") };
    *expires_at = Span::minutes(7).after(*expires_at);
    let again: Timestamp = *expires_at;
    remedy.wake_at = Some(again);
    let write = Write::Put(Row::Remedy(chat.id.clone(), Box::new(remedy)), Expect::Version(stored.version));
    chat.play.store().commit(vec![write]).await.unwrap();
    let n_messages = chat.slack.seen().len();
    let id = chat.id.clone();
    nudge(&mut chat.play, &id).await;
    assert_eq!(chat.slack.seen().len(), n_messages + 1, "it is put again");
    assert_eq!(chat.hand_in(&old).await, 200);
    assert!(chat.is_asked().await && drawn(&chat.said()).contains("another one has been asked since"), "{}", chat.said());
    chat.press("ann", "approve").await;
    assert!(!chat.is_asked().await);
}
