//! Messages of a dead-letter queue, back to where they came from.
//!
//! What could not be processed is processed again. That helps once what was wrong is
//! mended; before that, or with messages that nobody can process, it only makes the
//! same trouble anew. So it is not done again soon after the last time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::sqs::{MoveProgress, PER_SECOND_MAX, SqsFacts, is_fifo, of_labels, of_service};
use super::{Attempt, Lacking, Planned, Recipe, Seen, Tags};
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::{Refusal, Target};
use crate::span::Span;
use crate::text::instant;

/// Messages a second unless the policy says otherwise.
const PER_SECOND: u32 = 10;
/// Most messages unless the policy says otherwise.
const AT_MOST: u32 = 1_000;
/// How long after a move ended there is no other, unless the policy says otherwise.
const AGAIN_AFTER: Span = Span::hours(1);
/// By how much the clocks of a function and of SQS may differ.
const SKEW: Span = Span::seconds(30);
/// How many of the queues that messages go back to are named.
const SOURCES_NAMED: usize = 3;

/// Messages back to where they came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SqsRedrive {
    /// Most messages a second; 1 to 500, 10 unless said otherwise.
    pub max_per_second: Option<u32>,
    /// Not if more messages wait than this; at least 1, and 1,000 unless said
    /// otherwise.
    pub at_most: Option<u32>,
    /// Not if a move of the queue's messages ended less than this ago: what waits may
    /// have come back. 1h unless said otherwise, and never shortened by a drill: it is
    /// about the world outside. `0` moves them however often they come back.
    pub again_after: Option<Span>,
}

/// Messages back to where they came from, decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqsRedrivePlan {
    /// The dead-letter queue's name.
    pub queue: String,
    /// Its ARN.
    pub arn: String,
    /// Names of the queues that they go back to.
    pub sources: Vec<String>,
    /// About how many wait.
    pub waiting: u64,
    /// Not if more wait than this.
    pub at_most: u32,
    /// Most messages a second.
    pub max_per_second: u32,
    /// When this was decided.
    pub at: Timestamp,
}

impl SqsRedrive {
    /// Refuses when messages were moved a short while ago.
    fn must_not_be_again(&self, now: Timestamp, facts: &SqsFacts) -> Result<(), Refusal> {
        let again_after = self.again_after.unwrap_or(AGAIN_AFTER);
        let Some(last) = facts.newest_move(Timestamp::MIN) else { return Ok(()) };
        let began = instant(last.started_at);
        let is_recent = Span::between(last.ended_after(), now) < again_after;
        match &last.progress {
            MoveProgress::Running => Err(Refusal::unfit("move-task", format!("a move of its messages goes on since {began}"))),
            MoveProgress::Failed(why) if is_recent => {
                Err(Refusal::unfit("last-move", format!("the move of its messages of {began} failed: {why}")))
            }
            MoveProgress::Cancelled if is_recent => {
                Err(Refusal::unfit("last-move", format!("somebody has cancelled the move of its messages of {began}")))
            }
            MoveProgress::Completed if is_recent => {
                let why = format!(
                    "{} again, less than {} after the move of {began}: they may be such that nobody can process",
                    messages(facts.waiting, "waits", "wait"),
                    again_after.spoken()
                );
                Err(Refusal::unfit("came-back", why))
            }
            MoveProgress::Failed(_) | MoveProgress::Cancelled | MoveProgress::Completed => Ok(()),
        }
    }
}

impl Recipe for SqsRedrive {
    type Facts = SqsFacts;
    type Plan = SqsRedrivePlan;

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if let Some(rate) = self.max_per_second.filter(|rate| !(1..=PER_SECOND_MAX).contains(rate)) {
            problems.push(("max_per_second", format!("`{rate}` is not from 1 to {PER_SECOND_MAX}")));
        }
        if self.at_most == Some(0) {
            problems.push(("at_most", "0 would never allow a message; write 1 or more".to_owned()));
        }
        problems
    }

    fn is_disruptive(&self, _: usize) -> bool {
        true
    }

    fn target_of_labels(&self, labels: &Labels) -> Option<Target> {
        of_labels(labels)
    }

    fn target_of_service(&self, service: &Service) -> Option<Target> {
        of_service(service)
    }

    fn tags(facts: &SqsFacts) -> &Tags {
        &facts.tags
    }

    /// What is touched is the share of `at_most` that waits: nothing is known of what
    /// the queues' consumers can bear but what the policy says.
    fn plan(&self, attempt: Attempt<'_>, facts: &SqsFacts) -> Result<Planned<SqsRedrivePlan>, Refusal> {
        if facts.sources.is_empty() {
            let why = "no queue has it as its dead-letter queue, so there is nowhere to move messages back to";
            return Err(Refusal::unfit("dead-letter", why));
        }
        if facts.waiting == 0 {
            return Err(Refusal::unfit("messages", "no messages wait in it"));
        }
        self.must_not_be_again(attempt.now, facts)?;
        let at_most = self.at_most.unwrap_or(AT_MOST);
        if facts.waiting > u64::from(at_most) {
            let why = format!("{}, and at most {at_most} are moved", messages(facts.waiting, "waits", "wait"));
            return Err(Refusal::unfit("at-most", why));
        }
        let queue = attempt.target.name.clone();
        let mut caveats = vec!["its messages are processed again".to_owned()];
        if is_fifo(&queue) {
            caveats.push("it is a FIFO queue: they are processed after what came later in their groups".to_owned());
        }
        let touched = (facts.waiting * 100).div_ceil(u64::from(at_most.max(1)));
        let plan = SqsRedrivePlan {
            queue,
            arn: facts.arn.clone(),
            sources: facts.sources.clone(),
            waiting: facts.waiting,
            at_most,
            max_per_second: self.max_per_second.unwrap_or(PER_SECOND),
            at: attempt.now,
        };
        Ok(Planned { plan, touched_percent: u32::try_from(touched).unwrap_or(u32::MAX), caveats })
    }

    fn sentence(plan: &SqsRedrivePlan) -> String {
        let SqsRedrivePlan { queue, sources, waiting, at_most, max_per_second, .. } = plan;
        let named = sources.iter().take(SOURCES_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let to = match sources.len().saturating_sub(SOURCES_NAMED) {
            0 => named,
            n => format!("{named} and {n} more"),
        };
        format!("move the messages of {queue} ({waiting} now, at most {at_most}) back to {to}, {max_per_second} a second")
    }

    /// How many wait at the moment is no part of what was agreed to; how many may is.
    fn is_covered(asked: &SqsRedrivePlan, plan: &SqsRedrivePlan) -> bool {
        asked.arn == plan.arn
            && plan.sources.iter().all(|source| asked.sources.contains(source))
            && plan.at_most <= asked.at_most
            && plan.max_per_second <= asked.max_per_second
    }

    /// SQS knows no name for a move. It was ours if it was started since then: when
    /// it was decided none was going on, and none had ended for a while.
    fn seen(_: &SqsRedrivePlan, facts: &SqsFacts, since: Timestamp) -> Seen {
        if facts.newest_move(SKEW.before(since)).is_some() { Seen::Done } else { Seen::Unclear }
    }

    fn in_place(plan: &SqsRedrivePlan, facts: &SqsFacts) -> Result<(), Lacking> {
        let Some(found) = facts.newest_move(SKEW.before(plan.at)) else {
            return Err(Lacking::Yet("no move of its messages is to be seen".to_owned()));
        };
        match &found.progress {
            MoveProgress::Completed => Ok(()),
            MoveProgress::Running => {
                let of = found.to_move.map(|n| format!(" of {n}")).unwrap_or_default();
                Err(Lacking::Yet(format!("{}{of} messages are moved", found.moved)))
            }
            MoveProgress::Cancelled => {
                Err(Lacking::Failed(format!("somebody has cancelled the move, after {} messages", found.moved)))
            }
            MoveProgress::Failed(why) => Err(Lacking::Failed(format!("the move of messages failed: {why}"))),
        }
    }

    fn differences(plan: &SqsRedrivePlan, facts: &SqsFacts) -> Vec<String> {
        let mut differences = Vec::new();
        if let Some(found) = facts.newest_move(plan.at) {
            differences.push(format!("its messages were moved at {}", instant(found.started_at)));
        }
        if facts.waiting != plan.waiting {
            differences.push(format!("{} in it, not {}", messages(facts.waiting, "waits", "wait"), plan.waiting));
        }
        differences
    }
}

/// So many messages, with the verb for one or more of them.
fn messages(n: u64, one: &str, more: &str) -> String {
    if n == 1 { format!("1 message {one}") } else { format!("{n} messages {more}") }
}
