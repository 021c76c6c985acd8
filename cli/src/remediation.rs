//! Stop and resume automatic remediation.

use domain::control::{KillSwitch, Stop};
use serde_json::{Value, json};

use crate::args::RemediationCommand;
use crate::context::Context;
use crate::fault::Fault;
use crate::read::Reason;
use crate::show;

pub(crate) async fn run(context: &Context, command: RemediationCommand) -> Result<(), Fault> {
    match command {
        RemediationCommand::Stop { name, why: Reason(why), by, all: _ } => {
            if let Some(name) = &name {
                known(context, name).await?;
            }
            let stop = Stop { by: Context::who(by), at: context.now, why };
            let kill = context
                .change_control(|control| {
                    match &name {
                        Some(name) => drop(control.kill.names.insert(name.clone(), stop.clone())),
                        None => control.kill.all = Some(stop.clone()),
                    }
                    Ok(control.kill.clone())
                })
                .await?;
            let what = name.as_deref().unwrap_or("all remediation");
            let sentence = format!("{what} is stopped; what is under way goes on");
            show::done(context.json, &sentence, &changed(name.as_deref(), true, &kill));
        }
        RemediationCommand::Resume { name, all: _ } => resume(context, name.as_deref()).await?,
        RemediationCommand::Status => {
            let kill = context.control().await?.value.kill;
            if context.json {
                show::json(&json!({"all": kill.all, "names": kill.names}));
            } else {
                show::kill_switch(&kill);
            }
        }
    }
    Ok(())
}

async fn resume(context: &Context, name: Option<&str>) -> Result<(), Fault> {
    let (was_stopped, kill) = context
        .change_control(|control| {
            let was_stopped = match name {
                Some(name) => control.kill.names.remove(name).is_some(),
                None => control.kill.all.take().is_some(),
            };
            Ok((was_stopped, control.kill.clone()))
        })
        .await?;
    // One that the policy has no more can still be resumed, if it was stopped.
    if let Some(name) = name.filter(|_| !was_stopped) {
        known(context, name).await?;
    }
    let others: Vec<&str> = kill.names.keys().map(String::as_str).collect();
    let sentence = match (name, was_stopped) {
        (Some(name), true) if kill.all.is_some() => format!("{name} is no longer stopped by name, but all remediation is"),
        (Some(name), false) if kill.all.is_some() => format!("{name} was not stopped by name, but all remediation is"),
        (Some(name), true) => format!("{name} may work again"),
        (Some(name), false) => format!("{name} was not stopped"),
        (None, true) if others.is_empty() => "all remediation may work again".to_owned(),
        (None, true) => format!("remediation may work again, except what is stopped by name: {}", others.join(", ")),
        (None, false) if others.is_empty() => "remediation was not stopped".to_owned(),
        (None, false) => format!("only this is stopped, by name: {}", others.join(", ")),
    };
    show::done(context.json, &sentence, &changed(name, was_stopped, &kill));
    Ok(())
}

/// What was changed, with what is stopped now; without a name it is all.
fn changed(name: Option<&str>, changed: bool, kill: &KillSwitch) -> Value {
    json!({"name": name, "changed": changed, "all": kill.all, "names": kill.names})
}

/// A name that is misspelt would stop nothing.
async fn known(context: &Context, name: &str) -> Result<(), Fault> {
    let policy = context.policy().await?;
    if policy.remediation(name).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = policy.remediations.iter().map(|remediation| remediation.name.as_str()).collect();
    let others = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
    Err(Fault::No(format!("the policy has no remediation `{name}`; {others}")))
}
