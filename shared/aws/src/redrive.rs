//! Dead-letter queues and moves of their messages, as remediation looks at them.

use aws_sdk_sqs::types::{ListMessageMoveTasksResultEntry, QueueAttributeName};
use domain::remediation::action::{Move, MoveProgress, SqsFacts, SqsRedrivePlan, Tags};
use domain::text::clean;
use futures_util::FutureExt as _;
use jiff::Timestamp;

use crate::{Aws, AwsError};

/// How many moves SQS tells of, at most.
const MOVES_READ: i32 = 10;
/// Longest reason for a failure that is kept, in characters.
const REASON_MAX: usize = 300;

impl Aws {
    /// A queue with the moves of its messages; none if there is no such queue.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn sqs_queue(&self, queue: &str) -> Result<Option<SqsFacts>, AwsError> {
        let url = match self.sqs().get_queue_url().queue_name(queue).send().boxed().await {
            Ok(answer) => answer.queue_url.unwrap_or_default(),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError::is_queue_does_not_exist) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(AwsError::of("sqs:GetQueueUrl", &error)),
        };
        let (attributes, tags, sources) =
            tokio::join!(self.waiting_messages(&url), self.queue_tags(&url), self.source_queues(&url));
        let ((arn, waiting), tags, sources) = (attributes?, tags?, sources?);
        // A queue that is nobody's dead-letter queue has no moves, and may not be asked.
        let moves = if sources.is_empty() { Vec::new() } else { self.moves(&arn).await? };
        Ok(Some(SqsFacts { arn, waiting, sources, moves, tags }))
    }

    /// A queue's tags.
    async fn queue_tags(&self, url: &str) -> Result<Tags, AwsError> {
        let answer = self.sqs().list_queue_tags().queue_url(url).send().boxed().await;
        let answer = answer.map_err(|error| AwsError::of("sqs:ListQueueTags", &error))?;
        Ok(answer.tags.unwrap_or_default().into_iter().collect())
    }

    /// A queue's ARN, and about how many messages wait in it.
    async fn waiting_messages(&self, url: &str) -> Result<(String, u64), AwsError> {
        let answer = self
            .sqs()
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::QueueArn)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("sqs:GetQueueAttributes", &error))?;
        let mut attributes = answer.attributes.unwrap_or_default();
        let waiting = attributes.get(&QueueAttributeName::ApproximateNumberOfMessages).and_then(|n| n.parse().ok());
        Ok((attributes.remove(&QueueAttributeName::QueueArn).unwrap_or_default(), waiting.unwrap_or(0)))
    }

    /// Names of the queues whose undeliverable messages it takes.
    async fn source_queues(&self, url: &str) -> Result<Vec<String>, AwsError> {
        let answer = self.sqs().list_dead_letter_source_queues().queue_url(url).send().boxed().await;
        let answer = answer.map_err(|error| AwsError::of("sqs:ListDeadLetterSourceQueues", &error))?;
        let mut names: Vec<String> =
            answer.queue_urls.iter().filter_map(|url| url.rsplit('/').next()).map(str::to_owned).collect();
        names.sort_unstable();
        Ok(names)
    }

    async fn moves(&self, arn: &str) -> Result<Vec<Move>, AwsError> {
        let answer = self.sqs().list_message_move_tasks().source_arn(arn).max_results(MOVES_READ).send().boxed().await;
        let answer = answer.map_err(|error| AwsError::of("sqs:ListMessageMoveTasks", &error))?;
        Ok(answer.results.unwrap_or_default().into_iter().filter_map(found).collect())
    }

    /// Starts to move all messages of a dead-letter queue back to where they came from.
    /// SQS takes no name for it, but only one move of a queue's messages at a time.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn start_redrive(&self, plan: &SqsRedrivePlan) -> Result<(), AwsError> {
        self.sqs()
            .start_message_move_task()
            .source_arn(&plan.arn)
            .max_number_of_messages_per_second(i32::try_from(plan.max_per_second).unwrap_or(1))
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("sqs:StartMessageMoveTask", &error))?;
        Ok(())
    }
}

/// A move, as it is told; none without its beginning, which is how it is known.
fn found(entry: ListMessageMoveTasksResultEntry) -> Option<Move> {
    let progress = match entry.status.as_deref() {
        Some("COMPLETED") => MoveProgress::Completed,
        Some("CANCELLED") => MoveProgress::Cancelled,
        Some("FAILED") => {
            let reason = entry.failure_reason.unwrap_or_else(|| "SQS does not say why".to_owned());
            MoveProgress::Failed(clean(&reason, REASON_MAX))
        }
        // RUNNING and CANCELLING; whatever else it may say is not known to be over.
        _ => MoveProgress::Running,
    };
    Some(Move {
        started_at: Timestamp::from_millisecond(entry.started_timestamp).ok()?,
        progress,
        moved: u64::try_from(entry.approximate_number_of_messages_moved).unwrap_or(0),
        to_move: entry.approximate_number_of_messages_to_move.and_then(|n| u64::try_from(n).ok()),
        per_second: entry.max_number_of_messages_per_second.and_then(|n| u32::try_from(n).ok()),
    })
}
