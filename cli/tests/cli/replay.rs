//! Play real alarm history through a policy.

use serde_json::{Value, json};

use crate::desk::{Desk, assert_fits, folder, keys, on_one_line};

const POLICY: &str = r#"
classify:
  - {name: orders, matchers: ['QueueName="orders"'], set: {priority: P1, team: shop}}
  - {name: loud, matchers: ['alertname=~"loud.*"'], set: {priority: P1, team: web}}
  - {name: the rest, set: {priority: P2}}
route: {receiver: desk, group_by: [alertname], group_wait: 0s}
maintenance_windows:
  - name: the move
    matchers: ['alertname="moved"']
    starts_at: 2026-01-01T00:00:00Z
    ends_at: 2027-01-01T00:00:00Z
priorities:
  P2: {channels: [chat], escalate: false}
receivers:
  - {name: desk, escalation_policy: climb, sns_configs: [{topic: desk, class: chat}]}
users:
  - {id: ann, contact_methods: [{class: page, topic: ann}]}
escalation_policies:
  - name: climb
    escalation_rules:
      - {escalation_delay_in_minutes: 30, targets: [{type: user, id: ann}]}
"#;

fn item(name: &str, at: &str, state: &str) -> Value {
    json!({
        "AlarmName": name, "AlarmType": "MetricAlarm", "Timestamp": at, "HistoryItemType": "StateUpdate",
        "HistorySummary": format!("Alarm updated from OK to {state}"),
        "HistoryData": json!({"version": "1.0", "newState": {"stateValue": state}}).to_string(),
    })
}

/// Newest first, with something that changes no state and something odd.
fn history() -> String {
    let items = [
        json!({"AlarmName": "loud", "HistoryItemType": "Action"}),
        json!({"AlarmName": "loud"}),
        item("moved", "2026-06-02T12:00:00Z", "ALARM"),
        item("depth", "2026-06-02T10:10:00Z", "OK"),
        item("depth", "2026-06-02T10:00:00Z", "ALARM"),
        item("loud", "2026-06-01T23:20:00Z", "OK"),
        item("loud", "2026-06-01T23:10:00+00:00", "ALARM"),
    ];
    json!({"AlarmHistoryItems": items}).to_string()
}

fn alarms() -> String {
    let depth = json!({"AlarmName": "depth", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:depth", "Namespace": "AWS/SQS",
        "MetricName": "Age", "Dimensions": [{"Name": "QueueName", "Value": "orders"}]});
    json!({"MetricAlarms": [depth, {"AlarmName": "loud"}, {"AlarmName": "moved"}], "CompositeAlarms": []}).to_string()
}

/// A desk that cannot ask AWS, and a folder with the files.
async fn desk() -> (Desk, String) {
    let mut desk = Desk::bare().await;
    for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"] {
        desk.set(name, None);
    }
    let folder = folder();
    let later = POLICY.replace("group_wait: 0s", "group_wait: 5m");
    for (name, text) in [("p.yaml", POLICY), ("later.yaml", &later), ("h.json", &history()), ("a.json", &alarms())] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    (desk, folder.display().to_string())
}

#[tokio::test]
async fn what_a_policy_would_have_done_is_told_on_a_page() {
    let (desk, folder) = desk().await;
    let at = |name: &str| format!("{folder}/{name}");
    let said = desk.run(&["policy", "replay", &at("p.yaml"), "--history", &at("h.json")]).await.ok();
    assert_fits(&said.replace(&folder, "."));
    for wanted in [
        "Played: 5 changes of 3 alarms from 2026-06-01 23:10 to 2026-06-02 12:00",
        "Assumed: nobody acknowledges; nothing is mended.",
        "Only the names of 3 alarms are known",
        "Left out: 1 item that change no state.",
        "Left out: 1 item that could not be read: an item has no `HistoryItemType`.",
        "1 page (1.0 a week), 1 night disturbed",
        "By team: web 1",
        "3 incidents opened",
        "1 maintenance window `the move`",
    ] {
        assert!(on_one_line(&said).contains(wanted), "{wanted}:\n{said}");
    }
    let words =
        ["policy", "replay", &at("p.yaml"), "--history", &at("h.json"), "--alarms", &at("a.json"), "--zone", "Asia/Tokyo"];
    let said = desk.run(&words).await.ok();
    assert!(on_one_line(&said).contains("2 pages (2.0 a week), 0 nights disturbed"), "{said}");
    assert!(
        said.contains("By team: shop 1, web 1") && said.contains("times in Asia/Tokyo") && !said.contains("Only the names"),
        "{said}"
    );
    assert_eq!(desk.world.calls(), [], "nothing was asked of AWS");
}

#[tokio::test]
async fn two_policies_are_compared_page_by_page() {
    let (desk, folder) = desk().await;
    let at = |name: &str| format!("{folder}/{name}");
    let words = ["policy", "replay", &at("p.yaml"), "--history", &at("h.json"), "--against", &at("later.yaml")];
    let said = desk.run(&words).await.ok();
    assert_fits(&said.replace(&folder, "."));
    let one_line = on_one_line(&said);
    let totals = "1 page here, 1 there: 0 the same, 0 only here (+), 0 only there (-), 1 at another time (~).";
    assert!(one_line.contains(totals) && one_line.contains("~ 2026-06-01 23:10 ann P1 loud (5 min earlier here)"), "{said}");
    let value = desk.run_json(&words).await.json();
    assert_eq!(keys(&value["against"]["moved"][0]), ["alarm", "at", "at_there", "priority", "to"]);
    assert_eq!((&value["pages"]["all"], &value["against"]["same"], &value["nights"]), (&json!(1), &json!(0), &json!(1)));
    assert_eq!((&value["history"]["changes"], &value["history"]["alarms_without_labels"]), (&json!(5), &json!(3)));
    let said = desk.run(&["policy", "replay", &at("p.yaml"), "--history", &at("h.json"), "--against", &at("p.yaml")]).await.ok();
    assert!(on_one_line(&said).contains("1 page here, 1 there: 1 the same"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_played_is_told() {
    let (desk, folder) = desk().await;
    let at = |name: &str| format!("{folder}/{name}");
    std::fs::write(at("empty.json"), "{\"AlarmHistoryItems\": []}").unwrap();
    let (policy, history) = (at("p.yaml"), at("h.json"));
    for (words, code, wanted) in [
        (vec![], 2, "--days <N>"),
        (vec!["--history", &history, "--days", "3"], 2, "cannot be used with"),
        (vec!["--days", "91"], 2, "91 is not in 1..=90"),
        (vec!["--history", "/nowhere.json"], 2, "there is no file /nowhere.json"),
        (vec!["--history", &history, "--zone", "Mars"], 2, "write for instance Europe/Berlin"),
        (vec!["--history", &history, "--acknowledge-after", "8d"], 2, "between 1s and 7d"),
        (vec!["--history", &history, "--alarms", &history], 1, "neither `MetricAlarms` nor `CompositeAlarms`"),
        (vec!["--history", &at("empty.json")], 1, "there is no change of state in"),
        (vec!["--history", &policy], 1, "items that cannot be read: "),
        (vec!["--days", "3"], 3, "no AWS region is set"),
    ] {
        let said = desk.run_json(&[&["policy", "replay", &policy][..], &words].concat()).await.json_error(code);
        assert!(said.contains(wanted), "{words:?}: {said}");
    }
}
