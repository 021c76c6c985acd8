//! A click on a button in Slack: is it Slack that says so, what was pressed, and what
//! came of it?
//!
//! What a button may do stands in the token that it carries, and in nothing else of the
//! request. Slack waits three seconds for the answer. What came of the click is said
//! before it: a function that has answered is put to sleep.

use std::time::Duration;

use channels::Client;
use channels::interaction::{Click, is_genuine};
use domain::id::IncidentId;
use domain::link::{Grant, LinkError, Pressed};
use domain::span::Span;
use domain::timeline::EntryKind;
use jiff::Timestamp;
use runtime::Failure;
use serde_json::Value;
use tokio::sync::Mutex;
use tracing::{info, warn};

use crate::http::{Request, Response};
use crate::{Answer, Console};

/// How long the signing secret is used before it is read again: it may have been
/// replaced.
const SECRET_KEEP: Span = Span::minutes(5);
/// How long it may take to say what came of a click.
const RESPOND: Duration = Duration::from_secs(1);

/// The Slack app whose clicks are taken.
pub(crate) struct SlackApp {
    signing_secret: String,
    hooks: String,
    known: Mutex<Option<(Timestamp, String)>>,
    http: Client,
}

impl SlackApp {
    /// An app whose signing secret is in the secret of this name or ARN.
    pub(crate) fn new(signing_secret: String, hooks: String) -> SlackApp {
        SlackApp { signing_secret, hooks, known: Mutex::new(None), http: Client::new() }
    }
}

impl Console {
    /// Takes what Slack hands in.
    pub(crate) async fn click(&self, now: Timestamp, app: &SlackApp, request: &Request, seed: u64) -> Result<Response, Failure> {
        if request.method != "POST" {
            return Ok(Response::text(405, "Slack posts here.\n").with("allow", "POST"));
        }
        let (timestamp, signature) = (request.header("x-slack-request-timestamp"), request.header("x-slack-signature"));
        let secret = self.signing_secret(now, app).await?;
        if !is_genuine(secret.as_bytes(), timestamp, signature, request.body.as_bytes(), now) {
            warn!("a request to /slack is not one that Slack has signed lately");
            return Ok(Response::text(401, "This is not signed by Slack.\n"));
        }
        // Whatever else Slack tells of needs no more than to be heard.
        let Some(click) = request.form("payload").and_then(Click::read) else { return Ok(Response::text(200, "")) };
        let Some(carries) = &click.carries else { return Ok(Response::text(200, "")) };
        let answer = self.press(now, &click, carries, seed).await?;
        if let Err(why) = app.http.respond(&click.response_url, &app.hooks, &answer, RESPOND).await {
            warn!("Slack was not told what came of a click: {why}");
        }
        Ok(Response::text(200, ""))
    }

    async fn signing_secret(&self, now: Timestamp, app: &SlackApp) -> Result<String, Failure> {
        let mut known = app.known.lock().await;
        if let Some((read_at, secret)) = &*known
            && now < SECRET_KEEP.after(*read_at)
        {
            return Ok(secret.clone());
        }
        let secret = self.aws.secret(&app.signing_secret).await?.trim().to_owned();
        *known = Some((now, secret.clone()));
        Ok(secret)
    }

    /// Does what a button allows; gives what Slack is told.
    async fn press(&self, now: Timestamp, click: &Click, carries: &str, seed: u64) -> Result<Value, Failure> {
        let Pressed { incident, grant, expires_at, .. } = match self.key().await?.pressed(carries, now) {
            Ok(pressed) => pressed,
            Err(LinkError::Expired) => {
                return Ok(click.settled("⏱ This question has run out; the incident's page says how it stands."));
            }
            Err(LinkError::Invalid | LinkError::ShortKey(_)) => {
                return Ok(click.aside("This button is not valid; open the newest message about the incident."));
            }
        };
        let (name, sign, verb) = match &grant {
            Grant::Approve(name) => (name, '✅', "approved"),
            Grant::Decline(name) => (name, '🚫', "declined"),
            // These have no button here.
            Grant::Show | Grant::Acknowledge | Grant::Resolve => {
                return Ok(click.aside("This cannot be done here; open the incident's page."));
            }
        };
        let answer = Answer { grant: &grant, who: &click.by, question: Some(expires_at) };
        let said = self.carry_out(now, &incident, &answer, seed).await?;
        info!(incident_id = %incident, action = %grant, done = said.is_ok(), "answered in Slack");
        let sentence = match said {
            Ok(_) => format!("{sign} {} {verb} {name}.", click.by),
            Err(sentence) => match self.earlier_answer(&incident, name).await? {
                Some(answered) => format!("✋ It was answered already: {answered}."),
                None => format!("✋ {sentence}"),
            },
        };
        Ok(click.settled(&sentence))
    }

    /// Who has answered the question about a remediation, and how, by the record.
    async fn earlier_answer(&self, incident: &IncidentId, remediation: &str) -> Result<Option<String>, Failure> {
        let entries = self.store.timeline(incident).await?;
        let about = format!(" {remediation}: ");
        let answers = entries.into_iter().rev().filter(|entry| entry.kind == EntryKind::Answer);
        Ok(answers.map(|entry| entry.text).find(|text| text.contains(&about)))
    }
}
