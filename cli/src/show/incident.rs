//! One incident with its record, as one would tell it.

use anstyle::Style;
use aws::store::IncidentRows;
use domain::incident::{Incident, Resolution, Status};
use domain::remediation::Stage;
use domain::timeline::{Entry, EntryKind};
use jiff::Timestamp;
use textwrap::core::display_width;

use super::text::{
    BLUE, BOLD, DIM, GREEN, RED, YELLOW, age, clock, date_and_clock, day, moment, paint, priority_style, width, wrapped,
};
use super::{Alert, say};

/// Alerts that are listed one by one.
const ALERTS_MAX: usize = 12;
/// Columns before the text of a line of the record.
const INDENT: usize = 20;
/// Columns before an alert's name.
const ALERT_INDENT: usize = 31;

/// Shows an incident.
pub(crate) fn incident(now: Timestamp, rows: &IncidentRows, alerts: &[Alert<'_>], timeline: &[Entry]) {
    let incident = &rows.incident.value;
    let badge = format!("{} {}  {}", incident.priority, incident.priority.word(), incident.id);
    say!("{}  {}", paint(priority_style(incident.priority), &badge), paint(BOLD, &wrapped(&incident.title, badge.len() + 2)));
    let (style, state) = status(now, incident);
    let opened = format!("opened {}", moment(incident.opened_at));
    // A long name goes before: the moment then stands on a line of its own.
    let gap = if display_width(&state) + display_width(&opened) + 2 > width() { ",\n" } else { ", " };
    say!("{}{gap}{opened}", paint(style, &wrapped(&state, 0)));
    let place: Vec<String> = ["service", "team", "layer"]
        .iter()
        .filter_map(|name| incident.labels.find(name).map(|value| format!("{name} {value}")))
        .collect();
    if !place.is_empty() {
        say!("{}", paint(DIM, &wrapped(&place.join(" · "), 0)));
    }
    let runbook = incident.runbook.clone().unwrap_or_default();
    for (name, text) in [("about", &incident.summary), ("reason", &incident.reason), ("runbook", &runbook)] {
        if !text.is_empty() {
            field(name, text);
        }
    }
    for remedy in rows.remedies.iter().map(|stored| &stored.value) {
        field("remedy", &format!("{}: {}", remedy.name, remedy.stage.sentence()));
        if let Stage::Asked { .. } = remedy.stage {
            field("approve", &format!("watchkeeper incident approve {} {}", incident.id, remedy.name));
        }
    }
    if let Status::Triggered = incident.status {
        field("take it", &format!("watchkeeper incident ack {}", incident.id));
    }
    list_alerts(alerts);
    record(timeline);
}

/// A line with its name in front.
fn field(name: &str, text: &str) {
    say!("{} {}", paint(DIM, &format!("{name}:")), wrapped(text, name.len() + 2));
}

fn status(now: Timestamp, incident: &Incident) -> (Style, String) {
    match &incident.status {
        Status::Triggered if incident.suppressed.is_some() => (YELLOW, "held back, nobody is told".to_owned()),
        Status::Triggered => (RED, format!("nobody has answered for {}", age(incident.opened_at, now))),
        Status::Acknowledged { by, at, .. } => (YELLOW, format!("{by} has had it for {}", age(*at, now))),
        Status::Resolved { at, how, .. } => {
            let after = age(incident.opened_at, *at);
            let how = match how {
                Resolution::Recovered => format!("resolved after {after}"),
                Resolution::By(who) => format!("resolved by {who} after {after}"),
                Resolution::TimedOut => format!("resolved by itself after {after}"),
            };
            (GREEN, how)
        }
        Status::Closed { .. } => (GREEN, "resolved and closed".to_owned()),
    }
}

fn list_alerts(alerts: &[Alert<'_>]) {
    if alerts.is_empty() {
        return;
    }
    let n_firing = alerts.iter().filter(|alert| alert.record.is_firing()).count();
    say!("\n{}", paint(BOLD, &format!("Alerts: {n_firing} of {} firing", alerts.len())));
    for alert in alerts.iter().take(ALERTS_MAX) {
        let record = alert.record;
        let state = if record.is_firing() { paint(RED, "firing") } else { paint(GREEN, "ok    ") };
        let since = record.history.deciding().map(|transition| date_and_clock(transition.state_at)).unwrap_or_default();
        say!("  {state}  {since:<19}  {}", wrapped(&record.alert.name, ALERT_INDENT));
        if let Some(because) = &alert.suppressed {
            detail(&format!("not told, because {because}"));
        }
        let ignored = &record.ignored;
        for (n, what) in [(ignored.n_duplicates, "repetition"), (ignored.n_older, "older state")] {
            if n > 0 {
                let s = if n == 1 { "" } else { "s" };
                detail(&format!("{n} {what}{s} ignored, because {}", ignored.because));
            }
        }
    }
    if alerts.len() > ALERTS_MAX {
        say!("  {}", paint(DIM, &format!("and {} more", alerts.len() - ALERTS_MAX)));
    }
}

/// What there is to say of an alert, below it.
fn detail(text: &str) {
    say!("          {}", paint(DIM, &wrapped(text, 10)));
}

fn record(timeline: &[Entry]) {
    let mut last_day = String::new();
    for entry in timeline {
        let today = day(entry.at);
        if today != last_day {
            say!("\n{}", paint(BOLD, &today));
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
        say!("  {} {} {}", clock(entry.at), paint(style, &format!("{:<8}", entry.kind.word())), wrapped(text, INDENT));
        if !entry.because.is_empty() {
            let because = wrapped(&format!("because {}", entry.because.join("; ")), INDENT);
            say!("{}{}", " ".repeat(INDENT), paint(DIM, &because));
        }
    }
}
