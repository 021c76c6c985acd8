//! One incident with its record, as one would tell it.

use anstream::println;
use aws::store::IncidentRows;
use domain::incident::{Incident, Resolution, Status};
use domain::span::Span;
use domain::timeline::{Entry, EntryKind};
use jiff::Timestamp;

use super::Alert;
use super::text::{BLUE, BOLD, DIM, GREEN, RED, YELLOW, clock, day, moment, paint, priority_style, wrapped};

/// Alerts that are listed one by one.
const ALERTS_MAX: usize = 12;
/// Columns before the text of a line of the record.
const INDENT: usize = 20;

/// Shows an incident.
pub(crate) fn incident(now: Timestamp, rows: &IncidentRows, alerts: &[Alert<'_>], timeline: &[Entry]) {
    let incident = &rows.incident.value;
    let badge = paint(priority_style(incident.priority), &format!("{} {}", incident.priority, incident.priority.word()));
    println!("{badge}  {}  {}", paint(BOLD, incident.id.as_str()), paint(BOLD, &incident.title));
    println!("{}", status(now, incident));
    let place: Vec<String> = ["service", "team", "layer"]
        .iter()
        .filter_map(|name| incident.labels.find(name).map(|value| format!("{name} {value}")))
        .collect();
    if !place.is_empty() {
        println!("{}", paint(DIM, &place.join(" · ")));
    }
    for (name, text) in [("about", &incident.summary), ("reason", &incident.reason)] {
        if !text.is_empty() {
            println!("{} {}", paint(DIM, &format!("{name}:")), wrapped(text, name.len() + 2));
        }
    }
    if let Some(runbook) = &incident.runbook {
        println!("{} {runbook}", paint(DIM, "runbook:"));
    }
    for remedy in &rows.remedies {
        println!(
            "{} {}",
            paint(DIM, "remedy:"),
            wrapped(&format!("{}: {}", remedy.value.name, remedy.value.stage.sentence()), 8)
        );
    }
    list_alerts(alerts);
    record(timeline);
}

fn status(now: Timestamp, incident: &Incident) -> String {
    let opened = format!("opened {}", moment(incident.opened_at));
    match &incident.status {
        Status::Triggered if incident.suppressed.is_some() => format!("{}, {opened}", paint(YELLOW, "held back, nobody is told")),
        Status::Triggered => format!("{}, {opened}", paint(RED, "nobody has answered")),
        Status::Acknowledged { by, at, .. } => {
            format!("{} since {}, {opened}", paint(YELLOW, &format!("{by} has it")), Span::between(*at, now).spoken())
        }
        Status::Resolved { at, how, .. } => {
            let how = match how {
                Resolution::Recovered => "resolved".to_owned(),
                Resolution::By(who) => format!("resolved by {who}"),
            };
            format!("{} after {}, {opened}", paint(GREEN, &how), Span::between(incident.opened_at, *at).spoken())
        }
        Status::Closed { .. } => format!("{}, {opened}", paint(GREEN, "resolved and closed")),
    }
}

fn list_alerts(alerts: &[Alert<'_>]) {
    if alerts.is_empty() {
        return;
    }
    let n_firing = alerts.iter().filter(|alert| alert.record.is_firing()).count();
    println!("\n{}", paint(BOLD, &format!("Alerts: {n_firing} of {} firing", alerts.len())));
    for alert in alerts.iter().take(ALERTS_MAX) {
        let record = alert.record;
        let state = if record.is_firing() { paint(RED, "firing") } else { paint(GREEN, "ok    ") };
        let since = record.history.deciding().map(|transition| clock(transition.state_at)).unwrap_or_default();
        println!("  {state} {since} {}", record.alert.name);
        if let Some(because) = &alert.suppressed {
            println!("         {}", paint(DIM, &wrapped(&format!("not told, because {because}"), 9)));
        }
        let ignored = &record.ignored;
        for (n, what) in [(ignored.n_duplicates, "repetition"), (ignored.n_older, "older state")] {
            if n > 0 {
                let s = if n == 1 { "" } else { "s" };
                println!("         {}", paint(DIM, &wrapped(&format!("{n} {what}{s} ignored, because {}", ignored.because), 9)));
            }
        }
    }
    if alerts.len() > ALERTS_MAX {
        println!("  {}", paint(DIM, &format!("and {} more", alerts.len() - ALERTS_MAX)));
    }
}

fn record(timeline: &[Entry]) {
    let mut last_day = String::new();
    for entry in timeline {
        let today = day(entry.at);
        if today != last_day {
            println!("\n{}", paint(BOLD, &today));
            last_day = today;
        }
        let style = match entry.kind {
            EntryKind::Incident => BOLD,
            EntryKind::Alert | EntryKind::Clock => DIM,
            EntryKind::Held => YELLOW,
            EntryKind::Notify | EntryKind::Sent => BLUE,
            EntryKind::Failed => RED,
            EntryKind::Answer | EntryKind::Remediation => GREEN,
        };
        // The column says it already.
        let text = entry.text.strip_prefix("sent: ").unwrap_or(&entry.text);
        println!("  {} {} {}", clock(entry.at), paint(style, &format!("{:<8}", entry.kind.word())), wrapped(text, INDENT));
        if !entry.because.is_empty() {
            let because = wrapped(&format!("because {}", entry.because.join("; ")), INDENT);
            println!("{}{}", " ".repeat(INDENT), paint(DIM, &because));
        }
    }
}
