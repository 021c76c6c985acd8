//! SSM Automation.

use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::services::automations::{Document, Ending};

use crate::client::Asker;

const TOKEN: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";

async fn region(ending: Ending) -> Asker {
    let asker = Asker::new("2026-03-01T12:00:00Z").await;
    let tags = [("watchkeeper".to_owned(), "managed".to_owned())].into();
    let parameters = vec!["Id".to_owned()];
    let document = Document { version: 2, parameters, tags, ending, runs_for: SignedDuration::from_secs(90) };
    asker.world.set_document("Restart", document);
    asker
}

fn start() -> Value {
    json!({
        "DocumentName": "Restart",
        "Parameters": {"Id": ["i-1"]},
        "ClientToken": TOKEN,
        "Tags": [{"Key": "incident", "Value": "i1"}],
    })
}

#[tokio::test]
async fn an_execution_runs_its_time_and_ends_as_it_is_set() {
    for (ending, status) in [
        (Ending::Success, "Success"),
        (Ending::Failed("no such instance".to_owned()), "Failed"),
        (Ending::TimedOut, "TimedOut"),
        (Ending::Cancelled, "Cancelled"),
    ] {
        let asker = region(ending).await;
        let id = asker.json("ssm", "StartAutomationExecution", start()).await.ok()["AutomationExecutionId"].clone();
        let get = async || {
            let answer = asker.json("ssm", "GetAutomationExecution", json!({"AutomationExecutionId": id})).await.ok();
            answer["AutomationExecution"].clone()
        };
        asker.at("2026-03-01T12:01:29Z");
        assert_eq!(get().await["AutomationExecutionStatus"], json!("InProgress"));
        asker.at("2026-03-01T12:01:30Z");
        let ended = get().await;
        assert_eq!((&ended["AutomationExecutionStatus"], &ended["DocumentVersion"]), (&json!(status), &json!("2")));
        assert_eq!(ended.get("FailureMessage").is_some(), status == "Failed");
        assert_eq!(ended["Parameters"], json!({"Id": ["i-1"]}));
    }
}

#[tokio::test]
async fn the_same_start_twice_is_one_execution() {
    let asker = region(Ending::Success).await;
    let first = asker.json("ssm", "StartAutomationExecution", start()).await.ok();
    assert_eq!(asker.json("ssm", "StartAutomationExecution", start()).await.ok(), first);
    assert_eq!(asker.world.automations().len(), 1);
    let mut other = start();
    other["Parameters"]["Id"] = json!(["i-2"]);
    assert_eq!(asker.json("ssm", "StartAutomationExecution", other).await.kind(), "IdempotentParameterMismatch");
}

#[tokio::test]
async fn executions_are_found_by_what_the_filters_say() {
    let asker = region(Ending::Success).await;
    asker.json("ssm", "StartAutomationExecution", start()).await.ok();
    let n = async |filters: Value| {
        let answer = asker.json("ssm", "DescribeAutomationExecutions", json!({"Filters": filters})).await.ok();
        answer["AutomationExecutionMetadataList"].as_array().unwrap().len()
    };
    let filter = |key: &str, values: &[&str]| json!({"Key": key, "Values": values});
    assert_eq!(n(json!([filter("TagKey", &["incident"])])).await, 1);
    assert_eq!(n(json!([filter("TagKey", &["other"])])).await, 0);
    assert_eq!(
        n(json!([filter("DocumentNamePrefix", &["Rest"]), filter("ExecutionStatus", &["InProgress", "Pending"])])).await,
        1
    );
    assert_eq!(n(json!([filter("DocumentNamePrefix", &["Rest"]), filter("ExecutionStatus", &["Success"])])).await, 0);
    let unknown = asker.json("ssm", "DescribeAutomationExecutions", json!({"Filters": [filter("Color", &["red"])]})).await;
    assert_eq!(unknown.kind(), "InvalidFilterKey");
}

#[tokio::test]
async fn tags_are_told_of_runbooks_and_of_executions() {
    let asker = region(Ending::Success).await;
    let id = asker.json("ssm", "StartAutomationExecution", start()).await.ok()["AutomationExecutionId"].clone();
    let tags = async |kind: &str, id: Value| {
        asker.json("ssm", "ListTagsForResource", json!({"ResourceType": kind, "ResourceId": id})).await
    };
    assert_eq!(tags("Document", json!("Restart")).await.ok()["TagList"], json!([{"Key": "watchkeeper", "Value": "managed"}]));
    assert_eq!(tags("Automation", id).await.ok()["TagList"], json!([{"Key": "incident", "Value": "i1"}]));
    assert_eq!(tags("Document", json!("Other")).await.kind(), "InvalidResourceId");
}

#[tokio::test]
async fn what_the_runbook_does_not_know_is_refused() {
    let asker = region(Ending::Success).await;
    let kind = async |name: &str, value: Value| {
        let mut input = start();
        input[name] = value;
        asker.json("ssm", "StartAutomationExecution", input).await.kind()
    };
    assert_eq!(kind("DocumentName", json!("Other")).await, "AutomationDefinitionNotFoundException");
    assert_eq!(kind("DocumentVersion", json!("3")).await, "AutomationDefinitionVersionNotFoundException");
    assert_eq!(kind("Parameters", json!({"Color": ["red"]})).await, "InvalidAutomationExecutionParametersException");
    assert_eq!(kind("ClientToken", json!("again")).await, "ValidationException");
    assert_eq!(asker.world.automations(), []);
}
