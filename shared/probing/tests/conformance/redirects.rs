//! Redirects: followed as far as they may be, and no further.

use domain::probe::flow::{Body, Redirects};
use probing::{Engine, Options};

use crate::certificates::authority;
use crate::flows::{assert_down, assert_up, engine, flow, get, post, run, run_with, template};
use crate::names::{addresses, name_server};
use crate::servers::{Speaks, reply, web, web_that_speaks};

#[tokio::test]
async fn redirects_are_followed_and_their_phases_are_a_sum() {
    let server = web(|came| match came.target.as_str() {
        "/1" => reply(301, &[("location", "/2")], "moved"),
        "/2" => reply(302, &[("location", "3?x=y")], ""),
        _ => reply(200, &[], "here"),
    })
    .await;
    let done = run(&flow([get(server.url("/1")).expect("status == 200").expect("body == \"here\"")])).await;
    assert_up(&done);
    assert_eq!(server.came().iter().map(|came| came.target.as_str()).collect::<Vec<_>>(), ["/1", "/2", "/3?x=y"]);
    let total = done.report.steps[0].phases_ms.ttfb.unwrap();
    let sum = done.exchanges.iter().map(|exchange| exchange.phases.ttfb.unwrap()).sum::<std::time::Duration>();
    assert_eq!(total, sum);
}

#[tokio::test]
async fn a_loop_of_redirects_is_down() {
    let server = web(|_| reply(302, &[("location", "/")], "")).await;
    let done = run(&flow([get(server.url("/")).redirects(Redirects::Follow(3))])).await;
    assert_down(&done, "more than 3 redirects");
    assert_eq!(server.came().len(), 4);
}

#[tokio::test]
async fn a_redirect_to_what_is_not_the_web_is_down() {
    for location in ["file:///etc/passwd", "ftp://a.example/", "gopher://127.0.0.1:25/", "data:text/plain,x"] {
        let server = web(move |_| reply(302, &[("location", location)], "")).await;
        assert_down(&run(&flow([get(server.url("/"))])).await, "only http and https are followed");
    }
}

#[tokio::test]
async fn a_redirect_to_where_the_flow_may_not_go_is_down() {
    for (target, because) in [
        ("http://10.0.0.1/", "10.0.0.1 is a private address"),
        ("http://169.254.169.254/latest/meta-data/", "the address of the metadata service"),
        ("http://[::ffff:169.254.169.254]/", "the address of the metadata service"),
        ("http://0xa9fea9fe/", "the address of the metadata service"),
        ("http://2852039166/", "the address of the metadata service"),
        ("http://0251.0376.0251.0376/", "the address of the metadata service"),
        ("http://[::1]/", "loopback"),
        ("http://inner.example/", "inner.example is 192.168.0.1, a private address"),
    ] {
        let names = name_server(|_, _| addresses(&["192.168.0.1"])).await;
        let server = web(move |_| reply(302, &[("location", target)], "")).await;
        let done = run_with(&names.engine(), &flow([get(server.url("/"))]), &[]).await;
        assert_down(&done, because);
        assert_down(&done, "not connected; list its network under `allow_cidrs`");
    }
}

#[tokio::test]
async fn a_post_becomes_a_get_and_its_body_is_left_behind() {
    for (status, method, body) in
        [(301, "GET", ""), (302, "GET", ""), (303, "GET", ""), (307, "POST", "text"), (308, "POST", "text")]
    {
        let server =
            web(move |came| if came.target == "/" { reply(status, &[("location", "/next")], "") } else { reply(200, &[], "") })
                .await;
        assert_up(&run(&flow([post(server.url("/"), Body::Raw(template("text")))])).await);
        let came = server.came();
        assert_eq!((came[1].method.as_str(), &came[1].body[..]), (method, body.as_bytes()), "{status}");
    }
}

/// What another host hears of a request with a secret that is led there.
async fn led_away(status: u16, step: impl Fn(String) -> crate::flows::Http) -> (probing::Done, Vec<crate::servers::Came>) {
    let other = web(|_| reply(200, &[], "")).await;
    let location = other.url("/there");
    let server = web(move |_| reply(status, &[("location", &location)], "")).await;
    let done = run_with(&engine(), &flow([step(server.url("/"))]), &[("key", "s3cr3t/value")]).await;
    (done, other.came())
}

#[tokio::test]
async fn another_host_hears_no_secret() {
    let (done, came) = led_away(302, |url| {
        get(url)
            .header("Authorization", "Bearer plain")
            .header("Cookie", "a=b")
            .header("X-Key", "${secret.key}")
            .header("X-Basic", "czNjcjN0L3ZhbHVl")
            .header("X-Run", "${run.id}")
    })
    .await;
    assert_up(&done);
    let fields = ["authorization", "cookie", "x-key", "x-basic", "x-run"].map(|name| came[0].header(name));
    assert_eq!(fields, [None, None, None, None, Some("run-1")]);
    assert!(!format!("{:?}", came[0].headers).contains("s3cr3t"));
}

#[tokio::test]
async fn a_body_with_a_secret_is_not_led_to_another_host() {
    for body in [Body::Raw(template("${secret.key}")), Body::Form(vec![("k".to_owned(), template("${secret.key}"))])] {
        let (done, came) = led_away(307, |url| post(url, body.clone())).await;
        assert_down(&done, "secrets go only where the step sends them");
        assert!(came.is_empty());
        let (done, came) = led_away(303, |url| post(url, body.clone())).await;
        assert_up(&done);
        assert!(came[0].body.is_empty());
    }
}

#[tokio::test]
async fn a_cookie_with_a_secret_is_not_led_to_another_host_and_others_are() {
    let names = name_server(|_, _| addresses(&["127.0.0.1"])).await;
    let server = web(|came| match came.target.as_str() {
        "/1" => {
            reply(200, &[("set-cookie", "sid=s3cr3t%2Fvalue; Domain=a.example"), ("set-cookie", "lang=en; Domain=a.example")], "")
        }
        "/2" => {
            let to = came.header("host").unwrap().replace("www.", "app.");
            reply(302, &[("location", &format!("http://{to}/3"))], "")
        }
        _ => reply(200, &[], ""),
    })
    .await;
    let step = |path: &str| get(format!("http://www.a.example:{}{path}", server.address.port()));
    let done = run_with(&names.engine(), &flow([step("/1"), step("/2")]), &[("key", "s3cr3t/value")]).await;
    assert_up(&done);
    let came = server.came();
    assert!(came[1].header("cookie").unwrap().contains("sid="));
    assert_eq!((came[2].target.as_str(), came[2].header("cookie")), ("/3", Some("lang=en")));
}

#[tokio::test]
async fn a_cookie_with_a_secret_is_not_led_out_of_tls() {
    let names = name_server(|_, _| addresses(&["127.0.0.1"])).await;
    let root = authority("Root");
    let plain = web(|_| reply(200, &[], "")).await;
    let location = plain.url("/3").replace("127.0.0.1", "a.example");
    let speaks = Speaks::Tls(root.issue(&["a.example"], (2020, 1, 1), (2040, 1, 1)).config(&[]));
    let server = web_that_speaks(speaks, move |came| match came.target.as_str() {
        "/1" => reply(200, &[("set-cookie", "sid=s3cr3t%2Fvalue"), ("set-cookie", "lang=en")], ""),
        _ => reply(302, &[("location", &location)], ""),
    })
    .await;
    let engine =
        Engine::new(Options { resolver: Some(names.address), roots: Some(root.pem.clone()), ..Options::default() }).unwrap();
    let step = |path: &str| get(format!("https://a.example:{}{path}", server.address.port()));
    let done = run_with(&engine, &flow([step("/1"), step("/2")]), &[("key", "s3cr3t/value")]).await;
    assert_up(&done);
    assert!(server.came()[1].header("cookie").unwrap().contains("sid="));
    assert_eq!(plain.came()[0].header("cookie"), Some("lang=en"));
}

#[tokio::test]
async fn a_cookie_for_all_hosts_below_a_registry_is_nobodys() {
    let names = name_server(|_, _| addresses(&["127.0.0.1"])).await;
    let server = web(|came| match came.target.as_str() {
        "/co.uk" => reply(200, &[("set-cookie", "wide=1; Domain=co.uk"), ("set-cookie", "dot=1; Domain=.CO.UK")], ""),
        "/uk" => reply(200, &[("set-cookie", "wider=1; Domain=uk")], ""),
        "/shop" => reply(200, &[("set-cookie", "own=1; Domain=shop.co.uk")], ""),
        _ => reply(200, &[], ""),
    })
    .await;
    let step = |host: &str, path: &str| get(format!("http://{host}:{}{path}", server.address.port()));
    let visits = ["/co.uk", "/uk", "/shop"].map(|path| step("www.shop.co.uk", path));
    let after = [step("www.shop.co.uk", "/"), step("api.shop.co.uk", "/"), step("other.co.uk", "/")];
    assert_up(&run_with(&names.engine(), &flow(visits.into_iter().chain(after)), &[]).await);
    let came = server.came();
    let sent: Vec<_> = came[3..].iter().map(|came| came.header("cookie")).collect();
    assert_eq!(sent, [Some("own=1"), Some("own=1"), None]);
}

#[tokio::test]
async fn an_address_with_a_secret_is_not_followed_to_another_host() {
    let other = web(|_| reply(200, &[], "")).await;
    let location = other.url("/there?key=s3cr3t%2Fvalue");
    let server = web(move |_| reply(302, &[("location", &location)], "")).await;
    let done = run_with(&engine(), &flow([get(server.url("/"))]), &[("key", "s3cr3t/value")]).await;
    assert_down(&done, "has a secret in its address");
    assert!(other.came().is_empty());
    assert!(!format!("{done:?}").contains("s3cr3t"), "{done:?}");
}
