//! See and answer incidents.

use domain::span::Span;
use domain::timeline::EntryKind;
use serde_json::{Value, json};

use crate::desk::{Desk, NOBODYS, assert_fits, keys, on_one_line};

#[tokio::test]
async fn where_nothing_ever_happened_the_list_says_so() {
    for desk in [Desk::new().await, Desk::bare().await] {
        assert!(desk.run(&["incident", "list"]).await.ok().starts_with("Nothing is open."));
        assert_eq!(desk.run_json(&["incident", "list"]).await.json(), json!({"incidents": []}));
        let of_service = desk.run(&["incident", "list", "--service", "api", "--since", "7d"]).await.ok();
        assert_eq!(of_service, "Service api has had no incident in the last 7 d.\n");
    }
}

#[tokio::test]
async fn what_is_most_urgent_is_listed_first_and_what_is_over_last() {
    let desk = Desk::new().await;
    let slow = desk.fires("slow-page", Span::hours(30)).await;
    let down = desk.fires("down", Span::minutes(61)).await;
    let over = desk.fires("over", Span::minutes(3)).await;
    desk.run(&["incident", "resolve", over.as_str()]).await.ok();
    desk.run(&["incident", "ack", down.as_str()]).await.ok();
    let listed = desk.run(&["incident", "list"]).await.ok();
    let wanted = [
        "    incident     status        age        service  what".to_owned(),
        format!("P1  {down}  acknowledged  1 h 1 min  shop     down"),
        format!("P3  {slow}  triggered     1 d 6 h    api      slow-page"),
        format!("P1  {over}  resolved      3 min      shop     over"),
    ];
    assert_eq!(listed.lines().map(str::to_owned).collect::<Vec<_>>(), wanted);
    let of_api = desk.run(&["incident", "list", "--service", "api"]).await.ok();
    assert!(of_api.contains("slow-page") && !of_api.contains("down"), "{of_api}");
    let lately = desk.run(&["incident", "list", "--service", "api", "--since", "1d"]).await.ok();
    assert_eq!(lately, "Service api has had no incident in the last 1 d.\n");
}

#[tokio::test]
async fn lists_for_programs_keep_their_keys() {
    let desk = Desk::new().await;
    let id = desk.fires("down", Span::minutes(1)).await;
    for words in [&["incident", "list"][..], &["incident", "list", "--service", "shop"]] {
        let listed = desk.run_json(words).await.json();
        assert_eq!(keys(&listed), ["incidents"]);
        let incident = &listed["incidents"][0];
        assert_eq!((&incident["id"], &incident["title"], &incident["priority"]), (&json!(id), &json!("down"), &json!("P1")));
        assert_eq!(incident["status"], json!({"is": "triggered"}));
        for name in ["because", "labels", "opened_at", "receivers"] {
            assert!(!incident[name].is_null(), "{name}: {incident}");
        }
    }
}

#[tokio::test]
async fn an_incident_is_shown_with_its_record_and_what_to_do() {
    let desk = Desk::new().await;
    let id = desk.asks().await;
    let shown = desk.run(&["incident", "show", id.as_str()]).await.ok();
    assert_fits(&shown);
    for part in [
        format!("P2 high  {id}  cpu\nnobody has answered for 1 min, opened 20"),
        "\nservice api · team web\nabout: The processors".to_owned(),
        "\nreason: Threshold Crossed".to_owned(),
        "\nrunbook: https://wiki.example.com/runbooks/api\n".to_owned(),
        "\nremedy: scale: waits for approval until 20".to_owned(),
        format!("\napprove: watchkeeper incident approve {id} scale\n"),
        format!("\ntake it: watchkeeper incident ack {id}\n\nAlerts: 1 of 1 firing\n  firing  20"),
        ", times in UTC\n".to_owned(),
        " incident opened as P2: cpu is ALARM since 20".to_owned(),
        "\n                    because rule `processor` sets P2".to_owned(),
        " remedy   scale: asks for approval".to_owned(),
    ] {
        assert!(shown.contains(&part), "{part}\nis not in\n{shown}");
    }
    let value = desk.run_json(&["incident", "show", id.as_str()]).await.json();
    assert_eq!(keys(&value), ["alerts", "incident", "notices", "remedies", "timeline"]);
    assert_eq!(keys(&value["alerts"][0]), ["alert", "firing", "suppressed"]);
    assert_eq!(value["incident"]["id"], json!(id));
    assert_eq!(value["remedies"][0]["name"], "scale");
}

#[tokio::test]
async fn an_incident_is_found_however_its_name_is_typed() {
    let desk = Desk::new().await;
    let id = desk.fires("down", Span::minutes(1)).await;
    let lower = id.as_str().to_lowercase();
    let (bare, spaced) = (lower.replace('-', ""), lower.replace('-', " "));
    for typed in [id.as_str(), &lower, &bare, &spaced, &bare.replace('0', "o")] {
        let shown = desk.run_json(&["incident", "show", typed]).await.json();
        assert_eq!(shown["incident"]["id"], json!(id), "{typed}");
    }
}

#[tokio::test]
async fn an_incident_without_a_policy_to_go_by_is_shown_all_the_same() {
    let desk = Desk::new().await;
    let id = desk.fires("down", Span::minutes(1)).await;
    for row in desk.world.rows().await {
        let row: Value = serde_json::from_str(&row).unwrap();
        let text = |name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
        if text("pk").to_lowercase().contains("policy") {
            desk.world.overwrite(&text("pk"), &text("sk"), "{}").await;
        }
    }
    let said = desk.run(&["incident", "show", id.as_str()]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("Alerts: 1 of 1 firing"), "{}", said.out);
    assert!(on_one_line(&said.err).starts_with("note: which alerts are kept back is not known: policy "), "{}", said.err);
    let said = desk.run_json(&["incident", "show", id.as_str()]).await;
    assert_eq!(keys(&serde_json::from_str(&said.err).unwrap()), ["note"]);
}

#[tokio::test]
async fn an_incident_that_there_never_was_is_not_found() {
    let desk = Desk::new().await;
    let words: [&[&str]; 5] = [
        &["show", NOBODYS],
        &["ack", NOBODYS],
        &["resolve", NOBODYS],
        &["approve", NOBODYS, "scale"],
        &["decline", NOBODYS, "scale"],
    ];
    for words in words {
        let words = [&["incident"], words].concat();
        let said = desk.run(&words).await.error(1);
        assert!(said.starts_with("error: there is no incident 0K3-M9Q-F7T; `watchkeeper incident list`"), "{said}");
        assert_fits(&said);
        assert!(desk.run_json(&words).await.json_error(1).starts_with("there is no incident 0K3-M9Q-F7T"));
    }
}

#[tokio::test]
async fn an_incident_is_acknowledged_once_and_taken_over_by_another() {
    let mut desk = Desk::new().await;
    let id = desk.fires("down", Span::minutes(1)).await;
    let n_clocks = desk.world.executions().len();
    assert_eq!(desk.run(&["incident", "ack", id.as_str()]).await.ok(), format!("{id} acknowledged by ann\n"));
    assert_eq!(desk.world.executions().len(), n_clocks + 1, "its clock looks at once");
    assert_eq!(desk.run(&["incident", "ack", id.as_str()]).await.ok(), "ann has acknowledged it already\n");
    let again = desk.run_json(&["incident", "ack", id.as_str()]).await.json();
    assert_eq!(again, json!({"incident": id, "changed": false}));
    let other = desk.run_json(&["incident", "ack", id.as_str(), "--as", "bob"]).await.json();
    assert_eq!(other, json!({"incident": id, "changed": true}));
    desk.set("USER", None);
    assert_eq!(desk.run(&["incident", "ack", id.as_str()]).await.ok(), format!("{id} acknowledged by somebody\n"));
    let answers: Vec<String> = desk
        .store()
        .timeline(&id)
        .await
        .unwrap()
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Answer)
        .map(|entry| entry.text)
        .collect();
    assert_eq!(answers, ["ann acknowledged", "bob acknowledged", "somebody acknowledged"]);
    let shown = desk.run(&["incident", "show", id.as_str()]).await.ok();
    assert!(shown.contains("\nsomebody has had it for ") && !shown.contains("take it:"), "{shown}");
}

#[tokio::test]
async fn an_incident_that_is_over_takes_no_answer() {
    let desk = Desk::new().await;
    let id = desk.asks().await;
    assert_eq!(desk.run(&["incident", "resolve", id.as_str()]).await.ok(), format!("{id} resolved by ann\n"));
    for verb in ["resolve", "ack"] {
        let said = desk.run(&["incident", verb, id.as_str()]).await.error(1);
        assert_eq!(said, format!("error: incident {id} is resolved already\n"));
        assert_eq!(
            desk.run_json(&["incident", verb, id.as_str()]).await.json_error(1),
            format!("incident {id} is resolved already")
        );
    }
    let shown = desk.run(&["incident", "show", id.as_str()]).await.ok();
    assert!(shown.contains("\nresolved by ann after 1 min, opened 20"), "{shown}");
    let other = desk.fires("down", Span::minutes(1)).await;
    let resolved = desk.run_json(&["incident", "resolve", other.as_str()]).await.json();
    assert_eq!(resolved, json!({"incident": other, "changed": true}));
}

#[tokio::test]
async fn a_remediation_is_approved_or_declined_once() {
    for (verb, done) in [("approve", "approved"), ("decline", "declined")] {
        let desk = Desk::new().await;
        let id = desk.asks().await;
        let unknown = desk.run(&["incident", verb, id.as_str(), "scal"]).await.error(1);
        assert_eq!(unknown, format!("error: incident {id} has no remediation `scal`; it has scale\n"));
        assert_eq!(desk.run(&["incident", verb, id.as_str(), "scale"]).await.ok(), format!("scale of {id} {done} by ann\n"));
        for verb in ["approve", "decline"] {
            let said = desk.run(&["incident", verb, id.as_str(), "scale"]).await.error(1);
            assert!(said.starts_with(&format!("error: scale does not wait for approval: {done} by ann")), "{said}");
        }
        let without = desk.fires("down", Span::minutes(1)).await;
        let said = desk.run_json(&["incident", verb, without.as_str(), "scale"]).await.json_error(1);
        assert_eq!(said, format!("incident {without} has no remediation `scale`; it has none"));
    }
    let desk = Desk::new().await;
    let id = desk.asks().await;
    let approved = desk.run_json(&["incident", "approve", id.as_str(), "scale", "--as", "bob"]).await.json();
    assert_eq!(approved, json!({"incident": id, "remediation": "scale", "changed": true}));
}

#[tokio::test]
async fn an_answer_is_stored_though_the_clock_cannot_be_woken() {
    let desk = Desk::new().await;
    let id = desk.fires("down", Span::minutes(1)).await;
    desk.world.refuse(Some("stateMachineArn"));
    let said = desk.run(&["incident", "ack", id.as_str()]).await;
    assert_eq!((said.code, said.out), (0, format!("{id} acknowledged by ann\n")));
    assert!(said.err.starts_with("note: it is stored, but the incident's clock could not be woken"), "{}", said.err);
    assert_fits(&said.err);
    let said = desk.run_json(&["incident", "resolve", id.as_str()]).await;
    assert_eq!(serde_json::from_str::<Value>(&said.out).unwrap(), json!({"incident": id, "changed": true}));
    let note: Value = serde_json::from_str(&said.err).unwrap();
    assert!(note["note"].as_str().unwrap().contains("states:StartExecution is not allowed"), "{note}");
}
