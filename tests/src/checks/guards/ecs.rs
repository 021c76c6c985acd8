//! The own guards of what is done to ECS services. The partner of each refusal is the
//! case in which the same action acts: it differs in what the guard looks at.

use serde_json::{Value, json};

use super::case::Case;
use super::shared::scale_out;
use super::thing::{Service, task_definition};
use crate::scenes::event;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = scaling();
    cases.extend(new_deployments());
    cases.extend(rollbacks());
    cases
}

fn saying(says: fn(&str) -> Value) -> Service {
    Service { says: Some(says), ..Service::default() }
}

/// A deployment as ECS tells of it.
fn deployment(name: &str, revision: u32, rollout: &str, seconds_old: i64) -> Value {
    json!({
        "id": format!("ecs-svc/{revision}{seconds_old}"),
        "status": "PRIMARY",
        "taskDefinition": task_definition(&format!("{name}:{revision}")),
        "createdAt": event::now_ms() / 1_000 - seconds_old,
        "rolloutState": rollout,
    })
}

fn scaling() -> Vec<Case> {
    let case = |name, service: Service| Case::new(name, scale_out(&json!({})), service.into());
    let no_place = |_: &str| {
        let message = "(service guards) was unable to place a task because no container instance met all of its requirements.";
        json!({"runningCount": 1, "events": [{"id": "1", "message": message}]})
    };
    let up_to = |max| Service { bounds: Some((2, max)), ..Service::default() };
    let unscalable = Service { bounds: None, ..Service::default() };
    let at_most = scale_out(&json!({"parameters": {"add_percent": 50, "max_tasks": 3}}));
    vec![
        case("scale-out-active", saying(|_| json!({"status": "DRAINING"}))).refused("active", "the service is not active"),
        case("scale-out-suspended", Service { is_suspended: true, ..Service::default() })
            .refused("scaling-suspended", "scaling out is suspended on the scalable target"),
        case("scale-out-deployment", saying(|name| json!({"deployments": [deployment(name, 1, "IN_PROGRESS", 5)]})))
            .refused("deployment", "a deployment is in progress"),
        case("scale-out-placement", saying(no_place))
            .refused("placement", "1 of 2 tasks run and ECS cannot place more: no container instance met all"),
        case("scale-out-headroom", up_to(2)).refused("headroom", "no headroom: 2 tasks run"),
        case("scale-out-headroom-allows", up_to(3)).puts_back("from 2 to 3", &["from 3 to 3", "from 2 to 3"]),
        case("scale-out-no-target", unscalable.clone()).refused("scalable-target", "the service has no scalable target"),
        Case::new("scale-out-by-count", at_most, unscalable.into())
            .puts_back("raise the desired count of", &["3 tasks of revision 1", "2 tasks of revision 1"]),
    ]
}

fn new_deployments() -> Vec<Case> {
    let anew = |parameters: Value| json!({"action": "ecs-new-deployment", "parameters": parameters});
    let case = |name, parameters, service: Service| Case::new(name, anew(parameters), service.into());
    vec![
        case("new-deployment-min-age", json!({"min_age": "1m"}), Service::default()).refused("min-age", "less than 1 min ago"),
        case("new-deployment-acts", json!({"min_age": "0s"}), Service::default())
            .acts("replace the tasks of", &["2 tasks of revision 1", "revision 1 deployed"]),
        case("new-deployment-controller", json!({}), saying(|_| json!({"deployments": []})))
            .refused("controller", "something else deploys it"),
        case("new-deployment-tasks", json!({"min_age": "0s"}), Service { tasks: 0, bounds: None, ..Service::default() })
            .refused("tasks", "no task is wanted"),
    ]
}

fn rollbacks() -> Vec<Case> {
    let back = json!({"action": "ecs-rollback", "parameters": {"deployed_within": "5m"}});
    let case = |name, service: Service| Case::new(name, back.clone(), service.into());
    // The second revision was deployed just now; an hour ago this ran.
    let after = |ran| Service { revision: 2, ran: Some(ran), ..Service::default() };
    let failing = |name: &str| {
        let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}});
        json!({"deployments": [deployment(name, 2, "FAILED", 5)], "deploymentConfiguration": breaker})
    };
    let old = |name: &str| json!({"deployments": [deployment(name, 2, "COMPLETED", 330)]});
    vec![
        case("rollback-acts", after("own:1"))
            .acts("roll guards/guards-rollback-acts back from", &["2 tasks of revision 1", "revision 1 deployed"]),
        case("rollback-too-late", Service { says: Some(old), ..after("own:1") })
            .refused("cause", "more than 5 min before the alarm did"),
        case("rollback-no-cause", after("own:1")).minutes_old(2).refused("cause", "after the alarm did"),
        case("rollback-own", Service { says: Some(failing), ..after("own:1") })
            .refused("own-rollback", "ECS itself rolls it back"),
        case("rollback-last-steady", Service { revision: 2, ..Service::default() })
            .refused("last-steady", "no earlier deployment is known that was steady"),
        case("rollback-same", after("own:2")).refused("same-definition", "it did not change the task definition"),
        case("rollback-of-rollback", after("own:3")).refused("rolled-back", "the last deployment was a rollback itself"),
        case("rollback-family", after("other:1")).refused("family", "which is of another family"),
    ]
}
