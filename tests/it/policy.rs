//! A bad policy never takes effect: not when it is applied, and not when its row
//! turns out unusable.

use crate::play::Play;
use serde_json::{Value, json};

use crate::stage::{TOPICS, change, fires, incident, messages, minutes, only_incident, orders, record, stage};

const BAD: &str = "\
route:
  receiver: team
  routes:
    - matchers: ['alertname=\"cpu\"']
      receiver: taem
receivers:
  - name: team
    escalation_policy: climb
";

/// Orders that differ from [`orders`] in what the version is made of.
fn other_orders() -> Value {
    let mut orders = orders();
    orders["route"]["group_interval"] = json!("7m");
    orders
}

fn installation(play: &Play, mut policy: Value, source: &str) -> String {
    policy["deployment"] = play.world.deployment(TOPICS);
    json!({"watchkeeper": {"install_policy": {"file": "policy.yaml", "source": source, "policy": policy}}}).to_string()
}

/// The version in force and the one before.
async fn in_force(play: &Play) -> (String, Option<String>) {
    let policy = play.store().control().await.unwrap().unwrap().value.policy.unwrap();
    (policy.version, policy.previous)
}

/// Makes the row of the policy in force unusable.
async fn corrupt(play: &Play, doc: &str) {
    let (version, _) = in_force(play).await;
    play.world.overwrite("POLICY", &version, doc).await;
}

fn told_failsafe(play: &Play) -> usize {
    messages(play).get("failsafe").copied().unwrap_or(0)
}

#[tokio::test]
async fn a_good_policy_is_in_force_at_once_and_again_is_no_change() {
    let mut play = stage().await;
    fires(&mut play, "before").await;
    let (first, _) = in_force(&play).await;
    let install = installation(&play, other_orders(), "");
    let answer = play.classify(&install).await.unwrap();
    assert_eq!(answer["changed"], true);
    assert_eq!(in_force(&play).await, (answer["version"].as_str().unwrap().to_owned(), Some(first)));
    let rows = play.world.rows().await;
    assert_eq!(play.classify(&install).await.unwrap()["changed"], false);
    assert_eq!(play.world.rows().await, rows);
    // The process had the first one loaded; the next alarm goes by the second.
    fires(&mut play, "after").await;
    let id = record(&play, "after").await.unwrap().incident.unwrap();
    assert_eq!(incident(&play, &id).await.settings.group_interval, domain::span::Span::minutes(7));
}

#[tokio::test]
async fn a_bad_policy_is_refused_with_file_line_and_reason() {
    let mut play = stage().await;
    let mut bad = orders();
    bad["route"]["routes"] = json!([{"matchers": ["alertname=\"cpu\""], "receiver": "taem"}]);
    let rows = play.world.rows().await;
    let install = installation(&play, bad, BAD);
    let failure = play.classify(&install).await.unwrap_err();
    assert_eq!(failure.kind, "Watchkeeper.PolicyRefused");
    let line = "policy.yaml:5:17: route.routes[0].receiver: there is no receiver `taem`; did you mean `team`?";
    assert!(failure.message.contains(line), "{}", failure.message);
    assert_eq!(play.world.rows().await, rows, "the table was changed");
    fires(&mut play, "cpu").await;
    minutes(&mut play, 1).await;
    assert_eq!(messages(&play).get("ann"), Some(&1));
}

#[tokio::test]
async fn a_policy_without_a_deployment_is_refused() {
    let mut play = stage().await;
    let payload = json!({"watchkeeper": {"install_policy": {"file": "policy.yaml", "source": "", "policy": orders()}}});
    let failure = play.classify(&payload.to_string()).await.unwrap_err();
    assert_eq!(failure.kind, "Watchkeeper.PolicyRefused");
}

#[tokio::test]
async fn an_unusable_row_leaves_the_last_good_policy_in_force_and_the_failsafe_told_once() {
    for doc in ["{", "null", "{}", "{\"route\": {\"receiver\": \"nobody\"}, \"receivers\": []}"] {
        let mut play = stage().await;
        fires(&mut play, "before").await;
        let install = installation(&play, other_orders(), "");
        play.classify(&install).await.unwrap();
        corrupt(&play, doc).await;
        assert_eq!(told_failsafe(&play), 0);
        // Eight alerts of one event are judged at the same time.
        let records: Vec<Value> =
            (0..8).map(|n| json!({"Sns": {"Message": change(&format!("after-{n}"), "ALARM", play.now)}})).collect();
        play.deliver(&json!({"Records": records}).to_string()).await;
        assert_eq!(told_failsafe(&play), 1, "{doc}");
        for n in 0..5 {
            fires(&mut play, &format!("later-{n}")).await;
        }
        assert_eq!(told_failsafe(&play), 1, "{doc}");
        minutes(&mut play, 1).await;
        let id = record(&play, "after-3").await.unwrap().incident.unwrap();
        assert_eq!(incident(&play, &id).await.settings.group_interval, domain::span::Span::minutes(5), "{doc}");
        assert_eq!(messages(&play).get("ann"), Some(&14), "{doc}");
    }
}

#[tokio::test]
async fn a_function_that_starts_with_an_unusable_row_goes_by_the_one_before_and_says_so() {
    let mut play = stage().await;
    let install = installation(&play, other_orders(), "");
    play.classify(&install).await.unwrap();
    corrupt(&play, "{}").await;
    play.restart_classifier().await;
    fires(&mut play, "cpu").await;
    fires(&mut play, "memory").await;
    assert_eq!(told_failsafe(&play), 1);
    let failsafe = play.world.published().into_iter().find(|published| published.topic.ends_with(":failsafe")).unwrap();
    assert!(failsafe.text.contains(&in_force(&play).await.0), "{}", failsafe.text);
    minutes(&mut play, 1).await;
    assert_eq!(messages(&play).get("ann"), Some(&2));
}

#[tokio::test]
async fn an_unusable_row_is_mended_by_applying_the_policy_again() {
    let mut play = stage().await;
    corrupt(&play, "{").await;
    let install = installation(&play, orders(), "");
    assert_eq!(play.classify(&install).await.unwrap()["changed"], true);
    play.restart_classifier().await;
    fires(&mut play, "cpu").await;
    minutes(&mut play, 1).await;
    assert_eq!(messages(&play), [("ann".to_owned(), 1), ("team".to_owned(), 1)].into());
}

#[tokio::test]
async fn without_any_policy_the_event_fails_by_name_and_is_kept() {
    let mut play = Play::bare(channels::Client::new()).await;
    let event = change("cpu", "ALARM", play.now);
    let failure = play.classify(&event).await.unwrap_err();
    assert_eq!(failure.kind, "Watchkeeper.NoPolicy");
    assert!(failure.message.contains("terraform apply"), "{}", failure.message);
    play.deliver(&event).await;
    minutes(&mut play, 10).await;
    // What was given up waits in the queue; brought in again, it is an incident.
    let given_up = std::mem::take(&mut play.undelivered);
    assert_eq!(given_up, [event]);
    play.install(orders(), TOPICS).await;
    play.deliver(&given_up[0]).await;
    minutes(&mut play, 1).await;
    assert_eq!(incident(&play, &only_incident(&play)).await.title, "cpu");
}
