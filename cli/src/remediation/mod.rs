//! See, answer, stop and resume automatic remediation.

mod list;
mod report;

use domain::control::{KillSwitch, Stop};
use serde_json::{Value, json};

use crate::args::RemediationCommand;
use crate::context::Context;
use crate::fault::Fault;
use crate::incident;
use crate::read::Reason;
use crate::show;

pub(crate) use self::list::{Listed, UnderWay};

pub(crate) async fn run(context: &Context, command: RemediationCommand) -> Result<(), Fault> {
    match command {
        RemediationCommand::List => list::run(context).await?,
        RemediationCommand::Report { name, days } => report::run(context, name.as_deref(), days).await?,
        RemediationCommand::Approve(answer) => incident::approve_remedy(context, answer).await?,
        RemediationCommand::Decline(answer) => incident::decline_remedy(context, answer).await?,
        RemediationCommand::Stop { name, why: Reason(why), by, all: _ } => {
            let stop = Stop { by: Context::who(by), at: context.now, why };
            self::stop(context, name.as_deref(), &stop).await?;
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

async fn stop(context: &Context, name: Option<&str>, stop: &Stop) -> Result<(), Fault> {
    if let Some(name) = name {
        known(context, name).await?;
    }
    let kill = context
        .change_control(|control| {
            match name {
                Some(name) => drop(control.kill.names.insert(name.to_owned(), stop.clone())),
                None => control.kill.all = Some(stop.clone()),
            }
            Ok(control.kill.clone())
        })
        .await?;
    // It is stopped already, whether or not it is known what goes on.
    let under_way = match list::under_way(context).await {
        Ok(under_way) => Some(under_way),
        Err(fault) => {
            show::note(&format!("it is stopped, but what is under way is not known: {}", fault.one_line()), context.json);
            None
        }
    };
    let goes_on: Vec<UnderWay> =
        under_way.into_iter().flatten().filter(|it| !it.can_be_stopped && name.is_none_or(|name| name == it.name)).collect();
    if context.json {
        let mut answer = changed(name, true, &kill);
        answer["goes_on"] = json!(goes_on);
        show::json(&answer);
    } else {
        show::stopped(name.unwrap_or("all remediation"), &goes_on);
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
