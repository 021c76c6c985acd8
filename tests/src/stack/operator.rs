//! Somebody at a terminal with the command-line tool.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;
use tokio::process::Command;

use super::emulator::inherited;
use super::{Outcome, Places};

/// The command-line tool, pointed at a deployment.
#[derive(Debug, Clone)]
pub struct Operator {
    program: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Operator {
    pub(super) fn new(places: &Places, environment: &BTreeMap<String, String>, table: &str) -> Operator {
        let mut environment = environment.clone();
        environment.extend(inherited());
        environment.insert("WATCHKEEPER_TABLE".to_owned(), table.to_owned());
        environment.insert("USER".to_owned(), "operator".to_owned());
        Operator { program: places.watchkeeper.clone(), environment }
    }

    async fn run(&self, arguments: &[&str]) -> Outcome<Output> {
        Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .envs(&self.environment)
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| format!("{} does not start: {error}", self.program.display()))
    }

    /// Runs a command and gives what it says in JSON.
    ///
    /// # Errors
    /// What the tool says went wrong.
    pub async fn json(&self, arguments: &[&str]) -> Outcome<Value> {
        let output = self.run(&[&["--json"], arguments].concat()).await?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(format!("watchkeeper {}: {}{said}", arguments.join(" "), errors.trim()));
        }
        serde_json::from_str(&said).map_err(|error| format!("watchkeeper {} said no JSON: {error}", arguments.join(" ")))
    }

    /// Runs a command and gives what a person sees.
    ///
    /// # Errors
    /// What the tool says went wrong.
    pub async fn text(&self, arguments: &[&str], in_color: bool) -> Outcome<String> {
        let color = if in_color { "--color=always" } else { "--color=never" };
        let output = self.run(&[&[color], arguments].concat()).await?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// An incident with its alerts, notices, remedies and record.
    ///
    /// # Errors
    /// What the tool says went wrong.
    pub async fn incident(&self, id: &str) -> Outcome<Value> {
        self.json(&["incident", "show", id]).await
    }

    /// The incidents that are open or linger, whose title holds `title`.
    ///
    /// # Errors
    /// What the tool says went wrong.
    pub async fn incidents(&self, title: &str) -> Outcome<Vec<Value>> {
        let listed = self.json(&["incident", "list"]).await?;
        let incidents = listed["incidents"].as_array().cloned().unwrap_or_default();
        Ok(incidents.into_iter().filter(|incident| incident["title"].as_str().is_some_and(|it| it.contains(title))).collect())
    }
}
