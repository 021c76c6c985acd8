//! ECS and Application Auto Scaling.

use serde_json::{Value, json};
use testkit::services::deployments::Rollout;
use testkit::world::{Scalable, Service, ServiceUpdate, task_definition_arn};

use crate::client::Asker;

async fn region(service: Service) -> Asker {
    let asker = Asker::new("2026-03-01T12:00:00Z").await;
    asker.world.add_service("main/api", service);
    asker
}

async fn described(asker: &Asker) -> Value {
    let input = json!({"cluster": "main", "services": ["api"], "include": ["TAGS"]});
    asker.json("ecs", "DescribeServices", input).await.ok()["services"][0].clone()
}

async fn update(asker: &Asker, mut change: Value) -> Value {
    change["cluster"] = json!("main");
    change["service"] = json!("api");
    asker.json("ecs", "UpdateService", change).await.ok()["service"].clone()
}

/// The deployments that are there: whether primary, of which revision, how far.
fn deployments(service: &Value) -> Vec<String> {
    let part = |it: &Value, name: &str| it[name].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let all = service["deployments"].as_array().unwrap().iter();
    all.map(|it| format!("{} {} {}", part(it, "status"), part(it, "taskDefinition"), part(it, "rolloutState"))).collect()
}

#[tokio::test]
async fn a_number_of_tasks_is_set_without_a_deployment() {
    let asker = region(Service { desired: 2, ..Service::default() }).await;
    let updated = update(&asker, json!({"desiredCount": 5})).await;
    assert_eq!((&updated["desiredCount"], &updated["runningCount"]), (&json!(5), &json!(5)));
    assert_eq!(deployments(&updated), ["PRIMARY api:1 COMPLETED"]);
    let update = ServiceUpdate { service: "main/api".to_owned(), desired: Some(5), task_definition: None, is_forced: false };
    assert_eq!(asker.world.service_updates(), [update]);
}

#[tokio::test]
async fn a_deployment_that_stays_under_way_leaves_the_one_before_in_place() {
    let asker = region(Service { desired: 2, rollout: Rollout::InProgress, ..Service::default() }).await;
    update(&asker, json!({"taskDefinition": "api:2"})).await;
    let under_way = described(&asker).await;
    assert_eq!(deployments(&under_way), ["PRIMARY api:2 IN_PROGRESS", "ACTIVE api:1 COMPLETED"]);
    assert_eq!(under_way["deployments"][0]["createdAt"], json!(1_772_366_400.0));
    assert_eq!(under_way["taskDefinition"], json!(task_definition_arn("api:2")));
    asker.world.end_deployment("main/api", Rollout::Completed);
    assert_eq!(deployments(&described(&asker).await), ["PRIMARY api:2 COMPLETED"]);
}

#[tokio::test]
async fn a_deployment_that_is_rolled_back_leaves_the_task_definition_as_it_was() {
    let asker =
        region(Service { desired: 2, rollout: Rollout::RolledBack, circuit_breaker: Some(true), ..Service::default() }).await;
    update(&asker, json!({"taskDefinition": "api:2"})).await;
    let service = described(&asker).await;
    assert_eq!(deployments(&service), ["PRIMARY api:1 COMPLETED"]);
    assert_eq!(service["taskDefinition"], json!(task_definition_arn("api:1")));
    let breaker = &service["deploymentConfiguration"]["deploymentCircuitBreaker"];
    assert_eq!(*breaker, json!({"enable": true, "rollback": true}));
}

#[tokio::test]
async fn deployments_are_listed_newest_first_by_state_and_by_time() {
    let asker = region(Service::default()).await;
    update(&asker, json!({"taskDefinition": "api:2"})).await;
    asker.at("2026-03-01T13:00:00Z");
    update(&asker, json!({"forceNewDeployment": true})).await;
    asker.world.end_deployment("main/api", Rollout::Failed);
    let list = async |filter: Value| {
        let mut input = json!({"cluster": "main", "service": "api"});
        input.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
        asker.json("ecs", "ListServiceDeployments", input).await.ok()
    };
    let statuses = |answer: &Value| -> Vec<String> {
        let all = answer["serviceDeployments"].as_array().unwrap().iter();
        all.map(|it| it["status"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(statuses(&list(json!({})).await), ["STOPPED", "SUCCESSFUL", "SUCCESSFUL"]);
    assert_eq!(statuses(&list(json!({"status": ["SUCCESSFUL"]})).await), ["SUCCESSFUL", "SUCCESSFUL"]);
    let in_march = json!({"createdAt": {"after": 1_772_323_200, "before": 1_772_366_400.0}});
    assert_eq!(statuses(&list(in_march).await), ["SUCCESSFUL"]);
    let first = list(json!({"maxResults": 2})).await;
    assert_eq!(statuses(&first), ["STOPPED", "SUCCESSFUL"]);
    let rest = list(json!({"maxResults": 2, "nextToken": first["nextToken"]})).await;
    assert_eq!((statuses(&rest).len(), rest.get("nextToken")), (1, None));

    let revisions = list(json!({})).await;
    let arns: Vec<&Value> = (0..3).map(|n| &revisions["serviceDeployments"][n]["targetServiceRevisionArn"]).collect();
    let answer =
        asker.json("ecs", "DescribeServiceRevisions", json!({"serviceRevisionArns": [arns[2], arns[1], "unknown"]})).await.ok();
    let definitions: Vec<&Value> = (0..2).map(|n| &answer["serviceRevisions"][n]["taskDefinition"]).collect();
    assert_eq!(definitions, [&json!(task_definition_arn("api:1")), &json!(task_definition_arn("api:2"))]);
    assert_eq!(answer["failures"], json!([{"arn": "unknown", "reason": "MISSING"}]));
}

#[tokio::test]
async fn what_is_not_there_or_not_active_is_not_changed() {
    let asker = region(Service { is_active: false, ..Service::default() }).await;
    let kind = async |cluster: &str, service: &str, definition: &str| {
        let input = json!({"cluster": cluster, "service": service, "taskDefinition": definition});
        asker.json("ecs", "UpdateService", input).await.kind()
    };
    assert_eq!(kind("main", "api", "api:2").await, "ServiceNotActiveException");
    assert_eq!(kind("main", "other", "api:2").await, "ServiceNotFoundException");
    assert_eq!(kind("other", "api", "api:2").await, "ClusterNotFoundException");
    asker.world.deregister_task_definition("api:3");
    assert_eq!(kind("main", "api", &task_definition_arn("api:3")).await, "ClientException");
    assert_eq!(asker.world.service_updates(), []);
    let missing = asker.json("ecs", "DescribeServices", json!({"cluster": "main", "services": ["other"]})).await.ok();
    assert_eq!(missing["failures"][0]["reason"], json!("MISSING"));
}

#[tokio::test]
async fn the_newest_message_says_that_a_task_finds_no_place() {
    let messages = vec![(testkit::world::BEGINNING, "(service api) has reached a steady state.".to_owned())];
    let asker = region(Service { desired: 4, missing: 1, is_unplaceable: true, messages, ..Service::default() }).await;
    let service = described(&asker).await;
    assert!(service["events"][0]["message"].as_str().unwrap().contains("unable to place a task"));
    assert!(service["events"][1]["message"].as_str().unwrap().contains("steady state"));
    assert_eq!((&service["desiredCount"], &service["runningCount"]), (&json!(4), &json!(3)));
}

#[tokio::test]
async fn a_scalable_target_moves_its_service_and_says_so() {
    let scalable = Some(Scalable { is_out_suspended: true, ..Scalable::new(2, 10) });
    let asker = region(Service { desired: 4, scalable, ..Service::default() }).await;
    let ask = async |operation: &str, mut input: Value| {
        input["ServiceNamespace"] = json!("ecs");
        asker.json("application-autoscaling", operation, input).await
    };
    ask("RegisterScalableTarget", json!({"ResourceId": "service/main/api", "MinCapacity": 6})).await.ok();
    let targets = ask("DescribeScalableTargets", json!({"ResourceIds": ["service/main/api"]})).await.ok();
    let target = &targets["ScalableTargets"][0];
    assert_eq!((&target["MinCapacity"], &target["MaxCapacity"]), (&json!(6), &json!(10)));
    assert_eq!(target["SuspendedState"]["DynamicScalingOutSuspended"], json!(true));
    assert_eq!((asker.world.service("main/api").desired, asker.world.minimums()), (6, vec![("main/api".to_owned(), 6)]));
    asker.world.add_not_scaled("main/api", "AlreadyAtMaxCapacity");
    let activities = async |all: bool| {
        let input = json!({"ResourceId": "service/main/api", "IncludeNotScaledActivities": all});
        ask("DescribeScalingActivities", input).await.ok()["ScalingActivities"].clone()
    };
    assert_eq!(activities(false).await[0]["Cause"], json!("minimum capacity was set to 6"));
    assert_eq!(activities(true).await[0]["NotScaledReasons"], json!([{"Code": "AlreadyAtMaxCapacity"}]));
    let too_much = ask("RegisterScalableTarget", json!({"ResourceId": "service/main/api", "MinCapacity": 11})).await;
    assert_eq!(too_much.kind(), "ValidationException");
}

#[tokio::test]
async fn a_service_that_nothing_scales_has_no_target() {
    let asker = region(Service { desired: 4, ..Service::default() }).await;
    let input = json!({"ServiceNamespace": "ecs", "ResourceIds": ["service/main/api"]});
    let targets = asker.json("application-autoscaling", "DescribeScalableTargets", input).await.ok();
    assert_eq!(targets["ScalableTargets"], json!([]));
    let input = json!({"ServiceNamespace": "ecs", "ResourceId": "service/main/api", "MinCapacity": 6});
    assert_eq!(asker.json("application-autoscaling", "RegisterScalableTarget", input).await.kind(), "ValidationException");
}
