//! What remediations there are, what they are about, and how they fared.

use aws::store::{Expect, Row, Write};
use domain::id::IncidentId;
use domain::remediation::{Aftermath, Outcome, Passed, Refusal, Remedy, Stage, Target};
use domain::span::Span;
use jiff::Timestamp;
use runtime::now;
use serde_json::{Value, json};

use crate::desk::{Desk, assert_fits, keys, on_one_line, orders};

/// Stores what came of a remediation in an incident.
async fn ended(desk: &Desk, incident: &IncidentId, name: &str, proposed_at: Timestamp, outcome: Outcome) {
    let target = Target::new("ECS service", "main/api");
    let mut remedy = Remedy::proposed(name, Some(target), "cpu", proposed_at, 1, proposed_at);
    remedy.path = vec![Passed { at: proposed_at, stage: outcome.word().to_owned(), by: None }];
    (remedy.stage, remedy.wake_at) = (Stage::Over { at: now(), outcome }, None);
    let write = Write::Put(Row::Remedy(incident.clone(), Box::new(remedy)), Expect::Anything);
    desk.store().commit(vec![write]).await.unwrap();
}

fn observed(at: Timestamp, is_same: bool, changes: &[&str]) -> Outcome {
    let changes = changes.iter().map(|change| (*change).to_owned()).collect();
    let then = Aftermath { calm_at: Span::minutes(23).after(at), is_same, changes };
    Outcome::Observed { would: "raise it".into(), at, then }
}

/// An incident's name that tells it from others.
fn nth(n: usize) -> IncidentId {
    format!("0K3-M9Q-F{n:02}").parse().unwrap()
}

#[tokio::test]
async fn what_the_policy_has_is_listed_with_what_bounds_it() {
    let desk = Desk::new().await;
    let wanted = "scale  ask  ecs-scale-out\n    \
                  on what the alarm, or else the catalogue, names; a person must approve\n    \
                  at most 4 an hour, 100 % of a service, and one in 30 min on a target; none\n    \
                  after 3 failures in a row\n\nNothing is under way.\n";
    assert_eq!(desk.run(&["remediation", "list"]).await.ok(), wanted);
    let id = desk.asks().await;
    desk.run(&["remediation", "stop", "--name", "scale", "--why", "load test"]).await.ok();
    let listed = desk.run(&["remediation", "list"]).await.ok();
    assert!(listed.contains("\n    stopped by ann since 20") && listed.contains(": load test\n"), "{listed}");
    assert!(listed.contains(&format!("\nUnder way\n  {id}  scale\n    waits for approval until ")), "{listed}");
    assert_fits(&listed);
}

#[tokio::test]
async fn programs_get_the_list_with_stable_keys() {
    let desk = Desk::new().await;
    let id = desk.asks().await;
    let listed = desk.run_json(&["remediation", "list"]).await.json();
    assert_eq!(keys(&listed), ["remediations", "under_way"]);
    let first = &listed["remediations"][0];
    assert_eq!(keys(first), ["action", "approval", "limits", "mode", "name", "stopped", "target"]);
    assert_eq!((&first["mode"], &first["approval"], &first["stopped"]), (&json!("ask"), &json!([true]), &Value::Null));
    assert_eq!((&first["target"], &first["limits"]["cooldown_seconds"]), (&json!("alarm-or-catalogue"), &json!(1_800)));
    let open = &listed["under_way"][0];
    assert_eq!(keys(open), ["can_be_stopped", "incident", "name", "proposed_at", "sentence", "stage", "target"]);
    assert_eq!((&open["incident"], &open["stage"]), (&json!(id), &json!("asked")));
}

#[tokio::test]
async fn a_question_is_answered_from_here_as_from_the_incident() {
    let desk = Desk::new().await;
    let id = desk.asks().await;
    let said = desk.run(&["remediation", "decline", id.as_str(), "scale", "--as", "bob"]).await.ok();
    assert_eq!(said, format!("scale of {id} declined by bob\n"));
    let again = desk.run(&["remediation", "approve", id.as_str(), "scale"]).await.error(1);
    assert!(on_one_line(&again).contains("scale does not wait for approval: declined by bob"), "{again}");
    let asked = &desk.run_json(&["remediation", "report"]).await.json()["remediations"][0]["asked"];
    assert_eq!((&asked["n"], &asked["n_declined"], &asked["n_people"]), (&json!(1), &json!(1), &json!(1)));
}

#[tokio::test]
async fn a_report_says_what_people_did_instead_and_what_follows() {
    let desk = Desk::new().await;
    let mut observing = orders();
    observing["remediations"][0]["mode"] = json!("observe");
    desk.install(observing).await;
    let id = desk.fires("cpu", Span::minutes(10)).await;
    desk.run(&["incident", "ack", id.as_str()]).await.ok();
    ended(&desk, &id, "scale", Span::minutes(9).before(now()), observed(Span::minutes(9).before(now()), true, &[])).await;
    for n in 1..=5_usize {
        let at = Span::hours(2 * u64::try_from(n).unwrap()).before(now());
        let outcome = match n {
            1 => Outcome::Refused { refusal: Refusal::NoTarget },
            2 => observed(at, false, &["8 tasks run, not 4"]),
            _ => observed(at, true, &["the minimum capacity is 6, not 2"]),
        };
        ended(&desk, &nth(n), "scale", at, outcome).await;
    }
    // What is older is not asked about.
    let before = Span::days(31).before(now());
    ended(&desk, &nth(9), "scale", before, observed(before, true, &[])).await;
    let said = desk.run(&["remediation", "report"]).await.ok();
    assert_fits(&said);
    let wanted = [
        "scale  observe  called for 6 times in 30 d",
        "    observed    5 times allowed by every guard",
        "                4 times: people did the same; all was well after 23 min",
        "                once: people did something else; all was well after 23 min: 8",
        "                tasks run, not 4 (1)",
        "                once a person acknowledged, 9 min after it would have begun",
        "    refused     once",
        "                1 by target: the alert names nothing to act on, and its",
        "                service's catalogue entry neither",
        "    observe: 4 of 5 times people did the same, and all was well 23 min later",
        "    (median): consider `mode: act` (acting begins 9 min before anybody",
        "    acknowledges)",
        "",
    ];
    assert_eq!(said, wanted.join("\n"));
    let report = desk.run_json(&["remediation", "report", "--days", "365"]).await.json();
    assert_eq!(keys(&report), ["days", "remediations", "since", "until"]);
    let first = &report["remediations"][0];
    assert_eq!((&first["n_called"], &first["observed"]["same"]["n"]), (&json!(7), &json!(5)));
    assert_eq!(first["advice"]["verdict"], "go-further");
}

#[tokio::test]
async fn a_report_says_what_was_done_and_whether_it_was_put_back() {
    let desk = Desk::new().await;
    let id = desk.asks().await;
    desk.run(&["remediation", "approve", id.as_str(), "scale"]).await.ok();
    desk.remediates().await;
    let at = Span::hours(3).before(now());
    let why = "the minimum capacity is 7 now, set by somebody else: neither 2 nor 6";
    let kept = Outcome::Kept { did: "raise it".into(), why: why.into(), recovered: true };
    ended(&desk, &nth(1), "scale", at, kept).await;
    let said = desk.run(&["remediation", "report"]).await.ok();
    assert_fits(&said);
    assert!(said.contains("\n    asked       once: 1 approved\n                answered by 1 person, after "), "{said}");
    assert!(said.contains("\n    acted       once: 1 not known yet\n"), "{said}");
    assert!(said.ends_with("\n    too few (1) to say\n"), "{said}");
}

#[tokio::test]
async fn one_that_the_policy_has_no_more_is_reported_while_there_is_something_to_report() {
    let desk = Desk::new().await;
    ended(&desk, &nth(1), "gone", Span::hours(1).before(now()), Outcome::Expired).await;
    let said = desk.run(&["remediation", "report", "--name", "gone"]).await.ok();
    assert!(said.starts_with("gone  not in the policy  called for once in 30 d\n"), "{said}");
    let said = desk.run(&["remediation", "report", "--name", "scal"]).await.error(1);
    assert_eq!(said, "error: the policy has no remediation `scal`; it has scale\n");
    let said = desk.run(&["remediation", "report"]).await.ok();
    assert_eq!(said, "scale  ask  called for 0 times in 30 d\n    too few (0) to say\n");
}

#[tokio::test]
async fn a_service_that_is_called_like_a_remediation_has_its_incidents_and_no_other() {
    let desk = Desk::new().await;
    ended(&desk, &nth(1), "scale", Span::hours(1).before(now()), Outcome::Expired).await;
    let list = ["incident", "list", "--service", "REMEDY#scale"];
    assert_eq!(desk.run_json(&list).await.json(), json!({"incidents": []}));
    let mut odd = orders();
    odd["classify"][2]["set"]["service"] = json!("REMEDY#scale");
    desk.install(odd).await;
    let id = desk.fires("down", Span::minutes(1)).await;
    let listed = desk.run_json(&list).await.json();
    assert_eq!(listed["incidents"].as_array().unwrap().len(), 1);
    assert_eq!(listed["incidents"][0]["id"], json!(id));
    assert_eq!(desk.run_json(&["remediation", "report"]).await.json()["remediations"][0]["n_called"], 1);
}
