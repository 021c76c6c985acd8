//! How is it shown? Plain lines that fit a terminal, colour where there is one.

mod incident;
mod text;

use anstream::{eprintln, println};
use domain::control::{KillSwitch, Silence, SilenceKind};
use domain::incident::{AlertRecord, Incident};
use domain::policy::Policy;
use domain::span::Span;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use self::incident::incident;
use self::text::{BOLD, DIM, RED, Table, moment, paint, priority_style};
use crate::fault::Fault;

/// An alert of an incident, with why people do not hear of it.
pub(crate) struct Alert<'a> {
    pub(crate) record: &'a AlertRecord,
    pub(crate) suppressed: Option<String>,
}

/// Writes an answer for other programs.
pub(crate) fn json(value: &Value) {
    println!("{value:#}");
}

/// Says that it is done.
pub(crate) fn done(as_json: bool, sentence: &str, value: &Value) {
    if as_json {
        json(value);
    } else {
        println!("{sentence}");
    }
}

/// Something to know that is not the answer.
pub(crate) fn note(sentence: &str) {
    eprintln!("{} {sentence}", paint(DIM, "note:"));
}

/// Says why it is not done.
pub(crate) fn fault(fault: &Fault, as_json: bool) {
    if as_json {
        eprintln!("{}", json!({"error": fault.sentence(), "exit_code": fault.exit_code()}));
    } else {
        eprintln!("{} {}", paint(RED, "error:"), fault.sentence());
    }
}

/// The mistakes of a policy.
pub(crate) fn problems(lines: &str) {
    println!("{lines}");
}

/// What a good policy holds.
pub(crate) fn policy(file: &str, policy: &Policy) {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    println!(
        "{file}: right ({}, {}, {}, {})",
        count(policy.services.len(), "service"),
        count(policy.receivers.len(), "receiver"),
        count(policy.schedules.len(), "schedule"),
        count(policy.remediations.len(), "remediation"),
    );
}

/// A list of incidents.
pub(crate) fn incidents(now: Timestamp, incidents: &[Incident], service: Option<&str>) {
    if incidents.is_empty() {
        match service {
            Some(service) => println!("{service} has had no incident in that time."),
            None => println!("Nothing is open."),
        }
        return;
    }
    let mut table = Table::new(&["", "incident", "status", "age", "service", "what"]);
    for incident in incidents {
        let status = if incident.suppressed.is_some() && incident.status_word() == "triggered" {
            "held back"
        } else {
            incident.status_word()
        };
        table.row(
            priority_style(incident.priority),
            &[
                incident.priority.to_string(),
                incident.id.to_string(),
                status.to_owned(),
                Span::between(incident.opened_at, now).spoken(),
                incident.service().unwrap_or("-").to_owned(),
                incident.title.clone(),
            ],
        );
    }
    println!("{table}");
}

/// A list of silences or windows.
pub(crate) fn silences(now: Timestamp, kind: SilenceKind, silences: &[(&String, &Silence)]) {
    if silences.is_empty() {
        println!("There is no {}.", kind.word());
        return;
    }
    for (name, silence) in silences {
        let state = if silence.starts_at > now {
            format!("begins {}", moment(silence.starts_at))
        } else {
            format!("for {} more", Span::between(now, silence.ends_at).spoken())
        };
        println!("{}  {state}, until {}", paint(BOLD, name), moment(silence.ends_at));
        println!("    {}", silence.matchers.join(" "));
        println!("    {} {}", paint(DIM, &format!("{}:", silence.by)), silence.why);
    }
}

/// What remediation is stopped.
pub(crate) fn kill_switch(kill: &KillSwitch) {
    let all = kill.all.iter().map(|stop| ("all remediation", stop));
    let stops: Vec<_> = all.chain(kill.names.iter().map(|(name, stop)| (name.as_str(), stop))).collect();
    if stops.is_empty() {
        println!("Nothing is stopped.");
    }
    for (what, stop) in stops {
        println!("{} is stopped since {} by {}: {}", paint(BOLD, what), moment(stop.at), stop.by, stop.why);
    }
}
