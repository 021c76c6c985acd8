use serde_json::{Value, json};

use super::*;
use crate::policy::Class;
use crate::priority::Priority;

fn policy(change: impl FnOnce(&mut Value)) -> Arc<Policy> {
    let mut content = json!({
        "classify": [
            {"name": "loud", "matchers": ["alertname=~\"loud.*\""], "set": {"priority": "P1", "team": "web"}},
            {"name": "by metric", "matchers": ["QueueName=\"orders\""], "set": {"priority": "P1", "team": "shop"}},
            {"name": "all", "set": {"priority": "P2"}},
        ],
        "route": {"receiver": "desk", "group_by": ["alertname"], "group_wait": "0s"},
        "maintenance_windows": [{"name": "move", "matchers": ["alertname=\"moved\""], "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}],
        "priorities": {"P2": {"channels": ["chat"], "escalate": false, "wait_for_remediation": false}},
        "receivers": [{"name": "desk", "escalation_policy": "climb", "sns_configs": [{"topic": "desk", "class": "chat"}]}],
        "users": [
            {"id": "ann", "contact_methods": [{"class": "page", "topic": "ann"}, {"class": "page", "topic": "ann-too"}]},
            {"id": "ben", "contact_methods": [{"class": "page", "topic": "ben"}]},
        ],
        "schedules": [{"name": "rota", "time_zone": "Asia/Tokyo", "schedule_layers": [
            {"name": "always", "start": "2026-01-05T00:00:00", "rotation": "weekly", "users": ["ann"]}]}],
        "escalation_policies": [{"name": "climb", "escalation_rules": [
            {"escalation_delay_in_minutes": 30, "targets": [{"type": "schedule", "id": "rota"}]},
            {"escalation_delay_in_minutes": 30, "targets": [{"type": "user", "id": "ben"}]}]}],
    });
    change(&mut content);
    Arc::new(Policy::check(&content).unwrap_or_else(|problems| panic!("{problems}")))
}

fn item(name: &str, at: &str, state: &str) -> Value {
    json!({
        "AlarmName": name, "AlarmType": "MetricAlarm", "Timestamp": at, "HistoryItemType": "StateUpdate",
        "HistorySummary": format!("Alarm updated from OK to {state}"),
        "HistoryData": json!({"version": "1.0", "newState": {"stateValue": state, "stateReason": "Threshold Crossed"}}).to_string(),
    })
}

fn history(items: &[Value]) -> AlarmHistory {
    AlarmHistory::read(&json!({"AlarmHistoryItems": items}).to_string())
}

fn assumed() -> Assumed {
    Assumed { acknowledge_after: None, zone: TimeZone::UTC, nights_in_zone: false, keeps_pages: true }
}

fn played(policy: &Arc<Policy>, history: &AlarmHistory, assumed: &Assumed) -> Tally {
    play(policy, history, &Catalogue::new(), assumed, &mut |_| {})
}

fn pages(tally: &Tally) -> String {
    let pages: Vec<String> = tally.pages.iter().map(|page| format!("{} {} {}", page.at, page.who, page.what)).collect();
    pages.join("; ")
}

#[test]
fn every_way_of_keeping_a_history_is_read() {
    let (new, old) = (item("b", "2026-06-01T09:05:00+09:00", "OK"), item("a", "2026-06-01T00:00:00.123Z", "ALARM"));
    let page = |items: &[&Value]| json!({"AlarmHistoryItems": items, "NextToken": "x"});
    let summary_only = json!({
        "AlarmName": "a", "Timestamp": 1_780_272_000, "HistoryItemType": "StateUpdate",
        "HistorySummary": "Alarm updated from OK to ALARM",
    });
    for (text, wanted) in [
        (page(&[&new, &old]).to_string(), "a ALARM, b OK; 0 0"),
        (format!("{:#}", page(&[&new, &old])), "a ALARM, b OK; 0 0"),
        (format!("{}{}", page(&[&new]), page(&[&old])), "a ALARM, b OK; 0 0"),
        (format!("{new}\n{old}\n"), "a ALARM, b OK; 0 0"),
        (json!([new, old]).to_string(), "a ALARM, b OK; 0 0"),
        (format!("\u{feff}{}", page(&[&summary_only])), "a ALARM; 0 0"),
        (format!("{new}\n{{\"AlarmName\": \n{old}\n"), "a ALARM, b OK; 0 1"),
        (page(&[&json!({"AlarmName": "a", "HistoryItemType": "Action"}), &old]).to_string(), "a ALARM; 1 0"),
        (
            page(&[&json!(7), &json!({}), &item("a", "soon", "OK"), &item("a", "2026-06-01T00:00:00Z", "?"), &old]).to_string(),
            "a ALARM; 0 4",
        ),
        (String::new(), "; 0 0"),
        ("not JSON\nat all".to_owned(), "; 0 1"),
    ] {
        let history = AlarmHistory::read(&text);
        let changes: Vec<String> =
            history.changes().iter().map(|change| format!("{} {}", history.names[change.alarm], change.state)).collect();
        let told = format!("{}; {} {}", changes.join(", "), history.n_other, history.n_unreadable);
        assert_eq!(told, wanted, "{text}: {:?}", history.unreadable);
        assert_eq!(history.unreadable.is_empty(), history.n_unreadable == 0);
    }
}

#[test]
fn pages_are_counted_by_whom_when_and_for_whose_team() {
    let items = [
        item("loud", "2026-06-01T14:10:00Z", "ALARM"),
        item("loud", "2026-06-01T14:30:00Z", "OK"),
        item("quiet", "2026-06-02T14:30:00Z", "ALARM"),
        item("quiet", "2026-06-02T14:40:00Z", "INSUFFICIENT_DATA"),
        item("quiet", "2026-06-02T14:30:00Z", "ALARM"),
        item("moved", "2026-06-02T15:30:00Z", "ALARM"),
    ];
    let tally = played(&policy(|_| {}), &history(&items), &assumed());
    // By two ways at once it is one page.
    assert_eq!(pages(&tally), "2026-06-01T14:10:00Z ann loud");
    assert_eq!((tally.n_pages, tally.hours[0][14], tally.by_team["web"], tally.by_priority[&Priority::P1]), (1, 1, 1, 1));
    assert_eq!(tally.by_class[&Class::Page], 4, "the end is told as well, by each way");
    // It is ten past eleven at night in Tokyo.
    assert_eq!((tally.n_nights(), tally.by_who["ann"].nights.first().unwrap().to_string()), (1, "2026-06-01".to_owned()));
    let in_zone = Assumed { nights_in_zone: true, ..assumed() };
    assert_eq!(played(&policy(|_| {}), &history(&items), &in_zone).n_nights(), 0);
    assert_eq!((tally.n("opens"), tally.n("recovers"), tally.n("missing-data"), tally.n("duplicate")), (3, 1, 1, 1));
    assert_eq!(tally.held, BTreeMap::from([("maintenance window `move`".to_owned(), 1)]));
}

#[test]
fn labels_come_from_the_alarms_definitions() {
    let definition = json!({"MetricAlarms": [{
        "AlarmName": "depth", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:depth", "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage", "Dimensions": [{"Name": "QueueName", "Value": "orders"}]}]});
    let history = history(&[item("depth", "2026-06-01T14:10:00Z", "ALARM")]);
    let catalogue = Catalogue::read(&definition.to_string()).unwrap();
    assert_eq!((catalogue.n_unknown(&history), Catalogue::new().n_unknown(&history)), (0, 1));
    let with = play(&policy(|_| {}), &history, &catalogue, &assumed(), &mut |_| {});
    assert_eq!((with.n("opens"), with.by_team.get("shop")), (1, Some(&2)));
    assert_eq!(played(&policy(|_| {}), &history, &assumed()).n_pages, 0);
    assert!(Catalogue::read("{}").unwrap_err().contains("neither `MetricAlarms`"));
    assert!(Catalogue::read("{").unwrap_err().contains("not JSON"));
}

#[test]
fn nobody_answers_unless_it_is_assumed() {
    let items = [item("loud", "2026-06-01T14:10:00Z", "ALARM"), item("loud", "2026-06-01T16:00:00Z", "OK")];
    let nobody = played(&policy(|_| {}), &history(&items), &assumed());
    assert!(pages(&nobody).contains("2026-06-01T14:40:00Z ben loud"), "{}", pages(&nobody));
    for (minutes, n_pages) in [(5, 1), (29, 1), (31, 2)] {
        let somebody = Assumed { acknowledge_after: Some(Span::minutes(minutes)), ..assumed() };
        let tally = played(&policy(|_| {}), &history(&items), &somebody);
        assert_eq!(tally.n_pages, n_pages, "{minutes}: {}", pages(&tally));
    }
}

#[test]
fn two_policies_are_compared_page_by_page() {
    let items = [
        item("loud", "2026-06-01T14:10:00Z", "ALARM"),
        item("loud", "2026-06-01T14:35:00Z", "OK"),
        item("loud-too", "2026-06-02T14:10:00Z", "ALARM"),
        item("loud-too", "2026-06-02T14:35:00Z", "OK"),
    ];
    let tally = |change: fn(&mut Value)| played(&policy(change), &history(&items), &assumed());
    let first = tally(|_| {});
    let later = tally(|content| content["route"]["group_wait"] = json!("10m"));
    let silent = tally(|content| content["classify"][0]["matchers"] = json!(["alertname=\"loud\""]));
    let told = |one: &Tally, other: &Tally| {
        let found = compare(&one.pages, &other.pages);
        let moved: Vec<String> =
            found.moved.iter().map(|(page, at)| format!("{} by {}", page.what, Span::between(page.at, *at))).collect();
        format!(
            "{} same, {} only here, {} only there, moved: {}",
            found.n_same,
            found.only_first.len(),
            found.only_second.len(),
            moved.join(", ")
        )
    };
    assert_eq!(told(&first, &first), "2 same, 0 only here, 0 only there, moved: ");
    assert_eq!(told(&first, &later), "0 same, 0 only here, 0 only there, moved: loud by 10m, loud-too by 10m");
    assert_eq!(told(&first, &silent), "1 same, 1 only here, 0 only there, moved: ");
    assert_eq!(told(&silent, &first), "1 same, 0 only here, 1 only there, moved: ");
}

#[test]
fn a_rate_is_never_made_of_less_than_a_week() {
    let items = |days: i64| {
        let at = |seconds: i64| Timestamp::from_second(1_780_000_000 + seconds).unwrap().to_string();
        vec![item("loud", &at(0), "ALARM"), item("loud", &at(60), "OK"), item("quiet", &at(days * 86_400), "OK")]
    };
    let rate = |days| pages_per_week(&policy(|_| {}), &history(&items(days)), &Catalogue::new())["ann"];
    assert!((rate(1) - 1.0).abs() < 0.001, "{}", rate(1));
    assert!((rate(14) - 0.5).abs() < 0.01, "{}", rate(14));
    assert!(pages_per_week(&policy(|_| {}), &AlarmHistory::default(), &Catalogue::new())["ann"].abs() < 0.001);
}
