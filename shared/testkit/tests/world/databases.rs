//! RDS and RDS Data.

use serde_json::{Value, json};
use testkit::services::sessions::{END, SHOW, Session};
use testkit::world::{Cluster, Instance, cluster_arn};

use crate::client::{Asker, moment};

const NOW: &str = "2026-03-01T12:00:00Z";

#[tokio::test]
async fn an_instance_tells_its_status_and_what_waits_and_is_restarted_only_when_available() {
    let asker = Asker::new(NOW).await;
    let pending = [("DBInstanceClass".to_owned(), "db.r6g.large".to_owned())].into();
    asker.world.add_instance("db", Instance { status: "modifying".to_owned(), pending, ..Instance::default() });
    let described = asker.query("DescribeDBInstances", "DBInstanceIdentifier=db").await.body;
    assert!(described.contains("<DBInstanceStatus>modifying</DBInstanceStatus>"), "{described}");
    assert!(described.contains("<PendingModifiedValues><DBInstanceClass>db.r6g.large</DBInstanceClass></PendingModifiedValues>"));
    let refused = asker.query("RebootDBInstance", "DBInstanceIdentifier=db").await;
    assert!(refused.status == 400 && refused.body.contains("<Code>InvalidDBInstanceState</Code>"), "{refused:?}");
    asker.world.add_instance("db", Instance::default());
    let refused = asker.query("RebootDBInstance", "DBInstanceIdentifier=db&ForceFailover=true").await;
    assert!(refused.body.contains("<Code>InvalidParameterCombination</Code>"), "{refused:?}");
    let rebooted = asker.query("RebootDBInstance", "DBInstanceIdentifier=db").await;
    assert!(rebooted.status == 200 && rebooted.body.contains("rebooting"), "{rebooted:?}");
    assert_eq!(asker.world.instance("db").restarts, [moment(NOW)]);
    let events = async |from: &str| {
        let fields = format!("SourceType=db-instance&SourceIdentifier=db&StartTime={from}");
        asker.query("DescribeEvents", &fields).await.body.matches("DB instance restarted").count()
    };
    assert_eq!((events(NOW).await, events("2026-03-01T12:00:01Z").await), (1, 0));
}

#[tokio::test]
async fn a_failover_has_a_reader_write_and_leaves_its_traces() {
    let asker = Asker::new(NOW).await;
    let members = vec!["one".to_owned(), "two".to_owned(), "three".to_owned()];
    asker.world.add_cluster("main", Cluster { members, ..Cluster::default() });
    let done = asker.query("FailoverDBCluster", "DBClusterIdentifier=main&TargetDBInstanceIdentifier=three").await;
    assert_eq!(done.status, 200, "{done:?}");
    let described = asker.query("DescribeDBClusters", "DBClusterIdentifier=main").await.body;
    assert!(described.contains(&format!("<DBClusterArn>{}</DBClusterArn>", cluster_arn("main"))), "{described}");
    assert!(described.contains("<DBInstanceIdentifier>three</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter>"));
    assert_eq!(described.matches("<IsClusterWriter>true").count(), 1);
    let events = async |kind: &str, name: &str| {
        asker.query("DescribeEvents", &format!("SourceType={kind}&SourceIdentifier={name}&StartTime={NOW}")).await.body
    };
    assert!(events("db-cluster", "main").await.contains("Completed failover to DB instance: three"));
    assert!(events("db-instance", "one").await.contains("DB instance restarted"));
    assert!(!events("db-instance", "three").await.contains("restarted"));
    let writer = asker.query("FailoverDBCluster", "DBClusterIdentifier=main&TargetDBInstanceIdentifier=three").await;
    assert!(writer.body.contains("<Code>InvalidDBClusterStateFault</Code>"), "the writer is no target: {writer:?}");
    let unknown = asker.query("FailoverDBCluster", "DBClusterIdentifier=other").await;
    assert!(unknown.status == 404 && unknown.body.contains("DBClusterNotFoundFault"), "{unknown:?}");
}

fn session(pid: i64, is_superuser: bool) -> Session {
    Session {
        pid,
        user: "app".to_owned(),
        state: "idle".to_owned(),
        backend_start: moment("2026-03-01T11:00:00.123456Z"),
        state_change: moment("2026-03-01T11:50:00Z"),
        application: "api".to_owned(),
        is_superuser,
    }
}

async fn with_sessions() -> Asker {
    let asker = Asker::new(NOW).await;
    asker.world.add_secret("secret", "{}");
    asker.world.add_cluster("main", Cluster::default());
    asker.world.set_sessions("main", vec![session(7, false), session(8, true)]);
    asker
}

fn whose(pid: i64, begun: &str) -> Value {
    json!([{"name": "pid", "value": {"longValue": pid}}, {"name": "backend_start", "value": {"stringValue": begun}}])
}

#[tokio::test]
async fn sessions_are_shown_with_the_one_that_asks() {
    let asker = with_sessions().await;
    let answer = asker.execute(&cluster_arn("main"), &format!("{SHOW} SELECT 1"), json!([])).await.ok();
    assert_eq!(
        answer["records"][0],
        json!([
            {"longValue": 7}, {"stringValue": "app"}, {"stringValue": "idle"}, {"stringValue": "2026-03-01T11:00:00.123456Z"},
            {"longValue": 600}, {"stringValue": "api"}, {"booleanValue": false}, {"booleanValue": false},
        ])
    );
    assert_eq!(answer["records"][2][7], json!({"booleanValue": true}));
}

#[tokio::test]
async fn only_the_session_that_is_meant_is_ended_and_only_once() {
    let asker = with_sessions().await;
    let end =
        async |pid: i64, begun: &str| asker.execute(&cluster_arn("main"), &format!("{END} SELECT 1"), whose(pid, begun)).await;
    let begun = "2026-03-01T11:00:00.123456Z";
    assert_eq!(end(7, "2026-03-01T11:00:00.123457Z").await.ok()["records"], json!([]), "another one has its number by now");
    assert_eq!(end(7, begun).await.ok()["records"], json!([[{"booleanValue": true}]]));
    assert_eq!(end(7, begun).await.ok()["records"], json!([]));
    assert_eq!(asker.world.ended_sessions(), [session(7, false)]);
    let superuser = end(8, begun).await;
    assert_eq!((superuser.status, superuser.error.as_str()), (400, "DatabaseErrorException"));
    assert_eq!(asker.world.sessions("main"), [session(8, true)]);
}

#[tokio::test]
async fn a_statement_needs_an_endpoint_a_secret_and_an_available_cluster() {
    let asker = with_sessions().await;
    let error = async || asker.execute(&cluster_arn("main"), SHOW, json!([])).await.error;
    asker.world.add_cluster("main", Cluster { has_http_endpoint: false, ..Cluster::default() });
    assert_eq!(error().await, "BadRequestException");
    asker.world.add_cluster("main", Cluster { status: "failing-over".to_owned(), ..Cluster::default() });
    assert_eq!(error().await, "DatabaseUnavailableException");
    asker.world.add_cluster("main", Cluster::default());
    assert_eq!(error().await, "");
    let without = asker.execute(&cluster_arn("other"), SHOW, json!([])).await;
    assert_eq!(without.error, "DatabaseNotFoundException");
}
