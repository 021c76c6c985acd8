//! The own guards of an end to connections.

use serde_json::{Value, json};

use super::case::Case;
use super::thing::{Cluster, Database};

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:guards-AbCdEf";
const ELSEWHERE: &str = "arn:aws:rds:us-east-1:000000000000:cluster:guards-elsewhere";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = restarts();
    cases.extend(sessions());
    cases
}

fn reset(parameters: &Value) -> Value {
    json!({"action": "rds-connection-reset", "parameters": parameters})
}

fn restarts() -> Vec<Case> {
    let case = |name, database: Database| Case::new(name, reset(&json!({})), database.into());
    vec![
        case("restart-available", Database { is_stopped: true, ..Database::default() })
            .refused("available", "the instance is stopped, not available"),
        case("restart-pending", Database { is_pending: true, ..Database::default() })
            .refused("pending-changes", "a restart would also apply pending changes: DBInstanceClass"),
        case("restart-acts", Database::default()).acts("reboot guards-restart-acts", &["restarted"]),
    ]
}

fn sessions() -> Vec<Case> {
    let wanted = json!({"secret_arn": SECRET, "database": "app", "idle_for": "10m"});
    let only = reset(&json!({"sessions": wanted, "restart": false}));
    let then_restart = reset(&json!({"sessions": wanted}));
    let mut elsewhere = only.clone();
    elsewhere["parameters"]["sessions"]["cluster_arn"] = json!(ELSEWHERE);
    let mut asking = then_restart.clone();
    asking["approval"] = Value::Null;
    // Until it is seen that sessions do not help; and what helps has as long to be seen.
    asking["verify"] = json!({"within": "40m"});

    let of = |cluster: Cluster| Database { cluster: Some(cluster), ..Database::default() };
    let case = |name, cluster: Cluster| Case::new(name, only.clone(), of(cluster).into());
    let usual = Cluster::default;
    let closed = || Cluster { has_endpoint: false, ..usual() };
    vec![
        Case::new("sessions-cluster", only.clone(), Database::default().into())
            .refused("cluster", "the instance is in no cluster"),
        Case::new("sessions-own-cluster", elsewhere, of(usual()).into()).refused("own-cluster", "and the policy names"),
        case("sessions-engine", Cluster { engine: "aurora-mysql", ..usual() })
            .refused("engine", "sessions are ended in PostgreSQL"),
        case("sessions-cluster-tag", Cluster { is_managed: false, ..usual() })
            .refused("cluster-tag", "guards-sessions-cluster-tag-cluster lacks the tag watchkeeper=managed"),
        case("sessions-endpoint", closed()).refused("http-endpoint", "is not enabled"),
        case("sessions-writer", Cluster { is_read_only: true, ..usual() })
            .refused("writer", "the Data API reaches only the instance that writes"),
        case("sessions-data-api", Cluster { sessions: None, ..usual() }).refused("data-api", "the Data API could not connect"),
        case("sessions-idle", Cluster { sessions: Some(&["active", "idle admin"]), ..usual() })
            .refused("idle-sessions", "no session that may be ended has been idle"),
        // Neither whoever works nor an administrator is ended.
        case("sessions-acts", Cluster { sessions: Some(&["idle", "active", "idle admin"]), ..usual() })
            .acts("end 1 session of guards-sessions-acts", &["ended idle of app"]),
        Case::new("sessions-passed-over", then_restart, of(closed()).into())
            .acts("reboot guards-sessions-passed-over", &["restarted"])
            .says("step 1 is passed over: the HTTP endpoint of cluster guards-sessions-passed-over-cluster is not enabled"),
        Case::new("sessions-do-not-help", asking, of(usual()).into())
            .acts("reboot guards-sessions-do-not-help", &["ended idle of app", "restarted"])
            .says("end 1 session of guards-sessions-do-not-help")
            .says("approved by operator")
            .on_approval(),
    ]
}
