//! What does an answer mean, and what should somebody do about it?

mod slack;

use std::time::Duration;

use domain::message::Brief;
use domain::span::Span;
use domain::text::clean;
use hyper::StatusCode;

use self::slack::{Reply, Trouble, trouble};
use crate::client::Outgoing;
use crate::destination::{Destination, Kind, Way};
use crate::error::Receipt;
use crate::exchange::{Answer, Silence};
use crate::pagerduty;
use crate::retry::{Failure, Remedy, http_date, retry_after};
use crate::slack::Shape;

/// The most that is shown of what the other side said, in characters.
const SAID_MAX: usize = 200;

/// What came of an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was taken.
    Taken(Receipt),
    /// It was refused for its form; in this form it may be taken.
    Reshape { shape: Shape, why: String },
    /// It was not taken.
    Failed(Failure),
}

/// Says what came of an attempt to send a message of this shape.
pub(crate) fn judge(
    destination: &Destination,
    outgoing: &Outgoing<'_>,
    shape: Shape,
    answer: Result<Answer, Silence>,
) -> Verdict {
    let answer = match answer {
        Ok(answer) => answer,
        Err(silence) => return Verdict::Failed(no_answer(destination, &silence)),
    };
    let date = answer.date.as_deref().and_then(http_date).unwrap_or(outgoing.now);
    let case = Case {
        destination,
        status: answer.status,
        retry_after: answer.retry_after.as_deref().and_then(|header| retry_after(header, date)),
        body: &answer.body,
        credentials: credentials(outgoing.brief),
    };
    match (&destination.way, answer.status.is_success()) {
        (Way::SlackBot { .. } | Way::SlackWebhook, _) => case.slack(shape),
        (Way::Pagerduty { .. }, true) => Verdict::Taken(Receipt(Some(pagerduty::dedup_key(outgoing.brief)))),
        (Way::Webhook { .. } | Way::Checker, true) => Verdict::Taken(Receipt(None)),
        (Way::Pagerduty { .. }, false) => Verdict::Failed(case.by_status(&case.pagerduty_said())),
        (Way::Webhook { .. } | Way::Checker, false) => Verdict::Failed(case.by_status(&case.said())),
    }
}

/// The link and what the buttons of a message carry.
fn credentials(brief: &Brief) -> Vec<&str> {
    let buttons = brief.asks.iter().filter_map(|ask| ask.buttons.as_ref());
    let carried = buttons.flat_map(|buttons| [buttons.approve.as_str(), buttons.decline.as_str()]);
    brief.link.as_deref().into_iter().chain(carried).filter(|credential| !credential.is_empty()).collect()
}

/// Where to look when a channel stays down.
fn look(destination: &Destination) -> String {
    match destination.kind() {
        Kind::Slack => "if this lasts, see https://slack-status.com".to_owned(),
        Kind::Pagerduty => "if this lasts, see https://status.pagerduty.com".to_owned(),
        Kind::Webhook | Kind::Checker => format!("if this lasts, see to the receiver at {}", destination.host()),
    }
}

fn no_answer(destination: &Destination, silence: &Silence) -> Failure {
    let host = destination.host();
    let look = look(destination);
    let again = |may_have_arrived| Remedy::Again { retry_after: None, may_have_arrived };
    // A cause can hold what the other side wrote, such as names in a certificate.
    let shown = |cause: &str| clean(cause, SAID_MAX);
    let (why, remedy) = match silence {
        Silence::NoRoots(cause) => (
            format!("no root certificates were found to check {host} with ({}); install them or set SSL_CERT_FILE", shown(cause)),
            Remedy::Later,
        ),
        Silence::BadCertificate(cause) => (
            format!(
                "{host} showed a certificate that is not trusted ({}); have it mended, or add its authority to the \
                 root certificates",
                shown(cause)
            ),
            Remedy::Later,
        ),
        Silence::Unreached(cause) => (
            format!(
                "{host} could not be reached ({}); check the host in the secret and the way out of the network",
                shown(cause)
            ),
            again(false),
        ),
        Silence::SlowConnect(time) => {
            (format!("{host} could not be reached within {}; check the way out of the network", spoken(*time)), again(false))
        }
        Silence::SlowAnswer(time) => (format!("{host} did not answer within {}; {look}", spoken(*time)), again(true)),
        Silence::Broken(cause) => (format!("{host} broke off before it answered ({}); {look}", shown(cause)), again(true)),
    };
    Failure { why, remedy }
}

fn spoken(time: Duration) -> String {
    Span::millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)).spoken()
}

/// An answer and where it came from.
struct Case<'a> {
    destination: &'a Destination,
    status: StatusCode,
    retry_after: Option<Duration>,
    body: &'a [u8],
    /// What lets its bearer answer, should it come back.
    credentials: Vec<&'a str>,
}

impl Case<'_> {
    fn host(&self) -> String {
        self.destination.host()
    }

    /// The status, unless it is a success that the body takes back.
    fn status(&self) -> String {
        if self.status.is_success() { String::new() } else { format!(": {}", self.status) }
    }

    /// `said` begins with its own separator, here and below.
    fn failed(&self, said: &str, may_have_arrived: bool) -> Failure {
        let asked = self.retry_after.map(|time| format!(", asking for {} of quiet", spoken(time))).unwrap_or_default();
        let why = format!("{} did not take the message{}{said}{asked}; {}", self.host(), self.status(), look(self.destination));
        Failure { why, remedy: Remedy::Again { retry_after: self.retry_after, may_have_arrived } }
    }

    fn refused(&self, said: &str, advice: &str) -> Failure {
        let why = format!("{} refused the message{}{said}; {advice}", self.host(), self.status());
        Failure { why, remedy: Remedy::Never }
    }

    /// What a status other than a success means.
    fn by_status(&self, said: &str) -> Failure {
        let (address, fields) = match self.destination.kind() {
            Kind::Slack => ("`webhook_url` or `api_url`", "`webhook_url` or `api_url`"),
            Kind::Pagerduty => ("`api_url`", "`routing_key` and `api_url`"),
            Kind::Webhook => ("`url`", "`url` and `signing_key`"),
            Kind::Checker => ("`url`", "`url`"),
        };
        match self.status.as_u16() {
            // Not let in at all, so not taken.
            408 | 425 | 429 | 503 => self.failed(said, false),
            500..=599 => self.failed(said, true),
            300..=399 => {
                self.refused(said, &format!("redirects are not followed: put the final address into {address} of the secret"))
            }
            _ => self.refused(said, &format!("check {fields} in the secret")),
        }
    }

    /// What the other side wrote, made fit to be shown.
    fn said(&self) -> String {
        let text = String::from_utf8_lossy(self.body);
        // Pages of HTML are for browsers and say little.
        if text.trim_start().starts_with('<') { String::new() } else { self.shown(&text) }
    }

    fn shown(&self, text: &str) -> String {
        let text = self.destination.redact(text);
        let text = self.credentials.iter().fold(text, |text, credential| text.replace(credential, "…"));
        let text = clean(&text, SAID_MAX);
        if text.is_empty() { text } else { format!(": {text}") }
    }

    /// PagerDuty's words: a message and a list of what is wrong.
    fn pagerduty_said(&self) -> String {
        let Ok(reply) = serde_json::from_slice::<serde_json::Value>(self.body) else { return self.said() };
        let errors = reply["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let parts: Vec<&str> =
            reply["message"].as_str().into_iter().chain(errors.iter().filter_map(|error| error.as_str())).collect();
        if parts.is_empty() { self.said() } else { self.shown(&parts.join("; ")) }
    }

    fn slack(&self, shape: Shape) -> Verdict {
        let reply = Reply::read(self.body);
        let is_bot = matches!(self.destination.way, Way::SlackBot { .. });
        match (self.status.is_success(), reply.ok, is_bot) {
            (true, Some(true), true) => return Verdict::Taken(Receipt(reply.ts)),
            // An incoming webhook says `ok` without any form.
            (true, Some(true) | None, false) => return Verdict::Taken(Receipt(None)),
            (true, None, true) => return Verdict::Failed(self.failed(": this is no answer of Slack's API", true)),
            (true, Some(false), _) | (false, _, _) => {}
        }
        let said = reply.error.as_ref().map_or_else(|| self.said(), |error| self.shown(error));
        // Here a status says more than the words with it; otherwise, the words do.
        if self.status.is_redirection() || self.status.is_server_error() || matches!(self.status.as_u16(), 408 | 425 | 429) {
            return Verdict::Failed(self.by_status(&said));
        }
        let why = format!("{} refused the form of the message{}{said}", self.host(), self.status());
        let code = reply.error.unwrap_or_else(|| String::from_utf8_lossy(self.body).trim().to_owned());
        let failure = match trouble(&code) {
            Trouble::Form if shape.has_blocks => {
                return Verdict::Reshape { shape: Shape { has_blocks: false, ..shape }, why };
            }
            Trouble::Thread if shape.has_thread => {
                return Verdict::Reshape { shape: Shape { has_thread: false, ..shape }, why };
            }
            Trouble::Form | Trouble::Thread => self.refused(&said, "this is a fault of Watchkeeper: please report it"),
            Trouble::Busy => self.failed(&said, false),
            Trouble::Unsure => self.failed(&said, true),
            Trouble::Advice(advice) => self.refused(&said, advice),
            Trouble::Unknown => self.refused(&said, "check the secret, and that the Slack app may post to the channel"),
        };
        Verdict::Failed(failure)
    }
}

#[cfg(test)]
mod tests;
