//! A runbook of the user's own: an Automation document of Systems Manager, started,
//! followed, and taken at its word.
//!
//! What a runbook does is the user's; so it is always disruptive, both the document
//! and what it is about must be tagged, and nothing of an alarm gets into it but the
//! target's name, if that is a plain one.

mod inputs;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::inputs::{Values, fill, is_document, is_plain, is_role, is_version, parameter_problem};
use super::{Attempt, Lacking, Planned, Recipe, Seen, Tags, ecs, lambda, rds, sqs};
use crate::alert::digest;
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::guard::MANAGED_TAG;
use crate::remediation::{Refusal, Target};
use crate::text::shorten;

/// The kind of target where that is the runbook itself.
const KIND: &str = "SSM runbook";

/// The parameter with which a runbook is told which role to act with.
const ASSUME_ROLE: &str = "AutomationAssumeRole";

/// How much it touches unless the policy says otherwise, in percent.
const TOUCHES_PERCENT: u32 = 100;

/// Most characters of what a runbook is given that people are told.
const TOLD_MAX: usize = 300;

/// A runbook of the user's own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SsmRunbook {
    /// The document's name, or its ARN.
    pub document: String,
    /// Its version: a number, `$DEFAULT` or `$LATEST`; `$DEFAULT` unless said
    /// otherwise. With a number, what was approved is what runs.
    #[serde(default)]
    pub version: Option<String>,
    /// Its parameters: a value or a list of values each, in which `${target.name}` and
    /// `${target.kind}` are filled in, and for an ECS service `${target.cluster}` and
    /// `${target.service}`.
    #[serde(default)]
    pub parameters: BTreeMap<String, Values>,
    /// ARN of the role that it acts with, given to it as `AutomationAssumeRole`.
    #[serde(default)]
    pub assume_role_arn: Option<String>,
    /// What it is about; `runbook` unless said otherwise.
    #[serde(default)]
    pub target_kind: RunbookTarget,
    /// How much of the target's capacity it interrupts, in percent; 1 to 100, and 100
    /// unless said otherwise.
    #[serde(default)]
    pub touches_percent: Option<u32>,
}

/// What a runbook is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunbookTarget {
    /// Nothing else: the runbook itself is the target.
    #[default]
    Runbook,
    /// An ECS service.
    EcsService,
    /// An RDS instance.
    DbInstance,
    /// A Lambda function.
    LambdaFunction,
    /// An SQS queue.
    SqsQueue,
}

/// A runbook, what it is about, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunbookFacts {
    /// The tags of what it is about.
    pub tags: Tags,
    /// The document's own tags; none if there is no such document.
    pub document_tags: Option<Tags>,
    /// The execution that was started under the name of this act, if there is one.
    pub execution: Option<Execution>,
}

/// An execution of a runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Its ID.
    pub id: String,
    /// Its status, as Systems Manager writes it: `Success`.
    pub status: String,
    /// The step that it is at or that has failed, if one is.
    pub step: Option<String>,
    /// Why it has failed, if it says so.
    pub failure: Option<String>,
}

/// A run of a runbook, decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SsmRunbookPlan {
    /// The document's name or ARN.
    pub document: String,
    /// Its version, if the policy says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it is given.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// What it is about.
    pub target: Target,
}

/// The token under which Systems Manager starts an execution only once, in the form of
/// a UUID.
pub fn client_token(reference: &str) -> String {
    let digits = digest(reference.as_bytes());
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// The key of the tag by which an execution is found again. Systems Manager looks for
/// keys, not for values.
pub fn tag_key(reference: &str) -> String {
    format!("watchkeeper-{}", digest(reference.as_bytes()))
}

impl SsmRunbook {
    /// What the runbook is given, for this target.
    fn inputs(&self, target: &Target) -> Result<BTreeMap<String, Vec<String>>, Refusal> {
        let mut inputs = BTreeMap::new();
        for (name, values) in &self.parameters {
            let filled: Vec<String> = values.texts().iter().map(|text| fill(text, self.target_kind, target)).collect();
            inputs.insert(name.clone(), filled);
        }
        if let Some(role) = &self.assume_role_arn {
            inputs.insert(ASSUME_ROLE.to_owned(), vec![role.clone()]);
        }
        match inputs.iter().find_map(|(name, values)| Some((name, parameter_problem(name, values)?))) {
            Some((name, why)) => Err(Refusal::unfit("parameters", format!("parameter {name}: {why}"))),
            None => Ok(inputs),
        }
    }
}

impl Recipe for SsmRunbook {
    type Facts = RunbookFacts;
    type Plan = SsmRunbookPlan;

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if !is_document(&self.document) {
            let text = format!("`{}` is neither the name nor the ARN of a document", self.document);
            problems.push(("document", text));
        }
        if let Some(version) = self.version.as_ref().filter(|version| !is_version(version)) {
            problems.push(("version", format!("`{version}` is neither a number, nor `$DEFAULT`, nor `$LATEST`")));
        }
        for (name, values) in &self.parameters {
            let texts = values.texts();
            let why = parameter_problem(name, texts).or_else(|| inputs::unknown(texts, self.target_kind));
            problems.extend(why.map(|why| ("parameters", format!("{name}: {why}"))));
        }
        if let Some(role) = &self.assume_role_arn {
            if !is_role(role) {
                problems.push(("assume_role_arn", format!("`{role}` is not the ARN of a role")));
            }
            if self.parameters.contains_key(ASSUME_ROLE) {
                let text = format!("`parameters` has `{ASSUME_ROLE}`, too; take one of them out");
                problems.push(("assume_role_arn", text));
            }
        }
        if let Some(percent) = self.touches_percent.filter(|percent| !(1..=100).contains(percent)) {
            problems.push(("touches_percent", format!("`{percent}` is not from 1 to 100")));
        }
        problems
    }

    fn is_disruptive(&self, _: usize) -> bool {
        true
    }

    fn target_of_labels(&self, labels: &Labels) -> Option<Target> {
        match self.target_kind {
            RunbookTarget::Runbook => Some(Target::new(KIND, &self.document)),
            RunbookTarget::EcsService => ecs::of_labels(labels),
            RunbookTarget::DbInstance => rds::of_labels(labels),
            RunbookTarget::LambdaFunction => lambda::of_labels(labels),
            RunbookTarget::SqsQueue => sqs::of_labels(labels),
        }
    }

    fn target_of_service(&self, service: &Service) -> Option<Target> {
        match self.target_kind {
            RunbookTarget::Runbook => Some(Target::new(KIND, &self.document)),
            RunbookTarget::EcsService => ecs::of_service(service),
            RunbookTarget::DbInstance => rds::of_service(service),
            RunbookTarget::LambdaFunction => lambda::of_service(service),
            RunbookTarget::SqsQueue => sqs::of_service(service),
        }
    }

    fn tags(facts: &RunbookFacts) -> &Tags {
        &facts.tags
    }

    fn plan(&self, attempt: Attempt<'_>, facts: &RunbookFacts) -> Result<Planned<SsmRunbookPlan>, Refusal> {
        let (tag, value) = MANAGED_TAG;
        let document = &self.document;
        let why = match &facts.document_tags {
            Some(tags) if tags.get(tag).is_some_and(|found| found == value) => None,
            Some(_) => Some(format!("the document {document} lacks the tag {tag}={value}")),
            None => Some(format!("the document {document} does not exist, or is AWS's own and cannot be tagged")),
        };
        if let Some(why) = why {
            return Err(Refusal::unfit("document", why));
        }
        // A runbook's own name is the policy's; others may come from an alarm.
        if self.target_kind != RunbookTarget::Runbook && !is_plain(&attempt.target.name) {
            let why = "the target's name has characters that are not given to a runbook";
            return Err(Refusal::unfit("target-name", why));
        }
        let plan = SsmRunbookPlan {
            document: document.clone(),
            version: self.version.clone(),
            parameters: self.inputs(attempt.target)?,
            target: attempt.target.clone(),
        };
        let touched_percent = self.touches_percent.unwrap_or(TOUCHES_PERCENT);
        Ok(Planned { plan, touched_percent, caveats: Vec::new() })
    }

    fn sentence(plan: &SsmRunbookPlan) -> String {
        let version = plan.version.as_ref().map(|version| format!(", version {version},")).unwrap_or_default();
        let about = if plan.target.kind == KIND { String::new() } else { format!(" for {}", plan.target) };
        let inputs: Vec<String> = plan.parameters.iter().map(|(name, values)| format!("{name}={}", values.join(","))).collect();
        let with = if inputs.is_empty() { String::new() } else { format!(" with {}", inputs.join(" ")) };
        format!("run runbook {}{version}{about}{}", plan.document, shorten(&with, TOLD_MAX))
    }

    fn seen(_: &SsmRunbookPlan, facts: &RunbookFacts, _: Timestamp) -> Seen {
        // An execution may take a moment to be found by its tag.
        if facts.execution.is_some() { Seen::Done } else { Seen::Unclear }
    }

    fn in_place(_: &SsmRunbookPlan, facts: &RunbookFacts) -> Result<(), Lacking> {
        let Some(execution) = &facts.execution else {
            return Err(Lacking::Yet("no execution of the runbook is to be seen".to_owned()));
        };
        let Execution { id, status, step, failure } = execution;
        let at = step.as_ref().map(|step| format!(" at step {step}")).unwrap_or_default();
        match status.as_str() {
            "Success" | "CompletedWithSuccess" => Ok(()),
            "Failed"
            | "TimedOut"
            | "Cancelled"
            | "Rejected"
            | "Exited"
            | "CompletedWithFailure"
            | "ChangeCalendarOverrideRejected" => {
                let why = failure.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                Err(Lacking::Failed(format!("the runbook ended as {status}{at}{why} (execution {id})")))
            }
            // Whatever else it is, or Systems Manager comes to know, it is not over.
            status => Err(Lacking::Yet(format!("the runbook is {status}{at} (execution {id})"))),
        }
    }

    fn differences(plan: &SsmRunbookPlan, facts: &RunbookFacts) -> Vec<String> {
        let found = facts.execution.iter();
        found.map(|execution| format!("runbook {} is {}", plan.document, execution.status)).collect()
    }
}
