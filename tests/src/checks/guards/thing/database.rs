//! An RDS instance, in a cluster or alone.

use testkit::services::sessions::Session;

use super::tag;
use crate::stack::{Deployment, Outcome, RDS};

/// An RDS instance, to be made.
#[derive(Debug, Clone, Default)]
pub(in crate::checks::guards) struct Database {
    pub(in crate::checks::guards) cluster: Option<Cluster>,
    pub(in crate::checks::guards) is_stopped: bool,
    /// Whether it becomes larger at its next restart.
    pub(in crate::checks::guards) is_pending: bool,
}

/// A cluster of instances.
#[derive(Debug, Clone)]
pub(in crate::checks::guards) struct Cluster {
    pub(in crate::checks::guards) engine: &'static str,
    pub(in crate::checks::guards) is_managed: bool,
    /// Whether it says that it has a Data API.
    pub(in crate::checks::guards) has_endpoint: bool,
    /// Whether another instance writes.
    pub(in crate::checks::guards) is_read_only: bool,
    /// The states of its database's sessions, if the Data API reaches it.
    pub(in crate::checks::guards) sessions: Option<&'static [&'static str]>,
}

impl Default for Cluster {
    /// One instance, with one session that does nothing and one that works.
    fn default() -> Cluster {
        let sessions: &[&str] = &["idle", "active"];
        Cluster {
            engine: "aurora-postgresql",
            is_managed: true,
            has_endpoint: true,
            is_read_only: false,
            sessions: Some(sessions),
        }
    }
}

/// The cluster of an instance.
fn cluster_arn(name: &str) -> String {
    format!("arn:aws:rds:us-east-1:000000000000:cluster:{name}-cluster")
}

impl Database {
    pub(super) async fn make(&self, on: &Deployment, name: &str) -> Outcome<()> {
        let call = async |action: &str, fields: &[(&str, &str)]| on.api.query("rds", RDS, action, fields).await;
        let of_cluster = format!("{name}-cluster");
        let mut fields =
            vec![("DBInstanceClass", "db.r6g.large"), ("Tags.Tag.1.Key", "watchkeeper"), ("Tags.Tag.1.Value", tag(true))];
        match &self.cluster {
            None => fields.extend([
                ("Engine", "postgres"),
                ("AllocatedStorage", "20"),
                ("MasterUsername", "guards"),
                ("MasterUserPassword", "of-a-test"),
            ]),
            Some(cluster) => {
                cluster.make(on, name, &of_cluster).await?;
                fields.extend([("Engine", cluster.engine), ("DBClusterIdentifier", of_cluster.as_str())]);
                if cluster.is_read_only {
                    let writer = format!("{name}-writer");
                    call("CreateDBInstance", &[&[("DBInstanceIdentifier", writer.as_str())], fields.as_slice()].concat()).await?;
                }
            }
        }
        let identifier = ("DBInstanceIdentifier", name);
        call("CreateDBInstance", &[&[identifier], fields.as_slice()].concat()).await?;
        if self.is_stopped {
            call("StopDBInstance", &[identifier]).await?;
        }
        if self.is_pending {
            call("ModifyDBInstance", &[identifier, ("DBInstanceClass", "db.r6g.xlarge")]).await?;
        }
        Ok(())
    }

    /// Which of its sessions were ended, and how often it was restarted.
    pub(super) async fn traces(on: &Deployment, name: &str) -> Outcome<Vec<String>> {
        let ended = on.stand_ins.databases.ended().into_iter().filter(|session| session.application == name);
        let mut traces: Vec<String> = ended.map(|session| format!("ended {} of {}", session.state, session.user)).collect();
        let events = on.database_events(name).await?;
        traces.extend(events.iter().filter(|event| event.contains("restarted")).map(|_| "restarted".to_owned()));
        Ok(traces)
    }
}

impl Cluster {
    async fn make(&self, on: &Deployment, name: &str, cluster: &str) -> Outcome<()> {
        let fields = [
            ("DBClusterIdentifier", cluster),
            ("Engine", self.engine),
            ("MasterUsername", "guards"),
            ("MasterUserPassword", "of-a-test"),
            ("EnableHttpEndpoint", if self.has_endpoint { "true" } else { "false" }),
            ("Tags.Tag.1.Key", "watchkeeper"),
            ("Tags.Tag.1.Value", tag(self.is_managed)),
        ];
        on.api.query("rds", RDS, "CreateDBCluster", &fields).await?;
        if let Some(states) = self.sessions {
            let sessions = states.iter().zip(100..).map(|(state, pid)| session(name, state, pid)).collect();
            on.stand_ins.databases.set(&cluster_arn(name), sessions);
        }
        Ok(())
    }
}

/// A session that has been in its state for an hour; of an administrator, if that is
/// said behind the state.
fn session(name: &str, state: &str, pid: i64) -> Session {
    let (state, is_superuser) = state.strip_suffix(" admin").map_or((state, false), |state| (state, true));
    let an_hour_ago = crate::stack::now() - jiff::SignedDuration::from_hours(1);
    Session {
        pid,
        user: if is_superuser { "admin" } else { "app" }.to_owned(),
        state: state.to_owned(),
        backend_start: an_hour_ago,
        state_change: an_hour_ago,
        application: name.to_owned(),
        is_superuser,
    }
}
