//! Lambda and EventBridge.

use hyper::Method;
use serde_json::json;
use testkit::world::Setup;

use crate::client::Asker;

async fn region() -> Asker {
    let asker = Asker::new("2026-03-01T12:00:00Z").await;
    asker.world.set_up_function("api", Setup::default());
    asker.world.set_up_function("jobs", Setup { reserved: Some(300), tags: [("a".to_owned(), "b".to_owned())].into() });
    asker
}

#[tokio::test]
async fn a_function_tells_what_is_reserved_for_it() {
    let asker = region().await;
    let get =
        async |name: &str| asker.send(Method::GET, "lambda", &format!("/2015-03-31/functions/{name}"), None, String::new()).await;
    let jobs = get("jobs").await.ok();
    assert_eq!(jobs["Concurrency"], json!({"ReservedConcurrentExecutions": 300}));
    assert_eq!(jobs["Tags"], json!({"a": "b"}));
    assert_eq!(get("arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Aapi").await.ok().get("Concurrency"), None);
    let other = get("other").await;
    assert_eq!((other.status, other.error.as_str()), (404, "ResourceNotFoundException"));
    let settings = asker.send(Method::GET, "lambda", "/2016-08-19/account-settings", None, String::new()).await.ok();
    let limit = &settings["AccountLimit"];
    assert_eq!((&limit["ConcurrentExecutions"], &limit["UnreservedConcurrentExecutions"]), (&json!(1_000), &json!(700)));
}

#[tokio::test]
async fn a_hundred_are_left_for_those_who_reserve_nothing() {
    let asker = region().await;
    let path = "/2017-10-31/functions/api/concurrency";
    let put = async |n: u32| {
        let body = json!({"ReservedConcurrentExecutions": n}).to_string();
        asker.send(Method::PUT, "lambda", path, None, body).await
    };
    let too_many = put(601).await;
    assert_eq!((too_many.status, too_many.error.as_str()), (400, "InvalidParameterValueException"));
    assert_eq!(put(600).await.ok(), json!({"ReservedConcurrentExecutions": 600}));
    assert_eq!(put(500).await.status, 200, "what it has itself is not in the way");
    assert_eq!(asker.send(Method::DELETE, "lambda", path, None, String::new()).await.status, 204);
    let api = || "api".to_owned();
    assert_eq!(asker.world.reservations(), [(api(), Some(600)), (api(), Some(500)), (api(), None)]);
    assert_eq!(asker.world.setup("api").reserved, None);
}

#[tokio::test]
async fn events_are_taken_one_by_one() {
    let asker = region().await;
    let put = async |entries: serde_json::Value| asker.json("events", "PutEvents", json!({"Entries": entries})).await;
    let good = json!({"Source": "watchkeeper", "DetailType": "Done", "Detail": "{\"a\":1}", "EventBusName": "ops"});
    let foreign = json!({"Source": "aws.ecs", "DetailType": "Done", "Detail": "{}"});
    let answer = put(json!([good, foreign])).await.ok();
    assert_eq!(
        (&answer["FailedEntryCount"], &answer["Entries"][1]["ErrorCode"]),
        (&json!(1), &json!("NotAuthorizedForSourceException"))
    );
    let events = asker.world.bus_events();
    assert_eq!((events.len(), events[0].bus.as_str(), &events[0].detail), (1, "ops", &json!({"a": 1})));
    asker.world.fail_events(Some("ThrottlingException"));
    assert_eq!(put(json!([good])).await.ok()["Entries"][0]["ErrorCode"], json!("ThrottlingException"));
    assert_eq!(asker.world.bus_events().len(), 1);
    assert_eq!(put(json!([])).await.kind(), "ValidationException");
}
