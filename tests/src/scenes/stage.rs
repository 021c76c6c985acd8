//! What every scene is played on.

use std::time::Duration;

use serde_json::Value;

use super::Narrator;
use crate::stack::{Deployment, Letter, Outcome, eventually};

/// How long something may take that waits for nothing but the machine.
const SOON: Duration = Duration::from_secs(30);
/// How long something may take that waits for the policy's times as well: the
/// longest of them, half an hour, is half a minute here.
const LATER: Duration = Duration::from_secs(90);

/// A deployment, and somebody who tells what happens on it.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The deployment.
    pub deployment: Deployment,
    /// How long each rule of the escalation policy waits for an answer, as
    /// shortened here.
    pub(super) escalation_delay: Duration,
    narrator: Narrator,
}

impl Stage {
    /// A stage on a deployment whose escalation policy waits `escalation_delay`.
    pub fn new(deployment: Deployment, escalation_delay: Duration, narrator: Narrator) -> Stage {
        Stage { deployment, escalation_delay, narrator }
    }

    /// Does something, as a step with a name.
    ///
    /// # Errors
    /// The step's name, and why it failed.
    pub async fn step<T>(&self, what: &str, deed: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        self.narrator.step(what, deed).await
    }

    /// Waits for something that waits for nothing but the machine.
    pub(super) async fn soon<T>(&self, what: &str, look: impl AsyncFnMut() -> Outcome<T>) -> Outcome<T> {
        self.step(what, eventually(SOON, look)).await
    }

    /// Waits for something that the policy's times hold up.
    pub(super) async fn later<T>(&self, what: &str, look: impl AsyncFnMut() -> Outcome<T>) -> Outcome<T> {
        self.step(what, eventually(LATER, look)).await
    }

    /// Sets an alarm's state.
    pub(super) async fn alarm(&self, name: &str, state: &str, reason: &str) -> Outcome<()> {
        self.next_second().await;
        self.step(&format!("{name} goes {state}"), self.deployment.api.set_alarm(name, state, reason)).await
    }

    /// Lets a second pass: the emulator tells when an alarm changed to the second
    /// only, and of two states of one second the worse one holds.
    pub(super) async fn next_second(&self) {
        tokio::time::sleep(Duration::from_millis(1_050)).await;
    }

    /// The one open incident with this title.
    pub(crate) async fn only_incident(&self, title: &str) -> Outcome<String> {
        let incidents = self.deployment.operator.incidents(title).await?;
        match incidents.as_slice() {
            [incident] => incident["id"].as_str().map(str::to_owned).ok_or_else(|| "the incident has no name".to_owned()),
            [] => Err(format!("there is no incident \"{title}\"")),
            several => Err(format!("there are {} incidents \"{title}\" instead of one", several.len())),
        }
    }

    /// An incident, as the command-line tool tells it.
    pub(super) async fn incident(&self, id: &str) -> Outcome<Value> {
        self.deployment.operator.incident(id).await
    }

    /// The newest letter to `to` about an incident whose subject holds `about`.
    pub(super) async fn letter(&self, to: &str, incident: &str, about: &str) -> Outcome<Letter> {
        let letters = self.letters(to, incident).await?;
        let found = letters.iter().rev().find(|letter| letter.subject.contains(about)).cloned();
        found.ok_or_else(|| format!("{to} has no letter \"{about}\" about {incident}, only {:?}", subjects(&letters)))
    }

    /// All letters to `to` about an incident.
    pub(super) async fn letters(&self, to: &str, incident: &str) -> Outcome<Vec<Letter>> {
        Ok(self.deployment.inbox.about(incident).await?.into_iter().filter(|letter| letter.to == to).collect())
    }

    /// Shows an incident with its record, as a person would want to read it.
    pub(super) async fn tell(&self, incident: &str) -> Outcome<()> {
        self.show(&["incident", "show", incident]).await
    }

    /// Shows what a command says, as a person would want to read it.
    pub(super) async fn show(&self, command: &[&str]) -> Outcome<()> {
        let text = self.deployment.operator.text(command, self.narrator.in_color()).await?;
        self.narrator.show(&text);
        Ok(())
    }
}

/// The subjects of letters, for messages.
pub(super) fn subjects(letters: &[Letter]) -> Vec<&str> {
    letters.iter().map(|letter| letter.subject.as_str()).collect()
}

/// Says what was seen unless it is as it should be.
pub(super) fn expect(is_right: bool, otherwise: impl FnOnce() -> String) -> Outcome<()> {
    if is_right { Ok(()) } else { Err(otherwise()) }
}

/// An incident's record, a line for each entry: when, what about, what, and why.
pub(crate) fn record(incident: &Value) -> Vec<String> {
    let entries = incident["timeline"].as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .map(|entry| {
            let because: Vec<&str> = entry["because"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            format!(
                "{} {} {} (because {})",
                entry["at"].as_str().unwrap_or_default(),
                entry["kind"].as_str().unwrap_or_default(),
                entry["text"].as_str().unwrap_or_default(),
                because.join("; ")
            )
        })
        .collect()
}

/// Where a line that holds `text` stands in a record.
pub(super) fn line(record: &[String], text: &str) -> Outcome<usize> {
    record.iter().position(|line| line.contains(text)).ok_or_else(|| format!("the record has no line \"{text}\": {record:#?}"))
}

/// Whether an incident is in this state.
pub(super) fn is(incident: &Value, status: &str) -> Outcome<()> {
    let now = incident["incident"]["status"]["is"].as_str().unwrap_or_default();
    expect(now == status, || format!("the incident is {now}, not {status}"))
}
