//! Run the tests of a policy.

use serde_json::{Value, json};

use crate::desk::{Desk, assert_fits, folder, keys, on_one_line};

const POLICY: &str = r#"
classify:
  - {name: database, matchers: ['service="database"'], set: {priority: P1}}
  - {name: the rest, set: {priority: P2}}
route:
  receiver: desk
  group_by: [service]
  routes:
    - {matchers: ['priority="P1"'], receiver: call, group_wait: 0s}
priorities:
  P2: {channels: [chat], escalate: false}
receivers:
  - {name: desk, sns_configs: [{topic: desk, class: chat}]}
  - {name: call, escalation_policy: climb}
users:
  - id: ann
    contact_methods: [{class: page, topic: ann}, {class: email, topic: ann-mail}]
escalation_policies:
  - name: climb
    escalation_rules:
      - {escalation_delay_in_minutes: 30, targets: [{type: user, id: ann}]}
"#;

const GOOD: &str = r"
tests:
  - name: a busy processor is told in the chat after half a minute
    at: 2026-06-01T00:00:00Z
    steps:
      - alarm: {alertname: cpu, service: api}
      - wait: 10m
    expect:
      - {after: 30s, to: desk, kind: opened, class: chat}
    expect_alerts:
      - {alertname: cpu, priority: P2}
";

const BAD: &str = r"
tests:
  - name: a database <wakes> Ann & nobody else
    at: 2026-06-01T00:00:00Z
    steps:
      - alarm: {alertname: connections, service: database}
      - wait: 10m
      - acknowledge: ann
    expect:
      - {after: 0s, to: ann, kind: page}
      - {after: 5m, to: desk, kind: updated, because: it became worse and worse in ways that take a line to tell}
    expect_alerts:
      - {alertname: connections, priority: P3}
";

/// A desk that cannot ask AWS, and a folder with these files.
async fn desk(files: &[(&str, &str)]) -> (Desk, String) {
    let mut desk = Desk::bare().await;
    for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"] {
        desk.set(name, None);
    }
    let folder = folder();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    (desk, folder.display().to_string())
}

#[tokio::test]
async fn the_tests_in_the_policy_beside_it_and_named_are_run() {
    let own = format!("{POLICY}{}", GOOD.replace("a busy processor", "its own"));
    let beside = GOOD.replace("a busy", "beside, a busy");
    let named = GOOD.replace("a busy", "named, a busy");
    let (desk, folder) = desk(&[("p.yaml", &own), ("night_test.yaml", &beside), ("other.yaml", &named)]).await;
    let policy = format!("{folder}/p.yaml");
    let said = desk.run(&["policy", "test", &policy]).await.ok();
    assert!(said.contains("ok  its own") && said.contains("ok  beside, a busy"), "{said}");
    assert!(said.contains("All 2 tests passed."), "{said}");
    let coverage = "Tried: 1 of 2 rules, 1 of 2 routes; never tried:\n  rule database\n  route {priority=\"P1\"}";
    assert!(said.contains(coverage), "{said}");
    let other = format!("{folder}/other.yaml");
    let said = desk.run(&["policy", "test", &policy, &other, &format!("{folder}/night_test.yaml")]).await.ok();
    assert!(said.contains("named, a busy") && said.contains("All 3 tests passed."), "{said}");
    let said = desk.run(&["policy", "test", &policy, &other, "--only", "named,"]).await.ok();
    assert!(said.contains("The test passed.") && !said.contains("Tried"), "{said}");
    let said = desk.run(&["policy", "test", &policy, "--only", "nothing"]).await.error(2);
    assert!(on_one_line(&said).contains("no test's name holds `nothing`; there are: - beside, a busy"), "{said}");
    assert_eq!(desk.world.calls(), [], "nothing was asked of AWS");
}

#[tokio::test]
async fn a_test_that_fails_shows_what_was_expected_beside_what_was_seen() {
    let (desk, folder) = desk(&[("p.yaml", POLICY), ("bad_test.yaml", BAD)]).await;
    let (policy, junit) = (format!("{folder}/p.yaml"), format!("{folder}/out.xml"));
    let said = desk.run(&["policy", "test", &policy, "--junit", &junit]).await;
    assert_eq!((said.code, on_one_line(&said.err).as_str()), (1, "error: 1 of 1 test failed"), "{}", said.out);
    assert_fits(&said.out.replace(&folder, "."));
    for wanted in [
        "no  a database <wakes> Ann & nobody else\n",
        "bad_test.yaml:3\n",
        "! connections is P1, not P3: rule `database` sets P1\n",
        "      +0s        page          ann   page\n",
        "    - +5m        updated       desk\n          because it became worse",
        "    + +10m       acknowledged  ann   page\n          because ",
        "The test did not pass.",
    ] {
        assert!(said.out.contains(wanted), "{wanted}:\n{}", said.out);
    }
    let coloured = desk.run(&["policy", "test", &policy, "--color=always"]).await;
    assert!(coloured.out.contains("\u{1b}[31m") || coloured.out.contains("\u{1b}[1m\u{1b}[31m"), "{:?}", coloured.out);
    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(
        xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"policy\" tests=\"1\" failures=\"1\"")
    );
    assert!(xml.contains("name=\"a database &lt;wakes&gt; Ann &amp; nobody else\"") && xml.contains("line=\"3\""), "{xml}");
    assert!(xml.contains("<failure ") && xml.contains("- +5m ") && !xml.contains('\u{1b}'), "{xml}");
}

#[tokio::test]
async fn results_are_there_for_programs() {
    let (desk, folder) = desk(&[("p.yaml", POLICY), ("bad_test.yml", BAD), ("good_test.yaml", GOOD)]).await;
    let said = desk.run_json(&["policy", "test", &format!("{folder}/p.yaml")]).await;
    assert_eq!(said.code, 1);
    let value: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(keys(&value), ["coverage", "file", "passed", "tests"]);
    assert_eq!((&value["passed"], &value["coverage"]["rules"]), (&json!(false), &json!({"all": 2, "tried": 2})));
    let tests = value["tests"].as_array().unwrap();
    assert_eq!(tests.iter().map(|test| &test["passed"]).collect::<Vec<_>>(), [&json!(false), &json!(true)]);
    assert_eq!(keys(&tests[0]), ["alerts", "file", "line", "name", "notifications", "passed"]);
    let results: Vec<&str> =
        tests[0]["notifications"].as_array().unwrap().iter().map(|line| line["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["expected", "expected", "missing", "unexpected", "unexpected"]);
}

#[tokio::test]
async fn mistakes_in_a_file_of_tests_are_told_with_their_places() {
    for (text, wanted) in [
        (GOOD.replace("kind: opened", "kind: opend"), ":9:38: tests[0].expect[0].kind: `opend` is not what a notification says"),
        (GOOD.replace("- wait: 10m", "- wiat: 10m"), ":7:9: tests[0].steps[1]"),
        (GOOD.replace("at: 2026-06-01T00:00:00Z", "at: today"), ":4:9: tests[0].at: `today` is not a moment with its zone"),
        (GOOD.replace("tests:", "test:"), ":2:1: test: unknown field `test`: a file of tests has only `tests`"),
        ("a: b: c\n".to_owned(), ":1:5: this is not YAML"),
    ] {
        let (desk, folder) = desk(&[("p.yaml", POLICY), ("bad_test.yaml", &text)]).await;
        let file = format!("{folder}/bad_test.yaml");
        let said = desk.run(&["policy", "test", &format!("{folder}/p.yaml")]).await;
        assert_eq!(said.code, 1);
        assert!(said.out.starts_with(&format!("{file}:")) && said.out.contains(wanted), "{wanted}: {}", said.out);
        assert_eq!(on_one_line(&said.err), format!("error: {file} has 1 problem, so that no test was run"));
    }
    let (desk, folder) = desk(&[("p.yaml", "route: {receiver: nobody}\nreceivers: []\n")]).await;
    let said = desk.run_json(&["policy", "test", &format!("{folder}/p.yaml")]).await.json_error(1);
    assert!(said.contains("p.yaml has 1 problem") && said.contains("nobody"), "{said}");
    assert_eq!(desk.run_json(&["policy", "test", "/nowhere.yaml"]).await.json_error(2), "there is no file /nowhere.yaml");
}

#[tokio::test]
async fn that_there_are_no_tests_is_said() {
    let (desk, folder) = desk(&[("p.yaml", POLICY)]).await;
    let said = desk.run(&["policy", "test", &format!("{folder}/p.yaml")]).await.ok();
    assert!(on_one_line(&said).starts_with("There are no tests: "), "{said}");
}
