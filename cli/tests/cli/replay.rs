//! Play real alarm history through a policy.

use domain::span::Span;
use runtime::now;
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
async fn a_check_with_a_history_warns_of_who_is_paged_too_often_unless_the_file_allows_it() {
    let (desk, at) = desk().await;
    let known = "allow_warnings: [{warning: window-without-end, because: the move}";
    for (more, wanted) in [("]", vec!["too-many-pages"]), (", {warning: too-many-pages, because: a drill}]", vec![])] {
        let text = format!("{}{known}{more}\n", POLICY.replace("group_by: [alertname]", "group_by: []"));
        std::fs::write(format!("{at}/allows.yaml"), text).unwrap();
        let (policy, history) = (format!("{at}/allows.yaml"), format!("{at}/h.json"));
        let words = ["policy", "check", &policy, "--history", &history, "--max-pages-per-week", "0"];
        let said = desk.run_json(&words).await.json();
        let ids: Vec<&str> = said["warnings"].as_array().unwrap().iter().map(|warning| warning["id"].as_str().unwrap()).collect();
        assert_eq!(ids, wanted, "{said}");
    }
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
        (vec!["--days", "91"], 2, "write a whole number of days from 1 to 90"),
        (vec!["--days", "0"], 2, "invalid value '0' for '--days <N>': write a whole number of days"),
        (vec!["--days", "x"], 2, "invalid value 'x' for '--days <N>': write a whole number of days"),
        (vec!["--days", "-1"], 2, "invalid value '-1' for '--days <N>': write a whole number of days"),
        (vec!["--days", "1.5"], 2, "write a whole number of days"),
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

/// Where what an alarm watches is all that says whose it is.
const BY_DIMENSION: &str = r#"
services:
  - {name: shop, team: sales}
  - {name: search, team: finders}
  - {name: pay, team: money}
classify:
  - {name: queue, matchers: ['QueueName="orders"', 'alarm_type="metric"'], set: {priority: P1, service: shop}}
  - {name: math, matchers: ['Index="books"', 'alarm_type="metric-math"'], set: {priority: P1, service: search}}
  - {name: both, matchers: ['alarm_type="composite"'], set: {priority: P1, service: pay}}
  - {name: the rest, set: {priority: P3}}
route: {receiver: desk, group_by: [alertname], group_wait: 0s}
receivers:
  - {name: desk, escalation_policy: climb, sns_configs: [{topic: desk, class: chat}]}
users:
  - {id: ann, contact_methods: [{class: page, topic: ann}]}
escalation_policies:
  - name: climb
    escalation_rules:
      - {escalation_delay_in_minutes: 30, targets: [{type: user, id: ann}]}
"#;

/// How many alarms the region has that nobody is paged for: with the others they are
/// more than CloudWatch tells of on one page, as are the changes.
const N_QUIET: u64 = 100;

fn named(name: &str, mut definition: Value) -> Value {
    definition["AlarmName"] = json!(name);
    definition["AlarmArn"] = json!(format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"));
    definition
}

/// A region with a month of history, and a folder with the policy.
async fn live() -> (Desk, String) {
    let desk = Desk::bare().await;
    let world = &desk.world;
    let changes = |name: &str, alarm_type: &str, ago: Span| {
        world.add_history(name, alarm_type, ago.before(now()), "ALARM");
        world.add_history(name, alarm_type, Span::minutes(10).after(ago.before(now())), "OK");
    };
    let dimension = |name: &str, value: &str| json!([{"Name": name, "Value": value}]);
    for n in 0..N_QUIET {
        let name = format!("quiet-{n}");
        let dimensions = dimension("QueueName", "letters");
        world.define_alarm(named(&name, json!({"Namespace": "AWS/SQS", "MetricName": "Age", "Dimensions": dimensions})));
        changes(&name, "MetricAlarm", Span::hours(200 + n));
    }
    // Those that people are paged for stand on the last page.
    let queue = json!({"Namespace": "AWS/SQS", "MetricName": "Age", "Dimensions": dimension("QueueName", "orders")});
    let metric = json!({"Namespace": "AWS/ES", "MetricName": "5xx", "Dimensions": dimension("Index", "books")});
    let rate = json!([
        {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
        {"Id": "b", "Expression": "a / 60"},
    ]);
    world.define_alarm(named("depth", queue));
    world.define_alarm(named("rate", json!({"Metrics": rate})));
    world.define_alarm(named("both", json!({"AlarmRule": "ALARM(depth) AND ALARM(rate)"})));
    changes("depth", "MetricAlarm", Span::hours(30));
    changes("rate", "MetricAlarm", Span::hours(20));
    changes("both", "CompositeAlarm", Span::hours(10));
    changes("deleted", "MetricAlarm", Span::hours(5));
    changes("forgotten", "MetricAlarm", Span::days(40));
    let folder = folder();
    std::fs::write(folder.join("p.yaml"), BY_DIMENSION).unwrap();
    (desk, folder.display().to_string())
}

#[tokio::test]
async fn what_cloudwatch_knows_is_read_to_the_last_page_and_played() {
    let (desk, folder) = live().await;
    let policy = format!("{folder}/p.yaml");
    let said = desk.run(&["policy", "replay", &policy, "--days", "90"]).await.ok();
    assert_fits(&said.replace(&folder, "."));
    for wanted in [
        "Played: 208 changes of 104 alarms from",
        "Only the names of 1 alarm are known, so that no rule can match on their dimensions: they were deleted or renamed.",
        "CloudWatch keeps 30 days of history, not 90: nothing older was played.",
        "104 incidents opened",
        "By team: finders 1, money 1, sales 1",
        "By priority: P1 3",
    ] {
        assert!(on_one_line(&said).contains(wanted), "{wanted}:\n{said}");
    }
    assert!(!said.contains("Left out"), "only changes of state are asked for: {said}");
    let calls: Vec<String> = desk.world.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(calls, [&["DescribeAlarms"; 2][..], &["DescribeAlarmHistory"; 3]].concat());
    let value = desk.run_json(&["policy", "replay", &policy, "--days", "1"]).await.json();
    assert_eq!(value["pages"]["by_team"], json!({"finders": 1, "money": 1}), "what is older is left out");
    assert_eq!((&value["history"]["changes"], &value["notes"]), (&json!(6), &json!([])));
}

#[tokio::test]
async fn why_cloudwatch_gives_nothing_to_play_is_told() {
    let (desk, folder) = live().await;
    let policy = format!("{folder}/p.yaml");
    let words = ["policy", "replay", &policy, "--days", "90"];
    // The first text stands in calls for the history only, the second in both.
    for (text, permission) in [("StateUpdate", "cloudwatch:DescribeAlarmHistory"), ("AlarmTypes", "cloudwatch:DescribeAlarms")] {
        desk.world.refuse(Some(text));
        let said = desk.run(&words).await.error(3);
        assert!(said.starts_with(&format!("error: {permission} is not allowed: ")), "{said}");
        assert!(said.contains("ask for that permission, or use another --profile"), "{said}");
        assert_fits(&said);
    }
    let empty = Desk::bare().await;
    for (days, wanted) in [
        ("30", "CloudWatch in eu-west-1 knows of no alarm that changed its state in the last 30 days; is it another --region"),
        ("90", "changed its state in the last 90 days, of which it keeps 30; is it another --region or --profile?"),
    ] {
        let said = empty.run_json(&["policy", "replay", &policy, "--days", days]).await.json_error(1);
        assert!(said.contains(wanted), "{said}");
    }
}
