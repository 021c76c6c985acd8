//! GET shows, only POST acts, and only with a token that was signed for it.

use crate::play::Play;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::id::IncidentId;
use domain::incident::Status;
use domain::link::{FORM_LINK, Grant, LinkKey};
use domain::span::Span;
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::events::alarm;
use testkit::world::{Scalable, Service};

use crate::stage::{TOPICS, calls, fires, incident, messages, minutes, only_incident, orders, recovers, stage, timeline};

/// The key that the region's secret holds.
fn key() -> LinkKey {
    LinkKey::new(b"0123456789abcdef0123456789abcdef").unwrap()
}

/// A token of `who`, good for an hour from `now`.
fn token(id: &IncidentId, grant: &Grant, who: &str, now: Timestamp) -> String {
    key().sign(id, grant, who, FORM_LINK.after(now))
}

/// An answer of the console.
struct Page {
    status: u64,
    headers: Value,
    body: String,
}

async fn ask(play: &mut Play, method: &str, path: &str, query: &str, body: Option<&str>) -> Page {
    let request = json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/x-www-form-urlencoded"},
        "requestContext": {"http": {"method": method, "path": path}},
        "body": body,
        "isBase64Encoded": false,
    });
    send(play, &request).await
}

async fn send(play: &mut Play, request: &Value) -> Page {
    let answer = play.ask_console(request).await.unwrap();
    Page {
        status: answer["statusCode"].as_u64().unwrap(),
        headers: answer["headers"].clone(),
        body: answer["body"].as_str().unwrap().to_owned(),
    }
}

fn path(id: &IncidentId) -> String {
    format!("/i/{}", id.compact())
}

async fn get(play: &mut Play, id: &IncidentId, token: &str) -> Page {
    ask(play, "GET", &path(id), &format!("k={token}"), None).await
}

async fn post(play: &mut Play, id: &IncidentId, form: &str) -> Page {
    ask(play, "POST", &path(id), "", Some(form)).await
}

/// Presses a button with a token of its own.
async fn press(play: &mut Play, id: &IncidentId, grant: &Grant, who: &str) -> Page {
    let token = token(id, grant, who, play.now);
    let said = grant.to_string();
    let (what, remediation) = said.split_once(' ').unwrap_or((&said, ""));
    post(play, id, &format!("do={what}&k={token}&remediation={remediation}")).await
}

/// An incident of which Ann was paged a minute ago.
async fn paged() -> (Play, IncidentId) {
    let mut play = stage().await;
    fires(&mut play, "cpu").await;
    minutes(&mut play, 1).await;
    let id = only_incident(&play);
    (play, id)
}

fn n_pages(play: &Play, topic: &str) -> usize {
    play.world.published().iter().filter(|published| published.topic.ends_with(topic)).count()
}

#[tokio::test]
async fn the_link_in_a_message_shows_the_incident_and_changes_nothing() {
    let (mut play, id) = paged().await;
    let text = play.world.published()[0].text.clone();
    let link = text.split_whitespace().find(|word| word.starts_with("https://console.example/i/")).unwrap();
    let (_, token) = link.split_once("?k=").unwrap();
    let rows = play.world.rows().await;
    play.world.forget_calls();
    let page = get(&mut play, &id, token).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("cpu") && page.body.contains("Nobody has answered"), "{}", page.body);
    assert_eq!(ask(&mut play, "HEAD", &path(&id), &format!("k={token}"), None).await.status, 200);
    assert_eq!(play.world.rows().await, rows, "looking has changed something");
    assert!(calls(&play).iter().all(|call| call != "states StartExecution"), "{:?}", calls(&play));
}

#[tokio::test]
async fn every_page_is_kept_from_caches_frames_and_scripts() {
    let (mut play, id) = paged().await;
    let good = token(&id, &Grant::Show, "ann", play.now);
    let pages =
        [get(&mut play, &id, &good).await, get(&mut play, &id, "nonsense").await, ask(&mut play, "GET", "/x", "", None).await];
    for page in pages {
        let header = |name: &str| page.headers[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("strict-transport-security").contains("max-age="));
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!page.body.contains("<script"), "{}", page.body);
    }
}

#[tokio::test]
async fn an_acknowledgement_stops_the_climb_and_is_told() {
    let (mut play, id) = paged().await;
    let page = press(&mut play, &id, &Grant::Acknowledge, "ann").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("You have it"), "{}", page.body);
    minutes(&mut play, 90).await;
    assert_eq!(n_pages(&play, ":bob"), 0);
    assert!(matches!(incident(&play, &id).await.status, Status::Acknowledged { by, told: true, .. } if by == "ann"));
    // Who was paged and the team are told who has it.
    assert_eq!(messages(&play), [("ann".to_owned(), 2), ("team".to_owned(), 2)].into());
}

#[tokio::test]
async fn without_an_answer_the_next_one_is_paged() {
    let (mut play, _) = paged().await;
    minutes(&mut play, 10).await;
    assert_eq!(n_pages(&play, ":bob"), 1);
}

#[tokio::test]
async fn the_link_in_a_message_may_acknowledge_and_nothing_else() {
    let (mut play, id) = paged().await;
    let show = token(&id, &Grant::Show, "ann", play.now);
    for what in ["resolve", "approve&remediation=scale", "decline&remediation=scale"] {
        assert_eq!(post(&mut play, &id, &format!("do={what}&k={show}")).await.status, 403, "{what}");
    }
    assert_eq!(incident(&play, &id).await.status, Status::Triggered);
    assert_eq!(post(&mut play, &id, &format!("do=acknowledge&k={show}")).await.status, 200);
    assert!(matches!(incident(&play, &id).await.status, Status::Acknowledged { .. }));
}

#[tokio::test]
async fn a_second_person_hears_who_has_it() {
    let (mut play, id) = paged().await;
    press(&mut play, &id, &Grant::Acknowledge, "ann").await;
    let page = press(&mut play, &id, &Grant::Acknowledge, "bob").await;
    assert!(page.body.contains("You have it now. ann has had it since"), "{}", page.body);
    assert!(page.body.contains("bob has it since"), "{}", page.body);
    let rows = play.world.rows().await;
    let again = press(&mut play, &id, &Grant::Acknowledge, "bob").await;
    assert!(again.body.contains("bob has acknowledged it already"), "{}", again.body);
    assert_eq!(play.world.rows().await, rows);
}

#[tokio::test]
async fn resolving_tells_everyone_who_was_told_and_stops_everything() {
    let (mut play, id) = paged().await;
    let page = press(&mut play, &id, &Grant::Resolve, "ann").await;
    assert!(page.body.contains("Resolved. Everyone who was told is told."), "{}", page.body);
    minutes(&mut play, 1).await;
    assert_eq!(messages(&play), [("ann".to_owned(), 2), ("team".to_owned(), 2)].into());
    // Too late for anything else.
    let late = press(&mut play, &id, &Grant::Acknowledge, "bob").await;
    assert_eq!(late.status, 409);
    assert!(late.body.contains("ann has resolved it already"), "{}", late.body);
    minutes(&mut play, 90).await;
    assert!(!incident(&play, &id).await.is_open());
    assert_eq!(n_pages(&play, ":bob"), 0);
}

async fn with_remediation() -> (Play, IncidentId) {
    let mut orders = orders();
    orders["remediations"] =
        json!([{"name": "scale", "matchers": ["alertname=\"cpu\""], "action": "ecs-scale-out", "mode": "ask"}]);
    let mut play = Play::new(orders, TOPICS).await;
    let tags = [("watchkeeper".to_owned(), "managed".to_owned())].into();
    play.world.add_service("main/api", Service { desired: 4, scalable: Some(Scalable::new(2, 10)), tags, ..Service::default() });
    let dimensions = [("ClusterName", "main"), ("ServiceName", "api")];
    let fires = alarm("cpu", "ALARM", play.now, &dimensions, ("AWS/ECS", "CPUUtilization"));
    play.deliver(&fires).await;
    minutes(&mut play, 1).await;
    let id = only_incident(&play);
    (play, id)
}

#[tokio::test]
async fn a_remediation_is_done_when_it_is_approved() {
    let (mut play, id) = with_remediation().await;
    let show = token(&id, &Grant::Show, "ann", play.now);
    assert!(get(&mut play, &id, &show).await.body.contains("Approve"));
    assert_eq!(play.world.minimums(), []);
    let page = press(&mut play, &id, &Grant::Approve("scale".to_owned()), "ann").await;
    assert!(page.body.contains("Approved."), "{}", page.body);
    minutes(&mut play, 2).await;
    assert_eq!(play.world.minimums().len(), 1);
    // One that is under way cannot be declined any more.
    assert_eq!(press(&mut play, &id, &Grant::Decline("scale".to_owned()), "bob").await.status, 409);
}

#[tokio::test]
async fn a_remediation_is_not_done_when_it_is_declined() {
    let (mut play, id) = with_remediation().await;
    let page = press(&mut play, &id, &Grant::Decline("scale".to_owned()), "ann").await;
    assert!(page.body.contains("Declined."), "{}", page.body);
    minutes(&mut play, 30).await;
    assert_eq!(play.world.minimums(), []);
    assert_eq!(press(&mut play, &id, &Grant::Approve("scale".to_owned()), "bob").await.status, 409);
    assert_eq!(press(&mut play, &id, &Grant::Approve("other".to_owned()), "bob").await.status, 409);
}

#[tokio::test]
async fn a_token_that_is_not_good_for_it_changes_nothing() {
    let (mut play, id) = paged().await;
    let other: IncidentId = "0K3-M9Q-F7T".parse().unwrap();
    let now = play.now;
    let good = token(&id, &Grant::Resolve, "ann", now);
    let strange = LinkKey::new(&[8; 32]).unwrap();
    let cases = [
        ("expired", key().sign(&id, &Grant::Resolve, "ann", now)),
        ("forged", strange.sign(&id, &Grant::Resolve, "ann", FORM_LINK.after(now))),
        ("of another incident", token(&other, &Grant::Resolve, "ann", now)),
        ("for another action", token(&id, &Grant::Acknowledge, "ann", now)),
        ("with another name", good.replace("ann", "bob")),
        ("that lasts longer", good.replacen('.', ".7", 1)),
        ("cut", good[..good.len() - 1].to_owned()),
        ("empty", String::new()),
    ];
    let rows = play.world.rows().await;
    for (what, token) in cases {
        let page = post(&mut play, &id, &format!("do=resolve&k={token}")).await;
        assert_eq!(page.status, 403, "a token {what}");
        assert!(page.body.contains("open the newest message"), "{}", page.body);
        assert_eq!(get(&mut play, &id, &token).await.status, 403, "a token {what}");
    }
    assert_eq!(play.world.rows().await, rows);
    assert_eq!(incident(&play, &id).await.status, Status::Triggered);
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_answered_in_words() {
    let (mut play, id) = paged().await;
    let resolve = token(&id, &Grant::Resolve, "ann", play.now);
    let place = path(&id);
    let long = format!("do=resolve&k={resolve}&x={}", "x".repeat(10_000));
    let rows = play.world.rows().await;
    let cases = [
        ("POST", place.as_str(), String::new(), 400),
        ("POST", &place, format!("k={resolve}"), 400),
        ("POST", &place, "do=resolve".to_owned(), 400),
        ("POST", &place, format!("do=approve&k={resolve}"), 400),
        ("POST", &place, format!("do=delete&k={resolve}"), 400),
        ("POST", &place, "%ff%fe=%00".to_owned(), 400),
        ("POST", &place, long, 400),
        ("PUT", &place, format!("do=resolve&k={resolve}"), 405),
        ("DELETE", &place, String::new(), 405),
        ("GET", "/i/", String::new(), 404),
        ("GET", "/i/not-an-incident", String::new(), 404),
        ("GET", "/../etc/passwd", String::new(), 404),
        ("GET", "/", String::new(), 200),
    ];
    for (method, path, form, status) in cases {
        let page = ask(&mut play, method, path, "", Some(&form)).await;
        assert_eq!(page.status, status, "{method} {path} {form:.80}");
        assert!(page.body.contains("link") || status == 405, "{}", page.body);
    }
    assert_eq!(play.world.rows().await, rows);
    let failure = play.ask_console(&json!({"Records": []})).await.unwrap_err();
    assert_eq!(failure.kind, "Watchkeeper.BadRequest");
}

#[tokio::test]
async fn a_form_in_base64_is_read_as_well() {
    let (mut play, id) = paged().await;
    let form = format!("do=acknowledge&k={}", token(&id, &Grant::Acknowledge, "ann", play.now));
    let mut request = json!({
        "rawPath": path(&id),
        "requestContext": {"http": {"method": "post"}},
        "body": STANDARD.encode(form),
        "isBase64Encoded": true,
    });
    assert_eq!(send(&mut play, &request).await.status, 200);
    assert!(matches!(incident(&play, &id).await.status, Status::Acknowledged { .. }));
    for body in ["%%%", "/////w==", ""] {
        request["body"] = json!(body);
        assert_eq!(send(&mut play, &request).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn what_others_wrote_is_text_on_the_page_and_no_markup() {
    let hostile = "<img src=x onerror=alert(1)>'\"&\u{1b}[31m\u{202e}";
    let names = [hostile.to_owned(), format!("{hostile}{}", "<b>".repeat(40_000))];
    for name in names {
        let mut play = stage().await;
        let mut event: Value = serde_json::from_str(&alarm(&name, "ALARM", play.now, &[("team", hostile)], ("x", "y"))).unwrap();
        event["detail"]["state"]["reason"] = json!(name);
        event["detail"]["configuration"]["description"] = json!(name);
        play.deliver(&event.to_string()).await;
        minutes(&mut play, 1).await;
        let id = only_incident(&play);
        let show = token(&id, &Grant::Show, hostile, play.now);
        let page = get(&mut play, &id, &show).await;
        assert_eq!(page.status, 200);
        for bad in ["<img", "<b>", "onerror=alert(1)>'", "\u{1b}", "\u{202e}"] {
            assert!(!page.body.contains(bad), "{bad:?} in {:.2000}", page.body);
        }
        assert!(page.body.contains("&lt;img src=x onerror=alert(1)&gt;&#39;&quot;&amp;"), "{:.2000}", page.body);
        assert!(page.body.len() < 200_000, "{}", page.body.len());
    }
}

#[tokio::test]
async fn an_incident_that_is_over_has_no_buttons() {
    let (mut play, id) = paged().await;
    recovers(&mut play, "cpu").await;
    minutes(&mut play, 20).await;
    let show = key().sign(&id, &Grant::Show, "ann", Span::days(1).after(play.now));
    let page = get(&mut play, &id, &show).await;
    assert!(page.body.contains("Resolved") && !page.body.contains("<form"), "{}", page.body);
    assert!(timeline(&play, &id).await.iter().any(|entry| page.body.contains(&entry.text)));
}
