//! Many flows at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::probe::Flow;
use domain::span::Span;
use probing::{Run, Start};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use crate::flows::{a_run, at, engine, flow, get, told};
use crate::names::{addresses, name_server};
use crate::servers::{Then, does, nobody, read_head, reply, says, web};

fn starts<'a>(flows: &'a [Flow], run: impl Fn() -> Run<'a>, after: impl Fn(usize) -> Duration) -> Vec<Start<'a>> {
    flows.iter().enumerate().map(|(n, flow)| Start { flow, run: run(), after: after(n) }).collect()
}

fn numbered(n: usize, step: impl Fn(usize) -> crate::flows::Http) -> Vec<Flow> {
    (0..n).map(|n| Flow { id: format!("flow-{n}"), ..flow([step(n)]) }).collect()
}

#[tokio::test]
async fn flows_run_together_and_are_told_in_their_order() {
    let server = web(|_| reply(200, &[], "")).await;
    let flows = numbered(50, |_| get(server.url("/")));
    let none = BTreeMap::new();
    // The last begin first.
    let after = |n| Duration::from_millis(50 - n as u64);
    let done = engine().run_all(starts(&flows, || a_run(&none), after), 100).await;
    assert_eq!(done.len(), 50);
    for (n, done) in done.iter().enumerate() {
        assert_eq!((done.report.flow.as_str(), told(done).as_str()), (format!("flow-{n}").as_str(), "up"));
        assert!(done.report.at >= at() + jiff::SignedDuration::from_millis(50 - i64::try_from(n).unwrap()), "{}", done.report.at);
    }
}

#[tokio::test]
async fn no_more_run_at_once_than_may() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let highest = Arc::clone(&most);
    let server = does(move |mut stream, _| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        async move {
            read_head(&mut stream).await;
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
        }
    })
    .await;
    let flows = numbered(40, |_| get(server.url("/")));
    let none = BTreeMap::new();
    let done = engine().run_all(starts(&flows, || a_run(&none), |_| Duration::ZERO), 4).await;
    assert!(done.iter().all(|done| told(done) == "up"));
    let most = highest.load(Ordering::SeqCst);
    assert!((2..=4).contains(&most), "{most} at once");
}

#[tokio::test]
async fn what_did_not_get_to_run_is_unknown_with_that_reason() {
    let silent = says("", Then::Hang).await;
    let flows = numbered(6, |_| get(silent.url("/")).timeout(Span::seconds(60)));
    let none = BTreeMap::new();
    let engine = engine();
    let deadline = Instant::now() + Duration::from_millis(500);
    let run = || Run { deadline, ..a_run(&none) };
    // Two have a place, three wait for one, and one would begin after the end.
    let after = |n: usize| if n == 5 { Duration::from_hours(1) } else { Duration::ZERO };
    let done = engine.run_all(starts(&flows, run, after), 2).await;
    assert!(done.iter().all(|done| done.report.verdict.word() == "unknown"), "{:?}", done.iter().map(told).collect::<Vec<_>>());
    let n_not_run = done.iter().filter(|done| told(done).contains("not run: ")).count();
    assert_eq!(n_not_run, 4, "{:?}", done.iter().map(told).collect::<Vec<_>>());
    assert!(told(&done[5]).contains("not run: "));
}

#[tokio::test]
async fn hundreds_of_names_are_looked_up_at_once() {
    let names = name_server(|_, _| addresses(&["127.0.0.1"])).await;
    let server = web(|_| reply(200, &[], "")).await;
    let flows = numbered(200, |n| get(format!("http://host-{n}.example:{}/", server.address.port())));
    let none = BTreeMap::new();
    let done = names.engine().run_all(starts(&flows, || a_run(&none), |_| Duration::ZERO), 200).await;
    let wrong: Vec<_> = done.iter().map(told).filter(|told| told != "up").collect();
    assert!(wrong.is_empty(), "{} of 200: {:?}", wrong.len(), wrong.first());
}

#[tokio::test]
async fn control_targets_are_asked_once_for_all_flows_that_fail() {
    // Says which connection it is.
    let control = does(|mut stream, connection| async move {
        let _ = stream.write_all(&[u8::try_from(connection).unwrap()]).await;
    })
    .await;
    let gone = nobody().await;
    let flows = numbered(30, |_| get(format!("http://{gone}/")));
    let (none, targets) = (BTreeMap::new(), [control.address.to_string()]);
    let run = || Run { control: &targets, ..a_run(&none) };
    let done = engine().run_all(starts(&flows, run, |_| Duration::ZERO), 30).await;
    assert!(done.iter().all(|done| done.report.verdict.word() == "down"));
    let mut next = tokio::net::TcpStream::connect(control.address).await.unwrap();
    assert_eq!(next.read_u8().await.unwrap(), 2, "one connection was made before this one");
}

#[tokio::test]
async fn a_prober_takes_steps_fast() {
    let server = web(|_| reply(200, &[], "ok")).await;
    let url = server.url("/");
    let flows: Vec<Flow> = (0..300).map(|_| flow([get(&url), get(&url).expect("body == \"ok\"")])).collect();
    let none = BTreeMap::new();
    let run = || Run { is_recorded: false, ..a_run(&none) };
    let begun = Instant::now();
    let done = engine().run_all(starts(&flows, run, |_| Duration::ZERO), 32).await;
    let rate = 600.0 / begun.elapsed().as_secs_f64();
    assert!(done.iter().all(|done| told(done) == "up"));
    // Far below what an optimised build does on an idle machine, far above a prober that
    // reads root certificates for every flow.
    assert!(rate > 200.0, "{rate:.0} steps a second");
}
