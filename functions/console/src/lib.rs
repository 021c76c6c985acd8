//! The answers: a page for one incident behind a signed link.
//!
//! GET shows, only POST acts: mail scanners and chat previews fetch every link
//! that they see. The link in a message lets its holder see the incident; the
//! page's buttons carry tokens of their own, each for one action and for an hour. The
//! buttons of a question in Slack carry one until the question runs out. Jobs that say
//! that they live have addresses of their own.

mod http;
mod page;
mod ping;
mod slack;

pub use channels::interaction::HOOKS as SLACK_HOOKS;

use std::sync::Arc;

use aws::Aws;
use aws::store::{CommitError, Expect, IncidentRows, Row, Store, Write};
use domain::arrival::Start;
use domain::id::IncidentId;
use domain::incident::{Answered, Resolution, Status, acknowledge, resolve};
use domain::link::{Grant, LinkError, LinkKey};
use domain::message::moment;
use domain::policy::Policy;
use domain::remediation::step::{approve, decline};
use domain::remediation::{Remedy, Stage};
use domain::timeline::Entry;
use jiff::Timestamp;
use runtime::orders::Orders;
use runtime::{Event, Failure, conflict_pause, seed_of};
use serde_json::Value;
use tokio::sync::OnceCell;
use tracing::{info, warn};

use crate::http::{Request, Response, SLACK_PATH};
use crate::ping::PING_PATH;
use crate::slack::SlackApp;

/// How often an answer is tried while others write.
const ATTEMPTS_MAX: u32 = 8;

/// The console with its connections.
pub struct Console {
    aws: Aws,
    store: Store,
    orders: Orders,
    key_secret: String,
    key: OnceCell<LinkKey>,
    slack: Option<SlackApp>,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("store", &self.store).finish_non_exhaustive()
    }
}

/// What somebody answers.
#[derive(Debug)]
struct Answer<'a> {
    grant: &'a Grant,
    who: &'a str,
    /// When the question that is answered runs out, in whole seconds, if it is known
    /// which one was seen.
    question: Option<Timestamp>,
}

/// What an answer came to: a sentence for the page.
type Said = Result<String, String>;

impl Console {
    /// A console on this table, whose links are signed with the key in
    /// `key_secret`.
    pub fn new(aws: Aws, table: impl Into<String>, key_secret: impl Into<String>) -> Console {
        let store = Store::new(aws.clone(), table);
        Console {
            aws,
            orders: Orders::new(store.clone()),
            store,
            key_secret: key_secret.into(),
            key: OnceCell::new(),
            slack: None,
        }
    }

    /// The same for clicks in Slack too, signed with what is in the secret
    /// `signing_secret`; what came of them is said below the address `hooks`, which
    /// is [`SLACK_HOOKS`] but in tests.
    pub fn with_slack(self, signing_secret: impl Into<String>, hooks: impl Into<String>) -> Console {
        Console { slack: Some(SlackApp::new(signing_secret.into(), hooks.into())), ..self }
    }

    /// Takes one request.
    ///
    /// # Errors
    /// [`Failure`] when the event is not a function URL's, or when the table or
    /// the key cannot be read.
    pub async fn handle(&self, event: Event) -> Result<Value, Failure> {
        let request = Request::read(event.payload.get())?;
        let response = self.answer(event.now, &request, seed_of(&event.request_id)).await?;
        info!(method = request.method, status = response.status, "answered");
        Ok(response.into_value())
    }

    async fn answer(&self, now: Timestamp, request: &Request, seed: u64) -> Result<Response, Failure> {
        if let (SLACK_PATH, Some(app)) = (request.path.as_str(), &self.slack) {
            return self.click(now, app, request, seed).await;
        }
        if request.path.starts_with(PING_PATH) {
            return self.ping(now, request, seed).await;
        }
        let Some(id) = request.path.strip_prefix("/i/").and_then(|id| id.trim_end_matches('/').parse::<IncidentId>().ok()) else {
            return Ok(match request.path.as_str() {
                "/" | "" => Response::text(200, "Watchkeeper. Open the link in a message to see its incident.\n"),
                _ => {
                    Response::page(404, page::sorry("There is no such page.", "Open the link in a message to see its incident."))
                }
            });
        };
        match request.method.as_str() {
            "GET" | "HEAD" => self.show(now, &id, request.query("k").unwrap_or_default()).await,
            "POST" => self.act(now, &id, request, seed).await,
            _ => Ok(Response::page(405, page::sorry("This page can be read and answered.", "Use its buttons."))
                .with("allow", "GET, HEAD, POST")),
        }
    }

    async fn key(&self) -> Result<&LinkKey, Failure> {
        self.key
            .get_or_try_init(|| async {
                let text = self.aws.secret(&self.key_secret).await?;
                LinkKey::new(text.trim().as_bytes()).map_err(|error| Failure::new("BadLinkKey", error.to_string()))
            })
            .await
    }

    /// The policy in force, though this process may have an older one.
    async fn policy(&self) -> Result<Arc<Policy>, Failure> {
        let control = self.store.control().await?;
        Ok(self.orders.in_force(control.as_ref().map(|stored| &stored.value)).await?.file)
    }

    async fn show(&self, now: Timestamp, id: &IncidentId, token: &str) -> Result<Response, Failure> {
        let key = self.key().await?;
        match key.verify(token, id, &Grant::Show, now) {
            Ok(who) => self.page(now, id, &who, token, None).await,
            Err(error) => Ok(refusal(&error)),
        }
    }

    /// The page of an incident, with what has just been done.
    async fn page(
        &self,
        now: Timestamp,
        id: &IncidentId,
        who: &str,
        token: &str,
        said: Option<&Said>,
    ) -> Result<Response, Failure> {
        let (rows, members, timeline, policy) =
            tokio::join!(self.store.incident(id), self.store.members(id), self.store.timeline(id), self.policy());
        let (Some(rows), members, timeline) = (rows?, members?, timeline?) else {
            return Ok(Response::page(404, page::sorry("This incident is not on record any more.", "")));
        };
        let policy = policy?;
        let key = self.key().await?;
        let view =
            page::View { now, policy: &policy, rows: &rows, members: &members, timeline: &timeline, who, token, key, said };
        Ok(Response::page(if matches!(said, Some(Err(_))) { 409 } else { 200 }, page::incident(&view)))
    }

    async fn act(&self, now: Timestamp, id: &IncidentId, request: &Request, seed: u64) -> Result<Response, Failure> {
        let (Some(token), Some(what)) = (request.form("k").or_else(|| request.query("k")), request.form("do")) else {
            return Ok(Response::page(400, page::sorry("The form is not complete.", "Open the link in the message again.")));
        };
        let Some(grant) = grant_of(what, request.form("remediation")) else {
            return Ok(Response::page(400, page::sorry("There is no such action.", "Open the link in the message again.")));
        };
        let key = self.key().await?;
        // The link in a message may acknowledge at once: that is what it is for.
        let who = match key.verify(token, id, &grant, now) {
            Ok(who) => who,
            Err(LinkError::Invalid) if grant == Grant::Acknowledge => match key.verify(token, id, &Grant::Show, now) {
                Ok(who) => who,
                Err(error) => return Ok(refusal(&error)),
            },
            Err(error) => return Ok(refusal(&error)),
        };
        let answer = Answer { grant: &grant, who: &who, question: None };
        let said = self.carry_out(now, id, &answer, seed).await?;
        info!(incident_id = %id, action = %grant, done = said.is_ok(), "answered by link");
        let show = key.sign(id, &Grant::Show, &who, domain::link::MESSAGE_LINK.after(now));
        self.page(now, id, &who, &show, Some(&said)).await
    }

    /// Does what was asked, over whatever others do at the same time.
    async fn carry_out(&self, now: Timestamp, id: &IncidentId, answer: &Answer<'_>, seed: u64) -> Result<Said, Failure> {
        let policy = self.policy().await?;
        for attempt in 0..ATTEMPTS_MAX {
            let Some(rows) = self.store.incident(id).await? else {
                return Ok(Err("This incident is not on record any more.".to_owned()));
            };
            let (writes, said) = match Console::decide(now, &policy, &rows, answer) {
                Ok(decided) => decided,
                Err(sentence) => return Ok(Err(sentence)),
            };
            match self.store.commit(writes).await {
                Ok(()) => {
                    self.nudge(now, &policy, &rows).await;
                    return Ok(Ok(said));
                }
                Err(CommitError::Conflict { .. }) => tokio::time::sleep(conflict_pause(attempt, seed)).await,
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(Failure::new("Later", "others kept writing the same incident; press the button again"))
    }

    /// What to write for an answer, and what to say.
    fn decide(now: Timestamp, policy: &Policy, rows: &IncidentRows, answer: &Answer<'_>) -> Result<(Vec<Write>, String), String> {
        let incident = &rows.incident;
        let who = answer.who;
        let (answered, verb) = match answer.grant {
            Grant::Show => return Err("Nothing was asked.".to_owned()),
            Grant::Acknowledge => (acknowledge(now, &incident.value, incident.version, who), taken(&incident.value.status)),
            Grant::Resolve => (
                resolve(now, &incident.value, incident.version, who, policy.noise.linger),
                "Resolved. Everyone who was told is told.".to_owned(),
            ),
            Grant::Approve(name) => {
                return remedy_writes(rows, name, answer.question, "Approved.", |remedy, version| {
                    approve(now, &incident.value.id, remedy, version, who)
                });
            }
            Grant::Decline(name) => {
                return remedy_writes(rows, name, answer.question, "Declined.", |remedy, version| {
                    decline(now, &incident.value.id, remedy, version, who)
                });
            }
        };
        match answered.map_err(|error| over(&incident.value.status, &error.to_string()))? {
            Answered::Already(sentence) => Ok((Vec::new(), format!("{sentence}."))),
            Answered::Changed(next, entries) => {
                let id = next.id.clone();
                let mut writes = vec![Write::Put(Row::Incident(next), Expect::Version(incident.version))];
                writes.extend(entries.into_iter().map(|entry| Write::Put(Row::Entry(id.clone(), entry), Expect::Anything)));
                Ok((writes, verb))
            }
        }
    }

    /// Has the clock look at once. Should that fail, it looks at its next wake-up.
    async fn nudge(&self, now: Timestamp, policy: &Policy, rows: &IncidentRows) {
        let incident = &rows.incident.value;
        let start = Start::at(&incident.id, now, incident.has_remedies);
        if let Err(error) = self.aws.start_clock(&policy.deployment.state_machine, &start).await {
            warn!(incident_id = %incident.id, "the clock looks only at its next wake-up: {error}");
        }
    }
}

fn remedy_writes(
    rows: &IncidentRows,
    name: &str,
    question: Option<Timestamp>,
    verb: &str,
    answer: impl FnOnce(&Remedy, u64) -> Result<(Remedy, Vec<Entry>), String>,
) -> Result<(Vec<Write>, String), String> {
    let Some(remedy) = rows.remedies.iter().find(|remedy| remedy.value.name == name) else {
        return Err(format!("The incident has no remediation {name}."));
    };
    if let (Some(question), Stage::Asked { expires_at, .. }) = (question, &remedy.value.stage)
        && question.as_second() != expires_at.as_second()
    {
        return Err(format!("This question about {name} is over; another one has been asked since."));
    }
    let (next, entries) = answer(&remedy.value, remedy.version).map_err(|sentence| format!("{sentence}."))?;
    let id = rows.incident.value.id.clone();
    let mut writes = vec![Write::Put(Row::Remedy(id.clone(), Box::new(next)), Expect::Version(remedy.version))];
    writes.extend(entries.into_iter().map(|entry| Write::Put(Row::Entry(id.clone(), entry), Expect::Anything)));
    Ok((writes, verb.to_owned()))
}

/// What whoever acknowledges is told, so that no two people work on one thing
/// without knowing of each other.
fn taken(status: &Status) -> String {
    match status {
        Status::Acknowledged { by, at, .. } => format!("You have it now. {by} has had it since {}: speak to them.", moment(*at)),
        Status::Triggered | Status::Resolved { .. } | Status::Closed { .. } => "You have it. Nobody else is woken.".to_owned(),
    }
}

fn over(status: &Status, sentence: &str) -> String {
    match status {
        Status::Resolved { how: Resolution::By(who), .. } => format!("{who} has resolved it already."),
        Status::Resolved { .. } | Status::Closed { .. } | Status::Triggered | Status::Acknowledged { .. } => {
            format!("{sentence}.")
        }
    }
}

fn grant_of(what: &str, remediation: Option<&str>) -> Option<Grant> {
    match (what, remediation) {
        ("acknowledge", _) => Some(Grant::Acknowledge),
        ("resolve", _) => Some(Grant::Resolve),
        ("approve", Some(name)) => Some(Grant::Approve(name.to_owned())),
        ("decline", Some(name)) => Some(Grant::Decline(name.to_owned())),
        _ => None,
    }
}

fn refusal(error: &LinkError) -> Response {
    Response::page(403, page::sorry("This link cannot be used.", &format!("{error}.")))
}
