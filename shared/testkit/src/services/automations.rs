//! SSM Automation: runbooks, and what becomes of their executions.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::wire::{Answer, Call, Paging, seconds};

const PAGING: Paging = Paging {
    size: "MaxResults",
    token: "NextToken",
    usual: 50,
    max: 50,
    bad_size: "ValidationException",
    bad_token: "InvalidNextToken",
};

/// How an execution ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// All steps were done.
    Success,
    /// A step failed, with this message.
    Failed(String),
    /// It took too long.
    TimedOut,
    /// Somebody ended it.
    Cancelled,
}

/// A runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its newest version, which is the default one, too; from 1.
    pub version: u32,
    /// The parameters it takes; others are refused.
    pub parameters: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// How executions end that are started from now on.
    pub ending: Ending,
    /// How long they run.
    pub runs_for: SignedDuration,
}

/// An execution of a runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Automation {
    /// Its ID.
    pub id: String,
    /// The runbook's name.
    pub document: String,
    /// The runbook's version.
    pub version: u32,
    /// What it was started with.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// Whoever comes again with this token gets this execution.
    pub token: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// How it ends.
    pub ending: Ending,
}

/// The runbooks of a region, with their executions.
#[derive(Debug, Clone, Default)]
pub struct Automations {
    documents: BTreeMap<String, Document>,
    executions: Vec<Automation>,
}

impl Default for Document {
    /// Succeeds at once, and takes no parameters.
    fn default() -> Document {
        Document {
            version: 1,
            parameters: Vec::new(),
            tags: BTreeMap::new(),
            ending: Ending::Success,
            runs_for: SignedDuration::ZERO,
        }
    }
}

impl Automation {
    /// Its status at a moment.
    pub fn status(&self, now: Timestamp) -> &'static str {
        match &self.ending {
            _ if now < self.ends_at => "InProgress",
            Ending::Success => "Success",
            Ending::Failed(_) => "Failed",
            Ending::TimedOut => "TimedOut",
            Ending::Cancelled => "Cancelled",
        }
    }

    fn is_asked(&self, now: Timestamp, filter: &Value) -> bool {
        let mut values = filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let is = |value: &str| match filter["Key"].as_str().unwrap_or_default() {
            "DocumentNamePrefix" => self.document.starts_with(value),
            "ExecutionStatus" => self.status(now) == value,
            "ExecutionId" => self.id == value,
            "TagKey" => self.tags.contains_key(value),
            "StartTimeAfter" => value.parse().is_ok_and(|from: Timestamp| self.started_at >= from),
            "StartTimeBefore" => value.parse().is_ok_and(|until: Timestamp| self.started_at <= until),
            _ => false,
        };
        values.any(is)
    }

    fn described(&self, now: Timestamp) -> Value {
        let mut described = json!({
            "AutomationExecutionId": self.id,
            "DocumentName": self.document,
            "DocumentVersion": self.version.to_string(),
            "AutomationExecutionStatus": self.status(now),
            "ExecutionStartTime": seconds(self.started_at),
            "Mode": "Auto",
        });
        if now >= self.ends_at {
            described["ExecutionEndTime"] = json!(seconds(self.ends_at));
            if let Ending::Failed(message) = &self.ending {
                described["FailureMessage"] = json!(message);
            }
        }
        described
    }
}

/// The filters that are known here.
const FILTERS: [&str; 6] =
    ["DocumentNamePrefix", "ExecutionStatus", "ExecutionId", "TagKey", "StartTimeAfter", "StartTimeBefore"];

impl Automations {
    /// Adds a runbook, or changes it.
    pub fn set_document(&mut self, name: &str, document: Document) {
        self.documents.insert(name.to_owned(), document);
    }

    /// Every execution that was started so far, in order.
    pub fn executions(&self) -> &[Automation] {
        &self.executions
    }

    /// Answers a call of SSM.
    pub fn answer(&mut self, now: Timestamp, call: &Call) -> Answer {
        match call.operation.as_str() {
            "ListTagsForResource" => self.list_tags(call),
            "StartAutomationExecution" => self.start(now, call),
            "DescribeAutomationExecutions" => self.describe(now, call),
            "GetAutomationExecution" => self.get(now, call),
            operation => Answer::error(400, "UnknownOperationException", &format!("no stand-in for ssm {operation}")),
        }
    }

    fn list_tags(&self, call: &Call) -> Answer {
        let id = call.text("ResourceId");
        let found = match call.text("ResourceType") {
            "Document" => self.documents.get(id).map(|document| &document.tags),
            "Automation" => self.executions.iter().find(|execution| execution.id == id).map(|execution| &execution.tags),
            other => return Answer::error(400, "InvalidResourceType", &format!("no stand-in for tags of {other}")),
        };
        match found {
            None => Answer::error(400, "InvalidResourceId", "The resource ID is not valid."),
            Some(tags) => {
                let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                Answer::json(&json!({"TagList": tags}))
            }
        }
    }

    fn start(&mut self, now: Timestamp, call: &Call) -> Answer {
        let started = match self.read(now, call) {
            Ok(started) => started,
            Err(refused) => return refused,
        };
        let known = self.executions.iter().find(|it| it.token.is_some() && it.token == started.token);
        let id = match known {
            Some(known) if (&known.document, &known.parameters) != (&started.document, &started.parameters) => {
                return Answer::error(400, "IdempotentParameterMismatch", "the token was used with other parameters");
            }
            Some(known) => known.id.clone(),
            None => {
                let id = started.id.clone();
                self.executions.push(started);
                id
            }
        };
        Answer::json(&json!({"AutomationExecutionId": id}))
    }

    fn read(&self, now: Timestamp, call: &Call) -> Result<Automation, Answer> {
        let refuse = |code: &str, message: &str| Answer::error(400, code, message);
        let name = call.text("DocumentName");
        let Some(document) = self.documents.get(name) else {
            return Err(refuse("AutomationDefinitionNotFoundException", &format!("no runbook is called {name}")));
        };
        let version = match call.text("DocumentVersion") {
            "" | "$DEFAULT" | "$LATEST" => Some(document.version),
            number => number.parse().ok().filter(|number| (1..=document.version).contains(number)),
        };
        let Some(version) = version else {
            return Err(refuse("AutomationDefinitionVersionNotFoundException", "the runbook has no such version"));
        };
        let token = call.input["ClientToken"].as_str().map(str::to_owned);
        if token.as_ref().is_some_and(|token| !is_uuid(token)) {
            return Err(refuse("ValidationException", "ClientToken must be a UUID"));
        }
        let Some(parameters) = parameters(&call.input["Parameters"]) else {
            return Err(refuse("SerializationException", "every parameter is a list of texts"));
        };
        if let Some(name) = parameters.keys().find(|name| !document.parameters.contains(name)) {
            let message = format!("the runbook has no parameter {name}");
            return Err(refuse("InvalidAutomationExecutionParametersException", &message));
        }
        let tag = |tag: &Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
        Ok(Automation {
            id: format!("a0000000-0000-4000-8000-{:012}", self.executions.len() + 1),
            document: name.to_owned(),
            version,
            parameters,
            token,
            tags: call.input["Tags"].as_array().into_iter().flatten().filter_map(tag).collect(),
            started_at: now,
            ends_at: now + document.runs_for,
            ending: document.ending.clone(),
        })
    }

    fn describe(&self, now: Timestamp, call: &Call) -> Answer {
        let filters: Vec<&Value> = call.input["Filters"].as_array().into_iter().flatten().collect();
        if let Some(unknown) = filters.iter().find(|filter| !FILTERS.iter().any(|known| filter["Key"] == *known)) {
            return Answer::error(400, "InvalidFilterKey", &format!("no stand-in for the filter {}", unknown["Key"]));
        }
        let is_asked = |execution: &&Automation| filters.iter().all(|filter| execution.is_asked(now, filter));
        let asked = self.executions.iter().rev().filter(is_asked).map(|execution| execution.described(now)).collect();
        PAGING.page(call, asked, |page| json!({"AutomationExecutionMetadataList": page}))
    }

    fn get(&self, now: Timestamp, call: &Call) -> Answer {
        let id = call.text("AutomationExecutionId");
        match self.executions.iter().find(|execution| execution.id == id) {
            None => Answer::error(400, "AutomationExecutionNotFoundException", &format!("there is no execution {id}")),
            Some(execution) => {
                let mut described = execution.described(now);
                described["Parameters"] = json!(execution.parameters);
                Answer::json(&json!({"AutomationExecution": described}))
            }
        }
    }
}

fn parameters(input: &Value) -> Option<BTreeMap<String, Vec<String>>> {
    let texts = |list: &Value| list.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    match input {
        Value::Null => Some(BTreeMap::new()),
        input => input.as_object()?.iter().map(|(name, list)| Some((name.clone(), texts(list)?))).collect(),
    }
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(is_hex)
}
