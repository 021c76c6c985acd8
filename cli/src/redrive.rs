//! Bring in again the events that could not be processed.

use std::collections::BTreeSet;

use aws::functions::Answer;
use serde_json::{Value, json};

use crate::context::Context;
use crate::fault::Fault;
use crate::show;

/// How long a message is hidden while it is tried.
const HIDDEN_SECONDS: u32 = 60;

pub(crate) async fn run(context: &Context) -> Result<(), Fault> {
    let policy = context.policy().await?;
    let deployment = &policy.deployment;
    if deployment.dead_letter_queue.is_empty() || deployment.classifier.is_empty() {
        return Err(Fault::No("the deployment names no dead-letter queue; run `terraform apply` again".to_owned()));
    }
    let of = |error: aws::AwsError| Fault::of(&error, context.place());
    let mut n_taken = 0;
    let mut still_failing = BTreeSet::new();
    loop {
        let mut waiting = context.aws.receive(&deployment.dead_letter_queue, HIDDEN_SECONDS).await.map_err(of)?;
        // With a long queue, what failed first shows itself again before the end.
        waiting.retain(|message| !still_failing.contains(&message.id));
        if waiting.is_empty() {
            break;
        }
        let records: Vec<Value> = waiting
            .iter()
            .map(|message| json!({"eventSource": "aws:sqs", "messageId": message.id, "body": message.body}))
            .collect();
        let answer = match context.aws.invoke(&deployment.classifier, &json!({"Records": records})).await.map_err(of)? {
            Answer::Ok(answer) => answer,
            Answer::Failed(why) => {
                let taken = if n_taken == 0 { String::new() } else { format!("{} before that; ", taken(n_taken)) };
                return Err(Fault::No(format!(
                    "the classifier fails: {why}\n{taken}what waits stays in the queue; the log of the function says more"
                )));
            }
        };
        let failed = aws::queue::failed_ids(&answer);
        for message in waiting {
            if failed.contains(&message.id) {
                still_failing.insert(message.id);
            } else {
                context.aws.delete(&deployment.dead_letter_queue, &message.receipt).await.map_err(of)?;
                n_taken += 1;
            }
        }
    }
    match (n_taken, still_failing.len()) {
        (0, 0) => {
            let sentence = "Nothing was waiting. (What was tried in the last minute is not shown yet.)";
            show::done(context.json, sentence, &json!({"taken": 0}));
            Ok(())
        }
        (n, 0) => {
            show::done(context.json, &taken(n), &json!({"taken": n}));
            Ok(())
        }
        (n, n_failing) => {
            let s = if n_failing == 1 { "s" } else { "" };
            Err(Fault::No(format!(
                "{}, {n_failing} still fail{s}\nthe log of the function classifier says why; after a minute it can be tried again",
                taken(n)
            )))
        }
    }
}

fn taken(n: usize) -> String {
    match n {
        0 => "no event was taken".to_owned(),
        1 => "1 event was taken".to_owned(),
        n => format!("{n} events were taken"),
    }
}
