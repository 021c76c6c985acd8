//! What does a storm cost? A thousand alarms of one group are one incident, one
//! page for each receiver, and little more than a write each.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use crate::scenes::{Stage, event};
use crate::stack::{Deployment, Letter, Outcome, eventually};

const ALARMS: u32 = 1_000;
/// How many are handed in at the same time.
const CONCURRENT: usize = 40;
/// For a machine with two cores that does other work as well.
const LIMIT: Duration = Duration::from_mins(2);
/// A group of the policy: all alarms of the service `worker`.
const GROUP: &str = "vitascope-worker";

/// Brings them in and counts; gives how many writes each has taken.
///
/// # Errors
/// What was not as it must be.
pub async fn is_one_incident(stage: &Stage) -> Outcome<f64> {
    let deployment = &stage.deployment;
    let classifier = deployment.function("classifier")?;
    // What fires within the linger of an incident reopens it.
    eventually(LIMIT, async || match deployment.operator.incidents(GROUP).await?.len() {
        0 => Ok(()),
        n => Err(format!("{n} older incidents of the group are still there")),
    })
    .await?;
    let before = rows(deployment).await?;
    // Of another region, so that nobody asks CloudWatch here for them.
    let now = event::now_ms();
    let hand_in = async |n: u32| {
        let event = event::alarm_in("eu-west-1", &format!("{GROUP}-b{n:04}"), "ALARM", now);
        deployment.api.invoke_later(&classifier, &event).await
    };
    stream::iter((0..ALARMS).map(hand_in)).buffer_unordered(CONCURRENT).try_collect::<Vec<()>>().await?;
    let id = eventually(LIMIT, async || {
        let id = stage.only_incident(GROUP).await?;
        let n = deployment.operator.incident(&id).await?["alerts"].as_array().map_or(0, Vec::len);
        if n == ALARMS as usize { Ok(id) } else { Err(format!("the incident has {n} alerts")) }
    })
    .await?;
    let letters = eventually(LIMIT, async || {
        let letters = deployment.inbox.about(&id).await?;
        if letters.is_empty() { Err("nobody was told".to_owned()) } else { Ok(letters) }
    })
    .await?;
    // The group's interval, five minutes, is five seconds here: what joins later
    // than that is told once more, as an update.
    let (updates, pages): (Vec<&Letter>, Vec<&Letter>) = letters.iter().partition(|letter| letter.subject.contains("More of"));
    if pages.len() != 1 || pages.iter().chain(&updates).any(|letter| letter.to != "api-team") {
        let told: Vec<String> = letters.iter().map(|letter| format!("{}: {}", letter.to, letter.subject)).collect();
        return Err(format!("these were told: {told:?}"));
    }
    let after = rows(deployment).await?;
    let each = f64::from(writes(&after, &id) - writes(&before, &id)) / f64::from(ALARMS);
    if each <= 1.5 { Ok(each) } else { Err(format!("{each:.3} writes an alarm")) }
}

async fn rows(deployment: &Deployment) -> Outcome<Vec<Value>> {
    deployment.api.rows(&deployment.output("table_name")?).await
}

/// How many writes have been taken that are about the group or its incident: each row
/// counts its own. Others write meanwhile; what is theirs lies under other keys.
fn writes(rows: &[Value], incident: &str) -> u32 {
    let is_about = |row: &&Value| {
        let row = row.to_string();
        row.contains(GROUP) || row.contains(incident)
    };
    let keys: BTreeSet<&str> = rows.iter().filter(is_about).filter_map(key).collect();
    let of_row = |row: &Value| row["v"]["N"].as_str().and_then(|n| n.parse::<u32>().ok()).unwrap_or(1);
    rows.iter().filter(|row| key(row).is_some_and(|key| keys.contains(key))).map(of_row).sum()
}

/// Under which key a row lies.
fn key(row: &Value) -> Option<&str> {
    row["pk"]["S"].as_str()
}
