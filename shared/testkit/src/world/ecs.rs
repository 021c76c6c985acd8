//! ECS: services, and the deployments that change them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{BEGINNING, State, World, arn};
use crate::services::deployments::{self, Deployment, Rollout};
use crate::services::scaling::Scalable;
use crate::wire::{Answer, Call, seconds};

/// The message of a service whose tasks find no place.
const UNABLE: &str = "was unable to place a task because no container instance met all of its requirements.";

/// An ECS service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Tasks wanted.
    pub desired: u32,
    /// How many of them do not run.
    pub missing: u32,
    /// How it may scale; none if nothing scales it.
    pub scalable: Option<Scalable>,
    /// Whether it is `ACTIVE`; `INACTIVE` otherwise.
    pub is_active: bool,
    /// Whether its newest message says that a task finds no place.
    pub is_unplaceable: bool,
    /// The task definition that it is to run, as `family:revision`.
    pub task_definition: String,
    /// Percent of the tasks wanted that run during a deployment, at least.
    pub minimum_healthy_percent: u32,
    /// Percent of the tasks wanted that run during a deployment, at most.
    pub maximum_percent: u32,
    /// Whether a circuit breaker watches deployments, and if so, whether it rolls them
    /// back.
    pub circuit_breaker: Option<bool>,
    /// What becomes of deployments that begin from now on.
    pub rollout: Rollout,
    /// What was deployed so far, the oldest first. If nothing was, the service is
    /// added with one deployment of its task definition.
    pub deployments: Vec<Deployment>,
    /// When it said what, the oldest first.
    pub messages: Vec<(Timestamp, String)>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A change that was made to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUpdate {
    /// The service, as `cluster/service`.
    pub service: String,
    /// How many tasks were asked for.
    pub desired: Option<u32>,
    /// Which task definition was asked for, as it was given.
    pub task_definition: Option<String>,
    /// Whether a new deployment was forced.
    pub is_forced: bool,
}

impl Default for Service {
    /// An active service with no tasks that nothing scales, with ECS's own settings.
    fn default() -> Service {
        Service {
            desired: 0,
            missing: 0,
            scalable: None,
            is_active: true,
            is_unplaceable: false,
            task_definition: "api:1".to_owned(),
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            circuit_breaker: None,
            rollout: Rollout::Completed,
            deployments: Vec::new(),
            messages: Vec::new(),
            tags: BTreeMap::new(),
        }
    }
}

/// The ARN of a task definition that is given as `family:revision`, or by its ARN.
pub fn task_definition_arn(name: &str) -> String {
    if name.starts_with("arn:") { name.to_owned() } else { arn("ecs", &format!("task-definition/{name}")) }
}

/// The ARN of a service `cluster/service`.
pub(super) fn service_arn(name: &str) -> String {
    arn("ecs", &format!("service/{name}"))
}

impl World {
    /// Adds an ECS service `cluster/service`, or changes it.
    pub fn add_service(&self, name: &str, mut service: Service) {
        if service.deployments.is_empty() {
            let task_definition = task_definition_arn(&service.task_definition);
            service.deployments.push(Deployment { task_definition, created_at: BEGINNING, rollout: Rollout::Completed });
        }
        self.state().services.insert(name.to_owned(), service);
    }

    /// An ECS service as it is now.
    pub fn service(&self, name: &str) -> Service {
        self.state().services[name].clone()
    }

    /// Notes that the newest deployment of a service has come to this.
    pub fn end_deployment(&self, name: &str, rollout: Rollout) {
        let mut state = self.state();
        let newest = state.services.get_mut(name).and_then(|service| service.deployments.last_mut());
        newest.expect("a service with a deployment").rollout = rollout;
    }

    /// Notes that a task definition, given as `family:revision`, was deregistered.
    pub fn deregister_task_definition(&self, name: &str) {
        self.state().inactive_task_definitions.push(task_definition_arn(name));
    }

    /// Every change that was made to services so far, in order.
    pub fn service_updates(&self) -> Vec<ServiceUpdate> {
        self.state().service_updates.clone()
    }
}

/// The key of a service that a call names by name or ARN, if its cluster is known.
fn key(state: &State, cluster: &str, service: &str) -> Result<String, Answer> {
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let cluster = if cluster.is_empty() { "default".to_owned() } else { last(cluster) };
    if state.services.keys().any(|key| key.split('/').next() == Some(&cluster)) {
        Ok(format!("{cluster}/{}", last(service)))
    } else {
        Err(Answer::error(400, "ClusterNotFoundException", "Cluster not found."))
    }
}

/// A service that a call asks to do something with.
fn find<'s>(state: &'s mut State, call: &Call) -> Result<(String, &'s mut Service), Answer> {
    let key = key(state, call.text("cluster"), call.text("service"))?;
    match state.services.get_mut(&key) {
        Some(service) => Ok((key, service)),
        None => Err(Answer::error(400, "ServiceNotFoundException", "Service not found.")),
    }
}

pub(super) fn describe(state: &State, call: &Call) -> Answer {
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    let has_tags = call.texts("include").is_some_and(|include| include.contains(&"TAGS"));
    for name in call.texts("services").unwrap_or_default() {
        let key = match key(state, call.text("cluster"), name) {
            Ok(key) => key,
            Err(unknown) => return unknown,
        };
        match state.services.get(&key) {
            Some(service) => services.push(described(&key, service, has_tags)),
            None => failures.push(json!({"arn": service_arn(&key), "reason": "MISSING"})),
        }
    }
    Answer::json(&json!({"services": services, "failures": failures}))
}

fn described(key: &str, service: &Service, has_tags: bool) -> Value {
    let arn = service_arn(key);
    let breaker = json!({
        "enable": service.circuit_breaker.is_some(),
        "rollback": service.circuit_breaker.unwrap_or(false),
    });
    let mut described = json!({
        "serviceArn": arn,
        "serviceName": key.rsplit('/').next(),
        "clusterArn": deployments::cluster_arn(&arn),
        "status": if service.is_active { "ACTIVE" } else { "INACTIVE" },
        "desiredCount": service.desired,
        "runningCount": service.running(),
        "pendingCount": 0,
        "taskDefinition": task_definition_arn(&service.task_definition),
        "deploymentConfiguration": {
            "minimumHealthyPercent": service.minimum_healthy_percent,
            "maximumPercent": service.maximum_percent,
            "deploymentCircuitBreaker": breaker,
        },
        "deployments": service.live(),
        "events": service.events(key),
        "createdAt": seconds(BEGINNING),
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
    });
    if has_tags {
        described["tags"] = service.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    }
    described
}

impl Service {
    fn running(&self) -> u32 {
        self.desired.saturating_sub(self.missing)
    }

    /// The deployments that have tasks, the newest first: the newest is the primary,
    /// and until it is completed the last completed one before it stays.
    fn live(&self) -> Vec<Value> {
        let mut there = self.deployments.iter().enumerate().rev().filter(|(_, it)| it.rollout != Rollout::RolledBack);
        let Some((n, newest)) = there.next() else { return Vec::new() };
        if newest.rollout == Rollout::Completed {
            return vec![self.deployment(n, newest, "PRIMARY", self.running())];
        }
        let mut live = vec![self.deployment(n, newest, "PRIMARY", 0)];
        let before = there.find(|(_, it)| it.rollout == Rollout::Completed);
        live.extend(before.map(|(n, it)| self.deployment(n, it, "ACTIVE", self.running())));
        live
    }

    fn deployment(&self, n: usize, deployment: &Deployment, status: &str, running: u32) -> Value {
        json!({
            "id": deployments::ecs_svc(n),
            "status": status,
            "taskDefinition": deployment.task_definition,
            "desiredCount": self.desired,
            "runningCount": running,
            "pendingCount": 0,
            "failedTasks": 0,
            "createdAt": seconds(deployment.created_at),
            "updatedAt": seconds(deployment.created_at),
            "rolloutState": deployment.rollout.state(),
        })
    }

    /// What it has said, the newest first.
    fn events(&self, key: &str) -> Vec<Value> {
        let name = key.rsplit('/').next().unwrap_or_default();
        let newest = self.messages.last().map_or(BEGINNING, |(at, _)| *at);
        let unable = self.is_unplaceable.then(|| (newest, format!("(service {name}) {UNABLE}")));
        let all = self.messages.iter().cloned().chain(unable).enumerate();
        let event = |(n, (at, message)): (usize, (Timestamp, String))| json!({"id": format!("e0000000-0000-4000-8000-{n:012}"), "createdAt": seconds(at), "message": message});
        let mut events: Vec<Value> = all.map(event).collect();
        events.reverse();
        events
    }

    /// Begins a deployment of what the service is to run now, and says so.
    fn deploy(&mut self, now: Timestamp, key: &str) {
        let name = key.rsplit('/').next().unwrap_or_default();
        let before = self.deployments.last().map(|it| it.task_definition.clone());
        let task_definition = task_definition_arn(&self.task_definition);
        let rollout = self.rollout;
        self.deployments.push(Deployment { task_definition, created_at: now, rollout });
        let id = deployments::ecs_svc(self.deployments.len() - 1);
        match rollout {
            Rollout::Completed => self.messages.push((now, format!("(service {name}) (deployment {id}) deployment completed."))),
            Rollout::InProgress => {}
            Rollout::Failed | Rollout::RolledBack => {
                self.messages
                    .push((now, format!("(service {name}) (deployment {id}) deployment failed: tasks failed to start.")));
            }
        }
        if let (Rollout::RolledBack, Some(before)) = (rollout, before) {
            self.task_definition = before;
        }
    }
}

pub(super) fn update(state: &mut State, call: &Call) -> Answer {
    let now = state.clock();
    let wanted = call.input["taskDefinition"].as_str();
    if wanted.is_some_and(|wanted| state.inactive_task_definitions.contains(&task_definition_arn(wanted))) {
        return Answer::error(400, "ClientException", "TaskDefinition is inactive");
    }
    let (key, service) = match find(state, call) {
        Ok(found) => found,
        Err(unknown) => return unknown,
    };
    if !service.is_active {
        return Answer::error(400, "ServiceNotActiveException", "Service was not ACTIVE.");
    }
    let update = ServiceUpdate {
        service: key.clone(),
        desired: call.number("desiredCount"),
        task_definition: wanted.map(str::to_owned),
        is_forced: call.input["forceNewDeployment"] == true,
    };
    service.desired = update.desired.unwrap_or(service.desired);
    let is_other = wanted.is_some_and(|wanted| task_definition_arn(wanted) != task_definition_arn(&service.task_definition));
    if let Some(wanted) = wanted {
        wanted.clone_into(&mut service.task_definition);
    }
    if is_other || update.is_forced {
        service.deploy(now, &key);
    }
    let described = described(&key, service, true);
    state.service_updates.push(update);
    Answer::json(&json!({"service": described}))
}

pub(super) fn list_deployments(state: &mut State, call: &Call) -> Answer {
    match find(state, call) {
        Ok((key, service)) => deployments::list(&service_arn(&key), &service.deployments, call),
        Err(unknown) => unknown,
    }
}

pub(super) fn describe_revisions(state: &State, call: &Call) -> Answer {
    let services = state.services.iter().map(|(key, service)| (service_arn(key), service.deployments.as_slice()));
    deployments::describe_revisions(services, call)
}
