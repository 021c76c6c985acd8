//! Silences, and windows of planned work.

use domain::control::{ENTRIES_MAX, Silence, SilenceKind};
use domain::id::IncidentId;
use domain::matcher::Matcher;
use domain::span::Span;
use domain::text::clean;
use serde_json::json;

use crate::args::SilenceCommand;
use crate::context::Context;
use crate::fault::Fault;
use crate::show;

/// The longest that one may hold. What nobody wants to hear for longer should be
/// an alarm no more.
const LENGTH_MAX: Span = Span::days(90);

pub(crate) async fn run(context: &Context, command: SilenceCommand, kind: SilenceKind) -> Result<(), Fault> {
    match command {
        SilenceCommand::Add { matchers, length, from, why, by } => {
            let starts_at = from.unwrap_or(context.now);
            let silence = Silence {
                kind,
                matchers: checked(&matchers)?,
                starts_at,
                ends_at: length.after(starts_at),
                by: Context::who(by),
                why: clean(&why, 200),
            };
            add(context, silence, length).await
        }
        SilenceCommand::List => list(context, kind).await,
        SilenceCommand::Expire { name } => expire(context, &name, kind).await,
    }
}

/// Reads matchers strictly: one that was misread would keep back the wrong alerts.
fn checked(matchers: &[String]) -> Result<Vec<String>, Fault> {
    let mut all = Vec::new();
    for text in matchers {
        let list = Matcher::parse_list(text).map_err(|error| Fault::Usage(error.to_string()))?;
        for matcher in &list {
            matcher.check().map_err(|error| Fault::Usage(error.to_string()))?;
            all.push(matcher.to_string());
        }
    }
    if all.is_empty() {
        return Err(Fault::Usage("give at least one matcher; to cover everything, write 'alertname=~\".+\"'".to_owned()));
    }
    Ok(all)
}

async fn add(context: &Context, silence: Silence, length: Span) -> Result<(), Fault> {
    if length == Span::ZERO || length > LENGTH_MAX {
        return Err(Fault::Usage(format!("`--for {length}` is not between 1s and {LENGTH_MAX}")));
    }
    if silence.ends_at <= context.now {
        return Err(Fault::Usage(format!("it would have ended at {} already", silence.ends_at)));
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
    let sentence = format!("{} {name} from {} until {}", silence.kind.word(), silence.starts_at, silence.ends_at);
    show::done(context.json, &sentence, &json!({"name": name, "silence": silence}));
    Ok(())
}

async fn list(context: &Context, kind: SilenceKind) -> Result<(), Fault> {
    let control = context.control().await?.value;
    let found: Vec<(&String, &Silence)> =
        control.silences.iter().filter(|(_, silence)| silence.kind == kind && silence.ends_at > context.now).collect();
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
            Some(silence) if silence.kind == kind => {
                control.silences.remove(&name);
                Ok(())
            }
            Some(_) | None => Err(Fault::No(format!("there is no {} {name}", kind.word()))),
        })
        .await?;
    show::done(context.json, &format!("{} {name} ended", kind.word()), &json!({"name": name}));
    Ok(())
}
