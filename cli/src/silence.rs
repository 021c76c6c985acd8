//! Silences, and windows of planned work.

use domain::control::{ENTRIES_MAX, Silence, SilenceKind};
use domain::id::IncidentId;
use domain::span::Span;
use serde_json::json;

use crate::args::{Addition, MaintenanceCommand, SilenceCommand};
use crate::context::Context;
use crate::fault::Fault;
use crate::read::{Matchers, Reason};
use crate::show::{self, moment};

/// What is asked of either.
pub(crate) enum Asked {
    Add(Addition),
    List,
    Expire(String),
}

impl From<SilenceCommand> for Asked {
    fn from(command: SilenceCommand) -> Asked {
        match command {
            SilenceCommand::Add(addition) => Asked::Add(addition),
            SilenceCommand::List => Asked::List,
            SilenceCommand::Expire { name } => Asked::Expire(name),
        }
    }
}

impl From<MaintenanceCommand> for Asked {
    fn from(command: MaintenanceCommand) -> Asked {
        match command {
            MaintenanceCommand::Add(addition) => Asked::Add(addition),
            MaintenanceCommand::List => Asked::List,
            MaintenanceCommand::Expire { name } => Asked::Expire(name),
        }
    }
}

pub(crate) async fn run(context: &Context, asked: Asked, kind: SilenceKind) -> Result<(), Fault> {
    match asked {
        Asked::Add(Addition { matchers, length, from, why: Reason(why), by }) => {
            let starts_at = from.unwrap_or(context.now);
            let silence = Silence {
                kind,
                matchers: matchers.into_iter().flat_map(|Matchers(matchers)| matchers).collect(),
                starts_at,
                ends_at: length.after(starts_at),
                by: Context::who(by),
                why,
            };
            add(context, silence, length).await
        }
        Asked::List => list(context, kind).await,
        Asked::Expire(name) => expire(context, &name, kind).await,
    }
}

async fn add(context: &Context, silence: Silence, length: Span) -> Result<(), Fault> {
    if silence.ends_at <= context.now {
        let ends_at = moment(silence.ends_at);
        return Err(Fault::Usage(format!("`--for {length}` from then on ended at {ends_at} already")));
    }
    // A name like an incident's: it sorts by time and can be said aloud.
    let name = IncidentId::new(context.now, &format!("{} {}", silence.matchers.join(","), std::process::id()), 0).to_string();
    let added = silence.clone();
    context
        .change_control(|control| {
            control.prune(context.now);
            if control.silences.len() >= ENTRIES_MAX {
                return Err(Fault::No(format!("there are {ENTRIES_MAX} silences and windows already; expire some first")));
            }
            control.silences.insert(name.clone(), added.clone());
            Ok(())
        })
        .await?;
    let (kind, ends_at) = (silence.kind.word(), moment(silence.ends_at));
    let sentence = if silence.starts_at > context.now {
        format!("{kind} {name} from {} until {ends_at}", moment(silence.starts_at))
    } else {
        format!("{kind} {name} holds until {ends_at}")
    };
    show::done(context.json, &sentence, &json!({"name": name, "silence": silence}));
    Ok(())
}

async fn list(context: &Context, kind: SilenceKind) -> Result<(), Fault> {
    let control = context.control().await?.value;
    let mut found: Vec<(&String, &Silence)> =
        control.silences.iter().filter(|(_, silence)| silence.kind == kind && silence.ends_at > context.now).collect();
    // What holds, soonest over first; then what is to come, soonest first.
    found.sort_by_key(|(_, silence)| {
        let is_to_come = silence.starts_at > context.now;
        (is_to_come, if is_to_come { silence.starts_at } else { silence.ends_at })
    });
    if context.json {
        let list: Vec<_> = found.iter().map(|(name, silence)| json!({"name": name, "silence": silence})).collect();
        show::json(&json!({"silences": list}));
    } else {
        show::silences(context.now, kind, &found);
    }
    Ok(())
}

async fn expire(context: &Context, name: &str, kind: SilenceKind) -> Result<(), Fault> {
    let name = name.parse::<IncidentId>().map_or_else(|_| name.to_owned(), |id| id.to_string());
    context
        .change_control(|control| match control.silences.get(&name) {
            Some(silence) if silence.ends_at <= context.now => {
                Err(Fault::No(format!("{} {name} ended at {} already", silence.kind.word(), moment(silence.ends_at))))
            }
            Some(silence) if silence.kind == kind => {
                control.silences.remove(&name);
                Ok(())
            }
            Some(silence) => Err(Fault::No(format!(
                "{name} is a {}; end it with `watchkeeper {} expire {name}`",
                silence.kind.word(),
                command(silence.kind)
            ))),
            None => {
                Err(Fault::No(format!("there is no {} {name}; `watchkeeper {} list` shows them", kind.word(), command(kind))))
            }
        })
        .await?;
    show::done(context.json, &format!("{} {name} is over", kind.word()), &json!({"name": name}));
    Ok(())
}

/// What the tool calls it.
const fn command(kind: SilenceKind) -> &'static str {
    match kind {
        SilenceKind::Silence => "silence",
        SilenceKind::Maintenance => "maintenance",
    }
}
