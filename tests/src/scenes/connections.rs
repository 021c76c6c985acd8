//! A database that runs out of connections: people are woken one after another
//! until somebody answers, who then allows the restart from the same page.

use std::time::{Duration, Instant};

use super::Stage;
use super::stage::{expect, is, line, record, subjects};
use crate::stack::{DATABASE, Letter, Outcome, Page};

const ALARM: &str = "vitascope-database-connections";
/// What people are paged by: a topic for each of them.
const PAGERS: [&str; 3] = ["page-aiko", "page-ben", "page-chika"];
const MANAGER: &str = "page-chika";

pub(super) async fn play(stage: &Stage) -> Outcome<()> {
    stage.alarm(ALARM, "ALARM", "Threshold Crossed: 1 datapoint [97.0] was greater than the threshold (80.0)").await?;
    let id = stage.soon("an incident is opened", async || stage.only_incident(ALARM).await).await?;
    let letter = climb(stage, &id).await?;
    let woken_at = Instant::now();
    let page = answer(stage, &id, &letter).await?;
    stage
        .later("nobody else was woken, though the next delay is over", async || {
            expect(woken_at.elapsed() > stage.escalation_delay + Duration::from_secs(3), || "it is not over yet".to_owned())?;
            let n_pages = pages(stage, &id).await?.len();
            if n_pages == PAGERS.len() { Ok(()) } else { Err(format!("{n_pages} people were paged")) }
        })
        .await?;
    mend(stage, &id, &page).await?;
    stage.alarm(ALARM, "OK", "Threshold Crossed: 1 datapoint [12.0] was not greater than the threshold (80.0)").await?;
    stage.later("the incident is resolved", async || is(&stage.incident(&id).await?, "resolved")).await?;
    stage.soon("everyone who was told is told of the end", async || everyone_told(stage, &id).await).await?;
    stage
        .step("the record has all of it", async {
            let record = record(&stage.incident(&id).await?);
            for text in ["rule 1 of 3", "rule 2 of 3", "rule 3 of 3", "acknowledged", "approved", "reset: helped"] {
                line(&record, text)?;
            }
            Ok(())
        })
        .await?;
    stage.tell(&id).await
}

/// Nobody answers: one after another is paged.
async fn climb(stage: &Stage, id: &str) -> Outcome<Letter> {
    let paged = async |n: usize| {
        let pages = pages(stage, id).await?;
        pages.get(n).cloned().ok_or_else(|| format!("{} people were paged", pages.len()))
    };
    let begun = Instant::now();
    let first = stage.soon("the primary is paged at once", async || paged(0).await).await?;
    stage.soon("the team's channel is told, too", async || stage.letter("database-team", id, ALARM).await).await?;
    let second = stage.later("nobody answers: the secondary is paged", async || paged(1).await).await?;
    let after = begun.elapsed();
    let third = stage.later("nobody answers: the engineering manager is paged", async || paged(2).await).await?;
    stage
        .step("three people, each after the policy's delay", async {
            let delay = stage.escalation_delay;
            let slow = after + Duration::from_secs(2) >= delay && begun.elapsed() + Duration::from_secs(2) >= delay * 2;
            expect(slow, || format!("the secondary was paged after {after:?}, the manager after {:?}", begun.elapsed()))?;
            let people = [&first.to, &second.to, &third.to];
            expect(first.to != second.to && third.to == MANAGER, || format!("{people:?}"))
        })
        .await?;
    Ok(third)
}

/// Opens the link of a page and takes the incident.
async fn answer(stage: &Stage, id: &str, letter: &Letter) -> Outcome<Page> {
    let visitor = &stage.deployment.visitor;
    let page = stage
        .step("the link in the page shows the incident", async {
            let page = visitor.open(&letter.text).await?;
            let is_it = page.status == 200 && page.html.contains(ALARM) && page.html.contains(id);
            expect(is_it, || format!("{} {}", page.status, page.html))?;
            Ok(page)
        })
        .await?;
    stage.step("to look is not to answer", async { is(&stage.incident(id).await?, "triggered") }).await?;
    let page = stage
        .step("its button acknowledges", async {
            let page = visitor.press(&page, &page.button("Acknowledge")?).await?;
            expect(page.status == 200, || format!("{} {}", page.status, page.html))?;
            is(&stage.incident(id).await?, "acknowledged")?;
            Ok(page)
        })
        .await?;
    Ok(page)
}

/// Allows the restart that the page offers.
async fn mend(stage: &Stage, id: &str, page: &Page) -> Outcome<()> {
    let (deployment, visitor) = (&stage.deployment, &stage.deployment.visitor);
    let restarts = async || {
        let events = deployment.database_events(DATABASE).await?;
        Ok::<usize, String>(events.iter().filter(|event| event.to_lowercase().contains("restart")).count())
    };
    let before = restarts().await?;
    stage
        .step("the same page offers the restart; it is approved", async {
            expect(page.html.contains(DATABASE), || "the page does not say what it would restart".to_owned())?;
            let page = visitor.press(page, &page.button("Approve")?).await?;
            expect(page.status == 200, || format!("{} {}", page.status, page.html))
        })
        .await?;
    stage
        .soon("guarded, and done: RDS has restarted the database", async || {
            let n = restarts().await?;
            expect(n == before + 1, || format!("it was restarted {} times", n - before))
        })
        .await?;
    stage.soon("the database takes connections again", async || deployment.database_is_available().await).await?;
    stage
        .step("the guards were asked again", async {
            let record = record(&stage.incident(id).await?);
            line(&record, "every guard allows it").map(|_| ())
        })
        .await
}

/// The pages about an incident: letters to people, which want an answer.
pub(super) async fn pages(stage: &Stage, id: &str) -> Outcome<Vec<Letter>> {
    let letters = stage.deployment.inbox.about(id).await?;
    Ok(letters.into_iter().filter(|it| PAGERS.contains(&it.to.as_str()) && it.subject.contains("Please answer")).collect())
}

/// Whether all that heard of the incident have heard of its end.
async fn everyone_told(stage: &Stage, id: &str) -> Outcome<()> {
    let letters = stage.deployment.inbox.about(id).await?;
    for letter in &letters {
        let of_end = letters.iter().filter(|it| it.to == letter.to && it.subject.contains("Resolved")).count();
        expect(of_end == 1, || format!("{} was told {of_end} times of the end: {:?}", letter.to, subjects(&letters)))?;
    }
    Ok(())
}
