//! One message: to its channel, else to its fallback; and how it went.

use std::time::Duration;

use aws::store::{CommitError, Expect, Row, Stored, Write};
use aws::topics::TopicMessage;
use channels::{Destination, Kind, Outgoing, SendError};
use domain::escalation::Tick;
use domain::link::{Grant, LinkKey, MESSAGE_LINK};
use domain::message::{Brief, Buttons, brief, text};
use domain::notice::{Delivery, Notice, NoticeKind};
use domain::policy::Address;
use domain::question::Question;
use domain::span::Span;
use domain::text::instant;
use domain::timeline::{EntryKind, Scribe};
use jiff::Timestamp;
use runtime::seed_of;
use tracing::{error, info, warn};

use crate::{Escalation, Read};

/// How a try to send went.
enum Outcome {
    Sent {
        via: Address,
        receipt: Option<String>,
        /// Why it did not go where it should.
        detour: Option<String>,
    },
    /// Neither the channel nor its fallback took it.
    NotNow { why: String, retry_after: Option<Duration> },
}

impl Escalation {
    /// Sends one message and records how that went; gives when it is tried again.
    pub(crate) async fn send_one(
        &self,
        now: Timestamp,
        read: &Read,
        tick: &Tick,
        notice: Stored<Notice>,
        budget: Duration,
        seed: u64,
    ) -> Result<Option<Timestamp>, CommitError> {
        let link = self.link(now, read, &notice.value).await;
        let mut brief = brief(
            now,
            &read.policy,
            &tick.incident,
            &read.members,
            &read.remedies(),
            &notice.value.kind,
            &notice.value.because,
            link,
        );
        self.add_buttons(read, &notice.value, &mut brief).await;
        let outcome = self.try_to_send(now, read, &notice.value, &brief, budget, seed).await;
        self.record(now, tick, notice, outcome).await
    }

    /// The signed link of a message. A page without a link is better than none.
    async fn link(&self, now: Timestamp, read: &Read, notice: &Notice) -> Option<String> {
        let base = &read.policy.deployment.console_url;
        let id = &read.rows.incident.value.id;
        let token = self.key().await?.sign(id, &Grant::Show, &notice.to, MESSAGE_LINK.after(now));
        Some(format!("{base}i/{}?k={token}", id.compact()))
    }

    async fn key(&self) -> Option<&LinkKey> {
        self.key
            .get_or_try_init(|| async {
                let text = self.aws.secret(&self.key_secret).await.map_err(|error| error.to_string())?;
                LinkKey::new(text.trim().as_bytes()).map_err(|error| error.to_string())
            })
            .await
            .inspect_err(|why: &String| error!("messages go out without a link: {why}"))
            .ok()
    }

    /// What the buttons under the questions of a message carry, where somebody takes
    /// the clicks. Each is good until its question runs out.
    async fn add_buttons(&self, read: &Read, notice: &Notice, brief: &mut Brief) {
        let is_in_slack = matches!(notice.address, Address::Slack(_));
        if !is_in_slack || !read.policy.deployment.slack_interactivity || brief.asks.is_empty() {
            return;
        }
        let Some(key) = self.key().await else { return };
        let id = &read.rows.incident.value.id;
        for ask in &mut brief.asks {
            let Question { remediation, expires_at, .. } = &ask.question;
            let carries = |grant: Grant| key.button(id, &grant, &notice.to, *expires_at);
            ask.buttons = Some(Buttons {
                approve: carries(Grant::Approve(remediation.clone())),
                decline: carries(Grant::Decline(remediation.clone())),
            });
        }
    }

    async fn try_to_send(
        &self,
        now: Timestamp,
        read: &Read,
        notice: &Notice,
        brief: &Brief,
        budget: Duration,
        seed: u64,
    ) -> Outcome {
        let failed = match self.send_to(&notice.address, now, read, notice, brief, budget, seed).await {
            Ok(receipt) => return Outcome::Sent { via: notice.address.clone(), receipt, detour: None },
            Err(failed) => failed,
        };
        // What closes an incident elsewhere must get there, not somewhere else.
        if !notice.kind.opens() || notice.fallback == notice.address {
            return Outcome::NotNow { why: failed.why, retry_after: failed.retry_after };
        }
        warn!(incident_id = %read.rows.incident.value.id, "{} is down, so {} is told: {}", notice.address, notice.fallback, failed.why);
        let mut told = brief.clone();
        told.facts.insert(0, ("Sent here because".to_owned(), format!("{} is down: {}", notice.address, failed.why)));
        match self.send_to(&notice.fallback, now, read, notice, &told, budget, seed).await {
            Ok(receipt) => Outcome::Sent { via: notice.fallback.clone(), receipt, detour: Some(failed.why) },
            Err(second) => {
                let why = format!("{}; and {}: {}", failed.why, notice.fallback, second.why);
                Outcome::NotNow { why, retry_after: failed.retry_after }
            }
        }
    }

    async fn send_to(
        &self,
        address: &Address,
        now: Timestamp,
        read: &Read,
        notice: &Notice,
        brief: &Brief,
        budget: Duration,
        seed: u64,
    ) -> Result<Option<String>, Failed> {
        let kind = match address {
            Address::Topic(name) => {
                let arn =
                    read.policy.deployment.topics.get(name).ok_or_else(|| Failed::new(format!("there is no topic {name}")))?;
                return self.publish(arn, notice, brief).await;
            }
            Address::Failsafe => return self.publish(&read.policy.deployment.failsafe_topic, notice, brief).await,
            Address::Slack(_) => Kind::Slack,
            Address::Pagerduty(_) => Kind::Pagerduty,
            Address::Webhook(_) => Kind::Webhook,
            Address::Checker(_) => Kind::Checker,
        };
        let destination = self.destination(address, kind).await?;
        let thread = first_receipt(read, address);
        let seed = seed ^ seed_of(&notice.id);
        let outgoing = Outgoing { brief, key: &notice.id, thread: thread.as_deref(), now, seed };
        match self.http.send(&destination, &outgoing, budget).await {
            Ok(receipt) => Ok(receipt.0),
            Err(SendError::Refused { why }) => {
                // Whatever the secret holds now may be right.
                self.destinations.lock().await.remove(address);
                Err(Failed::new(why))
            }
            Err(SendError::Unavailable { why, retry_after, .. }) => Err(Failed { why, retry_after }),
        }
    }

    async fn publish(&self, topic_arn: &str, notice: &Notice, brief: &Brief) -> Result<Option<String>, Failed> {
        let text = text(brief);
        let message = TopicMessage {
            subject: text.subject,
            short: text.short,
            long: text.long,
            attributes: vec![("priority", brief.priority.to_string()), ("kind", notice.kind.word().to_owned())],
        };
        self.aws.publish(topic_arn, &message).await.map_err(|error| Failed::new(error.to_string()))
    }

    /// The destination that a secret describes, read when it is first needed.
    async fn destination(&self, address: &Address, kind: Kind) -> Result<Destination, Failed> {
        let (Address::Slack(secret) | Address::Pagerduty(secret) | Address::Webhook(secret) | Address::Checker(secret)) = address
        else {
            return Err(Failed::new(format!("{address} has no secret")));
        };
        let mut known = self.destinations.lock().await;
        if let Some(destination) = known.get(address) {
            return Ok(destination.clone());
        }
        let text = self.aws.secret(secret).await.map_err(|error| Failed::new(error.to_string()))?;
        let destination = Destination::parse(kind, &text).map_err(|error| Failed::new(format!("secret {secret}: {error}")))?;
        known.insert(address.clone(), destination.clone());
        Ok(destination)
    }

    /// Records how a message went, on its row and in the incident's record.
    async fn record(
        &self,
        now: Timestamp,
        tick: &Tick,
        notice: Stored<Notice>,
        outcome: Outcome,
    ) -> Result<Option<Timestamp>, CommitError> {
        let Stored { value: mut notice, version } = notice;
        // Sorts after the decision to send it, which a tick notes under `t`.
        let mut scribe = Scribe::new(now, format!("u{}-{version}", notice.id));
        let what = format!("{} to {} by {}", notice.kind.word(), notice.to, notice.address);
        let mut retry_at = None;
        match outcome {
            Outcome::Sent { via, receipt, detour } => {
                match detour {
                    None => scribe.note(EntryKind::Sent, format!("sent: {what}"), Vec::new()),
                    Some(why) => scribe.note(EntryKind::Sent, format!("sent: {what}, by way of {via}"), vec![why]),
                }
                notice.delivery = Delivery::Sent { at: now, via, receipt };
            }
            Outcome::NotNow { why, retry_after } => retry_at = not_sent(now, &mut notice, &mut scribe, &what, why, retry_after),
        }
        for entry in scribe.clone().finish() {
            info!(incident_id = %tick.incident.id, because = entry.because.join("; "), "{}", entry.text);
        }
        let id = &tick.incident.id;
        // Nobody reads the record of the watchdog.
        let entries = if notice.is_watchdog() { Vec::new() } else { scribe.finish() };
        let mut writes = vec![Write::Put(Row::Notice(id.clone(), Box::new(notice)), Expect::Version(version))];
        writes.extend(entries.into_iter().map(|entry| Write::Put(Row::Entry(id.clone(), entry), Expect::Anything)));
        match self.store.commit(writes).await {
            // Another tick has taken it over meanwhile and records it itself.
            Ok(()) | Err(CommitError::Conflict { .. }) => Ok(retry_at),
            Err(error @ CommitError::Store(_)) => Err(error),
        }
    }
}

/// A message stays pending, or is given up.
fn not_sent(
    now: Timestamp,
    notice: &mut Notice,
    scribe: &mut Scribe,
    what: &str,
    why: String,
    retry_after: Option<Duration>,
) -> Option<Timestamp> {
    let Delivery::Pending { n_attempts, not_before, claimed_until, .. } = &mut notice.delivery else { return None };
    *n_attempts += 1;
    if *n_attempts >= notice.kind.attempts_max() {
        scribe.note(EntryKind::Failed, format!("given up: {what}"), vec![why.clone()]);
        notice.delivery = Delivery::Failed { at: now, why };
        return None;
    }
    let asked = Span::millis(retry_after.map_or(0, |wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)));
    let pause = Span::seconds(15u64 << (*n_attempts).min(6)).max(asked);
    let retry_at = pause.after(now);
    scribe.note(
        EntryKind::Failed,
        format!("not sent yet: {what}"),
        vec![why, format!("it is tried again at {}", instant(retry_at))],
    );
    *not_before = retry_at;
    // This tick is done with it.
    *claimed_until = now;
    Some(retry_at)
}

/// Why a channel did not take a message.
struct Failed {
    why: String,
    retry_after: Option<Duration>,
}

impl Failed {
    fn new(why: String) -> Failed {
        Failed { why, retry_after: None }
    }
}

/// What the channel called the first message about the incident there.
fn first_receipt(read: &Read, address: &Address) -> Option<String> {
    read.rows.notices.iter().find_map(|stored| match &stored.value.delivery {
        Delivery::Sent { via, receipt, .. } if via == address && stored.value.kind != NoticeKind::Resolved => receipt.clone(),
        Delivery::Sent { .. } | Delivery::Pending { .. } | Delivery::Failed { .. } | Delivery::Cancelled { .. } => None,
    })
}
