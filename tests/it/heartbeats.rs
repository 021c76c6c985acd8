//! Jobs that are not heard of, that fail and that do not end.

use aws::store::{Expect, Row, Write};
use domain::control::PolicyInForce;
use domain::heartbeat::State;
use domain::link::LinkKey;
use domain::span::Span;
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::world::Moment;

use crate::play::{CutAt, Function, Play};
use crate::stage::{TOPICS, incident, messages, only_incident, orders, timeline};

const CLASSIFIER: &str = "arn:aws:lambda:eu-west-1:111122223333:function:classifier";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn token(id: &str) -> String {
    LinkKey::new(b"0123456789abcdef0123456789abcdef").unwrap().heartbeat(id)
}

fn nightly() -> Value {
    json!([{
        "id": "nightly", "service": "billing", "cron": "30 2 * * *", "time_zone": "Europe/Berlin", "grace": "15m",
        "at_most": "1h",
    }])
}

/// Puts a file with these heartbeats in force.
async fn install(play: &Play, version: &str, heartbeats: &Value) {
    let store = play.store();
    let mut control = store.control().await.unwrap().unwrap();
    control.value.probes = Some(PolicyInForce { version: version.to_owned(), previous: None, installed_at: play.now });
    let writes = vec![
        Write::Put(Row::Control(Box::new(control.value)), Expect::Version(control.version)),
        Write::Put(Row::Probes(version.to_owned(), json!({"heartbeats": heartbeats})), Expect::Anything),
    ];
    store.commit(writes).await.unwrap();
}

/// A play that begins at `from`, with these heartbeats in force, swept every minute, but
/// for the long times in which nothing is asked. What the sweeper hands the classifier
/// comes in.
struct Jobs {
    play: Play,
    n_handed: usize,
}

/// For how long before a moment that is asked about the sweeper has run.
const SWEPT: Span = Span::minutes(20);

impl Jobs {
    async fn at(from: &str, heartbeats: &Value) -> Jobs {
        let mut policy = orders();
        policy["deployment"] = json!({"classifier": "classifier", "classifier_arn": CLASSIFIER});
        let mut play = Play::new(policy, TOPICS).await;
        play.now = at(from);
        play.world.set_now(play.now);
        install(&play, "1", heartbeats).await;
        let mut jobs = Jobs { play, n_handed: 0 };
        jobs.sweep().await;
        jobs
    }

    /// Lets time pass until `until`.
    async fn until(&mut self, until: &str) {
        let until = at(until);
        let quiet = Span::between(self.play.now, SWEPT.before(until));
        self.play.wait(quiet).await;
        while self.play.now < until {
            self.sweep().await;
            let step = Span::between(self.play.now, until).min(Span::minutes(1));
            self.play.wait(step).await;
        }
    }

    async fn sweep(&mut self) {
        self.play.sweep().await.unwrap();
        self.hand_over().await;
    }

    /// The same with the scheduler calling the sweeper, whose runs may be cut off.
    async fn until_by_schedule(&mut self, until: &str) {
        let until = at(until);
        while self.play.now < until {
            let step = Span::between(self.play.now, until).min(Span::seconds(30));
            self.play.wait(step).await;
            self.hand_over().await;
        }
    }

    async fn hand_over(&mut self) {
        let invocations = self.play.world.invocations();
        for invocation in &invocations[self.n_handed..] {
            self.play.deliver(&invocation.payload).await;
        }
        self.n_handed = invocations.len();
    }

    async fn ping(&mut self, end: &str, log: &str) -> (u64, String) {
        let path = format!("/ping/nightly/{}{end}", token("nightly"));
        ask(&mut self.play, "POST", &path, log).await
    }

    async fn state(&self) -> State {
        self.play.store().heartbeat("nightly").await.unwrap().unwrap().value
    }
}

async fn ask(play: &mut Play, method: &str, path: &str, body: &str) -> (u64, String) {
    let request = json!({
        "rawPath": path,
        "headers": {"Host": "console.example"},
        "requestContext": {"http": {"method": method}},
        "body": body,
    });
    let answer = play.ask_console(&request).await.unwrap();
    (answer["statusCode"].as_u64().unwrap(), answer["body"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_nightly_job_that_does_not_come_is_one_incident_until_it_does() {
    let mut jobs = Jobs::at("2026-06-01T12:00:00Z", &nightly()).await;
    jobs.until("2026-06-02T00:31:00Z").await;
    assert_eq!(jobs.ping("", "").await, (200, "ok\n".to_owned()));
    jobs.until("2026-06-03T00:44:00Z").await;
    assert!(jobs.play.incident_ids().is_empty(), "it is not late yet");
    jobs.until("2026-06-03T02:00:00Z").await;
    let id = only_incident(&jobs.play);
    let opened = incident(&jobs.play, &id).await;
    assert_eq!((opened.title.as_str(), opened.service()), ("heartbeat-nightly", Some("billing")));
    assert!(opened.reason.contains("it was due at 2026-06-03 00:30:00 UTC"), "{}", opened.reason);
    assert!(opened.reason.contains("last success: 2026-06-02 00:31:00 UTC"), "{}", opened.reason);
    assert_eq!(jobs.n_handed, 1, "the classifier was told once");
    assert_eq!(jobs.play.world.published().iter().filter(|message| message.topic.ends_with(":ann")).count(), 1);
    jobs.ping("", "").await;
    jobs.until("2026-06-03T02:30:00Z").await;
    assert!(!incident(&jobs.play, &id).await.is_open());
    assert_eq!(jobs.n_handed, 2);
    let lines = timeline(&jobs.play, &id).await;
    assert!(lines.iter().any(|line| line.text.starts_with("resolved after")), "{lines:#?}");
}

#[tokio::test]
async fn a_job_that_fails_is_an_incident_at_once_with_its_exit_code_and_its_log() {
    let mut jobs = Jobs::at("2026-06-01T12:00:00Z", &nightly()).await;
    jobs.until("2026-06-02T00:32:00Z").await;
    jobs.ping("/28", "write error:\n\u{1b}[31mNo space left\u{202e} on device\u{0}").await;
    jobs.until("2026-06-02T00:34:00Z").await;
    let opened = incident(&jobs.play, &only_incident(&jobs.play)).await;
    assert!(opened.reason.contains("with exit code 28"), "{}", opened.reason);
    assert!(opened.reason.contains("its log begins: write error: [31mNo space left on device"), "{}", opened.reason);
}

#[tokio::test]
async fn a_job_that_starts_and_does_not_end_is_an_incident_after_its_longest_time() {
    let mut jobs = Jobs::at("2026-06-01T12:00:00Z", &nightly()).await;
    jobs.until("2026-06-02T00:30:30Z").await;
    assert_eq!(jobs.ping("/start", "").await.0, 200);
    jobs.until("2026-06-02T01:30:00Z").await;
    assert!(jobs.play.incident_ids().is_empty(), "it is running");
    jobs.until("2026-06-02T01:33:00Z").await;
    let opened = incident(&jobs.play, &only_incident(&jobs.play)).await;
    assert!(opened.reason.contains("should have ended within 1 h"), "{}", opened.reason);
}

#[tokio::test]
async fn in_the_nights_in_which_clocks_are_changed_a_job_is_asked_for_once_and_in_time() {
    // Forward: 02:30 is left out, and the daemon runs the job at 03:00, which is 01:00Z.
    let mut jobs = Jobs::at("2026-03-27T12:00:00Z", &nightly()).await;
    jobs.until("2026-03-28T01:31:00Z").await;
    jobs.ping("", "").await;
    jobs.until("2026-03-29T01:02:00Z").await;
    jobs.ping("", "").await;
    jobs.until("2026-03-30T00:31:00Z").await;
    jobs.ping("", "").await;
    // Back: 02:30 comes at 00:30Z and again at 01:30Z.
    let mut autumn = Jobs::at("2026-10-23T12:00:00Z", &nightly()).await;
    autumn.until("2026-10-24T00:31:00Z").await;
    autumn.ping("", "").await;
    autumn.until("2026-10-25T00:31:00Z").await;
    autumn.ping("", "").await;
    autumn.until("2026-10-25T03:00:00Z").await;
    assert!(jobs.play.incident_ids().is_empty() && autumn.play.incident_ids().is_empty());
    // And where it does not come.
    let mut missed = Jobs::at("2026-03-27T12:00:00Z", &nightly()).await;
    missed.until("2026-03-28T01:31:00Z").await;
    missed.ping("", "").await;
    missed.until("2026-03-29T01:14:00Z").await;
    assert!(missed.play.incident_ids().is_empty());
    missed.until("2026-03-29T01:17:00Z").await;
    let opened = incident(&missed.play, &only_incident(&missed.play)).await;
    assert!(opened.reason.contains("due at 2026-03-29 01:00:00 UTC"), "{}", opened.reason);
}

/// The job fails and succeeds again; the sweeper is cut off at `cut`, if it is.
async fn fails_and_succeeds(cut: Option<CutAt>) -> Jobs {
    let mut jobs = Jobs::at("2026-06-01T12:00:00Z", &nightly()).await;
    jobs.play.cuts = cut.into_iter().collect();
    jobs.play.sweep_every_minute();
    jobs.until_by_schedule("2026-06-01T12:02:00Z").await;
    jobs.ping("/1", "").await;
    jobs.until_by_schedule("2026-06-01T12:06:00Z").await;
    jobs.ping("", "").await;
    jobs.until_by_schedule("2026-06-01T12:20:00Z").await;
    jobs
}

#[tokio::test]
async fn a_sweeper_that_is_cut_off_anywhere_loses_nothing_and_tells_nothing_twice() {
    let undisturbed = fails_and_succeeds(None).await;
    let wanted = messages(&undisturbed.play);
    assert_eq!(wanted, [("ann".to_owned(), 2), ("team".to_owned(), 2)].into());
    let mut n_cuts = 0;
    // Runs with nothing to say are all alike.
    let sweeps = undisturbed.play.runs.iter().enumerate().filter(|(_, run)| run.function == Function::Sweeper);
    let told =
        sweeps.filter(|(n, run)| *n == 0 || run.calls.iter().any(|call| call.starts_with("lambda") || call.ends_with("PutItem")));
    for (run, made) in told {
        for call in 0..made.calls.len() {
            for moment in [Moment::Before, Moment::After] {
                let jobs = fails_and_succeeds(Some(CutAt { run, call, moment })).await;
                assert_eq!(messages(&jobs.play), wanted, "cut {moment:?} call {call} of {made:?}");
                assert!(!incident(&jobs.play, &only_incident(&jobs.play)).await.is_open());
                assert!(!jobs.state().await.is_pending());
                n_cuts += 1;
            }
        }
    }
    assert!(n_cuts >= 20, "{n_cuts} cuts");
}

#[tokio::test]
async fn a_ping_costs_one_read_and_one_write() {
    let mut jobs = Jobs::at("2026-06-01T12:00:00Z", &nightly()).await;
    jobs.until("2026-06-01T12:02:00Z").await;
    jobs.ping("", "").await;
    jobs.play.world.forget_calls();
    jobs.ping("", "").await;
    assert_eq!(crate::stage::calls(&jobs.play), ["dynamodb GetItem", "dynamodb PutItem"]);
}

#[tokio::test]
async fn who_does_not_know_the_token_changes_nothing_and_learns_nothing() {
    let mut jobs = Jobs::at("2026-06-01T12:00:00Z", &nightly()).await;
    jobs.until("2026-06-01T12:02:00Z").await;
    let rows = jobs.play.world.rows().await;
    let good = token("nightly");
    let unknown = ask(&mut jobs.play, "POST", &format!("/ping/nobody/{good}"), "").await;
    assert_eq!(unknown.0, 404);
    for path in [
        format!("/ping/nightly/{}", token("other")),
        format!("/ping/nightly/{}", &good[..21]),
        format!("/ping/nightly/{good}/sideways"),
        format!("/ping/nightly/{good}/start/again"),
        "/ping/nightly".to_owned(),
        "/ping/nightly/".to_owned(),
        "/ping/".to_owned(),
        format!("/ping/../nightly/{good}"),
        format!("/ping/%6eightly/{good}"),
    ] {
        assert_eq!(ask(&mut jobs.play, "POST", &path, "").await, unknown, "{path}");
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let (status, text) = ask(&mut jobs.play, method, &format!("/ping/nightly/{good}"), "").await;
        assert_eq!(status, 405, "{method}");
        assert!(
            text.contains(&format!("curl -fsS -m 10 --retry 5 -X POST https://console.example/ping/nightly/{good}")),
            "{text}"
        );
    }
    assert_eq!(jobs.play.world.rows().await, rows);
}

#[tokio::test]
async fn of_a_huge_or_strange_body_a_little_is_kept_and_the_ping_counts() {
    let mut jobs = Jobs::at("2026-06-01T12:00:00Z", &nightly()).await;
    jobs.until("2026-06-01T12:02:00Z").await;
    let huge = "é\u{7}\u{202e}".repeat(200_000);
    for body in [huge.as_str(), "", "\u{0}\u{1b}c", "%00%ff", "{\"a\": 1}"] {
        assert_eq!(jobs.ping("/fail", body).await.0, 200);
        let log = jobs.state().await.heard.failure.unwrap().log;
        assert!(log.chars().count() <= 1_000 && !log.contains(['\u{7}', '\u{1b}', '\u{202e}', '\u{0}']), "{log:?}");
    }
    let bytes = json!({
        "rawPath": format!("/ping/nightly/{}/7", token("nightly")),
        "requestContext": {"http": {"method": "POST"}},
        "body": "/////w==",
        "isBase64Encoded": true,
    });
    assert_eq!(jobs.play.ask_console(&bytes).await.unwrap()["statusCode"], 200);
    assert_eq!(jobs.state().await.heard.failure.unwrap().exit_code, Some(7));
}

#[tokio::test]
async fn a_table_that_is_busy_is_said_and_a_heartbeat_that_is_gone_as_well() {
    let mut jobs = Jobs::at("2026-06-01T12:00:00Z", &nightly()).await;
    jobs.until("2026-06-01T12:02:00Z").await;
    jobs.ping("", "").await;
    jobs.play.world.set_broken("dynamodb", true);
    assert_eq!(jobs.ping("", "").await.0, 503);
    jobs.play.world.set_broken("dynamodb", false);
    // A new one is heard of before the sweeper has seen it.
    let path = format!("/ping/new/{}", token("new"));
    assert_eq!(ask(&mut jobs.play, "POST", &path, "").await.0, 200);
    install(&jobs.play, "2", &json!([{"id": "new", "every": "1h"}])).await;
    jobs.until("2026-06-01T12:05:00Z").await;
    let (status, text) = jobs.ping("", "").await;
    assert_eq!(status, 410);
    assert!(text.contains("nightly is not in the file of probes any more"), "{text}");
    assert!(jobs.play.incident_ids().is_empty());
}

#[tokio::test]
async fn a_job_that_is_taken_out_of_the_file_while_it_is_late_is_over() {
    let mut jobs = Jobs::at("2026-06-01T12:00:00Z", &nightly()).await;
    jobs.until("2026-06-03T01:00:00Z").await;
    let id = only_incident(&jobs.play);
    install(&jobs.play, "2", &json!([])).await;
    jobs.until("2026-06-03T01:30:00Z").await;
    assert!(!incident(&jobs.play, &id).await.is_open());
}
