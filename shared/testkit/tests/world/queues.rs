//! SQS.

use serde_json::{Value, json};
use testkit::world::{Progress, Queue, queue_arn, queue_url};

use crate::client::Asker;

async fn region() -> Asker {
    let asker = Asker::new("2026-03-01T12:00:00Z").await;
    asker.world.set_queue("orders", Queue { dead_letters: Some("orders-dead".to_owned()), ..Queue::default() });
    asker.world.set_queue("orders-dead", Queue { tags: [("a".to_owned(), "b".to_owned())].into(), ..Queue::default() });
    for n in 0..5 {
        asker.world.add_message("orders-dead", &format!("m{n}"), "{}");
    }
    asker
}

async fn list(asker: &Asker) -> Value {
    let input = json!({"SourceArn": queue_arn("orders-dead")});
    asker.json("sqs", "ListMessageMoveTasks", input).await.ok()["Results"][0].clone()
}

#[tokio::test]
async fn a_queue_tells_what_waits_and_whose_dead_letters_it_holds() {
    let asker = region().await;
    let url = asker.json("sqs", "GetQueueUrl", json!({"QueueName": "orders-dead"})).await.ok()["QueueUrl"].clone();
    assert_eq!(url, json!(queue_url("orders-dead")));
    let sources = asker.json("sqs", "ListDeadLetterSourceQueues", json!({"QueueUrl": url})).await.ok();
    assert_eq!(sources["queueUrls"], json!([queue_url("orders")]));
    assert_eq!(asker.json("sqs", "ListQueueTags", json!({"QueueUrl": url})).await.ok()["Tags"], json!({"a": "b"}));
    asker.json("sqs", "ReceiveMessage", json!({"QueueUrl": queue_url("orders-dead")})).await.ok();
    asker.world.add_message("orders-dead", "m5", "{}");
    let input =
        json!({"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]});
    let attributes = asker.json("sqs", "GetQueueAttributes", input).await.ok()["Attributes"].clone();
    assert_eq!(attributes, json!({"ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "5"}));
    let input = json!({"QueueUrl": queue_url("orders"), "AttributeNames": ["RedrivePolicy"]});
    let redrive = asker.json("sqs", "GetQueueAttributes", input).await.ok()["Attributes"]["RedrivePolicy"].clone();
    assert!(redrive.as_str().unwrap().contains(&queue_arn("orders-dead")));
    let unknown = asker.json("sqs", "GetQueueUrl", json!({"QueueName": "other"})).await;
    assert_eq!(unknown.error, "AWS.SimpleQueueService.NonExistentQueue;Sender");
}

#[tokio::test]
async fn messages_are_moved_where_they_came_from_as_fast_as_was_said() {
    let asker = region().await;
    let start = json!({"SourceArn": queue_arn("orders-dead"), "MaxNumberOfMessagesPerSecond": 2});
    asker.json("sqs", "StartMessageMoveTask", start.clone()).await.ok();
    let refused = asker.json("sqs", "StartMessageMoveTask", start).await;
    assert_eq!(refused.error, "AWS.SimpleQueueService.UnsupportedOperation;Sender", "one at a time");
    asker.at("2026-03-01T12:00:02Z");
    let task = list(&asker).await;
    assert_eq!((&task["Status"], &task["ApproximateNumberOfMessagesMoved"]), (&json!("RUNNING"), &json!(4)));
    assert!(task["TaskHandle"].is_string());
    assert_eq!((asker.world.queue("orders").letters.len(), asker.world.queue("orders-dead").letters.len()), (4, 1));
    asker.at("2026-03-01T12:00:03Z");
    let task = list(&asker).await;
    assert_eq!((&task["Status"], &task["ApproximateNumberOfMessagesMoved"]), (&json!("COMPLETED"), &json!(5)));
    assert_eq!((asker.world.moves().len(), &asker.world.moves()[0].progress), (1, &Progress::Completed));
}

#[tokio::test]
async fn a_move_that_fails_says_why_and_moves_nothing() {
    let asker = region().await;
    let source = Queue { move_failure: Some("AccessDenied".to_owned()), ..asker.world.queue("orders-dead") };
    asker.world.set_queue("orders-dead", source);
    asker.json("sqs", "StartMessageMoveTask", json!({"SourceArn": queue_arn("orders-dead")})).await.ok();
    let task = list(&asker).await;
    assert_eq!((&task["Status"], &task["FailureReason"]), (&json!("FAILED"), &json!("AccessDenied")));
    assert_eq!(asker.world.queue("orders-dead").letters.len(), 5);
}

#[tokio::test]
async fn nothing_is_moved_out_of_a_queue_that_takes_no_dead_letters() {
    let asker = region().await;
    let start = async |name: &str| asker.json("sqs", "StartMessageMoveTask", json!({"SourceArn": queue_arn(name)})).await.kind();
    assert_eq!(start("orders").await, "InvalidParameterValue");
    assert_eq!(start("other").await, "ResourceNotFoundException");
    assert_eq!(asker.world.moves(), []);
}
