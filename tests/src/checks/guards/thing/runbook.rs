//! A runbook about an ECS service.

use std::collections::BTreeMap;

use testkit::services::automations::{Document, Ending};

use super::{Service, tag};
use crate::stack::{Deployment, Outcome};

/// A runbook about an ECS service, both to be made.
#[derive(Debug, Clone)]
pub(in crate::checks::guards) struct Runbook {
    /// Its name.
    pub(in crate::checks::guards) document: &'static str,
    pub(in crate::checks::guards) is_managed: bool,
    pub(in crate::checks::guards) ending: Ending,
    pub(in crate::checks::guards) about: Service,
}

impl Runbook {
    /// One that succeeds.
    pub(in crate::checks::guards) fn of(document: &'static str) -> Runbook {
        Runbook { document, is_managed: true, ending: Ending::Success, about: Service::default() }
    }

    pub(super) async fn make(&self, on: &Deployment, name: &str) -> Outcome<()> {
        let document = Document {
            parameters: vec!["Service".to_owned()],
            tags: BTreeMap::from([("watchkeeper".to_owned(), tag(self.is_managed).to_owned())]),
            ending: self.ending.clone(),
            ..Document::default()
        };
        on.stand_ins.runbooks.set(self.document, document);
        self.about.make(on, name).await
    }

    /// With what it was run, and what was done to the service.
    pub(super) fn traces(&self, on: &Deployment, name: &str) -> Vec<String> {
        let executions = on.stand_ins.runbooks.executions();
        let runs = executions.iter().filter(|execution| execution.document == self.document);
        let given =
            runs.map(|run| format!("ran for {}", run.parameters.values().flatten().cloned().collect::<Vec<_>>().join(", ")));
        given.chain(self.about.traces(on, name)).collect()
    }
}
