//! What does the file say of heartbeats? Read and checked.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Cron, Heartbeat, Schedule};
use crate::policy::{Problem, Problems, did_you_mean};
use crate::priority::Priority;
use crate::span::Span;

/// How late a job may be, unless said otherwise.
const GRACE: Span = Span::minutes(15);
/// The shortest interval: the sweeper looks every minute.
const EVERY_MIN: Span = Span::minutes(1);
/// The longest interval, grace or run.
const LENGTH_MAX: Span = Span::days(366);
/// Most heartbeats of a file: every minute the rows of all of them are read.
const HEARTBEATS_MAX: usize = 1_000;
/// Most characters of a name.
const ID_MAX: usize = 64;

/// A heartbeat as the file has it.
#[derive(Debug, Clone, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HeartbeatSource {
    /// Its name: letters, digits, `-`, `_` and `.`, 1 to 64 of them.
    pub id: String,
    /// The service of the catalogue that it is about.
    #[serde(default)]
    pub service: Option<String>,
    /// How urgent it is; by the rules of the policy if not given.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// When the job should run, as in a crontab: `30 2 * * *`. Either this or `every`.
    #[serde(default)]
    pub cron: Option<String>,
    /// In which zone `cron` is meant; UTC, unless said otherwise.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// How long after it was last heard of the job should be heard of again; at least a
    /// minute.
    #[serde(default)]
    pub every: Option<Span>,
    /// How late it may be before anybody hears of it; 15 minutes, unless said otherwise.
    #[serde(default)]
    pub grace: Option<Span>,
    /// The longest time between a start and its end, if the job says when it starts.
    #[serde(default)]
    pub at_most: Option<Span>,
}

/// Checks the heartbeats of a file; what is wrong with them has paths that begin with
/// `heartbeats`.
pub fn compile(sources: &[HeartbeatSource]) -> (Vec<Heartbeat>, Vec<Problem>) {
    let mut problems = Vec::new();
    if sources.len() > HEARTBEATS_MAX {
        let message = format!("there are {} heartbeats; at most {HEARTBEATS_MAX} can be watched", sources.len());
        problems.push(Problem::new("heartbeats", message));
        return (Vec::new(), problems);
    }
    let mut heartbeats: Vec<Heartbeat> = Vec::new();
    for (n, source) in sources.iter().enumerate() {
        let path = format!("heartbeats[{n}]");
        if sources[..n].iter().any(|other| other.id == source.id) {
            problems.push(Problem::new(
                format!("{path}.id"),
                format!("there are two heartbeats `{}`; give each its own name", source.id),
            ));
        }
        heartbeats.extend(one(source, &path, &mut problems));
    }
    (heartbeats, problems)
}

/// The heartbeats in the content of a file of probes that was checked when it was
/// installed, and nothing else of it.
///
/// # Errors
/// What makes them unusable.
pub fn load(content: &Value) -> Result<Vec<Heartbeat>, Problems> {
    let sources: Vec<HeartbeatSource> = match content.get("heartbeats") {
        None | Some(Value::Null) => Vec::new(),
        Some(list) => serde_json::from_value(list.clone()).map_err(|error| Problems::one("heartbeats", error.to_string()))?,
    };
    let (heartbeats, problems) = compile(&sources);
    if problems.is_empty() { Ok(heartbeats) } else { Err(Problems(problems)) }
}

fn one(source: &HeartbeatSource, path: &str, problems: &mut Vec<Problem>) -> Option<Heartbeat> {
    let n_problems = problems.len();
    let mut wrong = |key: &str, message: String| problems.push(Problem::new(format!("{path}{key}"), message));
    if !is_id(&source.id) {
        wrong(
            ".id",
            format!(
                "`{}` is not a name; write 1 to {ID_MAX} letters, digits, `-`, `_` and `.`, beginning with a letter or a digit",
                source.id
            ),
        );
    }
    if let Some(every) = source.every.filter(|every| !(EVERY_MIN..=LENGTH_MAX).contains(every)) {
        wrong(".every", format!("{every} is not between {EVERY_MIN} and {LENGTH_MAX}"));
    }
    if let Some(grace) = source.grace.filter(|grace| *grace > LENGTH_MAX) {
        wrong(".grace", format!("{grace} is more than {LENGTH_MAX}"));
    }
    if let Some(at_most) = source.at_most.filter(|at_most| !(Span::seconds(1)..=LENGTH_MAX).contains(at_most)) {
        wrong(".at_most", format!("{at_most} is not between 1s and {LENGTH_MAX}"));
    }
    if let (None, Some(_)) = (&source.cron, &source.time_zone) {
        wrong(".time_zone", "only `cron` has a time zone; an interval is the same everywhere".to_owned());
    }
    let schedule = match (&source.cron, source.every) {
        (Some(_), Some(_)) => {
            wrong("", "it has both `cron` and `every`; write the one that the job goes by".to_owned());
            None
        }
        (None, None) => {
            wrong("", "it does not say when the job runs; write `cron: \"30 2 * * *\"` or `every: 1h`".to_owned());
            None
        }
        (None, Some(every)) => Some(Schedule::Every(every)),
        (Some(cron), None) => {
            let zone = zone(source.time_zone.as_deref().unwrap_or("UTC")).map_err(|message| wrong(".time_zone", message));
            let read = Cron::parse(cron, zone.unwrap_or(TimeZone::UTC)).map_err(|error| wrong(".cron", error.to_string()));
            read.ok().map(|cron| Schedule::Cron(Box::new(cron)))
        }
    };
    (problems.len() == n_problems).then_some(())?;
    Some(Heartbeat {
        id: source.id.clone(),
        service: source.service.clone(),
        priority: source.priority,
        schedule: schedule?,
        grace: source.grace.unwrap_or(GRACE),
        at_most: source.at_most,
    })
}

/// Whether a text can be a heartbeat's name, and so part of an address.
pub fn is_id(text: &str) -> bool {
    let is_plain = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_' | '.');
    text.len() <= ID_MAX && text.chars().all(is_plain) && text.starts_with(|ch: char| ch.is_ascii_alphanumeric())
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| {
        let zones: Vec<_> = jiff::tz::db().available().collect();
        let hint = match did_you_mean(name, zones.iter().map(jiff::tz::TimeZoneName::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write for instance Europe/Berlin, Asia/Tokyo or UTC".to_owned(),
        };
        format!("`{name}` is not a time zone; {hint}")
    })
}
