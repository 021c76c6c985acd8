//! Where cases are played: a deployment, and quick looks at how far it is.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::scenes::event::{self, Metric};
use crate::stack::{Deployment, Outcome};

/// How everything is called that is made for these cases.
pub(super) const PREFIX: &str = "guards-";

/// How long what the tool listed is good for: many wait for their incidents at a time.
const LIST_EVERY: Duration = Duration::from_millis(500);

/// A deployment on which cases are played.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) deployment: Deployment,
    classifier: String,
    table: String,
    listed: Mutex<Option<(Instant, Vec<Value>)>>,
}

/// How far a remediation is.
#[derive(Debug)]
pub(super) struct Remedy {
    /// The stages it has come through, in order.
    pub(super) path: Vec<String>,
    /// Its present stage, with all that belongs to it.
    stage: Value,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, now {}", self.path.join(", "), self.stage)
    }
}

impl Remedy {
    /// Whether nothing more will happen.
    pub(super) fn is_over(&self) -> bool {
        self.stage["is"] == "over"
    }
}

impl Ground {
    /// Cases are played on this deployment.
    pub(super) fn new(deployment: &Deployment) -> Outcome<Ground> {
        let (classifier, table) = (deployment.function("classifier")?, deployment.output("table_name")?);
        Ok(Ground { deployment: deployment.clone(), classifier, table, listed: Mutex::default() })
    }

    /// Has an alarm come in by EventBridge that went into a state so many minutes ago.
    pub(super) async fn alarm(&self, name: &str, state: &str, minutes_old: i64, dimensions: &Value) -> Outcome<()> {
        let metric = Metric { namespace: "Vitascope/Guards", name: "Guards", dimensions };
        let at_ms = event::now_ms() - minutes_old * 60_000;
        // Of another Region: nobody is to ask CloudWatch here for an alarm that it does not
        // have.
        let event = event::alarm_about("eu-west-1", name, state, at_ms, &metric);
        self.deployment.api.invoke_later(&self.classifier, &event).await
    }

    /// The open incident of an alarm.
    pub(super) async fn incident(&self, alarm: &str) -> Outcome<String> {
        let mut listed = self.listed.lock().await;
        let known = listed.take().filter(|(at, _)| at.elapsed() < LIST_EVERY);
        let (at, incidents) = match known {
            Some(known) => known,
            None => (Instant::now(), self.deployment.operator.incidents(PREFIX).await?),
        };
        let found = incidents.iter().find(|incident| incident["title"] == alarm).and_then(|incident| incident["id"].as_str());
        let found = found.map(str::to_owned).ok_or_else(|| format!("there is no incident of {alarm}"));
        *listed = Some((at, incidents));
        found
    }

    /// Whether no incident of a case is left.
    pub(super) async fn is_cleared(&self) -> Outcome<()> {
        let left = self.deployment.operator.incidents(PREFIX).await?.len();
        if left == 0 { Ok(()) } else { Err(format!("{left} incidents of cases are left")) }
    }

    /// How far a remediation of an incident is, by its row: to have the tool show each of
    /// them every time would take longer than what is waited for.
    pub(super) async fn remedy(&self, incident: &str, name: &str) -> Outcome<Remedy> {
        let key = json!({"pk": {"S": format!("INC#{incident}")}, "sk": {"S": format!("REMEDY#{name}")}});
        let input = json!({"TableName": self.table, "Key": key, "ConsistentRead": true});
        let row = self.deployment.api.json("dynamodb", "DynamoDB_20120810", "GetItem", &input).await?;
        let document = row["Item"]["doc"]["S"].as_str().ok_or_else(|| format!("{incident} has no remediation {name}"))?;
        let mut document: Value = serde_json::from_str(document).map_err(|error| error.to_string())?;
        let path = document["path"].as_array().map(Vec::as_slice).unwrap_or_default();
        let path = path.iter().filter_map(|passed| passed["stage"].as_str()).map(str::to_owned).collect();
        Ok(Remedy { path, stage: document["stage"].take() })
    }

    /// An incident with its record, as the tool shows it.
    pub(super) async fn shown(&self, incident: &str) -> Outcome<Value> {
        self.deployment.operator.incident(incident).await
    }
}
