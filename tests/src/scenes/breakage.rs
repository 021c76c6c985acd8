//! Watchkeeper itself is broken: nothing is lost, and somebody hears of it by a
//! way on which nothing of ours stands.

use std::collections::BTreeMap;

use super::Stage;
use super::event::{alarm, now_ms};
use super::stage::expect;
use crate::stack::{Letter, Outcome};

const LOST: &str = "vitascope-checkout-mystery";
const UNTOLD: &str = "vitascope-api-high-latency";
const TABLE: &str = "WATCHKEEPER_TABLE";
const NOWHERE: &str = "watchkeeper-is-not-here";
const WAIT_SCALE: &str = "stepfunctions._SFN_WAIT_SCALE";

pub(super) async fn play(stage: &Stage) -> Outcome<()> {
    unreachable_table(stage).await?;
    failing_escalation(stage).await
}

/// The classifier cannot reach its table.
async fn unreachable_table(stage: &Stage) -> Outcome<()> {
    let (api, operator) = (&stage.deployment.api, &stage.deployment.operator);
    let classifier = stage.deployment.function("classifier")?;
    let table = stage.step("the classifier loses its table", api.set_variable(&classifier, TABLE, NOWHERE)).await?;
    stage.step("an alarm comes in", api.invoke_later(&classifier, &alarm(LOST, "ALARM", now_ms()))).await?;
    let letter = stage.later("tried again in vain: the failsafe topic gets it raw", async || failsafe(stage, LOST).await).await?;
    stage
        .step("as it came in, with the reason", async {
            let is_raw = letter.text.contains("CloudWatch Alarm State Change") && letter.text.contains("RetriesExhausted");
            expect(is_raw, || letter.text.clone())
        })
        .await?;
    stage.soon("it waits in the dead-letter queue", async || waiting(stage).await).await?;
    stage.step("the table is back", api.set_variable(&classifier, TABLE, &table)).await?;
    let id = stage
        .later("watchkeeper redrive brings it in", async || {
            operator.json(&["redrive"]).await?;
            stage.only_incident(LOST).await
        })
        .await?;
    stage.soon("and people are told", async || stage.letter("operations", &id, LOST).await).await?;
    stage.tell(&id).await?;
    stage.step("it recovers", api.invoke_later(&classifier, &alarm(LOST, "OK", now_ms()))).await
}

/// The escalation fails for good.
async fn failing_escalation(stage: &Stage) -> Outcome<()> {
    let api = &stage.deployment.api;
    let (classifier, escalation) = (stage.deployment.function("classifier")?, stage.deployment.function("escalation")?);
    let table = stage.step("the escalation loses its table", api.set_variable(&escalation, TABLE, NOWHERE)).await?;
    // Two minutes of tries in a second and a half.
    api.set(&BTreeMap::from([(WAIT_SCALE, "0.01")])).await?;
    stage.step("an alarm comes in", api.invoke_later(&classifier, &alarm(UNTOLD, "ALARM", now_ms()))).await?;
    let id = stage.soon("it is an incident", async || stage.only_incident(UNTOLD).await).await?;
    let letter = stage.later("the state machine itself tells the failsafe topic", async || failsafe(stage, &id).await).await?;
    stage
        .step("what it is about, why, and what to do", async {
            let says = |text: &str| letter.text.contains(text);
            expect(says("watchkeeper incident show") && says("What happened"), || letter.text.clone())
        })
        .await?;
    stage.step("the escalation has its table again", api.set_variable(&escalation, TABLE, &table)).await?;
    api.set(&BTreeMap::from([(WAIT_SCALE, "1")])).await?;
    stage
        .later("its clock is started again, and people are told", async || {
            stage.deployment.sweep().await?;
            stage.letter("api-team", &id, UNTOLD).await
        })
        .await?;
    stage.tell(&id).await?;
    stage.step("it recovers", api.invoke_later(&classifier, &alarm(UNTOLD, "OK", now_ms()))).await
}

async fn failsafe(stage: &Stage, about: &str) -> Outcome<Letter> {
    let letters = stage.deployment.inbox.letters().await?;
    let found = letters.iter().find(|letter| letter.to == "failsafe" && letter.is_about(about)).cloned();
    found.ok_or_else(|| "the failsafe topic has no letter about it".to_owned())
}

/// Whether something waits in the dead-letter queue.
async fn waiting(stage: &Stage) -> Outcome<()> {
    let n = stage.deployment.dead_letters().await?;
    expect(n > 0, || "the queue is empty".to_owned())
}
