//! Certificates of every kind, and what is said of each.

use domain::probe::flow::HttpVersion;
use probing::{Done, Engine, Options};
use tokio::io::AsyncWriteExt as _;

use crate::certificates::{Authority, Day, Identity, authority, self_signed};
use crate::flows::{Http, a_run, assert_down, assert_up, flow, get, run_with, told};
use crate::names::{NameServer, addresses, name_server};
use crate::servers::{Server, Speaks, Then, does, end, read_head, reply, web_that_speaks};

const BEGAN: Day = (2026, 1, 1);
const FAR: Day = (2030, 1, 1);

async fn names() -> NameServer {
    name_server(|_, _| addresses(&["127.0.0.1"])).await
}

async fn server(identity: Identity, alpn: &[&str]) -> Server {
    web_that_speaks(Speaks::Tls(identity.config(alpn)), |_| reply(200, &[], "fine")).await
}

fn trusting(names: &NameServer, authority: &Authority) -> Engine {
    Engine::new(Options { resolver: Some(names.address), roots: Some(authority.pem.clone()), ..Options::default() }).unwrap()
}

/// Asks `https://a.example` of a server that shows `identity`, trusting `authority`.
async fn ask(identity: Identity, authority: &Authority, change: impl Fn(Http) -> Http) -> Done {
    let names = names().await;
    let server = server(identity, &["h2", "http/1.1"]).await;
    let step = change(get(format!("https://a.example:{}/", server.address.port())));
    run_with(&trusting(&names, authority), &flow([step]), &[]).await
}

#[tokio::test]
async fn a_good_certificate_is_up_and_its_days_are_counted() {
    let root = authority("Root");
    for (until, days) in [((2026, 11, 24), 2), ((2026, 11, 22), 0), ((2027, 11, 21), 364)] {
        let identity = root.issue(&["a.example", "b.example"], BEGAN, until);
        let expected = format!("tls.days_left == {days}");
        let done = ask(identity, &root, |step| step.expect(&expected)).await;
        assert_up(&done);
        assert!(done.report.steps[0].phases_ms.tls.is_some());
    }
}

#[tokio::test]
async fn the_first_of_the_chain_to_end_counts() {
    let root = authority("Root");
    let middle = root.under("Middle", (2026, 11, 26));
    let identity = middle.issue(&["a.example"], BEGAN, FAR).sent_with(&middle);
    assert_up(&ask(identity, &root, |step| step.expect("tls.days_left == 4")).await);
}

#[tokio::test]
async fn a_bad_certificate_is_down_with_what_is_bad_about_it() {
    let root = authority("Root");
    let stranger = authority("Stranger");
    let old = root.under("Old", (2026, 11, 11));
    for (identity, because) in [
        (root.issue(&["a.example"], BEGAN, (2026, 11, 18)), "the certificate of a.example ended 3 days ago (2026-11-18)"),
        (
            root.issue(&["a.example"], BEGAN, (2026, 11, 21)),
            "the certificate of a.example ended less than a day ago (2026-11-21)",
        ),
        (root.issue(&["a.example"], (2026, 12, 1), FAR), "the certificate of a.example begins to be good only on 2026-12-01"),
        (root.issue(&["b.example"], BEGAN, FAR), "the certificate of a.example is for b.example, not for a.example"),
        (self_signed(&["a.example"]), "the certificate of a.example is signed by itself"),
        (
            stranger.issue(&["a.example"], BEGAN, FAR),
            "was issued by `CN=Stranger`, which is not trusted; the server sent no certificate between",
        ),
        (stranger.issue(&["a.example"], BEGAN, FAR).sent_with(&stranger), "was issued by `CN=Stranger`, which is not trusted"),
        (
            old.issue(&["a.example"], BEGAN, FAR).sent_with(&old),
            "was issued by `CN=Old`, whose own ended 10 days ago (2026-11-11)",
        ),
    ] {
        let done = ask(identity, &root, |step| step).await;
        assert_down(&done, because);
        let step = &done.report.steps[0];
        assert!(step.phases_ms.tls.is_some() && step.phases_ms.ttfb.is_none(), "{step:?}");
        assert!(step.evidence.as_ref().is_some_and(|evidence| evidence.contains("days left")), "{step:?}");
    }
}

#[tokio::test]
async fn nothing_is_said_to_a_server_whose_certificate_is_bad() {
    let names = names().await;
    let server = server(self_signed(&["a.example"]), &[]).await;
    let step = get(format!("https://a.example:{}/", server.address.port())).header("authorization", "Bearer x");
    assert_down(&run_with(&names.engine(), &flow([step]), &[]).await, "signed by itself");
    assert!(server.came().is_empty());
}

#[tokio::test]
async fn a_certificate_that_need_not_be_good_is_still_seen() {
    let root = authority("Root");
    let identity = root.issue(&["b.example"], BEGAN, (2026, 11, 18));
    let done = ask(identity, &root, |step| step.unverified().expect("tls.days_left < 0").expect("body == \"fine\"")).await;
    assert_up(&done);
}

#[tokio::test]
async fn the_version_of_http_is_agreed_on_or_asked_for() {
    let root = authority("Root");
    for (alpn, version, spoken) in [
        (&["h2", "http/1.1"][..], None, "HTTP/2"),
        (&["http/1.1"], None, "HTTP/1.1"),
        (&[], None, "HTTP/1.1"),
        (&["h2", "http/1.1"], Some(HttpVersion::Http1), "HTTP/1.1"),
        (&["h2", "http/1.1"], Some(HttpVersion::Http2), "HTTP/2"),
    ] {
        let names = names().await;
        let server = server(root.issue(&["a.example"], BEGAN, FAR), alpn).await;
        let mut step = get(format!("https://a.example:{}/", server.address.port()));
        if let Some(version) = version {
            step = step.version(version);
        }
        let done = run_with(&trusting(&names, &root), &flow([step]), &[]).await;
        assert_up(&done);
        assert_eq!(done.exchanges[0].version, spoken, "{alpn:?} {version:?}");
        assert_eq!(format!("{:?}", server.came()[0].version), spoken.replace("HTTP/2", "HTTP/2.0"));
    }
}

#[tokio::test]
async fn a_server_without_http2_is_down_when_that_is_asked_for() {
    let root = authority("Root");
    for alpn in [&["http/1.1"][..], &[]] {
        let names = names().await;
        let server = server(root.issue(&["a.example"], BEGAN, FAR), alpn).await;
        let step = get(format!("https://a.example:{}/", server.address.port())).version(HttpVersion::Http2);
        let done = run_with(&trusting(&names, &root), &flow([step]), &[]).await;
        assert_down(&done, "HTTP/2");
        // Where there is no ALPN at all, the handshake comes to its end.
        assert!(!told(&done).contains("certificate"), "{}", told(&done));
    }
}

#[tokio::test]
async fn what_is_no_tls_says_so() {
    let names = names().await;
    let plain = does(|mut stream, _| async move {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        end(stream, Then::Close).await;
    })
    .await;
    let hangs_up = does(|stream, _| end(stream, Then::Reset)).await;
    for (server, because) in [(plain, "does not speak TLS on this port"), (hangs_up, "during the TLS handshake")] {
        let step = get(format!("https://a.example:{}/", server.address.port()));
        assert_down(&run_with(&names.engine(), &flow([step]), &[]).await, because);
    }
}

#[tokio::test]
async fn an_address_needs_no_name_server_and_must_stand_in_the_certificate() {
    let root = authority("Root");
    let engine = Engine::new(Options { roots: Some(root.pem.clone()), ..Options::default() }).unwrap();
    for (name, because) in [("127.0.0.1", None), ("127.0.0.2", Some("is for 127.0.0.2, not for 127.0.0.1"))] {
        let server = server(root.issue(&[name], BEGAN, FAR), &[]).await;
        let done = run_with(&engine, &flow([get(format!("https://{}/", server.address))]), &[]).await;
        match because {
            None => assert_up(&done),
            Some(because) => assert_down(&done, because),
        }
        assert_eq!(done.report.steps[0].phases_ms.dns, None);
    }
}

#[tokio::test]
async fn a_handshake_that_hangs_is_told_as_one() {
    let server = does(|mut stream, _| async move {
        read_head(&mut stream).await;
    })
    .await;
    let step = get(format!("https://{}/", server.address)).timeout(crate::flows::SHORT);
    assert_down(
        &run_with(&crate::flows::engine(), &flow([step]), &[]).await,
        "no answer within 50ms: it was still agreeing on TLS",
    );
}

#[tokio::test]
async fn a_certificate_is_judged_at_the_time_of_the_run_not_of_the_machine() {
    let root = authority("Root");
    let engine = Engine::new(Options { roots: Some(root.pem.clone()), ..Options::default() }).unwrap();
    let server = server(root.issue(&["127.0.0.1"], (2037, 1, 1), (2038, 1, 1)), &[]).await;
    let secrets = std::collections::BTreeMap::new();
    let run = probing::Run { at: "2037-06-01T00:00:00Z".parse().unwrap(), ..a_run(&secrets) };
    assert_up(&engine.run(&flow([get(format!("https://{}/", server.address))]), &run).await);
}
