//! Run synthetic flows from here.

use serde_json::{Value, json};

use crate::desk::{Desk, Said, assert_fits, folder, keys, on_one_line};
use crate::har;
use crate::site::{Site, header, nobody};

/// Values that nobody may read: of the file, and captured.
const SECRETS: [&str; 3] = ["hunter2", "p1n-0f-pr0be", "t0ps3cret"];

/// A desk that AWS cannot be asked from, with the secrets of [`flows`].
async fn desk() -> Desk {
    let mut desk = Desk::bare().await;
    for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "WATCHKEEPER_TABLE"] {
        desk.set(name, None);
    }
    desk.set("PROBE_PASSWORD", Some("hunter2"));
    desk
}

/// A file of probes with this content, and the file in which one of its secrets is.
fn file(content: &str) -> String {
    let folder = folder();
    let pin = folder.join("pin");
    std::fs::write(&pin, "p1n-0f-pr0be\n").unwrap();
    let path = folder.join("probes.yaml");
    std::fs::write(&path, content.replace("PIN_FILE", pin.to_str().unwrap())).unwrap();
    path.display().to_string()
}

/// A flow of each kind, against a site.
async fn flows(site: &Site) -> String {
    let (address, nobody) = (site.address(), nobody().await);
    format!(
        r#"
defaults:
  allow_cidrs: [127.0.0.0/8]
  headers: {{X-Synthetic-Probe: "${{run.id}}"}}
secrets: {{password: "env:PROBE_PASSWORD", pin: "file:PIN_FILE", unused: "secretsmanager:prod/other"}}
control: ["{address}"]
flows:
  - id: create-order
    steps:
      - post: http://{address}/token
        json: {{user: probe, password: "${{secret.password}}"}}
        capture: {{token: {{json: $.access_token, secret: true}}}}
      - post: http://{address}/orders
        headers: {{Authorization: "Bearer ${{token}}"}}
        json: {{sku: TEST}}
        capture: {{order: {{json: $.id}}}}
        expect: [status == 201, 'json $.state == "open"']
    cleanup:
      - delete: "http://{address}/orders/${{order}}"
  - id: slow
    steps:
      - get: http://{address}/slow
        expect: [time.total < 20ms]
  - id: broken
    steps:
      - get: http://{address}/
      - name: pay
        post: http://{address}/broken
        form: {{password: "${{secret.password}}", pin: "${{secret.pin}}"}}
        expect: [status == 200, body contains "paid"]
  - id: nobody
    steps:
      - get: http://{nobody}/
"#
    )
}

#[track_caller]
fn assert_kept(said: &Said) {
    for secret in SECRETS {
        assert!(!said.out.contains(secret) && !said.err.contains(secret), "{secret}:\n{}\n{}", said.out, said.err);
    }
}

fn lines(said: &Said) -> Vec<Value> {
    said.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[tokio::test]
async fn flows_run_from_here_without_aws_and_each_is_a_line_of_json() {
    let (desk, site) = (desk().await, Site::new().await);
    let file = file(&flows(&site).await);
    let said = desk.run_json(&["probes", "run", "--file", &file, "--flow", "create-order"]).await;
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_kept(&said);
    let [report] = &lines(&said)[..] else { panic!("{}", said.out) };
    assert_eq!((&report["flow"], &report["verdict"]), (&json!("create-order"), &json!("up")));
    assert_eq!((&report["failed_step"], &report["because"]), (&Value::Null, &json!([])));
    let steps = report["steps"].as_array().unwrap();
    for (n, step) in steps.iter().enumerate() {
        assert_eq!((&step["step"], &step["ok"]), (&json!(n + 1), &json!(true)));
        let phases = &step["phases_ms"];
        assert!(phases["total"].as_f64().unwrap() >= phases["ttfb"].as_f64().unwrap(), "{phases}");
    }
    assert_eq!((&steps[0]["status"], &steps[1]["status"]), (&json!(200), &json!(201)));
    assert_eq!((&steps[0]["captures"], &steps[1]["captures"]), (&json!(["token"]), &json!(["order"])));
    assert!(steps[0]["phases_ms"]["connect"].is_number(), "the first step connects: {}", steps[0]);
    let asked = site.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[2].starts_with("DELETE /orders/42 "), "{}", asked[2]);
    let run = report["run"].as_str().unwrap();
    assert!(asked.iter().all(|head| header(head, "x-synthetic-probe") == Some(run)), "{run}: {asked:?}");
}

#[tokio::test]
async fn the_exit_code_says_what_came_of_it() {
    let (desk, site) = (desk().await, Site::new().await);
    let file = file(&flows(&site).await);
    for (ids, code, verdicts, said_aside) in [
        (&["create-order"][..], 0, &["up"][..], ""),
        (&["slow"], 0, &["degraded"], "1 of 1 flow is degraded: right, but slow: slow"),
        (&["nobody", "slow"], 1, &["down", "degraded"], "1 of 2 flows is down: nobody"),
        (&["nobody", "broken", "create-order"], 1, &["down", "down", "up"], "2 of 3 flows are down: "),
    ] {
        let mut words = vec!["probes", "run", "--file", &file];
        words.extend(ids.iter().flat_map(|id| ["--flow", id]));
        let said = desk.run_json(&words).await;
        assert_eq!(said.code, code, "{ids:?}: {}{}", said.out, said.err);
        assert_kept(&said);
        let mut wanted: Vec<&str> = verdicts.to_vec();
        let reports = lines(&said);
        let mut found: Vec<&str> = reports.iter().map(|report| report["verdict"].as_str().unwrap()).collect();
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted, "{ids:?}");
        assert!(said.err.contains(said_aside) && said.err.is_empty() == said_aside.is_empty(), "{ids:?}: {}", said.err);
    }
}

#[tokio::test]
async fn without_a_way_out_nothing_is_known() {
    let (desk, nobody) = (desk().await, nobody().await);
    let content = format!(
        "control: ['{nobody}']\nflows:\n  - {{id: api, allow_cidrs: [127.0.0.0/8], steps: [{{get: 'http://{nobody}/', expect: [status == 200]}}]}}\n"
    );
    let said = desk.run_json(&["probes", "run", "--file", &file(&content)]).await;
    assert_eq!((said.code, &lines(&said)[0]["verdict"]), (3, &json!("unknown")), "{}{}", said.out, said.err);
    assert!(said.err.contains("is there a way to the network from here"), "{}", said.err);
}

#[tokio::test]
async fn the_step_that_failed_is_shown_with_its_reasons_and_evidence_and_nothing_of_others_is_obeyed() {
    let (mut desk, site) = (desk().await, Site::new().await);
    let file = file(&flows(&site).await);
    let words = ["probes", "run", "--file", &file];
    let said = desk.run(&words).await;
    assert_eq!(said.code, 1, "{}", said.err);
    assert_kept(&said);
    assert_fits(&said.out);
    assert_fits(&said.err);
    let broken = said.out.split("\n\n").find(|part| part.contains("down broken at step 2")).expect("the flow");
    for wanted in ["  2  pay", "  500  ", "status == 200", "     | the database is [31mgone; it was sent password=***", "ttfb"] {
        assert!(broken.contains(wanted), "{wanted}:\n{broken}");
    }
    assert!(said.out.ends_with("4 flows: 1 up, 1 degraded, 2 down\n"), "{}", said.out);
    assert!(!said.out.contains('\u{1b}') && !said.err.contains('\u{1b}'), "no colour where nobody looks");
    assert!(said.err.starts_with("error: 2 of 4 flows are down: "), "{}", said.err);
    let painted = desk.run(&[&words[..], &["--color=always"]].concat()).await;
    assert!(painted.out.contains('\u{1b}') && !painted.out.contains("\u{1b}[31mgone"), "{:?}", painted.out);
    desk.set("COLUMNS", Some("200"));
    assert_fits(&desk.run(&words).await.out);
}

#[tokio::test]
async fn requests_and_answers_are_shown_and_secrets_are_not() {
    let (desk, site) = (desk().await, Site::new().await);
    let file = file(&flows(&site).await);
    let said = desk.run(&["probes", "run", "--file", &file, "--verbose"]).await;
    assert_eq!(said.code, 1, "{}", said.err);
    assert_kept(&said);
    assert_fits(&said.out);
    for wanted in [
        "> POST http://",
        "> {\"password\":\"***\",\"user\":\"probe\"}",
        "< HTTP/1.1 201 from 127.0.0.1:",
        "< {\"id\": 42",
        "< no answer",
    ] {
        assert!(said.out.contains(wanted), "{wanted}:\n{}", said.out);
    }
    let refused = desk.run_json(&["probes", "run", "--file", &file, "--verbose"]).await.json_error(2);
    assert!(refused.contains("--har"), "{refused}");
}

#[tokio::test]
async fn an_archive_is_as_the_specification_has_it_and_holds_no_secret() {
    let (desk, site) = (desk().await, Site::new().await);
    let file = file(&flows(&site).await);
    let path = folder().join("all.har").display().to_string();
    let said = desk.run_json(&["probes", "run", "--file", &file, "--har", &path]).await;
    assert_eq!((said.code, lines(&said).len()), (1, 4), "{}", said.err);
    let text = std::fs::read_to_string(&path).unwrap();
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let archive: Value = serde_json::from_str(&text).unwrap();
    har::check(&archive);
    let entries = archive["log"]["entries"].as_array().unwrap();
    // Three of the order, one that is slow, two of the broken flow, one without an answer.
    assert_eq!(entries.len(), 7, "{text}");
    let of = |flow: &str| entries.iter().filter(|entry| entry["pageref"] == flow).collect::<Vec<_>>();
    assert_eq!(of("create-order")[1]["request"]["postData"]["text"], r#"{"sku":"TEST"}"#);
    assert_eq!(of("create-order")[1]["timings"]["connect"], -1.0, "a connection that is used again");
    assert_eq!((&of("nobody")[0]["response"]["status"], of("nobody")[0]["response"]["_error"].is_string()), (&json!(0), true));
    let wrong = folder().join("no/such/folder/all.har").display().to_string();
    let before = site.asked().len();
    let refused = desk.run(&["probes", "run", "--file", &file, "--har", &wrong]).await.error(2);
    assert!(on_one_line(&refused).contains("cannot be written"), "{refused}");
    assert_eq!(site.asked().len(), before, "nothing was run for nothing");
}

/// A flow that uses a secret.
fn with_secret(site: &Site, source: &str) -> String {
    let address = site.address();
    format!(
        "secrets: {{password: '{source}'}}\nflows:\n  - id: api\n    allow_cidrs: [127.0.0.0/8]\n    steps: [{{post: 'http://{address}/', \
         json: {{password: '${{secret.password}}'}}, expect: [status == 200]}}]\n"
    )
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_named_and_never_shown() {
    let (desk, site) = (desk().await, Site::new().await);
    for (source, code, wanted) in [
        ("env:NOT_SET", 2, "the secret `password` is not there: the environment variable NOT_SET is not set"),
        ("file:/no/such/file", 2, "the secret `password` is not there: /no/such/file cannot be read"),
        (
            "secretsmanager:prod/probe#password",
            3,
            "the secret `password` (prod/probe in Secrets Manager) cannot be read: no AWS region",
        ),
    ] {
        let said = desk.run(&["probes", "run", "--file", &file(&with_secret(&site, source))]).await;
        assert_eq!(said.code, code, "{source}: {}", said.err);
        assert!(on_one_line(&said.err).contains(wanted), "{source}: {}", said.err);
    }
    assert_eq!(site.asked().len(), 0, "a flow without its secrets is not run");
}

#[tokio::test]
async fn a_secret_of_secrets_manager_is_read_where_there_is_a_way_to_aws() {
    let (desk, site) = (Desk::bare().await, Site::new().await);
    for (text, key, code, wanted) in [
        (Some(r#"{"password": "hunter2"}"#), "#password", 0, ""),
        (Some("hunter2"), "", 0, ""),
        (Some(r#"{"pasword": "hunter2"}"#), "#password", 2, "did you mean `pasword`?"),
        (Some("hunter2"), "#password", 2, "leave out `#password`"),
        (None, "", 3, "cannot be read"),
    ] {
        let id = format!("prod/probe-{code}-{}", text.map_or(0, str::len));
        if let Some(text) = text {
            desk.world.add_secret(&id, text);
        }
        let content = with_secret(&site, &format!("secretsmanager:{id}{key}"));
        let said = desk.run(&["probes", "run", "--file", &file(&content)]).await;
        assert_eq!(said.code, code, "{id}: {}{}", said.out, said.err);
        assert!(on_one_line(&said.err).contains(wanted), "{id}: {}", said.err);
        assert_kept(&said);
    }
}

#[tokio::test]
async fn what_cannot_be_run_is_told_with_what_would_be_right() {
    let (desk, site) = (desk().await, Site::new().await);
    let good = file(&flows(&site).await);
    let wrong = file("flows:\n  - id: api\n    stepz: []\n");
    let none = file("flows: []\n");
    for (words, wanted) in [
        (vec!["--file", "/no/such/probes.yaml"], "there is no file /no/such/probes.yaml".to_owned()),
        (vec![], "there is no file infra/policy/probes.yaml here; name one with --file".to_owned()),
        (
            vec!["--file", &good, "--flow", "create-ordr"],
            "there is no flow `create-ordr`; did you mean `create-order`?".to_owned(),
        ),
        (vec!["--file", &wrong], format!("{wrong}:3:5: flows[0].stepz: ")),
        (vec!["--file", &none], "the file has no flows".to_owned()),
    ] {
        for command in [&["probes", "run"][..], &["probes", "export", "--hurl"]] {
            let said = desk.run_json(&[command, &words].concat()).await.json_error(2);
            assert!(said.contains(&wanted), "{words:?}: {said}");
        }
    }
    assert_eq!(site.asked().len(), 0);
    assert_eq!(keys(&desk.run_json(&["probes", "schema"]).await.json())[..2], ["$defs", "$schema"]);
}
