//! How is it shown? Plain lines that fit a terminal, colour where there is one.

mod explain;
mod finding;
mod flows;
mod heartbeat;
mod incident;
mod probes;
mod remediation;
mod replay;
mod text;
mod trial;
mod waterfall;

use std::fmt::Write as _;

use domain::control::{KillSwitch, Silence, SilenceKind};
use domain::incident::{AlertRecord, Incident};
use domain::policy::Policy;
use domain::span::Span;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use self::explain::explanation;
pub(crate) use self::finding::{Severity, finding};
pub(crate) use self::flows::{FlowSeen, flow, flow_history, flows};
pub(crate) use self::heartbeat::{heartbeat_url, heartbeats};
pub(crate) use self::incident::incident;
pub(crate) use self::probes::{flow_line, flow_run, flows_run, probes, progress_running};
pub(crate) use self::remediation::{remediation_reports, remediations, stopped};
pub(crate) use self::replay::{progress, progress_count, progress_over, replay};
pub(crate) use self::text::moment;
use self::text::{BOLD, DIM, RED, Table, age, harmless, is_harmful, paint, priority_style, wrapped};
pub(crate) use self::trial::{trial_difference, trials};
use crate::fault::Fault;

/// Prints a line. Whoever reads may have gone (`| head`): that is no failure.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(anstream::stdout(), $($text)*);
    }};
}
/// The same beside the answer.
macro_rules! say_aside {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(anstream::stderr(), $($text)*);
    }};
}
use say;

/// An alert of an incident, with why people do not hear of it.
pub(crate) struct Alert<'a> {
    pub(crate) record: &'a AlertRecord,
    pub(crate) suppressed: Option<String>,
}

/// Writes text that is an answer by itself.
pub(crate) fn text(text: &str) {
    say!("{}", harmless(text.trim_end_matches('\n')));
}

/// Writes an answer for other programs.
pub(crate) fn json(value: &Value) {
    say!("{}", escaped(&format!("{value:#}")));
}

/// JSON in which nothing stands raw that a terminal would obey.
pub(crate) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for ch in json.chars() {
        if is_harmful(ch) {
            // Such a character can only stand in a string.
            for unit in ch.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(ch);
        }
    }
    out
}

/// Says that it is done.
pub(crate) fn done(as_json: bool, sentence: &str, value: &Value) {
    if as_json {
        json(value);
    } else {
        say!("{}", wrapped(sentence, 0));
    }
}

/// Something to know that is not the answer.
pub(crate) fn note(sentence: &str, as_json: bool) {
    if as_json {
        say_aside!("{}", escaped(&json!({"note": sentence}).to_string()));
    } else {
        aside("note:", &paint(DIM, "note:"), sentence);
    }
}

/// Says why it is not done.
pub(crate) fn fault(fault: &Fault, as_json: bool) {
    if as_json {
        say_aside!("{}", escaped(&json!({"error": fault.one_line(), "exit_code": fault.exit_code()}).to_string()));
    } else {
        aside("error:", &paint(RED, "error:"), fault.text());
    }
}

/// Lines beside the answer, all as far in as the first one's text.
fn aside(word: &str, painted: &str, text: &str) {
    let indent = word.len() + 1;
    let lines: Vec<String> = text.lines().map(|line| wrapped(line.trim(), indent)).collect();
    say_aside!("{painted} {}", lines.join(&format!("\n{}", " ".repeat(indent))));
}

/// What a good policy holds.
pub(crate) fn policy(file: &str, policy: &Policy, n_warnings: usize) {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    say!(
        "{}",
        wrapped(
            &format!(
                "{file}: right ({}, {}, {}, {}){}",
                count(policy.services.len(), "service"),
                count(policy.receivers.len(), "receiver"),
                count(policy.schedules.len(), "schedule"),
                count(policy.remediations.len(), "remediation"),
                if n_warnings == 0 { String::new() } else { format!(", with {}", count(n_warnings, "warning")) },
            ),
            0
        )
    );
}

/// A list of incidents: of a service since a while ago, or of what is open.
pub(crate) fn incidents(now: Timestamp, incidents: &[Incident], of: Option<(&str, Span)>) {
    if incidents.is_empty() {
        let sentence = match of {
            Some((service, since)) => format!("Service {service} has had no incident in the last {}.", since.spoken()),
            None => "Nothing is open. What is over: `watchkeeper incident list --service NAME`.".to_owned(),
        };
        say!("{}", wrapped(&sentence, 0));
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
                age(incident.opened_at, now),
                incident.service().unwrap_or("-").to_owned(),
                incident.title.clone(),
            ],
        );
    }
    say!("{table}");
}

/// A list of silences or windows.
pub(crate) fn silences(now: Timestamp, kind: SilenceKind, silences: &[(&String, &Silence)]) {
    if silences.is_empty() {
        say!("There is no {}, now or to come.", kind.word());
        return;
    }
    for (name, silence) in silences {
        let state = if silence.starts_at > now {
            format!("from {}", moment(silence.starts_at))
        } else {
            format!("for {} more,", age(now, silence.ends_at))
        };
        say!("{}  {state} until {}", paint(BOLD, name), moment(silence.ends_at));
        say!("    {}", wrapped(&silence.matchers.join(" "), 4));
        let by = harmless(&silence.by);
        say!("    {} {}", paint(DIM, &format!("{by}:")), wrapped(&silence.why, 4 + textwrap::core::display_width(&by) + 2));
    }
}

/// What remediation is stopped.
pub(crate) fn kill_switch(kill: &KillSwitch) {
    let all = kill.all.iter().map(|stop| ("all remediation", stop));
    let stops: Vec<_> = all.chain(kill.names.iter().map(|(name, stop)| (name.as_str(), stop))).collect();
    if stops.is_empty() {
        say!("Nothing is stopped: remediation works as the policy says.");
    }
    for (what, stop) in stops {
        say!("{} is stopped since {}", paint(BOLD, what), moment(stop.at));
        let by = harmless(&stop.by);
        say!("    {} {}", paint(DIM, &format!("{by}:")), wrapped(&stop.why, 4 + textwrap::core::display_width(&by) + 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_the_same_with_nothing_raw_in_it() {
        let value = json!({"title": "\u{1b}[31m\u{9b}31m\u{202e}gnp\u{e0001}\n監視"});
        let text = escaped(&format!("{value:#}"));
        assert!(!text.chars().any(is_harmful), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
