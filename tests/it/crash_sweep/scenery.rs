//! What there is to mend, and the standing orders for it: the same in every story.

use std::collections::BTreeMap;

use crate::play::Play;
use crate::stage::{TOPICS, orders};
use domain::span::Span;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::events::alarm;
use testkit::services::automations::{Document, Ending};
use testkit::services::deployments::{Deployment, Rollout};
use testkit::services::sessions::Session;
use testkit::world::{BEGINNING, Cluster, Instance, Queue, Scalable, Service, Setup, World, task_definition_arn};

/// The secret with which a database's sessions are seen.
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:books";

/// An alarm, by what it measures.
pub(super) struct Alarm {
    /// Its name.
    pub(super) name: &'static str,
    namespace: &'static str,
    metric: &'static str,
    dimensions: &'static [(&'static str, &'static str)],
}

const fn service(name: &'static str, dimensions: &'static [(&'static str, &'static str)]) -> Alarm {
    Alarm { name, namespace: "AWS/ECS", metric: "CPUUtilization", dimensions }
}

const fn database(name: &'static str, dimensions: &'static [(&'static str, &'static str)]) -> Alarm {
    Alarm { name, namespace: "AWS/RDS", metric: "DatabaseConnections", dimensions }
}

const API: &[(&str, &str)] = &[("ClusterName", "main"), ("ServiceName", "api")];
const BOOKS: &[(&str, &str)] = &[("DBInstanceIdentifier", "books-1")];

/// Load on a service with a scalable target.
pub(super) const CPU: Alarm = service("cpu", API);
/// The same service is short of something else, too.
pub(super) const MEMORY: Alarm = service("memory", API);
/// The same service, of which it is only said what would be done.
pub(super) const WATCHED: Alarm = service("watched", API);
/// The same service, for which a person is asked.
pub(super) const ASKED: Alarm = service("asked", API);
/// Load on a service that nothing scales.
pub(super) const FIXED: Alarm = service("fixed", &[("ClusterName", "main"), ("ServiceName", "fixed")]);
/// A service whose tasks are stuck.
pub(super) const STUCK: Alarm = service("stuck", &[("ClusterName", "main"), ("ServiceName", "stuck")]);
/// A service that was deployed a moment ago.
pub(super) const DEPLOYED: Alarm = service("deployed", &[("ClusterName", "main"), ("ServiceName", "deployed")]);
/// A database that runs out of connections and shows no sessions.
pub(super) const DB: Alarm = database("db", &[("DBInstanceIdentifier", "db")]);
/// One that shows them.
pub(super) const POOL: Alarm = database("pool", BOOKS);
/// The same, and for its restart a person is asked.
pub(super) const ASKED_POOL: Alarm = database("asked-pool", BOOKS);
/// A function that is throttled.
pub(super) const THROTTLED: Alarm =
    Alarm { name: "throttled", namespace: "AWS/Lambda", metric: "Throttles", dimensions: &[("FunctionName", "intake")] };
/// A dead-letter queue with messages in it.
pub(super) const LETTERS: Alarm = Alarm {
    name: "letters",
    namespace: "AWS/SQS",
    metric: "ApproximateNumberOfMessagesVisible",
    dimensions: &[("QueueName", "orders-dead")],
};
/// Something for which there is a runbook.
pub(super) const DISK: Alarm = Alarm { name: "disk", namespace: "Own", metric: "Disk", dimensions: &[] };
/// Something for which there is one that fails.
pub(super) const TAPE: Alarm = Alarm { name: "tape", namespace: "Own", metric: "Tape", dimensions: &[] };

/// The alarm changes to `state` now.
async fn change(play: &mut Play, what: &Alarm, state: &str) {
    let event = alarm(what.name, state, play.now, what.dimensions, (what.namespace, what.metric));
    play.deliver(&event).await;
}

/// The alarm goes off now.
pub(super) async fn fires(play: &mut Play, what: &Alarm) {
    change(play, what, "ALARM").await;
}

/// The alarm is OK from now on.
pub(super) async fn recovers(play: &mut Play, what: &Alarm) {
    change(play, what, "OK").await;
}

/// The alarm goes off for so long; what follows is waited for.
pub(super) async fn lasts(play: &mut Play, what: &Alarm, length: Span) {
    fires(play, what).await;
    play.wait(length).await;
    recovers(play, what).await;
    play.wait(Span::minutes(30)).await;
}

fn policy() -> Value {
    let mut policy = orders();
    policy["classify"] = json!([
        {"name": "database", "matchers": ["alertname=\"db\""], "set": {"priority": "P1", "service": "db"}},
        {"name": "rest", "set": {"priority": "P2", "service": "rest"}},
    ]);
    policy["route"]["group_interval"] = json!("30m");
    policy["inhibit_rules"] = json!([{"source_matchers": ["priority=P1"], "target_matchers": ["alertname=\"symptom\""]}]);
    let sessions = json!({"sessions": {"secret_arn": SECRET, "database": "books"}});
    let on = |alarms: &str| json!([format!("alertname=~\"{alarms}\"")]);
    policy["remediations"] = json!([
        {"name": "scale", "matchers": on("cpu|memory"), "action": "ecs-scale-out", "mode": "act",
         "hold": "9m", "revert": {"hold_down": "2m"}, "verify": {"within": "20m"}},
        {"name": "reset", "matchers": on("db"), "action": "rds-connection-reset", "mode": "act", "approval": "none",
         "verify": {"within": "20m"}},
        {"name": "watch", "matchers": on("watched"), "action": "ecs-scale-out", "mode": "observe"},
        {"name": "ask", "matchers": on("asked"), "action": "ecs-scale-out", "mode": "ask", "revert": {"hold_down": "2m"}},
        {"name": "count", "matchers": on("fixed"), "action": "ecs-scale-out", "mode": "act", "parameters": {"max_tasks": 8},
         "hold": "9m", "revert": {"hold_down": "2m"}},
        {"name": "replace", "matchers": on("stuck"), "action": "ecs-new-deployment", "mode": "act", "approval": "none", "hold": "9m"},
        {"name": "back", "matchers": on("deployed"), "action": "ecs-rollback", "mode": "act", "approval": "none", "hold": "9m"},
        {"name": "end", "matchers": on("pool"), "action": "rds-connection-reset", "mode": "act", "approval": "none",
         "parameters": sessions, "hold": "9m", "verify": {"within": "2m"}},
        {"name": "end-or-ask", "matchers": on("asked-pool"), "action": "rds-connection-reset", "mode": "act",
         "parameters": sessions, "hold": "9m", "verify": {"within": "2m"}},
        {"name": "reserve", "matchers": on("throttled"), "action": "lambda-concurrency", "mode": "act",
         "parameters": {"raise_to": 20}, "hold": "9m", "revert": {"hold_down": "2m"}},
        {"name": "redrive", "matchers": on("letters"), "action": "sqs-redrive", "mode": "act", "approval": "none", "hold": "9m"},
        {"name": "clean", "matchers": on("disk"), "action": "ssm-runbook", "mode": "act", "approval": "none",
         "parameters": {"document": "Clean", "parameters": {"Which": "all"}}, "hold": "9m"},
        {"name": "rewind", "matchers": on("tape"), "action": "ssm-runbook", "mode": "act", "approval": "none",
         "parameters": {"document": "Rewind"}, "hold": "9m"},
    ]);
    policy
}

fn tags() -> BTreeMap<String, String> {
    [("watchkeeper".to_owned(), "managed".to_owned())].into()
}

/// A region with everything that the policy's remediations are about.
pub(super) async fn stage() -> Play {
    let play = Play::new(policy(), TOPICS).await;
    add_services(&play.world, play.now);
    add_databases(&play.world);
    play.world.set_up_function("intake", Setup { reserved: Some(10), tags: tags() });
    play.world.set_queue("orders", Queue { dead_letters: Some("orders-dead".to_owned()), ..Queue::default() });
    play.world.set_queue("orders-dead", Queue { tags: tags(), ..Queue::default() });
    for n in 0..25 {
        play.world.add_message("orders-dead", &format!("m{n}"), "an order");
    }
    let document = Document { tags: tags(), runs_for: SignedDuration::from_secs(10), ..Document::default() };
    play.world.set_document("Clean", Document { parameters: vec!["Which".to_owned()], ..document.clone() });
    play.world.set_document("Rewind", Document { ending: Ending::Failed("no tape".to_owned()), ..document });
    play
}

fn add_services(world: &World, now: Timestamp) {
    let service = Service { desired: 4, tags: tags(), ..Service::default() };
    world.add_service("main/api", Service { scalable: Some(Scalable::new(2, 10)), ..service.clone() });
    world.add_service("main/fixed", service.clone());
    world.add_service("main/stuck", service.clone());
    let deployed = |name: &str, created_at: Timestamp| Deployment {
        task_definition: task_definition_arn(name),
        created_at,
        rollout: Rollout::Completed,
    };
    let deployments = vec![deployed("api:1", BEGINNING), deployed("api:2", Span::minutes(5).before(now))];
    world.add_service("main/deployed", Service { task_definition: "api:2".to_owned(), deployments, ..service });
}

fn add_databases(world: &World) {
    world.add_instance("db", Instance { is_multi_az: true, tags: tags(), ..Instance::default() });
    for name in ["books-1", "books-2"] {
        world.add_instance(name, Instance { tags: tags(), ..Instance::default() });
    }
    let members = vec!["books-1".to_owned(), "books-2".to_owned()];
    world.add_cluster("books", Cluster { members, tags: tags(), ..Cluster::default() });
    world.add_secret(SECRET, "{}");
    let session = |pid: i64, state: &str| Session {
        pid,
        user: "app".to_owned(),
        state: state.to_owned(),
        backend_start: BEGINNING,
        state_change: BEGINNING,
        application: "books".to_owned(),
        is_superuser: false,
    };
    world.set_sessions("books", vec![session(11, "idle"), session(12, "active"), session(13, "idle")]);
}

/// What stands at the targets that is raised for a while.
pub(super) fn levers(world: &World) -> [Option<u32>; 3] {
    [
        world.service("main/api").scalable.map(|scalable| scalable.min),
        Some(world.service("main/fixed").desired),
        world.setup("intake").reserved,
    ]
}

/// All that was really done to the targets, in order; setting what is set already
/// counts as well.
pub(super) fn effects(world: &World) -> Vec<String> {
    let mut effects = Vec::new();
    effects.extend(world.service_updates().iter().map(|update| format!("{update:?}")));
    effects.extend(world.minimums().iter().map(|(name, min)| format!("minimum of {name}: {min}")));
    effects.extend(world.reservations().iter().map(|(name, reserved)| format!("reserved for {name}: {reserved:?}")));
    // Several are ended at the same time.
    let mut ended: Vec<String> = world.ended_sessions().iter().map(|session| format!("session {} ended", session.pid)).collect();
    ended.sort();
    effects.extend(ended);
    effects.extend(world.moves().iter().map(|task| format!("{} messages of {} moved", task.n_messages, task.source)));
    effects.extend(world.automations().iter().map(|it| format!("{} run with {:?}", it.document, it.parameters)));
    for name in ["db", "books-1", "books-2"] {
        effects.extend(world.instance(name).restarts.iter().map(|_| format!("{name} restarted")));
    }
    effects.push(format!("{} writes", world.cluster("books").members[0]));
    let is_failover = |message: &str| message.starts_with("Completed failover");
    effects.extend(world.database_events().iter().filter(|it| is_failover(&it.message)).map(|it| it.message.clone()));
    for name in ["main/api", "main/fixed", "main/stuck", "main/deployed"] {
        let service = world.service(name);
        effects.push(format!("{name}: {} tasks of {}", service.desired, service.task_definition));
    }
    effects.push(format!("{} letters left", world.queue("orders-dead").letters.len()));
    effects
}
