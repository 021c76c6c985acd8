//! Stop and resume automatic remediation.

use domain::control::Stop;
use domain::text::clean;
use serde_json::json;

use crate::args::RemediationCommand;
use crate::context::Context;
use crate::fault::Fault;
use crate::show;

pub(crate) async fn run(context: &Context, command: RemediationCommand) -> Result<(), Fault> {
    match command {
        RemediationCommand::Stop { name, why, by, all: _ } => {
            if let Some(name) = &name {
                known(context, name).await?;
            }
            let stop = Stop { by: Context::who(by), at: context.now, why: clean(&why, 200) };
            context
                .change_control(|control| {
                    match &name {
                        Some(name) => drop(control.kill.names.insert(name.clone(), stop.clone())),
                        None => control.kill.all = Some(stop.clone()),
                    }
                    Ok(())
                })
                .await?;
            let what = name.as_deref().unwrap_or("all remediation");
            show::done(context.json, &format!("{what} is stopped for whatever has not begun"), &json!({"stopped": what}));
        }
        RemediationCommand::Resume { name, all: _ } => {
            let was_stopped = context
                .change_control(|control| {
                    Ok(match &name {
                        Some(name) => control.kill.names.remove(name).is_some(),
                        None => control.kill.all.take().is_some(),
                    })
                })
                .await?;
            let what = name.as_deref().unwrap_or("all remediation");
            let sentence = if was_stopped { format!("{what} may work again") } else { format!("{what} was not stopped") };
            show::done(context.json, &sentence, &json!({"resumed": what, "changed": was_stopped}));
        }
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

/// A name that is misspelt would stop nothing.
async fn known(context: &Context, name: &str) -> Result<(), Fault> {
    let policy = context.policy().await?;
    if policy.remediation(name).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = policy.remediations.iter().map(|remediation| remediation.name.as_str()).collect();
    Err(Fault::No(format!("the policy has no remediation `{name}`; it has {}", names.join(", "))))
}
