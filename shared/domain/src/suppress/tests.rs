//! Why people do not hear of an alert, and until when.

use jiff::Timestamp;
use serde_json::json;

use super::suppression;
use crate::alert::Mute;
use crate::control::{Control, Silence, SilenceKind};
use crate::incident::AlertRecord;
use crate::inhibit::{Causes, as_source};
use crate::labels::Labels;
use crate::policy::Policy;
use crate::script::{Script, policy};

/// A day on which everything is planned for ten o'clock.
fn at(time: &str) -> Timestamp {
    format!("2026-06-01T{time}Z").parse().unwrap()
}

fn planned() -> Policy {
    policy(|content| {
        content["maintenance_windows"] = json!([{"name": "move", "matchers": ["group=moved"],
            "starts_at": "2026-06-01T10:00:00Z", "ends_at": "2026-06-01T11:00:00Z"}]);
        content["inhibit_rules"] = json!([{"name": "cause", "source_matchers": ["alertname=down"],
            "target_matchers": ["alertname=slow"], "equal": ["group"]}]);
    })
}

fn record(labels: &[(&str, &str)], mute: Option<Mute>) -> AlertRecord {
    let mut script = Script::new(planned());
    let mut alert = script.alert("slow", crate::alert::AlertState::Alarm, labels);
    alert.muted_by = mute;
    script.arrives(alert);
    script.members().remove(0)
}

fn silence(name: &str, matcher: &str) -> (String, Silence) {
    let silence = Silence {
        kind: SilenceKind::Silence,
        matchers: vec![matcher.into()],
        starts_at: at("10:00:00"),
        ends_at: at("12:00:00"),
        by: "ann".into(),
        why: "known".into(),
    };
    (name.to_owned(), silence)
}

fn check(control: &Control, causes: &[Causes], record: &AlertRecord, rows: &[(&str, Option<&str>)]) {
    for (time, wanted) in rows {
        let found = suppression(at(time), &planned(), control, causes, record);
        assert_eq!(found.map(|found| found.because).as_deref(), *wanted, "{time}");
    }
}

#[test]
fn a_window_holds_from_its_first_moment_to_just_before_its_last() {
    let because = Some("maintenance window `move` until 2026-06-01 11:00:00 UTC");
    let rows = [("09:59:59.999", None), ("10:00:00", because), ("10:59:59.999", because), ("11:00:00", None)];
    check(&Control::default(), &[], &record(&[("group", "moved")], None), &rows);
    check(&Control::default(), &[], &record(&[("group", "other")], None), &[("10:30:00", None)]);
}

#[test]
fn a_silence_holds_for_what_it_matches() {
    let control = Control { silences: [silence("quiet", "group=g")].into(), ..Control::default() };
    let because = Some("silence quiet by ann until 2026-06-01 12:00:00 UTC: known");
    let rows = [("09:59:59.999", None), ("10:00:00", because), ("11:59:59.999", because), ("12:00:00", None)];
    check(&control, &[], &record(&[("group", "g")], None), &rows);
    check(&control, &[], &record(&[("group", "h")], None), &[("11:00:00", None)]);
}

#[test]
fn a_mute_at_the_source_holds_until_it_ends_or_for_good() {
    let mute = |until| Some(Mute { by: "rule night".into(), until });
    let because = Some("the alarm's own actions are muted by rule night until 2026-06-01 10:00:00 UTC");
    let rows = [("09:59:59.999", because), ("10:00:00", None)];
    check(&Control::default(), &[], &record(&[("group", "g")], mute(Some(at("10:00:00")))), &rows);
    let because = Some("the alarm's own actions are muted by rule night");
    check(&Control::default(), &[], &record(&[("group", "g")], mute(None)), &[("00:00:00", because), ("23:00:00", because)]);
}

#[test]
fn a_cause_holds_its_symptoms_back_while_it_is_noted() {
    let cause: Labels = [("alertname", "down"), ("group", "g")].into_iter().collect();
    let part = as_source(&planned().inhibit_rules, &cause).remove(0);
    let incidents = [("000-000-001".parse().unwrap(), true)].into();
    let causes = [Causes { key: part.key.clone(), incidents }];
    let because = Some("inhibited by rule `cause`: its cause is incident 000-000-001");
    check(&Control::default(), &causes, &record(&[("group", "g")], None), &[("09:00:00", because)]);
    check(&Control::default(), &causes, &record(&[("group", "h")], None), &[("09:00:00", None)]);
    let gone = [Causes { key: part.key, incidents: [].into() }];
    check(&Control::default(), &gone, &record(&[("group", "g")], None), &[("09:00:00", None)]);
}

#[test]
fn the_reason_given_is_the_one_nearest_to_the_source() {
    let control = Control { silences: [silence("quiet", "group=moved")].into(), ..Control::default() };
    let mute = Some(Mute { by: "rule night".into(), until: Some(at("10:15:00")) });
    let rows = [
        ("10:10:00", Some("the alarm's own actions are muted by rule night until 2026-06-01 10:15:00 UTC")),
        ("10:20:00", Some("maintenance window `move` until 2026-06-01 11:00:00 UTC")),
        ("11:20:00", Some("silence quiet by ann until 2026-06-01 12:00:00 UTC: known")),
        ("12:20:00", None),
    ];
    let record = record(&[("group", "moved")], mute);
    check(&control, &[], &record, &rows);
    let until = suppression(at("10:20:00"), &planned(), &control, &[], &record).unwrap().until;
    assert_eq!(until, Some(at("11:00:00")), "the clock looks again then");
}
