//! What does a message look like in Slack?
//!
//! ```text
//! 🔴 P1 · Please answer: database connections (vitascope-db)     header
//! Why now        rule 1 of "platform": primary is on call         facts
//! Reason         95 connections were above the threshold of 80
//! Runbook        Runbook on wiki.example.com                      a link
//! [ Approve ] [ Decline ]                                         if it asks, and can
//! [ Open ]                                                        a button
//! 0K3-M9Q-F7T · critical · opened today at 02:05                  context
//! ```
//!
//! Short facts stand in two columns on a wide screen and below each other on a
//! phone; long ones have lines of their own. The colour is a circle in the
//! header: a colour bar would need an attachment, which phones fold away.
//!
//! The facts hold names and reasons that anybody who may create an alarm has
//! written. Slack's control characters in them are escaped and Slack is told to
//! parse nothing on its own (`verbatim`), so they cannot mention a channel or
//! make a link. Only a whole web address in `Runbook` or `Dashboard` becomes a
//! link, and it shows its host.
//!
//! Limits: Slack's reference of Block Kit, and what Slack was seen to refuse
//! (`msg_blocks_too_long` from some 13,200 characters in all blocks, slackapi/bolt-js
//! issue 2509). All are counted in UTF-16 code units after escaping, which is
//! never less than what Slack counts.
//!
//! A click on a button with a link is also reported to the app: give the Slack
//! app an interactivity request URL that answers 200, or people see a small
//! warning sign beside the button after the link has opened. What becomes of a
//! click on the others: [`interaction`](crate::interaction).

use std::fmt::Write as _;

use domain::message::{Ask, Brief, Buttons, moment};
use domain::notice::NoticeKind;
use domain::priority::Priority;
use serde_json::{Value, json};

use crate::endpoint::link_host;

/// The method that posts a message, below the base of Slack's API.
pub(crate) const PATH: &str = "chat.postMessage";

const BLOCKS_MAX: usize = 50;
const HEADER_MAX: usize = 150;
const SECTION_MAX: usize = 3_000;
const FIELD_MAX: usize = 2_000;
const FIELDS_MAX: usize = 10;
const URL_MAX: usize = 3_000;
/// A button's text and accessibility label, what it carries, and the title and the
/// text of its dialog.
const LABEL_MAX: usize = 75;
const VALUE_MAX: usize = 2_000;
const DIALOG_TITLE_MAX: usize = 100;
const DIALOG_MAX: usize = 300;
/// Questions with buttons; the facts name all of them.
const ASKS_MAX: usize = 3;
/// All texts of the blocks together.
const TEXT_MAX: usize = 12_000;
/// The plain text; Slack advises against more than 4,000.
const PLAIN_MAX: usize = 3_900;
/// A fact up to this length stands in a column.
const SHORT_FACT: usize = 60;
/// Blocks and text kept free for what follows the facts.
const N_BLOCKS_AFTER: usize = 3;
const TEXT_AFTER: usize = 500;
/// The text of a question's buttons, which stand in one block, with their dialogs.
const TEXT_OF_ASK: usize = 2 * (LABEL_MAX + DIALOG_TITLE_MAX + DIALOG_MAX + 20);

/// How much of a message's form is used. Slack refuses a message as a whole when
/// it stumbles over a part of its form; a page must get there all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Blocks, or else plain text alone.
    pub has_blocks: bool,
    /// In the thread of the first message, if there is one.
    pub has_thread: bool,
}

impl Shape {
    /// With everything.
    pub const FULL: Shape = Shape { has_blocks: true, has_thread: true };
}

/// Writes the message for `chat.postMessage` (without its `channel`) or an
/// incoming webhook. `thread` is the receipt of the first message there.
///
/// In a thread, what asks somebody to act and the end are shown in the channel,
/// too (`reply_broadcast`): a reply alone rings for nobody who has not yet
/// written there.
pub fn message(brief: &Brief, thread: Option<&str>, shape: Shape) -> Value {
    let mut message = json!({ "unfurl_links": false, "unfurl_media": false });
    if shape.has_blocks {
        message["text"] = Value::from(escaped(&format!("{} ({})", title(brief), brief.id), SECTION_MAX));
        message["blocks"] = blocks(brief);
    } else {
        message["text"] = Value::from(plain(brief));
    }
    if let (Some(thread), true) = (thread, shape.has_thread) {
        message["thread_ts"] = Value::from(thread);
        message["reply_broadcast"] = Value::from(is_broadcast(&brief.kind));
    }
    message
}

fn is_broadcast(kind: &NoticeKind) -> bool {
    match kind {
        NoticeKind::Opened
        | NoticeKind::Page { .. }
        | NoticeKind::Reminder
        | NoticeKind::Asks { .. }
        | NoticeKind::Resolved
        | NoticeKind::Failsafe { .. } => true,
        NoticeKind::Updated | NoticeKind::Mended | NoticeKind::Acknowledged { .. } => false,
    }
}

fn sign(brief: &Brief) -> &'static str {
    match (&brief.kind, brief.is_over, brief.priority) {
        (NoticeKind::Resolved, _, _) | (_, true, _) => "✅",
        (NoticeKind::Acknowledged { .. }, false, _) => "👀",
        (NoticeKind::Mended, false, _) => "🔧",
        (NoticeKind::Asks { .. }, false, _) => "✋",
        (_, false, Priority::P1) => "🔴",
        (_, false, Priority::P2) => "🟠",
        (_, false, Priority::P3) => "🟡",
        (_, false, Priority::P4) => "🔵",
    }
}

fn title(brief: &Brief) -> String {
    format!("{} {} · {}", sign(brief), brief.priority, brief.headline)
}

fn blocks(brief: &Brief) -> Value {
    let title = title(brief);
    let asks: Vec<(&Ask, &Buttons)> = asks_with_buttons(brief);
    let mut page = Page { n_units: asks.len() * TEXT_OF_ASK, n_blocks_after: N_BLOCKS_AFTER + asks.len(), ..Page::default() };
    page.header(&escaped(&title, HEADER_MAX));
    if units(&escaped(&title, usize::MAX)) > HEADER_MAX {
        page.section(&escaped(&brief.headline, SECTION_MAX));
    }
    let runbook = brief.runbook.iter().map(|runbook| ("Runbook", runbook.as_str()));
    let facts = brief.facts.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let facts: Vec<(&str, &str)> = facts.chain(runbook).filter(|(_, value)| !value.is_empty()).collect();
    let n_told = facts.iter().take_while(|(name, value)| page.fact(name, value)).count();
    page.end_columns();
    let mut context = vec![format!("`{}`", escaped(&brief.id, 40)), brief.priority.word().to_owned(), opened(brief)];
    if n_told < facts.len() {
        context.push(format!("{} more facts are left out here", facts.len() - n_told));
    }
    for (ask, buttons) in &asks {
        page.ask(brief, ask, buttons, asks.len() > 1);
    }
    if let Some(url) = brief.link.as_deref().filter(|url| link_host(url, URL_MAX).is_some()) {
        page.button(brief, url, asks.is_empty() && !brief.is_over);
    }
    page.blocks.push(json!({ "type": "context", "elements": [mrkdwn(&context.join(" · "))] }));
    Value::Array(page.blocks)
}

/// The questions that are answered by buttons here.
fn asks_with_buttons(brief: &Brief) -> Vec<(&Ask, &Buttons)> {
    let fits =
        |buttons: &&Buttons| [&buttons.approve, &buttons.decline].iter().all(|carries| (1..=VALUE_MAX).contains(&units(carries)));
    let with_buttons = brief.asks.iter().filter_map(|ask| Some((ask, ask.buttons.as_ref().filter(fits)?)));
    with_buttons.take(ASKS_MAX).collect()
}

/// When it was opened, in the reader's own time zone.
fn opened(brief: &Brief) -> String {
    format!(
        "opened <!date^{}^{{date_short_pretty}} {{time}}|{}>",
        brief.opened_at.as_second(),
        escaped(&moment(brief.opened_at), 40)
    )
}

/// The blocks so far, and how much text they hold.
#[derive(Default)]
struct Page {
    blocks: Vec<Value>,
    columns: Vec<Value>,
    n_units: usize,
    /// Blocks kept free for what follows the facts.
    n_blocks_after: usize,
}

impl Page {
    fn header(&mut self, text: &str) {
        self.n_units += units(text);
        self.blocks.push(json!({ "type": "header", "text": { "type": "plain_text", "text": text, "emoji": true } }));
    }

    fn section(&mut self, text: &str) {
        self.end_columns();
        self.n_units += units(text);
        self.blocks.push(json!({ "type": "section", "text": mrkdwn(text) }));
    }

    /// Adds a fact; says no if there is no room for it.
    fn fact(&mut self, name: &str, value: &str) -> bool {
        let link = link_host(value, URL_MAX).filter(|_| matches!(name, "Runbook" | "Dashboard"));
        let is_short = link.is_none() && value.chars().count() <= SHORT_FACT;
        let name = escaped(name, 100);
        let max = if is_short { FIELD_MAX } else { SECTION_MAX } - units(&name) - 3;
        let link = link.map(|host| format!("<{}|{name} on {}>", escaped(value, usize::MAX), escaped(host, 100)));
        // A link that is cut is none, and then it is not shown as one.
        let value = link.filter(|link| units(link) <= max).unwrap_or_else(|| escaped(value, max));
        let text = format!("*{name}*\n{value}");
        // One more block for the columns that may still be open.
        if self.blocks.len() + self.n_blocks_after + 1 > BLOCKS_MAX || self.n_units + units(&text) + TEXT_AFTER > TEXT_MAX {
            return false;
        }
        if is_short {
            self.n_units += units(&text);
            self.columns.push(mrkdwn(&text));
            if self.columns.len() == FIELDS_MAX {
                self.end_columns();
            }
        } else {
            self.section(&text);
        }
        true
    }

    fn end_columns(&mut self) {
        if !self.columns.is_empty() {
            let fields = std::mem::take(&mut self.columns);
            self.blocks.push(json!({ "type": "section", "fields": fields }));
        }
    }

    /// The buttons of a question, in a block of their own: what was decided takes its
    /// place.
    fn ask(&mut self, brief: &Brief, ask: &Ask, buttons: &Buttons, is_one_of_many: bool) {
        let question = &ask.question;
        let button = |verb: &str, style: &str, carries: &str, would: &str| {
            let label = if is_one_of_many { format!("{verb} {}", question.remediation) } else { verb.to_owned() };
            let about = format!(" ({}, incident {})", question.remediation, brief.id);
            let text = format!("{would} {}{about}", question.does);
            json!({
                "type": "button",
                "action_id": verb.to_ascii_lowercase(),
                "style": style,
                "text": { "type": "plain_text", "text": escaped(&label, LABEL_MAX) },
                "accessibility_label": escaped(&format!("{verb}: {}", question.does), LABEL_MAX),
                "value": carries,
                "confirm": {
                    "title": { "type": "plain_text", "text": escaped(&format!("{verb} {}?", question.remediation), DIALOG_TITLE_MAX) },
                    "text": { "type": "plain_text", "text": escaped(&text, DIALOG_MAX) },
                    "confirm": { "type": "plain_text", "text": verb },
                    "deny": { "type": "plain_text", "text": "Back" },
                    "style": style,
                },
            })
        };
        let elements = [
            button("Approve", "primary", &buttons.approve, "Watchkeeper will"),
            button("Decline", "danger", &buttons.decline, "Watchkeeper will not"),
        ];
        self.blocks.push(json!({ "type": "actions", "elements": elements }));
    }

    fn button(&mut self, brief: &Brief, url: &str, is_primary: bool) {
        let mut button = json!({
            "type": "button",
            "action_id": "open",
            "text": { "type": "plain_text", "text": "Open" },
            "accessibility_label": escaped(&format!("Open incident {}", brief.id), LABEL_MAX),
            "url": url,
        });
        if is_primary {
            button["style"] = Value::from("primary");
        }
        self.blocks.push(json!({ "type": "actions", "elements": [button] }));
    }
}

pub(crate) fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

/// The message without any form, for when Slack refuses the form.
fn plain(brief: &Brief) -> String {
    let mut text = format!("{} ({})", title(brief), brief.id);
    let runbook = brief.runbook.iter().map(|runbook| ("Runbook", runbook.as_str()));
    let facts = brief.facts.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in facts.chain(runbook) {
        let _ = write!(text, "\n{name}: {value}");
    }
    let link = brief.link.as_deref().filter(|url| link_host(url, 1_000).is_some());
    let link = link.map(|url| format!("\n<{}|Open>", escaped(url, usize::MAX))).unwrap_or_default();
    escaped(&text, PLAIN_MAX - units(&link)) + &link
}

fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Escapes Slack's control characters, and cuts to `max` UTF-16 code units (of
/// the escaped text) with an ellipsis for what is left out.
pub(crate) fn escaped(raw: &str, max: usize) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut n_units = 0;
    // Where the text is cut if it turns out to be too long.
    let mut cut_at = 0;
    for ch in raw.chars() {
        let mut buffer = [0; 4];
        let piece: &str = match ch {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => ch.encode_utf8(&mut buffer),
        };
        if n_units < max {
            cut_at = out.len();
        }
        n_units += units(piece);
        out.push_str(piece);
        if n_units > max {
            out.truncate(cut_at);
            out.push('…');
            return out;
        }
    }
    out
}

#[cfg(test)]
mod tests;
