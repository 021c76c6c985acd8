//! SSM Automation in this region.

use super::{State, World};
use crate::services::automations::{Automation, Document};
use crate::wire::{Answer, Call};

impl World {
    /// Adds a runbook, or changes it.
    pub fn set_document(&self, name: &str, document: Document) {
        self.state().automations.set_document(name, document);
    }

    /// Every execution of a runbook that was started so far, in order.
    pub fn automations(&self) -> Vec<Automation> {
        self.state().automations.executions().to_vec()
    }
}

pub(super) fn answer(state: &mut State, call: &Call) -> Answer {
    let now = state.clock();
    state.automations.answer(now, call)
}
