//! The channels against servers on loopback that behave well and badly.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::time::{Duration, Instant};

use channels::{Client, Destination, Kind, Outgoing, Receipt, SendError, Timing};
use domain::message::Brief;
use domain::notice::NoticeKind;
use domain::priority::Priority;
use jiff::Timestamp;
use serde_json::{Value, json};

use self::support::{Act, Play, Role};

const NOW: i64 = 1_795_226_760;
const ROUTING_KEY: &str = "SECRET0123456789SECRET0123456789";
const SIGNING_KEY: &str = "SECRET0123456789SECRET0123456789SECRET0123456789SECRET0123456789SECRET";
const BUDGET: Duration = Duration::from_secs(20);

fn brief(kind: NoticeKind) -> Brief {
    Brief {
        id: "0K3-M9Q-F7T".to_owned(),
        is_over: matches!(kind, NoticeKind::Resolved),
        kind,
        priority: Priority::P1,
        headline: "database connections (vitascope-db)".to_owned(),
        service: Some("vitascope-db".to_owned()),
        facts: vec![("Reason".to_owned(), "95 connections were above 80".to_owned())],
        asks: Vec::new(),
        link: Some("https://console.example/i/0K3M9QF7T?s=SECRET".to_owned()),
        runbook: Some("https://wiki.example.com/db".to_owned()),
        opened_at: Timestamp::from_second(NOW - 60).unwrap(),
    }
}

fn outgoing(brief: &Brief) -> Outgoing<'_> {
    Outgoing { brief, key: "0001-page-1a2b3c4d", thread: None, now: Timestamp::from_second(NOW).unwrap(), seed: 7 }
}

/// No pauses to speak of; time enough for an answer on a busy machine.
fn quick() -> Timing {
    Timing {
        connect: Duration::from_secs(10),
        attempt: Duration::from_secs(10),
        attempt_min: Duration::from_millis(1),
        backoff_base: Duration::from_millis(1),
        backoff_max: Duration::from_millis(2),
        n_attempts_max: 4,
        retry_after_second: Duration::from_millis(20),
    }
}

/// For servers that say nothing: little time for each attempt.
fn impatient() -> Timing {
    Timing { attempt: Duration::from_millis(250), n_attempts_max: 3, ..quick() }
}

fn bot(play: &Play) -> Destination {
    let secret = json!({ "bot_token": "xoxb-SECRET", "channel": "C0123", "api_url": play.url("/api") });
    Destination::parse(Kind::Slack, &secret.to_string()).unwrap()
}

fn hook(play: &Play) -> Destination {
    let secret = json!({ "webhook_url": play.url("/services/T0/B0/SECRET") });
    Destination::parse(Kind::Slack, &secret.to_string()).unwrap()
}

fn pager(play: &Play) -> Destination {
    let secret = json!({ "routing_key": ROUTING_KEY, "api_url": play.url("") });
    Destination::parse(Kind::Pagerduty, &secret.to_string()).unwrap()
}

fn receiver(play: &Play) -> Destination {
    let secret = json!({ "url": play.url("/in?s=SECRET"), "signing_key": SIGNING_KEY });
    Destination::parse(Kind::Webhook, &secret.to_string()).unwrap()
}

/// Sends a page and renders what came of it.
async fn sent(timing: Timing, destination: &Destination, budget: Duration) -> String {
    let brief = brief(NoticeKind::Page { rule: 1 });
    match Client::with_timing(timing).send(destination, &outgoing(&brief), budget).await {
        Ok(Receipt(name)) => format!("taken as {}", name.unwrap_or_else(|| "nothing".to_owned())),
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with("127.0.0.1:"), "{text}");
            for secret in ["SECRET", "/services", "/in", "http://"] {
                assert!(!text.contains(secret), "{text}");
            }
            told(&error)
        }
    }
}

fn told(error: &SendError) -> String {
    match error {
        SendError::Refused { .. } => "refused".to_owned(),
        SendError::Unavailable { n_attempts, retry_after, may_have_arrived, .. } => {
            let after = retry_after.map(|time| format!(", {} s of quiet", time.as_secs())).unwrap_or_default();
            let unsure = if *may_have_arrived { ", unsure" } else { "" };
            format!("unavailable after {n_attempts}{after}{unsure}")
        }
    }
}

#[tokio::test]
async fn a_bot_posts_a_message_and_answers_in_its_thread() {
    let play = Play::open(Role::slack(), []).await;
    let client = Client::with_timing(quick());
    let page = brief(NoticeKind::Page { rule: 1 });
    let receipt = client.send(&bot(&play), &outgoing(&page), BUDGET).await.unwrap();
    assert_eq!(receipt, Receipt(Some("1795226700.000001".to_owned())));

    let end = brief(NoticeKind::Resolved);
    let follow_up = Outgoing { thread: receipt.0.as_deref(), ..outgoing(&end) };
    client.send(&bot(&play), &follow_up, BUDGET).await.unwrap();

    let seen = play.seen();
    assert_eq!(seen[0].path, "/api/chat.postMessage");
    assert!(seen[0].header("user-agent").starts_with("watchkeeper/"));
    assert_eq!(seen[0].json()["channel"], "C0123");
    assert_eq!(seen[0].json().get("thread_ts"), None);
    assert_eq!(seen[1].json()["thread_ts"], "1795226700.000001");
    assert_eq!(seen[1].json()["reply_broadcast"], true);
    // The second message used the connection of the first.
    assert_eq!(play.n_connections(), 1);
}

#[tokio::test]
async fn an_incoming_webhook_takes_the_same_message_without_a_name() {
    let play = Play::open(Role::slack(), []).await;
    assert_eq!(sent(quick(), &hook(&play), BUDGET).await, "taken as nothing");
    let seen = play.seen();
    assert_eq!(seen[0].path, "/services/T0/B0/SECRET");
    assert_eq!(seen[0].header("authorization"), "");
    assert_eq!(seen[0].json()["blocks"][0]["type"], "header");
}

#[tokio::test]
async fn a_wrong_token_or_channel_is_refused_at_once() {
    let play = Play::open(Role::slack(), []).await;
    for (token, channel) in [("xoxb-other", "C0123"), ("xoxb-SECRET", "C9999")] {
        let secret = json!({ "bot_token": token, "channel": channel, "api_url": play.url("/api") });
        let destination = Destination::parse(Kind::Slack, &secret.to_string()).unwrap();
        assert_eq!(sent(quick(), &destination, BUDGET).await, "refused");
    }
    assert_eq!(play.seen().len(), 2);
}

#[tokio::test]
async fn a_message_whose_form_slack_refuses_arrives_as_plain_text() {
    let no = Act::say(200, r#"{"ok":false,"error":"invalid_blocks"}"#);
    let play = Play::open(Role::slack(), [no]).await;
    assert_eq!(sent(quick(), &bot(&play), BUDGET).await, "taken as 1795226700.000001");
    let seen = play.seen();
    assert_eq!((seen.len(), seen[1].json().get("blocks")), (2, None));
    assert!(seen[1].json()["text"].as_str().unwrap().contains("95 connections were above 80"));

    let play = Play::open(Role::slack(), [Act::say(400, "invalid_blocks")]).await;
    assert_eq!(sent(quick(), &hook(&play), BUDGET).await, "taken as nothing");
    assert_eq!(play.seen().len(), 2);
}

#[tokio::test]
async fn hostile_names_reach_slack_escaped() {
    let play = Play::open(Role::slack(), []).await;
    let evil = "<!channel> <https://evil.example|click> &lt;";
    let brief = Brief {
        headline: evil.to_owned(),
        service: Some(evil.to_owned()),
        facts: vec![("Reason".to_owned(), evil.to_owned())],
        runbook: Some(evil.to_owned()),
        ..brief(NoticeKind::Opened)
    };
    let client = Client::with_timing(quick());
    client.send(&bot(&play), &outgoing(&brief), BUDGET).await.unwrap();
    let body = String::from_utf8(play.seen()[0].body.clone()).unwrap();
    assert!(!body.contains("<!channel") && !body.contains("<https://evil"), "{body}");
    assert!(body.contains("&lt;!channel&gt; &lt;https://evil.example|click&gt; &amp;lt;"), "{body}");
}

fn busy(retry_after: &str, date: Option<&str>) -> Act {
    let mut headers = vec![("retry-after", retry_after.to_owned())];
    headers.extend(date.map(|date| ("date", date.to_owned())));
    Act::Say(429, headers, String::new())
}

#[tokio::test]
async fn the_quiet_that_is_asked_for_is_kept() {
    for act in [busy("5", None), busy("Sat, 21 Nov 2026 02:06:05 GMT", Some("Sat, 21 Nov 2026 02:06:00 GMT"))] {
        let play = Play::open(Role::slack(), [act]).await;
        let begun = Instant::now();
        assert_eq!(sent(quick(), &bot(&play), BUDGET).await, "taken as 1795226700.000001");
        // Five seconds of 20 ms.
        assert!(begun.elapsed() >= Duration::from_millis(100));
        assert_eq!(play.seen().len(), 2);
    }
}

#[tokio::test]
async fn quiet_that_does_not_fit_the_budget_ends_the_attempts_at_once() {
    for kind in [bot, hook, pager, receiver] {
        let play = Play::open(Role::slack(), [busy("120", None)]).await;
        let timing = Timing { retry_after_second: Duration::from_secs(1), ..quick() };
        let begun = Instant::now();
        assert_eq!(sent(timing, &kind(&play), BUDGET).await, "unavailable after 1, 120 s of quiet");
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert_eq!(play.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_recovers_gets_the_message() {
    let play = Play::open(Role::pagerduty(), [Act::say(500, ""), Act::say(502, ""), Act::say(503, "")]).await;
    assert_eq!(sent(quick(), &pager(&play), BUDGET).await, "taken as 0K3-M9Q-F7T");
    assert_eq!(play.seen().len(), 4);

    let play = Play::open(Role::slack(), [Act::say(500, "rollup_error")]).await;
    assert_eq!(sent(quick(), &hook(&play), BUDGET).await, "taken as nothing");
    assert_eq!(play.seen().len(), 2);
}

#[tokio::test]
async fn a_server_that_stays_down_is_left_after_a_few_attempts() {
    for (status, kind, wanted) in [
        (503, bot as fn(&Play) -> Destination, "unavailable after 4"),
        (503, pager, "unavailable after 4"),
        (500, pager, "unavailable after 4, unsure"),
        (500, receiver, "unavailable after 4, unsure"),
        // Slack may have posted it in spite of a 500: once more, and no more.
        (500, bot, "unavailable after 2, unsure"),
        (500, hook, "unavailable after 2, unsure"),
    ] {
        let play = Play::open(Role::pagerduty(), std::iter::repeat_n(Act::say(status, ""), 10)).await;
        assert_eq!(sent(quick(), &kind(&play), BUDGET).await, wanted, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_within_limits() {
    let waited = async |kind: fn(&Play) -> Destination| {
        let play = Play::open(Role::slack(), std::iter::repeat_n(Act::Hang, 10)).await;
        let told = sent(impatient(), &kind(&play), BUDGET).await;
        (told, play.seen().len())
    };
    let twice = ("unavailable after 2, unsure".to_owned(), 2);
    let thrice = ("unavailable after 3, unsure".to_owned(), 3);
    let all = tokio::join!(waited(bot), waited(hook), waited(pager), waited(receiver));
    assert_eq!(all, (twice.clone(), twice, thrice.clone(), thrice));
}

#[tokio::test]
async fn no_attempt_reaches_past_the_budget() {
    let play = Play::open(Role::slack(), [Act::Hang]).await;
    let begun = Instant::now();
    let timing = Timing { attempt_min: Duration::from_millis(50), ..quick() };
    assert_eq!(sent(timing, &pager(&play), Duration::from_millis(300)).await, "unavailable after 1, unsure");
    assert!(begun.elapsed() < Duration::from_secs(5));

    let client = Client::with_timing(timing);
    let page = brief(NoticeKind::Page { rule: 1 });
    let error = client.send(&pager(&play), &outgoing(&page), Duration::from_millis(49)).await.unwrap_err();
    assert_eq!(told(&error), "unavailable after 0");
    assert!(error.to_string().starts_with("no time was left to send a message to 127.0.0.1:"), "{error}");
    assert_eq!(play.seen().len(), 1);
}

#[tokio::test]
async fn a_connection_that_breaks_costs_slack_at_most_one_repetition() {
    let play = Play::open(Role::slack(), [Act::Reset]).await;
    assert_eq!(sent(quick(), &bot(&play), BUDGET).await, "taken as 1795226700.000001");
    assert_eq!(play.seen().len(), 2);

    let play = Play::open(Role::slack(), [Act::Reset, Act::Reset]).await;
    assert_eq!(sent(quick(), &bot(&play), BUDGET).await, "unavailable after 2, unsure");
    assert_eq!(play.seen().len(), 2);

    let play = Play::open(Role::pagerduty(), [Act::Reset, Act::Reset, Act::Reset]).await;
    assert_eq!(sent(quick(), &pager(&play), BUDGET).await, "taken as 0K3-M9Q-F7T");
    assert_eq!(play.seen().len(), 4);
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_stalls_counts_for_what_it_said() {
    let check = async |act: Act, n_acts: usize, kind: fn(&Play) -> Destination, wanted: &str| {
        let play = Play::open(Role::slack(), std::iter::repeat_n(act.clone(), n_acts)).await;
        let timing = Timing { n_attempts_max: 2, ..impatient() };
        assert_eq!(sent(timing, &kind(&play), BUDGET).await, wanted, "{act:?}");
    };
    let all = r#"{"ok":true,"ts":"1.5","mess"#;
    tokio::join!(
        check(Act::BreakOff(202, "{"), 1, pager, "taken as 0K3-M9Q-F7T"),
        check(Act::Stall(202, "{"), 1, pager, "taken as 0K3-M9Q-F7T"),
        check(Act::BreakOff(200, "o"), 1, hook, "taken as nothing"),
        check(Act::BreakOff(200, all), 1, bot, "taken as 1.5"),
        check(Act::Stall(200, all), 1, bot, "taken as 1.5"),
        // It cannot be told whether Slack took it, so once more.
        check(Act::BreakOff(200, r#"{"o"#), 1, bot, "taken as 1795226700.000001"),
        check(Act::BreakOff(200, r#"{"o"#), 2, bot, "unavailable after 2, unsure"),
        check(Act::Stall(500, "x"), 2, receiver, "unavailable after 2, unsure"),
    );
}

#[tokio::test]
async fn an_endless_answer_is_read_to_a_limit() {
    for (status, kind, wanted) in [
        (200, receiver as fn(&Play) -> Destination, "taken as nothing"),
        (400, receiver, "refused"),
        (202, pager, "taken as 0K3-M9Q-F7T"),
    ] {
        let play = Play::open(Role::slack(), [Act::Endless(status)]).await;
        assert_eq!(sent(quick(), &kind(&play), BUDGET).await, wanted);
        // What was read, and what the buffers on the way took.
        assert!(play.n_bytes_of_body() < 32 * 1024 * 1024, "{}", play.n_bytes_of_body());
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 307, 308] {
        for kind in [bot, hook, pager, receiver] {
            let location = vec![("location", "/services/elsewhere".to_owned())];
            let play = Play::open(Role::slack(), [Act::Say(status, location, String::new())]).await;
            assert_eq!(sent(quick(), &kind(&play), BUDGET).await, "refused");
            assert_eq!(play.seen().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_closed_port_is_told_from_a_message_that_may_have_arrived() {
    let address = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let secret = json!({ "webhook_url": format!("http://{address}/services/SECRET") });
    let destination = Destination::parse(Kind::Slack, &secret.to_string()).unwrap();
    assert_eq!(sent(quick(), &destination, BUDGET).await, "unavailable after 4");
    let page = brief(NoticeKind::Page { rule: 1 });
    let error = Client::with_timing(quick()).send(&destination, &outgoing(&page), BUDGET).await.unwrap_err();
    let wanted = format!(
        "{address} could not be reached (Connection refused (os error 111)); check the host in the secret and the way out of the \
         network"
    );
    assert_eq!(error.to_string(), wanted);
}

#[tokio::test]
async fn a_host_that_lets_nobody_in_is_left_in_time() {
    // Two connections fill the queue of one; the kernel does not answer a third.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let _queue = [tokio::net::TcpStream::connect(address).await.unwrap(), tokio::net::TcpStream::connect(address).await.unwrap()];
    let secret = json!({ "webhook_url": format!("http://{address}/services/SECRET") });
    let destination = Destination::parse(Kind::Slack, &secret.to_string()).unwrap();
    let page = brief(NoticeKind::Page { rule: 1 });
    let wanted = format!("{address} could not be reached within 100 ms; check the way out of the network");
    for (connect, attempt) in [(100, 10_000), (10_000, 100)] {
        let [connect, attempt] = [connect, attempt].map(Duration::from_millis);
        let client = Client::with_timing(Timing { connect, attempt, n_attempts_max: 3, ..quick() });
        let error = client.send(&destination, &outgoing(&page), BUDGET).await.unwrap_err();
        assert_eq!((told(&error).as_str(), error.to_string()), ("unavailable after 3", wanted.clone()));
    }
}

#[tokio::test]
async fn something_that_is_not_http_is_not_taken_for_an_answer() {
    let play = Play::open(Role::slack(), std::iter::repeat_n(Act::Garbage, 10)).await;
    assert_eq!(sent(quick(), &bot(&play), BUDGET).await, "unavailable after 2, unsure");
}

#[tokio::test]
async fn an_incident_is_one_alert_in_pagerduty_and_is_closed() {
    let play = Play::open(Role::pagerduty(), []).await;
    let client = Client::with_timing(quick());
    for kind in [
        NoticeKind::Opened,
        NoticeKind::Page { rule: 1 },
        NoticeKind::Reminder,
        NoticeKind::Mended,
        NoticeKind::Acknowledged { by: "ana".to_owned() },
        NoticeKind::Resolved,
    ] {
        let wanted = if kind == NoticeKind::Mended { None } else { Some("0K3-M9Q-F7T".to_owned()) };
        let brief = brief(kind);
        assert_eq!(client.send(&pager(&play), &outgoing(&brief), BUDGET).await, Ok(Receipt(wanted)));
    }
    play.role(|role| {
        let Role::Pagerduty { alerts } = role else { panic!("{role:?}") };
        assert_eq!(alerts.get("0K3-M9Q-F7T"), Some(&vec!["triggered", "acknowledged", "resolved"]));
        assert_eq!(alerts.len(), 1);
    });
    // Mended went nowhere.
    assert_eq!(play.seen().len(), 5);
    assert_eq!(play.seen()[0].path, "/v2/enqueue");
}

#[tokio::test]
async fn pagerduty_says_what_is_wrong_with_the_key() {
    let play = Play::open(Role::pagerduty(), []).await;
    let secret = json!({ "routing_key": "too-short", "api_url": play.url("") });
    let destination = Destination::parse(Kind::Pagerduty, &secret.to_string()).unwrap();
    let page = brief(NoticeKind::Page { rule: 1 });
    let error = Client::with_timing(quick()).send(&destination, &outgoing(&page), BUDGET).await.unwrap_err();
    let wanted = format!(
        "{} refused the message: 400 Bad Request: Event object is invalid; Length of 'routing_key' is incorrect (should be 32 \
         characters); check `routing_key` and `api_url` in the secret",
        play.address
    );
    assert_eq!(error, SendError::Refused { why: wanted });
}

#[tokio::test]
async fn a_receiver_verifies_the_signature_and_tells_a_repetition() {
    let play = Play::open(Role::receiver(SIGNING_KEY, NOW + 299), [Act::Reset, Act::say(500, "")]).await;
    assert_eq!(sent(quick(), &receiver(&play), BUDGET).await, "taken as nothing");
    let seen = play.seen();
    assert_eq!(seen.len(), 3);
    for attempt in &seen {
        assert_eq!(attempt.path, "/in?s=SECRET");
        assert_eq!(attempt.header("idempotency-key"), "0K3-M9Q-F7T:0001-page-1a2b3c4d");
        assert_eq!(attempt.json()["notice"], "0K3-M9Q-F7T:0001-page-1a2b3c4d");
        assert_eq!(attempt.body, seen[0].body);
    }
    play.role(|role| assert!(matches!(role, Role::Receiver { dealt_with, .. } if dealt_with.len() == 1)));
    assert_eq!((&seen[0].json()["version"], &seen[0].json()["kind"]), (&Value::from(1), &Value::from("page")));
}

#[tokio::test]
async fn a_receiver_with_another_key_or_clock_refuses() {
    for role in [Role::receiver("another key", NOW), Role::receiver(SIGNING_KEY, NOW + 301)] {
        let play = Play::open(role, []).await;
        assert_eq!(sent(quick(), &receiver(&play), BUDGET).await, "refused");
    }
}

#[tokio::test]
async fn one_client_sends_many_messages_at_once() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let play = Play::open(Role::slack(), []).await;
    let client = std::sync::Arc::new(Client::with_timing(quick()));
    let destination = bot(&play);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (client, destination) = (std::sync::Arc::clone(&client), destination.clone());
        tasks.spawn(is_send(async move {
            let page = brief(NoticeKind::Page { rule: 1 });
            client.send(&destination, &outgoing(&page), BUDGET).await
        }));
    }
    while let Some(result) = tasks.join_next().await {
        assert!(result.unwrap().is_ok());
    }
    assert_eq!(play.seen().len(), 20);
}

#[tokio::test]
async fn what_came_of_a_click_is_said_once_and_only_where_slack_takes_it() {
    let play = Play::open(Role::receiver(SIGNING_KEY, NOW), [Act::say(200, "ok"), Act::say(404, "expired_url")]).await;
    let (client, answer) = (Client::with_timing(quick()), json!({ "text": "approved" }));
    let (hooks, time) = (play.url("/"), Duration::from_secs(5));
    assert_eq!(client.respond(&play.url("/actions/T0/1/SECRET"), &hooks, &answer, time).await, Ok(()));
    assert_eq!((play.seen()[0].path.as_str(), play.seen()[0].json()), ("/actions/T0/1/SECRET", answer.clone()));
    let refused = client.respond(&play.url("/actions/T0/1/SECRET"), &hooks, &answer, time).await.unwrap_err();
    assert!(refused.contains("404") && !refused.contains("SECRET"), "{refused}");
    let elsewhere = client.respond(&play.url("/actions/SECRET"), "https://hooks.slack.com/", &answer, time).await.unwrap_err();
    assert!(!elsewhere.contains("SECRET"), "{elsewhere}");
    assert_eq!(play.seen().len(), 2, "nothing is sent to elsewhere, and nothing twice");
}
