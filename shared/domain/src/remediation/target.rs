//! What does a remediation act on?

use serde::{Deserialize, Serialize};

use crate::classify::{Classification, Service};
use crate::policy::Action;

/// What a remediation acts on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Target {
    /// An ECS service.
    EcsService {
        /// Its cluster's name.
        cluster: String,
        /// Its name.
        service: String,
    },
    /// An RDS instance.
    DbInstance {
        /// Its identifier.
        instance: String,
    },
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::EcsService { cluster, service } => write!(f, "ECS service {cluster}/{service}"),
            Target::DbInstance { instance } => write!(f, "RDS instance {instance}"),
        }
    }
}

impl Target {
    /// The target of `action` for an alert: from its dimensions, else from the
    /// catalogue.
    pub fn of(action: Action, classification: &Classification, service: Option<&Service>) -> Option<Target> {
        let labels = &classification.labels;
        match action {
            Action::EcsScaleOut { .. } => match (labels.find("ClusterName"), labels.find("ServiceName")) {
                (Some(cluster), Some(service)) => {
                    Some(Target::EcsService { cluster: cluster.to_owned(), service: service.to_owned() })
                }
                _ => service?
                    .ecs
                    .as_ref()
                    .map(|ecs| Target::EcsService { cluster: ecs.cluster.clone(), service: ecs.service.clone() }),
            },
            Action::RdsConnectionReset { .. } => labels
                .find("DBInstanceIdentifier")
                .map(str::to_owned)
                .or_else(|| service?.rds.as_ref().map(|rds| rds.db_instance.clone()))
                .map(|instance| Target::DbInstance { instance }),
        }
    }
}
