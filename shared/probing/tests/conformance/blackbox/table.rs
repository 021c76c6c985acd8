//! Servers of every kind, and what is said of each here and there.

use std::path::Path;

use domain::probe::expect::Expectation;
use domain::probe::flow::{Body, GrpcStep, HttpVersion, Redirects, TcpStep, TlsStep};
use domain::probe::{Step, StepKind};
use domain::span::Span;
use hickory_resolver::proto::op::ResponseCode;
use probing::{Engine, Options};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::exporter::Folder;
use super::{Case, Down, OnlyHere, OnlyThere, Up, compare};
use crate::certificates::{Authority, Identity, authority, self_signed};
use crate::flows::{get, post, template};
use crate::protocols::{dns as names, grpc as health};
use crate::servers::{Came, Reply, Server, Speaks, Then, does, end, nobody, read_head, reply, says, web, web_that_speaks};

/// Most bytes of a body that are read here.
const BODY_MAX: usize = 4_096;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn brotli(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut text.as_bytes(), &mut out, &brotli::enc::BrotliEncoderParams::default()).unwrap();
    out
}

/// A server with an answer for each path.
async fn paths() -> Server {
    web(|came: &Came| -> Reply {
        let coded = |coding: &str, body: Vec<u8>| reply(200, &[("content-encoding", coding)], body);
        match came.target.as_str() {
            "/404" => reply(404, &[], "no"),
            "/500" => reply(500, &[], "oh"),
            "/204" => reply(204, &[], ""),
            "/301" => reply(301, &[], "without a place"),
            "/moved" => reply(302, &[("location", "/fine")], ""),
            "/kept" => reply(308, &[("location", "/method")], ""),
            "/changed" => reply(303, &[("location", "/method")], ""),
            "/loop" => reply(302, &[("location", "/loop")], ""),
            "/to-500" => reply(302, &[("location", "/500")], ""),
            "/to-a-file" => reply(302, &[("location", "file:///etc/hostname")], ""),
            "/method" => reply(200, &[], came.method.clone()),
            "/gzip" => coded("gzip", gzip("packed words")),
            "/br" => coded("br", brotli("packed words")),
            "/no-gzip" => coded("gzip", b"plain words".to_vec()),
            "/short-gzip" => coded("gzip", gzip("packed words")[..20].to_vec()),
            "/long" => reply(200, &[], "x".repeat(2 * BODY_MAX)),
            "/twice" => reply(200, &[("x-a", "one"), ("x-a", "two")], ""),
            "/key" => reply(if came.header("authorization") == Some("Basic dTpw") { 200 } else { 401 }, &[], ""),
            _ => reply(200, &[("x-a", "one")], "all fine"),
        }
    })
    .await
}

fn statuses_and_redirects(url: &impl Fn(&str) -> String) -> Vec<Case> {
    let case = |name: &str, path: &str, theirs: Value, wanted| Case::http(name, url(path), get(url(path)), theirs, wanted);
    let stays = || json!({"follow_redirects": false});
    let sent = |path: &str| post(url(path), Body::Raw(template("x")));
    vec![
        case("a good answer", "/", json!({}), Up),
        case("an answer without content", "/204", json!({}), Up),
        case("nothing there", "/404", json!({}), Down),
        case("a server's error", "/500", json!({}), Down),
        Case::http(
            "an error that is expected",
            url("/404"),
            get(url("/404")).expect("status == 404"),
            json!({"valid_status_codes": [404]}),
            Up,
        ),
        Case::http(
            "an error that is expected, and does not come",
            url("/"),
            get(url("/")).expect("status in [404, 410]"),
            json!({"valid_status_codes": [404, 410]}),
            Down,
        ),
        case("a redirect", "/moved", json!({}), Up),
        case("a redirect to an error", "/to-500", json!({}), Down),
        case("redirects in a circle", "/loop", json!({}), Down),
        case("a redirect to what is not the web", "/to-a-file", json!({}), Down),
        Case::http(
            "a redirect that is expected",
            url("/moved"),
            get(url("/moved")).redirects(Redirects::Stay).expect("status == 302"),
            json!({"follow_redirects": false, "valid_status_codes": [302]}),
            Up,
        ),
        Case::http(
            "a redirect that keeps the method",
            url("/kept"),
            sent("/kept").expect("body == \"POST\""),
            json!({"method": "POST", "body": "x", "fail_if_body_not_matches_regexp": ["^POST$"]}),
            Up,
        ),
        Case::http(
            "a redirect that changes the method",
            url("/changed"),
            sent("/changed").expect("body == \"GET\""),
            json!({"method": "POST", "body": "x", "fail_if_body_not_matches_regexp": ["^GET$"]}),
            Up,
        ),
        Case::http(
            "a redirect that is not followed",
            url("/moved"),
            get(url("/moved")).redirects(Redirects::Stay),
            stays(),
            OnlyHere("a status below 400 is good unless the step says otherwise; there it is one from 200 to 299"),
        ),
        case("a redirect without a place", "/301", json!({}), OnlyHere("the same: 301 is below 400, and leads nowhere")),
    ]
}

fn bodies_and_fields(url: &impl Fn(&str) -> String) -> Vec<Case> {
    let words = || json!({"fail_if_body_not_matches_regexp": ["packed"], "compression": "gzip"});
    let case = |name: &str, path: &str, ours: &[&str], theirs: Value, wanted| {
        let step = ours.iter().fold(get(url(path)), |step, text| step.expect(text));
        Case::http(name, url(path), step, theirs, wanted)
    };
    let field = |regexp: &str| json!([{"header": "X-A", "regexp": regexp}]);
    vec![
        case("words", "/", &["body matches \"all\""], json!({"fail_if_body_not_matches_regexp": ["all"]}), Up),
        case("words that lack", "/", &["body matches \"none\""], json!({"fail_if_body_not_matches_regexp": ["none"]}), Down),
        case("bad words", "/", &["body not matches \"fine\""], json!({"fail_if_body_matches_regexp": ["fine"]}), Down),
        case("a field", "/", &["header x-a matches \"^one$\""], json!({"fail_if_header_not_matches": field("^one$")}), Up),
        case(
            "a field that lacks",
            "/204",
            &["header x-a matches \"o\""],
            json!({"fail_if_header_not_matches": field("o")}),
            Down,
        ),
        case("a bad field", "/", &["header x-a not matches \"one\""], json!({"fail_if_header_matches": field("one")}), Down),
        case("gzip", "/gzip", &["body matches \"packed\""], words(), Up),
        case("what says it is gzip", "/no-gzip", &["body matches \"plain\""], words(), Down),
        case("gzip that breaks off", "/short-gzip", &[], json!({"compression": "gzip"}), Down),
        case(
            "brotli",
            "/br",
            &["body matches \"packed\""],
            json!({"fail_if_body_not_matches_regexp": ["packed"], "compression": "br"}),
            Up,
        ),
        case(
            "gzip that nobody spoke of",
            "/gzip",
            &["body matches \"packed\""],
            json!({"fail_if_body_not_matches_regexp": ["packed"]}),
            OnlyHere("what an answer says it is packed with is undone; there the module has to know it beforehand"),
        ),
        case(
            "gzip that breaks off, of which nobody spoke",
            "/short-gzip",
            &[],
            json!({}),
            OnlyThere("an answer that cannot be unpacked is none; there it is not looked into"),
        ),
        case(
            "a long body",
            "/long",
            &[],
            json!({"body_size_limit": "4KB"}),
            OnlyHere("a body is read to the cap, and what is expected says whether that is enough; there it is a failure"),
        ),
        Case::http(
            "user and password",
            url("/key"),
            get(url("/key").replace("//", "//u:p@")),
            json!({"basic_auth": {"username": "u", "password": "p"}}),
            Up,
        ),
        case("no user and no password", "/key", &[], json!({}), Down),
    ]
}

async fn network() -> Vec<Case> {
    let case = |name: &str, url: String, wanted| Case::http(name, url.clone(), get(&url), json!({}), wanted);
    let said = async |answer: &str, then| says(answer, then).await.url("/");
    let trickle = does(|mut stream, _| async move {
        read_head(&mut stream).await;
        for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow" {
            stream.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        end(stream, Then::Close).await;
    })
    .await;
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
    vec![
        case("refused", format!("http://{}/", nobody().await), Down),
        case("reset", said("", Then::Reset).await, Down),
        case("closed", said("", Then::Close).await, Down),
        case("what is not HTTP", said("SSH-2.0-OpenSSH_9.6\r\n", Then::Close).await, Down),
        case("a body that breaks off", said(half, Then::Close).await, Down),
        case("a body that is reset", said(half, Then::Reset).await, Down),
        case(
            "chunks that break off",
            said("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", Then::Close).await,
            Down,
        ),
        case("a body that ends with the connection", said("HTTP/1.1 200 OK\r\n\r\nall", Then::Close).await, Up),
        case("byte after byte", trickle.url("/"), Up),
        case("fields that do not come", said("", Then::Hang).await, Down).brief(),
        case("a body that does not come", said(half, Then::Hang).await, Down).brief(),
    ]
}

async fn tls(root: &Authority, ca: &Path) -> Vec<Case> {
    const BEGAN: (i32, u8, u8) = (2020, 1, 1);
    const FAR: (i32, u8, u8) = (2039, 1, 1);
    let server = async |identity: Identity, alpn: &[&str]| {
        web_that_speaks(Speaks::Tls(identity.config(alpn)), |_| reply(200, &[], "fine")).await.url("/").replace("http:", "https:")
    };
    let checked = || json!({"tls_config": {"ca_file": ca}});
    let good = || root.issue(&["127.0.0.1"], BEGAN, FAR);
    let expired = || root.issue(&["127.0.0.1"], BEGAN, (2021, 1, 1));
    let stranger = authority("Stranger");
    let middle = root.under("Middle", FAR);
    let old = root.under("Old", (2021, 1, 1));
    let mut cases = Vec::new();
    for (name, identity, wanted) in [
        ("a good certificate", good(), Up),
        ("a certificate that ended", expired(), Down),
        ("a certificate that has not begun", root.issue(&["127.0.0.1"], (2038, 1, 1), FAR), Down),
        ("a certificate of another", root.issue(&["127.0.0.2"], BEGAN, FAR), Down),
        ("a certificate that is signed by itself", self_signed(&["127.0.0.1"]), Down),
        ("a certificate of a stranger", stranger.issue(&["127.0.0.1"], BEGAN, FAR).sent_with(&stranger), Down),
        ("a chain", middle.issue(&["127.0.0.1"], BEGAN, FAR).sent_with(&middle), Up),
        ("a chain with a hole", middle.issue(&["127.0.0.1"], BEGAN, FAR), Down),
        ("a chain that ended", old.issue(&["127.0.0.1"], BEGAN, FAR).sent_with(&old), Down),
    ] {
        let url = server(identity, &[]).await;
        cases.push(Case::http(name, &url, get(&url), checked(), wanted));
        let place = url.trim_start_matches("https://").trim_end_matches('/');
        let step = TlsStep { address: template(place), server_name: None };
        let theirs = json!({"prober": "tcp", "tcp": {"tls": true, "tls_config": {"ca_file": ca}}});
        cases.push(Case::new(format!("{name}, without HTTP"), step_of(StepKind::Tls(step), &[]), theirs, place, wanted));
    }
    let url = server(expired(), &[]).await;
    let insecure = json!({"tls_config": {"insecure_skip_verify": true}});
    cases.push(Case::http("a certificate that need not be good", &url, get(&url).unverified(), insecure, Up));
    for (alpn, wanted) in [(&["h2", "http/1.1"][..], Up), (&["http/1.1"], Down)] {
        let url = server(good(), alpn).await;
        let theirs = json!({"tls_config": {"ca_file": ca}, "valid_http_versions": ["HTTP/2.0"]});
        cases.push(Case::http(
            format!("HTTP/2, if {alpn:?} is spoken"),
            &url,
            get(&url).version(HttpVersion::Http2),
            theirs,
            wanted,
        ));
    }
    let plain = web(|_| reply(200, &[], "")).await.url("/").replace("http:", "https:");
    cases.push(Case::http("no TLS at all", &plain, get(&plain), checked(), Down));
    cases
}

fn step_of(kind: StepKind, expect: &[&str]) -> Step {
    let expect = expect.iter().map(|text| Expectation::parse(text).unwrap()).collect();
    Step { name: kind.word().to_owned(), timeout: Span::seconds(60), kind, captures: Vec::new(), expect }
}

async fn ports() -> Vec<Case> {
    let banner = does(|mut stream, _| async move {
        stream.write_all(b"220 mail.example.com ESMTP\r\n").await.unwrap();
        read_head(&mut stream).await;
    })
    .await;
    let echo = does(|mut stream, _| async move {
        let (mut from, mut to) = stream.split();
        let _ = tokio::io::copy(&mut from, &mut to).await;
    })
    .await;
    let quiet = does(|stream, _| end(stream, Then::Hang)).await;
    let closes = does(|stream, _| end(stream, Then::Close)).await;
    let case = |name: &str, place: String, send: Option<&str>, read, ours: &[&str], theirs: Value, wanted| {
        let step = TcpStep { address: template(&place), send: send.map(template), read };
        Case::new(name, step_of(StepKind::Tcp(step), ours), json!({"prober": "tcp", "tcp": theirs}), place, wanted)
    };
    let talk = |steps: Value| json!({"query_response": steps});
    let place = |server: &Server| server.address.to_string();
    vec![
        case("an open port", place(&quiet), None, false, &[], json!({}), Up),
        case("a closed port", nobody().await.to_string(), None, false, &[], json!({}), Down),
        case("a greeting", place(&banner), None, true, &["body matches \"^220 \""], talk(json!([{"expect": "^220 "}])), Up),
        case(
            "a call that comes back",
            place(&echo),
            Some("PING\n"),
            true,
            &["body matches \"^PING\""],
            talk(json!([{"send": "PING"}, {"expect": "^PING"}])),
            Up,
        ),
        case("another greeting", place(&banner), None, true, &["body matches \"^SSH\""], talk(json!([{"expect": "^SSH"}])), Down)
            .brief(),
        case("silence", place(&quiet), None, true, &[], talk(json!([{"expect": "."}])), Down).brief(),
        case("a port that closes at once", place(&closes), None, true, &[], talk(json!([{"expect": "."}])), Down),
    ]
}

async fn name_servers() -> Vec<Case> {
    let mut cases = Vec::new();
    let answer = |regexp: &str| json!({"fail_if_not_matches_regexp": [regexp]});
    for (name, says, ours, theirs, wanted) in [
        ("an address", names::records(&["192.0.2.7"]), &["body contains \"192.0.2.7\""][..], answer("192\\.0\\.2\\.7$"), Up),
        ("another address", names::records(&["192.0.2.8"]), &["body contains \"192.0.2.7\""], answer("192\\.0\\.2\\.7$"), Down),
        ("no such name", names::Says::Code(ResponseCode::NXDomain), &[], json!({}), Down),
        ("a server that fails", names::Says::Code(ResponseCode::ServFail), &[], json!({}), Down),
        ("a server that refuses", names::Says::Code(ResponseCode::Refused), &[], json!({}), Down),
        ("what is no message", names::Says::Garbage, &[], json!({}), Down),
        ("a server that is silent", names::Says::Nothing, &[], json!({}), Down),
        (
            "a name without an address",
            names::Says::Code(ResponseCode::NoError),
            &[],
            json!({}),
            OnlyThere("a question without an answer is down; there the code alone counts unless a module looks for answers"),
        ),
    ] {
        let place = names::server(says).await;
        let step = step_of(StepKind::Dns(crate::protocols::question(place)), ours);
        let dns = json!({"query_name": "shop.example.com", "query_type": "A", "validate_answer_rrs": theirs});
        cases.push(Case::new(name, step, json!({"prober": "dns", "dns": dns}), place, wanted).brief());
    }
    cases
}

async fn healths() -> Vec<Case> {
    let mut cases = Vec::new();
    let says = |message: &'static [u8]| health::Says { message: Some(message), code: "0", said: "" };
    let unknown = health::Says { message: None, code: "5", said: "unknown service" };
    for (name, says, wanted) in [
        ("gRPC that serves", says(&[0, 0, 0, 0, 2, 8, 1]), Up),
        ("gRPC that does not serve", says(&[0, 0, 0, 0, 2, 8, 2]), Down),
        ("gRPC that does not know", says(&[0, 0, 0, 0, 0]), Down),
        ("gRPC that does not know the service", unknown, Down),
    ] {
        let (server, _) = health::server(says).await;
        let step = GrpcStep { url: template(server.url("").as_str()), service: Some(template("shop.Cart")), headers: Vec::new() };
        let theirs = json!({"prober": "grpc", "grpc": {"service": "shop.Cart"}});
        cases.push(Case::new(name, step_of(StepKind::Grpc(step), &[]), theirs, server.address, wanted));
    }
    cases
}

#[tokio::test]
async fn each_server_gets_the_verdict_that_the_blackbox_exporter_gives_it() {
    let folder = Folder::new("authority");
    let root = authority("Root");
    let ca = folder.write("ca.pem", &root.pem);
    let engine = Engine::new(Options { roots: Some(root.pem.clone()), body_max: BODY_MAX, ..Options::default() }).unwrap();
    let server = paths().await;
    let url = |path: &str| server.url(path);
    let mut cases = statuses_and_redirects(&url);
    cases.extend(bodies_and_fields(&url));
    cases.extend(network().await);
    cases.extend(tls(&root, &ca).await);
    cases.extend(ports().await);
    cases.extend(name_servers().await);
    cases.extend(healths().await);
    let (n_up, wrong) = compare("table", &engine, &cases).await;
    assert!(wrong.is_empty(), "{wrong}");
    assert!(4 * n_up > cases.len() && 4 * n_up < 3 * cases.len(), "{n_up} of {}", cases.len());
}
