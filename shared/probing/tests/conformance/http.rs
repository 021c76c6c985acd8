//! Requests of every kind, and answers that are good or not.

use domain::probe::flow::{Body, HttpVersion, Part, Redirects};
use serde_json::json;

use crate::flows::{assert_down, assert_up, flow, get, http, post, run, run_with, template};
use crate::servers::{Speaks, reply, web, web_that_speaks};

#[tokio::test]
async fn a_status_below_400_is_good_where_nothing_else_is_expected() {
    for (status, is_up) in
        [(200, true), (204, true), (301, true), (399, true), (400, false), (404, false), (500, false), (503, false)]
    {
        let server = web(move |_| reply(status, &[], "")).await;
        let done = run(&flow([get(server.url("/"))])).await;
        assert_eq!(done.report.steps[0].status, Some(status));
        if is_up {
            assert_up(&done);
        } else {
            assert_down(&done, &format!("the status is {status}"));
        }
    }
}

#[tokio::test]
async fn an_expected_status_is_good_whatever_it_is() {
    let server = web(|_| reply(404, &[], "")).await;
    assert_up(&run(&flow([get(server.url("/")).expect("status == 404")])).await);
    assert_down(&run(&flow([get(server.url("/")).expect("status == 200")])).await, "404");
}

#[tokio::test]
async fn every_method_goes_out_as_it_is() {
    let server = web(|_| reply(200, &[], "")).await;
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];
    assert_up(&run(&flow(methods.map(|method| http(method, server.url("/"))))).await);
    assert_eq!(server.came().iter().map(|came| came.method.as_str()).collect::<Vec<_>>(), methods);
}

#[tokio::test]
async fn who_asks_is_said_and_the_step_may_say_otherwise() {
    let server = web(|_| reply(200, &[], "")).await;
    let own = get(server.url("/x?y=1"))
        .header("User-Agent", "mine")
        .header("X-Run", "${run.id} ${run.region}")
        .header("Host", "other.example");
    assert_up(&run(&flow([get(server.url("/x?y=1")), own])).await);
    let came = server.came();
    assert_eq!(came[0].header("user-agent"), Some(concat!("watchkeeper-prober/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(came[0].header("host"), Some(server.address.to_string().as_str()));
    assert_eq!(came[0].header("accept-encoding"), Some("gzip, deflate, br"));
    assert_eq!(came[0].target, "/x?y=1");
    assert_eq!((came[1].header("user-agent"), came[1].header("x-run")), (Some("mine"), Some("run-1 eu-west-1")));
    assert_eq!(came[1].header("host"), Some("other.example"));
}

#[tokio::test]
async fn a_user_in_the_address_becomes_a_header_field() {
    let server = web(|_| reply(200, &[], "")).await;
    let done = run_with(&crate::flows::engine(), &flow([get(format!("http://probe:p%40ss@{}/", server.address))]), &[]).await;
    assert_up(&done);
    assert_eq!(server.came()[0].header("authorization"), Some("Basic cHJvYmU6cEBzcw=="));
    assert!(!format!("{done:?}").contains("cHJvYmU6cEBzcw"), "{done:?}");
}

#[tokio::test]
async fn bodies_of_every_kind_arrive() {
    let server = web(|_| reply(200, &[], "")).await;
    let part = |name: &str, file_name: Option<&str>, content_type: Option<&str>, content: &str| Part {
        name: name.to_owned(),
        file_name: file_name.map(str::to_owned),
        content_type: content_type.map(str::to_owned),
        content: template(content),
    };
    let parts = vec![part("a", None, None, "${run.id}"), part("f", Some("o\"rders.csv"), Some("text/csv"), "x,y\r\n")];
    let document = json!({"run": "${run.id}", "text": "in ${run.region}!", "n": 1, "deep": [{"at": "${run.id}"}], "plain": "$5"});
    let steps = [
        post(server.url("/json"), Body::Json(document)),
        post(
            server.url("/form"),
            Body::Form(vec![("a b".to_owned(), template("${run.id}&ü")), ("a b".to_owned(), template("2"))]),
        ),
        post(server.url("/raw"), Body::Raw(template("plain ${run.id}"))).header("content-type", "text/x-own"),
        post(server.url("/multipart"), Body::Multipart(parts)),
        post(server.url("/none"), Body::None),
    ];
    assert_up(&run(&flow(steps)).await);
    let came = server.came();
    let body = |n: usize| String::from_utf8(came[n].body.to_vec()).unwrap();
    let kind = |n: usize| came[n].header("content-type").map(str::to_owned);
    assert_eq!(kind(0).as_deref(), Some("application/json"));
    let expected = json!({"run": "run-1", "text": "in eu-west-1!", "n": 1, "deep": [{"at": "run-1"}], "plain": "$5"});
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&came[0].body).unwrap(), expected);
    assert_eq!((kind(1).as_deref(), body(1).as_str()), (Some("application/x-www-form-urlencoded"), "a+b=run-1%26%C3%BC&a+b=2"));
    assert_eq!((kind(2).as_deref(), body(2).as_str()), (Some("text/x-own"), "plain run-1"));
    let boundary = kind(3).unwrap().strip_prefix("multipart/form-data; boundary=").unwrap().to_owned();
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nrun-1\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"o%22rders.csv\"\r\nContent-Type: text/csv\r\n\r\nx,y\r\n\r\n\
         --{boundary}--\r\n"
    );
    assert_eq!(body(3), expected);
    assert_eq!((came[4].body.len(), came[4].header("content-length")), (0, Some("0")));
}

#[tokio::test]
async fn a_captured_value_stays_text_in_json_whatever_stands_in_it() {
    use domain::probe::capture::From;
    let server = web(|_| reply(200, &[("x-value", "{\"a\": \"b\\\\\"}")], "")).await;
    let steps = [
        get(server.url("/")).capture("value", From::header("x-value").unwrap()),
        post(server.url("/"), Body::Json(json!({"v": "${value}"}))),
    ];
    assert_up(&run(&flow(steps)).await);
    let sent: serde_json::Value = serde_json::from_slice(&server.came()[1].body).unwrap();
    assert_eq!(sent, json!({"v": "{\"a\": \"b\\\\\"}"}));
}

#[tokio::test]
async fn a_boundary_stands_in_no_part() {
    let server = web(|_| reply(200, &[], "")).await;
    let content = template("--watchkeeper-part\r\n--watchkeeper-part+\r\n");
    let parts = vec![Part { name: "a".to_owned(), file_name: None, content_type: None, content }];
    assert_up(&run(&flow([post(server.url("/"), Body::Multipart(parts))])).await);
    assert_eq!(server.came()[0].header("content-type"), Some("multipart/form-data; boundary=watchkeeper-part++"));
}

#[tokio::test]
async fn http2_is_spoken_without_tls_where_it_is_asked_for() {
    let server = web_that_speaks(Speaks::Http2, |_| reply(200, &[("x-a", "1")], "two")).await;
    let step = || get(server.url("/a?b=c")).version(HttpVersion::Http2).expect("body == \"two\"").expect("header x-a == \"1\"");
    let done = run(&flow([step(), step()])).await;
    assert_up(&done);
    let came = server.came();
    assert_eq!((came[0].version, came[0].target.as_str()), (hyper::Version::HTTP_2, "/a?b=c"));
    assert_eq!(came[1].connection, 1, "the connection is used again");
    assert_eq!(done.exchanges[1].version, "HTTP/2");
}

#[tokio::test]
async fn a_server_that_does_not_know_http2_is_down_when_that_is_asked_for() {
    let server = web(|_| reply(200, &[], "")).await;
    let done = run(&flow([get(server.url("/")).version(HttpVersion::Http2)])).await;
    assert_down(&done, "HTTP/2");
}

#[tokio::test]
async fn the_answer_is_seen_with_its_fields_size_and_phases() {
    let server = web(|_| reply(201, &[("x-a", "1"), ("x-a", "2")], "0123456789")).await;
    let step = get(server.url("/"))
        .expect("status == 201")
        .expect("header x-a == \"1, 2\"")
        .expect("size == 10")
        .expect("time.total < 60s");
    let done = run(&flow([step])).await;
    assert_up(&done);
    let phases = done.report.steps[0].phases_ms;
    assert_eq!((phases.dns, phases.tls), (None, None), "an address is not looked up");
    assert!(phases.connect.unwrap() + phases.ttfb.unwrap() <= phases.total.unwrap(), "{phases:?}");
    let exchange = &done.exchanges[0];
    assert_eq!(
        (exchange.status, exchange.response_body.as_str(), exchange.peer),
        (Some(201), "0123456789", Some(server.address))
    );
    assert_eq!((exchange.transferred, exchange.error.as_deref()), (10, None));
}

#[tokio::test]
async fn a_connection_is_used_again_within_a_flow_and_never_by_another() {
    let server = web(|_| reply(200, &[], "")).await;
    let engine = crate::flows::engine();
    let two = flow([get(server.url("/1")), get(server.url("/2"))]);
    for connection in [1, 2] {
        let done = run_with(&engine, &two, &[]).await;
        assert_up(&done);
        assert!(done.report.steps[0].phases_ms.connect.is_some());
        assert_eq!(done.report.steps[1].phases_ms.connect, None);
        assert!(server.came().iter().rev().take(2).all(|came| came.connection == connection));
    }
}

#[tokio::test]
async fn what_cannot_be_asked_says_why() {
    for (url, because) in [
        ("ftp://a.example/", "not an address that begins with http:// or https://"),
        ("a.example/x", "is not an address"),
        ("http://", "is not an address"),
        ("http://[::1", "is not an address"),
    ] {
        assert_down(&run(&flow([get(url)])).await, because);
    }
    let server = web(|_| reply(200, &[("x-a", "1")], "")).await;
    let field = get(server.url("/")).header("x-b", "a\nb");
    assert_down(&run(&flow([field])).await, "the header field `x-b` cannot hold a line break");
    assert_down(&run(&flow([http("NO METHOD", server.url("/"))])).await, "is not a method");
    assert!(server.came().is_empty());
}

#[tokio::test]
async fn a_redirect_may_be_the_answer() {
    let server = web(|_| reply(302, &[("location", "/next")], "")).await;
    let step = get(server.url("/")).redirects(Redirects::Stay).expect("status == 302").expect("header location == \"/next\"");
    assert_up(&run(&flow([step])).await);
    assert_eq!(server.came().len(), 1);
}
