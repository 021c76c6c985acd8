//! The project's Terraform, run on a copy of `infra/`: nothing is left in the
//! project's own folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use super::emulator::inherited;
use super::{Outcome, Places};

/// What one run of Terraform said.
#[derive(Debug, Clone)]
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// What it answers.
    pub answer: String,
    /// The answer, and what it says beside: warnings and errors.
    pub text: String,
}

/// Terraform on a copy of `infra/`.
#[derive(Debug, Clone)]
pub struct Terraform {
    folder: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Terraform {
    pub(super) fn new(places: &Places, environment: &BTreeMap<String, String>) -> Outcome<Terraform> {
        let folder = places.work.join("infra");
        // What is initialised stays, so that the next start is quick; the state of
        // an emulator that has ended means nothing.
        remove(&folder.join("terraform.tfstate"))?;
        remove(&folder.join("terraform.tfstate.backup"))?;
        copy(&places.project.join("infra"), &folder)?;
        let mut environment = environment.clone();
        environment.extend(inherited());
        environment.extend([("TF_IN_AUTOMATION".to_owned(), "1".to_owned()), ("TF_INPUT".to_owned(), "0".to_owned())]);
        Ok(Terraform { folder, environment })
    }

    /// The copy of `infra/`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the variables that every run takes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set(&self, variables: &Value) -> Outcome<()> {
        self.write("terraform.tfvars.json", &variables.to_string())
    }

    /// Writes a file into the copy.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &str) -> Outcome<()> {
        let path = self.folder.join(name);
        std::fs::write(&path, content).map_err(|error| format!("{} cannot be written: {error}", path.display()))
    }

    /// Runs Terraform, whatever comes of it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn run(&self, arguments: &[&str]) -> Outcome<Said> {
        let output = Command::new("terraform")
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(&self.environment)
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| {
                format!("terraform does not start ({error}); get it at https://developer.hashicorp.com/terraform/install")
            })?;
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        let text = format!("{answer}{}", String::from_utf8_lossy(&output.stderr));
        self.write(&format!("{}.log", arguments.first().unwrap_or(&"terraform")), &text)?;
        Ok(Said { code: output.status.code().unwrap_or(-1), answer, text })
    }

    async fn run_well(&self, arguments: &[&str]) -> Outcome<String> {
        let said = self.run(arguments).await?;
        if said.code == 0 { Ok(said.answer) } else { Err(format!("terraform {} failed:\n{}", arguments.join(" "), said.text)) }
    }

    /// Fetches the providers that the lock file names.
    ///
    /// # Errors
    /// What Terraform says.
    pub async fn init(&self) -> Outcome<()> {
        self.run_well(&["init", "-no-color", "-lockfile=readonly"]).await.map(|_| ())
    }

    /// Deploys.
    ///
    /// # Errors
    /// What Terraform says.
    pub async fn apply(&self) -> Outcome<()> {
        self.run_well(&["apply", "-no-color", "-auto-approve", "-parallelism=20"]).await.map(|_| ())
    }

    /// Removes everything.
    ///
    /// # Errors
    /// What Terraform says.
    pub async fn destroy(&self) -> Outcome<()> {
        self.run_well(&["destroy", "-no-color", "-auto-approve", "-parallelism=20"]).await.map(|_| ())
    }

    /// Plans again and gives the changes: which resource, and which of its
    /// attributes.
    ///
    /// # Errors
    /// What Terraform says.
    pub async fn changes(&self) -> Outcome<BTreeMap<String, Vec<String>>> {
        self.run_well(&["plan", "-no-color", "-out=second.tfplan"]).await?;
        let shown = self.run_well(&["show", "-json", "second.tfplan"]).await?;
        let plan: Value = serde_json::from_str(shown.trim()).map_err(|error| format!("the plan cannot be read: {error}"))?;
        let changes = plan["resource_changes"].as_array().cloned().unwrap_or_default();
        Ok(changes
            .iter()
            .filter(|change| change["change"]["actions"] != serde_json::json!(["no-op"]) && change["mode"] == "managed")
            .map(|change| (change["address"].as_str().unwrap_or_default().to_owned(), changed(&change["change"])))
            .collect())
    }

    /// What is deployed, by address.
    ///
    /// # Errors
    /// What Terraform says.
    pub async fn resources(&self) -> Outcome<Vec<String>> {
        Ok(self.run_well(&["state", "list"]).await?.lines().map(str::to_owned).collect())
    }

    /// The outputs.
    ///
    /// # Errors
    /// What Terraform says.
    pub async fn outputs(&self) -> Outcome<BTreeMap<String, Value>> {
        let shown = self.run_well(&["output", "-json"]).await?;
        let outputs: BTreeMap<String, Value> =
            serde_json::from_str(&shown).map_err(|error| format!("the outputs cannot be read: {error}"))?;
        Ok(outputs.into_iter().map(|(name, mut output)| (name, output["value"].take())).collect())
    }
}

/// The attributes in which before and after differ.
fn changed(change: &Value) -> Vec<String> {
    let empty = serde_json::Map::new();
    let before = change["before"].as_object().unwrap_or(&empty);
    let after = change["after"].as_object().unwrap_or(&empty);
    let unknown = change["after_unknown"].as_object().unwrap_or(&empty);
    let mut names: Vec<String> = after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(name, _)| name.clone())
        .chain(unknown.iter().filter(|(_, is_unknown)| **is_unknown == Value::Bool(true)).map(|(name, _)| name.clone()))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn remove(path: &Path) -> Outcome<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(format!("{} stays: {error}", path.display())),
        _ => Ok(()),
    }
}

/// Copies a folder's files over another's; what Terraform keeps for itself is not
/// copied.
fn copy(from: &Path, to: &Path) -> Outcome<()> {
    let what = |error: std::io::Error| format!("{} cannot be copied: {error}", from.display());
    std::fs::create_dir_all(to).map_err(what)?;
    for entry in std::fs::read_dir(from).map_err(what)? {
        let entry = entry.map_err(what)?;
        let (path, name) = (entry.path(), entry.file_name());
        let is_own = name.to_str().is_some_and(|name| name == ".terraform" || name.contains(".tfstate"));
        if is_own {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            std::fs::copy(&path, to.join(name)).map_err(what)?;
        }
    }
    Ok(())
}
