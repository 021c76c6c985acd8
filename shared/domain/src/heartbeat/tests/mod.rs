//! When a job is due, how it fares, and what people hear of it.

mod cron;
mod laws;

use super::*;
use crate::alert::AlertState;
use crate::policy::Problem;
use crate::text::instant;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn sources(yaml: &str) -> Vec<HeartbeatSource> {
    serde_saphyr::from_str(yaml).unwrap()
}

/// The only heartbeat of a list.
fn heartbeat(yaml: &str) -> Heartbeat {
    let (heartbeats, problems) = compile(&sources(yaml));
    assert_eq!(problems, []);
    heartbeats.into_iter().next().unwrap()
}

fn nightly() -> Heartbeat {
    heartbeat("- {id: nightly, cron: '30 2 * * *', time_zone: Europe/Berlin, grace: 15m, at_most: 1h}")
}

#[test]
fn a_file_says_what_is_wrong_with_its_heartbeats_and_where() {
    for (yaml, path, wanted) in [
        ("- {id: a}", "heartbeats[0]", "write `cron: \"30 2 * * *\"` or `every: 1h`"),
        ("- {id: a, every: 1h, cron: '0 * * * *'}", "heartbeats[0]", "it has both"),
        ("- {id: a, every: 1h}\n- {id: a, every: 1h}", "heartbeats[1].id", "two heartbeats `a`"),
        ("- {id: 'a b', every: 1h}", "heartbeats[0].id", "`a b` is not a name"),
        ("- {id: '', every: 1h}", "heartbeats[0].id", "`` is not a name"),
        ("- {id: '..', every: 1h}", "heartbeats[0].id", "beginning with a letter or a digit"),
        ("- {id: a, every: 30s}", "heartbeats[0].every", "between 1m and"),
        ("- {id: a, every: 1h, time_zone: UTC}", "heartbeats[0].time_zone", "only `cron` has a time zone"),
        ("- {id: a, every: 1h, at_most: 0}", "heartbeats[0].at_most", "between 1s and"),
        ("- {id: a, every: 1h, grace: 2y}", "heartbeats[0].grace", "more than"),
        ("- {id: a, cron: '0 2 * * *', time_zone: Europe/Berln}", "heartbeats[0].time_zone", "did you mean `Europe/Berlin`?"),
        ("- {id: a, cron: '0 2 * *'}", "heartbeats[0].cron", "has 4 fields; write five"),
        ("- {id: a, cron: '0 0 2 * * *'}", "heartbeats[0].cron", "has 6 fields; write five"),
        ("- {id: a, cron: '0 25 * * *'}", "heartbeats[0].cron", "is not an expression of cron"),
        ("- {id: a, cron: '0 2 30 2 *'}", "heartbeats[0].cron", "never comes"),
    ] {
        let (_, problems) = compile(&sources(yaml));
        let [Problem { path: got, message, .. }] = problems.as_slice() else { panic!("{yaml}: {problems:?}") };
        assert_eq!(got, path, "{yaml}");
        assert!(message.contains(wanted), "{yaml}: {message}");
    }
}

#[test]
fn of_an_installed_file_only_the_heartbeats_are_read() {
    let content = serde_json::json!({"flows": "whatever", "heartbeats": [{"id": "a", "every": "1h"}]});
    assert_eq!(load(&content).unwrap().len(), 1);
    assert!(load(&serde_json::json!({})).unwrap().is_empty());
    assert!(load(&serde_json::json!({"heartbeats": [{"id": "a"}]})).is_err());
    assert!(load(&serde_json::json!({"heartbeats": 1})).is_err());
}

#[test]
fn a_job_that_was_never_heard_of_is_late_after_one_whole_period() {
    let hourly = heartbeat("- {id: a, every: 1h, grace: 5m}");
    assert_eq!(hourly.due_first(at("2026-06-01T10:20:00Z")), Some(at("2026-06-01T11:20:00Z")));
    // Ten minutes after it was installed the job runs, perhaps without the address.
    assert_eq!(nightly().due_first(at("2026-06-01T00:20:00Z")), Some(at("2026-06-02T00:30:00Z")));
    let verdict = |now: &str| check(at(now), &nightly(), &Heard::default(), at("2026-06-01T00:20:00Z"));
    assert_eq!(verdict("2026-06-02T00:44:59Z"), Verdict::Waiting { until: Some(at("2026-06-02T00:30:00Z")) });
    assert_eq!(verdict("2026-06-02T00:45:00Z").word(), "late");
}

#[test]
fn a_job_whose_clock_is_a_little_fast_is_not_asked_for_the_run_that_it_has_made() {
    assert_eq!(nightly().due_after(at("2026-06-01T00:29:59Z")), Some(at("2026-06-02T00:30:00Z")));
    assert_eq!(nightly().due_after(at("2026-06-01T00:28:59Z")), Some(at("2026-06-01T00:30:00Z")));
    let minutely = heartbeat("- {id: a, cron: '* * * * *'}");
    assert_eq!(minutely.due_after(at("2026-06-01T00:29:30Z")), Some(at("2026-06-01T00:30:00Z")));
    assert_eq!(minutely.due_after(at("2026-06-01T00:29:55Z")), Some(at("2026-06-01T00:31:00Z")));
}

/// What is heard of the nightly job of 02:30, which is 00:30 in UTC, on a day in June.
fn june(pings: &[(&str, Ping)]) -> Heard {
    let yesterday = Heard::default().ping(at("2026-05-31T00:31:00Z"), Ping::Success, "");
    pings.iter().fold(yesterday, |heard, (time, ping)| heard.ping(at(&format!("2026-06-01T{time}Z")), *ping, "disk full"))
}

#[test]
fn how_a_job_fares_is_told_by_what_began_last() {
    use Ping::{Failure, Start, Success};
    for (pings, now, wanted) in [
        (&[][..], "00:44:59", "well"),
        (&[], "00:45:00", "late"),
        (&[("00:31:00", Success)], "00:45:00", "well"),
        (&[("00:31:00", Start)], "00:45:00", "running"),
        (&[("00:31:00", Start)], "01:30:59", "running"),
        (&[("00:31:00", Start)], "01:31:00", "overrunning"),
        (&[("00:31:00", Start), ("01:40:00", Success)], "01:45:00", "well"),
        (&[("00:31:00", Start), ("00:33:00", Failure(Some(3)))], "00:45:00", "failed"),
        (&[("00:33:00", Failure(None)), ("00:40:00", Start)], "00:45:00", "failed"),
        (&[("00:33:00", Failure(None)), ("00:40:00", Start), ("00:43:00", Success)], "00:45:00", "well"),
        (&[("00:33:00", Failure(None)), ("00:40:00", Start)], "01:45:00", "overrunning"),
        // Of the same moment the worse counts.
        (&[("00:33:00", Failure(None)), ("00:33:00", Success)], "00:45:00", "failed"),
    ] {
        let heard = june(pings);
        let now = at(&format!("2026-06-01T{now}Z"));
        assert_eq!(check(now, &nightly(), &heard, at("2026-05-01T00:00:00Z")).word(), wanted, "{pings:?} at {now}");
    }
    // It failed yesterday, and today there is nothing of it: that is the news.
    let heard = june(&[("00:33:00", Failure(None))]);
    assert_eq!(check(at("2026-06-02T00:50:00Z"), &nightly(), &heard, at("2026-05-01T00:00:00Z")).word(), "late");
}

#[test]
fn a_run_that_never_ends_is_noticed_without_a_longest_time_too() {
    let job = heartbeat("- {id: nightly, cron: '30 2 * * *', time_zone: Europe/Berlin, grace: 15m}");
    let heard = june(&[("00:31:00", Ping::Start)]);
    let verdict = |now: &str| check(at(now), &job, &heard, at("2026-05-01T00:00:00Z")).word();
    assert_eq!((verdict("2026-06-02T00:44:00Z"), verdict("2026-06-02T00:45:00Z")), ("running", "late"));
}

/// Plays sweeps and pings over a row; gives the changes that people hear of.
fn story(job: &Heartbeat, moments: &[(&str, Option<Ping>)]) -> Vec<String> {
    let mut state = settle(at("2026-05-01T00:00:00Z"), Some(job), None).unwrap();
    let mut told = Vec::new();
    for (now, ping) in moments {
        let now = at(now);
        if let Some(ping) = ping {
            state.heard = state.heard.clone().ping(now, *ping, "disk full");
            continue;
        }
        state = settle(now, Some(job), Some(&state)).unwrap_or(state);
        assert_eq!(settle(now, Some(job), Some(&state)), None, "the same sweep again changes something");
        if state.is_pending() {
            let change = state.change.clone().unwrap();
            let event = event::event(&state, Some(job), "arn:aws:lambda:eu-west-1:111122223333:function:c").unwrap();
            assert_eq!(event["detail"]["state"]["value"], change.state().to_string());
            told.push(format!(
                "{} {}: {}",
                change.state(),
                instant(change.at),
                event["detail"]["state"]["reason"].as_str().unwrap()
            ));
            state = state.told(change.at);
        }
    }
    told
}

#[test]
fn people_hear_of_what_begins_and_of_its_end_once() {
    let told = story(
        &nightly(),
        &[
            ("2026-05-31T00:31:00Z", Some(Ping::Success)),
            ("2026-05-31T12:00:00Z", None),
            ("2026-06-01T00:45:30Z", None),
            ("2026-06-01T00:46:30Z", None),
            ("2026-06-01T01:00:00Z", Some(Ping::Start)),
            ("2026-06-01T01:01:00Z", None),
            ("2026-06-01T01:02:00Z", Some(Ping::Failure(Some(28)))),
            ("2026-06-01T01:03:00Z", None),
            ("2026-06-01T01:04:00Z", Some(Ping::Failure(Some(29)))),
            ("2026-06-01T01:05:00Z", None),
            ("2026-06-01T01:20:00Z", Some(Ping::Success)),
            ("2026-06-01T01:21:00Z", None),
            ("2026-06-01T01:22:00Z", None),
        ],
    );
    assert_eq!(
        told,
        [
            "ALARM 2026-06-01 00:45:00 UTC: it was due at 2026-06-01 00:30:00 UTC and has not been heard of; last success: \
             2026-05-31 00:31:00 UTC",
            "ALARM 2026-06-01 01:02:00 UTC: it failed at 2026-06-01 01:02:00 UTC with exit code 28; last success: 2026-05-31 \
             00:31:00 UTC; its log begins: disk full",
            "OK 2026-06-01 01:20:00 UTC: it succeeded at 2026-06-01 01:20:00 UTC",
        ]
    );
}

#[test]
fn a_change_is_always_later_than_the_one_before() {
    let job = nightly();
    let mut state = settle(at("2026-05-01T00:00:00Z"), Some(&job), None).unwrap();
    state = settle(at("2026-06-01T00:45:00Z"), Some(&job), Some(&state)).unwrap();
    let raised = state.change.clone().unwrap();
    // A ping that came before it was late, and was written down afterwards.
    let before = Span::seconds(1).before(raised.at);
    state.heard = state.heard.clone().ping(at("2026-06-01T00:40:00Z"), Ping::Success, "");
    state = settle(at("2026-06-01T00:46:00Z"), Some(&job), Some(&state)).unwrap();
    let over = state.change.clone().unwrap();
    assert!(before < raised.at && raised.at < over.at, "{raised:?} {over:?}");
    assert_eq!(over.state(), AlertState::Ok);
}

#[test]
fn a_heartbeat_that_leaves_the_file_or_changes_its_schedule_is_over() {
    let job = nightly();
    let first = settle(at("2026-05-01T00:00:00Z"), Some(&job), None).unwrap();
    let late = settle(at("2026-06-01T00:45:00Z"), Some(&job), Some(&first)).unwrap();
    assert_eq!(late.raised(), Some(Kind::Late));
    let gone = settle(at("2026-06-01T01:00:00Z"), None, Some(&late)).unwrap();
    let text = event::event(&gone, None, "").unwrap()["detail"]["state"]["reason"].as_str().unwrap().to_owned();
    assert_eq!(text, "it was taken out of the file of probes at 2026-06-01 01:00:00 UTC");
    assert_eq!((gone.raised(), gone.retired_at, &gone.watched), (None, Some(at("2026-06-01T01:00:00Z")), &None));
    assert_eq!(settle(at("2026-06-01T01:01:00Z"), None, Some(&gone)), None);
    // It comes back, and is given one whole period.
    let back = settle(at("2026-06-01T02:00:00Z"), Some(&job), Some(&gone)).unwrap();
    assert_eq!((back.retired_at, back.check(at("2026-06-02T01:00:00Z"), &job).word()), (None, "waiting"));
    let hourly = heartbeat("- {id: nightly, every: 1h}");
    let changed = settle(at("2026-06-01T01:00:00Z"), Some(&hourly), Some(&late)).unwrap();
    let text = event::event(&changed, Some(&hourly), "").unwrap()["detail"]["state"]["reason"].as_str().unwrap().to_owned();
    assert_eq!((changed.raised(), text.as_str()), (None, "its schedule was changed"));
}

#[test]
fn an_address_that_is_tried_out_is_not_watched() {
    let mut state = State::new("nobody");
    state.heard = Heard::default().ping(at("2026-06-01T00:00:00Z"), Ping::Failure(None), "");
    assert_eq!(settle(at("2026-06-01T00:01:00Z"), None, Some(&state)), None);
}

#[test]
fn the_end_of_an_address_says_what_happened() {
    for (word, wanted) in [
        ("", Some(Ping::Success)),
        ("0", Some(Ping::Success)),
        ("start", Some(Ping::Start)),
        ("fail", Some(Ping::Failure(None))),
        ("1", Some(Ping::Failure(Some(1)))),
        ("255", Some(Ping::Failure(Some(255)))),
        ("4294967295", Some(Ping::Failure(Some(u32::MAX)))),
        ("4294967296", None),
        ("+1", None),
        ("-1", None),
        ("success", None),
        ("1/2", None),
    ] {
        assert_eq!(Ping::parse(word), wanted, "{word}");
    }
}
