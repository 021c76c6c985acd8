//! See and answer incidents.

use aws::store::{CommitError, Expect, IncidentRows, OpenRow, Row, Write};
use domain::escalation::keys_to_look_up;
use domain::id::IncidentId;
use domain::incident::{AlertRecord, Answered, Incident, acknowledge, resolve};
use domain::remediation::Remedy;
use domain::remediation::step::{approve, decline};
use domain::span::Span;
use domain::suppress::suppression;
use domain::timeline::Entry;
use runtime::conflict_pause;
use serde_json::json;

use crate::args::{Answer, IncidentCommand};
use crate::context::{ATTEMPTS_MAX, Context};
use crate::fault::{self, Fault};
use crate::show;

/// Most incidents listed for a service.
const LIST_MAX: usize = 100;

pub(crate) async fn run(context: &Context, command: IncidentCommand) -> Result<(), Fault> {
    match command {
        IncidentCommand::List { service, since } => list(context, service, since).await,
        IncidentCommand::Show { id } => show_one(context, &id).await,
        IncidentCommand::Ack { id, by } => {
            let by = Context::who(by);
            let now = context.now;
            let verb = format!("acknowledged by {by}");
            answer(context, &id, &verb, |rows, _| acknowledge(now, &rows.incident.value, rows.incident.version, &by)).await
        }
        IncidentCommand::Resolve { id, by } => {
            let by = Context::who(by);
            let now = context.now;
            let verb = format!("resolved by {by}");
            answer(context, &id, &verb, |rows, linger| resolve(now, &rows.incident.value, rows.incident.version, &by, linger))
                .await
        }
        IncidentCommand::Approve(answer) => approve_remedy(context, answer).await,
        IncidentCommand::Decline(answer) => decline_remedy(context, answer).await,
    }
}

/// Approves a remediation that asks for it.
pub(crate) async fn approve_remedy(context: &Context, Answer { id, remediation, by }: Answer) -> Result<(), Fault> {
    let (by, now) = (Context::who(by), context.now);
    let verb = format!("approved by {by}");
    remedy(context, &id, &remediation, &verb, |remedy, version| approve(now, &id, remedy, version, &by)).await
}

/// Declines a remediation that asks for approval.
pub(crate) async fn decline_remedy(context: &Context, Answer { id, remediation, by }: Answer) -> Result<(), Fault> {
    let (by, now) = (Context::who(by), context.now);
    let verb = format!("declined by {by}");
    remedy(context, &id, &remediation, &verb, |remedy, version| decline(now, &id, remedy, version, &by)).await
}

async fn list(context: &Context, service: Option<String>, since: Span) -> Result<(), Fault> {
    let mut incidents: Vec<Incident> = match &service {
        Some(service) => context
            .store
            .incidents_of(service, since.before(context.now), LIST_MAX)
            .await
            .map_err(|error| fault::store(error, context.place()))?,
        None => context
            .store
            .open_rows(None)
            .await
            .map_err(|error| fault::store(error, context.place()))?
            .into_iter()
            .filter_map(|row| match row {
                // Nobody works on the watchdog's.
                OpenRow::Incident(stored) => Some(stored.value).filter(|incident| !incident.is_watchdog()),
                OpenRow::Remedy(..) => None,
            })
            .collect(),
    };
    if service.is_none() {
        incidents.sort_by_key(|incident| (incident.status_word() == "resolved", incident.priority, incident.opened_at));
    }
    if context.json {
        show::json(&json!({"incidents": incidents}));
    } else {
        show::incidents(context.now, &incidents, service.as_deref().map(|service| (service, since)));
    }
    if service.is_some() && incidents.len() == LIST_MAX {
        show::note(&format!("these are the newest {LIST_MAX}; there may be more"), context.json);
    }
    Ok(())
}

async fn show_one(context: &Context, id: &IncidentId) -> Result<(), Fault> {
    let place = context.place();
    let (rows, members, timeline) =
        tokio::join!(context.store.incident(id), context.store.members(id), context.store.timeline(id));
    let rows = rows.map_err(|error| fault::store(error, place))?.ok_or_else(|| unknown(id))?;
    let mut members = members.map_err(|error| fault::store(error, place))?;
    let timeline = timeline.map_err(|error| fault::store(error, place))?;
    // What is firing first: only so many are listed.
    members.sort_by_cached_key(|member| (!member.is_firing(), member.alert.name.clone()));
    let incident = &rows.incident.value;
    let alerts = with_reasons(context, incident, &members).await?;
    if context.json {
        let notices: Vec<_> = rows.notices.iter().map(|stored| &stored.value).collect();
        let remedies: Vec<_> = rows.remedies.iter().map(|stored| &stored.value).collect();
        let alerts: Vec<_> = alerts
            .iter()
            .map(|alert| json!({"alert": alert.record, "firing": alert.record.is_firing(), "suppressed": alert.suppressed}))
            .collect();
        show::json(
            &json!({"incident": incident, "alerts": alerts, "notices": notices, "remedies": remedies, "timeline": timeline}),
        );
    } else {
        show::incident(context.now, &rows, &alerts, &timeline);
    }
    Ok(())
}

/// The alerts, with why people do not hear of those that fire. That is found out
/// with the policy: an incident is shown without, should there be none to go by.
async fn with_reasons<'a>(
    context: &Context,
    incident: &Incident,
    members: &'a [AlertRecord],
) -> Result<Vec<show::Alert<'a>>, Fault> {
    let policy = match context.policy().await {
        Ok(policy) => policy,
        Err(Fault::No(why)) => {
            show::note(&format!("which alerts are kept back is not known: {why}"), context.json);
            return Ok(members.iter().map(|record| show::Alert { record, suppressed: None }).collect());
        }
        Err(fault) => return Err(fault),
    };
    let keys = keys_to_look_up(&policy, incident, members);
    let (control, _, causes) =
        context.store.control_and_causes(&incident.group, &keys).await.map_err(|error| fault::store(error, context.place()))?;
    let control = control.map(|stored| stored.value).unwrap_or_default();
    let causes: Vec<_> = causes.into_iter().map(|stored| stored.value).collect();
    let because = |member: &AlertRecord| {
        let suppression = member.is_firing().then(|| suppression(context.now, &policy, &control, &causes, member)).flatten();
        suppression.map(|suppression| suppression.because)
    };
    Ok(members.iter().map(|record| show::Alert { record, suppressed: because(record) }).collect())
}

fn unknown(id: &IncidentId) -> Fault {
    Fault::No(format!("there is no incident {id}; `watchkeeper incident list` shows what is open"))
}

/// Stores a person's answer, over whatever others write, and wakes the clock.
async fn answer(
    context: &Context,
    id: &IncidentId,
    verb: &str,
    decide: impl Fn(&IncidentRows, Span) -> Result<Answered, domain::incident::Unanswerable>,
) -> Result<(), Fault> {
    let linger = context.policy().await?.noise.linger;
    for attempt in 0..ATTEMPTS_MAX {
        let rows =
            context.store.incident(id).await.map_err(|error| fault::store(error, context.place()))?.ok_or_else(|| unknown(id))?;
        let (next, entries) = match decide(&rows, linger).map_err(|error| Fault::No(error.to_string()))? {
            Answered::Already(sentence) => {
                show::done(context.json, &sentence, &json!({"incident": id, "changed": false}));
                return Ok(());
            }
            Answered::Changed(next, entries) => (next, entries),
        };
        let incident = (*next).clone();
        let writes = writes(id, Write::Put(Row::Incident(next), Expect::Version(rows.incident.version)), entries);
        match context.store.commit(writes).await {
            Ok(()) => {
                context.nudge(&incident).await;
                show::done(context.json, &format!("{id} {verb}"), &json!({"incident": id, "changed": true}));
                return Ok(());
            }
            Err(CommitError::Conflict { .. }) => tokio::time::sleep(conflict_pause(attempt, u64::from(std::process::id()))).await,
            Err(error) => return Err(fault::commit(error, context.place())),
        }
    }
    Err(fault::commit(CommitError::Conflict { pointer: None }, context.place()))
}

async fn remedy(
    context: &Context,
    id: &IncidentId,
    name: &str,
    verb: &str,
    decide: impl Fn(&Remedy, u64) -> Result<(Remedy, Vec<Entry>), String>,
) -> Result<(), Fault> {
    for attempt in 0..ATTEMPTS_MAX {
        let rows =
            context.store.incident(id).await.map_err(|error| fault::store(error, context.place()))?.ok_or_else(|| unknown(id))?;
        let Some(stored) = rows.remedies.iter().find(|stored| stored.value.name == name) else {
            let names: Vec<&str> = rows.remedies.iter().map(|stored| stored.value.name.as_str()).collect();
            let known = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
            return Err(Fault::No(format!("incident {id} has no remediation `{name}`; {known}")));
        };
        let (next, entries) = decide(&stored.value, stored.version).map_err(Fault::No)?;
        let writes = writes(id, Write::Put(Row::Remedy(id.clone(), Box::new(next)), Expect::Version(stored.version)), entries);
        match context.store.commit(writes).await {
            Ok(()) => {
                context.nudge(&rows.incident.value).await;
                show::done(
                    context.json,
                    &format!("{name} of {id} {verb}"),
                    &json!({"incident": id, "remediation": name, "changed": true}),
                );
                return Ok(());
            }
            Err(CommitError::Conflict { .. }) => tokio::time::sleep(conflict_pause(attempt, u64::from(std::process::id()))).await,
            Err(error) => return Err(fault::commit(error, context.place())),
        }
    }
    Err(fault::commit(CommitError::Conflict { pointer: None }, context.place()))
}

fn writes(id: &IncidentId, first: Write, entries: Vec<Entry>) -> Vec<Write> {
    let entries = entries.into_iter().map(|entry| Write::Put(Row::Entry(id.clone(), entry), Expect::Anything));
    std::iter::once(first).chain(entries).collect()
}
