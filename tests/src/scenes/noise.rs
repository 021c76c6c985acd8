//! What must not wake anybody, or only once; each time with its reason.

use std::time::Duration;

use super::Stage;
use super::event::{alarm, direct, now_ms};
use super::stage::{expect, is, subjects};
use crate::stack::{Outcome, eventually};

const UNKNOWN: &str = "vitascope-checkout-mystery";
const CAUSE: &str = "vitascope-database-connections";
const SYMPTOM: &str = "vitascope-api-high-latency";
const BATCH: &str = "vitascope-batch-late";
/// How long another scene may have the database first.
const TURN: Duration = Duration::from_mins(3);
/// How many workers have an alarm.
const WORKERS: usize = 40;

pub(super) async fn play(stage: &Stage) -> Outcome<()> {
    repetitions(stage).await?;
    maintenance(stage).await?;
    burst(stage).await?;
    symptom(stage).await
}

/// The same event three times, an older one after it, and no rule for any.
async fn repetitions(stage: &Stage) -> Outcome<()> {
    let classifier = stage.deployment.function("classifier")?;
    let (api, now) = (&stage.deployment.api, now_ms());
    let (firing, older) = (alarm(UNKNOWN, "ALARM", now), alarm(UNKNOWN, "OK", now - 60_000));
    let bring = async |events: &[&String]| {
        for event in events {
            api.invoke_later(&classifier, event).await?;
        }
        Ok(())
    };
    let by_itself = direct(UNKNOWN, "ALARM", now);
    stage.step("an event without a rule comes three times, by two ways", bring(&[&firing, &by_itself, &firing])).await?;
    let id = stage.soon("it is one incident", async || stage.only_incident(UNKNOWN).await).await?;
    stage.soon("operations is told", async || stage.letter("operations", &id, UNKNOWN).await).await?;
    stage.step("it comes once more, and then an older state", bring(&[&by_itself, &older])).await?;
    stage
        .soon("it is a P2 that fires; the others are ignored, because", async || {
            let shown = stage.incident(&id).await?;
            let (priority, alert) = (&shown["incident"]["priority"], &shown["alerts"][0]);
            expect(priority == "P2" && alert["firing"] == true, || format!("{priority} {alert}"))?;
            let ignored = &alert["alert"]["ignored"];
            let n = |name: &str| ignored[name].as_u64().unwrap_or_default();
            expect(n("n_duplicates") >= 1 && n("n_older") == 1, || format!("ignored: {ignored}"))?;
            has_reason(&ignored["because"])
        })
        .await?;
    once(stage, &id, "operations").await?;
    // Seconds later than the state that it ends.
    stage.step("it recovers", api.invoke_later(&classifier, &alarm(UNKNOWN, "OK", now_ms()))).await?;
    stage.later("and is over", async || is(&stage.incident(&id).await?, "resolved")).await?;
    stage.tell(&id).await
}

/// A symptom of a cause that is known and open.
async fn symptom(stage: &Stage) -> Outcome<()> {
    let is_well = async || {
        let n = stage.deployment.operator.incidents(CAUSE).await?.len();
        expect(n == 0, || "an older incident of the database is still there".to_owned())
    };
    stage.step("the database is well", eventually(TURN, is_well)).await?;
    stage.alarm(CAUSE, "ALARM", "Threshold Crossed: 1 datapoint [96.0] was greater than the threshold (80.0)").await?;
    let cause = stage.soon("the database has its incident", async || stage.only_incident(CAUSE).await).await?;
    stage.soon("whose primary is paged", async || stage.letter("database-team", &cause, CAUSE).await).await?;
    stage.alarm(SYMPTOM, "ALARM", "Threshold Crossed: 3 datapoints were greater than the threshold (500.0)").await?;
    let id = stage.soon("the slow API has one as well", async || stage.only_incident(SYMPTOM).await).await?;
    held_back(stage, &id, &cause).await?;
    stage.tell(&id).await?;
    for name in [SYMPTOM, CAUSE] {
        stage.alarm(name, "OK", "It is well again").await?;
    }
    for id in [&id, &cause] {
        stage.later("it is over", async || is(&stage.incident(id).await?, "resolved")).await?;
    }
    nobody_told(stage, &id).await
}

/// Planned work.
async fn maintenance(stage: &Stage) -> Outcome<()> {
    let operator = &stage.deployment.operator;
    let why = "moves to the new cluster";
    let added = stage
        .step(
            "maintenance is announced for the batch jobs",
            operator.json(&["maintenance", "add", "service=\"batch\"", "--for", "1h", "--why", why]),
        )
        .await?;
    stage.alarm(BATCH, "ALARM", "Threshold Crossed: 1 datapoint [1200.0] was greater than the threshold (900.0)").await?;
    let id = stage.soon("the late job is on record", async || stage.only_incident(BATCH).await).await?;
    held_back(stage, &id, why).await?;
    stage.tell(&id).await?;
    stage.alarm(BATCH, "OK", "It is well again").await?;
    stage.later("it is over", async || is(&stage.incident(&id).await?, "resolved")).await?;
    nobody_told(stage, &id).await?;
    let name = added["name"].as_str().unwrap_or_default();
    stage.step("the maintenance is ended", operator.json(&["maintenance", "expire", name])).await.map(|_| ())
}

/// Forty alarms of one group at once.
async fn burst(stage: &Stage) -> Outcome<()> {
    let names: Vec<String> = (1..=WORKERS).map(|n| format!("vitascope-worker-{n:02}-errors")).collect();
    let set_all = async |state: &str| {
        let all = names.iter().map(|name| stage.deployment.api.set_alarm(name, state, "Threshold Crossed: 1 datapoint [7.0]"));
        futures_util::future::join_all(all).await.into_iter().collect::<Outcome<Vec<()>>>()
    };
    stage.step("forty workers fail at once", set_all("ALARM")).await?;
    let id = stage.soon("it is one incident", async || stage.only_incident("vitascope-worker").await).await?;
    stage
        .soon("with forty alerts", async || {
            let n = stage.incident(&id).await?["alerts"].as_array().map_or(0, Vec::len);
            expect(n == WORKERS, || format!("it has {n}"))
        })
        .await?;
    once(stage, &id, "api-team").await?;
    stage.tell(&id).await?;
    stage.next_second().await;
    stage.step("all of them recover", set_all("OK")).await?;
    stage.later("and it is over", async || is(&stage.incident(&id).await?, "resolved")).await
}

/// Whether its first alert is kept back for a reason that holds `reason`, and
/// nobody is told.
async fn held_back(stage: &Stage, id: &str, reason: &str) -> Outcome<()> {
    stage
        .soon("nobody is told, because", async || {
            let shown = stage.incident(id).await?;
            let because = &shown["alerts"][0]["suppressed"];
            has_reason(because)?;
            expect(because.to_string().contains(reason), || format!("because of something else: {because}"))?;
            let held = &shown["incident"]["suppressed"];
            has_reason(held)
        })
        .await?;
    nobody_told(stage, id).await
}

fn has_reason(because: &serde_json::Value) -> Outcome<()> {
    expect(because.as_str().is_some_and(|text| !text.is_empty()), || "no reason is given".to_owned())
}

async fn nobody_told(stage: &Stage, id: &str) -> Outcome<()> {
    let letters = stage.deployment.inbox.about(id).await?;
    // The incident that it is held back for names it in its own record, not in
    // letters.
    expect(letters.is_empty(), || format!("letters went out: {:?}", subjects(&letters)))
}

/// One letter to a receiver, and not another.
async fn once(stage: &Stage, id: &str, to: &str) -> Outcome<()> {
    stage.soon(&format!("{to} is told"), async || stage.letter(to, id, "").await).await?;
    stage
        .step("once, and everybody else once at most", async {
            let letters = stage.deployment.inbox.about(id).await?;
            let mut receivers: Vec<&str> = letters.iter().map(|letter| letter.to.as_str()).collect();
            receivers.sort_unstable();
            let n_letters = receivers.len();
            receivers.dedup();
            expect(receivers.len() == n_letters, || format!("{:?}", subjects(&letters)))
        })
        .await
}
