//! One target with its remediation, and what stands around it.

mod connections;
mod crowd;
mod ecs_deployments;
mod guards;
mod lambda_concurrency;
mod laws;
mod model;
mod report;
mod sim;
mod sqs_redrive;
mod ssm_runbook;
mod stages;
mod table;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::action::{DbCluster, DbFacts, Deployment, EcsFacts, RdsConnectionResetPlan, Scalable, Sessions};
use super::guard::Facts;
use super::step::{Act, ActResult, Change, Situation, Step, acted, step};
use super::{Actions, Lease, Outcome, Plan, Remedy, Stage, TargetFacts};
use crate::alert::AlertState;
use crate::control::{Control, PolicyInForce, Stop};
use crate::incident::{AlertRecord, Incident};
use crate::policy::Policy;
use crate::script::{self, Script};
use crate::span::Span;

/// One target with its remediation, and what stands around it.
struct World {
    now: Timestamp,
    policy: Policy,
    control: Control,
    incident: Incident,
    members: Vec<AlertRecord>,
    remedy: Remedy,
    version: u64,
    clock: i64,
    facts: Facts,
    acts: Vec<Act>,
    notes: Vec<String>,
    /// RDS does not tell of restarts.
    is_silent: bool,
}

fn scale_out(change: impl FnOnce(&mut Value)) -> Value {
    let mut content = json!({"name": "mend", "matchers": ["alertname=\"hot\""], "action": "ecs-scale-out", "mode": "act"});
    change(&mut content);
    content
}

fn reset(change: impl FnOnce(&mut Value)) -> Value {
    let mut content = json!({"name": "mend", "matchers": ["alertname=\"hot\""], "action": "rds-connection-reset",
        "mode": "act", "approval": "none", "parameters": {"force_failover": true}});
    change(&mut content);
    content
}

fn managed() -> BTreeMap<String, String> {
    [("watchkeeper".to_owned(), "managed".to_owned())].into()
}

fn deployment(is_in_progress: bool) -> Deployment {
    Deployment { task_definition: "api:2".into(), created_at: Timestamp::UNIX_EPOCH, is_in_progress, failure: None }
}

fn ecs() -> EcsFacts {
    EcsFacts {
        is_active: true,
        desired: 4,
        running: 4,
        deployments: vec![deployment(false)],
        placement_failure: None,
        minimum_healthy_percent: 100,
        rolls_back_failures: false,
        tags: managed(),
        scalable: Some(Scalable { min: 2, max: 8, is_out_suspended: false }),
        last_steady: None,
        is_rolling_back: false,
        not_scaled: None,
    }
}

/// A deployment that is over as soon as it begins.
fn deploy(ecs: &mut EcsFacts, task_definition: &str, now: Timestamp) {
    ecs.deployments = vec![Deployment { task_definition: task_definition.to_owned(), created_at: now, ..deployment(false) }];
    ecs.running = ecs.desired;
}

fn db() -> DbFacts {
    DbFacts {
        status: "available".into(),
        is_multi_az: true,
        pending: Vec::new(),
        cluster: None,
        restarted_at: None,
        sessions: Sessions::NotAsked,
        tags: managed(),
    }
}

/// A cluster of so many instances, of which `db` writes.
fn cluster(n_instances: usize) -> DbCluster {
    DbCluster {
        name: "c".into(),
        arn: "arn:aws:rds:eu-west-1:123456789012:cluster:c".into(),
        status: "available".into(),
        engine: "aurora-postgresql".into(),
        n_instances,
        writer: Some("db".into()),
        has_http_endpoint: true,
        failed_over_at: None,
        tags: managed(),
    }
}

impl World {
    fn new(remediation: &Value, target: TargetFacts) -> World {
        let policy = script::policy(|content| content["remediations"] = json!([remediation]));
        let mut script = Script::new(policy);
        let labels = [("group", "g"), ("ClusterName", "main"), ("ServiceName", "api"), ("DBInstanceIdentifier", "db")];
        let more = [("FunctionName", "resize"), ("QueueName", "orders-dlq")];
        script.fires("hot", &[labels.as_slice(), &more].concat());
        let (incident, remedy) = script.first_remedy();
        let remedy_clock = remedy.clock;
        let lease = Lease::free(remedy.target.clone().unwrap());
        World {
            now: script.now(),
            control: Control {
                policy: Some(PolicyInForce { version: "1".into(), previous: None, installed_at: script.now() }),
                ..Control::default()
            },
            members: script.members(),
            policy: script.policy().clone(),
            incident,
            remedy,
            version: 1,
            clock: remedy_clock,
            facts: Facts { target, lease, actions: Actions::default() },
            acts: Vec::new(),
            notes: Vec::new(),
            is_silent: false,
        }
    }

    fn situation(&self) -> Situation<'_> {
        Situation {
            now: self.now,
            policy: &self.policy,
            control: &self.control,
            incident: &self.incident,
            members: &self.members,
            remedy: &self.remedy,
            version: self.version,
            clock: self.clock,
        }
    }

    fn store(&mut self, change: Change) -> Option<Act> {
        self.remedy = change.remedy;
        self.version += 1;
        if let Some(lease) = change.lease {
            self.facts.lease = lease;
        }
        if let Some(actions) = change.actions {
            self.facts.actions = actions;
        }
        self.notes.extend(change.entries.into_iter().map(|entry| entry.text));
        change.act
    }

    /// The target does as it is told.
    fn act(&mut self, act: Act) {
        match (&act.plan, &mut self.facts.target) {
            (Plan::EcsScaleOut(plan), TargetFacts::EcsScaleOut(ecs)) => {
                let min = if act.is_undoing { plan.before } else { plan.after };
                ecs.running = ecs.running.max(min);
                match &mut ecs.scalable {
                    Some(scalable) => scalable.min = min,
                    None => ecs.desired = min,
                }
            }
            (Plan::EcsNewDeployment(plan), TargetFacts::EcsNewDeployment(ecs)) => deploy(ecs, &plan.task_definition, self.now),
            (Plan::EcsRollback(plan), TargetFacts::EcsRollback(ecs)) => deploy(ecs, &plan.to, self.now),
            (Plan::LambdaConcurrency(plan), TargetFacts::LambdaConcurrency(lambda)) => {
                lambda.reserved = if act.is_undoing { plan.before } else { Some(plan.after) };
            }
            (Plan::SqsRedrive(_), TargetFacts::SqsRedrive(queue)) => queue.moves.push(sqs_redrive::begun(self.now)),
            (Plan::SsmRunbook(_), TargetFacts::SsmRunbook(runbook)) => runbook.execution = Some(ssm_runbook::begun()),
            (Plan::RdsConnectionReset(RdsConnectionResetPlan::Sessions(plan)), TargetFacts::RdsConnectionReset(db)) => {
                if let Sessions::Listed(sessions) = &mut db.sessions {
                    sessions.retain(|session| !plan.sessions.iter().any(|ended| ended.id == *session.id()));
                }
            }
            (Plan::RdsConnectionReset(_), TargetFacts::RdsConnectionReset(db)) => {
                db.restarted_at = (!self.is_silent).then_some(self.now);
                if let Sessions::Listed(sessions) = &mut db.sessions {
                    sessions.clear();
                }
            }
            (plan, target) => panic!("{plan:?} on {target:?}"),
        }
        self.acts.push(act);
    }

    /// One tick; gives when the next is due.
    fn tick(&mut self) -> Option<Timestamp> {
        let mut looked = false;
        for _ in 0..10 {
            let facts = looked.then(|| self.facts.clone());
            match step(self.situation(), facts.as_ref()) {
                Step::Done => return None,
                Step::Wait(until) => return Some(until),
                Step::Look(look) => {
                    assert!(!looked, "looked twice in a row at {}", look.target);
                    looked = true;
                }
                Step::Change(change) => {
                    looked = false;
                    if let Some(act) = self.store(*change) {
                        self.act(act);
                        let change = acted(self.situation(), &self.facts.lease, &ActResult::Done).unwrap();
                        assert_eq!(self.store(change), None);
                    }
                }
            }
        }
        panic!("the tick does not end: {:?}", self.remedy.stage)
    }

    /// Claims the target and stores that the act is begun; gives the act.
    fn begins(&mut self) -> Act {
        for wanted in ["claimed", "acting"] {
            assert!(matches!(step(self.situation(), None), Step::Look(_)), "should look");
            let Step::Change(change) = step(self.situation(), Some(&self.facts.clone())) else { panic!("should change") };
            let act = self.store(*change);
            assert_eq!(self.remedy.stage.word(), wanted);
            if let Some(act) = act {
                return act;
            }
        }
        panic!("nothing was begun");
    }

    /// The same at the next step, when this one is passed over.
    fn begins_after_passing_over(&mut self) -> Act {
        let Step::Change(change) = step(self.situation(), Some(&self.facts.clone())) else { panic!("should pass over") };
        self.store(*change);
        assert_eq!(self.remedy.step, 1);
        self.begins()
    }

    fn tick_after(&mut self, span: Span) -> Option<Timestamp> {
        self.now = span.after(self.now);
        self.tick()
    }

    fn recovers(&mut self) {
        self.changes_to(AlertState::Ok);
    }

    fn changes_to(&mut self, state: AlertState) {
        self.now = Span::seconds(1).after(self.now);
        for member in &mut self.members {
            let mut next = member.history.newest().unwrap().clone();
            (next.state, next.state_at, next.claimed_at, next.received_at) = (state, self.now, self.now, self.now);
            member.history.add(next);
        }
    }

    /// A tick that is killed around its act, if it has one: just before it, or
    /// just after it and before that is noted.
    fn tick_killed(&mut self, acted: bool) {
        let mut looked = false;
        for _ in 0..10 {
            let facts = looked.then(|| self.facts.clone());
            match step(self.situation(), facts.as_ref()) {
                Step::Done | Step::Wait(_) => return,
                Step::Look(_) => looked = true,
                Step::Change(change) => {
                    looked = false;
                    if let Some(act) = self.store(*change) {
                        if acted {
                            self.act(act);
                        }
                        return;
                    }
                }
            }
        }
    }

    fn outcome(&self) -> &Outcome {
        match &self.remedy.stage {
            Stage::Over { outcome, .. } => outcome,
            stage => panic!("not over: {stage:?}"),
        }
    }

    fn refusal(mut self) -> String {
        self.tick();
        assert!(self.acts.is_empty(), "a refused action acted");
        match self.outcome() {
            Outcome::Refused { refusal } => refusal.to_string(),
            outcome => panic!("not refused: {outcome:?}"),
        }
    }

    fn acts_once(mut self) -> bool {
        self.tick();
        self.acts.len() == 1
    }
}

fn hot_service() -> World {
    World::new(&scale_out(|_| {}), TargetFacts::EcsScaleOut(ecs()))
}

fn hot_database() -> World {
    World::new(&reset(|_| {}), TargetFacts::RdsConnectionReset(db()))
}

fn ecs_of(world: &mut World) -> &mut EcsFacts {
    match &mut world.facts.target {
        TargetFacts::EcsScaleOut(ecs) | TargetFacts::EcsNewDeployment(ecs) | TargetFacts::EcsRollback(ecs) => ecs,
        target => panic!("{target:?}"),
    }
}

fn db_of(world: &mut World) -> &mut DbFacts {
    match &mut world.facts.target {
        TargetFacts::RdsConnectionReset(db) => db,
        target => panic!("{target:?}"),
    }
}

fn stop(world: &World) -> Stop {
    Stop { by: "ann".into(), at: world.now, why: "drill".into() }
}
