//! What is secret leaves in no report and in no exchange.

use domain::probe::capture::From;
use domain::probe::flow::Body;
use probing::{Engine, Options};
use serde_json::json;

use crate::flows::{engine, flow, get, post, run_with, template};
use crate::servers::{nobody, reply, web};

const SECRET: &str = "hunter2/\"öl\" & more";

#[tokio::test]
async fn secrets_are_masked_wherever_they_come_back() {
    // The server tells all it heard: in header fields, in a cookie, in the body.
    let server = web(|came| {
        let field = came.header("x-key").map(|_| "plain").unwrap_or_default();
        let body = String::from_utf8(came.body.to_vec()).unwrap();
        reply(
            500,
            &[("x-heard", field), ("set-cookie", "k=hunter2%2F%22%C3%B6l%22%20%26%20more")],
            format!("you said {body} to {}", came.target),
        )
    })
    .await;
    let steps = [
        ("json", Body::Json(json!({"key": "${secret.key}"}))),
        ("form", Body::Form(vec![("key".to_owned(), template("${secret.key}"))])),
        ("raw", Body::Raw(template("key ${secret.key}"))),
    ];
    for (path, body) in steps {
        let step = post(server.url(&format!("/{path}?q=${{secret.key}}")), body)
            .expect("body == \"x\"")
            .expect("header x-heard == \"${secret.key}\"");
        let done = run_with(&engine(), &flow([step]), &[("key", SECRET)]).await;
        let all = format!("{} {:?}", serde_json::to_string(&done.report).unwrap(), done.exchanges);
        assert!(!all.contains("hunter2"), "{path}: {all}");
        assert!(all.contains("***"), "{path}: {all}");
        assert!(!server.came().is_empty());
    }
}

#[tokio::test]
async fn what_turns_out_to_be_secret_is_masked_where_it_was_seen_before() {
    let server = web(|came| {
        if came.target == "/1" {
            reply(200, &[("x-early", "tok-abcdef")], "early tok-abcdef")
        } else {
            reply(500, &[], "again tok-abcdef")
        }
    })
    .await;
    let steps = [
        get(server.url("/1")).capture("plain", From::header("x-early").unwrap()),
        get(server.url("/2/${plain}")).expect("status == 500").capture_secret("token", From::regex("again (.*)").unwrap()),
        get(server.url("/3/${token}")),
    ];
    let done = run_with(&engine(), &flow(steps), &[]).await;
    let all = format!("{done:?}");
    assert!(!all.contains("tok-abcdef"), "{all}");
    assert_eq!(done.exchanges[0].response_body, "early ***");
    assert_eq!(done.report.steps[2].evidence.as_deref(), Some("again ***"));
}

#[tokio::test]
async fn an_error_tells_no_secret_either() {
    let address = nobody().await;
    for url in
        [format!("http://{address}/${{secret.key}}"), "nonsense ${secret.key}".to_owned(), "ftp://x/${secret.key}".to_owned()]
    {
        let done = run_with(&engine(), &flow([get(url)]), &[("key", "hunter2hunter2")]).await;
        let all = format!("{done:?}");
        assert!(!all.contains("hunter2"), "{all}");
    }
}

#[tokio::test]
async fn what_is_too_long_to_be_told_is_not_cut_within_a_secret() {
    for length in 500..620 {
        let url = format!("x://{}${{secret.key}}", "p".repeat(length));
        let done = run_with(&engine(), &flow([get(url)]), &[("key", "hunter2hunter2")]).await;
        let all = format!("{:?}", done.report);
        assert!(!all.contains("hun"), "{length}: {all}");
    }
}

#[tokio::test]
async fn a_secret_at_the_end_of_what_is_read_is_masked_as_far_as_it_goes() {
    const MOST: usize = 100;
    let server = web(|_| reply(500, &[], format!("{} hunter2hunter2 and more", "x".repeat(MOST - 10)))).await;
    let engine = Engine::new(Options { body_max: MOST, ..Options::default() }).unwrap();
    let done = run_with(&engine, &flow([get(server.url("/"))]), &[("key", "hunter2hunter2")]).await;
    let all = format!("{done:?}");
    assert!(!all.contains("hun") && done.exchanges[0].response_body.ends_with("x ***"), "{all}");
    assert!(done.report.steps[0].evidence.as_ref().unwrap().ends_with("x ***"), "{all}");
}

#[tokio::test]
async fn a_secret_in_the_name_of_a_field_is_masked() {
    let server = web(|_| reply(200, &[("x-hunter2hunter2", "1")], "")).await;
    let done = run_with(&engine(), &flow([get(server.url("/"))]), &[("key", "hunter2hunter2")]).await;
    assert!(!format!("{done:?}").contains("hunter2"), "{done:?}");
    assert!(done.exchanges[0].response_headers.iter().any(|(name, _)| name == "x-***"));
}

#[tokio::test]
async fn what_a_server_says_is_told_without_control_characters_and_not_at_length() {
    let server = web(|_| reply(500, &[], format!("\u{1b}[31mred\u{202e}\r\n\tend {}", "x".repeat(5_000)))).await;
    let done = run_with(&engine(), &flow([get(server.url("/"))]), &[]).await;
    let evidence = done.report.steps[0].evidence.clone().unwrap();
    assert!(evidence.starts_with("[31mred end xxx"), "{evidence}");
    assert_eq!(evidence.chars().count(), 1_000);
}

#[tokio::test]
async fn nothing_is_kept_of_exchanges_unless_it_is_asked_for() {
    let server = web(|_| reply(200, &[], "")).await;
    let secrets = std::collections::BTreeMap::new();
    let run = probing::Run { is_recorded: false, ..crate::flows::a_run(&secrets) };
    assert!(engine().run(&flow([get(server.url("/"))]), &run).await.exchanges.is_empty());
}
