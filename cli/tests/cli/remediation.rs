//! Stop and resume automatic remediation; bring in what could not be processed.

use std::sync::Arc;

use domain::span::Span;
use runtime::now;
use serde_json::json;

use crate::desk::{Desk, alarm, assert_fits, keys, on_one_line, orders};

#[tokio::test]
async fn remediation_is_stopped_as_a_whole_and_resumed() {
    let desk = Desk::new().await;
    assert_eq!(desk.run(&["remediation", "status"]).await.ok(), "Nothing is stopped: remediation works as the policy says.\n");
    let stopped = desk.run(&["remediation", "stop", "--all", "--why", "something is odd"]).await.ok();
    assert!(on_one_line(&stopped).starts_with("all remediation is stopped: nothing begins from now on, and"), "{stopped}");
    assert!(stopped.ends_with("\nNothing was under way that goes on.\n"), "{stopped}");
    assert_fits(&stopped);
    let status = desk.run(&["remediation", "status"]).await.ok();
    assert!(
        status.starts_with("all remediation is stopped since 20") && status.ends_with("\n    ann: something is odd\n"),
        "{status}"
    );
    assert_eq!(desk.run(&["remediation", "resume", "--all"]).await.ok(), "all remediation may work again\n");
    assert_eq!(desk.run(&["remediation", "resume", "--all"]).await.ok(), "remediation was not stopped\n");
}

#[tokio::test]
async fn what_is_stopped_otherwise_is_said_when_one_is_resumed() {
    let desk = Desk::new().await;
    let resume = ["remediation", "resume", "--name", "scale"];
    for which in [&["--all"][..], &["--name", "scale"]] {
        desk.run(&[&["remediation", "stop", "--why", "odd"], which].concat()).await.ok();
    }
    assert_eq!(desk.run(&resume).await.ok(), "scale is no longer stopped by name, but all remediation is\n");
    assert_eq!(desk.run(&resume).await.ok(), "scale was not stopped by name, but all remediation is\n");
    desk.run(&["remediation", "stop", "--name", "scale", "--why", "odd"]).await.ok();
    let said = desk.run(&["remediation", "resume", "--all"]).await.ok();
    assert_eq!(said, "remediation may work again, except what is stopped by name: scale\n");
    let said = desk.run(&["remediation", "resume", "--all"]).await.ok();
    assert_eq!(said, "only this is stopped, by name: scale\n");
    assert_eq!(desk.run(&resume).await.ok(), "scale may work again\n");
    assert_eq!(desk.run(&resume).await.ok(), "scale was not stopped\n");
}

#[tokio::test]
async fn a_name_that_is_misspelt_stops_and_resumes_nothing() {
    let desk = Desk::new().await;
    for words in [&["stop", "--name", "scal", "--why", "odd"][..], &["resume", "--name", "scal"]] {
        let words = [&["remediation"], words].concat();
        assert_eq!(desk.run(&words).await.error(1), "error: the policy has no remediation `scal`; it has scale\n");
        assert_eq!(desk.run_json(&words).await.json_error(1), "the policy has no remediation `scal`; it has scale");
    }
    assert_eq!(desk.run_json(&["remediation", "status"]).await.json(), json!({"all": null, "names": {}}));
}

#[tokio::test]
async fn answers_for_programs_say_what_is_stopped_now() {
    let desk = Desk::new().await;
    let stopped = desk.run_json(&["remediation", "stop", "--name", "scale", "--why", "odd"]).await.json();
    assert_eq!(keys(&stopped), ["all", "changed", "goes_on", "name", "names"]);
    assert_eq!((&stopped["name"], &stopped["changed"]), (&json!("scale"), &json!(true)));
    assert_eq!(keys(&stopped["names"]["scale"]), ["at", "by", "why"]);
    let stopped = desk.run_json(&["remediation", "stop", "--all", "--why", "odd", "--as", "bob"]).await.json();
    assert_eq!((&stopped["name"], &stopped["all"]["by"]), (&json!(null), &json!("bob")));
    let resumed = desk.run_json(&["remediation", "resume", "--all"]).await.json();
    assert_eq!((&resumed["changed"], &resumed["all"], keys(&resumed["names"])), (&json!(true), &json!(null), vec!["scale"]));
    let status = desk.run_json(&["remediation", "status"]).await.json();
    assert_eq!((keys(&status), &status["names"]), (vec!["all", "names"], &resumed["names"]));
}

#[tokio::test]
async fn what_has_begun_is_listed_when_it_is_stopped() {
    let desk = Desk::new().await;
    let id = desk.asks().await;
    let stop = ["remediation", "stop", "--all", "--why", "odd"];
    // What waits for an answer is stopped.
    assert_eq!(desk.run_json(&stop).await.json()["goes_on"], json!([]));
    desk.run(&["remediation", "resume", "--all"]).await.ok();
    desk.run(&["remediation", "approve", id.as_str(), "scale"]).await.ok();
    desk.remediates().await;
    let said = desk.run(&stop).await.ok();
    let wanted = format!("\nNot stopped, because it has begun\n  {id}  scale\n    done, must have helped by ");
    assert!(said.contains(&wanted), "{said}");
    assert_fits(&said);
    let goes_on = &desk.run_json(&stop).await.json()["goes_on"];
    assert_eq!((goes_on.as_array().unwrap().len(), &goes_on[0]["incident"]), (1, &json!(id)));
    assert_eq!((&goes_on[0]["stage"], &goes_on[0]["can_be_stopped"]), (&json!("verifying"), &json!(false)));
    let other = ["remediation", "stop", "--name", "scale", "--why", "odd"];
    assert_eq!(desk.run_json(&other).await.json()["goes_on"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn where_nothing_waits_nothing_is_brought_in() {
    let desk = Desk::new().await;
    let said = desk.run(&["redrive"]).await.ok();
    assert!(said.starts_with("Nothing was waiting."), "{said}");
    assert_fits(&said);
    assert_eq!(desk.run_json(&["redrive"]).await.json(), json!({"taken": 0}));
}

#[tokio::test]
async fn what_waits_is_brought_in() {
    let desk = Desk::new().await;
    desk.deploy_classifier();
    desk.world.add_letter("m1", &alarm("late", "ALARM", now()));
    assert_eq!(desk.run(&["redrive"]).await.ok(), "1 event was taken\n");
    let listed = desk.run(&["incident", "list"]).await.ok();
    assert!(listed.contains("  late\n"), "{listed}");
    for n in 0..12 {
        desk.world.add_letter(&format!("n{n}"), &alarm(&format!("late-{n}"), "ALARM", now()));
    }
    assert_eq!(desk.run_json(&["redrive"]).await.json(), json!({"taken": 12}));
    assert_eq!(desk.world.letters(), []);
}

#[tokio::test]
async fn what_still_fails_stays_in_the_queue() {
    let desk = Desk::new().await;
    let answer = json!({"batchItemFailures": [{"itemIdentifier": "m2"}]});
    desk.world.add_function("classifier", Arc::new(move |_| Box::pin(std::future::ready(Ok(answer.clone())))));
    let both = ["m1", "m2"];
    for id in both {
        desk.world.add_letter(id, &alarm(id, "ALARM", now()));
    }
    let said = desk.run(&["redrive"]).await.error(1);
    assert!(
        said.starts_with("error: 1 event was taken, 1 still fails\n       the log of the function classifier says why"),
        "{said}"
    );
    assert_fits(&said);
    assert_eq!(desk.world.letters().iter().map(|letter| letter.id.as_str()).collect::<Vec<_>>(), ["m2"]);
    // It is hidden for a minute, of which the region's clock now has none left.
    desk.world.set_now(Span::minutes(2).after(now()));
    let said = desk.run_json(&["redrive"]).await.json_error(1);
    assert!(said.starts_with("no event was taken, 1 still fails; the log"), "{said}");
}

#[tokio::test]
async fn nothing_is_lost_while_the_classifier_itself_fails() {
    let desk = Desk::new().await;
    let failure = || Err(("Runtime.ExitError".to_owned(), "it ended".to_owned()));
    desk.world.add_function("classifier", Arc::new(move |_| Box::pin(std::future::ready(failure()))));
    desk.world.add_letter("m1", &alarm("late", "ALARM", now()));
    let said = desk.run(&["redrive"]).await.error(1);
    assert!(
        said.starts_with("error: the classifier fails: Runtime.ExitError: it ended\n       what waits stays in the queue"),
        "{said}"
    );
    assert_eq!(desk.world.letters().len(), 1);
}

#[tokio::test]
async fn a_deployment_without_a_queue_or_a_classifier_is_told() {
    let desk = Desk::new().await;
    desk.world.add_letter("m1", &alarm("late", "ALARM", now()));
    let said = desk.run(&["redrive"]).await.error(3);
    assert!(said.contains("Function not found") && said.contains("`terraform apply`"), "{said}");
    assert_fits(&said);
    let desk = Desk::bare().await;
    assert!(desk.run(&["redrive"]).await.error(1).starts_with("error: no policy is installed"));
    let mut without = orders();
    without["deployment"] = json!({});
    desk.install(without).await;
    let said = desk.run(&["redrive"]).await.error(1);
    assert!(said.starts_with("error: the deployment names no dead-letter queue"), "{said}");
}
