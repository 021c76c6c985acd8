//! ECS: remembers what was deployed when, which the emulator does not, by looking at
//! what it answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hyper::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use testkit::services::deployments::{self, Deployment, Rollout};
use testkit::wire::{Answer, Call};

use super::Emulator;
use crate::stack::{Outcome, workload};

/// What ECS remembers of services, and what it is to say of them.
#[derive(Debug, Clone)]
pub struct Ecs {
    emulator: Emulator,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// By the service's ARN.
    histories: BTreeMap<String, History>,
    /// What is said of a service, whatever the emulator says, by `CLUSTER/SERVICE`.
    said: BTreeMap<String, Map<String, Value>>,
    /// Every update of a service, by its ARN.
    updates: Vec<(String, Update)>,
}

/// What a service came to by an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// How many tasks are wanted.
    pub desired: u64,
    /// ARN of the task definition.
    pub task_definition: String,
}

/// The deployments of a service, the oldest first.
#[derive(Debug, Default)]
struct History {
    deployments: Vec<Deployment>,
    /// How the emulator calls each; nothing of those that a test has made up.
    ids: Vec<Option<String>>,
}

impl Ecs {
    pub(super) fn new(emulator: &Emulator) -> Ecs {
        Ecs { emulator: emulator.clone(), state: Arc::default() }
    }

    /// Sets what was deployed of a service, which is given by its ARN, before anybody
    /// looked; the oldest first.
    pub fn set_past(&self, service_arn: &str, past: Vec<Deployment>) {
        let mut state = self.state();
        let history = state.histories.entry(service_arn.to_owned()).or_default();
        history.ids.splice(0..0, past.iter().map(|_| None));
        history.deployments.splice(0..0, past);
    }

    /// What was deployed of a service, which is given by its ARN, as far as it was seen;
    /// the oldest first.
    pub fn deployments(&self, service_arn: &str) -> Vec<Deployment> {
        self.state().histories.get(service_arn).map(|history| history.deployments.clone()).unwrap_or_default()
    }

    /// What a service, which is given by its ARN, came to by updates, in order. Whoever
    /// asks the emulator itself is not seen here.
    pub fn updates(&self, service_arn: &str) -> Vec<Update> {
        self.state().updates.iter().filter(|(arn, _)| arn == service_arn).map(|(_, update)| update.clone()).collect()
    }

    /// Has `DescribeServices` say this of a service `CLUSTER/SERVICE`, instead of what
    /// the emulator says under the same names: that it is being deployed, or that a
    /// task finds no place. With nothing, it says again what is so.
    pub fn say(&self, service: &str, fields: Map<String, Value>) {
        self.state().said.insert(service.to_owned(), fields);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn answer(&self, call: &Call) -> Option<Answer> {
        match call.operation.as_str() {
            "ListServiceDeployments" => Some(match self.look_again(call).await {
                Ok(Some(arn)) => deployments::list(&arn, &self.deployments(&arn), call),
                Ok(None) => Answer::error(400, "ServiceNotFoundException", "Service not found."),
                Err(why) => Answer::error(400, "ClientException", &why),
            }),
            "DescribeServiceRevisions" => {
                let state = self.state();
                let all = state.histories.iter().map(|(arn, history)| (arn.clone(), history.deployments.as_slice()));
                Some(deployments::describe_revisions(all, call))
            }
            _ => None,
        }
    }

    /// Asks the emulator how a service is; gives its ARN if there is one.
    async fn look_again(&self, call: &Call) -> Outcome<Option<String>> {
        let input = json!({"cluster": call.input["cluster"], "services": [call.input["service"]]});
        let answer = self.emulator.api()?.json("ecs", workload::ECS, "DescribeServices", &input).await?;
        let service = &answer["services"][0];
        self.state().note(service);
        Ok(service["serviceArn"].as_str().map(str::to_owned))
    }

    /// Looks at what the emulator answers. Only a description in which something else is
    /// to be said comes out otherwise than it came in.
    pub(super) fn look(&self, operation: &str, response: Response<Bytes>) -> Response<Bytes> {
        let mut answer: Value = match serde_json::from_slice(response.body()) {
            Ok(answer) if matches!(operation, "CreateService" | "UpdateService" | "DescribeServices") => answer,
            _ => return response,
        };
        let mut state = self.state();
        state.note(&answer["service"]);
        if operation == "UpdateService" {
            state.note_update(&answer["service"]);
        }
        let mut is_other = false;
        for service in answer["services"].as_array_mut().into_iter().flatten() {
            state.note(service);
            is_other |= state.overlay(service);
        }
        if is_other { response.map(|_| Bytes::from(answer.to_string())) } else { response }
    }
}

impl State {
    /// Notes the deployments of a service that are there.
    fn note(&mut self, service: &Value) {
        let (Some(arn), Some(there)) = (service["serviceArn"].as_str(), service["deployments"].as_array()) else { return };
        let history = self.histories.entry(arn.to_owned()).or_default();
        for deployment in there.iter().rev() {
            history.note(deployment);
        }
        // One that is gone before it was completed was stopped by the next.
        for (id, known) in history.ids.iter().zip(&mut history.deployments) {
            let is_there = id.as_ref().is_none_or(|id| there.iter().any(|it| it["id"] == id.as_str()));
            if !is_there && known.rollout == Rollout::InProgress {
                known.rollout = Rollout::Failed;
            }
        }
    }

    fn note_update(&mut self, service: &Value) {
        let Some(arn) = service["serviceArn"].as_str() else { return };
        let desired = service["desiredCount"].as_u64().unwrap_or_default();
        let task_definition = service["taskDefinition"].as_str().unwrap_or_default().to_owned();
        self.updates.push((arn.to_owned(), Update { desired, task_definition }));
    }

    /// Says what is to be said of a service; tells whether that is anything.
    fn overlay(&self, service: &mut Value) -> bool {
        let name = service["serviceArn"].as_str().and_then(|arn| arn.split_once(":service/")).map(|(_, name)| name);
        let said = name.and_then(|name| self.said.get(name)).filter(|fields| !fields.is_empty()).cloned();
        match (said, service.as_object_mut()) {
            (Some(fields), Some(service)) => {
                service.extend(fields);
                true
            }
            _ => false,
        }
    }
}

impl History {
    fn note(&mut self, deployment: &Value) {
        let Some(id) = deployment["id"].as_str() else { return };
        let rollout = match deployment["rolloutState"].as_str() {
            Some("IN_PROGRESS") => Rollout::InProgress,
            Some("FAILED") => Rollout::Failed,
            _ => Rollout::Completed,
        };
        if let Some(known) = self.ids.iter().position(|known| known.as_deref() == Some(id)) {
            self.deployments[known].rollout = rollout;
            return;
        }
        let created = SignedDuration::from_secs_f64(deployment["createdAt"].as_f64().unwrap_or_default());
        let task_definition = deployment["taskDefinition"].as_str().unwrap_or_default().to_owned();
        self.ids.push(Some(id.to_owned()));
        self.deployments.push(Deployment { task_definition, created_at: Timestamp::UNIX_EPOCH + created, rollout });
    }
}
