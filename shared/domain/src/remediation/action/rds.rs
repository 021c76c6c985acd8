//! An RDS instance, as its actions look at it.

use jiff::Timestamp;

use super::Tags;
use super::rds_sessions::Sessions;
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::Target;

/// The kind of target.
const KIND: &str = "RDS instance";

/// An RDS instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbFacts {
    /// Its status, `available` when all is well.
    pub status: String,
    /// Whether it has a standby.
    pub is_multi_az: bool,
    /// Names of changes that a restart would apply.
    pub pending: Vec<String>,
    /// Its cluster, if it is in one.
    pub cluster: Option<DbCluster>,
    /// When it last said that it was restarted, shut down or failed over. That it
    /// says nothing means nothing: RDS tells its events as best it can.
    pub restarted_at: Option<Timestamp>,
    /// The sessions of its database.
    pub sessions: Sessions,
    /// Its tags.
    pub tags: Tags,
}

/// A cluster of RDS instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbCluster {
    /// Its identifier.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its status, `available` when all is well.
    pub status: String,
    /// Its engine, `aurora-postgresql` and so on.
    pub engine: String,
    /// How many instances it has.
    pub n_instances: usize,
    /// The instance that writes.
    pub writer: Option<String>,
    /// Whether statements may come through the Data API.
    pub has_http_endpoint: bool,
    /// When it last said that it had failed over.
    pub failed_over_at: Option<Timestamp>,
    /// Its tags.
    pub tags: Tags,
}

impl DbCluster {
    /// Whether this instance is the one that writes.
    pub(super) fn is_written_by(&self, instance: &str) -> bool {
        self.writer.as_ref().is_some_and(|writer| writer.eq_ignore_ascii_case(instance))
    }
}

/// The instance that an alert's dimensions name.
pub(super) fn of_labels(labels: &Labels) -> Option<Target> {
    labels.find("DBInstanceIdentifier").map(|instance| Target::new(KIND, instance))
}

/// The instance that the catalogue has.
pub(super) fn of_service(service: &Service) -> Option<Target> {
    service.rds.as_ref().map(|rds| Target::new(KIND, &rds.db_instance))
}
