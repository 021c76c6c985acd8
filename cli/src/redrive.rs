//! Bring in again the events that could not be processed.

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
    let of = |error: aws::AwsError| Fault::of(&error, context.table());
    let (mut n_taken, mut n_failed) = (0, 0);
    loop {
        let waiting = context.aws.receive(&deployment.dead_letter_queue, HIDDEN_SECONDS).await.map_err(of)?;
        if waiting.is_empty() {
            break;
        }
        let records: Vec<Value> = waiting
            .iter()
            .map(|message| json!({"eventSource": "aws:sqs", "messageId": message.id, "body": message.body}))
            .collect();
        let answer = match context.aws.invoke(&deployment.classifier, &json!({"Records": records})).await.map_err(of)? {
            Answer::Ok(answer) => answer,
            Answer::Failed(why) => return Err(Fault::No(format!("the classifier still cannot take them: {why}"))),
        };
        let failed = aws::queue::failed_ids(&answer);
        for message in waiting {
            if failed.contains(&message.id) {
                n_failed += 1;
            } else {
                context.aws.delete(&deployment.dead_letter_queue, &message.receipt).await.map_err(of)?;
                n_taken += 1;
            }
        }
    }
    if n_failed > 0 {
        return Err(Fault::No(format!("{n_taken} events taken, {n_failed} still fail; the classifier's log says why")));
    }
    let sentence = match n_taken {
        0 => "nothing was waiting".to_owned(),
        1 => "1 event taken".to_owned(),
        n => format!("{n} events taken"),
    };
    show::done(context.json, &sentence, &json!({"taken": n_taken}));
    Ok(())
}
