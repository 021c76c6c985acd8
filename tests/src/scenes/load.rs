//! An ECS service under load: mended before anybody is told more than needed,
//! verified, and put back.

use super::Stage;
use super::stage::{expect, is, line, record, subjects};
use crate::stack::{Outcome, TASKS, TASKS_MAX, Target, scalable_target};

const ALARM: &str = "vitascope-api-high-cpu";
/// Half as many tasks again as ran: `add_percent: 50` of the policy.
const TASKS_MENDED: u64 = 3;

pub(super) async fn play(stage: &Stage) -> Outcome<()> {
    let deployment = &stage.deployment;
    stage.alarm(ALARM, "ALARM", "Threshold Crossed: 2 datapoints [93.7, 91.4] were greater than the threshold (70.0)").await?;
    let id = stage.soon("an incident is opened", async || stage.only_incident(ALARM).await).await?;
    stage
        .step("it is a P2 of the API's team", async {
            let shown = stage.incident(&id).await?;
            let (priority, team) = (&shown["incident"]["priority"], &shown["incident"]["labels"]["team"]);
            expect(priority == "P2" && team == "api", || format!("it is a {priority} of team {team}"))
        })
        .await?;
    stage
        .soon("the service's minimum capacity is raised, its maximum is not touched", async || {
            let target = deployment.stand_ins.scaling.target(&scalable_target());
            expect(target == Some(Target { min: TASKS_MENDED, max: TASKS_MAX }), || format!("the scalable target is {target:?}"))
        })
        .await?;
    stage
        .soon("ECS is to run more tasks", async || {
            let tasks = deployment.tasks().await?;
            expect(tasks == TASKS_MENDED, || format!("it is to run {tasks}"))
        })
        .await?;
    stage
        .step("meanwhile nobody was told", async {
            let letters = stage.letters("api-team", &id).await?;
            if letters.is_empty() {
                return Ok(());
            }
            // On a slow machine the wait is over already: then the record must say that
            // it was mended first.
            let record = record(&stage.incident(&id).await?);
            let in_order = line(&record, "raise the minimum")? < line(&record, "notify ")?;
            expect(in_order, || format!("the team was told {:?}", subjects(&letters)))
        })
        .await?;
    stage
        .later("it still rings when the wait is over: the team's channel is told", async || {
            stage.letter("api-team", &id, ALARM).await
        })
        .await?;
    stage.alarm(ALARM, "OK", "Threshold Crossed: 1 datapoint [41.2] was not greater than the threshold (70.0)").await?;
    stage
        .later("verified: the capacity is put back", async || {
            let target = deployment.stand_ins.scaling.target(&scalable_target());
            expect(target == Some(Target { min: TASKS, max: TASKS_MAX }), || format!("the scalable target is {target:?}"))
        })
        .await?;
    stage.later("the incident is resolved", async || is(&stage.incident(&id).await?, "resolved")).await?;
    stage.soon("the channel is told of the end", async || stage.letter("api-team", &id, "Resolved").await).await?;
    stage
        .step("its record tells it in this order, each with why", async {
            let record = record(&stage.incident(&id).await?);
            let (held, raised, told) = (line(&record, "held ")?, line(&record, "raise the minimum")?, line(&record, "notify ")?);
            expect(held < told && raised < told, || format!("the order is another: {record:#?}"))?;
            expect(record[held].contains("because"), || format!("no reason: {}", record[held]))
        })
        .await?;
    stage
        .step("the maximum was never lowered", async {
            let history = deployment.stand_ins.scaling.history(&scalable_target());
            expect(history.iter().all(|target| target.max == TASKS_MAX), || format!("{history:?}"))
        })
        .await?;
    stage.tell(&id).await
}
