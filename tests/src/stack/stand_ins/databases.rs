//! RDS Data: sessions of databases, which are shown and ended by statements.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use testkit::services::sessions::{Session, Sessions};
use testkit::wire::{Answer, Call};

use crate::stack::now;

/// The databases that take statements over HTTP.
#[derive(Debug, Clone, Default)]
pub struct Databases {
    sessions: Arc<Mutex<Sessions>>,
}

impl Databases {
    /// Has the cluster of this ARN take statements, and sets the sessions of its
    /// database. Whoever asks has one of its own beside these.
    pub fn set(&self, cluster_arn: &str, sessions: Vec<Session>) {
        self.lock().set(cluster_arn, sessions);
    }

    /// The sessions of a database now.
    pub fn sessions(&self, cluster_arn: &str) -> Vec<Session> {
        self.lock().of(cluster_arn).to_vec()
    }

    /// Every session that was ended so far, in order.
    pub fn ended(&self) -> Vec<Session> {
        self.lock().ended().to_vec()
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answer(&self, call: &Call) -> Answer {
        match call.operation.as_str() {
            "ExecuteStatement" => self.lock().answer(now(), call),
            operation => Answer::error(404, "NotFoundException", &format!("there is no stand-in for {operation}")),
        }
    }
}
