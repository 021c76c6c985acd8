//! How a flow goes: values and cookies between steps, the first failure, the cleanup, the
//! end of its time.

use std::time::Duration;

use domain::probe::capture::From;
use domain::probe::flow::Body;
use domain::span::Span;
use serde_json::json;
use tokio::time::Instant;

use crate::flows::{LONG, SHORT, a_run, assert_down, assert_up, engine, flow, get, http, post, run, told, with_cleanup};
use crate::names::{addresses, name_server};
use crate::servers::{Then, nobody, reply, says, web};

fn shop(came: &crate::servers::Came) -> crate::servers::Reply {
    match (came.method.as_str(), came.target.as_str()) {
        ("POST", "/token") => reply(200, &[], r#"{"access_token": "tok-12345"}"#),
        ("POST", "/orders") if came.header("authorization") == Some("Bearer tok-12345") => {
            reply(201, &[], r#"{"id": 77, "state": "open"}"#)
        }
        ("DELETE", "/orders/77") => reply(204, &[], ""),
        _ => reply(403, &[], "no"),
    }
}

#[tokio::test]
async fn an_order_is_made_with_a_token_and_taken_back() {
    let server = web(shop).await;
    let order = with_cleanup(
        flow([
            post(server.url("/token"), Body::Json(json!({"user": "probe"})))
                .capture_secret("token", From::json("$.access_token").unwrap()),
            post(server.url("/orders"), Body::Json(json!({"sku": "TEST"})))
                .header("Authorization", "Bearer ${token}")
                .capture("order", From::json("$.id").unwrap())
                .expect("status == 201")
                .expect("json $.state == \"open\""),
        ]),
        [http("DELETE", server.url("/orders/${order}"))],
    );
    let done = run(&order).await;
    assert_up(&done);
    let report = &done.report;
    assert_eq!((report.flow.as_str(), report.run.as_str(), report.region.as_deref()), ("flow", "run-1", Some("eu-west-1")));
    assert_eq!(report.steps.iter().map(|step| step.captures.join(",")).collect::<Vec<_>>(), ["token", "order"]);
    assert_eq!(report.cleanup.iter().map(|step| (step.step, step.ok, step.status)).collect::<Vec<_>>(), [(3, true, Some(204))]);
    assert!(!format!("{done:?}").contains("tok-12345"), "{done:?}");
}

#[tokio::test]
async fn the_first_step_that_is_not_right_is_the_last_and_is_cleaned_up_after() {
    let server =
        web(|came| if came.target == "/2" { reply(500, &[], "out of stock") } else { reply(200, &[("x-id", "9")], "") }).await;
    let steps = ["/1", "/2", "/3"].map(|path| get(server.url(path)).capture("id", From::header("x-id").unwrap()));
    let done = run(&with_cleanup(flow(steps), [http("DELETE", server.url("/clean/${id}"))])).await;
    assert_down(&done, "the status is 500");
    assert_eq!(done.report.failed_step, Some(2));
    assert_eq!(done.report.steps[1].evidence.as_deref(), Some("out of stock"));
    assert_eq!(server.came().iter().map(|came| came.target.as_str()).collect::<Vec<_>>(), ["/1", "/2", "/clean/9"]);
}

#[tokio::test]
async fn all_that_is_not_right_with_a_step_is_told() {
    let server = web(|_| reply(500, &[], "{}")).await;
    let step = get(server.url("/")).capture("id", From::json("$.id").unwrap()).expect("json $.a == 1").expect("size > 100");
    let done = run(&flow([step])).await;
    assert_eq!(done.report.steps[0].because.len(), 4, "{:#?}", done.report.steps[0].because);
}

#[tokio::test]
async fn what_is_slow_is_degraded_and_goes_on() {
    let server = web(|_| reply(200, &[], "")).await;
    let done = run(&flow([get(server.url("/1")).expect("time.total < 0ms"), get(server.url("/2"))])).await;
    assert_eq!(done.report.verdict.word(), "degraded", "{}", told(&done));
    assert_eq!((done.report.failed_step, server.came().len()), (Some(1), 2));
    let both = run(&flow([get(server.url("/1")).expect("time.total < 0ms").expect("status == 201")])).await;
    assert_down(&both, "201");
}

#[tokio::test]
async fn a_cleanup_of_what_was_never_made_is_not_done_and_says_so() {
    let server = web(|_| reply(500, &[], "")).await;
    let steps = [get(server.url("/1")).capture("order", From::json("$.id").unwrap())];
    let done =
        run(&with_cleanup(flow(steps), [http("DELETE", server.url("/${order}")), http("DELETE", server.url("/always"))])).await;
    assert_down(&done, "the status is 500");
    let cleanup = &done.report.cleanup;
    assert_eq!(cleanup[0].because, ["not done: `${order}` was never captured"]);
    assert!(cleanup[0].ok);
    assert_eq!(server.came().iter().map(|came| came.target.as_str()).collect::<Vec<_>>(), ["/1", "/always"]);
}

#[tokio::test]
async fn a_cleanup_that_fails_is_told_and_changes_nothing() {
    let server = web(|came| reply(if came.method == "DELETE" { 500 } else { 200 }, &[], "")).await;
    let done =
        run(&with_cleanup(flow([get(server.url("/"))]), [http("DELETE", server.url("/a")), http("DELETE", server.url("/b"))]))
            .await;
    assert_eq!(done.report.verdict.word(), "up");
    assert_eq!(done.report.because.len(), 2, "{}", told(&done));
    assert_eq!(server.came().len(), 3);
}

#[tokio::test]
async fn cookies_are_kept_within_a_flow_as_browsers_keep_them() {
    let server = web(|came| match came.target.as_str() {
        "/login" => {
            let set = [
                "sid=1; Path=/; HttpOnly",
                "deep=2; Path=/deep",
                "tls=3; Secure",
                "wide=4; Domain=example",
                "theirs=5; Domain=b.example",
                "all=6; Domain=a.example",
            ];
            let fields: Vec<_> = set.iter().map(|cookie| ("set-cookie", *cookie)).chain([("location", "/home")]).collect();
            reply(302, &fields, "")
        }
        "/logout" => reply(200, &[("set-cookie", "sid=; Max-Age=0; Path=/")], ""),
        _ => reply(200, &[], ""),
    })
    .await;
    let names = name_server(|_, _| addresses(&["127.0.0.1"])).await;
    let engine = names.engine();
    let at = |host: &str, path: &str| get(format!("http://{host}:{}{path}", server.address.port()));
    let steps = [
        at("www.a.example", "/login"),
        at("www.a.example", "/deep/x"),
        at("a.example", "/"),
        at("b.example", "/"),
        at("www.a.example", "/logout"),
        at("www.a.example", "/"),
    ];
    let cookies = flow(steps);
    for _ in 0..2 {
        assert_up(&engine.run(&cookies, &a_run(&std::collections::BTreeMap::new())).await);
        let came = server.came();
        let sent = came[came.len() - 7..].iter().map(|came| {
            let mut pairs: Vec<_> = came.header("cookie").unwrap_or("none").split("; ").collect();
            pairs.sort_unstable();
            pairs.join(" ")
        });
        // No flow has another's cookies: the first request has none, also the second time.
        let expected = ["none", "all=6 sid=1", "all=6 deep=2 sid=1", "all=6", "none", "all=6 sid=1", "all=6"];
        assert_eq!(sent.collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn a_cookie_can_be_expected_and_captured() {
    let server =
        web(|came| if came.target == "/" { reply(200, &[("set-cookie", "csrf=abc")], "") } else { reply(200, &[], "") }).await;
    let steps = [
        get(server.url("/")).expect("cookie csrf == \"abc\"").capture("csrf", From::cookie("csrf").unwrap()),
        get(server.url("/next")).header("x-csrf", "${csrf}"),
    ];
    assert_up(&run(&flow(steps)).await);
    assert_eq!(server.came()[1].header("x-csrf"), Some("abc"));
}

#[tokio::test]
async fn what_a_server_has_captured_does_not_change_the_host() {
    for (value, is_up) in
        [("/next", true), ("?a=b", true), ("", true), ("@127.0.0.1/", false), (".example/", false), ("0", false)]
    {
        let server = web(move |_| reply(200, &[("x-next", value)], "")).await;
        let named = format!("http://127.0.0.1:{}", server.address.port());
        let first = get(format!("{named}/")).capture("next", From::header("x-next").unwrap());
        let done = run(&flow([first, get("http://localhost${next}")])).await;
        // Nobody listens there, and that is looked at only once the host is right.
        let told = told(&done);
        assert_eq!(told.contains("what is captured may not change the host"), !is_up, "{value}: {told}");
    }
    let server = web(|came| reply(200, &[("x-next", &format!("http://{}/next", came.header("host").unwrap()))], "")).await;
    let steps =
        [get(server.url("/")).capture("next", From::header("x-next").unwrap()), get("${next}"), get(server.url("/${next}"))];
    assert_up(&run(&flow(steps)).await);
}

#[tokio::test]
async fn a_run_whose_time_is_over_is_unknown_never_down() {
    let silent = says("", Then::Hang).await;
    let server = web(|_| reply(200, &[], "")).await;
    let secrets = std::collections::BTreeMap::new();
    let steps = flow([get(server.url("/1")), get(silent.url("/")), get(server.url("/3"))]);
    let engine = engine();
    for with in [steps.clone(), with_cleanup(steps, [http("DELETE", server.url("/clean"))])] {
        let run = probing::Run { deadline: Instant::now() + Duration::from_secs(1), ..a_run(&secrets) };
        let done = engine.run(&with, &run).await;
        assert_eq!(done.report.verdict.word(), "unknown", "{}", told(&done));
        assert!(Instant::now() < run.deadline + LONG / 2);
        assert_eq!(done.report.steps.len(), 1);
        assert!(done.report.cleanup.iter().all(|step| step.ok), "the cleanup has a time of its own: {:?}", done.report.cleanup);
    }
}

#[tokio::test]
async fn a_secret_that_is_missing_is_unknown() {
    let server = web(|_| reply(200, &[], "")).await;
    let done = run(&flow([get(server.url("/")).header("x-key", "${secret.key}")])).await;
    assert_eq!(told(&done), "unknown; the secret `key` could not be read");
    assert!(server.came().is_empty());
    let cleanup = [http("DELETE", server.url("/")).header("x-key", "${secret.key}")];
    let done = run(&with_cleanup(flow([get(server.url("/"))]), cleanup)).await;
    assert_eq!(done.report.verdict.word(), "up");
    assert_eq!(
        (done.report.cleanup[0].ok, done.report.cleanup[0].because.join("")),
        (false, "the secret `key` could not be read".to_owned())
    );
}

#[tokio::test]
async fn nothing_is_known_of_a_target_where_the_control_targets_are_gone_too() {
    let server = web(|_| reply(200, &[], "")).await;
    let (gone, also_gone) = (nobody().await, nobody().await);
    let secrets = std::collections::BTreeMap::new();
    for (control, verdict) in [
        (vec![], "down"),
        (vec![server.address.to_string()], "down"),
        (vec![also_gone.to_string(), server.address.to_string()], "down"),
        (vec![also_gone.to_string()], "unknown"),
        // What the flow may not reach says nothing.
        (vec!["10.0.0.1:80".to_owned()], "down"),
    ] {
        let run = probing::Run { control: &control, ..a_run(&secrets) };
        let done = engine().run(&flow([get(format!("http://{gone}/"))]), &run).await;
        assert_eq!(done.report.verdict.word(), verdict, "{control:?}: {}", told(&done));
    }
    // An answer that is not right is one, whatever else can be reached.
    let control = vec![also_gone.to_string()];
    let run = probing::Run { control: &control, ..a_run(&secrets) };
    let done = engine().run(&flow([get(server.url("/")).expect("status == 201")]), &run).await;
    assert_eq!(done.report.verdict.word(), "down");
}

#[tokio::test]
async fn a_step_has_its_own_time_and_the_next_run_too() {
    let silent = says("", Then::Hang).await;
    let done = run(&flow([get(silent.url("/")).timeout(SHORT)])).await;
    assert_down(&done, "no answer within 50ms");
    let done = run(&flow([get(silent.url("/")).timeout(Span::millis(20))])).await;
    assert_down(&done, "no answer within 20ms");
}
