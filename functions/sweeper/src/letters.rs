//! Events that could not be processed.

use aws::functions::Answer;
use aws::queue::failed_ids;
use domain::policy::Policy;
use runtime::Failure;
use serde_json::{Value, json};
use tracing::{info, warn};

use crate::Sweeper;

/// How long a message is hidden while it is tried.
const HIDDEN_SECONDS: u32 = 60;
/// Most batches of ten in one run.
const BATCHES_MAX: usize = 20;

impl Sweeper {
    /// Brings waiting events in again, as a batch of the kind that reports
    /// partial failures; deletes what was taken.
    pub(crate) async fn redrive(&self, policy: &Policy) -> Result<usize, Failure> {
        let deployment = &policy.deployment;
        if deployment.dead_letter_queue.is_empty() || deployment.classifier.is_empty() {
            return Ok(0);
        }
        let mut n_redriven = 0;
        for _ in 0..BATCHES_MAX {
            let waiting = self.aws.receive(&deployment.dead_letter_queue, HIDDEN_SECONDS).await?;
            if waiting.is_empty() {
                break;
            }
            let records: Vec<Value> = waiting
                .iter()
                .map(|message| json!({"eventSource": "aws:sqs", "messageId": message.id, "body": message.body}))
                .collect();
            let failed = match self.aws.invoke(&deployment.classifier, &json!({"Records": records})).await? {
                Answer::Ok(answer) => failed_ids(&answer),
                Answer::Failed(why) => {
                    warn!("the classifier still cannot take undeliverable events: {why}");
                    break;
                }
            };
            let taken = waiting.iter().filter(|message| !failed.contains(&message.id));
            let mut n_taken = 0;
            for message in taken {
                self.aws.delete(&deployment.dead_letter_queue, &message.receipt).await?;
                n_taken += 1;
            }
            n_redriven += n_taken;
            if n_taken == 0 {
                break;
            }
        }
        if n_redriven > 0 {
            info!(n_redriven, "undeliverable events were brought in again");
        }
        Ok(n_redriven)
    }
}
