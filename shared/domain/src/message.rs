//! What does a message say? The words for pagers, mail and chat.
//!
//! [`brief`] puts an incident into the parts that every channel shows in its own
//! way; [`text`] writes them for a topic: a subject, a text for a phone's first
//! screen, and a longer one for mail.
//!
//! Names and reasons come from whoever can create an alarm. They are made one
//! plain line each here, too; whoever writes HTML or a chat's markup escapes that.

mod phone;

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::incident::{AlertRecord, Incident, Status};
use crate::notice::NoticeKind;
use crate::policy::Policy;
use crate::priority::Priority;
use crate::question::Question;
use crate::remediation::Remedy;
use crate::span::Span;
use crate::text::clean;

/// Alerts that are named in a message.
const NAMED_MAX: usize = 8;
/// Longest subject of an SNS message, in characters; it must be ASCII.
pub const SUBJECT_MAX: usize = 100;
/// Longest headline and longest fact, in characters.
const LINE_MAX: usize = 400;
const FACT_MAX: usize = 4_000;

/// An incident in the parts that a message shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// The incident's name.
    pub id: String,
    /// What the message says.
    pub kind: NoticeKind,
    /// How urgent it is.
    pub priority: Priority,
    /// One line: what and where.
    pub headline: String,
    /// The service, if it is known.
    pub service: Option<String>,
    /// Facts, in order: what they are and what they say.
    pub facts: Vec<(String, String)>,
    /// What waits for the approval of whoever reads this.
    pub asks: Vec<Ask>,
    /// Where to see it and answer.
    pub link: Option<String>,
    /// Where to read what to do.
    pub runbook: Option<String>,
    /// Whether it is over.
    pub is_over: bool,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// A question in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What is asked.
    pub question: Question,
    /// What buttons carry, where there can be any.
    pub buttons: Option<Buttons>,
}

/// What the buttons under a question carry: each is a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buttons {
    /// To approve.
    pub approve: String,
    /// To decline.
    pub decline: String,
}

/// A message for a topic's subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// For mail: one line of ASCII.
    pub subject: String,
    /// For a phone: at most 140 characters of the GSM alphabet, or 70 where
    /// another is needed, and the link on a line of its own.
    pub short: String,
    /// For mail.
    pub long: String,
}

/// A moment as people read it, with its zone: `2026-11-21 02:05 UTC`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The parts of a message about `incident`.
pub fn brief(
    now: Timestamp,
    policy: &Policy,
    incident: &Incident,
    members: &[AlertRecord],
    remedies: &[Remedy],
    kind: &NoticeKind,
    because: &str,
    link: Option<String>,
) -> Brief {
    let firing: Vec<&AlertRecord> = members.iter().filter(|member| member.is_firing()).collect();
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut fact = |name: &str, value: String| {
        let value = clean(&value, FACT_MAX);
        if !value.is_empty() {
            facts.push((name.to_owned(), value));
        }
    };
    let questions = questions(now, incident, &firing, remedies, kind);
    if let NoticeKind::Asks { question, others } = kind {
        fact("Would do", format!("{} ({})", question.does, question.remediation));
        fact("Answer until", moment(question.expires_at));
        fact("Also asked", others.join(", "));
    } else {
        for question in &questions {
            let Question { remediation, does, expires_at } = question;
            fact("Approve?", format!("{does} ({remediation}), until {}", moment(*expires_at)));
        }
    }
    fact("Why now", because.to_owned());
    fact("About", incident.summary.clone());
    fact("Reason", incident.reason.clone());
    fact("Alerts", alerts(&firing, members.len()));
    for remedy in remedies.iter().filter(|remedy| !questions.iter().any(|question| question.remediation == remedy.name)) {
        fact("Remediation", format!("{}: {}", remedy.name, remedy.stage.sentence()));
    }
    fact("Opened", format!("{} ({} ago)", moment(incident.opened_at), Span::between(incident.opened_at, now).spoken()));
    if let (Status::Triggered, Some(within)) = (&incident.status, policy.rules(incident.priority).acknowledge_within)
        && matches!(kind, NoticeKind::Opened | NoticeKind::Page { .. } | NoticeKind::Reminder)
    {
        fact("Answer by", moment(within.after(now)));
    }
    if let (Status::Triggered | Status::Acknowledged { .. }, Some(within)) =
        (&incident.status, policy.rules(incident.priority).respond_within)
        && kind.opens()
    {
        fact("Work on it by", moment(within.after(incident.opened_at)));
    }
    if let Some(service) = incident.service().and_then(|name| policy.services.get(name)) {
        fact("Dashboard", service.dashboard.clone().unwrap_or_default());
        fact("Logs", service.log_group.clone().unwrap_or_default());
    }
    Brief {
        id: incident.id.to_string(),
        kind: kind.clone(),
        priority: incident.priority,
        headline: headline(incident, kind, &questions),
        service: incident.service().map(str::to_owned),
        facts,
        asks: questions.into_iter().map(|question| Ask { question, buttons: None }).collect(),
        link,
        runbook: incident.runbook.clone(),
        is_over: !matches!(incident.status, Status::Triggered | Status::Acknowledged { .. }),
        opened_at: incident.opened_at,
    }
}

/// What waits for approval: in a question that alone, in any other message about
/// what is wrong all of it.
fn questions(
    now: Timestamp,
    incident: &Incident,
    firing: &[&AlertRecord],
    remedies: &[Remedy],
    kind: &NoticeKind,
) -> Vec<Question> {
    let is_open = matches!(incident.status, Status::Triggered | Status::Acknowledged { .. });
    if !is_open || firing.is_empty() || !kind.opens() {
        return Vec::new();
    }
    let mut questions: Vec<Question> = remedies.iter().filter_map(|remedy| Question::open(now, remedy)).collect();
    if let NoticeKind::Asks { question, .. } = kind {
        questions.retain(|open| open == question);
    }
    questions
}

fn headline(incident: &Incident, kind: &NoticeKind, questions: &[Question]) -> String {
    let verb = match kind {
        NoticeKind::Opened => String::new(),
        NoticeKind::Page { .. } => "Please answer: ".to_owned(),
        NoticeKind::Updated => "More of: ".to_owned(),
        NoticeKind::Reminder => "Still unanswered: ".to_owned(),
        NoticeKind::Mended => "Mended: ".to_owned(),
        NoticeKind::Asks { question, .. } => format!("Approve? {}: ", question.does),
        NoticeKind::Acknowledged { by } => format!("{by} has taken: "),
        NoticeKind::Resolved => "Resolved: ".to_owned(),
        NoticeKind::Failsafe { .. } => "Nobody was reached: ".to_owned(),
    };
    let service = match incident.service() {
        Some(service) if !incident.title.contains(service) => format!(" ({service})"),
        _ => String::new(),
    };
    let asks = match (kind, questions) {
        (NoticeKind::Asks { .. }, _) | (_, []) => String::new(),
        (_, [one]) => format!("; approve? {}", one.does),
        (_, [first, more @ ..]) => format!("; approve? {} and {} more", first.does, more.len()),
    };
    clean(&format!("{verb}{}{service}{asks}", incident.title), LINE_MAX)
}

fn alerts(firing: &[&AlertRecord], n_members: usize) -> String {
    if n_members < 2 {
        return String::new();
    }
    let mut names: Vec<&str> = firing.iter().map(|member| member.alert.name.as_str()).collect();
    names.sort_unstable();
    let n_more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    let more = if n_more > 0 { format!(" and {n_more} more") } else { String::new() };
    let which = if names.is_empty() { String::new() } else { format!(": {}{more}", names.join(", ")) };
    format!("{} of {n_members} firing{which}", firing.len())
}

/// Writes a brief for a topic's subscribers.
pub fn text(brief: &Brief) -> Text {
    let line = format!("{} {}", brief.priority, brief.headline);
    let mut short = phone::text(&line, &brief.id);
    let mut long = format!("{line}\nIncident {} ({})\n", brief.id, brief.priority.word());
    for (name, value) in &brief.facts {
        let _ = write!(long, "\n{name}: {value}");
    }
    if let Some(runbook) = &brief.runbook {
        let _ = write!(long, "\nRunbook: {runbook}");
    }
    if let Some(link) = &brief.link {
        let _ = write!(short, "\n{link}");
        let _ = write!(long, "\n\nSee it and answer: {link}");
    }
    long.push('\n');
    Text { subject: subject(&format!("[{}] {line}", brief.id)), short, long }
}

/// One line of ASCII, at most [`SUBJECT_MAX`] characters.
fn subject(line: &str) -> String {
    let mut ascii: String =
        phone::plain(line).chars().map(|ch| if ch.is_ascii_graphic() || ch == ' ' { ch } else { '?' }).collect();
    if ascii.len() > SUBJECT_MAX {
        ascii.truncate(SUBJECT_MAX - 3);
        ascii.push_str("...");
    }
    ascii
}

#[cfg(test)]
mod tests;
