//! The local stack's stand-ins, before a region in the test process instead of the
//! emulator: what they answer, and what they send on.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use testkit::services::automations::Document;
use testkit::services::deployments::{Deployment, Rollout};
use testkit::services::sessions::{END, SHOW, Session};
use testkit::world::{BEGINNING, Progress, Queue, Scalable, Service, World, queue_arn, queue_url, task_definition_arn};
use tests::stack::{Api, StandIns, Target};

const SERVICE: &str = "arn:aws:ecs:eu-west-1:111122223333:service/main/api";

struct Before {
    world: World,
    stand_ins: StandIns,
}

async fn before() -> Before {
    let world = World::new().await;
    world.set_now(BEGINNING);
    let emulator = world.variable("AWS_ENDPOINT_URL").unwrap();
    let stand_ins = StandIns::open().await.unwrap();
    stand_ins.connect(Api::new(emulator.rsplit(':').next().unwrap().parse().unwrap()));
    Before { world, stand_ins }
}

impl Before {
    async fn send(&self, service: &str, path: &str, target: Option<&str>, input: &Value) -> (u16, Value) {
        let signed = format!("AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/{service}/aws4_request, Signature=0");
        let url = format!("http://{}{path}", self.stand_ins.address());
        let mut request = Request::post(url).header("authorization", signed);
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(request.body(Full::new(Bytes::from(input.to_string()))).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn ask(&self, service: &str, operation: &str, input: Value) -> (u16, Value) {
        self.send(service, "/", Some(&format!("Prefix.{operation}")), &input).await
    }

    async fn ok(&self, service: &str, operation: &str, input: Value) -> Value {
        let (status, answer) = self.ask(service, operation, input).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    fn operations(&self) -> Vec<String> {
        self.world.calls().into_iter().map(|call| format!("{} {}", call.service, call.operation)).collect()
    }
}

fn named() -> Value {
    json!({"cluster": "main", "services": ["api"], "include": ["TAGS"]})
}

#[tokio::test]
async fn what_is_not_lacking_is_answered_by_the_emulator_as_it_is() {
    let it = before().await;
    it.world
        .add_service("main/api", Service { desired: 3, tags: [("a".to_owned(), "b".to_owned())].into(), ..Service::default() });
    let described = it.ok("ecs", "DescribeServices", named()).await;
    assert_eq!(described["services"][0]["tags"], json!([{"key": "a", "value": "b"}]));
    let (status, refused) = it.ask("ecs", "UpdateService", json!({"cluster": "main", "service": "other"})).await;
    assert_eq!((status, &refused["__type"]), (400, &json!("ServiceNotFoundException")));
    it.ok("sqs", "GetQueueUrl", json!({"QueueName": "watchkeeper-dead-letters"})).await;
    assert_eq!(it.operations(), ["ecs DescribeServices", "ecs UpdateService", "sqs GetQueueUrl"]);
}

#[tokio::test]
async fn nothing_is_answered_while_the_emulator_is_not_there() {
    let it = Before { world: World::new().await, stand_ins: StandIns::open().await.unwrap() };
    assert_eq!(it.ask("ecs", "DescribeServices", named()).await.0, 503);
}

#[tokio::test]
async fn deployments_are_remembered_behind_a_past_that_the_test_sets() {
    let it = before().await;
    it.world.add_service("main/api", Service { task_definition: "api:2".to_owned(), ..Service::default() });
    let past = Deployment { task_definition: task_definition_arn("api:1"), created_at: BEGINNING, rollout: Rollout::Completed };
    it.stand_ins.ecs.set_past(SERVICE, vec![past]);
    let list = async || it.ok("ecs", "ListServiceDeployments", json!({"cluster": "main", "service": "api"})).await;
    let statuses = |listed: &Value| -> Vec<String> {
        let all = listed["serviceDeployments"].as_array().unwrap().iter();
        all.map(|it| it["status"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(statuses(&list().await), ["SUCCESSFUL", "SUCCESSFUL"]);
    it.world.add_service("main/api", Service { rollout: Rollout::InProgress, ..it.world.service("main/api") });
    it.ok("ecs", "UpdateService", json!({"cluster": "main", "service": "api", "taskDefinition": "api:3"})).await;
    assert_eq!(statuses(&list().await), ["IN_PROGRESS", "SUCCESSFUL", "SUCCESSFUL"]);
    it.world.end_deployment("main/api", Rollout::Completed);
    let listed = list().await;
    assert_eq!(statuses(&listed), ["SUCCESSFUL", "SUCCESSFUL", "SUCCESSFUL"]);
    let arns: Vec<&Value> = (0..3).map(|n| &listed["serviceDeployments"][n]["targetServiceRevisionArn"]).collect();
    let revisions = it.ok("ecs", "DescribeServiceRevisions", json!({"serviceRevisionArns": arns})).await;
    let definitions: Vec<&Value> = (0..3).map(|n| &revisions["serviceRevisions"][n]["taskDefinition"]).collect();
    let expected = ["api:3", "api:2", "api:1"].map(|name| json!(task_definition_arn(name)));
    assert_eq!(definitions, expected.iter().collect::<Vec<_>>());
    assert_eq!(it.stand_ins.ecs.deployments(SERVICE).len(), 3, "none is noted twice");
}

#[tokio::test]
async fn a_service_says_what_it_is_told_to_say_until_it_is_not() {
    let it = before().await;
    it.world.add_service("main/api", Service { desired: 3, ..Service::default() });
    let events = json!([{"id": "1", "createdAt": 1_767_225_600, "message": "(service api) was unable to place a task"}]);
    it.stand_ins.ecs.say("main/api", json!({"events": events}).as_object().unwrap().clone());
    let described = it.ok("ecs", "DescribeServices", named()).await;
    assert_eq!((&described["services"][0]["events"], &described["services"][0]["desiredCount"]), (&events, &json!(3)));
    it.stand_ins.ecs.say("main/api", serde_json::Map::new());
    assert_eq!(it.ok("ecs", "DescribeServices", named()).await["services"][0]["events"], json!([]));
}

#[tokio::test]
async fn messages_are_really_moved() {
    let it = before().await;
    it.world.set_queue("orders", Queue { dead_letters: Some("orders-dead".to_owned()), ..Queue::default() });
    it.world.set_queue("orders-dead", Queue::default());
    for n in 0..25 {
        it.world.add_message("orders-dead", &format!("m{n}"), &format!("order {n}"));
    }
    let sources = it.ok("sqs", "ListDeadLetterSourceQueues", json!({"QueueUrl": queue_url("orders-dead")})).await;
    assert_eq!(sources["queueUrls"], json!([queue_url("orders")]));
    it.ok("sqs", "StartMessageMoveTask", json!({"SourceArn": queue_arn("orders-dead")})).await;
    while it.stand_ins.queues.moves()[0].progress == Progress::Running {
        tokio::task::yield_now().await;
    }
    let listed = it.ok("sqs", "ListMessageMoveTasks", json!({"SourceArn": queue_arn("orders-dead")})).await;
    let task = &listed["Results"][0];
    assert_eq!((&task["Status"], &task["ApproximateNumberOfMessagesMoved"]), (&json!("COMPLETED"), &json!(25)));
    assert_eq!(task["ApproximateNumberOfMessagesToMove"], json!(25));
    let moved: Vec<String> = it.world.queue("orders").letters.into_iter().map(|letter| letter.body).collect();
    assert_eq!(moved, (0..25).map(|n| format!("order {n}")).collect::<Vec<_>>());
    assert_eq!(it.world.queue("orders-dead").letters, []);
    let (_, refused) = it.ask("sqs", "StartMessageMoveTask", json!({"SourceArn": queue_arn("orders")})).await;
    assert_eq!(refused["__type"], "InvalidParameterValue");
    let (_, refused) = it.ask("sqs", "StartMessageMoveTask", json!({"SourceArn": queue_arn("other")})).await;
    assert_eq!(refused["__type"], "ResourceNotFoundException");
}

#[tokio::test]
async fn a_target_moves_the_service_in_the_emulator() {
    let it = before().await;
    it.world.add_service("main/api", Service { desired: 2, scalable: Some(Scalable::new(1, 9)), ..Service::default() });
    let target = |min: u32, max: Option<u32>| {
        let mut input = json!({"ServiceNamespace": "ecs", "ResourceId": "service/main/api", "MinCapacity": min});
        if let Some(max) = max {
            input["MaxCapacity"] = json!(max);
        }
        input
    };
    let (_, refused) = it.ask("application-autoscaling", "RegisterScalableTarget", target(2, None)).await;
    assert_eq!(refused["__type"], "ValidationException");
    it.ok("application-autoscaling", "RegisterScalableTarget", target(2, Some(6))).await;
    it.ok("application-autoscaling", "RegisterScalableTarget", target(3, None)).await;
    assert_eq!(it.world.service("main/api").desired, 3);
    let history = it.stand_ins.scaling.history("service/main/api");
    assert_eq!(history, [Target { min: 2, max: 6 }, Target { min: 3, max: 6 }]);
    let activities =
        it.ok("application-autoscaling", "DescribeScalingActivities", json!({"ResourceId": "service/main/api"})).await;
    assert_eq!(activities["ScalingActivities"][0]["Cause"], json!("minimum capacity was set to 3"));
}

#[tokio::test]
async fn sessions_are_shown_and_ended_and_runbooks_run_without_the_emulator() {
    let it = before().await;
    let session = Session {
        pid: 7,
        user: "app".to_owned(),
        state: "idle".to_owned(),
        backend_start: BEGINNING,
        state_change: BEGINNING,
        application: "api".to_owned(),
        is_superuser: false,
    };
    it.stand_ins.databases.set("cluster", vec![session.clone()]);
    let execute = async |sql: &str, parameters: Value| {
        let input = json!({"resourceArn": "cluster", "secretArn": "secret", "sql": sql, "parameters": parameters});
        it.send("rds-data", "/Execute", None, &input).await.1["records"].clone()
    };
    let shown = execute(SHOW, json!([])).await;
    let whose = json!([{"name": "pid", "value": shown[0][0]}, {"name": "backend_start", "value": shown[0][3]}]);
    assert_eq!(execute(END, whose).await, json!([[{"booleanValue": true}]]));
    assert_eq!((it.stand_ins.databases.ended(), it.stand_ins.databases.sessions("cluster")), (vec![session], vec![]));

    it.stand_ins.runbooks.set("Restart", Document::default());
    let id = it.ok("ssm", "StartAutomationExecution", json!({"DocumentName": "Restart"})).await["AutomationExecutionId"].clone();
    let ended = it.ok("ssm", "GetAutomationExecution", json!({"AutomationExecutionId": id})).await;
    assert_eq!(ended["AutomationExecution"]["AutomationExecutionStatus"], json!("Success"));
    assert_eq!(it.stand_ins.runbooks.executions().len(), 1);
    assert_eq!(it.operations(), Vec::<String>::new());
}
