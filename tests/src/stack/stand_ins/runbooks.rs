//! SSM Automation: runbooks that do nothing, for a time, with an end that the test
//! sets.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use testkit::services::automations::{Automation, Automations, Document};
use testkit::wire::{Answer, Call};

use crate::stack::now;

/// Runbooks and their executions.
#[derive(Debug, Clone, Default)]
pub struct Runbooks {
    automations: Arc<Mutex<Automations>>,
}

impl Runbooks {
    /// Adds a runbook, or changes it.
    pub fn set(&self, name: &str, document: Document) {
        self.lock().set_document(name, document);
    }

    /// Every execution that was started so far, in order.
    pub fn executions(&self) -> Vec<Automation> {
        self.lock().executions().to_vec()
    }

    fn lock(&self) -> MutexGuard<'_, Automations> {
        self.automations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to a call about runbooks; none if it is about something else.
    pub(super) fn answer(&self, call: &Call) -> Option<Answer> {
        match (call.operation.as_str(), call.text("ResourceType")) {
            ("StartAutomationExecution" | "DescribeAutomationExecutions" | "GetAutomationExecution", _)
            | ("ListTagsForResource", "Document" | "Automation") => Some(self.lock().answer(now(), call)),
            _ => None,
        }
    }
}
