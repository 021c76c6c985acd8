//! RDS: clusters of instances, of which one writes.

use std::collections::BTreeMap;

use super::databases::tag_list;
use super::{State, World, arn};
use crate::services::sessions::Session;
use crate::wire::{Answer, Call};

/// An Aurora cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its status: `available`, `failing-over` and so on.
    pub status: String,
    /// Its instances by name; the first one writes.
    pub members: Vec<String>,
    /// Whether statements may come over HTTP.
    pub has_http_endpoint: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Default for Cluster {
    /// An available cluster without instances that has an HTTP endpoint.
    fn default() -> Cluster {
        Cluster { status: "available".to_owned(), members: Vec::new(), has_http_endpoint: true, tags: BTreeMap::new() }
    }
}

/// The ARN of a cluster.
pub fn cluster_arn(name: &str) -> String {
    arn("rds", &format!("cluster:{name}"))
}

impl World {
    /// Adds a cluster, or changes it.
    pub fn add_cluster(&self, name: &str, cluster: Cluster) {
        self.state().clusters.insert(name.to_owned(), cluster);
    }

    /// A cluster as it is now.
    pub fn cluster(&self, name: &str) -> Cluster {
        self.state().clusters[name].clone()
    }

    /// Sets the sessions of a cluster's database. Whoever asks has one of its own
    /// beside these.
    pub fn set_sessions(&self, cluster: &str, sessions: Vec<Session>) {
        self.state().sessions.set(&cluster_arn(cluster), sessions);
    }

    /// The sessions of a cluster's database now.
    pub fn sessions(&self, cluster: &str) -> Vec<Session> {
        self.state().sessions.of(&cluster_arn(cluster)).to_vec()
    }

    /// Every session that was ended so far, in order.
    pub fn ended_sessions(&self) -> Vec<Session> {
        self.state().sessions.ended().to_vec()
    }
}

fn not_found(name: &str) -> Answer {
    Answer::error(404, "DBClusterNotFoundFault", &format!("DBCluster {name} not found."))
}

fn described(name: &str, cluster: &Cluster) -> String {
    let member = |(n, name): (usize, &String)| {
        format!(
            "<DBClusterMember><DBInstanceIdentifier>{name}</DBInstanceIdentifier><IsClusterWriter>{}</IsClusterWriter>\
             <DBClusterParameterGroupStatus>in-sync</DBClusterParameterGroupStatus><PromotionTier>1</PromotionTier></DBClusterMember>",
            n == 0
        )
    };
    let members: String = cluster.members.iter().enumerate().map(member).collect();
    format!(
        "<DBCluster><DBClusterIdentifier>{name}</DBClusterIdentifier><DBClusterArn>{}</DBClusterArn>\
         <Status>{}</Status><Engine>aurora-postgresql</Engine><HttpEndpointEnabled>{}</HttpEndpointEnabled>\
         <DBClusterMembers>{members}</DBClusterMembers>{}</DBCluster>",
        cluster_arn(name),
        cluster.status,
        cluster.has_http_endpoint,
        tag_list(&cluster.tags)
    )
}

pub(super) fn describe(state: &State, call: &Call) -> Answer {
    let name = call.text("DBClusterIdentifier").rsplit(':').next().unwrap_or_default();
    match state.clusters.get(name) {
        Some(cluster) => Answer::xml(&format!("<DBClusters>{}</DBClusters>", described(name, cluster))),
        None => not_found(name),
    }
}

/// Has another instance write. The cluster tells of it, and whoever wrote before is
/// restarted.
pub(super) fn fail_over(state: &mut State, call: &Call) -> Answer {
    let name = call.text("DBClusterIdentifier");
    let target = call.text("TargetDBInstanceIdentifier");
    let Some(cluster) = state.clusters.get_mut(name) else { return not_found(name) };
    if cluster.status != "available" {
        return Answer::error(400, "InvalidDBClusterStateFault", &format!("DbCluster {name} is not in available state."));
    }
    let readers = || cluster.members.iter().enumerate().skip(1);
    let Some(at) = readers().find(|(_, member)| target.is_empty() || *member == target).map(|(at, _)| at) else {
        let message = "Cannot failover cluster because it does not have such a reader.";
        return Answer::error(400, "InvalidDBClusterStateFault", message);
    };
    let before = cluster.members[0].clone();
    cluster.members.swap(0, at);
    let writer = cluster.members[0].clone();
    let described = described(name, cluster);
    state.tell("db-cluster", name, &format!("Started cross AZ failover to DB instance: {writer}"));
    state.tell("db-instance", &before, "A new writer was promoted. Restarting database as a reader.");
    state.tell("db-instance", &before, "DB instance restarted");
    state.tell("db-cluster", name, &format!("Completed failover to DB instance: {writer}"));
    Answer::xml(&described)
}
