//! What is seen at the target just before a decision?

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Actions, Lease};

/// Everything that a decision about a target needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The target itself.
    pub target: TargetFacts,
    /// Who works on it.
    pub lease: Lease,
    /// What was done in the last hour.
    pub actions: Actions,
}

/// The target itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetFacts {
    /// There is no such thing.
    Missing,
    /// An ECS service.
    Ecs(EcsFacts),
    /// An RDS instance.
    Db(DbFacts),
}

/// An ECS service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcsFacts {
    /// Whether its status is ACTIVE.
    pub is_active: bool,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks running.
    pub running: u32,
    /// Whether a deployment is in progress.
    pub is_deploying: bool,
    /// What ECS said last about not being able to place a task, while fewer run
    /// than are wanted.
    pub placement_failure: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its scalable target, if it has one.
    pub scalable: Option<Scalable>,
}

/// A scalable target of Application Auto Scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scalable {
    /// Least tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
    /// Whether scaling out is suspended.
    pub is_out_suspended: bool,
}

/// An RDS instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbFacts {
    /// Its status, `available` when all is well.
    pub status: String,
    /// Whether it has a standby.
    pub is_multi_az: bool,
    /// Names of changes that a restart would apply.
    pub pending: Vec<String>,
    /// Its cluster and how many instances that has.
    pub cluster: Option<(String, usize)>,
    /// When it last said that it was restarted or had failed over.
    pub restarted_at: Option<Timestamp>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}
