//! Questions about a policy, a line each.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::desk::{folder, keys};

/// A policy with something to ask for each request.
fn orders() -> Value {
    json!({
        "services": [
            {"name": "api", "team": "web", "depends_on": ["db"]},
            {"name": "db", "team": "data"},
        ],
        "severities": {"critical": "P1"},
        "classify": [
            {"name": "db", "matchers": ["alertname=~\"db-.*\""], "set": {"priority": "P1", "service": "db", "layer": "infrastructure"}},
            {"name": "slow", "matchers": ["alertname=\"slow\""], "set": {"priority": "P3", "service": "api"}},
        ],
        "route": {"receiver": "all", "group_by": ["service", "alertname"], "group_wait": "500ms", "group_interval": "1m500ms", "repeat_interval": "4h", "routes": [
            {"matchers": ["log!=\"\""], "receiver": "log", "group_by": ["..."], "continue": true},
            {"matchers": ["team=web"], "receiver": "web", "group_wait": "30s", "mute_time_intervals": ["night"],
             "active_time_intervals": ["office"], "routes": [{"matchers": ["env=test"], "receiver": "log", "group_by": []}]},
            {"matchers": ["team=data"], "receiver": "data", "group_wait": "0s"},
            {"matchers": ["team=data"], "receiver": "never"},
        ]},
        "time_intervals": [
            {"name": "office", "time_intervals": [{"weekdays": ["monday:friday"], "times": [{"start_time": "09:00", "end_time": "17:00"}], "location": "Europe/Berlin"}]},
            {"name": "night", "time_intervals": [{"times": [{"start_time": "22:00", "end_time": "24:00"}]}]},
        ],
        "inhibit_rules": [
            {"name": "cause first", "source_matchers": ["kind=cause"], "target_matchers": ["kind=~\"symptom|cause\""], "equal": ["site"]},
        ],
        "receivers": [
            {"name": "all"}, {"name": "log"}, {"name": "web"}, {"name": "never"},
            {"name": "data", "escalation_policy": "climb", "sns_configs": [{"topic": "data", "class": "chat"}]},
        ],
        "users": [
            {"id": "ann", "contact_methods": [{"class": "page", "topic": "ann"}, {"class": "email", "topic": "ann-mail"}]},
            {"id": "bob", "contact_methods": [{"class": "page", "topic": "bob"}]},
        ],
        "schedules": [{"name": "rota", "time_zone": "Europe/Berlin", "schedule_layers": [
            {"name": "weekly", "start": "2026-01-05T09:00:00", "rotation": "weekly", "users": ["ann", "bob"]}]}],
        "escalation_policies": [{"name": "climb", "num_loops": 0, "escalation_rules": [
            {"escalation_delay_in_minutes": 30, "targets": [{"type": "schedule", "id": "rota"}]},
            {"escalation_delay_in_minutes": 30, "targets": [{"type": "user", "id": "bob"}]}]}],
    })
}

/// A file with these orders.
fn file(orders: &Value) -> PathBuf {
    let path = folder().join("policy.json");
    std::fs::write(&path, orders.to_string()).unwrap();
    path
}

/// The tool, ready to be asked about a policy.
fn tool(file: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_watchkeeper"))
        .args(["policy", "eval"])
        .arg(file)
        .env_clear()
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the tool answers to these bytes; it must end well.
fn ask_raw(file: &Path, input: Vec<u8>) -> Vec<Value> {
    let mut tool = tool(file);
    let mut stdin = tool.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = tool.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// What the tool answers to these requests, one for each.
fn ask(orders: &Value, requests: &[Value]) -> Vec<Value> {
    let input = requests.iter().fold(String::new(), |mut input, request| {
        let _ = writeln!(input, "{request}");
        input
    });
    let answers = ask_raw(&file(orders), input.into_bytes());
    assert_eq!(answers.len(), requests.len(), "every request has one answer");
    answers
}

#[test]
fn routes_are_told_in_order_with_all_that_they_inherit() {
    let of = |receiver: &str, by: &[&str], wait: Value| {
        json!({"receiver": receiver, "group_by": by, "group_by_all": false, "group_wait_seconds": wait,
               "group_interval_seconds": 60.5, "repeat_interval_seconds": 14400, "mute_time_intervals": [], "active_time_intervals": []})
    };
    let by = ["service", "alertname"];
    let mut log = of("log", &[], json!(0.5));
    log["group_by_all"] = json!(true);
    let mut web = of("web", &by, json!(30));
    web["mute_time_intervals"] = json!(["night"]);
    web["active_time_intervals"] = json!(["office"]);
    let rows = [
        (json!({}), vec![of("all", &by, json!(0.5))]),
        (json!({"team": "other", "priority": "P1"}), vec![of("all", &by, json!(0.5))]),
        (json!({"log": "x"}), vec![log.clone()]),
        (json!({"log": ""}), vec![of("all", &by, json!(0.5))]),
        (json!({"team": "web"}), vec![web.clone()]),
        (json!({"team": "web", "log": "y"}), vec![log.clone(), web]),
        // The mutes of a route are its own, and labels that are none are inherited.
        (json!({"team": "web", "env": "test", "log": "y"}), vec![log, of("log", &by, json!(30))]),
        (json!({"team": "data"}), vec![of("data", &by, json!(0))]),
        // What Watchkeeper would find out of an event is not found out here.
        (json!({"alertname": "db-down", "service": "db"}), vec![of("all", &by, json!(0.5))]),
        (json!({"team": " data"}), vec![of("all", &by, json!(0.5))]),
    ];
    let requests: Vec<Value> = rows.iter().map(|(labels, _)| json!({"route": {"labels": labels}})).collect();
    for ((labels, wanted), answer) in rows.iter().zip(ask(&orders(), &requests)) {
        assert_eq!(answer, json!({"route": wanted}), "{labels}");
    }
}

#[test]
fn a_time_interval_holds_or_does_not_by_the_clock_of_its_place() {
    let rows = [
        ("office", "2026-03-27T08:00:00Z", true),
        ("office", "2026-03-27T07:59:59Z", false),
        // On the Sunday clocks change; the Monday begins an hour earlier.
        ("office", "2026-03-30T07:00:00Z", true),
        ("office", "2026-03-30T15:00:00Z", false),
        ("office", "2026-03-30T16:59:59+02:00", true),
        ("office", "2026-03-29T10:00:00Z", false),
        ("night", "2026-03-29T22:00:00Z", true),
        ("night", "2026-03-29T21:59:59.999Z", false),
    ];
    let requests: Vec<Value> = rows.iter().map(|(name, at, _)| json!({"interval": {"name": name, "at": at}})).collect();
    for ((name, at, wanted), answer) in rows.iter().zip(ask(&orders(), &requests)) {
        assert_eq!(answer, json!({"contains": wanted}), "{name} at {at}");
    }
}

#[test]
fn what_fires_holds_back_what_it_causes_and_the_answer_says_why() {
    let rows = [
        (json!({"kind": "symptom", "site": "a"}), json!([{"kind": "cause", "site": "a"}]), true),
        (json!({"kind": "symptom", "site": "a"}), json!([{"kind": "cause", "site": "b"}]), false),
        (json!({"kind": "symptom", "site": "a"}), json!([{"kind": "cause", "site": "b"}, {"site": "a", "kind": "cause"}]), true),
        (json!({"kind": "symptom"}), json!([{"kind": "cause", "site": ""}]), true),
        (json!({"kind": "symptom"}), json!([]), false),
        (json!({"kind": "other"}), json!([{"kind": "cause"}]), false),
        (json!({"kind": "cause"}), json!([{"kind": "cause", "host": "x"}]), false),
    ];
    let requests: Vec<Value> =
        rows.iter().map(|(labels, firing, _)| json!({"inhibit": {"labels": labels, "firing": firing}})).collect();
    for ((labels, firing, wanted), answer) in rows.iter().zip(ask(&orders(), &requests)) {
        assert_eq!(keys(&answer), ["because", "inhibited"]);
        assert_eq!(answer["inhibited"], *wanted, "{labels} with {firing}: {answer}");
        let because = answer["because"].as_array().unwrap();
        assert_eq!(because.is_empty(), !wanted, "{answer}");
        assert!(because.iter().all(|because| because.as_str().unwrap().contains("cause first")), "{answer}");
    }
}

#[test]
fn an_event_is_classified_in_whatever_envelope_it_comes() {
    let alarm = json!({"AlarmName": "db-full", "NewStateValue": "ALARM", "StateChangeTime": "2026-06-01T10:00:00.000+0000",
                       "Region": "EU (Ireland)", "AWSAccountId": "111122223333", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:db-full"});
    let wrapped = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Type": "Notification", "Message": alarm.to_string()}}]});
    let at = "2026-06-01T10:01:00Z";
    let answers = ask(
        &orders(),
        &[
            json!({"classify": {"event": alarm, "at": at}}),
            json!({"classify": {"event": wrapped}}),
            json!({"classify": {"event": {"alerts": [
                {"status": "firing", "labels": {"alertname": "x", "severity": "critical"}, "startsAt": "2026-06-01T10:00:00Z", "fingerprint": "1"},
                {"status": "resolved", "labels": {"alertname": "slow"}, "startsAt": "2026-06-01T09:00:00Z", "endsAt": "2026-06-01T10:00:30Z", "fingerprint": "2"}]}}}),
        ],
    );
    let first = &answers[0]["alerts"][0];
    assert_eq!(keys(first), ["because", "fingerprint", "labels", "layer", "priority", "service", "state", "state_at", "team"]);
    for (name, wanted) in [
        ("state", json!("ALARM")),
        ("state_at", json!("2026-06-01T10:00:00Z")),
        ("priority", json!("P1")),
        ("team", json!("data")),
        ("service", json!("db")),
        ("layer", json!("infrastructure")),
    ] {
        assert_eq!(first[name], wanted, "{name}");
    }
    assert_eq!(first["labels"]["priority"], "P1", "the labels are those that were found out");
    assert!(first["because"][0].as_str().unwrap().starts_with("rule `db` sets P1"), "{first}");
    assert_eq!(answers[1], answers[0], "the envelope changes nothing");
    let of = |n: usize, name: &str| answers[2]["alerts"][n][name].clone();
    assert_eq!([of(0, "priority"), of(0, "service"), of(0, "state")], [json!("P1"), Value::Null, json!("ALARM")]);
    assert_eq!([of(1, "priority"), of(1, "team"), of(1, "state")], [json!("P3"), json!("web"), json!("OK")]);
}

#[test]
fn what_cannot_be_read_is_an_alert_and_never_an_error() {
    let at = "2026-06-01T10:00:00+02:00";
    let mut events: Vec<String> =
        [json!(null), json!(true), json!(17), json!("text"), json!([]), json!([[1]]), json!({}), json!({"Records": []})]
            .iter()
            .map(Value::to_string)
            .collect();
    events.extend(["1e999", "\"\\ud800\"", "{\"a\":1,\"a\":2}"].map(str::to_owned));
    events.push(format!("{}{}", "[".repeat(50_000), "]".repeat(50_000)));
    events.push(format!("{:?}", "x".repeat(3_000_000)));
    let input = events.iter().fold(String::new(), |mut input, event| {
        let _ = writeln!(input, "{{\"classify\":{{\"event\":{event},\"at\":\"{at}\"}}}}");
        input
    });
    let answers = ask_raw(&file(&orders()), input.into_bytes());
    assert_eq!(answers.len(), events.len());
    for (event, answer) in events.iter().zip(answers) {
        let alerts = answer["alerts"].as_array().unwrap_or_else(|| panic!("{answer}"));
        let event: String = event.chars().take(40).collect();
        assert_eq!(alerts.len(), 1, "{event}");
        assert_eq!((&alerts[0]["priority"], &alerts[0]["state_at"]), (&json!("P2"), &json!("2026-06-01T08:00:00Z")), "{event}");
        assert!(alerts[0]["because"][0].as_str().unwrap().contains("could not be read"), "{event}: {answer}");
    }
}

/// All files under `folder`.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            files(&entry.path(), found);
        } else if entry.path().extension().is_some_and(|extension| extension == "json") {
            found.push(entry.path());
        }
    }
}

#[test]
fn every_event_that_is_known_has_an_answer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut events = Vec::new();
    files(&root.join("events"), &mut events);
    assert!(events.len() > 100, "{}", events.len());
    let mut input = Vec::new();
    let mut asked = Vec::new();
    for path in &events {
        let raw = std::fs::read(path).unwrap();
        // What is not even JSON cannot stand in a line of JSON.
        if serde_json::from_slice::<Box<serde_json::value::RawValue>>(&raw).is_err() {
            continue;
        }
        input.extend_from_slice(b"{\"classify\":{\"at\":\"2026-11-21T03:00:00Z\",\"event\":");
        // No text of JSON has the end of a line in it.
        input.extend(raw.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
        input.extend_from_slice(b"}}\n");
        asked.push(path);
    }
    let answers = ask_raw(&root.join("infra/policy/policy.yaml"), input);
    assert_eq!(answers.len(), asked.len());
    for (path, answer) in asked.iter().zip(answers) {
        let alerts = answer["alerts"].as_array().unwrap_or_else(|| panic!("{}: {answer}", path.display()));
        assert!(!alerts.is_empty(), "{}", path.display());
        for alert in alerts {
            assert!(["P1", "P2", "P3", "P4"].contains(&alert["priority"].as_str().unwrap()), "{}", path.display());
            assert!(!alert["because"].as_array().unwrap().is_empty(), "{}", path.display());
        }
    }
}

#[test]
fn who_is_on_call_is_told_with_the_end_of_the_turn() {
    let rows = [
        ("2026-01-05T07:59:59Z", vec![]),
        ("2026-01-05T08:00:00Z", vec!["ann"]),
        ("2026-01-12T09:00:00+01:00", vec!["bob"]),
        // Clocks change within the turn: it ends at nine all the same.
        ("2026-03-28T00:00:00Z", vec!["bob"]),
    ];
    let requests: Vec<Value> = rows.iter().map(|(at, _)| json!({"oncall": {"schedule": "rota", "at": at}})).collect();
    let answers = ask(&orders(), &requests);
    for ((at, users), answer) in rows.iter().zip(&answers) {
        assert_eq!(keys(answer), ["until", "users"]);
        assert_eq!(answer["users"], json!(users), "{at}");
    }
    assert_eq!(answers[0]["until"], "2026-01-05T08:00:00Z", "until then there is nobody");
    assert_eq!(answers[1]["until"], "2026-01-12T08:00:00Z");
    assert_eq!(answers[3]["until"], "2026-03-30T07:00:00Z");
}

#[test]
fn a_timeline_says_who_is_told_when_by_what_and_why() {
    let at = "2026-06-01T10:00:00Z";
    let answers = ask(
        &orders(),
        &[
            json!({"timeline": {"labels": {"alertname": "db-down"}, "at": at}}),
            json!({"timeline": {"labels": {}, "at": "2026-06-01T12:00:00+02:00"}}),
        ],
    );
    let all = answers[0]["notifications"].as_array().unwrap();
    assert_eq!(keys(&all[0]), ["at", "because", "receiver", "targets"]);
    let told: Vec<String> = all
        .iter()
        .map(|one| {
            let targets: Vec<&str> = one["targets"].as_array().unwrap().iter().map(|target| target.as_str().unwrap()).collect();
            assert!(!one["because"].as_array().unwrap().is_empty());
            format!("{} {}: {}", one["at"].as_str().unwrap(), one["receiver"].as_str().unwrap(), targets.join(", "))
        })
        .collect();
    assert_eq!(
        told[..6],
        [
            "2026-06-01T10:00:00Z data: topic data",
            "2026-06-01T10:00:00Z bob: topic bob",
            "2026-06-01T10:30:00Z bob: topic bob",
            "2026-06-01T11:00:00Z failsafe: the failsafe topic",
            "2026-06-01T14:00:00Z data: topic data",
            "2026-06-01T15:00:00Z bob: topic bob",
        ]
    );
    assert!(told.iter().all(|line| line.as_str() <= "2026-06-02T10:00:00Z~"), "a day is looked ahead: {told:?}");
    assert_eq!(keys(&answers[1]), ["notifications"], "an alert without a name is one as well");
}

#[test]
fn what_is_no_request_is_told_with_one_that_is_and_the_next_is_read() {
    let rows: [(&[u8], &str); 26] = [
        (b"", "the line is empty"),
        (b"  \r", "the line is empty"),
        (b"nonsense", "not JSON"),
        (b"{\"route\":", "not JSON"),
        (b"{\"route\":{\"labels\":{}}} {}", "not JSON"),
        (b"[]", "a request is an object"),
        (b"\"route\"", "a request is an object"),
        (b"null", "a request is an object"),
        (b"{}", "the object is empty"),
        (b"{\"rout\":{\"labels\":{}}}", "did you mean `route`?"),
        (b"{\"zzz\":{}}", "there are classify, inhibit, interval, oncall, route, timeline"),
        (b"{\"route\":{\"labels\":{}},\"oncall\":{}}", "`route` and `oncall`"),
        (b"{\"route\":{\"labels\":{}},\"route\":{\"labels\":{}}}", "more than one request"),
        (b"{\"route\":{}}", "missing field `labels`"),
        (b"{\"route\":null}", "expected an object"),
        (b"{\"route\":[{}]}", "stands in an object"),
        (b"{\"route\":{\"label\":{}}}", "unknown field `label`, expected `labels`"),
        (b"{\"route\":{\"labels\":[]}}", "sequence, expected an object"),
        (b"{\"route\":{\"labels\":{\"a\":1}}}", "integer `1`, expected a string (column"),
        (b"{\"route\":{\"labels\":{\"a\":\"\xff\"}}}", "not UTF-8 from byte 26 on"),
        (b"{\"interval\":{\"name\":\"ofice\",\"at\":\"2026-06-01T10:00:00Z\"}}", "did you mean `office`?"),
        (
            b"{\"interval\":{\"name\":\"office\",\"at\":\"2026-06-01T10:00:00\"}}",
            "`2026-06-01T10:00:00` is not a moment with its zone",
        ),
        (b"{\"interval\":{\"name\":\"office\",\"at\":1780000000}}", "expected a string"),
        (b"{\"oncall\":{\"schedule\":\"night\",\"at\":\"2026-06-01T10:00:00Z\"}}", "there is only `rota`"),
        (b"{\"classify\":{\"event\":{}}}", "does not say when it happened"),
        (b"{\"timeline\":{\"labels\":{},\"at\":\"9999-12-30T00:00:00Z\"}}", "before 9999-01-01T00:00:00Z"),
    ];
    let right = b"\n{\"route\":{\"labels\":{}}}\n";
    let input: Vec<u8> = rows.iter().flat_map(|(line, _)| [line, &right[..]].concat()).collect();
    let answers = ask_raw(&file(&orders()), input);
    assert_eq!(answers.len(), 2 * rows.len());
    for ((line, wanted), pair) in rows.iter().zip(answers.chunks(2)) {
        let line = String::from_utf8_lossy(line);
        assert_eq!(keys(&pair[0]), ["error"], "{line}: {}", pair[0]);
        assert!(pair[0]["error"].as_str().unwrap().contains(wanted), "{line}: {}", pair[0]);
        assert_eq!(pair[1]["route"][0]["receiver"], "all", "after {line}");
    }
    let long = [vec![b' '; 5 * 1024 * 1024], right.to_vec(), vec![b'['; 100_000]].concat();
    let answers = ask_raw(&file(&orders()), long);
    assert!(answers[0]["error"].as_str().unwrap().contains("at most 4194304"), "{}", answers[0]);
    assert_eq!(answers[1]["route"][0]["receiver"], "all");
    assert!(answers[2]["error"].as_str().unwrap().contains("not JSON"), "{}", answers[2]);
}

#[test]
fn whoever_asks_one_thing_after_another_gets_each_answer_at_once() {
    let mut tool = tool(&file(&orders()));
    let (mut stdin, mut stdout) = (tool.stdin.take().unwrap(), BufReader::new(tool.stdout.take().unwrap()));
    for team in ["web", "data"] {
        writeln!(stdin, "{}", json!({"route": {"labels": {"team": team}}})).unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        assert!(answer.contains(&format!("\"receiver\":\"{team}\"")), "{answer}");
    }
    // Whoever has had enough may go.
    drop(stdout);
    for _ in 0..100 {
        if stdin.write_all(b"{\"route\":{\"labels\":{}}}\n").is_err() {
            break;
        }
    }
    drop(stdin);
    let output = tool.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_policy_with_mistakes_answers_nothing() {
    let mut orders = orders();
    orders["route"]["receiver"] = json!("al");
    let mut child = tool(&file(&orders));
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("policy.json:1:") && said.contains("did you mean `all`?"), "{said}");
    let mut child = tool(Path::new("nowhere.yaml"));
    drop(child.stdin.take());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(2));
}
