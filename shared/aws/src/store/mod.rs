//! The rows of the one table.
//!
//! Every row has the same shape: its keys, a version `v` that counts its writes,
//! the value as JSON in `doc`, and where they apply `ttl` and the attributes of
//! the indexes. A write says which version it expects to replace, so nobody
//! overwrites what they have not seen; several writes go in one transaction.
//!
//! | Row | `pk` | `sk` |
//! |---|---|---|
//! | what operators change | `CONTROL` | `STATE` |
//! | a policy | `POLICY` | its version |
//! | an alert | `ALERT#fingerprint` | `STATE` |
//! | the open incident of a group | `GROUP#key` | `OPEN` |
//! | causes under a key | `CAUSE#key` | `STATE` |
//! | an incident | `INC#id` | `META` |
//! | a message | `INC#id` | `NOTICE#id` |
//! | a remediation | `INC#id` | `REMEDY#name` |
//! | a line of the record | `INC#id` | `TIMELINE#moment#key` |
//! | who works on a target | `TARGET#target` | `LEASE` |
//! | recent actions | `ACTIONS` | `STATE` |
//! | what was heard of a job | `HEARTBEAT` | the heartbeat's id |
//! | a file of probes | `PROBES` | its version |
//! | the last runs of a flow in a Region | `FLOW#id` | `REGION#region` |
//! | whether a flow is down | `FLOW#id` | `STATE` |
//!
//! Indexes: `incident-members` (alerts by incident), `open-incidents` (incidents
//! and remediations that are not over, by their next wake-up) and
//! `service-incidents` (incidents by service and time; remediations, as if `REMEDY#name`
//! were their service).

mod commit;
mod flows;
mod heartbeats;
mod read;
mod row;

use std::fmt;

pub use self::commit::{CommitError, Expect, Write};
pub use self::flows::FlowRows;
pub use self::read::{ArrivalRows, IncidentRows, OpenRow};
pub use self::row::Row;
use crate::{Aws, AwsError};

/// A value with the version of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<T> {
    /// The value.
    pub value: T,
    /// How often the row was written.
    pub version: u64,
}

/// The table.
#[derive(Clone)]
pub struct Store {
    aws: Aws,
    table: String,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("table", &self.table).finish_non_exhaustive()
    }
}

impl Store {
    /// The table of this name.
    pub fn new(aws: Aws, table: impl Into<String>) -> Store {
        Store { aws, table: table.into() }
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }
}

/// Why rows could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// A row holds what this version of the program cannot read.
    #[error("row {pk} / {sk} cannot be read: {problem}")]
    Unreadable {
        /// Its partition key.
        pk: String,
        /// Its sort key.
        sk: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl StoreError {
    /// Whether it may work later.
    pub const fn may_pass(&self) -> bool {
        match self {
            StoreError::Aws(error) => error.may_pass(),
            StoreError::Unreadable { .. } => false,
        }
    }

    /// The same as one word, for error types and logs.
    pub const fn word(&self) -> &'static str {
        match self {
            StoreError::Aws(error) => error.word(),
            StoreError::Unreadable { .. } => "Unreadable",
        }
    }
}
