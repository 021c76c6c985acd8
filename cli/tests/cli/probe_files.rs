//! Check and export files of probes.

use std::path::Path;

use serde_json::json;

use crate::desk::{Desk, assert_fits, folder, keys, on_one_line};

/// A file with this content.
fn file(name: &str, content: &str) -> String {
    let path = folder().join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

/// A desk that AWS cannot be asked from.
async fn desk() -> Desk {
    let mut desk = Desk::bare().await;
    for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "WATCHKEEPER_TABLE"] {
        desk.set(name, None);
    }
    desk
}

const ORDER: &str = "\
secrets: {password: 'secretsmanager:prod/probe#password'}
flows:
  - id: create-order
    regions: {run: [eu-west-1, us-east-1, ap-northeast-1], quorum: 2}
    steps:
      - post: https://api.example.com/token
        json: {user: probe, password: '${secret.password}'}
        capture: {token: {json: $.access_token, secret: true}}
        expect: [status == 200, time.ttfb < 300ms]
      - get: https://api.example.com/orders
        headers: {Authorization: 'Bearer ${token}'}
        expect: ['status in [200, 204]']
  - id: database
    steps: [{tcp: 'db.example.com:5432'}]
";

#[tokio::test]
async fn a_file_that_is_right_is_told_with_what_it_costs_beside_canaries() {
    let desk = desk().await;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/policy/probes.yaml").display().to_string();
    desk.run(&["probes", "check", &shipped]).await.ok();
    let file = file("probes.yaml", ORDER);
    let said = desk.run(&["probes", "check", &file]).await.ok();
    assert_fits(&said);
    let plain = on_one_line(&said);
    assert!(plain.contains(&format!("{file}: right (2 flows)")), "{said}");
    assert!(
        plain.contains("metrics: 10 series (success and duration of each flow and Region, and whether each flow is down)"),
        "{said}"
    );
    assert!(plain.contains("would be as many runs of CloudWatch Synthetics (175200), alone: "), "{said}");
    let answer = desk.run_json(&["probes", "check", &file]).await.json();
    assert_eq!(keys(&answer), ["dollars_a_month", "file", "ok", "problems", "version", "warnings"]);
    let dollars = &answer["dollars_a_month"];
    assert_eq!(
        (&answer["ok"], &dollars["runs"], &dollars["cloudwatch_synthetics"]),
        (&json!(true), &json!(175_200.0), &json!(210.24))
    );
    let parts: f64 = dollars["parts"].as_array().unwrap().iter().map(|part| part["dollars"].as_f64().unwrap()).sum();
    assert!((parts - dollars["total"].as_f64().unwrap()).abs() < 0.05, "{dollars}");
}

#[tokio::test]
async fn every_mistake_is_told_with_its_line() {
    let desk = desk().await;
    let content =
        "flows:\n  - id: api\n    evry: 1m\n    steps:\n      - get: https://api.example.com/\n        expect: [status = 200]\n";
    let file = file("probes.yaml", content);
    let said = desk.run(&["probes", "check", &file]).await;
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains(&format!("{file}:3:5: flows[0].evry: ")), "{}", said.out);
    assert!(said.out.contains("     3 |     evry: 1m\n       |     ^^^^\n"), "{}", said.out);
    assert!(said.err.starts_with(&format!("error: {file} has ")), "{}", said.err);
    let answer = desk.run_json(&["probes", "check", &file]).await;
    let answer: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    let problem = &answer["problems"][0];
    assert_eq!((&problem["line"], &problem["column"], &problem["text"]), (&json!(3), &json!(5), &json!("evry")));
    assert!(desk.run(&["probes", "check", "/no/such.yaml"]).await.error(2).contains("there is no file /no/such.yaml"));
}

#[tokio::test]
async fn a_warning_is_a_refusal_where_that_is_asked_for() {
    let desk = desk().await;
    let file = file("probes.yaml", &ORDER.replace("secretsmanager:prod/probe#password", "env:PASSWORD"));
    let said = desk.run(&["probes", "check", &file]).await.ok();
    assert!(on_one_line(&said).contains("right (2 flows), with 1 warning"), "{said}");
    assert!(said.contains("secrets.password"), "{said}");
    let said = desk.run_json(&["probes", "check", &file, "--deny-warnings"]).await;
    assert_eq!(said.code, 1, "{}", said.out);
    let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&answer["ok"], &answer["warnings"][0]["id"]), (&json!(false), &json!("by-hand-only")));
}

#[tokio::test]
async fn the_schema_takes_what_the_check_takes() {
    let desk = desk().await;
    let schema = desk.run(&["probes", "schema"]).await.json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(schema["properties"]["flows"].is_object() && schema["additionalProperties"] == json!(false), "{schema}");
}

/// The flow in hurl's words.
const HURL: &str = "\
# create-order, of `watchkeeper probes export --hurl`. To run it:
#   hurl --test --secret password=… create-order.hurl

# Step 1: POST https://api.example.com/token
POST https://api.example.com/token
[Options]
max-time: 10000ms
compressed: true
location: true
max-redirs: 10
{
  \"password\": \"{{password}}\",
  \"user\": \"probe\"
}
HTTP 200
[Captures]
token: jsonpath \"$.access_token\" redact
[Asserts]
# Not for hurl: time.ttfb < 300ms

# Step 2: GET https://api.example.com/orders
GET https://api.example.com/orders
Authorization: Bearer {{token}}
[Options]
max-time: 10000ms
compressed: true
location: true
max-redirs: 10
HTTP *
[Asserts]
# Not for hurl: status in [200, 204]
";

#[tokio::test]
async fn flows_are_written_for_hurl_and_what_it_cannot_say_is_told() {
    let desk = desk().await;
    let file = file("probes.yaml", ORDER);
    let words = ["probes", "export", "--hurl", "--file", &file];
    let said = desk.run(&words).await;
    assert_eq!((said.code, said.out.as_str()), (0, HURL), "{}", said.err);
    for wanted in [
        "note: hurl cannot say this of create-order step 1: time.ttfb < 300ms",
        "note: hurl cannot say this of create-order step 2: status in [200, 204]",
        "note: hurl cannot say this of database: all of it; no step is a request over HTTP",
    ] {
        assert!(on_one_line(&said.err).contains(wanted), "{wanted}: {}", said.err);
    }
    let folder = folder().join("hurl-files");
    let out = folder.display().to_string();
    let said = desk.run(&[&words[..], &["--out", &out]].concat()).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(std::fs::read_to_string(folder.join("create-order.hurl")).unwrap(), HURL);
    let answer = desk.run_json(&words).await;
    let answer: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!((&answer["files"][0]["text"], answer["left_out"].as_array().map(Vec::len)), (&json!(HURL), Some(3)));
    let none = desk.run(&[&words[..], &["--flow", "database"]].concat()).await;
    assert!(none.code == 1 && none.out.is_empty() && none.err.contains("no flow has a request over HTTP"), "{}", none.err);
    // Where hurl is installed it reads the file, too.
    if let Ok(read) = std::process::Command::new("hurlfmt").args(["--out", "json"]).arg(folder.join("create-order.hurl")).output()
    {
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    }
}
