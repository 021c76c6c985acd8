//! Name servers that answer, lie, fail or say nothing.

use std::net::SocketAddr;

use domain::probe::Flow;
use domain::span::Span;
use hickory_resolver::proto::op::ResponseCode;
use tokio::net::{TcpListener, TcpSocket};

use crate::flows::{SHORT, assert_down, assert_up, flow, get, run_with, told};
use crate::names::{Says, addresses, name_server};
use crate::servers::{nobody, reply, web};

#[tokio::test]
async fn a_name_is_found_and_the_time_for_it_is_measured() {
    let names = name_server(|_, _| addresses(&["127.0.0.1"])).await;
    let server = web(|_| reply(200, &[], "")).await;
    let step = get(format!("http://api.example.com:{}/", server.address.port()));
    let done = run_with(&names.engine(), &flow([step]), &[]).await;
    assert_up(&done);
    assert!(done.report.steps[0].phases_ms.dns.is_some());
    assert_eq!(server.came()[0].header("host"), Some(format!("api.example.com:{}", server.address.port()).as_str()));
}

#[tokio::test]
async fn a_name_that_is_not_found_says_why() {
    for (says, because) in [
        (Says::Code(ResponseCode::NXDomain), "could not find api.example.com: no such name"),
        (Says::Code(ResponseCode::ServFail), "could not find api.example.com: the name server answered `Server Failure`"),
        (Says::Code(ResponseCode::Refused), "could not find api.example.com: the name server answered `Query Refused`"),
        (Says::Addresses(Vec::new()), "could not find api.example.com: the name has no address"),
    ] {
        let names = name_server(move |_, _| says.clone()).await;
        let done = run_with(&names.engine(), &flow([get("http://api.example.com/")]), &[]).await;
        assert_down(&done, because);
        assert!(done.report.steps[0].phases_ms.dns.is_some() && done.report.steps[0].phases_ms.connect.is_none());
    }
}

#[tokio::test]
async fn a_silent_name_server_is_told_as_such() {
    let names = name_server(|_, _| Says::Nothing).await;
    let done = run_with(&names.engine(), &flow([get("http://api.example.com/").timeout(SHORT)]), &[]).await;
    assert_down(&done, "no answer within 50ms: it was still looking up the address");
}

#[tokio::test]
async fn a_public_name_for_a_private_address_leads_nowhere() {
    for (address, kind) in [
        ("10.0.0.1", "a private address"),
        ("169.254.169.254", "the address of the metadata service"),
        ("100.64.0.1", "an address of a carrier's own network"),
    ] {
        let names = name_server(move |_, _| addresses(&[address])).await;
        let done = run_with(&names.engine(), &flow([get("http://api.example.com/")]), &[]).await;
        assert_down(&done, &format!("api.example.com is {address}, {kind}: not connected"));
    }
}

#[tokio::test]
async fn loopback_is_refused_unless_the_flow_lists_it() {
    let server = web(|_| reply(200, &[], "")).await;
    let names = name_server(|_, _| addresses(&["127.0.0.1"])).await;
    let by_name = format!("http://api.example.com:{}/", server.address.port());
    for (url, cidrs, is_up) in [
        (server.url("/"), &[][..], false),
        (by_name.clone(), &[], false),
        (by_name.clone(), &["10.0.0.0/8"], false),
        (by_name, &["127.0.0.1/32"], true),
        (server.url("/"), &["127.0.0.0/8"], true),
    ] {
        let mut flow = flow([get(url)]);
        flow.allow_cidrs = cidrs.iter().map(|&cidr| cidr.to_owned()).collect();
        let done = run_with(&names.engine(), &flow, &[]).await;
        if is_up {
            assert_up(&done);
        } else {
            assert_down(&done, "a loopback address");
        }
    }
}

#[tokio::test]
async fn an_answer_that_changes_is_judged_each_time_and_only_what_was_judged_is_connected_to() {
    // First where the flow may go, then where it may not: each look-up counts for the
    // connection that it was made for, and for no other.
    let names = name_server(|_, n| if n == 0 { addresses(&["127.0.0.1"]) } else { addresses(&["127.0.0.2"]) }).await;
    let server = web(|_| reply(200, &[("connection", "close")], "")).await;
    let step = || get(format!("http://api.example.com:{}/", server.address.port()));
    let mut flow = flow([step(), step()]);
    flow.allow_cidrs = vec!["127.0.0.1".to_owned()];
    let done = run_with(&names.engine(), &flow, &[]).await;
    assert_down(&done, "api.example.com is 127.0.0.2, a loopback address");
    assert_eq!((done.report.failed_step, names.n_asked(), server.came().len()), (Some(2), 2, 1));
}

#[tokio::test]
async fn of_several_addresses_those_that_are_let_through_are_tried_in_turn() {
    let server = web(|_| reply(200, &[], "")).await;
    let names = name_server(|_, _| addresses(&["10.0.0.1", "127.0.0.9", "127.0.0.1"])).await;
    let step = get(format!("http://api.example.com:{}/", server.address.port()));
    let done = run_with(&names.engine(), &flow([step]), &[]).await;
    assert_up(&done);
    assert_eq!(done.exchanges[0].peer, Some(server.address));
}

#[tokio::test]
async fn when_all_addresses_refuse_each_is_told() {
    let port = nobody().await.port();
    let names = name_server(|_, _| addresses(&["127.0.0.8", "127.0.0.9"])).await;
    let done = run_with(&names.engine(), &flow([get(format!("http://api.example.com:{port}/"))]), &[]).await;
    let because = format!("api.example.com: connection to 127.0.0.8:{port} refused; connection to 127.0.0.9:{port} refused");
    assert_down(&done, &because);
}

/// Two addresses of loopback with the same port: nobody listens at the first, and somebody at
/// the second. The port is kept for as long as what is given back.
async fn silent_and_listening() -> (TcpSocket, TcpListener) {
    loop {
        let listening = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let silent = TcpSocket::new_v4().unwrap();
        if silent.bind(SocketAddr::from(([127, 0, 0, 1], listening.local_addr().unwrap().port()))).is_ok() {
            return (silent, listening);
        }
    }
}

#[tokio::test]
async fn of_several_addresses_only_those_are_tried_that_may_be() {
    let names = name_server(|_, _| addresses(&["127.0.0.1", "127.0.0.2"])).await;
    let (_silent, listening) = silent_and_listening().await;
    let port = listening.local_addr().unwrap().port();
    let step = get(format!("http://a.example:{port}/")).timeout(Span::seconds(5));
    let flow = Flow { allow_cidrs: vec!["127.0.0.1/32".to_owned()], ..flow([step]) };
    let done = run_with(&names.engine(), &flow, &[]).await;
    assert_down(&done, &format!("a.example: connection to 127.0.0.1:{port} refused"));
    assert!(!told(&done).contains("127.0.0.2"), "{}", told(&done));
}
