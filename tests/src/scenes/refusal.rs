//! Remediation that somebody has stopped: refused with the reason, and people hear
//! at once instead of waiting for it.

use super::Stage;
use super::stage::{expect, is, line, record};
use crate::stack::{Outcome, scalable_target};

const ALARM: &str = "vitascope-api-high-cpu";
const REMEDIATION: &str = "api-scale-out";

pub(super) async fn play(stage: &Stage) -> Outcome<()> {
    let (operator, scaling) = (&stage.deployment.operator, &stage.deployment.stand_ins.scaling);
    let before = scaling.history(&scalable_target()).len();
    stage
        .later("no incident of this alarm is left", async || {
            let left = operator.incidents(ALARM).await?.len();
            expect(left == 0, || format!("{left} are"))
        })
        .await?;
    stage
        .step("an operator stops it: watchkeeper remediation stop --name api-scale-out", async {
            let why = "a load test is running";
            operator.json(&["remediation", "stop", "--name", REMEDIATION, "--why", why]).await
        })
        .await?;
    stage.alarm(ALARM, "ALARM", "Threshold Crossed: 2 datapoints [88.2, 90.1] were greater than the threshold (70.0)").await?;
    let id = stage.soon("an incident is opened", async || stage.only_incident(ALARM).await).await?;
    stage
        .soon("it is refused, and the record says why", async || {
            let record = record(&stage.incident(&id).await?);
            let refused = line(&record, "refused: remediation is stopped by operator")?;
            expect(record[refused].contains("a load test is running"), || record[refused].clone())
        })
        .await?;
    stage
        .soon("people need not wait for it: the team's channel is told", async || stage.letter("api-team", &id, ALARM).await)
        .await?;
    stage
        .step("nothing was touched", async {
            let after = scaling.history(&scalable_target()).len();
            expect(after == before, || format!("the scalable target was set {} times", after - before))
        })
        .await?;
    stage.step("it may work again", async { operator.json(&["remediation", "resume", "--name", REMEDIATION]).await }).await?;
    stage.alarm(ALARM, "OK", "Threshold Crossed: 1 datapoint [39.8] was not greater than the threshold (70.0)").await?;
    stage.later("the incident is resolved", async || is(&stage.incident(&id).await?, "resolved")).await?;
    stage.tell(&id).await
}
